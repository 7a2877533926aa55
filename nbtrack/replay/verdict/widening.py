"""Finding the executions that a slice lacks, by replaying it with parts of all that ran.

Delta debugging: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nbtrack.replay.recipe import Recipe

MOST_REPLAYS = 12


def widened(narrow: Recipe, whole: Recipe, gives: Callable[[Recipe], bool]) -> Recipe:
    """Return a recipe between two that still gives the metrics, with few steps that the narrow one lacks.

    Parameters
    ----------
    narrow : Recipe
        Does not give them.
    whole : Recipe
        Gives them; its steps include those of ``narrow``.
    gives : callable
        Tells whether a recipe gives them; it is asked at most :data:`MOST_REPLAYS` times.

    Returns
    -------
    Recipe
        ``whole`` where it was not asked often enough to leave anything out.
    """
    inside = {step.sequence for step in narrow.steps}
    added = [step.sequence for step in whole.steps if step.sequence not in inside]
    asked, pieces = 0, 2
    while len(added) > 1 and asked < MOST_REPLAYS:
        size = -(-len(added) // pieces)
        for start in range(0, len(added), size):
            if asked == MOST_REPLAYS:
                break
            rest = added[:start] + added[start + size :]
            asked += 1
            if gives(_with(whole, inside, rest)):
                added, pieces = rest, max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(pieces * 2, len(added))
    return _with(whole, inside, added)


def _with(whole: Recipe, inside: set[int], added: list[int]) -> Recipe:
    kept = inside.union(added)
    return replace(whole, steps=tuple(step for step in whole.steps if step.sequence in kept))

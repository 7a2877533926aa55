"""The same slice under another seed."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from nbtrack.errors import InputError
from nbtrack.replay.params.sites import edit_steps
from nbtrack.replay.recipe import Recipe, Step
from nbtrack.replay.seeds.seeding import seeding_of
from nbtrack.replay.seeds.seedpoints import SeedPoint

_MAX_SEED = 2**32 - 1
_MOST_TOLD = 6
# It has to come first in its cell.
_FIRST = re.compile(r"^\s*from\s+__future__\s", re.MULTILINE)


def seed_points(recipe: Recipe) -> tuple[SeedPoint, ...]:
    """Return the places in a slice where a seed is a whole number.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    tuple of SeedPoint
        Options of ``%%track`` first.
    """
    return seeding_of(recipe).points


def with_seed(recipe: Recipe, number: int) -> Recipe:
    """Return a recipe that replays the same code under another seed.

    Every seed in the code becomes another one: a single one the number given, several different ones each its own,
    equal ones the same. Generators that nobody seeds are seeded, too, at the start and where nothing in the code seeds
    them, before the run. The recorded states of generators are not put back.

    Parameters
    ----------
    recipe : Recipe
    number : int
        0 to 4294967295.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        The number is none that all generators take, or the code cannot be changed.
    """
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MAX_SEED:
        raise InputError(f"seed is {number!r}; accepted: a whole number from 0 to {_MAX_SEED}.")
    seeding = seeding_of(recipe)
    seeds = _new_seeds([point.seed for point in seeding.points if point.seed is not None], number)
    edits = []
    for point in seeding.points:
        if point.where is not None:
            seed = _derived(number, "shift") % 2**30 + 1 if point.seed is None else seeds[point.seed]
            edits.append((point.where, point.edit(seed)))
    found = edit_steps(recipe, seeding.assignments.typed, edits)
    steps = []
    for step in found.steps:
        if step.tracked is not None:
            seed_of_step = None if step.tracked.seed is None else seeds[step.tracked.seed]
            step = replace(step, tracked=replace(step.tracked, seed=seed_of_step, states={}))  # noqa: PLW2901
        steps.append(step)
    if len(steps) > 1:
        _seed_before(steps[:-1], steps, _derived(number, "before"))
    if not seeding.seeds_globals:
        if steps[-1].tracked is not None:
            steps[-1] = replace(steps[-1], tracked=replace(steps[-1].tracked, seed=number))
        else:
            _seed_before(steps[-1:], steps, number)
    return replace(found, steps=tuple(steps))


def with_same_seeds(recipe: Recipe) -> Recipe:
    """Return a recipe whose code sets every seed to the same number: what is left does not tell seeds apart."""
    seeding = seeding_of(recipe)
    edits = [
        (point.where, point.edit(0)) for point in seeding.points if point.where is not None and point.seed is not None
    ]
    return edit_steps(recipe, seeding.assignments.typed, edits)


def _seed_before(candidates: list[Step], steps: list[Step], seed: int) -> None:
    """Have generators seeded that code draws from before anything seeds them: at the first step that can take it."""
    for step in candidates:
        if step.tracked is not None and step.tracked.seed is not None:
            return
        if not step.source.lstrip().startswith("%%") and not _FIRST.search(step.source):
            source = textwrap.dedent(step.source) if step.source[:1] in (" ", "\t") else step.source
            steps[steps.index(step)] = replace(step, source=f"%nbtrack seed {seed}\n{source}")
            return


def _new_seeds(old: list[int], number: int) -> Mapping[int, int]:
    distinct = list(dict.fromkeys(old))
    if len(distinct) <= 1:
        return dict.fromkeys(distinct, number)
    found: dict[int, int] = {}
    for seed in distinct:
        attempt = 0
        while (new := _derived(number, f"{seed}/{attempt}")) in found.values():
            attempt += 1
        found[seed] = new
    return found


def _derived(number: int, what: str) -> int:
    """Return a seed that follows from another one, the same on every machine; small enough for every library."""
    return int.from_bytes(hashlib.sha256(f"{number}:{what}".encode()).digest()[:4], "big") >> 1


def seeds_in_words(recipe: Recipe) -> tuple[str, ...]:
    """Return which seeds another seed replaces, and which ones it cannot, in sentences.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    tuple of str
    """
    seeding = seeding_of(recipe)
    sentences = []
    if seeding.points:
        sentences.append(f"Varied: {_listed([point.words for point in seeding.points])}.")
    else:
        sentences.append("The code sets no seed: the generators were seeded before the first cell and before the run.")
    if seeding.unvaried:
        sentences.append(f"Not varied, since it is computed: {_listed(list(seeding.unvaried))}.")
    return tuple(sentences)


def _listed(words: list[str]) -> str:
    counts = Counter(words)
    told = [text if number == 1 else f"{text} ({number} times)" for text, number in counts.items()]
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return ", ".join(told[:_MOST_TOLD]) + more

"""Where the code of a replay sets seeds."""

from __future__ import annotations

from dataclasses import dataclass

from nbtrack.replay.params.assignments import Assignments
from nbtrack.replay.recipe import Recipe
from nbtrack.replay.seeds.seedpoints import SeedPoint
from nbtrack.replay.seeds.seedsearch import SeedFinder


@dataclass(frozen=True, slots=True)
class Seeding:
    """What seeds a replay's code sets.

    Attributes
    ----------
    assignments : Assignments
    points : tuple of SeedPoint
    unvaried : tuple of str
        Seeds that are computed, and cannot be replaced: as ``random_state=pick() in In[3]``.
    seeds_globals : bool
        The generators that everybody shares are seeded.
    """

    assignments: Assignments
    points: tuple[SeedPoint, ...]
    unvaried: tuple[str, ...] = ()
    seeds_globals: bool = False


def seeding_of(recipe: Recipe) -> Seeding:
    """Find the seeds that a replay's code sets.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    Seeding
    """
    finder = SeedFinder(Assignments(recipe))
    finder.run()
    points = list(finder.points.values())
    tracked = []
    for step in recipe.steps:
        if step.tracked is not None and step.tracked.seed is not None:
            label = step.label
            tracked.append(SeedPoint(f"--seed {step.tracked.seed} of {label}", step.tracked.seed))
    return Seeding(finder.all, (*tracked, *points), tuple(finder.unvaried), bool(tracked) or finder.seeds_globals)

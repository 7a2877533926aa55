"""A seed in the code, and what is called like one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbtrack.replay.params.places import Where
from nbtrack.replay.params.typed import Edit

_SEED_NAME = re.compile(r"(?!n_|num_|no_)(?:.*_)?(?:seed|random_?state)(?:_?(?:value|val|num|number))?_?\d*", re.I)
_SEEDS_NAME = re.compile(r"(?!n_|num_|no_)(?:.*_)?(?:seeds|random_?states)", re.I)


@dataclass(frozen=True, slots=True)
class SeedPoint:
    """A place in the code where a seed is a whole number.

    Attributes
    ----------
    words : str
        As ``random_state=0 in In[3]``.
    seed : int or None
        None where the seeds are those of a loop that counts: it is shifted.
    where : Where or None
        None for a seed that is an option of ``%%track``.
    span : (int, int)
        Where it stands in the piece of code.
    """

    words: str
    seed: int | None
    where: Where | None = None
    span: tuple[int, int] = (0, 0)

    def edit(self, seed: int) -> Edit:
        """Return the change that sets another seed; of a loop's, the shift."""
        assert self.where is not None
        first, last = self.span
        if self.seed is None:
            return Edit(first, last, f"({self.where.piece.typed[first:last]} + {seed})")
        return Edit(first, last, str(seed))


def is_seed_name(name: str) -> bool:
    """Tell whether a name says that it holds a seed.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_seed_name(name) for name in ("SEED", "random_state", "data_seed", "n_seeds", "state")]
    [True, True, True, False, False]
    """
    return _SEED_NAME.fullmatch(name) is not None


def is_seeds_name(name: str) -> bool:
    """Tell whether a name says that it holds several seeds."""
    return _SEEDS_NAME.fullmatch(name) is not None

"""``nbtrack.compare``: what differs between recorded runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.difference import compared
from nbtrack.store.references import recorded

if TYPE_CHECKING:
    from nbtrack.records import RunRecord
    from nbtrack.store.handle import Run


def compare(a: str | Run | RunRecord | Any, b: str | Run | RunRecord | Any, *more: Any) -> Comparison:
    """Return what differs between runs, what can explain a difference in their metrics first.

    Compared are params, the code that the runs depend on (cell by cell, as unified diffs), data, seeds and generators,
    imported packages, hazards, Python and platform, git, metrics and tags. What a run does not know is said to be
    unknown, never to be equal.

    Parameters
    ----------
    a : str, Run or ActiveRun
        The baseline; as text its id, the beginning of it, or its name.
    b : str, Run or ActiveRun
        What is compared with it.
    *more
        More runs to compare with the baseline.

    Returns
    -------
    Comparison
        ``print`` it, or take its ``differences``, ``to_frame()`` or ``to_dict()``.

    Raises
    ------
    RunNotFoundError
        There is no such run.
    InputError
        The runs are not different ones.

    Examples
    --------
    >>> print(nbtrack.compare("baseline", "second"))  # doctest: +SKIP
    """
    return compared([recorded(run)[0] for run in (a, b, *more)])

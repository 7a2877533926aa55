"""``nbtrack.compare``: what differs between recorded runs, and whether that is more than other seeds make."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError
from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.difference import compared
from nbtrack.store.references import recorded

if TYPE_CHECKING:
    from nbtrack.records import RunRecord
    from nbtrack.replay.engine.crowd import Executor
    from nbtrack.store.handle import Run


def compare(
    a: str | Run | RunRecord | Any,
    b: str | Run | RunRecord | Any,
    *more: Any,
    replicate: int | Iterable[int] | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    timeout_s: float | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Return what differs between runs, what can explain a difference in their metrics first.

    Compared are params, the code that the runs depend on (cell by cell, as unified diffs), data, seeds and generators,
    imported packages, hazards, Python and platform, git, metrics and tags. What a run does not know is said to be
    unknown, never to be equal.

    With ``replicate``, two runs are replayed under other seeds as well, the same for both, and each metric is said to
    differ by more than the seeds make, or not.

    Parameters
    ----------
    a : str, Run or ActiveRun
        The baseline; as text its id, the beginning of it, or its name.
    b : str, Run or ActiveRun
        What is compared with it.
    *more
        More runs to compare with the baseline.
    replicate : int or iterable of int, optional
        Under how many other seeds to replay both, or under which.
    executor, workers, timeout_s, watch
        For these replays, as for :func:`nbtrack.replicate`.

    Returns
    -------
    Comparison
        ``print`` it, or take its ``differences``, ``replication``, ``to_frame()`` or ``to_dict()``.

    Raises
    ------
    RunNotFoundError
        There is no such run.
    InputError
        The runs are not different ones, or more than two are to be replayed.
    ReplayError
        Fewer than two replays of a run came to their end.

    Examples
    --------
    >>> print(nbtrack.compare("baseline", "second"))  # doctest: +SKIP
    >>> print(nbtrack.compare("baseline", "second", replicate=10).replication)  # doctest: +SKIP
    +0.021 accuracy: likely real (p = 0.002, 10 seeds)
    """
    found = compared([recorded(run)[0] for run in (a, b, *more)])
    if replicate is None:
        return found
    if more:
        raise InputError("more than two runs are given; accepted with replicate: a baseline and one other run.")
    from nbtrack.replay.replicate import compare_seeds

    seeds = compare_seeds(a, b, seeds=replicate, executor=executor, workers=workers, timeout_s=timeout_s, watch=watch)
    return replace(found, replication=seeds)

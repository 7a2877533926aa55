"""``nbtrack.explain``: which change made the difference between two runs, found by replaying with each alone."""

from __future__ import annotations

import math
import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError
from nbtrack.findings.explanation import Explanation
from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.difference import compared
from nbtrack.provenance.differences import Kind
from nbtrack.replay.engine.crowd import Crowd, Executor, default_workers
from nbtrack.replay.hybrids import Hybrids
from nbtrack.replay.ready import Ready, ready, with_metrics
from nbtrack.replay.search import Search

if TYPE_CHECKING:
    from nbtrack.records import RunRecord
    from nbtrack.store.handle import Run

BUDGET = 20
_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)\s*")
# What differs and stays as it is in this process, whatever is replayed.
_BEYOND: tuple[Kind, ...] = ("data", "package", "environment")
_MOST_BEYOND = 5


def explain(
    a: str | Run | RunRecord | Any,
    b: str | Run | RunRecord | Any,
    *,
    budget: int | str = BUDGET,
    executor: Executor | None = None,
    workers: int | None = None,
    timeout_s: float | None = None,
    watch: Callable[[int, int], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Explanation:
    """Say which change made the difference between two runs.

    The baseline is replayed as it was, with each change alone (params, cells that differ, cells added and removed,
    the seed), and with all of them. Where the effects do not add up, pairs of changes are tried, and the changes one
    after the other. Nothing of this is recorded as a run.

    Parameters
    ----------
    a : str, Run or ActiveRun
        The baseline; as text its id, the beginning of it, or its name.
    b : str, Run or ActiveRun
        The other run.
    budget : int or str
        How many replays at most, 20 unless given; or for how long, as ``"60s"`` or ``"5min"``.
    executor, workers, timeout_s, cancelled
        As for :func:`nbtrack.replicate`.
    watch : callable, optional
        Called with how many replays are done, and how many there are as far as is known.

    Returns
    -------
    Explanation
        A table of changes and their effects on the metrics, and what was not tried.

    Raises
    ------
    InputError
        A run cannot be replayed, no metric differs, or the budget is none.
    ReplayError
        The baseline itself does not come back.
    RunNotFoundError
        There is no such run.

    Examples
    --------
    >>> print(nbtrack.explain("baseline", "second", budget="5min"))  # doctest: +SKIP
    """
    most, seconds = _budget(budget)
    first, second = with_metrics(ready(a)), with_metrics(ready(b))
    keys = _differing(first, second)
    comparison = compared([first.record, second.record])
    hybrids = Hybrids(
        first.recipe,
        second.recipe,
        first.record.provenance.slice,
        second.record.provenance.slice,
        states_matter=any(change.state != "cosmetic" for change in comparison.of("seed")),
    )
    search = Search(
        first,
        hybrids,
        keys,
        Crowd(executor, workers, timeout_s, None, cancelled),
        workers or default_workers(),
        most,
        seconds,
        watch,
    )
    search.run()
    infos = first.record.info, second.record.info
    return Explanation(
        a_id=infos[0].run_id,
        a_name=infos[0].run_name,
        b_id=infos[1].run_id,
        b_name=infos[1].run_name,
        a={key: first.metrics[key] for key in keys},
        b={key: second.metrics[key] for key in keys},
        changes=hybrids.changes,
        trials=tuple(search.trials.values()),
        beyond=tuple(_beyond(first, second, comparison, hybrids)),
        untried=tuple(search.untried),
        interrupted=search.crowd.interrupted,
        duration_s=search.elapsed_s,
    )


def _budget(budget: int | str) -> tuple[float, float]:
    """Return how many replays there may be, and for how many seconds new ones may begin."""
    text = str(budget).strip()
    if not isinstance(budget, bool):
        if text.isdecimal() and int(text) >= 2:
            return int(text), math.inf
        found = _TIME.fullmatch(text)
        if isinstance(budget, str) and found and float(found[1]) > 0:
            return math.inf, float(found[1]) * _UNITS[found[2]]
    raise InputError(f"budget is {budget!r}; accepted: a number of replays from 2, as 20, or a time, as 60s or 5min.")


def _differing(first: Ready, second: Ready) -> list[str]:
    keys = [
        key
        for key, value in first.metrics.items()
        if key in second.metrics
        and value != second.metrics[key]
        and not (math.isnan(value) and math.isnan(second.metrics[key]))
    ]
    if not keys:
        common = first.metrics.keys() & second.metrics.keys()
        what = "no metric of theirs differs" if common else "they have no metric in common"
        raise InputError(f"{first.named} and {second.named}: {what}, so there is nothing to explain.")
    return keys


def _beyond(first: Ready, second: Ready, comparison: Comparison, hybrids: Hybrids) -> Iterator[str]:
    """Yield what differs and cannot be replayed."""
    files = {
        item.name for found in (first, second) for item in found.record.inputs if item.source and os.sep in item.source
    }
    found = [
        change.sentence
        for kind in _BEYOND
        for change in comparison.of(kind)
        # Data that the cells compute differ with the code.
        if change.state == "different" and (kind != "data" or change.key in files)
    ]
    if found:
        more = f", and {len(found) - _MOST_BEYOND} more" if len(found) > _MOST_BEYOND else ""
        yield f"Not replayed, since only what is here now can be: {'; '.join(found[:_MOST_BEYOND])}{more}."
    told = {change.key for change in hybrids.changes if change.kind == "param"}
    both = first.recipe.params, second.recipe.params
    fixed = [key for key in both[0] if key in both[1] and both[0][key] != both[1][key] and key not in told]
    if fixed:
        yield f"Params that cannot be set alone, and go with the cells that they come from: {', '.join(fixed)}."

"""``nbtrack.replicate``: the same slice under other seeds, and what that makes of a run's numbers."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtrack.directions import better_direction
from nbtrack.errors import InputError, ReplayError
from nbtrack.findings.replication import MetricSpread, Replicate, Replication
from nbtrack.findings.seedtest import SeedComparison
from nbtrack.records import REPLICATE_TAG
from nbtrack.replay.engine.crowd import Crowd, Executor, Job
from nbtrack.replay.outcome import Into, Outcome
from nbtrack.replay.ready import Ready, ready, recorded_run, with_metrics
from nbtrack.replay.seeds.reseeding import seed_points, seeds_in_words, with_seed
from nbtrack.replay.seeds.seeding import seeding_of
from nbtrack.replay.seeds.seedtests import seed_tests
from nbtrack.replay.statistics import spread, standing
from nbtrack.store.wholerun import WholeRun

if TYPE_CHECKING:
    from nbtrack.records import RunRecord
    from nbtrack.store.handle import Run

SEEDS = 10
REPLICATION_TAG, SEED_TAG = "nbtrack.replication_of", "nbtrack.replicate_seed"
_LEAST = 2
_MOST = 10_000
_MAX_SEED = 2**32 - 1
Watch = Callable[[int, int], None]


def replicate(
    run: str | Run | RunRecord | Any,
    *,
    seeds: int | Iterable[int] = SEEDS,
    executor: Executor | None = None,
    workers: int | None = None,
    timeout_s: float | None = None,
    watch: Watch | None = None,
    cancelled: threading.Event | None = None,
) -> Replication:
    """Replay what a run depends on under other seeds, and say how far its numbers are luck.

    Every seed that the code sets is replaced, whether it is ``--seed``, ``random_state=0`` or ``SEED = 0``; a run whose
    code sets none is seeded before it begins. The replays are runs of their own, children of one parent.

    Parameters
    ----------
    run : str, Run or ActiveRun
        As text its id, the beginning of it, or its name.
    seeds : int or iterable of int
        How many other seeds, 10 unless given, or which.
    executor : object, optional
        Anything with ``submit``, as those of :mod:`concurrent.futures`, loky or Dask; default threads, each of which
        waits for a kernel process of its own.
    workers : int, optional
        How many replays at once, without an executor; default half of the processors.
    timeout_s : float, optional
        For each replay; default ten times what the cells took, and at least a minute.
    watch : callable, optional
        Called with how many replays are done, and how many there are.
    cancelled : threading.Event, optional
        Set it from elsewhere to stop. What is done counts, as after Ctrl-C.

    Returns
    -------
    Replication
        Mean, standard deviation and 95 % interval of each metric, and where the run stands among the replays.

    Raises
    ------
    InputError
        The run cannot be replayed or has no metrics, or the seeds are none.
    ReplayError
        Fewer than two replays came to their end.
    RunNotFoundError
        There is no such run.

    Examples
    --------
    >>> print(nbtrack.replicate("baseline", seeds=10))  # doctest: +SKIP
    """
    found = with_metrics(ready(run))
    numbers = _seeds(seeds, [found])
    crowd = Crowd(executor, workers, timeout_s, watch, cancelled)
    (replication,) = _replicated([found], numbers, crowd)
    return replication


def compare_seeds(
    a: Any,
    b: Any,
    *,
    seeds: int | Iterable[int] = SEEDS,
    executor: Executor | None = None,
    workers: int | None = None,
    timeout_s: float | None = None,
    watch: Watch | None = None,
    cancelled: threading.Event | None = None,
) -> SeedComparison:
    """Replay two runs under the same other seeds, and say whether they differ by more than their seeds make.

    Parameters
    ----------
    a, b : str, Run or ActiveRun
    seeds, executor, workers, timeout_s, watch, cancelled
        As for :func:`replicate`.

    Returns
    -------
    SeedComparison

    Raises
    ------
    InputError, ReplayError, RunNotFoundError
        As for :func:`replicate`.
    """
    both = [with_metrics(ready(run)) for run in (a, b)]
    numbers = _seeds(seeds, both)
    crowd = Crowd(executor, workers, timeout_s, watch, cancelled)
    first, second = _replicated(both, numbers, crowd)
    return SeedComparison(tests=tuple(seed_tests(first, second)), a=first, b=second)


def _seeds(seeds: int | Iterable[int], runs: Sequence[Ready]) -> list[int]:
    """Return the seeds to take; where their number is given, none that one of the runs had."""
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        if not _LEAST <= seeds <= _MOST:
            raise InputError(f"seeds is {seeds}; accepted: {_LEAST} to {_MOST} of them, or the seeds themselves.")
        taken = {point.seed for found in runs for point in seed_points(found.recipe)}
        free = (number for number in range(_MAX_SEED) if number not in taken)
        return [next(free) for _ in range(seeds)]
    try:
        numbers = [seed.__index__() for seed in seeds]  # type: ignore[union-attr]
    except (TypeError, AttributeError) as error:
        raise InputError(f"seeds is {seeds!r}; accepted: how many of them, or whole numbers as [1, 2, 3].") from error
    wrong = [number for number in numbers if not 0 <= number <= _MAX_SEED]
    if wrong:
        raise InputError(f"seed is {wrong[0]}; accepted: a whole number from 0 to {_MAX_SEED}.")
    if len(set(numbers)) < len(numbers) or not _LEAST <= len(numbers) <= _MOST:
        raise InputError(f"seeds is {numbers!r}; accepted: {_LEAST} to {_MOST} different ones.")
    return numbers


@dataclass(slots=True)
class _Trial:
    """The replays of one run under way."""

    found: Ready
    parent: WholeRun
    jobs: list[Job]
    outcomes: list[Outcome | None]


def _replicated(runs: Sequence[Ready], seeds: Sequence[int], crowd: Crowd) -> list[Replication]:
    """Replay runs under the same seeds, all of them at once."""
    begun_s = time.monotonic()
    # Made before anything is recorded: code that cannot be changed leaves no parent behind.
    recipes = [[with_seed(found.recipe, seed) for seed in seeds] for found in runs]
    trials = [_begun(found, changed, seeds) for found, changed in zip(runs, recipes, strict=True)]
    try:
        # One after the other in turn: what is done when it is interrupted can still be compared seed by seed.
        turns = [job for jobs in zip(*(trial.jobs for trial in trials), strict=True) for job in jobs]
        outcomes = crowd.play(turns)
        for place, trial in enumerate(trials):
            trial.outcomes = outcomes[place :: len(trials)]
        made = [_made(trial, seeds, crowd, time.monotonic() - begun_s) for trial in trials]
    except BaseException as error:
        for trial in trials:
            trial.parent.end("failed", error=f"{type(error).__name__}: {error}")
        raise
    few = next((replication for replication in made if len(replication.good) < _LEAST), None)
    for trial, replication in zip(trials, made, strict=True):
        status = "interrupted" if crowd.interrupted else "finished" if few is None else "failed"
        trial.parent.end(
            status,  # type: ignore[arg-type]
            metrics=_figures(replication),
            note="\n".join([metric.sentence for metric in replication.metrics] + list(replication.seeding)),
            error=_too_few(few) if status == "failed" and few is not None else "",
        )
    if few is not None:
        if crowd.interrupted:
            raise KeyboardInterrupt
        raise ReplayError(_too_few(few))
    return made


def _begun(found: Ready, recipes: Sequence[Any], seeds: Sequence[int]) -> _Trial:
    info = found.record.info
    parent = WholeRun(
        found.store,
        experiment=info.experiment_name,
        name=f"{info.run_name}-seeds",
        notebook=info.source.name,
        tags={REPLICATION_TAG: info.run_id},
    )
    jobs = []
    for recipe, seed in zip(recipes, seeds, strict=True):
        into = Into(
            store=str(found.store.root),
            parent_run_id=parent.run_id,
            run_name=f"{info.run_name}-seed-{seed}",
            tags={REPLICATE_TAG: info.run_id, SEED_TAG: str(seed)},
        )
        jobs.append(Job(recipe, into))
    return _Trial(found, parent, jobs, [])


def _made(trial: _Trial, seeds: Sequence[int], crowd: Crowd, duration_s: float) -> Replication:
    found = trial.found
    replicates = []
    for job, seed, outcome in zip(trial.jobs, seeds, trial.outcomes, strict=True):
        if outcome is None:
            continue
        assert job.into is not None
        run_id = recorded_run(found, outcome, job.into, frozenset()) if outcome.run_id is not None else None
        failure = "" if outcome.failure is None else outcome.failure.message
        if not failure and run_id is None:
            failure = "no run was started this time"
        replicates.append(Replicate(seed=seed, run_id=run_id, metrics=dict(outcome.metrics), failure=failure))
    good = [replicate for replicate in replicates if not replicate.failure]
    fixed = seeding_of(found.recipe).unvaried
    return Replication(
        run_id=found.record.info.run_id,
        run_name=found.record.info.run_name,
        parent_run_id=trial.parent.run_id,
        replicates=tuple(replicates),
        metrics=tuple(_metric(key, value, good, fixed=bool(fixed)) for key, value in found.metrics.items()),
        seeding=seeds_in_words(found.recipe),
        varied=bool(seed_points(found.recipe)),
        interrupted=crowd.interrupted,
        duration_s=duration_s,
    )


def _metric(key: str, original: float, good: Sequence[Replicate], *, fixed: bool) -> MetricSpread:
    values = [replicate.metrics[key] for replicate in good if key in replicate.metrics]
    figures, stands = spread(values), standing(original, values)
    return MetricSpread(
        key=key,
        original=original,
        n=figures.n,
        mean=figures.mean,
        sd=figures.sd,
        low=figures.low,
        high=figures.high,
        below=stands.below,
        equal=stands.equal,
        above=stands.above,
        direction=better_direction(key),
        constant=figures.constant and figures.left_out == 0,
        fixed=fixed,
    )


def _figures(replication: Replication) -> dict[str, float]:
    """Return what the parent run records as metrics."""
    found: dict[str, float] = {}
    for metric in replication.metrics:
        parts = {"mean": metric.mean, "sd": metric.sd, "low": metric.low, "high": metric.high}
        found |= {f"{metric.key}.{name}": value for name, value in parts.items() if not math.isnan(value)}
    return found


def _too_few(replication: Replication) -> str:
    failed = [found for found in replication.replicates if found.failure]
    first = f": seed {failed[0].seed}: {failed[0].failure}" if failed else ""
    return (
        f"{len(replication.good)} of {len(replication.replicates)} replays of run {replication.run_name!r} came to "
        f"their end, and two are the least to say anything{first}. See: nbtrack show {replication.parent_run_id[:8]}"
    )

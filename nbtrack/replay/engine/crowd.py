"""Many replays at once, each in a kernel process of its own, driven by any executor that has ``submit``."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from nbtrack.errors import InputError, NbtrackError
from nbtrack.replay.engine.player import play
from nbtrack.replay.outcome import Failure, Into, Outcome
from nbtrack.replay.recipe import Recipe

_POLL_S = 0.1


class Future(Protocol):
    """What :mod:`concurrent.futures`, loky, Dask and others give for a job."""

    def done(self) -> bool:
        """Tell whether it has ended."""

    def result(self) -> Any:
        """Return what it gave, or raise what it raised."""

    def cancel(self) -> Any:
        """Keep it from starting, if it has not."""


class Executor(Protocol):
    """What runs jobs elsewhere."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any:
        """Take a job."""


@dataclass(frozen=True, slots=True)
class Job:
    """A replay that is to be.

    Attributes
    ----------
    recipe : Recipe
    into : Into or None
    """

    recipe: Recipe
    into: Into | None = None


def replay(
    recipe: Recipe, into: Into | None, timeout_s: float | None, cancelled: threading.Event | None = None
) -> Outcome:
    """Play a recipe; what a job is, wherever it runs.

    Parameters
    ----------
    recipe : Recipe
    into : Into or None
    timeout_s : float or None
    cancelled : threading.Event, optional

    Returns
    -------
    Outcome
        Of a replay that could not even start, with a failure that says why.
    """
    try:
        return play(recipe, timeout_s=timeout_s, into=into, cancelled=cancelled)
    except (NbtrackError, OSError) as error:
        return Outcome(failure=Failure(kind="error", message=f"{error}", error=type(error).__name__))


class Crowd:
    """Plays jobs in parallel; Ctrl-C ends those under way and keeps what is done.

    Parameters
    ----------
    executor : object, optional
        Anything with ``submit``; default threads, since every replay has a process of its own anyway.
    workers : int, optional
        How many at once, without an executor; default half of the processors.
    timeout_s : float, optional
        For each.
    watch : callable, optional
        Called with how many are done and how many there are.
    """

    def __init__(
        self,
        executor: Executor | None,
        workers: int | None,
        timeout_s: float | None,
        watch: Callable[[int, int], None] | None,
        cancelled: threading.Event | None = None,
    ) -> None:
        if executor is not None and not callable(getattr(executor, "submit", None)):
            raise InputError(
                f"executor is a {type(executor).__name__}; accepted: anything with submit(), as a "
                "concurrent.futures.ProcessPoolExecutor."
            )
        if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
            raise InputError(f"workers is {workers!r}; accepted: a whole number from 1.")
        if timeout_s is not None and not timeout_s > 0:
            raise InputError(f"timeout_s is {timeout_s!r}; accepted: a number of seconds above 0.")
        self._executor = executor
        self._workers = workers or default_workers()
        self._timeout_s = timeout_s
        self._watch = watch
        self._cancelled = cancelled or threading.Event()
        self.interrupted = False

    def play(self, jobs: Sequence[Job]) -> list[Outcome | None]:
        """Play jobs.

        Parameters
        ----------
        jobs : sequence of Job

        Returns
        -------
        list of Outcome or None
            In the order of the jobs; None for those that were not done when it was interrupted.
        """
        if self._executor is not None:
            futures = [self._executor.submit(replay, job.recipe, job.into, self._timeout_s) for job in jobs]
            return self._wait(futures)
        # More starting kernels than workers would slow one another down and reach their time limits.
        with ThreadPoolExecutor(self._workers, thread_name_prefix="nbtrack-replays") as pool:
            futures = [pool.submit(replay, job.recipe, job.into, self._timeout_s, self._cancelled) for job in jobs]
            return self._wait(futures)

    def _wait(self, futures: Sequence[Future]) -> list[Outcome | None]:
        told = -1
        try:
            while True:
                done = sum(bool(future.done()) for future in futures)
                if self._watch is not None and done != told:
                    told = done
                    self._watch(done, len(futures))
                if done == len(futures):
                    break
                if self._cancelled.is_set():
                    self._give_up(futures)
                    break
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            self._cancelled.set()
            self._give_up(futures)
        return [self._outcome(future) for future in futures]

    def _give_up(self, futures: Sequence[Future]) -> None:
        self.interrupted = True
        for future in futures:
            future.cancel()

    def _outcome(self, future: Future) -> Outcome | None:
        if not future.done() and self.interrupted and self._executor is not None:
            return None
        if callable(was := getattr(future, "cancelled", None)) and was():
            return None
        try:
            found: Outcome = future.result()
        except Exception as error:  # noqa: BLE001 - of the executor's: a worker that died, an object that did not travel
            return Outcome(failure=Failure(kind="error", message=f"{type(error).__name__}: {error}"))
        if found.failure is not None and found.failure.kind == "cancelled":
            return None
        return found


def default_workers() -> int:
    """Return how many replays run at once: on half of the processors that this process may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, count // 2)

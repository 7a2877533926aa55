"""What is to be seen of a run while it runs, by a thread that asks a few times a second."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbtrack.capture import progress
from nbtrack.capture.gpus import GpuWatch
from nbtrack.capture.pace import Pace
from nbtrack.capture.resources import Meter
from nbtrack.capture.trails import Trail, Trails
from nbtrack.directions import better_direction
from nbtrack.views import LiveMetric, LiveView, Usage

if TYPE_CHECKING:
    from nbtrack.capture.run import ActiveRun

# A cell that is over sooner shows its card at once, without a flicker before it.
_FIRST_AFTER_S = 0.9
# One that logs nothing over steps has its card soon, most of the time.
_ALWAYS_AFTER_S = 5.0
_TOTALS = frozenset(
    f"{prefix}{noun}"
    for noun in ("epochs", "steps", "iterations", "iters", "rounds", "episodes")
    for prefix in ("", "n_", "num_", "max_", "total_", "n", "number_of_", "num_train_")
) | {"num_boost_round", "n_iter"}
_LARGEST_TOTAL = 10**9


class Followed:
    """One run that is followed.

    Parameters
    ----------
    run : ActiveRun
    names : mapping of str to object
        The notebook's names that the cell mentions may tell how many epochs there will be.
    mentioned : frozenset of str
    gpus : GpuWatch
    """

    def __init__(self, run: ActiveRun, names: Mapping[str, Any], mentioned: frozenset[str], gpus: GpuWatch) -> None:
        self.run = run
        self.error: Exception | None = None
        self._names = names
        self._mentioned = frozenset(name for name in mentioned if name.lower() in _TOTALS)
        self._meter = Meter(gpus)
        self._trails = Trails(run)
        self._shown_run = run
        self._children = 0
        self._newest_child: ActiveRun | None = None
        self._pace: tuple[object, Pace] = (None, Pace(0.0))
        self.was_shown = False

    def hear_of(self, run: ActiveRun) -> None:
        """Take note of a run that has begun, which may be inside of this one."""
        if run.parent_run_id == self.run.run_id:
            self._children += 1
            self._newest_child = run

    def usage(self) -> Usage | None:
        """Return what the run used as a whole; None where it was too short to be shown."""
        return self._meter.total() if self.was_shown else None

    def look(self) -> LiveView | None:
        """Return the run as it is now; None where there is nothing to be shown yet.

        Returns
        -------
        LiveView or None
        """
        now_s = time.time()
        elapsed_s = now_s - self.run.start_us / 1e6
        loop = progress.current()
        run = self._run_with_metrics()
        points = run.newest_points()
        step = max((step for step, _ in points.values()), default=None)
        is_moving = loop is not None or bool(step) or self._children > 0
        if elapsed_s < (_FIRST_AFTER_S if is_moving else _ALWAYS_AFTER_S):
            return None
        self._trails.update()
        done, total, pace = self._progress(loop, run, step)
        if done is not None:
            pace.see(now_s, done)
        elif step is not None:
            pace.see(now_s, step + 1)
        self.was_shown = True
        return LiveView(
            run_name=self.run.run_name,
            elapsed_s=elapsed_s,
            step=step,
            rate_per_s=pace.rate_per_s(now_s),
            done=done,
            total=total,
            remaining_s=None if total is None else pace.remaining_s(now_s, total),
            metrics=self._metrics(points),
            child="" if run is self.run else run.run_name,
            children=self._children,
            usage=self._meter.read(),
            seen_s=now_s,
        )

    def _run_with_metrics(self) -> ActiveRun:
        """Return the run itself or, while that has no metrics of its own, the newest one inside of it."""
        child = self._newest_child
        run = self.run if child is None or self.run.newest_points() else child
        if run is not self._shown_run:
            self._trails.turn_to(run)
            self._shown_run = run
        return run

    def _progress(
        self, loop: progress.Loop | None, run: ActiveRun, step: int | None
    ) -> tuple[int | None, int | None, Pace]:
        """Return what is done, of how many where that is known, and the pace of it."""
        if loop is not None:
            return loop.done, loop.total, self._pace_of(loop.begun_s, loop.begun_s)
        pace = self._pace_of(run.run_id, run.start_us / 1e6)
        total = None if step is None else self._known_total(run)
        # What goes beyond is counted in another unit: steps, where the number of epochs is known.
        done = 0 if step is None else step - self._trails.first_step + 1
        return (done, total, pace) if total is not None and done <= total else (None, None, pace)

    def _pace_of(self, what: object, begun_s: float) -> Pace:
        if self._pace[0] != what:
            self._pace = what, Pace(begun_s)
        return self._pace[1]

    def _known_total(self, run: ActiveRun) -> int | None:
        """Return the number of epochs that a param or a name of the cell tells, where only one does."""
        found = {name: value for name, value in run.typed_params.items() if name.split(".")[-1].lower() in _TOTALS}
        if run is self.run:
            found |= {name: self._names.get(name) for name in self._mentioned}
        numbers = {value for value in found.values() if type(value) is int and 1 < value <= _LARGEST_TOTAL}
        return numbers.pop() if len(numbers) == 1 else None

    def _metrics(self, points: Mapping[str, tuple[int, float]]) -> dict[str, LiveMetric]:
        ordered = sorted(points, key=lambda key: better_direction(key) is None)
        return {key: _metric(key, points[key][1], self._trails.by_key.get(key)) for key in ordered}


def _metric(key: str, value: float, trail: Trail | None) -> LiveMetric:
    if trail is None or trail.lowest > trail.highest:
        return LiveMetric(value)
    direction = better_direction(key)
    best = {"lower": trail.lowest, "higher": trail.highest, None: None}[direction]
    return LiveMetric(value, trail.trend(), best)

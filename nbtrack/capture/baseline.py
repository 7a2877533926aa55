"""What a run card compares with: the experiment's earlier runs, read in the background.

A card must not wait for a database. So the extremes of an experiment are read by a thread when a tracked cell
starts, and runs that end in this process are added at once.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Mapping

from nbtrack.errors import NbtrackError
from nbtrack.records import MetricRange, RunRecord, is_number
from nbtrack.store.store import Store

_FRESH_S = 2.0
_FIRST_WAIT_S = 0.5


class Baselines:
    """Extremes and latest values of the metrics of one store's experiments."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._ranges: dict[str, dict[str, MetricRange]] = {}
        self._read_at: dict[str, float] = {}
        self._ended: list[tuple[float, RunRecord]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def refresh(self, experiment: str, run_id: str | None = None) -> None:
        """Start reading the extremes of an experiment's runs other than this one, unless they are fresh."""
        with self._lock:
            fresh = time.monotonic() - self._read_at.get(experiment, float("-inf")) < _FRESH_S
            if fresh or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(
                target=self._read,
                args=(experiment, run_id, time.time_ns() // 1000),
                name="nbtrack-baseline",
                daemon=True,
            )
            self._thread.start()
        # The interpreter must not die while DuckDB works in a daemon thread.
        atexit.unregister(self.wait)
        atexit.register(self.wait)

    def wait(self, timeout_s: float = 5.0) -> None:
        """Wait for a reading under way."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def ranges(self, experiment: str) -> dict[str, MetricRange]:
        """Return what is known of the experiment's earlier runs; the first time, wait a moment for it.

        A store without a database has no earlier runs to wait for.
        """
        if experiment not in self._read_at and self.store.layout.database.exists():
            self.wait(_FIRST_WAIT_S)
        with self._lock:
            return dict(self._ranges.get(experiment, {}))

    def add(self, record: RunRecord) -> None:
        """Take a run into account that has just ended in this process."""
        if record.info.status != "finished":
            return
        with self._lock:
            self._ended.append((time.monotonic(), record))
            self._fold(record)

    def _read(self, experiment: str, run_id: str | None, now_us: int) -> None:
        started = time.monotonic()
        try:
            # A reading that takes long can meet a run that began after it; that run must not be compared with itself.
            found = self.store.metric_ranges(experiment, exclude_run_id=run_id, begun_before_us=now_us)
        except (NbtrackError, OSError):
            # A store that cannot be read now, or is gone, has its say elsewhere; the card just compares with less.
            return
        with self._lock:
            self._ranges[experiment] = found
            self._read_at[experiment] = time.monotonic()
            self._ended = [(ended, record) for ended, record in self._ended if ended > started]
            for _, record in self._ended:
                self._fold(record)

    def _fold(self, record: RunRecord) -> None:
        known = self._ranges.setdefault(record.info.experiment_name, {})
        known.update(folded(known, record.data.metrics))


def folded(known: Mapping[str, MetricRange], metrics: Mapping[str, float]) -> dict[str, MetricRange]:
    """Return the ranges that the metrics of one more run widen.

    Parameters
    ----------
    known : mapping of str to MetricRange
    metrics : mapping of str to float
        Last values of the later run.

    Returns
    -------
    dict of str to MetricRange

    Examples
    --------
    >>> folded({"loss": MetricRange(0.2, 0.4, 0.4)}, {"loss": 0.1})["loss"].minimum
    0.1
    """
    wider = {}
    for key, value in metrics.items():
        if is_number(value):
            old = known.get(key, MetricRange(value, value))
            wider[key] = MetricRange(min(old.minimum, value), max(old.maximum, value), value)
    return wider

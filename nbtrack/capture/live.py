"""The live line of a running cell: a thread that looks at the run a few times a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from nbtrack.capture import progress
from nbtrack.capture.run import ActiveRun
from nbtrack.views import LiveView

_INTERVAL_S = 0.25
# A cell that is over sooner shows its card at once, without a flicker before it.
_FIRST_AFTER_S = 0.4


class LiveLine:
    """Shows how a run gets on while its cell runs; one thread for all cells of a session.

    Parameters
    ----------
    show : callable
        Takes a :class:`~nbtrack.records.LiveView`; called from the thread.
    """

    def __init__(self, show: Callable[[LiveView], None]) -> None:
        self._show = show
        self._wake = threading.Event()
        self._run: ActiveRun | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def begin(self, run: ActiveRun) -> None:
        """Follow this run."""
        self._run = run
        progress.show_on_live_line(True)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._follow, name="nbtrack-live", daemon=True)
            self._thread.start()
        self._wake.set()

    def end(self) -> None:
        """Stop following; once this returns nothing more is shown."""
        self._wake.clear()
        with self._lock:
            self._run = None
        progress.show_on_live_line(False)

    def _follow(self) -> None:
        seen: tuple[str, float, int] | None = None
        while True:
            self._wake.wait()
            time.sleep(_INTERVAL_S)
            with self._lock:
                run = self._run
                if run is None:
                    seen = None
                    continue
                now = time.time()
                elapsed_s = now - run.start_us / 1e6
                if elapsed_s < _FIRST_AFTER_S or not _worth_showing(run):
                    continue
                step = run.newest_step or 0
                before = seen if seen is not None and seen[0] == run.run_id else (run.run_id, run.start_us / 1e6, -1)
                rate = (step - before[2]) / max(now - before[1], 1e-6)
                seen = (run.run_id, now, step)
                self._show(view_of(run, elapsed_s, rate))


def _worth_showing(run: ActiveRun) -> bool:
    """A line is for what happens over steps; a cell that logs a value once has its card soon."""
    return progress.current() is not None or (run.newest_step or 0) > 0


def view_of(run: ActiveRun, elapsed_s: float, rate_per_s: float | None) -> LiveView:
    """Return the run as the live line shows it now."""
    bar = progress.current()
    done, total, bar_rate = bar if bar is not None else (None, None, None)
    return LiveView(
        run_name=run.run_name,
        elapsed_s=elapsed_s,
        step=run.newest_step,
        rate_per_s=bar_rate or rate_per_s,
        done=done,
        total=total,
        metrics=run.data.metrics,
    )

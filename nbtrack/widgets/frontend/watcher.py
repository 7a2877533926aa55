"""Looks after the widgets that somebody can see: what did not go with them at first, then whatever is new."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from typing import Protocol, runtime_checkable

INTERVAL_S = 1.0
# What looking costs must stay far below what the user's own code gets.
_LARGEST_SHARE = 0.04
_PAUSE_S = 0.05


class Watched(Protocol):
    """What the watcher asks of a widget."""

    def is_seen(self) -> bool:
        """Tell whether it is on somebody's screen."""
        ...

    def look(self) -> None:
        """Send what is new; never raises."""
        ...


@runtime_checkable
class Preparing(Protocol):
    """A widget that gets better with time."""

    def prepare(self) -> bool:
        """Make ready for what may be asked, a little of it; tell whether there is more to do. Never raises."""
        ...


class Watcher:
    """One thread for all widgets, asleep while none of them is on a screen."""

    def __init__(self) -> None:
        self._widgets: weakref.WeakSet[Watched] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._ends = False
        self._patience_s = 0.0

    def add(self, widget: Watched, patience_s: float = 0.0) -> None:
        """Look after a widget from now on, as long as somebody holds it.

        Parameters
        ----------
        widget : Watched
        patience_s : float
            Give the browser so long to show what it was just sent; it may wake this sooner.
        """
        with self._lock:
            self._widgets.add(widget)
            self._patience_s = patience_s
            # Before there is a thread: woken later, it would take it for the browser's word.
            self.wake()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="nbtrack-widgets", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Look at once."""
        self._woken.set()

    def stop(self) -> None:
        """Look no more: at the end of the process, a thread inside DuckDB would crash it."""
        self._ends = True
        self.wake()
        if self._thread is not None:
            self._thread.join(2.0)

    def _work(self) -> None:
        waits_s: float | None = None
        while not self._ends:
            if self._woken.wait(waits_s):
                self._woken.clear()
            began_s = time.monotonic()
            with self._lock:
                patience_s, self._patience_s = self._patience_s, 0.0
                seen = [widget for widget in self._widgets if widget.is_seen()]
            if patience_s:
                waits_s = patience_s
                continue
            for widget in seen:
                if not self._ends:
                    widget.look()
            waits_s = max(INTERVAL_S, (time.monotonic() - began_s) / _LARGEST_SHARE)
            self._prepare(seen, time.monotonic() + waits_s)
            if not seen:
                waits_s = None
            # Widgets that nobody holds any more are to go.
            del seen

    def _prepare(self, seen: list[Watched], until_s: float) -> None:
        """Use the time until the next look; what is asked meanwhile gets its turn in the pauses."""
        for widget in seen:
            if not isinstance(widget, Preparing):
                continue
            while not self._ends and not self._woken.is_set() and time.monotonic() < until_s and widget.prepare():
                self._woken.wait(_PAUSE_S)


_watcher = Watcher()
atexit.register(_watcher.stop)


def watcher() -> Watcher:
    """Return the process's watcher."""
    return _watcher

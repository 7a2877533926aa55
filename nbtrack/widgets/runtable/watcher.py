"""Looks after the tables that somebody can see: the rest of their runs at first, then whatever is new."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from typing import Protocol

INTERVAL_S = 1.0
# What looking costs must stay far below what the user's own code gets.
_LARGEST_SHARE = 0.04


class Watched(Protocol):
    """What the watcher asks of a table."""

    def is_seen(self) -> bool:
        """Tell whether the table is on somebody's screen."""
        ...

    def look(self) -> None:
        """Send what is new; never raises."""
        ...


class Watcher:
    """One thread for all tables, asleep while none of them is on a screen."""

    def __init__(self) -> None:
        self._tables: weakref.WeakSet[Watched] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._ends = False

    def add(self, table: Watched) -> None:
        """Look after a table from now on, as long as somebody holds it."""
        with self._lock:
            self._tables.add(table)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="nbtrack-tables", daemon=True)
                self._thread.start()
        self.wake()

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
        while not self._ends:
            began_s = time.monotonic()
            with self._lock:
                seen = [table for table in self._tables if table.is_seen()]
            for table in seen:
                if not self._ends:
                    table.look()
            waits_s = max(INTERVAL_S, (time.monotonic() - began_s) / _LARGEST_SHARE)
            is_idle = not seen
            del seen
            if self._woken.wait(None if is_idle else waits_s):
                self._woken.clear()


_watcher = Watcher()
atexit.register(_watcher.stop)


def watcher() -> Watcher:
    """Return the process's watcher."""
    return _watcher

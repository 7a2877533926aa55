"""The store's one background thread in a process.

It is woken from calls that a signal's exception may break off at any step, so it is started and signalled by means
that are one call into C each: ``threading.Event`` or ``Thread.start`` could be left locked for ever.
"""

from __future__ import annotations

import _thread
import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

_STOP_TIMEOUT_S = 60.0


class Keeper:
    """Calls ``round_`` whenever it is woken and, as long as it says so, again after a while.

    Parameters
    ----------
    round_ : callable
        Does what there is to do; must not raise. Returns the seconds until it wants to be called again, or None to
        sleep until :meth:`wake`.

    Examples
    --------
    >>> keeper = Keeper(lambda: None)
    >>> keeper.wake()
    >>> keeper.stop()
    True
    """

    def __init__(self, round_: Callable[[], float | None]) -> None:
        self._round = round_
        self.reset()

    def reset(self) -> None:
        """Begin without a thread: at first, after :meth:`stop`, and in a forked child, which has none."""
        self._signals: SimpleQueue[None] = SimpleQueue()
        # Held by the thread for as long as it lives.
        self._alive = _thread.allocate_lock()
        self._thread_id: int | None = None
        self._stopping = False

    def wake(self) -> None:
        """Have a round soon, in the background; safe in signal handlers."""
        self._signals.put(None)
        if self._thread_id is None and not self._stopping:
            # At the end of the interpreter no thread can be started: the next process merges.
            with contextlib.suppress(RuntimeError):
                _thread.start_new_thread(self._run, (self._alive, self._signals))

    def stop(self, timeout_s: float = _STOP_TIMEOUT_S) -> bool:
        """End the thread and wait for it: the interpreter must not die while DuckDB works in it.

        Parameters
        ----------
        timeout_s : float

        Returns
        -------
        bool
            Whether the thread has ended.
        """
        self._stopping = True
        self._signals.put(None)
        if self._thread_id == threading.get_ident():
            return False
        ended = self._alive.acquire(timeout=timeout_s)
        if ended:
            self._alive.release()
        return ended

    def _run(self, alive: _thread.LockType, signals: SimpleQueue[None]) -> None:
        # Of several threads that a few quick calls of wake() may have started, one stays.
        if not alive.acquire(blocking=False):
            return
        try:
            self._thread_id = threading.get_ident()
            delay_s: float | None = 0.0
            while not self._stopping:
                with contextlib.suppress(Empty):
                    signals.get(timeout=delay_s)
                    while True:
                        signals.get_nowait()
                if not self._stopping:
                    delay_s = self._round()
        finally:
            self._thread_id = None
            alive.release()

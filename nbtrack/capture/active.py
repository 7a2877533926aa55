"""Which run is active here: per thread and task through a context variable, else per process.

A kernel gives every cell a fresh context, and worker threads start with an empty one. So a run is also kept in a
process-wide list, the *ambient* runs, which answers where the context variable has no answer: in the next cell, or in
a thread that the tracked cell started. Runs that a thread opens for itself stay out of that list, so that threads
never mix their runs up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbtrack.capture.run import ActiveRun

_current: ContextVar[ActiveRun | None] = ContextVar("nbtrack_active_run", default=None)
_ambient: list[ActiveRun] = []
_last: ActiveRun | None = None
# For whoever watches cells; a script that nobody watches starts more than are kept.
_begun: deque[ActiveRun] = deque(maxlen=1000)
_listeners: list[Callable[[ActiveRun], None]] = []


def active_run() -> ActiveRun | None:
    """Return the run that a value logged here would go to.

    Returns
    -------
    ActiveRun or None
        The innermost open run of this task or thread, else of the process.

    Examples
    --------
    >>> import nbtrack
    >>> nbtrack.active_run() is None
    True
    """
    found = _in_context()
    if found is None and _ambient:
        # In the main thread, a run that a block or a call holds and that is not in this context is another task's.
        main = threading.current_thread() is threading.main_thread()
        found = next((run for run in reversed(_ambient) if not run.ended and not (main and run.scoped)), None)
    return found


def blocking_run() -> ActiveRun | None:
    """Return the open run that forbids a new one that is not nested, if there is one.

    An ambient run that a ``with`` block or a decorator holds in another thread or task forbids nothing here.
    """
    return _in_context() or next((run for run in reversed(_ambient) if not run.ended and not run.scoped), None)


def _in_context() -> ActiveRun | None:
    run = _current.get()
    while run is not None and run.ended:
        run = run.outer
    return run


def enter(run: ActiveRun) -> None:
    """Make ``run`` the active run of this context, and of the process when this is its main thread."""
    global _last  # noqa: PLW0603 - the process's last run is process-wide by meaning
    run.outer = _in_context()
    _current.set(run)
    if threading.current_thread() is threading.main_thread():
        _ambient.append(run)
    _last = run
    _begun.append(run)
    for listener in tuple(_listeners):
        listener(run)


def listen(listener: Callable[[ActiveRun], None]) -> None:
    """Have a function called with every run that becomes active."""
    _listeners.append(listener)


def unlisten(listener: Callable[[ActiveRun], None]) -> None:
    """Have a function called no longer; one that was not called is none."""
    if listener in _listeners:
        _listeners.remove(listener)


def take_begun() -> list[ActiveRun]:
    """Return the runs that have begun since this was last asked."""
    found = list(_begun)
    _begun.clear()
    return found


def leave(run: ActiveRun) -> None:
    """Take ``run`` out; the run around it is active again."""
    if _current.get() is run:
        _current.set(run.outer)
    # By identity: parallel tasks end in any order.
    _ambient[:] = [other for other in _ambient if other is not run and not other.ended]


def last_run() -> ActiveRun | None:
    """Return the run most recently started in this process, ended or not."""
    return _last


def open_runs() -> list[ActiveRun]:
    """Return the process's ambient open runs, innermost first."""
    return [run for run in reversed(_ambient) if not run.ended]

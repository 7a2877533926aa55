"""The live panel of a running cell: a thread that looks at the run a few times a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from nbtrack.capture import active, progress
from nbtrack.capture.followed import Followed
from nbtrack.capture.gpus import GpuWatch
from nbtrack.capture.run import ActiveRun
from nbtrack.views import LiveView, Usage

_INTERVAL_S, _LONGEST_S = 0.15, 2.0
# What looking and showing may take of one core.
_SHARE = 0.02


class LivePanel:
    """Shows how a run gets on while its cell runs; one thread for all cells of a session.

    Parameters
    ----------
    show : callable
        Takes a :class:`~nbtrack.views.LiveView`; called from the thread.
    """

    def __init__(self, show: Callable[[LiveView], None]) -> None:
        self._show = show
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._gpus = GpuWatch()
        # Tracked cells within tracked cells: the innermost is the one that is shown.
        self._followed: list[Followed] = []

    def begin(
        self, run: ActiveRun, names: Mapping[str, Any] | None = None, mentioned: frozenset[str] = frozenset()
    ) -> None:
        """Follow this run, until it ends, in place of the one that is followed now.

        Parameters
        ----------
        run : ActiveRun
        names : mapping of str to object, optional
            The notebook's names.
        mentioned : frozenset of str
            Those that the cell reads or binds.
        """
        followed = Followed(run, names or {}, mentioned, self._gpus)
        self._followed.append(followed)
        active.listen(followed.hear_of)
        progress.stand_in(True)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._follow, name="nbtrack-live", daemon=True)
            self._thread.start()
        self._wake.set()

    def end(self, run: ActiveRun) -> Usage | None:
        """Stop following a run; once this returns nothing more of it is shown.

        Parameters
        ----------
        run : ActiveRun
            Where it is not followed, nothing happens.

        Returns
        -------
        Usage or None
            What was used meanwhile, where it was long enough for the panel to be shown.

        Raises
        ------
        Exception
            What kept the panel from being shown.
        """
        followed = next((followed for followed in self._followed if followed.run is run), None)
        if followed is None:
            return None
        self._followed = [other for other in self._followed if other is not followed]
        active.unlisten(followed.hear_of)
        if not self._followed:
            self._wake.clear()
            progress.stand_in(False)
        # What is being shown at this moment is the last of it.
        with self._lock:
            pass
        if followed.error is not None:
            raise followed.error
        return followed.usage()

    def _follow(self) -> None:
        pause_s = _INTERVAL_S
        while True:
            self._wake.wait()
            time.sleep(pause_s)
            before_s = time.thread_time()
            followed = self._followed[-1] if self._followed else None
            if followed is None or followed.error is not None:
                continue
            try:
                self._look(followed)
            except Exception as error:  # noqa: BLE001 - it is said once, when the cell has ended
                followed.error = error
            pause_s = min(max(_INTERVAL_S, (time.thread_time() - before_s) / _SHARE), _LONGEST_S)

    def _look(self, followed: Followed) -> None:
        view = followed.look()
        with self._lock:
            if view is not None and self._followed and self._followed[-1] is followed:
                self._show(view)

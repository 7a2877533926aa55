"""What a run is surrounded by, environment and git, collected behind its back.

A run that starts only asks whether anything has changed since it was last looked: a few numbers compared. If so, a
thread looks again a moment later, at most once for all runs that wait, and tells the store; the thread ends when
nobody waits, so that a process that forks is not one with a thread more.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import sys
import time
import traceback
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nbtrack.capture.secrets import line_looks_secret
from nbtrack.capture.sent import Sent
from nbtrack.errors import NbtrackError
from nbtrack.provenance.environment import VARIABLES, digest_of, environment
from nbtrack.provenance.git import Repository, find_repository, git_state, stamp

if TYPE_CHECKING:
    from nbtrack.capture.state import RunState
    from nbtrack.store.store import Store

EXIT_TIMEOUT_S = 2.0
"""How long the end of the process waits for what runs have asked for."""
_FORK_TIMEOUT_S = 1.0
# The thread begins when the start of the run, and with luck the cell, is over.
_CALM_S = 0.03
# Edits of files are not announced by anything: looked for after this time, or this multiple of what looking took.
_GIT_KEEPS_S = 10.0
_GIT_KEEPS_TIMES = 20.0
_PATIENCE_S = 0.002


class _Place(NamedTuple):
    """Where a run runs: the folder, and the notebook or script."""

    folder: str
    notebook: str | None


class _Git(NamedTuple):
    """A state of a repository, and how long it is believed."""

    repository: Repository | None
    stamp: tuple[int, ...]
    until_s: float
    state: dict[str, Any] | None

    def is_fresh(self) -> bool:
        if time.monotonic() > self.until_s:
            return False
        return self.repository is None or stamp(self.repository) == self.stamp


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen at a place, and by what it is told that nothing has changed."""

    modules: int
    variables: tuple[str | None, ...]
    git: _Git
    digest: str
    facts: dict[str, Any] = field(repr=False)


@dataclass(slots=True)
class _Run:
    """A run that was told of, as long as it lasts."""

    run_id: str
    store: Store
    place: _Place
    modules: int
    digest: str | None = None


class Surroundings:
    """Tells stores of the environment of runs; one of them in a process.

    Examples
    --------
    >>> surroundings = Surroundings()
    >>> surroundings.attach(run)  # doctest: +SKIP
    >>> surroundings.flush(1.0)
    True
    """

    def __init__(self) -> None:
        self._seen: dict[_Place, _Seen] = {}
        self._git: dict[str, _Git] = {}
        self._sent = Sent()
        self.reset()

    def reset(self) -> None:
        """Begin without runs and without a thread, at first and in a forked child; what is known stays known."""
        self._runs: dict[str, _Run] = {}
        self._waiting: deque[_Run] = deque()
        # Held by the thread while it works.
        self._working = _thread.allocate_lock()
        self._in_haste = False

    # --- what a run calls ---------------------------------------------------------------------------------------

    def attach(self, run: RunState) -> None:
        """Tell the store what a run that has just started is surrounded by; at once where that is known.

        Parameters
        ----------
        run : RunState
        """
        place = _Place(_folder_of(run.source.name), run.source.name)
        known = _Run(run.run_id, run.store, place, len(sys.modules))
        self._runs[run.run_id] = known
        seen = self._seen.get(place)
        if seen is not None and _is_as_seen(seen):
            self._tell(known, seen)
        else:
            self._want(known)

    def settle(self, run: RunState) -> None:
        """Look again where a run that ends has imported something.

        Parameters
        ----------
        run : RunState
        """
        known = self._runs.pop(run.run_id, None)
        if known is not None and known.digest is not None and known.modules != len(sys.modules):
            self._want(known)

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything asked for is told.

        Parameters
        ----------
        timeout_s : float

        Returns
        -------
        bool
            Whether it is.
        """
        deadline = time.monotonic() + timeout_s
        self._in_haste = True
        try:
            while self._waiting or self._working.locked():
                if time.monotonic() > deadline:
                    return False
                self._wake()
                time.sleep(_PATIENCE_S)
        finally:
            self._in_haste = False
        return True

    # --- the thread ---------------------------------------------------------------------------------------------

    def _want(self, run: _Run) -> None:
        self._waiting.append(run)
        self._wake()

    def _wake(self) -> None:
        if self._waiting and not self._working.locked():
            # At the end of the interpreter no thread can be started.
            with contextlib.suppress(RuntimeError):
                _thread.start_new_thread(self._work, (self._working, self._waiting))

    def _work(self, working: _thread.LockType, waiting: deque[_Run]) -> None:
        # Whoever comes while this works leaves it to this: so it looks again after it has let go.
        while waiting and working.acquire(blocking=False):
            try:
                self._be_calm()
                runs: dict[str, _Run] = {}
                while waiting:
                    run = waiting.popleft()
                    runs[run.run_id] = run
                for run in runs.values():
                    self._serve(run)
            finally:
                working.release()

    def _be_calm(self) -> None:
        until_s = time.monotonic() + _CALM_S
        while not self._in_haste and time.monotonic() < until_s:
            time.sleep(_CALM_S / 3)

    def _serve(self, run: _Run) -> None:
        try:
            seen = self._seen.get(run.place)
            if seen is None or not _is_as_seen(seen):
                seen = self._look(run.place)
                self._seen[run.place] = seen
            self._tell(run, seen)
        except Exception as error:  # noqa: BLE001 - in a thread of ours there is nobody else to tell it
            text = f"nbtrack could not collect the environment ({type(error).__name__}: {error})."
            with contextlib.suppress(NbtrackError):
                run.store.append_event(
                    {"t": "problem", "run": run.run_id, "text": text, "detail": traceback.format_exc()}
                )

    def _look(self, place: _Place) -> _Seen:
        modules, variables = len(sys.modules), _variables()
        git = self._git.get(place.folder)
        if git is None or not git.is_fresh():
            git = _look_at_git(place.folder)
            self._git[place.folder] = git
        facts = {**environment(notebook=place.notebook), "git": git.state}
        return _Seen(modules, variables, git, digest_of(facts), facts)

    def _tell(self, run: _Run, seen: _Seen) -> None:
        digest = seen.digest
        if run.digest == digest:
            return
        self._sent.send(run.store, digest, lambda: {"t": "environment", "hash": digest, "facts": seen.facts})
        run.store.append_event({"t": "run_environment", "run": run.run_id, "hash": digest})
        run.digest = digest


def _is_as_seen(seen: _Seen) -> bool:
    return seen.modules == len(sys.modules) and seen.variables == _variables() and seen.git.is_fresh()


def _variables() -> tuple[str | None, ...]:
    return tuple(map(os.environ.get, VARIABLES))


def _folder_of(source: str | None) -> str:
    """Return the folder of a notebook or script, where its path says so; else the working directory."""
    try:
        told = None if source is None else Path(source)
        return str(told.parent) if told is not None and told.is_absolute() else os.getcwd()  # noqa: PTH109 - ten times quicker
    except OSError:
        return os.sep


def _look_at_git(folder: str) -> _Git:
    begun_s = time.monotonic()
    repository = find_repository(Path(folder))
    seen = () if repository is None else stamp(repository)
    state = None if repository is None else git_state(Path(folder), hide=line_looks_secret)
    now_s = time.monotonic()
    keeps_s = max(_GIT_KEEPS_S, _GIT_KEEPS_TIMES * (now_s - begun_s))
    return _Git(repository, seen, now_s + keeps_s, state)


surroundings = Surroundings()


@atexit.register
def _finish() -> None:
    surroundings.flush(EXIT_TIMEOUT_S)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: surroundings.flush(_FORK_TIMEOUT_S), after_in_child=surroundings.reset)

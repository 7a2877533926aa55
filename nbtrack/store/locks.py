"""Who may merge (one), who may read (many), and whose journal is still being written.

A lock that is held is an open file: it is free as soon as the file is closed, by its holder or by the system when the
holder dies. Closing it is one call into C, so that an interrupt between two of our lines cannot leave a lock behind.
"""

from __future__ import annotations

import mmap
import os
import re
import sys
import time
import uuid
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Protocol

from nbtrack.store import portable
from nbtrack.store.layout import Layout

if sys.platform != "win32":
    import fcntl

_FIRST_PAUSE_S = 0.001
_LONGEST_PAUSE_S = 0.01
# Maps of files on these are not seen by other machines, and their locks may be none.
_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "ceph", "lustre", "gpfs", "beegfs", "afs", "fuse", "glusterfs")


class Held(Protocol):
    """A lock that is held until it is closed; for ``with``, which gives something true."""

    def close(self) -> None:
        """Give the lock back."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> object: ...


class NotHeld:
    """A lock that was not to be had; for ``with``, which gives None."""

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None


class StoreLock:
    """The lock of one store: merging and maintenance hold it alone, reads share it.

    A gate is passed one at a time before the lock, so that a stream of readers cannot keep a merger out for ever.

    Parameters
    ----------
    layout : Layout
    by_flock : bool
        False: a lock file in place of ``flock``; it knows no sharing, so that readers hold it alone, too.

    Examples
    --------
    >>> with StoreLock(layout).exclusive(1.0) as held:  # doctest: +SKIP
    ...     if held: ...
    """

    def __init__(self, layout: Layout, by_flock: bool = True) -> None:
        self.layout = layout
        self.by_flock = by_flock

    def exclusive(self, timeout_s: float) -> Held:
        """Take the lock alone.

        Parameters
        ----------
        timeout_s : float
            How long to wait for others.

        Returns
        -------
        Held
            To be used in a ``with`` at once, which gives something false when the lock was not to be had in time.
        """
        return self._take(timeout_s, alone=True)

    def shared(self, timeout_s: float) -> Held:
        """Take the lock together with other readers; as :meth:`exclusive`."""
        return self._take(timeout_s, alone=False)

    def _take(self, timeout_s: float, *, alone: bool) -> Held:
        deadline = time.monotonic() + timeout_s
        self.layout.root.mkdir(parents=True, exist_ok=True)
        if not self.by_flock:
            return _poll(lambda: portable.try_lock(self.layout.lock.with_suffix(".owner")), deadline)
        gate = _poll(lambda: _try_flock(self.layout.gate, alone=True), deadline)
        with gate as passed:
            return _poll(lambda: _try_flock(self.layout.lock, alone=alone), deadline) if passed else NotHeld()


def _poll(attempt: Callable[[], Held | None], deadline: float) -> Held:
    """Poll rather than block, so that an interrupt and the deadline are heeded."""
    pause_s = _FIRST_PAUSE_S
    while (held := attempt()) is None:
        if time.monotonic() >= deadline:
            return NotHeld()
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
    return held


def _try_flock(path: Path, *, alone: bool) -> FileIO | None:
    file = FileIO(path, "a")
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        # Somebody may have deleted the folder and another one made it anew: then this is not the lock any more.
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def lock_as_owner(descriptor: int) -> None:
    """Mark an open event file as written by this process, for as long as the process lives.

    Parameters
    ----------
    descriptor : int
    """
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


write_owner = portable.write_owner


def owner_is_gone(file: Path, by_flock: bool) -> bool:
    """Tell whether the process that wrote a journal is gone, so that nothing more will come.

    Parameters
    ----------
    file : Path
        The journal's event file, which its living owner keeps locked.
    by_flock : bool

    Returns
    -------
    bool
    """
    if not by_flock:
        return portable.owner_is_gone(file.with_suffix(".owner"))
    try:
        opened = FileIO(file, "r")
    except FileNotFoundError:
        return True
    except PermissionError:
        return False
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def supports_flock(folder: Path) -> bool:
    """Find out by trying whether files of a folder can be locked and mapped as the fast mode needs it.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    bool

    Raises
    ------
    OSError
        Nothing can be written there.
    """
    trial = folder / f".flock-{uuid.uuid4().hex}"
    file = FileIO(trial, "x+")
    try:
        with file:
            file.write(b"\0" * mmap.PAGESIZE)
            return _maps_and_locks(file, trial)
    finally:
        trial.unlink()


def _maps_and_locks(file: FileIO, path: Path) -> bool:
    if sys.platform == "win32" or not hasattr(os, "posix_fallocate") or _on_network(path):
        return False
    try:
        os.posix_fallocate(file.fileno(), 0, 2 * mmap.PAGESIZE)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with FileIO(path, "r") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with mmap.mmap(file.fileno(), mmap.PAGESIZE) as window:
                    window[:4] = b"seen"
                    return other.read(4) == b"seen"
    except (OSError, ValueError):
        pass
    return False


def _on_network(path: Path) -> bool:
    """Tell whether Linux's table of mounts names a network file system for the path; False elsewhere."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    target = os.path.realpath(path)
    found, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), before.split(" ")[4])
        if len(point) >= len(found) and (target == point or target.startswith(point.rstrip("/") + "/")):
            found, kind = point, after.split(" ")[0]
    return kind.startswith(_NETWORK_FILE_SYSTEMS) and kind != "fuseblk"

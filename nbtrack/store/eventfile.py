"""The event file of a journal that this process writes."""

from __future__ import annotations

import contextlib
import errno
import os

from nbtrack.store import locks, portable
from nbtrack.store.layout import Layout

FLAGS = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""How files are opened that are appended to."""


class EventFile:
    """An append-only file that shows, by a lock or an owner file, that its writer lives.

    Parameters
    ----------
    layout : Layout
    journal : str
        The journal's id.
    by_flock : bool

    Attributes
    ----------
    size_bytes : int
        How much is written.

    Raises
    ------
    OSError
        The file cannot be made.
    """

    def __init__(self, layout: Layout, journal: str, by_flock: bool) -> None:
        self._layout = layout
        self._journal = journal
        self._by_flock = by_flock
        # True while the file is known to end with a whole line.
        self._whole = True
        self.size_bytes = 0
        self._descriptor = self._create()

    def _create(self) -> int:
        path = self._layout.events(self._journal)
        if not self._by_flock:
            portable.write_owner(self._layout.owner(self._journal))
            return os.open(path, FLAGS, 0o644)
        # Seen under its own name only once it is locked: a merge takes a file without a lock for one whose owner died.
        hidden = path.with_suffix(".new")
        descriptor = os.open(hidden, FLAGS, 0o644)
        try:
            locks.lock_as_owner(descriptor)
            hidden.rename(path)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def write(self, line: bytes) -> None:
        """Append a line: all of it or, when there is no room, nothing.

        Parameters
        ----------
        line : bytes
            With its newline.

        Raises
        ------
        OSError
            It cannot be written.
        """
        if not self._whole:
            self._repair()
        self._whole = False
        written = os.write(self._descriptor, line)
        if written != len(line):
            self._repair()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size_bytes += written
        self._whole = True

    def _repair(self) -> None:
        """Cut off a line that was broken off; keep one that was written whole before its call was interrupted."""
        size = os.fstat(self._descriptor).st_size
        if size > self.size_bytes:
            os.lseek(self._descriptor, size - 1, os.SEEK_SET)
            if os.read(self._descriptor, 1) == b"\n":
                self.size_bytes = size
            else:
                os.ftruncate(self._descriptor, self.size_bytes)
        self._whole = True

    def is_deleted(self) -> bool:
        """Tell whether somebody has deleted the file, so that what is written to it is lost."""
        return os.fstat(self._descriptor).st_nlink == 0

    def touch(self) -> None:
        """Show a sign of life, where it is the owner file that shows it."""
        if not self._by_flock:
            with contextlib.suppress(OSError):
                os.utime(self._layout.owner(self._journal))

    def close(self) -> None:
        """Close the file: its owner is gone then."""
        os.close(self._descriptor)
        if not self._by_flock:
            with contextlib.suppress(OSError):
                self._layout.owner(self._journal).unlink()

    def abandon(self) -> None:
        """In a forked child: close the inherited copy; the lock is the parent's and stays."""
        os.close(self._descriptor)

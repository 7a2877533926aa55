"""The points of the journal that this process writes: mapped segments, or plainly appended ones."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import threading
import uuid
from pathlib import Path
from typing import NamedTuple

from nbtrack.store.eventfile import FLAGS
from nbtrack.store.layout import Layout
from nbtrack.store.points import RECORD_BYTES, SEGMENT_BYTES

_POPULATE_WRITE = 23  # Linux's MADV_POPULATE_WRITE, which has no name in Python yet
_POPULATE_BYTES = 1 << 16


class Spare(NamedTuple):
    """A segment that no merge looks at yet: a preallocated file and the map of it."""

    path: Path
    map: mmap.mmap


class MappedPoints:
    """Hands out one map after the other; the next one is made ahead.

    Parameters
    ----------
    layout : Layout
    journal : str
        The journal's id.

    Attributes
    ----------
    number : int
        Of the current segment; -1 before the first.
    """

    def __init__(self, layout: Layout, journal: str) -> None:
        self._layout = layout
        self._journal = journal
        self._spare: Spare | None = None
        self._preparing = threading.Lock()
        self._map: mmap.mmap | None = None
        self.number = -1

    def next_map(self) -> tuple[int, mmap.mmap]:
        """Go on to the next segment.

        Returns
        -------
        (int, mmap.mmap)
            The segment's number and its map, empty.

        Raises
        ------
        OSError
            There is no room.
        """
        spare, self._spare = self._spare, None
        if spare is None:
            spare = self._make()
        number = self.number + 1
        # Taken before the file has the name: an interrupt in between skips a number, and nothing else.
        self.number = number
        spare.path.rename(self._layout.points(self._journal, number))
        self._map = spare.map
        return number, spare.map

    def prepare(self) -> None:
        """Make the next segment, unless it is there; without room, leave it to the moment when it is needed."""
        if self._spare is not None or self.number < 0:
            return
        with self._preparing, contextlib.suppress(OSError):
            spare = self._make()
            _warm(spare.map)
            self._spare = spare

    def _make(self) -> Spare:
        """Make a segment under a name of its own: two threads may be at it at once.

        Its room is really taken on the disk, so that a full disk is an error here, and never the end of the process
        when the map is written.
        """
        path = self._layout.journals / f"{self._journal}.{uuid.uuid4().hex}.spare"
        descriptor = os.open(path, FLAGS & ~os.O_APPEND, 0o644)
        try:
            os.posix_fallocate(descriptor, 0, SEGMENT_BYTES)
            return Spare(path, mmap.mmap(descriptor, SEGMENT_BYTES))
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Give the maps up, and what was made ahead."""
        spare = self._spare
        self.abandon()
        if spare is not None:
            with contextlib.suppress(OSError):
                spare.path.unlink()

    def abandon(self) -> None:
        """In a forked child: give the maps up and leave the files to the parent."""
        spare, self._spare = self._spare, None
        current, self._map = self._map, None
        if spare is not None:
            spare.map.close()
        if current is not None:
            current.close()


def _warm(window: mmap.mmap) -> None:
    """Have the system give the map its memory now, in the background, rather than at each first write to a page."""
    with contextlib.suppress(OSError, ValueError):
        for start in range(0, SEGMENT_BYTES, _POPULATE_BYTES):
            # A piece at a time: the interpreter's lock is held meanwhile.
            window.madvise(_POPULATE_WRITE, start, _POPULATE_BYTES)


class AppendedPoints:
    """Appends records to files, where a map would not be seen by others; parameters as :class:`MappedPoints`.

    Attributes
    ----------
    number : int
        Of the current file; -1 before the first.
    records : int
        How many the current file has.
    """

    def __init__(self, layout: Layout, journal: str) -> None:
        self._layout = layout
        self._journal = journal
        self._descriptor = -1
        self.number = -1
        self.records = 0

    def write(self, record: bytes) -> None:
        """Append one record: all of it or, when there is no room, nothing.

        Parameters
        ----------
        record : bytes

        Raises
        ------
        OSError
            It cannot be written.
        """
        size = os.fstat(self._descriptor).st_size if self._descriptor >= 0 else SEGMENT_BYTES
        if size % RECORD_BYTES:
            # What an interrupted call has left.
            size -= size % RECORD_BYTES
            os.ftruncate(self._descriptor, size)
        if size >= SEGMENT_BYTES:
            self._next_file()
            size = 0
        if os.write(self._descriptor, record) != RECORD_BYTES:
            os.ftruncate(self._descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.records = size // RECORD_BYTES + 1

    def _next_file(self) -> None:
        number = self.number + 1
        self.number = number
        descriptor = os.open(self._layout.points(self._journal, number), FLAGS, 0o644)
        previous, self._descriptor = self._descriptor, descriptor
        if previous >= 0:
            os.close(previous)

    def close(self) -> None:
        """Close the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def abandon(self) -> None:
        """In a forked child: close the inherited copy."""
        self.close()

"""The journal of this process: a value is in a file before the call that gave it returns.

Events are lines of a file. Points go into a memory map, because a write by the system gives the interpreter's lock
away and, with another busy thread, waits milliseconds to have it back. Both outlive the death of the process.

An exception from a signal handler may break in between any two steps here. So a place is taken before it is written, a
number is taken before it is announced, and what was announced is noted last: whatever is left behind is a gap, which
the merge passes over, and never a value lost or stored twice.
"""

from __future__ import annotations

import contextlib
import errno
import struct
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, TypeAlias

from nbtrack.errors import MetricError
from nbtrack.store.backlog import Backlog
from nbtrack.store.eventfile import EventFile
from nbtrack.store.events import encode
from nbtrack.store.layout import Layout
from nbtrack.store.pointfile import AppendedPoints, MappedPoints
from nbtrack.store.points import PRIME, RECORD_BYTES, SEGMENT_BYTES, check_of, pack_into, pack_payload

Position: TypeAlias = tuple[str, int, int, int]
Mark: TypeAlias = tuple[Any, int]
_PIECE = 5_000
_NO_ROOM = {getattr(errno, name, None) for name in ("ENOSPC", "EDQUOT", "EFBIG")}


class Journal:
    """Takes the values of one process for one store; thread-safe, and starts anew by itself where it has to.

    Parameters
    ----------
    layout : Layout
    by_flock : bool
        Points through a memory map and ``flock`` as the sign of life; False: appended, with an owner file.
    wake : callable
        Called when something was written after a time of rest.
    tell : callable
        Takes plain sentences for the user.
    """

    def __init__(self, layout: Layout, by_flock: bool, wake: Callable[[], None], tell: Callable[[str], None]) -> None:
        self._layout = layout
        self._by_flock = by_flock
        self._wake = wake
        self._tell = tell
        self._backlog = Backlog()
        self.reset()

    def reset(self) -> None:
        """Begin without files: at first, and in a forked child."""
        # Reentrant: a signal handler or a finaliser that logs may interrupt a call on the same thread.
        self._lock = threading.RLock()
        self.id = ""
        self._events: EventFile | None = None
        self._points: MappedPoints | AppendedPoints | None = None
        self._series: dict[tuple[str, str], int] = {}
        self._numbers = count()
        # Start events of runs that are open, in case the folder is deleted under them.
        self._open_runs: dict[str, bytes] = {}
        self._backlog.clear()
        # The map of the current segment, and where its next record goes. From _limit on the slow way is taken: at the
        # segment's end or, with 0, because somebody wants to know of the next point.
        self._map: Any = None
        self._at = 0
        self._limit = 0
        self._resting = True

    # --- taking values ------------------------------------------------------------------------------------------

    def append_point(self, run_id: str, key: str, step: int, ts_us: int, value: float) -> None:
        """Take one point of a metric.

        Parameters
        ----------
        run_id, key : str
        step, ts_us : int
            64 bits.
        value : float

        Raises
        ------
        MetricError
            A number is out of range.
        StoreError
            Nothing can be written, and too much waits in memory.
        """
        with self._lock:
            try:
                series = self._series[run_id, key]
            except KeyError:
                series = self._announce(run_id, key)
            try:
                payload = pack_payload(step, ts_us, value, series)
            except struct.error as error:
                raise MetricError(
                    f"metric {key!r}: step {step!r}, time {ts_us!r} µs and value {value!r} cannot be stored ({error}); "
                    "accepted: whole numbers of 64 bits for step and time, and a real number."
                ) from error
            at = self._at
            if at < self._limit:
                # The place is taken first: were it written first, an interrupt in between would have it written again.
                self._at = at + RECORD_BYTES
                pack_into(self._map, at, payload, int.from_bytes(payload, "little") % PRIME + 1)
            else:
                self._append_slowly(payload)

    def points_since(self, mark: Mark | None) -> tuple[Mark, bytes]:
        """Return the records of points that were written behind a mark, and the mark behind them.

        Parameters
        ----------
        mark : (mmap.mmap or None, int) or None
            As this gave it; None: from now on.

        Returns
        -------
        ((mmap.mmap or None, int), bytes)
            Without records where points are not mapped, or wait in memory.
        """
        with self._lock:
            current, at = self._map, self._at
            if mark is None:
                return (current, at), b""
            before, start = mark
            content = b""
            if before is not current:
                if before is not None:
                    # Of the segment before; a store that was closed meanwhile has closed its map.
                    with contextlib.suppress(ValueError):
                        content = before[start:]
                start = 0
            if current is not None:
                content += current[start:at]
            return (current, at), content

    def series_of(self, run_id: str) -> dict[int, str]:
        """Return the metrics of a run by the numbers that stand for them in the records of points."""
        with self._lock:
            return {number: key for (run, key), number in self._series.items() if run == run_id}

    def append_event(self, event: Mapping[str, Any]) -> None:
        """Take one event.

        Parameters
        ----------
        event : mapping
            ``t`` is its kind; ``ts``, microseconds since the epoch, is added where it is missing.

        Raises
        ------
        InputError
            It holds what cannot be written as JSON.
        StoreError
            Nothing can be written, and too much waits in memory.
        """
        line = encode(event if "ts" in event else {**event, "ts": time.time_ns() // 1000})
        with self._lock:
            self._write_line(line)
            run_id = event.get("run")
            if event.get("t") == "run":
                self._open_runs[str(run_id)] = line
            elif event.get("t") == "end":
                self._open_runs.pop(str(run_id), None)
            self._stir()

    def _announce(self, run_id: str, key: str) -> int:
        number = next(self._numbers)
        self._write_line(encode(_series_event(number, run_id, key)))
        self._series[run_id, key] = number
        return number

    def _append_slowly(self, payload: bytes) -> None:
        self._stir()
        if self._backlog:
            self._backlog.add_point(payload)
            return
        try:
            self._put(payload)
        except OSError as error:
            self._fall_behind(error)
            self._backlog.add_point(payload)

    def _put(self, payload: bytes) -> None:
        self._ensure_started()
        points = self._points
        if isinstance(points, AppendedPoints):
            points.write(payload + check_of(payload))
            return
        assert points is not None
        while self._map is None or self._at >= SEGMENT_BYTES:
            number, fresh = points.next_map()
            # A signal handler that logs may have come in between, and gone on to a later segment.
            if number == points.number:
                self._map = fresh
                self._at = 0
            # So that the keeper makes the segment after this one.
            self._wake()
        at = self._at
        self._at = at + RECORD_BYTES
        pack_into(self._map, at, payload, int.from_bytes(payload, "little") % PRIME + 1)
        self._limit = SEGMENT_BYTES

    def _write_line(self, line: bytes) -> None:
        if self._backlog:
            self._backlog.add_event(line)
            return
        try:
            self._ensure_started().write(line)
        except OSError as error:
            self._fall_behind(error)
            self._backlog.add_event(line)

    def _fall_behind(self, error: OSError) -> None:
        """Nothing can be written now: from here on all values wait in memory, in their order."""
        self._limit = 0
        reason = "the disk is full" if error.errno in _NO_ROOM else f"the store cannot be written ({error})"
        self._tell(
            f"{reason}: values are kept in memory until {self._layout.root} can be written. They are lost if this "
            "process ends before."
        )

    # --- files --------------------------------------------------------------------------------------------------

    def _ensure_started(self) -> EventFile:
        if self._events is not None and not self._events.is_deleted():
            return self._events
        # New, or somebody has deleted the folder: what is still open is said again, under the numbers it had.
        self._layout.make()
        journal = uuid.uuid4().hex
        events = EventFile(self._layout, journal, self._by_flock)
        for line in self._open_runs.values():
            events.write(line)
        for (run_id, key), number in self._series.items():
            events.write(encode(_series_event(number, run_id, key)))
        self._drop_files()
        points = MappedPoints if self._by_flock else AppendedPoints
        self._points = points(self._layout, journal)
        self.id = journal
        self._events = events
        return events

    def _drop_files(self) -> None:
        self._limit = 0
        self._map = None
        self._at = 0
        events, self._events = self._events, None
        points, self._points = self._points, None
        if events is not None:
            events.close()
        if points is not None:
            points.close()

    def close(self) -> None:
        """Give the files up; whoever merges next takes what they hold and ends the runs that are still open."""
        with self._lock:
            self._drop_files()
            self.reset()

    def abandon(self) -> None:
        """In a forked child: let go of the parent's files, and begin anew."""
        events, points = self._events, self._points
        self.reset()
        if events is not None:
            events.abandon()
        if points is not None:
            points.abandon()

    # --- the keeper's side --------------------------------------------------------------------------------------

    def _stir(self) -> None:
        if self._resting:
            self._wake()
            self._resting = False

    @property
    def is_started(self) -> bool:
        """Whether this process has written anything."""
        return self._events is not None

    @property
    def is_behind(self) -> bool:
        """Whether values wait in memory."""
        return bool(self._backlog)

    def position(self) -> Position:
        """Return how far the journal is written: its id, bytes of events, the segment's number and its records."""
        with self._lock:
            if self._events is None or self._points is None:
                return ("", 0, -1, 0)
            appended = self._points.records if isinstance(self._points, AppendedPoints) else None
            records = self._at // RECORD_BYTES if appended is None else appended
            return (self.id, self._events.size_bytes, self._points.number, records)

    def rest(self, position: Position) -> bool:
        """Go to rest if nothing was written since ``position``: the next value calls ``wake``.

        Parameters
        ----------
        position : Position

        Returns
        -------
        bool
            False when something was written since.
        """
        with self._lock:
            if self.position() != position or self._backlog:
                return False
            self._limit = 0
            self._resting = True
            return True

    def prepare(self) -> None:
        """Make the next segment ahead, and show a sign of life."""
        points, events = self._points, self._events
        if isinstance(points, MappedPoints):
            points.prepare()
        if events is not None:
            events.touch()

    def catch_up(self) -> bool:
        """Write what waits in memory; for the keeper's thread, which no signal's exception reaches.

        Returns
        -------
        bool
            False when something still waits.
        """
        written = 0
        while self._backlog:
            # A piece at a time, so that whoever logs meanwhile does not wait long.
            with self._lock:
                try:
                    written += self._write_waiting(_PIECE)
                except OSError:
                    self._limit = 0
                    return False
        if written:
            self._tell(f"the store can be written again: the {written:,} values that waited in memory are in it.")
        return True

    def _write_waiting(self, most: int) -> int:
        written = 0
        while self._backlog and written < most:
            is_event, content = self._backlog.first()
            if is_event:
                self._ensure_started().write(content)
            else:
                self._put(content)
            self._backlog.drop_first()
            written += 1
        return written


def _series_event(number: int, run_id: str, key: str) -> dict[str, Any]:
    return {"t": "series", "i": number, "run": run_id, "key": key, "ts": time.time_ns() // 1000}

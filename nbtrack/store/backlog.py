"""Values that wait in memory while nothing can be written to the disk."""

from __future__ import annotations

from collections import deque

from nbtrack.errors import StoreError

MAX_POINTS = 1_000_000
MAX_EVENTS = 100_000


class Backlog:
    """Lines of events and payloads of points, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[bool, bytes]] = deque()
        self.events = 0
        self.points = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add_event(self, line: bytes) -> None:
        """Keep an event's line.

        Raises
        ------
        StoreError
            Too many are waiting already.
        """
        self._check(self.events, MAX_EVENTS)
        self.events += 1
        self._waiting.append((True, line))

    def add_point(self, payload: bytes) -> None:
        """Keep a point's payload; raises as :meth:`add_event`."""
        self._check(self.points, MAX_POINTS)
        self.points += 1
        self._waiting.append((False, payload))

    def first(self) -> tuple[bool, bytes]:
        """Return the value that waits longest, and whether it is an event."""
        return self._waiting[0]

    def drop_first(self) -> None:
        """Forget the value that waits longest: it is written."""
        is_event, _ = self._waiting.popleft()
        if is_event:
            self.events -= 1
        else:
            self.points -= 1

    def clear(self) -> None:
        """Forget all: in a forked child they are the parent's to write."""
        self._waiting.clear()
        self.events = self.points = 0

    def _check(self, present: int, limit: int) -> None:
        if present >= limit:
            raise StoreError(
                f"nothing can be written to the store, and {self.points:,} points and {self.events:,} events wait in "
                "memory already: this value was not taken. Make room on the disk (or make the folder writable): what "
                "waits is written by itself then."
            )

"""What the keeper does: once in a while, as long as this process writes, it merges or sees that another one did."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from nbtrack.config import settings
from nbtrack.errors import NbtrackError
from nbtrack.store.journal import Journal, Position
from nbtrack.store.keeper import Keeper
from nbtrack.store.layout import Layout
from nbtrack.store.merge import read_merged
from nbtrack.store.notices import Notices
from nbtrack.store.portable import HEARTBEAT_S
from nbtrack.store.tails import EVENTS_PART

_DEFAULT_INTERVAL_S = 1.0
_LONGEST_INTERVAL_S = 30.0
# Who finds a merge younger than this share of the interval leaves it to the next round.
_FRESH_SHARE = 0.8

# The user's own generator must not be drawn from, least of all in the background.
_jitter = random.Random()  # noqa: S311 - nothing secret


class Rounds:
    """The background work of one store in this process.

    Parameters
    ----------
    layout : Layout
    by_flock : bool
    journal : Journal
    merge : callable
        Merges; False when the lock was not to be had.
    notices : Notices
    """

    def __init__(
        self, layout: Layout, by_flock: bool, journal: Journal, merge: Callable[[], bool], notices: Notices
    ) -> None:
        self._layout = layout
        self._by_flock = by_flock
        self._journal = journal
        self._merge = merge
        self._notices = notices
        self._listeners: list[Callable[[], None]] = []
        self.keeper = Keeper(self._round)
        self.reset()

    def reset(self) -> None:
        """Begin anew, without a thread until the keeper is woken: at first, and in a forked child."""
        self.keeper.reset()
        self._due_s: float | None = None
        self._failures = 0
        self._seen_merge = self._last_merge_ns()

    @property
    def has_listeners(self) -> bool:
        """Whether somebody wants to know of merges."""
        return bool(self._listeners)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called after merges."""
        self._listeners.append(listener)

    def _round(self) -> float | None:
        """Do what there is to do.

        Returns
        -------
        float or None
            Seconds until the next round; None when there is nothing more to do.
        """
        now_s = time.monotonic()
        if self._due_s is None:
            self._due_s = now_s + self._interval_s()
        try:
            self._journal.prepare()
            self._journal.catch_up()
            resting = now_s >= self._due_s and self._merge_or_wait()
            self._tell_listeners()
        except Exception as error:  # noqa: BLE001 - a thread of ours must neither die nor print; the user is told
            resting = False
            self._failures += 1
            self._due_s = time.monotonic() + self._interval_s()
            self._notices.fail(str(error) if isinstance(error, NbtrackError) else f"the store: {error!r}")
        if resting:
            self._due_s = None
            # Where it is a file that shows that this process lives, it must be touched now and then.
            return None if self._by_flock else HEARTBEAT_S
        return max(0.0, self._due_s - time.monotonic()) if self._due_s is not None else None

    def _merge_or_wait(self) -> bool:
        """Merge, unless another process has just done so; tell whether all of ours is merged and nothing new came."""
        position = self._journal.position()
        self._due_s = time.monotonic() + self._interval_s()
        if not self._is_covered(position):
            if self._merged_lately() or not self._merge():
                return False
            self._failures = 0
            self._notices.recover()
        return self._journal.rest(position)

    def _is_covered(self, position: Position) -> bool:
        journal, event_bytes, segment, records = position
        known = read_merged(self._layout).get(journal)
        return (
            known is not None
            and known.get(str(EVENTS_PART), 0) >= event_bytes
            and (records == 0 or known.get(str(segment), 0) >= records)
        )

    def _merged_lately(self) -> bool:
        age_s = time.time() - self._last_merge_ns() / 1e9
        return 0 <= age_s < _FRESH_SHARE * self._base_interval_s()

    def _last_merge_ns(self) -> int:
        try:
            return self._layout.merged.stat().st_mtime_ns
        except OSError:
            return 0

    def _tell_listeners(self) -> None:
        last = self._last_merge_ns()
        if last != self._seen_merge:
            self._seen_merge = last
            for listener in list(self._listeners):
                listener()

    def _interval_s(self) -> float:
        """Return how long to wait: longer after failures, and never in step with other processes."""
        waits = self._base_interval_s() * 2**self._failures
        return float(min(waits, _LONGEST_INTERVAL_S) * _jitter.uniform(0.75, 1.25))

    def _base_interval_s(self) -> float:
        try:
            return settings().merge_interval_s
        except (NbtrackError, OSError):
            return _DEFAULT_INTERVAL_S

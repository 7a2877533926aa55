"""Plain sentences for the user, each said once until it has been read."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 20


class Notices:
    """Collects sentences from any thread; takes no lock, so that it works inside signal handlers.

    Examples
    --------
    >>> notices = Notices()
    >>> notices.add("the disk is full"), notices.add("the disk is full")
    (None, None)
    >>> notices.pop(), notices.pop()
    (['the disk is full'], [])
    """

    def __init__(self, first: Sequence[str] = ()) -> None:
        self._waiting = list(first)
        self._last_failure = ""

    def add(self, text: str) -> None:
        """Add a sentence, unless it waits to be read already."""
        if text not in self._waiting and len(self._waiting) < _MOST:
            self._waiting.append(text)

    def fail(self, text: str) -> None:
        """Add what went wrong in the background: once, however often it goes wrong in the same way."""
        if text != self._last_failure:
            self._last_failure = text
            self.add(text)

    def recover(self) -> None:
        """Note that it went well again: the next failure is told even if it is the same."""
        self._last_failure = ""

    def pop(self) -> list[str]:
        """Return the sentences that were not read yet."""
        found, self._waiting = self._waiting, []
        return found

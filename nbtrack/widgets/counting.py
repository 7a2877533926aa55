"""The line of several replays that are under way: how many are done."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Self

from nbtrack.widgets import html
from nbtrack.widgets.format import duration
from nbtrack.widgets.html import Html, muted, tinted
from nbtrack.widgets.text import clean, fit

_NAME_LIMIT = 60


class Counter:
    """How many replays are done, and since when.

    Parameters
    ----------
    doing : str
        As ``replicating baseline``.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, doing: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.doing = fit(doing, _NAME_LIMIT)
        self._clock = clock
        self._begun_s = clock()
        self.done = self.total = 0

    def note(self, done: int, total: int) -> None:
        """Take note of how many are done.

        Parameters
        ----------
        done, total : int
        """
        self.done, self.total = done, total

    @property
    def words(self) -> str:
        """The line as text."""
        counts = f"{self.done} of {self.total} replays · " if self.total else ""
        return f"{self.doing} · {counts}{duration(self._clock() - self._begun_s)}"

    @property
    def markup(self) -> str:
        """The line as HTML."""
        return html.block(html.join([tinted("●", html.CALM), muted(self.words)], " "))


class CountBar:
    """A bar on a terminal while several replays run; nothing where the stream is none.

    Parameters
    ----------
    doing : str
    stream : text file

    Examples
    --------
    >>> with CountBar("replicating baseline", sys.stderr) as bar:  # doctest: +SKIP
    ...     nbtrack.replicate("baseline", watch=bar.watch)
    """

    def __init__(self, doing: str, stream: IO[str]) -> None:
        self._doing = fit(doing, _NAME_LIMIT)
        self._stream = stream
        self._bar: Any = None

    def __enter__(self) -> Self:
        if self._stream.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=0, file=self._stream, leave=False, desc=self._doing, unit="replay", dynamic_ncols=True
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def watch(self, done: int, total: int) -> None:
        """Show how many replays are done.

        Parameters
        ----------
        done, total : int
        """
        if self._bar is not None:
            self._bar.total, self._bar.n = total, done
            self._bar.refresh()


def stopped(doing: str) -> tuple[Html, str]:
    """Return the words for something that was interrupted, as HTML and as text.

    Parameters
    ----------
    doing : str

    Returns
    -------
    (Html, str)
    """
    words = f"interrupted: {fit(doing, _NAME_LIMIT)}"
    return html.block(html.join([tinted("■", html.WARN), clean(words)], " ")), f"■ {clean(words)}"

"""Showing cards and live lines where a cell's output goes, through IPython's own display."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbtrack.records import RunRecord
from nbtrack.views import CardView, LiveView
from nbtrack.widgets import html
from nbtrack.widgets.card import card_html, card_text
from nbtrack.widgets.live import live_html, live_text

# The caller keeps a slower pace; this only keeps a wild caller from flooding the front end, which then drops output.
_SHORTEST_INTERVAL_S = 0.1
_MOST_CARDS = 50


class Shown:
    """Something in its two forms; a front end takes the one that it can show.

    Parameters
    ----------
    markup, plain : str
        HTML and text.

    Examples
    --------
    >>> Shown("<b>best</b>", "best")
    best
    """

    def __init__(self, markup: str, plain: str) -> None:
        self.html = markup
        self.text = plain

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        del include, exclude
        return {"text/plain": self.text, "text/html": self.html}

    def __repr__(self) -> str:
        return self.text


class Place:
    """A place in the output of the cell that runs now, which is filled again and again.

    Make it in the thread that runs the cell: ipykernel tells by context variables which cell an output belongs to, and
    other threads do not inherit them. Any thread may fill it, also when the cell has ended.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, shell: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = contextvars.copy_context()
        # A terminal would print what is updated again and again.
        self.is_rich = "text/html" in shell.display_formatter.active_types
        self._clock = clock
        self._lock = threading.Lock()
        self._id = uuid.uuid4().hex
        self._shown_s: float | None = None
        self._is_final = False

    def update(self, shown: Shown) -> None:
        """Show something for the moment; nothing in a terminal, and at most ten times a second.

        Parameters
        ----------
        shown : Shown
        """
        with self._lock:
            now_s = self._clock()
            too_soon = self._shown_s is not None and now_s - self._shown_s < _SHORTEST_INTERVAL_S
            if not self.is_rich or self._is_final or too_soon:
                return
            try:
                self._display(shown)
                self._shown_s = now_s
            except Exception:  # noqa: BLE001 - the kernel may be going away; what is for the moment is not worth a word
                self._is_final = True

    def finish(self, shown: Shown) -> None:
        """Show what stays; nothing is shown after it.

        Parameters
        ----------
        shown : Shown
        """
        with self._lock:
            self._end(shown)

    def clear(self) -> None:
        """Leave nothing of what was shown, and show nothing more."""
        with self._lock:
            self._end(None if self._shown_s is None else Shown("", ""))

    def _end(self, shown: Shown | None) -> None:
        is_over, self._is_final = self._is_final, True
        if shown is not None and not is_over:
            self._display(shown)

    def _display(self, shown: Shown) -> None:
        # A context can be entered by one thread at a time, and the cell's own is entered already.
        context = self._context.copy()
        context.run(_display, shown, self._id if self.is_rich else None, update=self._shown_s is not None)


class InlineDisplay:
    """Shows the runs of one shell's cells; outside IPython it shows nothing.

    A live line is put in place once and then updated; when its run ends, the run card takes that place.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell, optional
        Default: the shell that is running when something is to be shown.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, shell: Any = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._shell = shell
        self._clock = clock
        self._lock = threading.Lock()
        self._context: contextvars.Context | None = None
        self._places: dict[str, str] = {}
        self._cell: int | None = None
        self._updated_s = float("-inf")
        self._cards: dict[str, tuple[str, CardView]] = {}

    def begin(self) -> None:
        """Take note of the cell that begins now; call it in the thread that runs the cell.

        ipykernel tells by context variables which cell an output belongs to, and other threads do not inherit them.
        """
        cell = getattr(self._current_shell(), "execution_count", None)
        with self._lock:
            if cell != self._cell:
                # Nested runs of one cell each have a line; those of an earlier cell are history.
                self._cell, self._places = cell, {}
            self._context = contextvars.copy_context()
            self._updated_s = float("-inf")

    def live(self, view: LiveView) -> None:
        """Show or update the live line; any thread may call it.

        Parameters
        ----------
        view : LiveView
        """
        with self._lock:
            now_s = self._clock()
            if self._context is None or not self._is_rich() or now_s - self._updated_s < _SHORTEST_INTERVAL_S:
                return
            self._updated_s = now_s
            known = self._places.get(view.run_name)
            place = self._places.setdefault(view.run_name, uuid.uuid4().hex)
            line = Shown(live_html(view), live_text(view))
            try:
                self._context.run(_display, line, place, update=known is not None)
            except Exception:  # noqa: BLE001 - the kernel may be going away; a line less must not print a traceback
                self._context = None

    def finish(self, view: CardView) -> None:
        """Show the card of a run that has ended, in the live line's place where it had one.

        Parameters
        ----------
        view : CardView
        """
        with self._lock:
            place = self._places.pop(view.run.info.run_name, None)
            self._context = None
        self._show_card(view, place)

    def dismiss(self) -> None:
        """Take live lines away without a card."""
        with self._lock:
            places, self._places, self._context = self._places, {}, None
        for place in places.values():
            self._show(Shown("", ""), place, update=True)

    def show_card(self, view: CardView) -> None:
        """Show a run card in a place of its own.

        Parameters
        ----------
        view : CardView
        """
        self._show_card(view)

    def _show_card(self, view: CardView, place: str | None = None) -> None:
        where = place or uuid.uuid4().hex
        self._show(_card(view), where, update=place is not None)
        with self._lock:
            self._cards[view.run.info.run_id] = where, view
            while len(self._cards) > _MOST_CARDS:
                del self._cards[next(iter(self._cards))]

    def refresh(self, record: RunRecord) -> None:
        """Show the verdict on a run on its card, where this kernel has shown it; any thread may call it.

        Parameters
        ----------
        record : RunRecord
        """
        with self._lock:
            known = self._cards.get(record.info.run_id)
        if known is not None and self._is_rich():
            place, view = known
            view = replace(view, run=replace(view.run, verdict=record.verdict, verifications=record.verifications))
            self._show(_card(view), place, update=True)
            with self._lock:
                self._cards[record.info.run_id] = place, view

    def say(self, text: str) -> None:
        """Show one quiet line.

        Parameters
        ----------
        text : str
            A plain sentence.
        """
        line = text if text.startswith("nbtrack") else f"nbtrack: {text}"
        self._show(Shown(html.block(html.muted(line)), line))

    def _show(self, shown: Shown, place: str | None = None, *, update: bool = False) -> None:
        if self._current_shell() is not None:
            _display(shown, place, update=update)

    def _current_shell(self) -> Any:
        if self._shell is not None or "IPython" not in sys.modules:
            return self._shell
        from IPython import get_ipython

        return get_ipython()

    def _is_rich(self) -> bool:
        """Tell whether what was shown can be updated: a terminal would print it again and again."""
        shell = self._current_shell()
        return shell is not None and "text/html" in shell.display_formatter.active_types


def _card(view: CardView) -> Shown:
    now_s = time.time()
    return Shown(card_html(view, now_s), card_text(view, now_s))


def _display(shown: Shown, place: str | None, *, update: bool) -> None:
    from IPython.display import display

    display(shown, display_id=place, update=update)

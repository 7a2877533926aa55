"""Showing cards and live lines where a cell's output goes, through IPython's own display."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from nbtrack.views import CardView, LiveView
from nbtrack.widgets import html
from nbtrack.widgets.card import card_html, card_text
from nbtrack.widgets.live import live_html, live_text

# The caller keeps a slower pace; this only keeps a wild caller from flooding the front end, which then drops output.
_SHORTEST_INTERVAL_S = 0.1


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
        self._show(_card(view), place)

    def dismiss(self) -> None:
        """Take live lines away without a card."""
        with self._lock:
            places, self._places, self._context = self._places, {}, None
        for place in places.values():
            self._show(Shown("", ""), place)

    def show_card(self, view: CardView) -> None:
        """Show a run card in a place of its own.

        Parameters
        ----------
        view : CardView
        """
        self._show(_card(view))

    def say(self, text: str) -> None:
        """Show one quiet line.

        Parameters
        ----------
        text : str
            A plain sentence.
        """
        line = text if text.startswith("nbtrack") else f"nbtrack: {text}"
        self._show(Shown(html.block(html.muted(line)), line))

    def _show(self, shown: Shown, place: str | None = None) -> None:
        if self._current_shell() is not None:
            _display(shown, place, update=place is not None)

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

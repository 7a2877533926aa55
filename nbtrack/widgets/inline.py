"""Showing cards and live panels where a cell's output goes, through IPython's own display."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbtrack.widgets import html

if TYPE_CHECKING:
    from nbtrack.records import RunRecord
    from nbtrack.views import CardView, LiveView

# The caller keeps a slower pace; this only keeps a wild caller from flooding the front end, which then drops output.
_SHORTEST_INTERVAL_S = 0.1
_MOST_CARDS = 50
# Where a cell has cleared its output, the panel comes back once the new output had its moment.
_BACK_AFTER_S = 2.0
# A cell that prints all the time does not get rid of the panel.
_PATIENCE_S = 5.0
_TRIES, _MOMENT_S = 10, 0.002
# So many calls deep is what a kernel does with a piece of text.
_NEAR = 6
# Many cells begin by clearing what an earlier one of theirs has shown.
_BEGINNING_S = 0.5


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

    A live panel is put in place once and then updated; when its run ends, the run card takes that place.

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
        # Where the cell's output goes; another one while somebody captures it.
        self._publisher: Any = None
        self._hooked: Any = None
        self._clears: list[tuple[float, bool]] = []
        self._begun_s = float("-inf")
        self._cell_thread = 0
        self._cards: dict[str, tuple[str, CardView]] = {}

    def begin(self) -> None:
        """Take note of the cell that begins now; call it in the thread that runs the cell.

        ipykernel tells by context variables which cell an output belongs to, and other threads do not inherit them.
        """
        shell = self._current_shell()
        cell = getattr(shell, "execution_count", None)
        with self._lock:
            if cell != self._cell:
                # Nested runs of one cell each have a panel; those of an earlier cell are history.
                self._cell, self._places, self._clears = cell, {}, []
                self._begun_s = self._clock()
            self._cell_thread = threading.get_ident()
            self._publisher = getattr(shell, "display_pub", None)
            self._listen(self._publisher)
            self._context = contextvars.copy_context()
            self._updated_s = float("-inf")

    def live(self, view: LiveView) -> None:
        """Show or update the live panel; any thread may call it.

        Parameters
        ----------
        view : LiveView
        """
        with self._lock:
            now_s = self._clock()
            if self._context is None or not self.is_rich or now_s - self._updated_s < _SHORTEST_INTERVAL_S:
                return
            known = self._places.get(view.run_name)
            if self._is_captured() or (known is None and (self._stays_away(now_s) or self._is_printing(now_s))):
                return
            self._updated_s = now_s
            panel = _panel(view)
            # Noted before it is shown: a cell that clears its output meanwhile has cleared this, too.
            places, place = self._places, known or uuid.uuid4().hex
            places[view.run_name] = place
            try:
                self._context.run(_display, panel, place, update=known is not None)
            except Exception:  # noqa: BLE001 - the kernel may be going away; a panel less must not print a traceback
                self._context = None
                if known is None:
                    places.pop(view.run_name, None)

    def _is_captured(self) -> bool:
        """Tell whether the cell is just capturing what it shows: the panel is none of that."""
        return getattr(self._current_shell(), "display_pub", None) is not self._publisher

    def _is_printing(self, now_s: float) -> bool:
        """Tell whether the cell stays in the middle of a ``print``, whose line a new output would part in two."""
        if now_s - self._begun_s > _PATIENCE_S:
            return False
        for _ in range(_TRIES):
            if not _is_writing(self._cell_thread):
                return False
            time.sleep(_MOMENT_S)
        return True

    def _stays_away(self, now_s: float) -> bool:
        """Tell whether the cell shows something in its own way, clearing its output for it."""
        if not self._clears:
            return False
        cleared_s, waits = self._clears[-1]
        # A clearing that waits is done by the next output, which must be the cell's own.
        return waits or len(self._clears) > 1 or now_s - cleared_s < _BACK_AFTER_S

    def _listen(self, publisher: Any) -> None:
        """Hear of the output being cleared: what stood there is gone, and cannot be updated."""
        if publisher is not self._hooked and hasattr(publisher, "register_hook"):
            publisher.register_hook(self._on_message)
            self._hooked = publisher

    def _listen_no_longer(self) -> None:
        publisher, self._hooked = self._hooked, None
        if publisher is not None:
            publisher.unregister_hook(self._on_message)

    def _on_message(self, message: dict[str, Any]) -> dict[str, Any]:
        """Look at a message of the cell's own, which goes on as it is."""
        if message.get("msg_type") == "clear_output":
            # Without the lock: this is the user's call, and must not wait. A panel that is just being shown is gone.
            now_s = self._clock()
            if self._places or now_s - self._begun_s > _BEGINNING_S:
                self._clears.append((now_s, bool(message.get("content", {}).get("wait"))))
            self._places = {}
        return message

    def finish(self, view: CardView) -> None:
        """Show the card of a run that has ended, in the live panel's place where it had one.

        Parameters
        ----------
        view : CardView
        """
        with self._lock:
            place = self._places.pop(view.run.info.run_name, None)
            self._context = None
            self._listen_no_longer()
        self._show_card(view, place)

    def dismiss(self) -> None:
        """Take live panels away without a card."""
        with self._lock:
            places, self._places, self._context = self._places, {}, None
            self._listen_no_longer()
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
        if known is not None and self.is_rich:
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

    @property
    def is_rich(self) -> bool:
        """Whether what was shown can be updated: a terminal would print it again and again."""
        shell = self._current_shell()
        return shell is not None and "text/html" in shell.display_formatter.active_types


def _is_writing(thread: int) -> bool:
    """Tell whether a thread is just handing over a piece of text to the kernel's output."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - documented, in spite of its name
    for _ in range(_NEAR):
        if frame is None:
            return False
        if frame.f_code.co_name == "write" and frame.f_globals.get("__name__") == "ipykernel.iostream":
            return True
        frame = frame.f_back
    return False


# Cards and panels are loaded where the first one is shown: what `%load_ext` loads, everybody waits for.


def _panel(view: LiveView) -> Shown:
    from nbtrack.widgets.live import live_text, panel_html

    return Shown(panel_html(view), live_text(view))


def _card(view: CardView) -> Shown:
    from nbtrack.widgets.card import card_html, card_text

    now_s = time.time()
    return Shown(card_html(view, now_s), card_text(view, now_s))


def _display(shown: Shown, place: str | None, *, update: bool) -> None:
    from IPython.display import display

    display(shown, display_id=place, update=update)

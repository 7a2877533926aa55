"""A chart that follows runs while they run, and reads finer points where it is zoomed."""

from __future__ import annotations

import atexit
import contextlib
import contextvars
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from nbtrack.config import settings
from nbtrack.errors import NbtrackError
from nbtrack.widgets.charts.chart import Chart, Drawing
from nbtrack.widgets.charts.figure import spec
from nbtrack.widgets.charts.lines import Plot
from nbtrack.widgets.charts.request import Request
from nbtrack.widgets.charts.slot import Between, slot
from nbtrack.widgets.charts.waiting import Waiting
from nbtrack.widgets.frontend.onscreen import display_widget, shows_widgets, twin_html

# At most two updates a second; and of the time that passes, reading takes half at most.
_PAUSE_S, _SHARE = 0.5, 0.5
_IDLE_PAUSE_S = 2.0
# So often the static chart is brought up to date, which a notebook is saved with.
_TWIN_EVERY_S = 15.0
# So long a chart of an experiment or a filter waits for a run to begin.
_PATIENCE_S = 600.0
UNABLE = "nbtrack: widgets cannot be shown here, so the chart stands still; ask again for newer points."


class LiveChart(Chart):
    """A chart that follows its runs once it is shown. One follows at a time: a new one takes the other's place.

    Parameters
    ----------
    request : Request
        Where its runs are those of a filter or an experiment, others may join, for ten minutes after the last one
        has ended.
    draw : callable
        Returns a plot as a :class:`Drawing`.
    """

    def __init__(self, request: Request, draw: Callable[[Plot], Drawing]) -> None:
        self._request = request
        self._draw = draw
        self._waits = request.chosen.again is not None
        self._between: Between = None
        self._stopped = threading.Event()
        # Of the static chart and the widget.
        self._places: tuple[str, str] | None = None
        self._waiting: Waiting | None = None
        self._twin_s = float("-inf")
        self._context: contextvars.Context | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        plot = request.plot(lenient=True)
        self._x_title = plot.x_title
        super().__init__(draw(plot))

    @property
    def is_following(self) -> bool:
        """Whether the chart still looks for new points."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Stop following, and leave the static chart in the widget's place."""
        self._stopped.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=30)
        # The view goes from the page before what it speaks to does.
        self._settle(final=True)
        if _current is self:
            _set_current(None)
            slot.close()

    def _ipython_display_(self) -> None:
        if not settings().live:
            _show(self._repr_mimebundle_())
            return
        widget = self._begin() if shows_widgets() else None
        if widget is None:
            _show(self._repr_mimebundle_())
            sys.stdout.write(UNABLE + "\n")
            return
        first = self._places is None
        self._places = self._places or (uuid.uuid4().hex, uuid.uuid4().hex)
        self._context = contextvars.copy_context()
        self._waiting = self._waiting or Waiting(widget)
        _show(self._twin(self._waiting), self._places[0], update=not first)
        self._twin_s = time.monotonic()
        display_widget(self._waiting.box, self._waiting.line, display_id=self._places[1], update=not first)
        self._follow()

    def as_widget(self) -> Any:
        """Return plotly's widget alone, to be put beside other widgets; from now on it follows the runs.

        Returns
        -------
        plotly.graph_objects.FigureWidget
            The same one for every chart: it goes from one to the next.
        """
        widget = self._begin()
        self._context = self._context or contextvars.copy_context()
        self._follow()
        return widget

    def _begin(self) -> Any:
        """Take the widget over; None where there can be none."""
        if _current is not None and _current is not self:
            _current.hand_over()
        try:
            widget = slot.begin(self._drawing.spec(), self._on_zoom)
        except ImportError:
            # Plotly's widget wants a library that was taken away.
            return None
        _set_current(self)
        return widget

    def hand_over(self) -> None:
        """Stop following because another chart gets the widget; here the static chart stays."""
        self._stopped.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=30)
        self._settle(final=True)

    def _follow(self) -> None:
        if self.is_following:
            return
        assert self._context is not None
        self._stopped.clear()
        # ipykernel tells by context variables which cell an output belongs to, and threads do not inherit them.
        self._thread = threading.Thread(
            target=self._context.copy().run, args=(self._beat,), name="nbtrack-chart", daemon=True
        )
        self._thread.start()

    def _beat(self) -> None:
        """Look for new points until there can be none; nothing of this may reach the user's cells."""
        idle_since = time.monotonic()
        pause_s = _PAUSE_S
        while not self._stopped.wait(pause_s) and slot.is_alive:
            began = time.monotonic()
            try:
                was_running = self._request.is_running
                self._request = self._request.renewed()
                running = self._request.is_running
                if running or was_running:
                    self._draw_again()
                    idle_since = time.monotonic()
                    if not running or idle_since - self._twin_s > _TWIN_EVERY_S:
                        self._twin_s = idle_since
                        self._settle(final=False)
            except NbtrackError:
                # The store is busy, or was moved away: the next time may be better.
                running = True
            except Exception:  # noqa: BLE001 - the front end or the kernel is going away; no traceback into a cell
                return
            took_s = time.monotonic() - began
            pause_s = max(_PAUSE_S if running else _IDLE_PAUSE_S, took_s * (1 / _SHARE - 1))
            if not running and not (self._waits and time.monotonic() - idle_since < _PATIENCE_S):
                break
        if not self._stopped.is_set():
            self._settle(final=False)

    def _draw_again(self) -> None:
        with self._lock:
            plot = self._request.plot(self._between, lenient=True)
            if self._between is not None and plot.x_title != self._x_title:
                # From seconds to minutes, say: the range meant others.
                self._between = None
                plot = self._request.plot(lenient=True)
            self._x_title = plot.x_title
            if not self._stopped.is_set():
                slot.update(spec(plot))
                if self._between is None:
                    self._renew(plot)

    def _renew(self, plot: Plot) -> None:
        self._drawing = self._draw(plot)
        self.__dict__.pop("figure", None)

    def _on_zoom(self, between: Between) -> None:
        """Read the range that is shown now as finely as the whole was."""
        try:
            if between != self._between:
                with self._lock:
                    self._between = between
                self._draw_again()
        except NbtrackError:
            # The points that are there stay.
            return
        finally:
            if self._waiting is not None:
                self._waiting.answered()

    def _settle(self, *, final: bool) -> None:
        """Bring the static chart up to date; ``final``: it takes the widget's place, too."""
        if self._places is None or self._context is None or self._waiting is None:
            return
        (twin, widget), waiting = self._places, self._waiting
        try:
            # Of a store that is away, what was drawn last stands.
            with self._lock, contextlib.suppress(NbtrackError):
                self._renew(self._request.plot(lenient=True))
            shown = self._repr_mimebundle_() if final else self._twin(waiting)
            self._context.copy().run(_show, shown, twin, update=True)
            if final:
                self._places = self._waiting = None
                self._context.copy().run(_show, {"text/plain": ""}, widget, update=True)
                waiting.close()
        except Exception:  # noqa: BLE001 - the kernel may be going away; what is shown stays as it is
            return

    def _twin(self, waiting: Waiting) -> dict[str, Any]:
        return {"text/html": twin_html(waiting.twin, self.static_html()), "text/plain": repr(self)}


_current: LiveChart | None = None


def _set_current(chart: LiveChart | None) -> None:
    global _current  # noqa: PLW0603 - the one that has the widget
    _current = chart


def _show(bundle: dict[str, Any], place: str | None = None, *, update: bool = False) -> None:
    from IPython.display import display

    display(bundle, raw=True, display_id=place, update=update)


@atexit.register
def _stop() -> None:
    """End the thread before the interpreter does: it must not die inside DuckDB."""
    chart = _current
    if chart is not None:
        chart._stopped.set()  # noqa: SLF001 - of this module
        if chart._thread is not None:  # noqa: SLF001
            chart._thread.join(timeout=10)  # noqa: SLF001

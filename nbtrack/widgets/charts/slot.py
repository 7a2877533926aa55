"""The one plotly widget of this process: each costs megabytes and seconds, so it goes from chart to chart."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nbtrack.widgets.charts import look

Between = tuple[float, float] | None


class Slot:
    """Holds the widget, puts figures into it, and tells which range of x a person has zoomed to."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._widget: Any = None
        self._spec: dict[str, Any] = {"data": [], "layout": {}}
        self._zoomed: Callable[[Between], None] | None = None
        self._fitted = False

    @property
    def is_alive(self) -> bool:
        """Whether there is a widget that a front end can still show."""
        widget = self._widget
        return widget is not None and getattr(widget, "comm", None) is not None

    def begin(self, spec: dict[str, Any], zoomed: Callable[[Between], None]) -> Any:
        """Put a new figure into the widget, made where there is none, and return the widget.

        Parameters
        ----------
        spec : dict
            As plotly's ``Figure`` takes it.
        zoomed : callable
            Called with the range of x that is shown from now on, None for all of it.

        Returns
        -------
        plotly.graph_objects.FigureWidget
        """
        with self.lock:
            self._zoomed = None
            if self.is_alive:
                self._replace(spec)
            else:
                import plotly.graph_objects as go

                self._widget = go.FigureWidget(spec)
                # No public name sets it, and without, plotly's logo and buttons that do nothing here come back. The
                # widget, other than a figure, is told of no other width by the front end.
                config = self._widget._config | look.CONFIG | {"responsive": True}  # noqa: SLF001
                self._widget._config = config  # noqa: SLF001
                # What the front end tells once it has drawn.
                self._widget.observe(self._on_painted, "_js2py_traceDeltas")
            self._spec, self._zoomed, self._fitted = spec, zoomed, False
            self._watch()
            return self._widget

    def update(self, spec: dict[str, Any]) -> None:
        """Bring the figure up to date; only what has changed is sent.

        Parameters
        ----------
        spec : dict
        """
        with self.lock:
            if not self.is_alive:
                return
            if _shape(spec) != _shape(self._spec):
                # Of another unit a range would mean something else.
                self._replace(spec, keep_range=_x_title(spec) == _x_title(self._spec))
                self._watch()
            else:
                self._send_changes(spec)
            self._spec = spec

    def close(self) -> None:
        """Have the widget go from the front end."""
        with self.lock:
            widget, self._widget, self._zoomed = self._widget, None, None
            if widget is not None:
                widget.close()

    def _replace(self, spec: dict[str, Any], *, keep_range: bool = False) -> None:
        kept = {}
        if keep_range and self._widget.layout.xaxis.autorange is not True:
            kept = {"range": self._widget.layout.xaxis.range, "autorange": False}
        layout = {**spec["layout"]}
        if kept.get("range"):
            layout["xaxis"] = {**layout.get("xaxis", {}), **kept}
        with self._widget.batch_update():
            self._widget.data = ()
        self._widget.layout = layout
        self._widget.add_traces(spec["data"])

    def _send_changes(self, spec: dict[str, Any]) -> None:
        with self._widget.batch_update():
            for shown, old, new in zip(self._widget.data, self._spec["data"], spec["data"], strict=True):
                for name in ("x", "y", "text"):
                    if name in new and not _same(old.get(name), new[name]):
                        shown[name] = new[name]
            if spec["layout"].get("annotations") != self._spec["layout"].get("annotations"):
                self._widget.layout.annotations = spec["layout"].get("annotations") or []

    def _watch(self) -> None:
        self._widget.layout.on_change(self._on_range, "xaxis.range", "xaxis.autorange")

    def _on_painted(self, change: Any) -> None:
        """Have the figure take the width that there is: plotly drew it before it was in the page, at some width."""
        if self._fitted or not change["new"]:
            return
        self._fitted = True
        with self.lock:
            if self.is_alive:
                self._widget.layout.autosize = False
                self._widget.layout.autosize = True

    def _on_range(self, layout: Any, shown: Any, automatic: Any) -> None:
        del layout
        tell = self._zoomed
        if tell is None:
            return
        axis = self._widget.layout.xaxis
        tell(None if automatic or not shown else between_of(shown, axis.type))


def between_of(shown: Any, kind: str | None) -> Between:
    """Return the range that plotly tells as a range of the chart's x; None where it is none.

    Parameters
    ----------
    shown : (object, object)
        Numbers, their logarithms, or dates as text.
    kind : str or None
        The axis's type.

    Returns
    -------
    (float, float) or None

    Examples
    --------
    >>> between_of((1, 2), "log")
    (10.0, 100.0)
    """
    try:
        low, high = (_number(end, kind) for end in shown)
    except (TypeError, ValueError, OverflowError):
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _number(end: Any, kind: str | None) -> float:
    if kind == "date" and isinstance(end, str):
        when = datetime.fromisoformat(end[:26])
        return when.replace(tzinfo=UTC).timestamp() * 1e3
    return 10.0 ** float(end) if kind == "log" else float(end)


def _shape(spec: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return what cannot change without the traces being made anew."""
    names = ("type", "mode", "name", "legendgroup", "xaxis", "yaxis", "fill", "showlegend")
    shapes = [tuple(trace.get(name) for name in names) for trace in spec["data"]]
    return [*shapes, (spec["layout"].get("height"), _x_title(spec))]


def _x_title(spec: dict[str, Any]) -> Any:
    return spec["layout"].get("xaxis", {}).get("title", {}).get("text")


def _same(old: Any, new: Any) -> bool:
    import numpy as np

    if isinstance(new, np.ndarray) and isinstance(old, np.ndarray):
        return old.shape == new.shape and bool(np.array_equal(old, new, equal_nan=True))
    return old is not None and type(old) is type(new) and old == new


slot = Slot()
"""The one of this process."""

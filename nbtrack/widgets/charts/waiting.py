"""What stands around a live chart: a line that says when an answer has to wait, and the care for its still picture."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any

from nbtrack.widgets.frontend.bundle import LOADER, joined, packed
from nbtrack.widgets.frontend.onscreen import twin_name


def script() -> str:
    """Return the line's code as one ES module."""
    return joined(__package__, ("waiting",))


@lru_cache(maxsize=1)
def _widget_class() -> Any:
    """Return the widget's class; made at the first use, since anywidget takes a while to load."""
    import anywidget
    import traitlets

    class WaitingWidget(anywidget.AnyWidget):  # type: ignore[misc] # anywidget has no types
        _esm = LOADER
        _code = traitlets.Bytes(packed(script())).tag(sync=True)
        _twin = traitlets.Unicode("").tag(sync=True)
        _chart = traitlets.Unicode("").tag(sync=True)
        _answered = traitlets.Int(0).tag(sync=True)

    return WaitingWidget


class Waiting:
    """A line below a live chart: it shows nothing as long as the kernel answers.

    Parameters
    ----------
    chart : plotly.graph_objects.FigureWidget

    Attributes
    ----------
    twin : str
        Name of the chart's still picture, which is hidden as soon as the chart is painted.
    line : anywidget.AnyWidget
    box : ipywidgets.VBox
        The chart, and the line below it.
    """

    def __init__(self, chart: Any) -> None:
        import ipywidgets

        model_id = uuid.uuid4().hex
        self.twin = twin_name(model_id)
        self.line = _widget_class()(_twin=self.twin, _chart=chart.model_id)
        self.box = ipywidgets.VBox([chart, self.line], model_id=model_id)

    def answered(self) -> None:
        """Take the words away: the kernel has answered."""
        self.line._answered += 1  # noqa: SLF001 - kept in step, and of nobody else's interest

    def close(self) -> None:
        """Have both go from the front end; the chart itself may be another one's already."""
        self.box.close()
        self.line.close()

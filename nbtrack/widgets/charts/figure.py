"""Curves as a plotly figure: what ``plotly.graph_objects.Figure`` takes, as plain dicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.lines import Line, Panel, Plot

_PANEL, _GAP, _TOP, _BOTTOM = 216, 46, 34, 52
_LEGEND_ROW, _NOTE = 24, 15
_MOST_ABOVE, _MOST_LETTERS = 5, 70
_MOST_BESIDE, _NAME_ROW = 20, 22
_MOST_TOLD = 12
_ALONE = 3
_ACROSS_GAP = 0.09
# Of the span that is shown: what a narrower number may be off by, a twentieth of a pixel.
_FINE = 2e-5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel is: its axes, and its part of the figure as shares of it."""

    x_axis: str
    y_axis: str
    across: tuple[float, float]
    up: tuple[float, float]
    is_lowest: bool


def places(amount: int, least: int = 0) -> tuple[list[Place], int]:
    """Return where so many panels stand, and the height of all of them in pixels, which is ``least`` or more.

    Up to three stand in one column, more in two. The panels of a column share their x axis.
    """
    across = 1 if amount <= _ALONE else 2
    rows = -(-amount // across)
    panel = max(_PANEL, -(-(least - (rows - 1) * _GAP) // rows))
    height = rows * panel + (rows - 1) * _GAP
    width = (1 - _ACROSS_GAP * (across - 1)) / across
    found = []
    for index in range(amount):
        row, column = divmod(index, across)
        top = 1 - row * (panel + _GAP) / height
        left = column * (width + _ACROSS_GAP)
        lowest = index + across >= amount
        y_axis = "y" if not index else f"y{index + 1}"
        x_axis = "x" if not column else f"x{column + 1}"
        up = (max(top - panel / height, 0.0), min(top, 1.0))
        found.append(Place(x_axis, y_axis, (left, min(left + width, 1.0)), up, lowest))
    return found, height


def spec(plot: Plot) -> dict[str, Any]:
    """Return the figure of curves.

    Parameters
    ----------
    plot : Plot

    Returns
    -------
    dict
        ``data`` and ``layout``.
    """
    names = plot.names()
    above = len(names) <= _MOST_ABOVE and sum(len(line.name) for line in names.values()) <= _MOST_LETTERS
    # Beside the panels, the names of all lines are seen at once, as long as there are not too many.
    beside = 0 if above else _NAME_ROW * min(len(names), _MOST_BESIDE)
    where, height = places(max(len(plot.panels), 1), beside)
    shown: set[str] = set()
    data: list[dict[str, Any]] = []
    for panel, place in zip(plot.panels, where, strict=False):
        data += traces(panel, place, shown)
    # As long as one can read it, one box tells the values of all panels; else of the one below the mouse.
    together = len(plot.panels) > 1 and sum(len(panel.lines) for panel in plot.panels) <= _MOST_TOLD
    if together:
        data = [_naming_its_metric(trace, where, plot) for trace in data]
    top = _TOP + (_LEGEND_ROW if above else 0)
    bottom = _BOTTOM + _NOTE * len(plot.notes)
    layout = look.layout(
        height + top + bottom,
        margin={"l": 64, "r": 16, "t": top, "b": bottom},
        hovermode="x unified",
        hoversubplots="axis" if together else "overlaying",
        showlegend=True,
        # Zoom and hidden lines stay where the same chart comes anew with more points.
        uirevision="nbtrack",
        annotations=[
            *(
                look.heading(look.words(panel.title, 60), place.across[0], place.up[1])
                for panel, place in zip(plot.panels, where, strict=False)
            ),
            *look.footnote(plot.notes),
        ],
        **_axes(plot, where),
    )
    if above:
        layout["legend"] = {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1 + 22 / height, "yanchor": "bottom",
        }  # fmt: skip
    return {"data": data, "layout": layout}


def _axes(plot: Plot, where: Sequence[Place]) -> dict[str, Any]:
    axes: dict[str, Any] = {}
    for place in where:
        kind = look.kind(is_log=plot.log_y)
        axes[_long(place.y_axis)] = look.axis(domain=list(place.up), anchor=place.x_axis, automargin=True, **kind)
        if not place.is_lowest:
            continue
        kind = {"type": "date"} if plot.is_date else look.kind(is_log=plot.log_x)
        axes[_long(place.x_axis)] = look.axis(
            domain=list(place.across),
            anchor=place.y_axis,
            **kind,
            title={"text": plot.x_title, "standoff": 6, "font": {"size": 12}},
            hoverformat=None if plot.is_date else ",.6~g",
            showspikes=True,
            spikemode="across",
            # Below a line of this width plotly draws a white one, two pixels wider: none, so that the theme shows.
            spikethickness=-2,
            spikedash="solid",
            spikecolor=look.AXIS,
            **({} if place.x_axis == "x" else {"matches": "x"}),
        )
    return axes


def _naming_its_metric(trace: dict[str, Any], where: Sequence[Place], plot: Plot) -> dict[str, Any]:
    if "hovertemplate" not in trace:
        return trace
    titles = {place.y_axis: panel.title for panel, place in zip(plot.panels, where, strict=False)}
    # A template of the user's own words would be read as one.
    title = look.words(titles[trace["yaxis"]]).replace("%", "&#37;")
    return trace | {"hovertemplate": f"{trace['hovertemplate']}  {title}"}


def _long(axis: str) -> str:
    return f"{axis[0]}axis{axis[1:]}"


def traces(panel: Panel, place: Place, shown: set[str]) -> list[dict[str, Any]]:
    """Return the traces of one panel.

    Parameters
    ----------
    panel : Panel
    place : Place
    shown : set of str
        Identities that the legend has already; those of the panel are added.

    Returns
    -------
    list of dict
    """
    found: list[dict[str, Any]] = []
    for line in panel.lines:
        base = {
            "type": "scatter",
            "xaxis": place.x_axis,
            "yaxis": place.y_axis,
            "name": look.words(line.name),
            "legendgroup": line.identity,
            "showlegend": False,
        }
        # What is drawn first lies below.
        found += _below(line, base)
        look_of_it = {"color": look.colour(line.place), "dash": look.dash(line.place), "width": 1.6}
        found.append(
            base
            | {
                "x": compact(line.x),
                "y": compact(line.y),
                # A single point is no line.
                "mode": "lines" if _has_line(line) else "markers",
                "line": look_of_it,
                "marker": {"color": look_of_it["color"], "size": 6},
                "showlegend": line.identity not in shown,
                "hovertemplate": "%{y:.5~g}",
            }
        )
        shown.add(line.identity)
        if line.odd:
            found.append(_odd(line, base))
    return found


def _has_line(line: Line) -> bool:
    import numpy as np

    fine = np.isfinite(line.y)
    return bool((fine[1:] & fine[:-1]).any())


def _below(line: Line, base: dict[str, Any]) -> list[dict[str, Any]]:
    colour = look.colour(line.place)
    quiet = {"mode": "lines", "hoverinfo": "skip"}
    if line.low is not None:
        edge = base | quiet | {"x": compact(line.x), "line": {"width": 0, "color": colour}}
        fill = {"fill": "tonexty", "fillcolor": look.faint(colour, 0.18)}
        return [edge | {"y": compact(line.low)}, edge | {"y": compact(line.high)} | fill]
    if line.raw_y is None:
        return []
    raw = {"x": compact(line.raw_x), "y": compact(line.raw_y)}
    return [base | quiet | raw | {"line": {"width": 1, "color": look.faint(colour, 0.3)}}]


def _odd(line: Line, base: dict[str, Any]) -> dict[str, Any]:
    x, y, texts = zip(*line.odd, strict=True)
    return base | {
        "mode": "markers",
        "x": list(x),
        "y": list(y),
        "text": list(texts),
        "marker": {"symbol": "x-thin", "size": 8, "line": {"width": 1.6, "color": look.colour(line.place)}},
        "hovertemplate": "%{text}",
    }


def compact(values: Any) -> Any:
    """Return numbers in as few bytes as show the same: plotly sends arrays as they lie in memory.

    Parameters
    ----------
    values : array of float

    Returns
    -------
    array
    """
    import numpy as np

    values = np.asarray(values, dtype=np.float64)
    fine = values[np.isfinite(values)]
    if not len(fine):
        return values.astype(np.float32)
    if len(fine) == len(values) and np.abs(fine).max() < 2**31 and np.array_equal(fine, np.rint(fine)):
        return values.astype(np.int32)
    with np.errstate(over="ignore", under="ignore"):
        narrow = values.astype(np.float32)
        off = np.abs(fine - narrow[np.isfinite(values)].astype(np.float64))
    # Relative to what is near zero as well: an axis may be logarithmic.
    return narrow if np.all(off <= _FINE * np.minimum(np.ptp(fine), np.abs(fine))) else values

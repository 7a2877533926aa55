"""Curves as a drawing and as text: what a saved notebook, GitHub, an exported page and a terminal show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.lines import Line, Panel, Plot
from nbtrack.widgets.charts.scales import Scale
from nbtrack.widgets.charts.svg import WIDTH, Canvas, frame, legend_rows
from nbtrack.widgets.format import number
from nbtrack.widgets.series import blocks
from nbtrack.widgets.text import WIDTH as COLUMNS
from nbtrack.widgets.text import cells, clean, cut, fit, grid, wrap

_PANEL, _GAP, _AXIS = 190, 34, 18
_LEFT, _RIGHT = 62, 14
_BUDGET, _LEAST = 6_000, 40
_TREND = 40


def picture(plot: Plot, across: int | None = None) -> str:
    """Return curves as an SVG document.

    Parameters
    ----------
    plot : Plot
    across : int, optional
        How many panels stand beside each other; default: one of up to three, else two.

    Returns
    -------
    str
    """
    names = [(line.name, look.colour(line.place), look.dash(line.place)) for line in plot.names().values()]
    across = across or (1 if len(plot.panels) <= 3 else 2)
    rows = max(1, -(-len(plot.panels) // across))
    legend = 18 * legend_rows([name for name, *_ in names]) + 8 if names else 0
    height = legend + rows * (_PANEL + _GAP) + _AXIS + 15 * len(plot.notes)
    canvas = Canvas(height)
    if names:
        canvas.legend(names, 12)
    amount = max(1, sum(len(panel.lines) for panel in plot.panels))
    detail = max(_LEAST, min(400, _BUDGET // amount))
    width = (WIDTH - across * (_LEFT + _RIGHT)) / across
    for index, panel in enumerate(plot.panels):
        row, column = divmod(index, across)
        left = _LEFT + column * (width + _LEFT + _RIGHT)
        top = legend + 24 + row * (_PANEL + _GAP)
        box = (left, top, left + width, top + _PANEL - 10)
        _panel(canvas, panel, plot, box, detail, labelled=index + across >= len(plot.panels))
    for index, note in enumerate(plot.notes):
        canvas.text(cut(clean(note), 150), 8, height - 15 * (len(plot.notes) - index) + 9, size=10)
    return canvas.svg(heading(plot))


def heading(plot: Plot) -> str:
    """Return what a chart of curves shows, in one line."""
    metrics = ", ".join(panel.title for panel in plot.panels)
    return cut(clean(f"{metrics or 'nothing'} over {plot.x_title}"), COLUMNS)


def _panel(
    canvas: Canvas, panel: Panel, plot: Plot, box: tuple[float, float, float, float], detail: int, *, labelled: bool
) -> None:
    left, top, right, bottom = box
    canvas.text(cut(clean(panel.title), 60), left, top - 8, bold=True, size=12)
    # The panels of a column share their x axis.
    all_lines = [line for other in plot.panels for line in other.lines]
    x = scale_of(extent([line.x for line in all_lines] + [line.raw_x for line in all_lines], plot.log_x), left, right,
               "date" if plot.is_date else "log" if plot.log_x else "linear")  # fmt: skip
    heights = [values for line in panel.lines for values in (line.y, line.raw_y, line.low, line.high)]
    y = scale_of(extent(heights, plot.log_y), bottom, top, "log" if plot.log_y else "linear", room=0.04)
    if x is None or y is None:
        canvas.text("no value can be shown here", (left + right) / 2, (top + bottom) / 2, "middle")
        return
    frame(canvas, box, x, y, plot.x_title if labelled else "")
    for line in panel.lines:
        colour = look.colour(line.place)
        if line.low is not None and line.high is not None:
            under, over = (
                [at for piece in places(line.x, edge, x, y, detail) for at in piece] for edge in (line.low, line.high)
            )
            if under and over:
                canvas.area([*under, *reversed(over)], colour, 0.18)
        if line.raw_y is not None:
            canvas.path(places(line.raw_x, line.raw_y, x, y, detail), colour, 1, 0.3)
        canvas.path(places(line.x, line.y, x, y, detail), colour, 1.5, dash=look.dash(line.place))
        for at, height, _ in line.odd[:detail]:
            if (at > 0 or not plot.log_x) and (height > 0 or not plot.log_y):
                canvas.cross(x.at(at), y.at(height), colour)


def extent(arrays: Sequence[Any], log: bool) -> tuple[float, float] | None:
    """Return the lowest and the highest number that an axis can show; None where there is none.

    Parameters
    ----------
    arrays : sequence of array or None
    log : bool
        Whether the axis is logarithmic.

    Returns
    -------
    (float, float) or None
    """
    import numpy as np

    kept = [values[np.isfinite(values) & ((values > 0) | (not log))] for values in arrays if values is not None]
    kept = [values for values in kept if len(values)]
    if not kept:
        return None
    return float(min(values.min() for values in kept)), float(max(values.max() for values in kept))


def scale_of(ends: tuple[float, float] | None, start: float, end: float, kind: str, room: float = 0.0) -> Scale | None:
    """Return the axis between two places for numbers between two ends, with ``room`` beyond them as a share of it."""
    if ends is None:
        return None
    inset = (end - start) * room
    return Scale(*ends, start + inset, end - inset, kind)


def places(x: Any, y: Any, x_scale: Scale, y_scale: Scale, detail: int) -> list[list[tuple[float, float]]]:
    """Return a line in pieces between its gaps, with the lowest and the highest point of each of ``detail`` columns."""
    import numpy as np

    pieces: list[list[tuple[float, float]]] = [[]]
    hidden = ~np.isfinite(y)
    if y_scale.kind == "log":
        hidden |= ~(y > 0)
    if x_scale.kind == "log":
        hidden |= ~(x > 0)
    for at in _kept(y, hidden, detail):
        if hidden[at]:
            pieces.append([])
        else:
            pieces[-1].append((x_scale.at(float(x[at])), y_scale.at(float(y[at]))))
    return [piece for piece in pieces if piece]


def _kept(y: Any, hidden: Any, detail: int) -> Any:
    import numpy as np

    if len(y) <= 2 * detail:
        return range(len(y))
    edges = np.linspace(0, len(y), detail + 1).astype(int)[:-1]
    chosen = [np.array([0, len(y) - 1])]
    for part in np.split(np.arange(len(y)), edges[1:]):
        fine = part[~hidden[part]]
        gaps = part[hidden[part]][:1]
        chosen.append(gaps)
        if len(fine):
            chosen.append(np.array([fine[np.argmin(y[fine])], fine[np.argmax(y[fine])]]))
    return np.unique(np.concatenate(chosen))


def words(plot: Plot, width: int = COLUMNS) -> str:
    """Return curves as text: for each metric a line per run, with its shape and its extremes.

    Parameters
    ----------
    plot : Plot
    width : int
        Columns of the terminal.

    Returns
    -------
    str
    """
    lines = [heading(plot)]
    for panel in plot.panels:
        table = [["", fit(panel.title, 28), "", "lowest", "highest", "last"]]
        table += [_row(line) for line in panel.lines]
        lines += ["", *(fit(row, width) if cells(row) > width else row for row in grid(table, right={3, 4, 5}))]
    notes = [piece for note in plot.notes for piece in wrap(clean(note).split(" "), width, " ")]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _row(line: Line) -> list[str]:
    import numpy as np

    fine = line.y[np.isfinite(line.y)]
    odd = f" ✕ {line.odd[0][2]}" if line.odd else ""
    if not len(fine):
        return ["", fit(line.name, 28), "no finite value", "", "", ""]
    parts = np.array_split(fine, min(_TREND, len(fine)))
    ends = [number(float(value)) for value in (fine.min(), fine.max(), fine[-1])]
    return ["", fit(line.name, 28), blocks([float(part.mean()) for part in parts]) + odd, *ends]

"""``nbtrack.bars``: the last values of metrics, run by run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.directions import better_direction
from nbtrack.errors import InputError
from nbtrack.store.choosing import chosen_runs
from nbtrack.widgets import html
from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.arguments import names_of
from nbtrack.widgets.charts.chart import Chart, Drawing
from nbtrack.widgets.charts.columns import left_out, values_of
from nbtrack.widgets.charts.fields import run_names
from nbtrack.widgets.charts.request import MOST_PANELS
from nbtrack.widgets.charts.scales import Scale
from nbtrack.widgets.charts.scatter import draw_notes
from nbtrack.widgets.charts.svg import WIDTH, Canvas
from nbtrack.widgets.format import number
from nbtrack.widgets.text import clean, cut, fit, grid, natural

_ROW = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a name, its length, its value in words, and its colour."""

    name: str
    value: float
    words: str
    colour: str


@dataclass(frozen=True, slots=True)
class BarPanel:
    """Bars that share an axis, the first on top."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class BarPlot:
    """What a chart of bars shows."""

    title: str
    panels: tuple[BarPanel, ...]
    notes: tuple[str, ...] = ()

    def chart(self) -> Chart:
        """Return it as something to show."""
        return Chart(Drawing(self.title, lambda: spec(self), lambda: picture(self), lambda: words(self), self.notes))


def bars(metrics: str | Sequence[str] | None = None, *, runs: Any = None, limit: int = 30) -> Chart:
    """Return a chart of the runs' last values: a panel for each metric, a bar for each run, the best one on top.

    Parameters
    ----------
    metrics : str or sequence of str, optional
        Default: all, up to twelve.
    runs : str, Run, sequence, optional
        As for :func:`nbtrack.chart`.
    limit : int
        At most so many runs of a filter or an experiment, the newest.

    Returns
    -------
    Chart

    Raises
    ------
    InputError
        No run has such a metric.

    Examples
    --------
    >>> nbtrack.bars("accuracy", runs="params.model = 'rf'")  # doctest: +SKIP
    """
    chosen = chosen_runs(runs, limit)
    names = list(run_names(chosen.records).values())
    known = sorted({key for record in chosen.records for key in record.data.metrics}, key=natural)
    wanted = known if metrics is None else names_of(metrics, "metrics", "'accuracy'")
    if not wanted:
        raise InputError("the runs have no metric yet; log one, as nbtrack.log_metric('accuracy', 0.9).")
    notes = [*filter(None, [chosen.note])]
    if metrics is None and len(wanted) > MOST_PANELS:
        notes.append(f"{MOST_PANELS} of {len(wanted)} metrics; name those you want: metrics=['{clean(known[0])}', …].")
        wanted = wanted[:MOST_PANELS]
    panels = []
    for key in wanted:
        field = key if key.startswith("metrics.") else f"metrics.{key}"
        values = values_of(chosen.records, field)
        if values.categories:
            raise InputError(f"{key!r} is no metric; known: {', '.join(known[:8])}.")
        found = [
            Bar(name, float(value), number(float(value)), look.COLOURS[0])
            for name, value in zip(names, values.values, strict=True)
            if value is not None
        ]
        panels.append(BarPanel(values.name, _ranked(found, values.name)))
        notes += left_out(len(names) - len(found), values.name)
    title = "last " + ", ".join(panel.title for panel in panels) + " by run"
    return BarPlot(cut(title, 100), tuple(panels), tuple(notes)).chart()


def _ranked(found: list[Bar], key: str) -> tuple[Bar, ...]:
    """Return the bars, the best one first and in green where the name says which way is better."""
    direction = better_direction(key)
    ordered = sorted(found, key=lambda bar: bar.value, reverse=direction != "lower")
    if direction is None or len(ordered) < 2:
        return tuple(ordered)
    best = ordered[0].value
    return tuple(Bar(f"★ {bar.name}", bar.value, bar.words, html.GOOD) if bar.value == best else bar for bar in ordered)


def spec(plot: BarPlot) -> dict[str, Any]:
    """Return bars as a plotly figure."""
    rows = [max(1, len(panel.bars)) for panel in plot.panels]
    gap = 3.4
    total = sum(rows) + gap * (len(rows) - 1)
    data, annotations, axes = [], [], {}
    above = 0.0
    for index, (panel, amount) in enumerate(zip(plot.panels, rows, strict=True)):
        suffix = "" if not index else str(index + 1)
        domain = [max(0.0, 1 - (above + amount) / total), 1 - above / total]
        above += amount + gap
        # Names may be the same or reserved by plotly; places are neither.
        places = list(range(len(panel.bars)))
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "xaxis": f"x{suffix}",
                "yaxis": f"y{suffix}",
                "x": [bar.value for bar in panel.bars],
                "y": places,
                "text": [bar.words for bar in panel.bars],
                "textposition": "outside",
                "textfont": {"size": 11, "color": look.TEXT},
                "cliponaxis": False,
                "marker": {"color": [bar.colour for bar in panel.bars], "opacity": 0.85},
                "hovertext": [f"{look.words(bar.name)}  {bar.words}" for bar in panel.bars],
                "hoverinfo": "text",
                "showlegend": False,
            }
        )
        axes[f"xaxis{suffix}"] = look.axis(anchor=f"y{suffix}", zeroline=True, zerolinecolor=look.AXIS)
        axes[f"yaxis{suffix}"] = look.axis(
            domain=domain, anchor=f"x{suffix}", autorange="reversed", showgrid=False, automargin=True,
            ticks="", ticklabelstandoff=6, tickmode="array", tickvals=places,
            ticktext=[look.words(bar.name) for bar in panel.bars],
        )  # fmt: skip
        annotations.append(look.heading(look.words(panel.title, 110), 0, domain[1]))
    height = round(total * _ROW) + 34 + 52 + 15 * len(plot.notes)
    margin = {"l": 64, "r": 40, "t": 34, "b": 52 + 15 * len(plot.notes)}
    annotations += look.footnote(plot.notes)
    return {"data": data, "layout": look.layout(height, margin=margin, bargap=0.3, annotations=annotations, **axes)}


def picture(plot: BarPlot) -> str:
    """Return bars as an SVG document."""
    left, right = 240.0, WIDTH - 70.0
    height = sum(48 + _ROW * len(panel.bars) for panel in plot.panels) + 15 * len(plot.notes) + 8
    canvas = Canvas(height)
    top = 0.0
    for panel in plot.panels:
        canvas.text(cut(clean(panel.title), 80), left, top + 16, bold=True, size=12)
        values = [bar.value for bar in panel.bars]
        scale = Scale(min(0.0, *values), max(0.0, *values), left, right) if any(values) else Scale(0, 1, left, right)
        bottom = top + 24 + _ROW * len(panel.bars)
        for at, label in scale.ticks(6):
            canvas.line(at, top + 22, at, bottom, 0.15)
            canvas.text(label, at, bottom + 13, "middle", size=10)
        for index, bar in enumerate(panel.bars):
            y = top + 26 + index * _ROW
            ends = sorted((scale.at(0.0), scale.at(bar.value)))
            canvas.bar(ends[0], y, ends[1] - ends[0], _ROW - 7, bar.colour, 0.85)
            canvas.text(cut(clean(bar.name), 34, "middle"), left - 8, y + 11, "end")
            canvas.text(bar.words, ends[1] + 5, y + 11, size=10)
        canvas.line(scale.at(0.0), top + 22, scale.at(0.0), bottom, 0.6)
        top = bottom + 24
    draw_notes(canvas, plot.notes)
    return canvas.svg(plot.title)


def words(plot: BarPlot) -> str:
    """Return bars as text."""
    lines = [plot.title]
    for panel in plot.panels:
        longest = max((abs(bar.value) for bar in panel.bars), default=0.0)
        table = []
        for bar in panel.bars:
            share = abs(bar.value) / longest if longest and math.isfinite(longest) else 0.0
            table.append([fit(bar.name, 32), bar.words, "█" * max(1, round(share * 30)) if bar.value else ""])
        lines += ["", clean(panel.title), *grid(table, {1})]
    return "\n".join([*lines, *(["", *map(clean, plot.notes)] if plot.notes else [])])

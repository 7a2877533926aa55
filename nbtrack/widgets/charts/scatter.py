"""``nbtrack.scatter``: a param or metric of runs against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.store.choosing import chosen_runs
from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.chart import Chart, Drawing
from nbtrack.widgets.charts.columns import Values, left_out, values_of
from nbtrack.widgets.charts.fields import run_names
from nbtrack.widgets.charts.svg import WIDTH, Canvas, legend_rows
from nbtrack.widgets.format import number
from nbtrack.widgets.text import clean, cut, fit, grid

_HEIGHT, _PLOT = 380, 300
_MOST_ROWS = 20


def scatter(x: str, y: str, color: str | None = None, *, runs: Any = None, limit: int = 500) -> Chart:
    """Return a chart with a point for each run: one param or metric against another.

    Parameters
    ----------
    x, y : str
        ``params.lr``, ``metrics.accuracy``, ``tags.stage``, ``duration_s``, or a param's or metric's bare name. Numbers
        above 0 that span a factor of 100 or more get a logarithmic axis.
    color : str, optional
        A third one, as a colour.
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
        No run has such a param or metric.

    Examples
    --------
    >>> nbtrack.scatter("params.lr", "metrics.accuracy", color="params.model")  # doctest: +SKIP
    """
    chosen = chosen_runs(runs, limit)
    records = chosen.records
    across, up = values_of(records, x), values_of(records, y)
    tint = None if color is None else values_of(records, color)
    names = list(run_names(records).values())
    kept = [index for index in range(len(names)) if across.values[index] is not None and up.values[index] is not None]
    notes = [*filter(None, [chosen.note]), *left_out(len(names) - len(kept), f"{across.name} and {up.name}")]
    cloud = Cloud(tuple(names), across, up, tint, tuple(kept), tuple(notes))
    return Chart(Drawing(cloud.title, lambda: spec(cloud), lambda: picture(cloud), lambda: words(cloud), cloud.notes))


@dataclass(frozen=True, slots=True)
class Cloud:
    """What a scatter chart shows; ``kept`` are the places of the runs that can be drawn."""

    names: tuple[str, ...]
    x: Values
    y: Values
    color: Values | None
    kept: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """In one line."""
        return f"{self.y.name} against {self.x.name}" + (f", coloured by {self.color.name}" if self.color else "")

    def groups(self) -> list[tuple[str, str, list[int]]]:
        """Return name, colour and places of the runs for each colour that has a name; all others are one group."""
        if self.color is None or not self.color.categories:
            return [("", look.COLOURS[0], list(self.kept))]
        found = []
        for place, category in enumerate(self.color.categories):
            members = [index for index in self.kept if self.color.values[index] == category]
            found.append((f"{self.color.name} = {category}", look.colour(place), members))
        bare = [index for index in self.kept if self.color.values[index] is None]
        found.append((f"no {self.color.name}", look.TEXT, bare))
        return [group for group in found if group[2]]

    def tint(self, index: int) -> str:
        """Return the colour of a run by a number."""
        assert self.color is not None
        code = self.color.code(index)
        return look.TEXT if code is None else look.on_scale(self.color.whole(0.0, 1.0).at(code))


def spec(cloud: Cloud) -> dict[str, Any]:
    """Return a scatter chart as a plotly figure."""
    data = []
    by_number = cloud.color is not None and not cloud.color.categories
    for name, colour, members in cloud.groups():
        marker: dict[str, Any] = {"size": 9, "opacity": 0.85, "color": colour}
        if by_number:
            assert cloud.color is not None
            marker["color"] = [cloud.tint(index) for index in members]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": look.words(name),
                "x": [cloud.x.plotted(index) for index in members],
                "y": [cloud.y.plotted(index) for index in members],
                "text": [_told(cloud, index) for index in members],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": marker,
                "showlegend": bool(name),
            }
        )
    if by_number:
        assert cloud.color is not None
        data.append(_scale_of_colours(cloud.color))
    layout = look.layout(
        _HEIGHT + 15 * len(cloud.notes),
        margin={"l": 64, "r": 16, "t": 24, "b": 56 + 15 * len(cloud.notes)},
        hovermode="closest",
        xaxis=look.axis(title={"text": look.words(cloud.x.name), "font": {"size": 12}}, **cloud.x.axis()),
        yaxis=look.axis(
            title={"text": look.words(cloud.y.name), "font": {"size": 12}}, automargin=True, **cloud.y.axis()
        ),
        annotations=look.footnote(cloud.notes),
    )
    return {"data": data, "layout": layout}


def _told(cloud: Cloud, index: int) -> str:
    facts = [cloud.x, cloud.y, *([cloud.color] if cloud.color else [])]
    lines = [f"<b>{look.words(cloud.names[index])}</b>"]
    lines += [f"{look.words(fact.name)} {look.words(fact.words(index))}" for fact in facts]
    return "<br>".join(lines).replace("%", "&#37;")


def colour_bar(color: Values) -> dict[str, Any]:
    """Return plotly's bar of colours for numbers from 0 to 1, or for the places of categories."""
    if color.categories:
        ticks = [(float(place), look.words(name, 18)) for place, name in enumerate(color.categories)]
    else:
        ticks = [tick for tick in color.ticks(color.whole(0.0, 1.0), 5) if 0 <= tick[0] <= 1]
    return {
        "title": {"text": look.words(color.name), "side": "right"},
        "thickness": 10,
        "outlinewidth": 0,
        "tickvals": [at for at, _ in ticks],
        "ticktext": [label for _, label in ticks],
    }


def _scale_of_colours(color: Values) -> dict[str, Any]:
    """Return a trace without points that brings the bar of colours."""
    marker = {
        "color": [0.0],
        "cmin": 0,
        "cmax": 1,
        "colorscale": [list(stop) for stop in look.SCALE],
        "showscale": True,
    }
    return {
        "type": "scatter", "mode": "markers", "x": [None], "y": [None], "showlegend": False, "hoverinfo": "skip",
        "marker": marker | {"colorbar": colour_bar(color)},
    }  # fmt: skip


def picture(cloud: Cloud) -> str:
    """Return a scatter chart as an SVG document."""
    groups = cloud.groups()
    legend = [(name, colour, "solid") for name, colour, _ in groups if name]
    by_number = cloud.color is not None and not cloud.color.categories
    top = 18 * legend_rows([name for name, *_ in legend]) + 8 if legend else 34 if by_number else 14
    canvas = Canvas(top + _PLOT + 48 + 15 * len(cloud.notes))
    if legend:
        canvas.legend(legend, 12)
    if by_number:
        assert cloud.color is not None
        draw_colours(canvas, cloud.color)
    box = (72.0, float(top), WIDTH - 14.0, float(top + _PLOT))
    draw_axes(canvas, box, cloud.x, cloud.y)
    x, y = cloud.x.scale(box[0], box[2]), cloud.y.scale(box[3], box[1])
    for _, colour, members in groups:
        for index in members:
            across, up = cloud.x.code(index), cloud.y.code(index)
            assert across is not None
            assert up is not None
            canvas.dot(x.at(across), y.at(up), cloud.tint(index) if by_number else colour, 4, 0.85)
    draw_notes(canvas, cloud.notes)
    return canvas.svg(cloud.title)


def draw_axes(canvas: Canvas, box: tuple[float, float, float, float], across: Values, up: Values) -> None:
    """Add the grid, the ticks and the names of both axes."""
    left, top, right, bottom = box
    for at, label in up.ticks(up.scale(bottom, top), 5):
        canvas.line(left, at, right, at, 0.18)
        canvas.text(label, left - 6, at + 3.5, "end")
    for at, label in across.ticks(across.scale(left, right), 6):
        canvas.line(at, top, at, bottom, 0.12)
        canvas.text(label, at, bottom + 15, "middle")
    canvas.line(left, bottom, right, bottom, 0.6)
    canvas.line(left, top, left, bottom, 0.6)
    canvas.text(across.name, (left + right) / 2, bottom + 32, "middle")
    canvas.text(up.name, left + 6, top + 12, bold=True)


def draw_colours(canvas: Canvas, color: Values) -> None:
    """Add the bar of colours for numbers, at the upper edge."""
    left, wide = 72.0, 160.0
    for step in range(32):
        canvas.bar(left + step * wide / 32, 8, wide / 32 + 0.5, 8, look.on_scale((step + 0.5) / 32))
    canvas.text(number(min(color.present)), left - 6, 16, "end")
    canvas.text(f"{number(max(color.present))}   {color.name}", left + wide + 6, 16)


def draw_notes(canvas: Canvas, notes: Sequence[str]) -> None:
    """Add the sentences that say what is left out, at the lower edge."""
    for index, note in enumerate(notes):
        canvas.text(cut(clean(note), 150), 8, canvas.height - 15 * (len(notes) - index) + 9, size=10)


def words(cloud: Cloud) -> str:
    """Return a scatter chart as text: a table of the runs."""
    facts = [cloud.x, cloud.y, *([cloud.color] if cloud.color else [])]
    table = [["run", *(fit(fact.name, 24) for fact in facts)]]
    table += [
        [fit(cloud.names[index], 28), *(fit(fact.words(index), 24) for fact in facts)]
        for index in cloud.kept[:_MOST_ROWS]
    ]
    more = len(cloud.kept) - _MOST_ROWS
    rest = [f"and {more} more runs"] if more > 0 else []
    right = {place for place, fact in enumerate(facts, 1) if not fact.categories}
    notes = ["", *map(clean, cloud.notes)] if cloud.notes else []
    return "\n".join([cloud.title, "", *grid(table, right), *rest, *notes])

"""``nbtrack.parallel_coordinates``: a line for each run across params and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.errors import InputError
from nbtrack.store.choosing import chosen_runs
from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.arguments import names_of
from nbtrack.widgets.charts.chart import Chart, Drawing
from nbtrack.widgets.charts.columns import Values, left_out, values_of
from nbtrack.widgets.charts.fields import run_names
from nbtrack.widgets.charts.scatter import colour_bar, draw_colours, draw_notes
from nbtrack.widgets.charts.svg import WIDTH, Canvas, legend_rows
from nbtrack.widgets.format import count
from nbtrack.widgets.text import cells, clean, cut, fit, grid

_MOST = 12
_HEIGHT, _PLOT = 400, 280
_MOST_ROWS = 20
# What a letter takes on average.
_LETTER = 7.2


def parallel_coordinates(
    columns: Sequence[str] | None = None, *, color: str | None = None, runs: Any = None, limit: int = 500
) -> Chart:
    """Return a chart with an axis for each param and metric, and a line across all of them for each run.

    Parameters
    ----------
    columns : sequence of str, optional
        As ``["params.lr", "params.model", "metrics.accuracy"]``. Default: all params and metrics that differ and that
        most of the runs have, up to twelve.
    color : str, optional
        What colours the lines; default the last column.
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
        No run has such a param or metric, or there are fewer than two to show.

    Examples
    --------
    >>> nbtrack.parallel_coordinates(["lr", "depth", "accuracy"], color="accuracy")  # doctest: +SKIP
    """
    chosen = chosen_runs(runs, limit)
    records, notes = chosen.records, [*filter(None, [chosen.note])]
    if columns is None:
        params = dict.fromkeys(f"params.{key}" for record in records for key in record.typed_params)
        metrics = dict.fromkeys(f"metrics.{key}" for record in records for key in record.data.metrics)
        found = [_or_none(records, field) for field in (*params, *metrics)]
        axes = [values for values in found if values is not None and not values.is_constant]
        # A run is a line only where it has a value on every axis.
        usual = [values for values in axes if 2 * len(values.present) >= len(records)]
        if 2 <= len(usual) < len(axes):
            notes.append(f"{count(len(axes) - len(usual), 'column')} left out that most of the runs have no value for.")
            axes = usual
        if len(axes) > _MOST:
            notes.append(f"{_MOST} of {len(axes)} columns; name those you want: columns=['{axes[0].field}', …].")
            # Metrics are what it is about: at least half of the room is theirs where they need it.
            some = [values for values in axes if values.field.startswith("metrics.")][-_MOST // 2 :]
            axes = [values for values in axes if values.field.startswith("params.")][: _MOST - len(some)] + some
    else:
        axes = [values_of(records, field) for field in names_of(columns, "columns", "['params.lr', 'accuracy']")]
    if len(axes) < 2:
        raise InputError(
            f"{len(axes)} columns differ between the {len(records)} runs; two or more are needed. Name them: "
            "columns=['params.lr', 'metrics.accuracy']."
        )
    tint = axes[-1] if color is None else values_of(records, color)
    kept = [index for index in range(len(records)) if all(values.values[index] is not None for values in [*axes, tint])]
    notes += left_out(len(records) - len(kept), "value in one of the columns")
    if not kept:
        raise InputError("no run has a value in all of these columns; name fewer: columns=['params.lr', …].")
    bundle = Bundle(tuple(run_names(records).values()), tuple(axes), tint, tuple(kept), tuple(notes))
    return Chart(
        Drawing(bundle.title, lambda: spec(bundle), lambda: picture(bundle), lambda: words(bundle), bundle.notes)
    )


def _or_none(records: Sequence[Any], field: str) -> Values | None:
    try:
        return values_of(records, field)
    except InputError:
        # A metric that never was finite has no axis.
        return None


@dataclass(frozen=True, slots=True)
class Bundle:
    """What the chart shows; ``kept`` are the places of the runs that have all values."""

    names: tuple[str, ...]
    axes: tuple[Values, ...]
    color: Values
    kept: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """In one line."""
        listed = ", ".join(values.name for values in self.axes)
        return cut(f"{listed}, coloured by {self.color.name}", 100)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the axes; of a param and a metric that share one, with their kinds."""
        names = [values.name for values in self.axes]
        return tuple(
            name if names.count(name) == 1 else cut(clean(values.field), 40)
            for name, values in zip(names, self.axes, strict=True)
        )

    def tint(self, index: int) -> str:
        """Return the colour of a run."""
        code = self.color.code(index)
        assert code is not None
        if self.color.categories:
            return look.colour(int(code))
        return look.on_scale(self.color.whole(0.0, 1.0).at(code))


def spec(bundle: Bundle) -> dict[str, Any]:
    """Return the chart as a plotly figure."""
    dimensions = []
    for label, values in zip(bundle.labels, bundle.axes, strict=True):
        # All axes run from 0 to 1: plotly's own know neither logarithms nor categories.
        scale = values.whole(0.0, 1.0)
        ticks = [tick for tick in values.ticks(scale, 5) if -1e-9 <= tick[0] <= 1 + 1e-9]
        dimensions.append(
            {
                "label": look.words(label, 20),
                "range": [0, 1],
                "values": [scale.at(values.code(index) or 0.0) for index in bundle.kept],
                "tickvals": [at for at, _ in ticks],
                "ticktext": [look.words(label, 18) for _, label in ticks],
            }
        )
    if bundle.color.categories:
        amount = len(bundle.color.categories)
        codes = [bundle.color.code(index) for index in bundle.kept]
        stops = [[(place + part) / amount, look.colour(place)] for place in range(amount) for part in (0, 1)]
        line: dict[str, Any] = {"color": codes, "colorscale": stops, "cmin": -0.5, "cmax": amount - 0.5}
    else:
        scale = bundle.color.whole(0.0, 1.0)
        codes = [scale.at(bundle.color.code(index) or 0.0) for index in bundle.kept]
        line = {"color": codes, "colorscale": [list(stop) for stop in look.SCALE], "cmin": 0, "cmax": 1}
    line |= {"showscale": True, "colorbar": colour_bar(bundle.color)}
    # Plotly's own shadow is white, whatever the page is.
    font = {"size": 12, "color": look.TEXT, "shadow": "none"}
    trace = {
        "type": "parcoords", "dimensions": dimensions, "line": line, "labelfont": font, "tickfont": font,
        "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"}, "unselected": {"line": {"opacity": 0.06}},
    }  # fmt: skip
    room = 15 * len(bundle.notes)
    # Plotly draws the axes in black, whatever the page is.
    edge = {"width": 1, "color": look.AXIS}
    lines = [
        {"type": "line", "xref": "paper", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": edge}
        for at in (index / (len(bundle.axes) - 1) for index in range(len(bundle.axes)))
    ]
    layout = look.layout(
        _HEIGHT + room,
        margin={"l": _room(bundle.axes[0]), "r": 50, "t": 56, "b": 24 + room},
        annotations=_notes(bundle.notes),
        shapes=lines,
    )
    return {"data": [trace], "layout": layout}


def _room(first: Values) -> int:
    """Return the pixels that the labels of the first axis need on its left: plotly does not look after them itself."""
    labels = (label for _, label in first.ticks(first.whole(0.0, 1.0), 5))
    return max(70, 20 + round(_LETTER * max((cells(label) for label in labels), default=0)))


def _notes(notes: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{**note, "yshift": -20} for note in look.footnote(notes)]


def picture(bundle: Bundle) -> str:
    """Return the chart as an SVG document."""
    color = bundle.color
    legend = [(f"{color.name} = {name}", look.colour(at), "solid") for at, name in enumerate(color.categories)]
    above = 18 * legend_rows([name for name, *_ in legend]) + 8 if legend else 30
    top, left, right = above + 40.0, float(_room(bundle.axes[0])), WIDTH - 70.0
    canvas = Canvas(top + _PLOT + 24 + 15 * len(bundle.notes))
    if legend:
        canvas.legend(legend, 12)
    else:
        draw_colours(canvas, color)
    places = [left + index * (right - left) / (len(bundle.axes) - 1) for index in range(len(bundle.axes))]
    scales = [values.whole(top + _PLOT, top) for values in bundle.axes]
    for index in bundle.kept:
        line = [
            (x, scale.at(values.code(index) or 0.0))
            for x, scale, values in zip(places, scales, bundle.axes, strict=True)
        ]
        canvas.path([line], bundle.tint(index), 1.3, 0.75)
    for x, scale, values, label in zip(places, scales, bundle.axes, bundle.labels, strict=True):
        canvas.line(x, top, x, top + _PLOT, 0.8)
        canvas.text(cut(label, 16, "middle"), x, above + 22, "middle", bold=True)
        for at, words_ in values.ticks(scale, 5):
            canvas.line(x - 4, at, x, at, 0.8)
            canvas.text(cut(words_, 18 if x == left else 12), x - 6, at + 3.5, "end", size=10)
    draw_notes(canvas, bundle.notes)
    return canvas.svg(bundle.title)


def words(bundle: Bundle) -> str:
    """Return the chart as text: a table of the runs."""
    table = [["run", *(fit(label, 14) for label in bundle.labels)]]
    table += [
        [fit(bundle.names[index], 24), *(fit(values.words(index), 14) for values in bundle.axes)]
        for index in bundle.kept[:_MOST_ROWS]
    ]
    more = len(bundle.kept) - _MOST_ROWS
    rest = [f"and {more} more runs"] if more > 0 else []
    right = {place for place, values in enumerate(bundle.axes, 1) if not values.categories}
    notes = ["", *map(clean, bundle.notes)] if bundle.notes else []
    return "\n".join([bundle.title, "", *grid(table, right), *rest, *notes])

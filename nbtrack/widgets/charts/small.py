"""A curve in small: one of many pictures that stand side by side."""

from __future__ import annotations

from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.lines import Line
from nbtrack.widgets.charts.picture import extent, places, scale_of
from nbtrack.widgets.charts.svg import Canvas, image
from nbtrack.widgets.format import count, number
from nbtrack.widgets.html import Html
from nbtrack.widgets.text import clean, cut

WIDTH, HEIGHT = 270, 128
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 24, 22
_DETAIL = 100


def small_image(line: Line, title: str, value: str = "") -> Html:
    """Return one line with its name and its last value above it.

    Parameters
    ----------
    line : Line
    title, value : str

    Returns
    -------
    Html
        An image, which even an untrusted notebook shows.
    """
    canvas = Canvas(HEIGHT, WIDTH)
    canvas.text(cut(clean(title), 24, "middle"), _LEFT, 14, bold=True, size=12)
    canvas.text(cut(value, 12), WIDTH - _RIGHT, 14, "end", size=12)
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    x, y = (
        scale_of(extent([line.x], False), _LEFT, right, "linear"),
        scale_of(extent([line.y], False), bottom, _TOP, "linear", room=0.06),
    )
    if x is None or y is None:
        canvas.text("no value can be shown here", (_LEFT + right) / 2, (_TOP + bottom) / 2, "middle")
    else:
        for at, label in y.ticks(3):
            canvas.line(_LEFT, at, right, at, 0.18)
            canvas.text(label, _LEFT - 5, at + 3.5, "end", size=10)
        canvas.line(_LEFT, bottom, right, bottom, 0.6)
        canvas.text(f"{int(line.x[0]):,}", _LEFT, bottom + 13, size=10)
        canvas.text(f"step {int(line.x[-1]):,}", right, bottom + 13, "end", size=10)
        canvas.path(places(line.x, line.y, x, y, _DETAIL), look.colour(line.place), 1.5)
        for at, height, _ in line.odd[:_DETAIL]:
            canvas.cross(x.at(at), y.at(height), look.colour(line.place))
    name = cut(clean(title), 60)
    return image(canvas.svg(name), _words(line, name), WIDTH)


def _words(line: Line, name: str) -> str:
    """Return what is seen, for who cannot see it."""
    ends = extent([line.y], False)
    if ends is None:
        return f"{name}: no finite value"
    span = f"steps {int(line.x[0]):,} to {int(line.x[-1]):,}"
    odd = f", {count(len(line.odd), 'stretch')} not finite" if line.odd else ""
    return f"{name} over {span}, from {number(ends[0])} to {number(ends[1])}{odd}"

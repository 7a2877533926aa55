"""A small drawing of our own: what a chart looks like where nothing can run, as SVG that stands by itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from nbtrack.widgets import html
from nbtrack.widgets.charts.scales import Scale
from nbtrack.widgets.html import Html, el
from nbtrack.widgets.text import cells, clean, cut

WIDTH = 860
FONT = "system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
_DASHES = {"dash": "6 4", "dot": "2 3", "dashdot": "6 3 2 3"}
# What a letter takes on average, in a face that nobody here can measure.
_LETTER = 6.4


class Canvas:
    """Shapes, added one after the other; text is escaped.

    Parameters
    ----------
    height : float
    width : float
    """

    def __init__(self, height: float, width: float = WIDTH) -> None:
        self.width = width
        self.height = height
        self._parts: list[str] = []

    def text(
        self, value: str, x: float, y: float, anchor: str = "start", *, bold: bool = False, size: int = 11
    ) -> None:
        """Add one line of text."""
        weight = ' font-weight="600"' if bold else ""
        at = f'x="{_short(x)}" y="{_short(y)}"'
        self._parts.append(
            f'<text {at} text-anchor="{anchor}" font-size="{size}"{weight}>{escape(clean(value))}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, opacity: float = 0.3) -> None:
        """Add a thin grey line."""
        ends = " ".join(
            f'{name}="{_short(at)}"' for name, at in zip(("x1", "y1", "x2", "y2"), (x1, y1, x2, y2), strict=True)
        )
        self._parts.append(f'<line {ends} stroke="{html.GREY}" stroke-opacity="{opacity:g}"/>')

    def path(
        self, pieces: Sequence[Sequence[tuple[float, float]]], colour: str, width: float = 1.5, opacity: float = 1.0,
        dash: str = "solid",
    ) -> None:  # fmt: skip
        """Add a line in pieces; a piece of one point is a dot."""
        words = ["M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in piece) for piece in pieces if len(piece) > 1]
        if words:
            more = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
            more += f' stroke-dasharray="{_DASHES[dash]}"' if dash in _DASHES else ""
            self._parts.append(
                f'<path d="{"".join(words)}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
                f'stroke-linejoin="round"{more}/>'
            )
        for piece in pieces:
            if len(piece) == 1:
                self.dot(*piece[0], colour, 1.6 if width > 1 else 1.0, opacity)

    def area(self, outline: Sequence[tuple[float, float]], colour: str, opacity: float) -> None:
        """Add a filled outline."""
        words = "L".join(f"{_short(x)} {_short(y)}" for x, y in outline)
        self._parts.append(f'<path d="M{words}Z" fill="{colour}" fill-opacity="{opacity:g}"/>')

    def dot(self, x: float, y: float, colour: str, radius: float = 3.5, opacity: float = 1.0) -> None:
        """Add a filled circle."""
        more = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._parts.append(f'<circle cx="{_short(x)}" cy="{_short(y)}" r="{radius:g}" fill="{colour}"{more}/>')

    def cross(self, x: float, y: float, colour: str, size: float = 3.5) -> None:
        """Add a small cross: a value that is no number."""
        x, y = round(x, 1), round(y, 1)
        words = f"M{x - size:g} {y - size:g}l{2 * size:g} {2 * size:g}m0 {-2 * size:g}l{-2 * size:g} {2 * size:g}"
        self._parts.append(f'<path d="{words}" stroke="{colour}" stroke-width="1.5" fill="none"/>')

    def bar(self, x: float, y: float, width: float, height: float, colour: str, opacity: float = 1.0) -> None:
        """Add a filled box."""
        more = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        at = f'x="{_short(x)}" y="{_short(y)}" width="{_short(max(width, 0.5))}" height="{_short(height)}"'
        self._parts.append(f'<rect {at} fill="{colour}"{more}/>')

    def legend(self, names: Sequence[tuple[str, str, str]], y: float, x: float = 8) -> float:
        """Add names with the colour and the kind of their lines, in as many rows as they need.

        Parameters
        ----------
        names : sequence of (str, str, str)
            Name, colour and dash.
        y : float
            Middle of the first row.
        x : float
            Left edge.

        Returns
        -------
        float
            Middle of the last row.
        """
        left = x
        for name, colour, dash in names:
            shown = cut(clean(name), 32, "middle")
            wide = 34 + cells(shown) * _LETTER
            if left > x and left + wide > self.width:
                left, y = x, y + 18
            self.path([[(left, y), (left + 18, y)]], colour, 2.2, dash=dash)
            self.text(shown, left + 24, y + 4)
            left += wide + 10
        return y

    def svg(self, title: str) -> str:
        """Return the drawing as a document.

        Parameters
        ----------
        title : str
            Said by screen readers.

        Returns
        -------
        str
        """
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" fill="{html.GREY}">'
            f"<title>{escape(clean(title))}</title>{''.join(self._parts)}</svg>"
        )


def legend_rows(names: Sequence[str], width: float = WIDTH, x: float = 8) -> int:
    """Return how many rows :meth:`Canvas.legend` needs."""
    canvas = Canvas(0, width)
    return 1 + round(canvas.legend([(name, "#000000", "solid") for name in names], 0.0, x) / 18)


def image(svg: str, alt: str, width: int = WIDTH) -> Html:
    """Return a drawing as an image, which even an untrusted notebook shows.

    Parameters
    ----------
    svg, alt : str
    width : int
        In pixels, where there is room for it.

    Returns
    -------
    Html
    """
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8", "replace")).decode()
    return el("img", src=source, alt=alt, width=width, style="max-width:100%")


def _short(value: float) -> str:
    return f"{round(value, 1):g}"


def frame(canvas: Canvas, box: tuple[float, float, float, float], x: Scale, y: Scale, x_title: str) -> None:
    """Add grid, ticks and the title of the x axis to a panel.

    Parameters
    ----------
    canvas : Canvas
    box : (float, float, float, float)
        Left, top, right and bottom.
    x, y : Scale
    x_title : str
        Empty: no labels below, another panel has them.
    """
    left, top, right, bottom = box
    for at, label in y.ticks(5):
        canvas.line(left, at, right, at, 0.18)
        canvas.text(label, left - 6, at + 3.5, "end")
    ticks = x.ticks(max(2, int((right - left) / (110 if x.kind == "date" else 90))))
    for at, label in ticks:
        canvas.line(at, top, at, bottom, 0.12)
        if x_title:
            canvas.text(label, min(at, right - 4), bottom + 15, "middle")
    canvas.line(left, bottom, right, bottom, 0.6)
    canvas.line(left, top, left, bottom, 0.6)
    if x_title:
        canvas.text(x_title, (left + right) / 2, bottom + 31, "middle")

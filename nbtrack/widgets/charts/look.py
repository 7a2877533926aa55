"""How charts look: colours that hold up on white and on black, names, and what every figure shares."""

from __future__ import annotations

from html import escape
from typing import Any

from nbtrack.widgets import html
from nbtrack.widgets.text import clean, cut

COLOURS = (
    html.CALM,
    "#d9651c",
    html.GOOD,
    "#9460d4",
    html.BAD,
    "#0e8a94",
    "#c8468b",
    "#7d7f12",
    "#9a6240",
    "#64748b",
)
"""Of lines, each with a contrast of 3.5 to 1 or more on white and on JupyterLab's dark #111."""
DASHES = ("solid", "dash", "dot", "dashdot")
"""Kinds of line; the next one for every ten lines."""
SCALE = ((0.0, "#3b6fd4"), (0.5, "#a8589c"), (1.0, "#e0803a"))
"""Colours for numbers, from low to high; none of them vanishes on white or on black."""

TEXT = html.GREY
GRID, AXIS = "rgba(128,128,128,0.18)", "rgba(128,128,128,0.45)"
_CLEAR = "rgba(0,0,0,0)"
_NAME_LIMIT = 32
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
"""Of plotly's tool bar. Not ``responsive``: JupyterLab follows the width by itself, and with that set plotly takes the
height of an element that has none as well, so that a chart shrank to a line when the window changed its height."""


def colour(place: int) -> str:
    """Return the colour of the line at a place."""
    return COLOURS[place % len(COLOURS)]


def dash(place: int) -> str:
    """Return the kind of line at a place."""
    return DASHES[place // len(COLOURS) % len(DASHES)]


def faint(value: str, opacity: float) -> str:
    """Return a colour ``#rrggbb`` with an opacity."""
    red, green, blue = (int(value[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def on_scale(share: float) -> str:
    """Return the colour of a number that stands at a share between the lowest and the highest."""
    share = min(max(share, 0.0), 1.0)
    (low, first), (high, second) = (SCALE[0], SCALE[1]) if share <= SCALE[1][0] else (SCALE[1], SCALE[2])
    part = (share - low) / (high - low)
    channels = (round(_channel(first, at) * (1 - part) + _channel(second, at) * part) for at in (1, 3, 5))
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def _channel(value: str, at: int) -> int:
    return int(value[at : at + 2], 16)


def words(text: str, limit: int = _NAME_LIMIT) -> str:
    """Return a user's text for plotly, which reads some markup and formulas: cut, and with nothing that it reads.

    Parameters
    ----------
    text : str
    limit : int
        Of characters.

    Returns
    -------
    str

    Examples
    --------
    >>> words("<b>$x$")
    '&lt;b&gt;&#36;x&#36;'
    """
    return escape(cut(clean(text), limit, "middle"), quote=False).replace("$", "&#36;")


def kind(*, is_log: bool) -> dict[str, Any]:
    """Return what makes an axis of numbers logarithmic or not; plotly's small digits there read like exponents."""
    return {"type": "log", "tickformat": "~g"} if is_log else {"type": "linear"}


def axis(**more: Any) -> dict[str, Any]:
    """Return what every axis shares, with ``more``."""
    return {
        "showgrid": True,
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": AXIS,
        "tickcolor": AXIS,
        "ticks": "outside",
        "ticklen": 4,
        "exponentformat": "power",
        **more,
    }


def layout(height: int, **more: Any) -> dict[str, Any]:
    """Return what every figure's layout shares, with ``more``: nothing behind it, so that the page's theme shows.

    Parameters
    ----------
    height : int
        Pixels.
    **more
        The layout's own.

    Returns
    -------
    dict
    """
    shared = {
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": {"family": "inherit, system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 12, "color": TEXT},
        "colorway": list(COLOURS),
        "hoverlabel": {
            "bgcolor": "rgba(38,42,51,0.94)",
            "bordercolor": "rgba(128,128,128,0.6)",
            "font": {"color": "#f2f3f5", "size": 12},
            "align": "left",
            "namelength": _NAME_LIMIT,
        },
        "modebar": {"bgcolor": _CLEAR, "color": "rgba(128,128,128,0.7)", "activecolor": html.CALM},
        "legend": {"bgcolor": _CLEAR, "font": {"size": 12, "color": TEXT}, "tracegroupgap": 2},
    }
    return {
        "template": {"layout": shared},
        "height": height,
        "autosize": True,
        "margin": {"l": 64, "r": 16, "t": 34, "b": 44},
        **more,
    }


def heading(text: str, x: float, y: float) -> dict[str, Any]:
    """Return the annotation that names a panel, standing on the left end of its upper edge.

    Parameters
    ----------
    text : str
        As :func:`words` returns it.
    x, y : float
        Of that corner, as shares of the figure.

    Returns
    -------
    dict
    """
    return {
        "text": f"<b>{text}</b>",
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13},
        "yshift": 3,
    }


def footnote(notes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the annotation below a figure that says what is left out, if anything is."""
    if not notes:
        return []
    return [
        {
            "text": "<br>".join(words(note, 160) for note in notes),
            "x": 0,
            "y": 0,
            "xref": "paper",
            "yref": "paper",
            "xanchor": "left",
            "yanchor": "top",
            "yshift": -48,
            "align": "left",
            "showarrow": False,
            "font": {"size": 11},
        }
    ]

"""Plotly figures that were kept as JSON: their lines as a picture, for plotly's own code is megabytes."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nbtrack.widgets.charts.lines import Line, Panel, Plot
from nbtrack.widgets.charts.picture import picture
from nbtrack.widgets.charts.svg import image
from nbtrack.widgets.html import Html
from nbtrack.widgets.previews.content import UnreadableError
from nbtrack.widgets.text import clean, cut

_MOST_LINES, _MOST_POINTS = 20, 200_000
_KINDS = {"f8", "f4", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"}


def is_figure(value: Any) -> bool:
    """Tell whether a JSON value is a plotly figure.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool
    """
    if not isinstance(value, dict) or not isinstance(value.get("layout"), dict):
        return False
    traces = value.get("data")
    return isinstance(traces, list) and all(isinstance(trace, dict) for trace in traces)


def figure_html(value: Mapping[str, Any], most_bytes: int) -> tuple[Html, str]:
    """Return a figure's lines as a picture.

    Parameters
    ----------
    value : mapping
        With ``data`` and ``layout``.
    most_bytes : int
        Of HTML.

    Returns
    -------
    (Html, str)

    Raises
    ------
    UnreadableError
        It has something else than lines over numbers.
    """
    traces, layout = value["data"], value["layout"]
    kinds = Counter(str(trace.get("type", "scatter")) for trace in traces)
    what = ", ".join(f"{amount} × {cut(clean(kind), 20)}" for kind, amount in kinds.most_common(4)) or "nothing"
    lines = [line for place, trace in enumerate(traces[:_MOST_LINES]) if (line := _line(trace, place)) is not None]
    if not lines or len(lines) < len(traces[:_MOST_LINES]):
        raise UnreadableError(f"A plotly figure ({what}), of which no still picture can be drawn here.")
    title = _title(layout) or _title(layout.get("yaxis")) or ", ".join(dict.fromkeys(line.name for line in lines))
    axes = [layout.get(name) if isinstance(layout.get(name), dict) else {} for name in ("xaxis", "yaxis")]
    log_x, log_y = (axis.get("type") == "log" for axis in axes)
    plot = Plot((Panel(title, tuple(lines)),), _title(axes[0]) or "x", log_x=log_x, log_y=log_y)
    drawn = image(picture(plot), title)
    if len(drawn) > most_bytes:
        raise UnreadableError(f"A plotly figure ({what}), too large to be drawn here.")
    rest = len(traces) - len(lines)
    return drawn, f"plotly figure, drawn still{f', {rest} more lines left out' if rest > 0 else ''}"


def _title(holder: Any) -> str:
    title = holder.get("title") if isinstance(holder, dict) else None
    words = title.get("text") if isinstance(title, dict) else title
    return cut(clean(words), 80) if isinstance(words, str) else ""


def _line(trace: Mapping[str, Any], place: int) -> Line | None:
    """Return a trace as a line; None where it is something else."""
    import numpy as np

    if trace.get("type", "scatter") not in ("scatter", "scattergl") or "lines" not in str(trace.get("mode", "lines")):
        return None
    if trace.get("xaxis", "x") != "x" or trace.get("yaxis", "y") != "y" or trace.get("fill", "none") != "none":
        return None
    y = _numbers(trace.get("y"))
    x = _numbers(trace["x"]) if "x" in trace else None if y is None else np.arange(len(y), dtype=float)
    if x is None or y is None or len(x) != len(y) or not 0 < len(x) <= _MOST_POINTS:
        return None
    name = trace.get("name")
    return Line(str(place), clean(name) if isinstance(name, str) and name else f"trace {place}", place, x, y)


def _numbers(values: Any) -> Any:
    """Return what plotly wrote as numbers: a list, or bytes in base64; None where they are none."""
    import numpy as np

    try:
        if isinstance(values, dict):
            kind = values.get("dtype")
            if kind not in _KINDS or "shape" in values:
                return None
            data = base64.b64decode(values["bdata"], validate=True)
            return np.frombuffer(data, dtype=f"<{kind}").astype(float)
        if isinstance(values, Sequence) and all(_is_number(value) for value in values):
            return np.array([np.nan if value is None else value for value in values], dtype=float)
    except (ValueError, TypeError, KeyError, OverflowError, binascii.Error):
        return None
    return None


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))

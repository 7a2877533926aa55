"""A metric's points in a line: extremes, and a trend small enough to stand in a table."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbtrack.widgets import html
from nbtrack.widgets.html import Html, el

if TYPE_CHECKING:
    import pandas as pd

    from nbtrack.store.curves import Curve

_BUCKETS = 40
_WIDTH, _HEIGHT, _MARGIN = 110, 18, 2
_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Series:
    """A metric's points, summed up.

    Attributes
    ----------
    points : int
    first_step, last_step : int
    minimum, maximum : float
        NaN where no point is a number.
    trend : tuple of float
        Means of up to 40 stretches of equal length, those without a finite value left out.
    """

    points: int
    first_step: int
    last_step: int
    minimum: float
    maximum: float
    trend: tuple[float, ...]


def summarise(history: pd.DataFrame | None) -> dict[str, Series]:
    """Sum a run's points up, by metric.

    Parameters
    ----------
    history : pandas.DataFrame or None
        Columns ``key``, ``step`` and ``value``, in order of step, as :meth:`Store.history` returns them.

    Returns
    -------
    dict of str to Series
    """
    if history is None or history.empty:
        return {}
    return {str(key): _summary(points) for key, points in history.groupby("key", sort=False)}


def _summary(points: pd.DataFrame) -> Series:
    import numpy as np

    values = points["value"].to_numpy(dtype=float)
    steps = points["step"].to_numpy()
    numbers = values[~np.isnan(values)]
    stretches = np.array_split(values, min(_BUCKETS, len(values)))
    means = (stretch[np.isfinite(stretch)].mean() for stretch in stretches if np.isfinite(stretch).any())
    return Series(
        points=len(values),
        first_step=int(steps.min()),
        last_step=int(steps.max()),
        minimum=float(numbers.min()) if len(numbers) else math.nan,
        maximum=float(numbers.max()) if len(numbers) else math.nan,
        trend=tuple(map(float, means)),
    )


def of_curve(curve: Curve) -> Series:
    """Sum up a curve as the store has reduced it.

    Parameters
    ----------
    curve : Curve
        Over steps.

    Returns
    -------
    Series
    """
    import numpy as np

    finite = curve.y[np.isfinite(curve.y)]
    # Infinity is an extreme, NaN is none.
    values = [*map(float, finite), *(value for _, value in curve.odd if not math.isnan(value))]
    stretches = np.array_split(curve.mean, min(_BUCKETS, len(curve.mean))) if len(curve.mean) else []
    return Series(
        points=curve.points,
        first_step=int(curve.x[0]),
        last_step=int(curve.x[-1]),
        minimum=min(values, default=math.nan),
        maximum=max(values, default=math.nan),
        trend=tuple(float(stretch.mean()) for stretch in stretches),
    )


def blocks(trend: Sequence[float], length: int = 20) -> str:
    """Return a trend as a line of block characters.

    Parameters
    ----------
    trend : sequence of float
    length : int
        At most so many characters.

    Returns
    -------
    str
        Empty for less than two values.

    Examples
    --------
    >>> blocks([1.0, 0.5, 0.25, 0.1])
    '█▄▂▁'
    """
    if len(trend) < 2:
        return ""
    count = min(length, len(trend))
    chosen = [trend[round(index * (len(trend) - 1) / (count - 1))] for index in range(count)]
    return "".join(_BLOCKS[min(int(height * len(_BLOCKS)), len(_BLOCKS) - 1)] for height in _heights(chosen))


def _heights(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    # Halves, for the distance between the two ends of the float range is not finite.
    span = high / 2 - low / 2
    return [(value / 2 - low / 2) / span if span else 0.0 for value in values]


def picture(trend: Sequence[float]) -> Html:
    """Return a trend as an image, which even an untrusted notebook shows.

    Parameters
    ----------
    trend : sequence of float

    Returns
    -------
    Html
        Empty for less than two values.
    """
    if len(trend) < 2:
        return Html()
    across = (_WIDTH - 2 * _MARGIN) / (len(trend) - 1)
    down = _HEIGHT - 2 * _MARGIN
    places = [
        (round(_MARGIN + index * across, 1), round(_MARGIN + (1 - height) * down, 1))
        for index, height in enumerate(_heights(trend))
    ]
    line = " ".join(f"{x:g},{y:g}" for x, y in places)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}">'
        f'<polyline fill="none" stroke="{html.CALM}" stroke-width="1.3" stroke-linejoin="round" points="{line}"/>'
        f'<circle cx="{places[-1][0]:g}" cy="{places[-1][1]:g}" r="1.8" fill="{html.CALM}"/></svg>'
    )
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    return el("img", src=source, alt=blocks(trend), width=_WIDTH, height=_HEIGHT, style="vertical-align:middle")

"""The column of small curves: which metric it shows, and the curves as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbtrack.directions import better_direction
from nbtrack.store.grid_curves import SmallCurve

COLUMN = "sparkline"
"""Id of the column; no run has a value of this name."""
MOST_RUNS = 200
"""Most curves in one answer."""
_DIGITS = 6


def in_order(metrics: Sequence[str]) -> list[str]:
    """Return the ids of metrics with the one first that says most: one whose name says what is good."""
    return [f"metrics.{key}" for key in sorted(metrics, key=lambda key: better_direction(key) is None)]


def packed(asked: Sequence[str], found: Mapping[str, SmallCurve]) -> dict[str, Any]:
    """Return curves for the browser.

    Parameters
    ----------
    asked : sequence of str
        Ids of the runs in the order in which the browser named them.
    found : mapping of str to SmallCurve

    Returns
    -------
    dict
        ``told``: for each curve the place of its run among those asked for, points, first, last, lowest and highest
        value, and the length of its part of ``bits``.
    """
    told, shapes = [], []
    for place, run_id in enumerate(asked):
        curve = found.get(run_id)
        if curve is None:
            continue
        values = (_short(value) for value in (curve.first, curve.last, curve.low, curve.high))
        told.append([place, curve.points, *values, len(curve.shape)])
        shapes.append(curve.shape)
    return {"told": told, "bits": b"".join(shapes)}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")

"""Small curves for the rows of a run table: a metric of each run, reduced to a few points of a byte each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtrack.store import frames
from nbtrack.store.curves import Curve, curves

if TYPE_CHECKING:
    import duckdb

_BUCKETS = 20
# Points read for one answer: a row that costs more than is left comes with the next one.
_BUDGET = 2_000_000
_GAP, _TOP = 255, 254


@dataclass(frozen=True, slots=True)
class SmallCurve:
    """One metric of one run as a line in a cell.

    Attributes
    ----------
    points : int
        How many there are of it.
    first, last, low, high : float or None
        Of the finite values; None where there is none.
    shape : bytes
        A place and a height for each point: 0 to 255 from the first step to the last, and 0 to 254 from the lowest
        value to the highest, 255 for a gap.
    """

    points: int
    first: float | None
    last: float | None
    low: float | None
    high: float | None
    shape: bytes


def metrics_with_curves(connection: duckdb.DuckDBPyConnection, numbers: Any) -> list[str]:
    """Return the metrics that have more than one point in one of these runs, those of most runs first.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    numbers : sequence of int
        ``run_ix``.

    Returns
    -------
    list of str
    """
    with frames.registered(connection, numbers):
        found = connection.execute(
            """
            select key from base.series join page using (run_ix) join base.keys using (key_ix)
            where points > 1 group by key order by count(*) desc, key
            """
        ).fetchall()
    return [key for (key,) in found]


def small_curves(connection: duckdb.DuckDBPyConnection, run_ids: Sequence[str], key: str) -> dict[str, SmallCurve]:
    """Return the curves of a metric for rows of a table.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_ids : sequence of str
        In the order in which they are wanted.
    key : str
        The metric.

    Returns
    -------
    dict of str to SmallCurve
        A run that has less than two points has a curve without a shape. Runs that would take long to read are left
        out, but for the first: ask again for those.
    """
    found = dict(
        connection.execute(
            """
            select run_id, points from base.series join base.runs using (run_ix) join base.keys using (key_ix)
            where key = ? and run_id in (select unnest(?::varchar[]))
            """,
            [key, list(run_ids)],
        ).fetchall()
    )
    chosen: list[str] = []
    cost = 0
    answer: dict[str, SmallCurve] = {}
    for run_id in run_ids:
        points = found.get(run_id, 0)
        if points < 2:
            answer[run_id] = SmallCurve(points, None, None, None, None, b"")
            continue
        cost += points
        if chosen and cost > _BUDGET:
            break
        chosen.append(run_id)
    return answer | {curve.run_id: _small(curve) for curve in curves(connection, chosen, [key], buckets=_BUCKETS)}


def _small(curve: Curve) -> SmallCurve:
    import numpy as np

    fine = np.isfinite(curve.y)
    if not fine.any():
        return SmallCurve(curve.points, None, None, None, None, b"")
    values = curve.y[fine]
    low, high = float(values.min()), float(values.max())
    # Halves, since the difference of two large numbers may have no place.
    span, width = high / 2 - low / 2, float(curve.x[-1]) - float(curve.x[0])
    heights = np.full(len(curve.y), _GAP, dtype="u1")
    heights[fine] = np.rint((values / 2 - low / 2) / span * _TOP) if span > 0 else _TOP // 2
    places = np.rint((curve.x.astype(np.float64) - float(curve.x[0])) / width * 255) if width > 0 else 0 * curve.x
    shape = np.column_stack([places.astype("u1"), heights]).tobytes()
    return SmallCurve(curve.points, float(values[0]), float(values[-1]), low, high, shape)

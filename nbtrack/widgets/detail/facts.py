"""What the store has of one run, read in one go and in small: curves are reduced, and points never come whole."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbtrack.errors import RunNotFoundError
from nbtrack.records import RunRecord
from nbtrack.store import curves as store_curves
from nbtrack.store import query
from nbtrack.store.curves import Curve
from nbtrack.widgets.series import Series, of_curve

if TYPE_CHECKING:
    import duckdb

    from nbtrack.store.store import Store

_MOST_CURVES, _BUCKETS = 200, 120


@dataclass(frozen=True, slots=True)
class Facts:
    """A run with what is beside its record.

    Attributes
    ----------
    record : RunRecord
        Whole, as :meth:`nbtrack.store.store.Store.run` has it.
    now_s : float
        Seconds since the epoch.
    series : dict of str to Series
        Metrics with their points summed up.
    curves : dict of str to Curve
        Of metrics with more than one point.
    children : tuple of RunRecord
        Runs nested in it.
    store : Store or None
        For what is inside of artifacts.
    """

    record: RunRecord
    now_s: float = 0.0
    series: Mapping[str, Series] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    children: tuple[RunRecord, ...] = ()
    store: Store | None = None


def gather(record: RunRecord, store: Store, now_s: float | None = None) -> Facts:
    """Read a run as the store has it now.

    Parameters
    ----------
    record : RunRecord
        Any record of the run; one that comes from a list of runs lacks much.
    store : Store
    now_s : float, optional
        Seconds since the epoch; default now.

    Returns
    -------
    Facts
    """
    run_id = record.info.run_id

    def look(connection: duckdb.DuckDBPyConnection) -> tuple[RunRecord, dict[str, Series], dict[str, Curve]]:
        try:
            found = query.run(connection, run_id)
        except RunNotFoundError:
            # Removed for good since; what is known of it can still be shown.
            return record, {}, {}
        sizes = store_curves.sizes(connection, [run_id])
        moving = [size.key for size in sizes if size.points > 1][:_MOST_CURVES]
        curves = store_curves.curves(connection, [run_id], moving, buckets=_BUCKETS) if moving else []
        series = {size.key: Series(size.points, 0, 0, 0.0, 0.0, ()) for size in sizes if size.points == 1}
        series |= {curve.key: of_curve(curve) for curve in curves}
        return found, series, {curve.key: curve for curve in curves}

    whole, series, curves = store.read(look)
    children = tuple(store.children(run_id))
    return Facts(whole, time.time() if now_s is None else now_s, series, curves, children, store)

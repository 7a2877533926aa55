"""What a chart of curves was asked for, and reading it from the store: once, for a range, or again and again."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbtrack.errors import InputError
from nbtrack.store import curves as store_curves
from nbtrack.store.choosing import Chosen
from nbtrack.store.curves import Curve
from nbtrack.widgets.charts.columns import OTHERS
from nbtrack.widgets.charts.fields import group_of, run_names, where_from
from nbtrack.widgets.charts.lines import Line, Panel, Plot, grouped, line_of
from nbtrack.widgets.charts.units import Units, X, units
from nbtrack.widgets.format import count
from nbtrack.widgets.text import clean, cut, natural

if TYPE_CHECKING:
    import duckdb

MOST_PANELS = 12
# Stretches for all curves together, so that ten of them are sent in less than half a megabyte.
_BUDGET = 8_000
_FEWEST, _MOST = 60, 1_000
# A zoomed view reads a little more, so that lines run to its edges.
_MARGIN = 0.03


@dataclass(frozen=True, slots=True)
class Request:
    """A chart of curves as it was asked for.

    Attributes
    ----------
    chosen : Chosen
    metrics : tuple of str or None
        None: those that change over steps.
    x : str
    smooth : float
    log : str
        Which axes are logarithmic: ``x``, ``y``, ``xy`` or empty.
    group : str or None
    """

    chosen: Chosen
    metrics: tuple[str, ...] | None
    x: X = "step"
    smooth: float = 0.0
    log: str = ""
    group: str | None = None

    def renewed(self) -> Request:
        """Return the same with the runs as they are now."""
        return replace(self, chosen=self.chosen.renewed())

    @property
    def is_running(self) -> bool:
        """Whether one of the runs has not ended."""
        return any(record.info.status == "running" for record in self.chosen.records)

    def plot(self, between: tuple[float, float] | None = None, *, lenient: bool = False) -> Plot:
        """Read the curves.

        Parameters
        ----------
        between : (float, float), optional
            Only this range of x, in the chart's units, as finely as the whole.
        lenient : bool
            Whether metrics that are not there yet are no error.

        Returns
        -------
        Plot

        Raises
        ------
        InputError
            The runs have no such metric, or nothing to show.
        """
        metrics, notes = self._metrics(lenient)
        found, units_ = self._read(metrics, between)
        notes = [*filter(None, [self.chosen.note]), *notes, *self._notes(found, whole=between is None)]
        panels = tuple(
            Panel(key, self._lines([curve for curve in found if curve.key == key], units_)) for key in metrics
        )
        return Plot(
            tuple(panel for panel in panels if panel.lines) or panels,
            units_.title,
            units_.is_date,
            log_x="x" in self.log and not units_.is_date,
            log_y="y" in self.log,
            notes=tuple(notes),
        )

    # --- which metrics --------------------------------------------------------------------------------------------

    def _metrics(self, lenient: bool) -> tuple[list[str], list[str]]:
        if self.metrics is not None and lenient:
            return list(self.metrics), []
        points: dict[str, list[int]] = {}
        for store, ids in self.chosen.by_store():
            for size in store.read(lambda connection, ids=ids: store_curves.sizes(connection, ids)):  # type: ignore[misc]
                points.setdefault(size.key, []).append(size.points)
        if self.metrics is not None:
            for key in self.metrics:
                if key not in points:
                    raise InputError(_no_metric(key, points, where_from(self.chosen.records)))
            return list(self.metrics), []
        if not points and not lenient:
            raise InputError(
                "the runs have no metric yet; log one, as nbtrack.log_metric('loss', loss), or bind a number in a "
                "%%track cell."
            )
        moving = {key: sizes for key, sizes in points.items() if max(sizes) > 1}
        notes = []
        if not moving and points:
            notes = ["Each metric has one value per run; nbtrack.bars compares those."]
        wanted = moving or points
        # What most runs have comes first where not all can be shown.
        kept = sorted(sorted(wanted), key=lambda key: -len(wanted[key]))[:MOST_PANELS]
        if len(wanted) > MOST_PANELS:
            notes.append(
                f"{MOST_PANELS} of {len(wanted)} metrics; name those you want: metrics=['{sorted(wanted)[0]}', …]."
            )
        return sorted(kept, key=natural), notes

    # --- reading --------------------------------------------------------------------------------------------------

    def _read(self, metrics: Sequence[str], between: tuple[float, float] | None) -> tuple[list[Curve], Units]:
        amount = max(1, len(metrics) * len(self.chosen.runs))
        buckets = max(_FEWEST, min(_MOST, _BUDGET // amount))
        axis: store_curves.Axis = "step" if self.x == "step" else "time"
        units_ = units(self.x, [record.info for record in self.chosen.records], time.time())
        ask = _Ask(metrics, axis, buckets)
        if between is None:
            return self._ask(ask), units_
        low, high = between
        low, high = low - (high - low) * _MARGIN, high + (high - low) * _MARGIN

        def part(connection: duckdb.DuckDBPyConnection, ids: list[str]) -> list[Curve]:
            if self.x != "relative":
                return ask(connection, ids, units_.stored(low), units_.stored(high))
            # The same time since the start is another moment for each run.
            found: list[Curve] = []
            for run_id in ids:
                found += ask(connection, [run_id], units_.stored(low, run_id), units_.stored(high, run_id))
            return found

        return self._ask(part), units_

    def _ask(self, read: Callable[[duckdb.DuckDBPyConnection, list[str]], list[Curve]]) -> list[Curve]:
        found: list[Curve] = []
        for store, ids in self.chosen.by_store():
            found += store.read_again(lambda connection, ids=ids: read(connection, ids))  # type: ignore[misc]
        return found

    # --- lines ----------------------------------------------------------------------------------------------------

    def _lines(self, found: Sequence[Curve], units_: Units) -> tuple[Line, ...]:
        names = run_names(self.chosen.records)
        places = {record.info.run_id: place for place, record in enumerate(self.chosen.records)}
        ordered = sorted(found, key=lambda curve: places[curve.run_id])
        if self.group is None:
            return tuple(
                line_of(curve, names[curve.run_id], places[curve.run_id], units_, self.smooth) for curve in ordered
            )
        records = {record.info.run_id: record for record in self.chosen.records}
        groups = list(dict.fromkeys(group_of(record, self.group) for record in self.chosen.records))
        means = [
            (
                group_of(records[curve.run_id], self.group),
                Line(curve.run_id, "", 0, units_.shown(curve.mean_x, curve.run_id), curve.mean),
            )
            for curve in ordered
        ]
        return grouped(means, self.smooth, {group: place for place, group in enumerate(groups)})

    def _notes(self, found: Sequence[Curve], *, whole: bool) -> list[str]:
        import numpy as np

        names = run_names(self.chosen.records)
        bare = [name for run_id, name in names.items() if run_id not in {curve.run_id for curve in found}]
        notes = []
        if bare and found and whole:
            listed = ", ".join(cut(clean(name), 30) for name in bare[:3]) + (" and others" if len(bare) > 3 else "")
            notes.append(f"{count(len(bare), 'run')} without points to show: {listed}.")
        if self.group is not None and whole:
            notes.append("A line is the mean of its runs, the band behind it reaches from the lowest to the highest.")
        odd = sum(curve.odd_points for curve in found)
        if odd:
            notes.append(f"{count(odd, 'value')} NaN or infinite: a gap, with ✕ at the last finite value before it.")
        if "y" in self.log and any(bool(np.any(curve.y <= 0)) for curve in found):
            notes.append("Values of 0 and below have no place on a logarithmic axis.")
        if "x" in self.log and self.x == "step" and any(bool(np.any(curve.x <= 0)) for curve in found):
            notes.append("Steps of 0 and below have no place on a logarithmic axis.")
        return notes


@dataclass(frozen=True, slots=True)
class _Ask:
    """The question to the store, but for the runs and the range."""

    metrics: Sequence[str]
    axis: store_curves.Axis
    buckets: int

    def __call__(
        self,
        connection: duckdb.DuckDBPyConnection,
        ids: list[str],
        low: float | None = None,
        high: float | None = None,
    ) -> list[Curve]:
        return store_curves.curves(connection, ids, self.metrics, x=self.axis, buckets=self.buckets, low=low, high=high)


def _no_metric(key: str, points: Sequence[str] | dict[str, list[int]], where: str) -> str:
    known = sorted(points)
    if not known:
        return f"no run{where} has a metric {key!r}; the runs have no metrics yet. {OTHERS}"
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    listed = ", ".join(near or known[:8]) + ("" if near or len(known) <= 8 else f" and {len(known) - 8} more")
    return f"no run{where} has a metric {key!r}; {'near: ' if near else 'the runs have: '}{listed}. {OTHERS}"

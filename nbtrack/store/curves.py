"""Curves of many runs and metrics, reduced to what a screen can show: minimum and maximum of each stretch of x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nbtrack.errors import InputError

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int64]
    Floats: TypeAlias = NDArray[np.float64]

Axis: TypeAlias = Literal["step", "time"]
_COLUMNS: dict[str, str] = {"step": "step", "time": "ts_us"}
_MOST_BUCKETS = 100_000
_INTEGERS = 2**31


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run, over steps or over time.

    Attributes
    ----------
    run_id, key : str
    points : int
        How many points there are in the range asked for.
    x : array of int
        Steps, or microseconds since the epoch; ascending, the first and the last point among them.
    y : array of float
        NaN where a value is NaN or infinite: there the line has a gap.
    mean_x, mean : array of float
        Centre and mean of each stretch that has finite values; of a curve that is not reduced, its finite points.
    odd : tuple of (int, float)
        Place and value of what is not finite, the first one of each stretch.
    odd_points : int
        How many values are not finite.
    reduced : bool
        Whether points were left out.
    """

    run_id: str
    key: str
    points: int
    x: Ints
    y: Floats
    mean_x: Floats
    mean: Floats
    odd: tuple[tuple[int, float], ...] = ()
    odd_points: int = 0
    reduced: bool = False


@dataclass(frozen=True, slots=True)
class SeriesSize:
    """How many points a run has of a metric."""

    run_id: str
    key: str
    points: int


def sizes(connection: duckdb.DuckDBPyConnection, run_ids: Sequence[str]) -> list[SeriesSize]:
    """Return which metrics the runs have, and how many points of each.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_ids : sequence of str
        Full ids.

    Returns
    -------
    list of SeriesSize
        By run in the order given, then by metric.
    """
    found = connection.execute(
        """
        select run_id, key, points from base.series join base.runs using (run_ix) join base.keys using (key_ix)
        where run_id in (select unnest(?::varchar[])) order by key
        """,
        [list(run_ids)],
    ).fetchall()
    places = {run_id: place for place, run_id in enumerate(run_ids)}
    return sorted((SeriesSize(*row) for row in found), key=lambda size: places[size.run_id])


def curves(
    connection: duckdb.DuckDBPyConnection,
    run_ids: Sequence[str],
    keys: Sequence[str],
    *,
    x: Axis = "step",
    buckets: int = 700,
    low: float | None = None,
    high: float | None = None,
) -> list[Curve]:
    """Return curves of at most two points, or three where there are gaps, for each of ``buckets`` stretches.

    A curve of at most ``2 * buckets`` points is returned as it is. Of a longer one each stretch keeps its lowest and
    its highest finite value, where they are, and the first value that is not finite; the first and the last place keep
    theirs in any case.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_ids, keys : sequence of str
        Full ids, and metrics; a run that lacks a metric has no curve of it.
    x : str
        ``step``, or ``time``.
    buckets : int
        Stretches for each curve, between the first and the last of its points in the range.
    low, high : float, optional
        Only the points from here to there, in the units of ``x``.

    Returns
    -------
    list of Curve
        By metric and then by run, both in the order given; without those that have no point in the range.

    Raises
    ------
    InputError
        ``x`` or ``buckets`` is not accepted.
    """
    if x not in _COLUMNS:
        raise InputError(f"x is {x!r}; accepted: 'step', 'time'.")
    if isinstance(buckets, bool) or not isinstance(buckets, int) or not 1 <= buckets <= _MOST_BUCKETS:
        raise InputError(f"buckets is {buckets!r}; accepted: a whole number from 1 to {_MOST_BUCKETS:,}.")
    wanted = _Wanted(connection, list(dict.fromkeys(run_ids)), list(dict.fromkeys(keys)), _COLUMNS[x], low, high)
    if not wanted.series:
        return []
    extents = wanted.extents()
    small = [extent for extent in extents if extent.points <= 2 * buckets]
    large = [extent for extent in extents if extent.points > 2 * buckets]
    found = {**wanted.whole(small), **wanted.reduced(large, buckets)}
    return [found[rank] for rank in sorted(found)]


@dataclass(frozen=True, slots=True)
class _Extent:
    rank: int
    first: int
    last: int
    points: int


@dataclass(slots=True)
class _Wanted:
    """The series asked for, numbered by rank in the order of the result, and the queries over them."""

    connection: duckdb.DuckDBPyConnection
    run_ids: list[str]
    keys: list[str]
    column: str
    low: float | None
    high: float | None
    series: list[tuple[int, int, str, str]] = field(init=False)

    def __post_init__(self) -> None:
        # The few series first and the points by their numbers: so only blocks that hold them are read.
        found = self.connection.execute(
            """
            select run_ix, key_ix, run_id, key
            from base.series join base.runs using (run_ix) join base.keys using (key_ix)
            where run_id in (select unnest(?::varchar[])) and key in (select unnest(?::varchar[]))
            """,
            [self.run_ids, self.keys],
        ).fetchall()
        runs = {run_id: place for place, run_id in enumerate(self.run_ids)}
        keys = {key: place for place, key in enumerate(self.keys)}
        self.series = sorted(found, key=lambda row: (keys[row[3]], runs[row[2]]))

    def _source(self, ranks: Sequence[int], **more: Sequence[float]) -> tuple[str, list[Any]]:
        """Return a ``from`` clause: the points of these series in the range, each with its rank and ``more``."""
        rows = [self.series[rank] for rank in ranks]
        lists: dict[str, Sequence[Any]] = {"run_ix": [row[0] for row in rows], "key_ix": [row[1] for row in rows]}
        lists |= {"rank": ranks, **more}
        kinds = {"run_ix": "integer", "key_ix": "integer", "rank": "integer"}
        unnested = ", ".join(f"unnest(?::{kinds.get(name, 'double')}[]) as {name}" for name in lists)
        numbers = sorted(set(lists["run_ix"]))
        sql = f"base.points join (select {unnested}) using (run_ix, key_ix) where run_ix in ("
        sql += ", ".join("?" for _ in numbers) + ")"
        bounds, bound_values = self._bounds()
        return sql + bounds, [*map(list, lists.values()), *numbers, *bound_values]

    def extents(self) -> list[_Extent]:
        """Return where each series begins and ends; grouping by the two small numbers is cheaper than the join."""
        chosen = {row[:2]: rank for rank, row in enumerate(self.series)}
        numbers, keys = (sorted({pair[part] for pair in chosen}) for part in (0, 1))
        marks, key_marks = (", ".join("?" for _ in found) for found in (numbers, keys))
        bounds, bound_values = self._bounds()
        found = self.connection.execute(
            f"""
            select run_ix, key_ix, min({self.column}), max({self.column}), count(*) from base.points
            where run_ix in ({marks}) and key_ix in ({key_marks}){bounds} group by run_ix, key_ix
            """,  # noqa: S608 - placeholders and our names
            [*numbers, *keys, *bound_values],
        ).fetchall()
        extents = [_Extent(chosen[row[0], row[1]], *row[2:]) for row in found if (row[0], row[1]) in chosen]
        return sorted(extents, key=lambda extent: extent.rank)

    def _bounds(self) -> tuple[str, list[float]]:
        bounds = [(sign, bound) for sign, bound in ((">=", self.low), ("<=", self.high)) if bound is not None]
        return "".join(f" and {self.column} {sign} ?" for sign, _ in bounds), [bound for _, bound in bounds]

    def whole(self, extents: Sequence[_Extent]) -> dict[int, Curve]:
        """Return the curves of series short enough to be shown as they are."""
        import numpy as np

        if not extents:
            return {}
        source, values = self._source([extent.rank for extent in extents])
        found: Any = self.connection.execute(
            f"select rank, {self.column} as x, value from {source} order by rank, x, ts_us, points.rowid",  # noqa: S608
            values,
        ).fetchnumpy()
        curves = {}
        for extent, part in _parts(found["rank"], extents):
            x, value = found["x"][part], found["value"][part]
            fine = np.isfinite(value)
            places = np.flatnonzero(~fine)
            curves[extent.rank] = self._curve(
                extent,
                x,
                np.where(fine, value, np.nan),
                x[fine].astype(np.float64),
                value[fine],
                odd=tuple((int(x[at]), float(value[at])) for at in places),
                odd_points=len(places),
            )
        return curves

    def reduced(self, extents: Sequence[_Extent], buckets: int) -> dict[int, Curve]:
        """Return the curves of long series, a few points for each bucket.

        The first and the last place are buckets by themselves, so that they stay.
        """
        import numpy as np

        if not extents:
            return {}
        # Steps and microseconds are whole numbers: half of one less, and the last place comes after all stretches.
        spans = [float(extent.last) - float(extent.first) - 0.5 for extent in extents]
        source, values = self._source(
            [extent.rank for extent in extents],
            first=[float(extent.first) for extent in extents],
            scale=[buckets / span if span > 0 else 0.0 for span in spans],
        )
        # Of two places alone the second is twice as far as that.
        stride = 2 * buckets + 2
        # One number for series and bucket, and no more arithmetic than needed: this is done for every point.
        kind = "integer" if len(self.series) * stride < _INTEGERS else "bigint"
        place = f"(rank * {stride} + ceil(({self.column} - first) * scale))::{kind}"
        found: Any = self.connection.execute(
            f"""
            select place, min(v) as low, max(v) as high, arg_min(x, v) as low_x, arg_max(x, v) as high_x,
                   avg(v) as mean, count(*) as points, count(v) as fine
            from (select {place} as place, {self.column} as x, case when isfinite(value) then value end as v
                  from {source})
            group by place order by place
            """,  # noqa: S608 - our names
            values,
        ).fetchnumpy()
        bad = found["fine"] < found["points"]
        odd = self._odd(source, values, place) if bad.any() else {}
        some = found["fine"] > 0
        holes = np.array(sorted(odd), dtype=np.int64)
        # Of each bucket the lowest, the highest, and a gap; in order of x, the gap last where it shares its place.
        at = np.concatenate([found["place"][some], found["place"][some], holes])
        x = np.concatenate([found["low_x"][some], found["high_x"][some], [odd[hole][0] for hole in holes]]).astype(
            np.int64
        )
        y = np.concatenate([found["low"][some], found["high"][some], np.full(len(holes), np.nan)]).astype(np.float64)
        order = np.lexsort((np.isnan(y), x, at))
        at, x, y = at[order], x[order], y[order]
        kept = np.ones(len(at), dtype=bool)
        kept[1:] = (at[1:] != at[:-1]) | (x[1:] != x[:-1]) | (y[1:] != y[:-1])
        at, x, y = at[kept], np.ma.filled(x[kept]), np.ma.filled(y[kept])
        rank, centre_rank = at // stride, found["place"] // stride
        middle = found["low_x"] / 2 + found["high_x"] / 2
        curves = {}
        centres = dict(_parts(centre_rank, extents))
        for extent, part in _parts(rank, extents):
            centre = np.arange(len(some))[centres[extent]]
            chosen = centre[some[centre]]
            mine = [odd[hole] for hole in holes if hole // stride == extent.rank]
            curves[extent.rank] = self._curve(
                extent,
                x[part],
                y[part],
                np.ma.filled(middle[chosen]).astype(np.float64),
                np.ma.filled(found["mean"][chosen]).astype(np.float64),
                odd=tuple(mine),
                odd_points=int((found["points"][centre] - found["fine"][centre]).sum()),
                reduced=True,
            )
        return curves

    def _odd(self, source: str, values: list[Any], place: str) -> dict[int, tuple[int, float]]:
        """Return place and value of the first value of each bucket that is not finite."""
        found = self.connection.execute(
            f"""
            select {place} as place, min({self.column}), arg_min(value, {self.column})
            from {source} and not isfinite(value) group by place
            """,  # noqa: S608 - our names
            values,
        ).fetchall()
        return {number: (x, value) for number, x, value in found}

    def _curve(self, extent: _Extent, x: Any, y: Any, mean_x: Any, mean: Any, **more: Any) -> Curve:
        _, _, run_id, key = self.series[extent.rank]
        return Curve(run_id, key, extent.points, x, y, mean_x, mean, **more)


def _parts(ranks: Any, extents: Sequence[_Extent]) -> list[tuple[_Extent, slice]]:
    """Return which of the ascending ranks belong to each series."""
    import numpy as np

    numbers = [extent.rank for extent in extents]
    starts, ends = np.searchsorted(ranks, numbers), np.searchsorted(ranks, numbers, side="right")
    return [(extent, slice(int(start), int(end))) for extent, start, end in zip(extents, starts, ends, strict=True)]

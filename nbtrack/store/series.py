"""Points on their way into the database: placed by run and key, summed up, and inserted in bulk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtrack.store.tables import fetch, insert
from nbtrack.store.tails import Tail

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

    Array = np.ndarray[Any, np.dtype[Any]]

# What DuckDB can show as a timestamp.
_FIRST_US, _LAST_US = -9223372022400000000, 9223372036854775805
_SERIES_TYPES = {
    "run_ix": "integer",
    "key_ix": "integer",
    "last_step": "bigint",
    "last_ts_us": "bigint",
    "last_value": "double",
    "minimum": "double",
    "maximum": "double",
    "points": "bigint",
}
_JOURNAL_SERIES_TYPES = {"journal": "varchar", "number": "bigint", "run_id": "varchar", "key": "varchar"}


@dataclass(slots=True)
class Batch:
    """Points as columns, those of a series in the order in which they came."""

    run_ix: Array
    key_ix: Array
    step: Array
    ts_us: Array
    value: Array


def load_series(connection: DuckDBPyConnection, tails: list[Tail]) -> None:
    """Fill in the run and the key of the series that the records use and that earlier merges have read.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    tails : list of Tail
    """
    import numpy as np

    wanted = {}
    for tail in tails:
        used = {int(number) for records in tail.records for number in np.unique(records["series"])}
        if used - set(tail.series):
            wanted[tail.journal] = (tail, used)
    if not wanted:
        return
    query = (
        "select journal, number, run_id, key from base.journal_series where journal in (select unnest(?::varchar[]))"
    )
    for journal, number, run_id, key in fetch(connection, query, list(wanted)):
        tail, used = wanted[journal]
        if number in used:
            tail.series.setdefault(number, (run_id, key))


def note_series(connection: DuckDBPyConnection, tails: list[Tail]) -> None:
    """Record which run and key the journals' new series numbers stand for, for later merges.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        In a transaction.
    tails : list of Tail
    """
    new = [
        {"journal": tail.journal, "number": number, "run_id": tail.series[number][0], "key": tail.series[number][1]}
        for tail in tails
        if not tail.gone
        for number in sorted(tail.defined)
    ]
    insert(connection, "journal_series", _JOURNAL_SERIES_TYPES, new)


def place(connection: DuckDBPyConnection, tails: list[Tail], run_ixs: Mapping[str, int]) -> Batch | None:
    """Find the run and the key of every point; those of series or runs that nobody knows are set aside.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        In a transaction: new keys get their number.
    tails : list of Tail
        With their series.
    run_ixs : mapping of str to int
        By run id.

    Returns
    -------
    Batch or None
        None without points.
    """
    import numpy as np

    full = [tail for tail in tails if tail.records]
    key_ixs = _number_keys(connection, {key for tail in full for _, key in tail.series.values()})
    parts = []
    for tail in full:
        # The last place of the tables is no series; a number beyond them is taken there.
        run_of = np.full(max(tail.series, default=-1) + 2, -1, "i4")
        key_of = run_of.copy()
        for number, (run_id, key) in tail.series.items():
            run_of[number], key_of[number] = run_ixs.get(run_id, -1), key_ixs[key]
        records = np.concatenate(tail.records)
        numbers = np.minimum(records["series"], len(run_of) - 1)
        found = run_of[numbers] >= 0
        if not found.all():
            tail.set_aside(f"{tail.journal}.unknown-series", records[~found].tobytes())
            records, numbers = records[found], numbers[found]
        parts.append((run_of[numbers], key_of[numbers], records["step"], records["ts_us"], records["value"]))
    if not any(len(part[0]) for part in parts):
        return None
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    columns[3] = columns[3].clip(_FIRST_US, _LAST_US)
    return Batch(*columns)


def _number_keys(connection: DuckDBPyConnection, keys: set[str]) -> dict[str, int]:
    if not keys:
        return {}
    names = sorted(keys)
    known = dict(
        fetch(connection, "select key, key_ix from base.keys where key in (select unnest(?::varchar[]))", names)
    )
    missing = [key for key in names if key not in known]
    if missing:
        first = int(fetch(connection, "select coalesce(max(key_ix), -1) + 1 from base.keys")[0][0])
        added = [{"key_ix": ix, "key": key} for ix, key in enumerate(missing, first)]
        insert(connection, "keys", {"key_ix": "integer", "key": "varchar"}, added)
        known |= {row["key"]: row["key_ix"] for row in added}
    return known


def write(connection: DuckDBPyConnection, batch: Batch) -> list[int]:
    """Insert points, and bring the series' last values, extremes and counts up to date.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        In a transaction.
    batch : Batch

    Returns
    -------
    list of int
        ``run_ix`` of the runs with new points.
    """
    import numpy as np

    group = batch.run_ix.astype("i8") << 32 | batch.key_ix
    order = np.argsort(group, kind="stable")
    _write_series(connection, batch, group, order)
    # In order of run and key: one run of a big table is then read from few places.
    columns = {
        "run_ix": batch.run_ix[order],
        "key_ix": batch.key_ix[order],
        "step": batch.step[order],
        "ts_us": batch.ts_us[order],
        "value": batch.value[order],
    }
    connection.register("nbtrack_points", columns)
    # DuckDB takes the NaN of an array for a missing value.
    connection.execute(
        """
        insert into base.points
        select run_ix, key_ix, step, ts_us, coalesce(value, 'nan'::double) from nbtrack_points
        """
    )
    connection.unregister("nbtrack_points")
    return [int(run_ix) for run_ix in np.unique(batch.run_ix)]


def _write_series(connection: DuckDBPyConnection, batch: Batch, group: Array, order: Array) -> None:
    rows = _summaries(batch, group, order)
    runs = sorted({row["run_ix"] for row in rows})
    query = f"select {', '.join(_SERIES_TYPES)} from base.series where run_ix in (select unnest(?::integer[]))"  # noqa: S608 - our names
    known = {found[:2]: dict(zip(_SERIES_TYPES, found, strict=True)) for found in fetch(connection, query, runs)}
    replaced = [row for row in rows if (row["run_ix"], row["key_ix"]) in known]
    for row in replaced:
        _combine(row, known[row["run_ix"], row["key_ix"]])
    if replaced:
        connection.execute(
            """
            delete from base.series
            where (run_ix, key_ix) in (select unnest(?::integer[]), unnest(?::integer[]))
            """,
            [[row["run_ix"] for row in replaced], [row["key_ix"] for row in replaced]],
        )
    insert(connection, "series", _SERIES_TYPES, rows)


def _summaries(batch: Batch, group: Array, order: Array) -> list[dict[str, Any]]:
    """Return a row of ``base.series`` for each series of the batch, as if it were all there is."""
    import numpy as np

    starts = np.flatnonzero(np.diff(group[order], prepend=group[order[0]] - 1))
    ends = np.append(starts[1:], len(order))
    values = batch.value[order]
    lowest, highest = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    # The last value is that of the greatest (step, time); of equals, the one that came last.
    last = np.lexsort((batch.ts_us, batch.step, group))[ends - 1]
    return [
        {
            "run_ix": int(batch.run_ix[at]),
            "key_ix": int(batch.key_ix[at]),
            "last_step": int(batch.step[at]),
            "last_ts_us": int(batch.ts_us[at]),
            "last_value": float(batch.value[at]),
            "minimum": None if math.isnan(low) else float(low),
            "maximum": None if math.isnan(high) else float(high),
            "points": int(end - start),
        }
        for at, low, high, start, end in zip(last, lowest, highest, starts, ends, strict=True)
    ]


def _combine(row: dict[str, Any], old: dict[str, Any]) -> None:
    """Take what the database has of a series into the newer row; NaN is neither low nor high."""
    if (old["last_step"], old["last_ts_us"]) > (row["last_step"], row["last_ts_us"]):
        row.update({name: old[name] for name in ("last_step", "last_ts_us", "last_value")})
    for name, choose in (("minimum", min), ("maximum", max)):
        numbers = [number for number in (old[name], row[name]) if number is not None]
        row[name] = choose(numbers, default=None)
    row["points"] += old["points"]

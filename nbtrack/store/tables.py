"""Loading the rows that events touch, and writing them back: many at a time, as lists that DuckDB unnests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbtrack.store.changes import Changes, Row, new_run

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_RUN_COLUMNS = tuple(new_run({"run": "", "start": 0}, ""))
_RUN_TYPES = dict.fromkeys(_RUN_COLUMNS, "varchar") | {
    "run_ix": "integer",
    "start_us": "bigint",
    "end_us": "bigint",
    "seed": "bigint",
    "execution_count": "bigint",
    "warnings": "varchar[]",
    "params": "map",
    "param_types": "map",
    "tags": "map",
    "hazard_count": "integer",
    "hazards": "varchar[]",
    "hazards_checked": "boolean",
}
_EXPERIMENT_TYPES = {"experiment_id": "varchar", "name": "varchar", "stage": "varchar", "tags": "map"}
_ARTIFACT_TYPES = {
    "run_ix": "integer",
    "path": "varchar",
    "hash": "varchar",
    "size_bytes": "bigint",
    "media_type": "varchar",
}
_INPUT_TYPES = {"run_ix": "integer"} | dict.fromkeys(
    ("name", "digest", "source", "schema", "profile", "context"), "varchar"
)
_PROBLEM_TYPES = {"ts_us": "bigint"} | dict.fromkeys(("run_id", "journal", "text", "detail"), "varchar")


def fetch(connection: DuckDBPyConnection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return all rows of a query.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    query : str
    *values
        For its ``?``.
    """
    return connection.execute(query, list(values)).fetchall()


def insert(connection: DuckDBPyConnection, table: str, types: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Insert rows.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    table : str
        In the schema ``base``.
    types : mapping of str to str
        Columns with their types; ``map`` is one of text to text.
    rows : sequence of dict
        May have more than these columns.
    """
    if not rows:
        return
    inner, outer, values = [], [], []
    for column, kind in types.items():
        if kind == "map":
            inner.append(f'unnest(?::varchar[][]) as "{column} keys", unnest(?::varchar[][]) as "{column} values"')
            outer.append(f'map("{column} keys", "{column} values") as "{column}"')
            values += [[list(row[column]) for row in rows], [list(row[column].values()) for row in rows]]
        else:
            inner.append(f'unnest(?::{kind}[]) as "{column}"')
            # DuckDB takes the NaN of a list or an array for a missing value.
            outer.append(
                f'coalesce("{column}", \'nan\'::double) as "{column}"' if column == "last_value" else f'"{column}"'
            )
            values.append([row[column] for row in rows])
    connection.execute(
        f"insert into base.{table} by name select {', '.join(outer)} from (select {', '.join(inner)})",  # noqa: S608 - our names
        values,
    )


def delete(connection: DuckDBPyConnection, table: str, column: str, kind: str, values: Sequence[Any]) -> None:
    """Delete the rows that have one of these values.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    table, column, kind : str
        In the schema ``base``; ``kind`` is the column's type.
    values : sequence
    """
    if values:
        connection.execute(
            f"delete from base.{table} where {column} in (select unnest(?::{kind}[]))",  # noqa: S608 - our names
            [list(values)],
        )


def load_runs(connection: DuckDBPyConnection, changes: Changes, where: str, *values: Any) -> None:
    """Load run rows that a condition selects, unless they are loaded already.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    changes : Changes
    where : str
        SQL over ``base.runs``.
    *values
        For its ``?``.
    """
    names = ", ".join(_RUN_COLUMNS)
    for found in fetch(connection, f"select {names} from base.runs where {where}", *values):  # noqa: S608 - our names
        row = dict(zip(_RUN_COLUMNS, found, strict=True))
        changes.runs.setdefault(row["run_id"], row)


def load_named(connection: DuckDBPyConnection, changes: Changes, run_ids: set[str], experiments: set[str]) -> None:
    """Load the runs and experiments of these ids and names.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    changes : Changes
    run_ids, experiments : set of str
    """
    if run_ids:
        load_runs(connection, changes, "run_id in (select unnest(?::varchar[]))", list(run_ids))
    if experiments:
        query = (
            f"select {', '.join(_EXPERIMENT_TYPES)} from base.experiments where name in (select unnest(?::varchar[]))"  # noqa: S608 - our names
        )
        for found in fetch(connection, query, list(experiments)):
            row = dict(zip(_EXPERIMENT_TYPES, found, strict=True))
            changes.experiments.setdefault(row["name"], row)


def number_runs(connection: DuckDBPyConnection, changes: Changes) -> None:
    """Give the runs that are not in the database yet their ``run_ix``."""
    new = [row for row in changes.runs.values() if row["run_ix"] is None]
    if not new:
        return
    first = int(fetch(connection, "select coalesce(max(run_ix), -1) + 1 from base.runs")[0][0])
    for run_ix, row in enumerate(new, first):
        row["run_ix"] = run_ix


def write(connection: DuckDBPyConnection, changes: Changes, with_new_points: Iterable[int]) -> None:
    """Write what events have changed, and the last metrics of the runs that have new points.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        In a transaction; the metrics are written already.
    changes : Changes
        All its runs numbered.
    with_new_points : iterable of int
        ``run_ix`` of those runs.
    """
    names = sorted(changes.touched_experiments)
    if names:
        delete(connection, "experiments", "name", "varchar", names)
        insert(connection, "experiments", _EXPERIMENT_TYPES, [changes.experiments[name] for name in names])
    _write_runs(connection, [changes.runs[run_id] for run_id in changes.touched])
    _write_last_metrics(connection, {*with_new_points, *(changes.runs[run_id]["run_ix"] for run_id in changes.touched)})
    _write_sources(connection, changes.sources)
    _write_artifacts(connection, changes)
    insert_with_ix(connection, changes, "inputs", _INPUT_TYPES, changes.inputs)
    insert(connection, "problems", _PROBLEM_TYPES, changes.problems)


def _write_runs(connection: DuckDBPyConnection, rows: list[Row]) -> None:
    if not rows:
        return
    delete(connection, "runs", "run_ix", "integer", [row["run_ix"] for row in rows])
    # The metrics are filled in from their own table, for all runs at once.
    insert(connection, "runs", {**_RUN_TYPES, "metrics": "map"}, [{**row, "metrics": {}} for row in rows])


def _write_last_metrics(connection: DuckDBPyConnection, run_ixs: set[int]) -> None:
    if not run_ixs:
        return
    connection.execute(
        """
        update base.runs set metrics = latest.metrics
        from (
            select run_ix, map(list(key order by key), list(last_value order by key)) as metrics
            from base.series join base.keys using (key_ix)
            where run_ix in (select unnest(?::integer[]))
            group by run_ix
        ) as latest
        where runs.run_ix = latest.run_ix
        """,
        [sorted(run_ixs)],
    )


def _write_sources(connection: DuckDBPyConnection, sources: Mapping[str, str]) -> None:
    if not sources:
        return
    rows = [{"hash": key, "text": text} for key, text in sources.items()]
    insert_unknown(connection, "sources", {"hash": "varchar", "text": "varchar"}, rows)


def insert_unknown(connection: DuckDBPyConnection, table: str, types: Mapping[str, str], rows: Sequence[Row]) -> None:
    """Insert the rows whose ``hash`` the table does not have.

    Parameters
    ----------
    connection, table, types, rows
        As for :func:`insert`.
    """
    if not rows:
        return
    query = f"select hash from base.{table} where hash in (select unnest(?::varchar[]))"  # noqa: S608 - our names
    known = {row[0] for row in fetch(connection, query, [row["hash"] for row in rows])}
    insert(connection, table, types, [row for row in rows if row["hash"] not in known])


def _write_artifacts(connection: DuckDBPyConnection, changes: Changes) -> None:
    rows = list(changes.artifacts.values())
    if not rows:
        return
    connection.execute(
        """
        delete from base.artifacts where (run_ix, path) in (select unnest(?::integer[]), unnest(?::varchar[]))
        """,
        [[changes.runs[row["run_id"]]["run_ix"] for row in rows], [row["path"] for row in rows]],
    )
    insert_with_ix(connection, changes, "artifacts", _ARTIFACT_TYPES, rows)


def insert_with_ix(
    connection: DuckDBPyConnection, changes: Changes, table: str, types: Mapping[str, str], rows: Sequence[Row]
) -> None:
    """Insert rows that name their run by its id, with the run's number in its place.

    Parameters
    ----------
    connection, table, types, rows
        As for :func:`insert`.
    changes : Changes
        Has the runs, all numbered.
    """
    numbered = [{**row, "run_ix": changes.runs[row["run_id"]]["run_ix"]} for row in rows]
    insert(connection, table, types, numbered)

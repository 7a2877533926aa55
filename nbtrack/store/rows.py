"""Rows of ``base.runs`` as records, in four queries at most however many runs there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbtrack.records import (
    Artifact,
    Param,
    ParamType,
    Provenance,
    RunData,
    RunError,
    RunInfo,
    RunRecord,
    Source,
    experiment_id,
)
from nbtrack.store import provenance_rows
from nbtrack.store.artifacts import ADDRESS

if TYPE_CHECKING:
    import duckdb

_COLUMNS = (
    "run_ix run_id experiment name status start_us end_us parent seed username source_kind source_name cell_id "
    "execution_count code error_type error_message error_traceback note warnings stage params param_types tags metrics "
    "hazard_count verdict"
).split()


def records(connection: duckdb.DuckDBPyConnection, page: Sequence[int]) -> list[RunRecord]:
    """Return the records of the runs with these numbers, in this order; of their provenance the hazards alone.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    page : sequence of int
        ``run_ix`` of the runs.

    Returns
    -------
    list of RunRecord
    """
    if not page:
        return []
    chosen = [list(page)]
    query = f"select {', '.join(_COLUMNS)} from base.runs where run_ix in (select unnest(?::integer[]))"  # noqa: S608
    rows = [dict(zip(_COLUMNS, row, strict=True)) for row in connection.execute(query, chosen).fetchall()]
    codes = dict(
        connection.execute(
            "select hash, text from base.sources where hash in (select unnest(?::varchar[]))",
            [list({row["code"] for row in rows if row["code"]})],
        ).fetchall()
    )
    artifacts: dict[int, list[Artifact]] = {}
    query = (
        "select run_ix, path, hash, size_bytes, media_type from base.artifacts "
        "where run_ix in (select unnest(?::integer[])) order by path"
    )
    for run_ix, *fields in connection.execute(query, chosen).fetchall():
        artifacts.setdefault(run_ix, []).append(Artifact(*fields))
    flagged = [row["run_ix"] for row in rows if row["hazard_count"]]
    hazards = provenance_rows.hazards(connection, flagged) if flagged else {}
    by_ix = {}
    for row in rows:
        provenance = Provenance(hazards=hazards.get(row["run_ix"], ()))
        by_ix[row["run_ix"]] = _record(row, codes, artifacts.get(row["run_ix"], []), provenance)
    return [by_ix[run_ix] for run_ix in page]


def typed_value(text: str, kind: str | None) -> Any:
    """Return a param's value with its type; its text where that does not read as the type.

    Parameters
    ----------
    text : str
    kind : str or None
        As in :class:`nbtrack.records.Param`.

    Returns
    -------
    object

    Examples
    --------
    >>> typed_value("5", "int"), typed_value("five", "int")
    (5, 'five')
    """
    known: ParamType = kind or "str"  # type: ignore[assignment]
    try:
        return Param(text, known).value
    except (ValueError, RecursionError):
        # As an int of more digits than Python converts.
        return text


def _record(row: dict[str, Any], codes: dict[str, str], artifacts: list[Artifact], provenance: Provenance) -> RunRecord:
    error = None
    if row["error_type"]:
        error = RunError(row["error_type"], row["error_message"] or "", row["error_traceback"] or "")
    info = RunInfo(
        run_id=row["run_id"],
        run_name=row["name"],
        experiment_id=experiment_id(row["experiment"]),
        experiment_name=row["experiment"],
        status=row["status"],
        start_time=row["start_us"] // 1000,
        end_time=None if row["end_us"] is None else row["end_us"] // 1000,
        lifecycle_stage=row["stage"],
        artifact_uri=f"{ADDRESS}{row['run_id']}",
        user_id=row["username"] or "",
        parent_run_id=row["parent"],
        seed=row["seed"],
        source=Source(
            kind=row["source_kind"],
            name=row["source_name"],
            cell_id=row["cell_id"],
            execution_count=row["execution_count"],
            code=codes.get(row["code"]),
        ),
        error=error,
    )
    params, types = row["params"] or {}, row["param_types"] or {}
    return RunRecord(
        info=info,
        data=RunData(params, row["metrics"] or {}, row["tags"] or {}),
        typed_params={key: typed_value(text, types.get(key)) for key, text in params.items()},
        note=row["note"] or "",
        warnings=tuple(row["warnings"] or ()),
        artifacts=tuple(artifacts),
        provenance=provenance,
        verdict=row["verdict"],
    )

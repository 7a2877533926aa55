"""The JSON export: one object that says what its parts mean, to be read without nbtrack and brought back later."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import nbtrack
from nbtrack.store import frames

if TYPE_CHECKING:
    import duckdb

FORMAT_NAME = "nbtrack-export"
FORMAT_VERSION = 1
_BATCH = 200

_ABOUT = {
    "times": "*_us: microseconds since 1970-01-01T00:00:00Z",
    "numbers": 'floats that JSON lacks are the texts "NaN", "Infinity" and "-Infinity"',
    "params": "key: [text, type]; type is str, int, float, bool, none or json, which tells how to read the text",
    "points": "metric: lists of step, ts_us and value of the same length; by step, then time, then as logged",
    "metrics": "metric: value of the greatest step, with the extremes and count of its points",
    "source.code": "key in sources; so is the source of an execution",
    "slice": "[session, sequence] of the cell executions that the run depends on, in order; they are in executions",
    "hazards": "why the run's numbers may not come back; null: nobody looked. unknown: label: why it is not decided",
    "verifications": "replays of the run and what came of them, oldest first; verdict: of the latest",
    "environment": "key in environments",
    "generators": "stream: key in generator_states, where the state is in base64",
    "artifacts": "hash is the SHA-256 of the content, which is not part of this file",
}
_COLUMNS = (
    "run_id experiment name status start_us end_us parent seed username source_kind source_name cell_id "
    "execution_count code error_type error_message error_traceback note warnings stage params param_types tags "
    "hazards_checked environment verdict"
).split()
OF_SLICES = "(session, sequence) in (select session, sequence from page join base.slices using (run_ix))"
"""Condition over ``base.cell_executions``: a run of the page depends on it."""
CODE = f"""
    select code from page join base.runs using (run_ix)
    union select source from base.cell_executions where {OF_SLICES}
"""  # noqa: S608 - ours
"""Hashes of the code that the page speaks of."""


_EXECUTION_COLUMNS = (
    "session sequence execution_count cell_id source start_us duration_s outcome observed reads binds changes deletes "
    "run_id folder digests"
).split()


def write(connection: duckdb.DuckDBPyConnection, page: Sequence[int], stream: IO[str]) -> None:
    """Write runs as one JSON object, a batch of runs in memory at a time.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    page : sequence of int
        ``run_ix`` of the runs.
    stream : text file
    """
    head = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "nbtrack": nbtrack.__version__,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "about": _ABOUT,
        **_shared(connection, page),
    }
    stream.write(_text(head)[:-1] + ', "runs": [')
    for start in range(0, len(page), _BATCH):
        for number, run in enumerate(_runs(connection, page[start : start + _BATCH])):
            stream.write((",\n" if start + number else "\n") + _text(run))
    stream.write("\n]}\n")


def _text(value: Any) -> str:
    # Strict JSON: a NaN that was overlooked is an error here, not a file that other programs refuse.
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _shared(connection: duckdb.DuckDBPyConnection, page: Sequence[int]) -> dict[str, Any]:
    with frames.registered(connection, page):
        experiments = connection.execute(
            "select experiment_id, name, stage, tags from base.experiments "
            "where name in (select experiment from page join base.runs using (run_ix)) order by name"
        ).fetchall()
        sources = connection.execute(
            f"select hash, text from base.sources where hash in ({CODE}) order by hash"  # noqa: S608 - ours
        ).fetchall()
        executions = connection.execute(
            f"select {', '.join(_EXECUTION_COLUMNS)} from base.cell_executions where {OF_SLICES} "  # noqa: S608 - ours
            "order by session, sequence"
        ).fetchall()
        environments = connection.execute(
            "select hash, facts from base.environments "
            "where hash in (select environment from page join base.runs using (run_ix)) order by hash"
        ).fetchall()
        states = connection.execute(
            "select hash, stream, state from base.generator_states "
            "where hash in (select hash from page join base.run_generators using (run_ix)) order by hash"
        ).fetchall()
    names = ("experiment_id", "name", "stage", "tags")
    return {
        "experiments": [dict(zip(names, row, strict=True)) for row in experiments],
        "sources": dict(sources),
        "executions": [dict(zip(_EXECUTION_COLUMNS, row, strict=True)) for row in executions],
        "environments": {digest: json.loads(facts) for digest, facts in environments},
        "generator_states": {digest: {"stream": stream, "state": state} for digest, stream, state in states},
    }


def _runs(connection: duckdb.DuckDBPyConnection, batch: Sequence[int]) -> list[dict[str, Any]]:
    columns = ", ".join(_COLUMNS)
    with frames.registered(connection, batch):
        rows = connection.execute(
            f"select place, {columns} from page join base.runs using (run_ix) order by place"  # noqa: S608 - ours
        ).fetchall()
        runs = [_run(dict(zip(_COLUMNS, row[1:], strict=True))) for row in rows]
        _add_metrics(connection, runs)
        _add_points(connection, runs)
        for kind, query in _LISTS.items():
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or ()][1:]
            for place, *fields in cursor.fetchall():
                runs[place][kind].append(dict(zip(names, fields, strict=True)))
        _add_provenance(connection, runs)
    return runs


_LISTS = {
    "artifacts": "select place, path, hash, size_bytes, media_type "
    "from page join base.artifacts using (run_ix) order by place, path",
    "inputs": 'select place, name, digest, source, "schema", profile, context '
    "from page join base.inputs using (run_ix) order by place",
}


def _run(row: dict[str, Any]) -> dict[str, Any]:
    params, types = row["params"] or {}, row["param_types"] or {}
    error = {"type": row["error_type"], "message": row["error_message"], "traceback": row["error_traceback"]}
    source = {"kind": row["source_kind"], "name": row["source_name"], "cell_id": row["cell_id"]}
    return {
        **{name: row[name] for name in ("run_id", "name", "experiment", "status", "start_us", "end_us")},
        "parent_run_id": row["parent"],
        "seed": row["seed"],
        "user": row["username"],
        "stage": row["stage"],
        "note": row["note"],
        "warnings": row["warnings"] or [],
        "error": error if row["error_type"] else None,
        "source": {**source, "execution_count": row["execution_count"], "code": row["code"]},
        "params": {key: [text, types.get(key, "str")] for key, text in params.items()},
        "tags": row["tags"] or {},
        "metrics": {},
        "points": {},
        "artifacts": [],
        "inputs": [],
        "hazards": [] if row["hazards_checked"] else None,
        "unknown": {},
        "slice": [],
        "environment": row["environment"],
        "generators": {},
        "verdict": row["verdict"],
        "verifications": [],
    }


def _add_provenance(connection: duckdb.DuckDBPyConnection, runs: list[dict[str, Any]]) -> None:
    cursor = connection.execute(
        "select place, label, severity, names, executions, sentence, remedy "
        "from page join base.hazards using (run_ix) order by place, position"
    )
    names = [column[0] for column in cursor.description or ()][1:]
    for place, *fields in cursor.fetchall():
        runs[place]["hazards"].append(dict(zip(names, fields, strict=True)))
    pairs = {"unknown": ("undecided_hazards", "label, reason"), "generators": ("run_generators", "stream, hash")}
    for kind, (table, columns) in pairs.items():
        query = f"select place, {columns} from page join base.{table} using (run_ix) order by all"  # noqa: S608 - ours
        for place, key, value in connection.execute(query).fetchall():
            runs[place][kind][key] = value
    members = "select place, session, sequence from page join base.slices using (run_ix) order by place, position"
    for place, session, sequence in connection.execute(members).fetchall():
        runs[place]["slice"].append([session, sequence])
    cursor = connection.execute(
        "select place, verification_id, start_us, verdict, sentence, facts, duration_s, kernel_s, cells_s, recorded_s, "
        "rtol, replays, cells, slice_corrected, memory_bytes "
        "from page join base.verifications using (run_ix) order by place, start_us, verification_id"
    )
    names = [column[0] for column in cursor.description or ()][1:]
    for place, *fields in cursor.fetchall():
        found = dict(zip(names, fields, strict=True))
        runs[place]["verifications"].append(found | json.loads(found.pop("facts")))


def _add_metrics(connection: duckdb.DuckDBPyConnection, runs: list[dict[str, Any]]) -> None:
    found = connection.execute(
        "select place, key, last_value, last_step, minimum, maximum, points "
        "from page join base.series using (run_ix) join base.keys using (key_ix) order by place, key"
    ).fetchall()
    for place, key, value, step, low, high, count in found:
        extremes = {"min": _number(low), "max": _number(high), "count": count}
        runs[place]["metrics"][key] = {"value": _number(value), "step": step, **extremes}


def _add_points(connection: duckdb.DuckDBPyConnection, runs: list[dict[str, Any]]) -> None:
    found = connection.execute(
        """
        select place, key, list(step order by step, ts_us, p.rowid), list(ts_us order by step, ts_us, p.rowid),
               list(value order by step, ts_us, p.rowid)
        from page join base.points p using (run_ix) join base.keys using (key_ix)
        group by place, key order by place, key
        """
    ).fetchall()
    for place, key, steps, times_us, values in found:
        runs[place]["points"][key] = {"step": steps, "ts_us": times_us, "value": [_number(value) for value in values]}

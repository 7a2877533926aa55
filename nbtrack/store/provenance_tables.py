"""Writing what runs depend on and what replays gave: executions, hazards, slices, environments, verifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtrack.store.changes import Changes
from nbtrack.store.tables import delete, insert, insert_unknown, insert_with_ix

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EXECUTION_TYPES = {
    "session": "varchar",
    "sequence": "bigint",
    "execution_count": "bigint",
    "cell_id": "varchar",
    "source": "varchar",
    "start_us": "bigint",
    "duration_s": "double",
    "outcome": "varchar",
    "observed": "boolean",
    **dict.fromkeys(("reads", "binds", "changes", "deletes"), "varchar[]"),
    "run_id": "varchar",
    "folder": "varchar",
    "digests": "map",
    "owner": "varchar",
}
_OF_RUN_TYPES = {
    "hazards": {
        "run_ix": "integer",
        "position": "integer",
        "label": "varchar",
        "severity": "varchar",
        "names": "varchar[]",
        "executions": "bigint[]",
        "sentence": "varchar",
        "remedy": "varchar",
    },
    "undecided_hazards": {"run_ix": "integer", "label": "varchar", "reason": "varchar"},
    "slices": {"run_ix": "integer", "position": "integer", "session": "varchar", "sequence": "bigint"},
}
_GENERATOR_TYPES = {"run_ix": "integer", "stream": "varchar", "hash": "varchar"}
_STATE_TYPES = {"hash": "varchar", "stream": "varchar", "state": "varchar"}
_ENVIRONMENT_TYPES = {"hash": "varchar", "facts": "varchar"}
_VERIFICATION_TYPES = {
    "run_ix": "integer",
    "verification_id": "varchar",
    "start_us": "bigint",
    "verdict": "varchar",
    "sentence": "varchar",
    **dict.fromkeys(("duration_s", "kernel_s", "cells_s", "recorded_s", "rtol"), "double"),
    "replays": "bigint",
    "cells": "bigint",
    "slice_corrected": "boolean",
    "memory_bytes": "bigint",
    "facts": "varchar",
}


def write(connection: DuckDBPyConnection, changes: Changes) -> None:
    """Write what the events of provenance have changed.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        In a transaction.
    changes : Changes
        All its runs numbered.
    """
    _write_executions(connection, changes)
    insert_unknown(
        connection,
        "environments",
        _ENVIRONMENT_TYPES,
        [{"hash": digest, "facts": facts} for digest, facts in changes.environments.items()],
    )
    insert_unknown(connection, "generator_states", _STATE_TYPES, list(changes.generator_states.values()))
    judged = [changes.runs[run_id]["run_ix"] for run_id in changes.provenance]
    for table, types in _OF_RUN_TYPES.items():
        delete(connection, table, "run_ix", "integer", judged)
        found = [row for rows in changes.provenance.values() for row in rows[table]]
        insert_with_ix(connection, changes, table, types, found)
    drawn = [changes.runs[run_id]["run_ix"] for run_id in changes.generators]
    delete(connection, "run_generators", "run_ix", "integer", drawn)
    streams = [row for rows in changes.generators.values() for row in rows]
    insert_with_ix(connection, changes, "run_generators", _GENERATOR_TYPES, streams)
    _write_verifications(connection, changes)


def _write_executions(connection: DuckDBPyConnection, changes: Changes) -> None:
    rows = list(changes.executions.values())
    if not rows:
        return
    connection.execute(
        """
        delete from base.cell_executions
        where (session, sequence) in (select unnest(?::varchar[]), unnest(?::bigint[]))
        """,
        [[row["session"] for row in rows], [row["sequence"] for row in rows]],
    )
    insert(connection, "cell_executions", _EXECUTION_TYPES, rows)


def _write_verifications(connection: DuckDBPyConnection, changes: Changes) -> None:
    rows = list(changes.verifications.values())
    if not rows:
        return
    delete(connection, "verifications", "verification_id", "varchar", list(changes.verifications))
    insert_with_ix(connection, changes, "verifications", _VERIFICATION_TYPES, rows)
    # One that began earlier may be told later, by another process.
    connection.execute(
        """
        update base.runs set verdict = latest.verdict
        from (
            select run_ix, arg_max(verdict, {'start': start_us, 'id': verification_id}) as verdict
            from base.verifications
            where run_ix in (select unnest(?::integer[]))
            group by run_ix
        ) as latest
        where runs.run_ix = latest.run_ix
        """,
        [sorted({changes.runs[row["run_id"]]["run_ix"] for row in rows})],
    )

"""Writing what runs depend on: cell executions, hazards, slices, environments and generators' states."""

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

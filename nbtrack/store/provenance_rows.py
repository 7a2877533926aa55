"""What runs depend on, read back: the hazards of a page of runs, everything else for one run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbtrack.records import CellExecution, Hazard, Input, Provenance, RunRecord

if TYPE_CHECKING:
    import duckdb


def hazards(connection: duckdb.DuckDBPyConnection, chosen: Sequence[int]) -> dict[int, tuple[Hazard, ...]]:
    """Return the hazards of runs, in the order in which they were found to matter.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    chosen : sequence of int
        ``run_ix`` of the runs.

    Returns
    -------
    dict of int to tuple of Hazard
        Runs without any are left out.
    """
    found: dict[int, list[Hazard]] = {}
    query = (
        "select run_ix, label, severity, names, executions, sentence, remedy from base.hazards "
        "where run_ix in (select unnest(?::integer[])) order by run_ix, position"
    )
    for run_ix, label, severity, names, executions, sentence, remedy in connection.execute(
        query, [list(chosen)]
    ).fetchall():
        hazard = Hazard(
            label=label,
            severity=severity,
            names=tuple(names or ()),
            executions=tuple(executions or ()),
            sentence=sentence,
            remedy=remedy,
        )
        found.setdefault(run_ix, []).append(hazard)
    return {run_ix: tuple(listed) for run_ix, listed in found.items()}


def completed(connection: duckdb.DuckDBPyConnection, run_ix: int, record: RunRecord) -> RunRecord:
    """Return a run's record with all that the run depends on: slice with sources, environment, generators, inputs.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_ix : int
    record : RunRecord
        Has the hazards already.

    Returns
    -------
    RunRecord
    """

    def fetch(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query, [run_ix]).fetchall()

    reasons = fetch("select label, reason from base.undecided_hazards where run_ix = ? order by label")
    streams = fetch("select stream, hash from base.run_generators where run_ix = ? order by stream")
    facts = fetch(
        "select facts from base.environments where hash = (select environment from base.runs where run_ix = ?)"
    )
    inputs = fetch(
        'select name, digest, source, "schema", profile, context from base.inputs where run_ix = ? order by rowid'
    )
    names = ("name", "digest", "source", "schema", "profile", "context")
    return replace(
        record,
        provenance=Provenance(
            hazards=record.provenance.hazards,
            unknown=dict(reasons),
            slice=_slice(connection, run_ix),
            generators=dict(streams),
            environment=_facts(facts[0][0]) if facts else {},
        ),
        inputs=tuple(Input(**dict(zip(names, row, strict=True))) for row in inputs),
    )


def _facts(text: str) -> Mapping[str, Any]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


def _slice(connection: duckdb.DuckDBPyConnection, run_ix: int) -> tuple[CellExecution, ...]:
    found = connection.execute(
        """
        select m.session, m.sequence, execution_count, cell_id, s.text, start_us, duration_s, outcome, observed,
               reads, binds, changes, deletes, run_id
        from (select position, session, sequence from base.slices where run_ix = ?) m
        left join base.cell_executions using (session, sequence)
        left join base.sources s on s.hash = cell_executions.source
        order by m.position
        """,
        [run_ix],
    ).fetchall()
    return tuple(_execution(row) for row in found)


def _execution(row: tuple[Any, ...]) -> CellExecution:
    session, sequence, execution_count, cell_id, text, start_us, duration_s, outcome, observed, *rest = row
    if start_us is None:
        # The execution itself is not in the store (yet); that it is one of the slice still counts.
        return CellExecution(
            session=session, sequence=sequence, execution_count=None, cell_id=None, source=None, start_us=0,
            observed=False,
        )  # fmt: skip
    *names, run_id = rest
    reads, binds, changes, deletes = (tuple(part or ()) for part in names)
    return CellExecution(
        session=session,
        sequence=sequence,
        execution_count=execution_count,
        cell_id=cell_id,
        source=text,
        start_us=start_us,
        duration_s=duration_s,
        outcome=outcome,
        observed=observed,
        reads=reads,
        binds=binds,
        changes=changes,
        deletes=deletes,
        run_id=run_id,
    )


def generator_states(connection: duckdb.DuckDBPyConnection, run_ix: int) -> dict[str, str]:
    """Return the states that a run's generators had at its start.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_ix : int

    Returns
    -------
    dict of str to str
        By stream, as they were recorded: base64. Streams whose state is not known are left out.
    """
    query = (
        "select g.stream, s.state from base.run_generators g join base.generator_states s using (hash) "
        "where run_ix = ? order by g.stream"
    )
    return dict(connection.execute(query, [run_ix]).fetchall())

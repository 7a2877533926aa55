"""What runs depend on, read back: the hazards of a page of runs, everything else for one run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbtrack.records import Hazard, Input, Provenance, RunRecord
from nbtrack.store import executions, verification_rows

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
    for run_ix, label, severity, names, counts, sentence, remedy in connection.execute(
        query, [list(chosen)]
    ).fetchall():
        hazard = Hazard(
            label=label,
            severity=severity,
            names=tuple(names or ()),
            executions=tuple(counts or ()),
            sentence=sentence,
            remedy=remedy,
        )
        found.setdefault(run_ix, []).append(hazard)
    return {run_ix: tuple(listed) for run_ix, listed in found.items()}


def completed(connection: duckdb.DuckDBPyConnection, run_ix: int, record: RunRecord) -> RunRecord:
    """Return a run's record with all that the run depends on, and its verifications.

    What it depends on: slice with sources, environment, generators, inputs.

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
            slice=executions.of_slice(connection, run_ix),
            generators=dict(streams),
            environment=_facts(facts[0][0]) if facts else {},
        ),
        inputs=tuple(Input(**dict(zip(names, row, strict=True))) for row in inputs),
        verifications=verification_rows.verifications(connection, run_ix),
    )


def _facts(text: str) -> Mapping[str, Any]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


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

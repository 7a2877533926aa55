"""Recording what came of a replay: the verdict, and the slice where it was too small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from nbtrack.records import CellExecution, RunRecord
from nbtrack.store.writer import StoreWriter
from nbtrack.verification import Verification


def record_verification(store: StoreWriter, verification: Verification) -> None:
    """Record what came of replaying a run; recorded again, it replaces itself.

    Parameters
    ----------
    store : StoreWriter
        The store that has the run.
    verification : Verification

    Raises
    ------
    StoreError
        Nothing can be written, and too much waits in memory already.

    Examples
    --------
    >>> record_verification(run.store, verification)  # doctest: +SKIP
    """
    store.append_event({"t": "verification", "run": verification.run_id, "verification": asdict(verification)})


def correct_slice(store: StoreWriter, record: RunRecord, executions: Sequence[CellExecution]) -> None:
    """Record another slice of a run in place of the one that it has; its hazards stay.

    Parameters
    ----------
    store : StoreWriter
        The store that has the run.
    record : RunRecord
        With its provenance.
    executions : sequence of CellExecution
        Of one session, in order, the run itself last.

    Raises
    ------
    StoreError
        As for :func:`record_verification`.
    """
    provenance = record.provenance
    store.append_event(
        {
            "t": "provenance",
            "run": record.info.run_id,
            "hazards": [asdict(hazard) for hazard in provenance.hazards],
            "unknown": dict(provenance.unknown),
            "slice": {"session": executions[-1].session, "sequences": [found.sequence for found in executions]},
        }
    )

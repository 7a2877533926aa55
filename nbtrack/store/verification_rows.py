"""What came of replays, read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbtrack.verification import MetricCheck, Reason, Verification

if TYPE_CHECKING:
    import duckdb

_COLUMNS = (
    "verification_id verdict sentence start_us duration_s kernel_s cells_s recorded_s rtol replays cells "
    "slice_corrected memory_bytes"
).split()


def verifications(connection: duckdb.DuckDBPyConnection, run_ix: int) -> tuple[Verification, ...]:
    """Return the verifications of a run.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_ix : int

    Returns
    -------
    tuple of Verification
        Oldest first.
    """
    found = connection.execute(
        f"""
        select run_id, facts, {", ".join(f"v.{name}" for name in _COLUMNS)}
        from base.verifications v join base.runs using (run_ix)
        where run_ix = ? order by v.start_us, verification_id
        """,  # noqa: S608 - ours
        [run_ix],
    ).fetchall()
    return tuple(_verification(run_id, json.loads(facts), fields) for run_id, facts, *fields in found)


def _verification(run_id: str, facts: dict[str, Any], fields: list[Any]) -> Verification:
    return Verification(
        run_id=run_id,
        metrics=tuple(_check(metric) for metric in facts["metrics"]),
        reasons=tuple(_reason(reason) for reason in facts["reasons"]),
        notes=tuple(facts["notes"]),
        **dict(zip(_COLUMNS, fields, strict=True)),
    )


def _check(found: dict[str, Any]) -> MetricCheck:
    replayed = found["replayed"]
    return MetricCheck(
        key=found["key"],
        # Where JSON lacks the number it is a text.
        recorded=float(found["recorded"]),
        replayed=None if replayed is None else float(replayed),
        outcome=found["outcome"],
    )


def _reason(found: dict[str, Any]) -> Reason:
    lists = {part: tuple(found[part]) for part in ("evidence", "names", "executions")}
    return Reason(label=found["label"], sentence=found["sentence"], **lists)

"""One run as a report: plain values that any reader of JSON takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from nbtrack.records import CellExecution, Hazard, Provenance, RunRecord
from nbtrack.verification import Verification


def report(record: RunRecord) -> dict[str, Any]:
    """Return everything about a run as one mapping that JSON can hold.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    dict
        Identity, status and times; ``params`` (typed), ``metrics``, ``tags``, ``seeds``; ``hazards``, and in
        ``unknown`` the labels of those that could not be decided with the reason; ``hazards_checked``: whether they
        were looked for; ``slice``: the cell executions that the run depends on, in order; ``environment``, ``inputs``,
        ``artifacts``; ``verifications``: replays of the run, oldest first, as :func:`verification_facts` has them, and
        ``verification``: the latest, None until the run was replayed. NaN and the infinities are the texts ``NaN``,
        ``Infinity`` and ``-Infinity``.

    Examples
    --------
    >>> from nbtrack.records import RunData, RunInfo
    >>> names = {"run_name": "baseline", "experiment_id": "1", "experiment_name": "digits"}
    >>> info = RunInfo(run_id="3f2a", status="finished", start_time=0, **names)
    >>> report(RunRecord(info, RunData(metrics={"loss": float("nan")})))["metrics"]
    {'loss': 'NaN'}
    """
    info, provenance = record.info, record.provenance
    verifications = [verification_facts(verification) for verification in record.verifications]
    facts = run_facts(record) | {
        "seeds": {"seed": info.seed, "generators": provenance.generators},
        "unknown": provenance.unknown,
        "hazards_checked": is_checked(provenance),
        "slice": [_execution_facts(execution) for execution in provenance.slice],
        "environment": provenance.environment,
        "inputs": [asdict(found) for found in record.inputs],
        "artifacts": [
            {"path": item.path, "sha256": item.digest, "size_bytes": item.size_bytes, "media_type": item.media_type}
            for item in record.artifacts
        ],
        "code": info.source.code,
        "verification": verifications[-1] if verifications else None,
        "verifications": verifications,
    }
    found: dict[str, Any] = plain(facts)
    return found


def run_facts(record: RunRecord) -> dict[str, Any]:
    """Return what a list of runs says of each: identity, values and hazards, times still as times.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    dict
        For :func:`plain`.
    """
    info = record.info
    return {
        "run_id": info.run_id,
        "name": info.run_name,
        "run_name": info.run_name,
        "experiment": info.experiment_name,
        "status": info.status,
        "lifecycle_stage": info.lifecycle_stage,
        "start_time": _from_ms(info.start_time),
        "end_time": _from_ms(info.end_time),
        "duration_s": info.duration_s,
        "params": record.typed_params,
        "metrics": record.data.metrics,
        "tags": record.data.tags,
        "seed": info.seed,
        "note": record.note,
        "warnings": record.warnings,
        "hazards": [hazard_facts(hazard) for hazard in record.provenance.hazards],
        "verdict": record.verdict,
        "parent_run_id": info.parent_run_id,
        "user": info.user_id,
        "source": {"kind": info.source.kind, "name": info.source.name, "cell_id": info.source.cell_id},
        "error": None if info.error is None else asdict(info.error),
    }


def hazard_facts(hazard: Hazard) -> dict[str, Any]:
    """Return a hazard as a mapping.

    Parameters
    ----------
    hazard : Hazard

    Returns
    -------
    dict
        ``label``, ``severity``, ``names``, ``executions``, ``sentence`` and ``remedy``.
    """
    return asdict(hazard)


def verification_facts(verification: Verification) -> dict[str, Any]:
    """Return what came of a replay as a mapping.

    Parameters
    ----------
    verification : Verification

    Returns
    -------
    dict
        Its fields, with the start as ``time``; for :func:`plain`. Metrics have their ``difference`` besides, what was
        replayed less what was recorded.
    """
    facts = asdict(verification)
    facts["time"] = _from_ms(facts.pop("start_us") // 1000)
    facts["metrics"] = [asdict(check) | {"difference": check.difference} for check in verification.metrics]
    return facts


def is_checked(provenance: Provenance) -> bool:
    """Tell whether anybody looked what a run depends on.

    Parameters
    ----------
    provenance : Provenance
        Of one run, as :meth:`nbtrack.store.store.Store.run` has it: a record of a list of runs has no slice.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_checked(Provenance())
    False
    """
    # A run that was looked at is in its own slice.
    return bool(provenance.slice or provenance.hazards or provenance.unknown)


def _execution_facts(execution: CellExecution) -> dict[str, Any]:
    return {
        "execution_count": execution.execution_count,
        "cell_id": execution.cell_id,
        "source": execution.source,
        "session": execution.session,
        "sequence": execution.sequence,
    }


def plain(value: Any) -> Any:
    """Return a value with everything in it that JSON does not know replaced.

    Times become ISO 8601 texts, in UTC with a ``Z`` where a zone is known; NaN and the infinities become the texts
    ``NaN``, ``Infinity`` and ``-Infinity``, since JSON has no such numbers; what is missing becomes null.

    Parameters
    ----------
    value : object

    Returns
    -------
    object

    Examples
    --------
    >>> plain({"loss": float("nan"), "steps": (1, 2)})
    {'loss': 'NaN', 'steps': [1, 2]}
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        # A lone surrogate, from a file name perhaps, cannot be printed.
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else _NOT_FINITE[str(float(value))]
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _from_ms(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)

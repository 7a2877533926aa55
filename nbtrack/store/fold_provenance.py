"""The rules for the events of provenance: cell executions, hazards, slices, environments, generators, verifications.

An event may be said again, by a process that found the store's journals deleted or that knows better: the later one of
the same run or execution replaces the earlier, and what is kept by its hash is kept once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

from nbtrack.report import plain
from nbtrack.store.changes import Changes, Event, Row, int64, int64_or_none, one_of, text_or_none
from nbtrack.verification import VERDICTS

_SEVERITIES = ("high", "medium")
_OUTCOMES = ("ok", "error", "interrupted")
_CHECKS = ("exact", "close", "different", "missing", "timer")


def _cell(changes: Changes, event: Event, journal: str) -> None:
    session, sequence = str(event["session"]), int64(event["sequence"])
    changes.executions[session, sequence] = {
        "session": session,
        "sequence": sequence,
        "execution_count": int64_or_none(event.get("execution_count")),
        "cell_id": text_or_none(event.get("cell_id")),
        "source": text_or_none(event.get("source")),
        "start_us": int64(event["start"]),
        "duration_s": float(event.get("duration") or 0.0),
        "outcome": one_of(_OUTCOMES, event.get("outcome", "ok")),
        "observed": bool(event.get("observed", True)),
        **{part: _texts(event.get(part)) for part in ("reads", "binds", "changes", "deletes")},
        "run_id": text_or_none(event.get("run")),
        "folder": text_or_none(event.get("folder")),
        "digests": {str(name): str(digest) for name, digest in (event.get("digests") or {}).items()},
        "owner": journal,
    }


def _environment(changes: Changes, event: Event, journal: str) -> None:
    digest, facts = str(event["hash"]), event["facts"]
    if not isinstance(facts, dict):
        raise TypeError(f"facts are {type(facts).__name__}, not a mapping")
    changes.environments[digest] = json.dumps(facts)


def _generator_state(changes: Changes, event: Event, journal: str) -> None:
    row = {"hash": str(event["hash"]), "stream": str(event["stream"]), "state": str(event["state"])}
    changes.generator_states[row["hash"]] = row


def _provenance(changes: Changes, row: Row, event: Event) -> None:
    run_id = row["run_id"]
    hazards = [_hazard(run_id, position, found) for position, found in enumerate(event.get("hazards") or ())]
    reasons = (event.get("unknown") or {}).items()
    undecided = [{"run_id": run_id, "label": str(label), "reason": str(reason)} for label, reason in reasons]
    known = event.get("slice") or {}
    sequences = [int64(sequence) for sequence in known.get("sequences") or ()]
    session = str(known["session"]) if sequences else ""
    members = [
        {"run_id": run_id, "position": position, "session": session, "sequence": sequence}
        for position, sequence in enumerate(sequences)
    ]
    severities = {hazard["severity"] for hazard in hazards}
    row.update(
        hazard_count=len(hazards),
        hazard_severity=next((word for word in _SEVERITIES if word in severities), None),
        hazards=list(dict.fromkeys(hazard["label"] for hazard in hazards)),
        hazards_checked=True,
    )
    changes.provenance[run_id] = {"hazards": hazards, "undecided_hazards": undecided, "slices": members}


def _hazard(run_id: str, position: int, found: dict[str, Any]) -> Row:
    return {
        "run_id": run_id,
        "position": position,
        "label": str(found["label"]),
        "severity": one_of(_SEVERITIES, found["severity"]),
        "names": _texts(found.get("names")),
        "executions": [int64(count) for count in found.get("executions") or () if count is not None],
        "sentence": str(found.get("sentence") or ""),
        "remedy": str(found.get("remedy") or ""),
    }


def _run_environment(changes: Changes, row: Row, event: Event) -> None:
    row["environment"] = str(event["hash"])


def _generators(changes: Changes, row: Row, event: Event) -> None:
    streams = {str(stream): str(digest) for stream, digest in event["streams"].items()}
    changes.generators[row["run_id"]] = [
        {"run_id": row["run_id"], "stream": stream, "hash": digest} for stream, digest in streams.items()
    ]


def _verification(changes: Changes, row: Row, event: Event) -> None:
    found = event["verification"]
    facts = {
        "metrics": [_check(metric) for metric in found.get("metrics") or ()],
        "reasons": [_reason(reason) for reason in found.get("reasons") or ()],
        "notes": _texts(found.get("notes")),
    }
    identity = str(found["verification_id"])
    changes.verifications[identity] = {
        "run_id": row["run_id"],
        "verification_id": identity,
        "start_us": int64(found["start_us"]),
        "verdict": one_of(VERDICTS, found["verdict"]),
        "sentence": str(found.get("sentence") or ""),
        **{part: _finite(found.get(part)) for part in ("duration_s", "kernel_s", "cells_s", "recorded_s", "rtol")},
        **{part: int64(found.get(part) or 0) for part in ("replays", "cells")},
        "slice_corrected": bool(found.get("slice_corrected")),
        "memory_bytes": int64_or_none(found.get("memory_bytes")),
        "facts": json.dumps(plain(facts)),
    }


def _finite(value: Any) -> float:
    number = float(value or 0.0)
    return number if math.isfinite(number) else 0.0


def _check(found: dict[str, Any]) -> Row:
    replayed = found.get("replayed")
    return {
        "key": str(found["key"]),
        # The journal has NaN and the infinities as texts.
        "recorded": float(found["recorded"]),
        "replayed": None if replayed is None else float(replayed),
        "outcome": one_of(_CHECKS, found["outcome"]),
    }


def _reason(found: dict[str, Any]) -> Row:
    return {
        "label": str(found["label"]),
        "sentence": str(found.get("sentence") or ""),
        **{part: _texts(found.get(part)) for part in ("evidence", "names")},
        "executions": [int64(count) for count in found.get("executions") or () if count is not None],
    }


def _texts(given: Iterable[Any] | None) -> list[str]:
    if isinstance(given, str):
        raise TypeError(f"{given!r} is a text, not a list of texts")
    return [str(text) for text in given or ()]


OF_STORE: dict[str, Callable[[Changes, Event, str], None]] = {
    "cell": _cell,
    "environment": _environment,
    "generator_state": _generator_state,
}
"""Rules for what belongs to no run, by the event's kind."""

OF_RUN: dict[str, Callable[[Changes, Row, Event], None]] = {
    "provenance": _provenance,
    "run_environment": _run_environment,
    "generators": _generators,
    "verification": _verification,
}
"""Rules for what is said of a run, by the event's kind."""

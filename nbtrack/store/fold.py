"""Applying journal events to rows: plain Python over dicts, so that every rule can be read in one place.

An event that cannot be understood, or is of a run that nobody knows, becomes a problem with the event in it. It is
never dropped, and never in the way of the events after it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from nbtrack.store import fold_provenance
from nbtrack.store.changes import Changes, Event, Row, int64, json_or_none, new_run, one_of, text_or_none

_STATUSES = ("finished", "failed", "interrupted")
_STAGES = ("active", "deleted")
_BAD_EVENT = (KeyError, TypeError, ValueError, AttributeError)
_LATEST_US = 2**62


def apply(changes: Changes, events: Iterable[tuple[str, Event]]) -> None:
    """Apply events, in the order of their times.

    Parameters
    ----------
    changes : Changes
        Holds the rows that the events touch, as far as the database has them.
    events : iterable of (str, dict)
        Journal and event; those of a journal in their order.
    """
    ordered = _in_order_of_time(events)
    # A run may be tagged from a process whose clock is behind the one that started it: starts come first.
    for journal, event in ordered:
        if event.get("t") == "run":
            _understand(changes, event, journal, _start)
    for journal, event in ordered:
        kind = str(event.get("t"))
        if kind in _OF_STORE:
            _understand(changes, event, journal, _OF_STORE[kind])
        elif kind in _OF_RUN:
            row = changes.runs.get(str(event.get("run")))
            if row is None:
                text = f"a {kind} event names a run that the store does not know; it is kept in detail"
                _keep(changes, event, journal, text)
            else:
                _understand(changes, event, journal, _on_run(_OF_RUN[kind], row))
        elif kind != "run":
            _keep(changes, event, journal, f"an event of unknown kind {kind!r}, maybe of a newer nbtrack")


def crash(row: Row, end_us: int) -> None:
    """Mark a run whose process is gone.

    Parameters
    ----------
    row : dict
    end_us : int
        Last sign of life.
    """
    row["status"] = "crashed"
    row["end_us"] = max(end_us, row["start_us"])


def _in_order_of_time(events: Iterable[tuple[str, Event]]) -> list[tuple[str, Event]]:
    timed = []
    latest: dict[str, int] = {}
    for journal, event in events:
        ts_us, known = event.get("ts"), latest.get(journal, 0)
        # A clock that was set back must not turn the order of a journal's events.
        latest[journal] = max(known, ts_us) if isinstance(ts_us, int) and abs(ts_us) < _LATEST_US else known
        timed.append((latest[journal], journal, event))
    return [(journal, event) for _, journal, event in sorted(timed, key=lambda item: item[0])]


def _understand(changes: Changes, event: Event, journal: str, rule: Callable[[Changes, Event, str], None]) -> None:
    try:
        rule(changes, event, journal)
    except _BAD_EVENT as error:
        reason = f"{type(error).__name__}: {error}"
        _keep(changes, event, journal, f"a {event.get('t')} event could not be understood ({reason})")


def _keep(changes: Changes, event: Event, journal: str, text: str) -> None:
    changes.problem(text, run_id=text_or_none(event.get("run")), journal=journal, detail=json.dumps(event))


def _on_run(rule: Callable[[Changes, Row, Event], None], row: Row) -> Callable[[Changes, Event, str], None]:
    def apply_to_row(changes: Changes, event: Event, journal: str) -> None:
        rule(changes, row, event)
        changes.touched.add(row["run_id"])
        if event["t"] == "resume":
            row["owner"] = journal

    return apply_to_row


# --- one rule for each kind of event; each reads all it needs before it changes anything ----------------------------


def _start(changes: Changes, event: Event, journal: str) -> None:
    row = new_run(event, journal)
    known = changes.runs.get(row["run_id"])
    if known is None:
        changes.runs[row["run_id"]] = row
        changes.experiment(row["experiment"])
    elif known["status"] in ("running", "crashed"):
        # Said again, by a process that found the store's journals deleted.
        known.update(status="running", end_us=None, owner=journal)
    changes.touched.add(row["run_id"])


def _experiment(changes: Changes, event: Event, journal: str) -> None:
    name, tags = str(event["name"]), _texts(event.get("tags") or {})
    _merge_tags(changes.experiment(name)["tags"], tags)


def _experiment_stage(changes: Changes, event: Event, journal: str) -> None:
    name, stage = str(event["name"]), one_of(_STAGES, event["stage"])
    changes.experiment(name)["stage"] = stage


def _source(changes: Changes, event: Event, journal: str) -> None:
    digest, text = str(event["hash"]), str(event["text"])
    changes.sources[digest] = text


def _problem(changes: Changes, event: Event, journal: str) -> None:
    run_id, detail = text_or_none(event.get("run")), str(event.get("detail") or "")
    changes.problem(str(event.get("text")), run_id=run_id, journal=journal, detail=detail)


def _resume(changes: Changes, row: Row, event: Event) -> None:
    row.update(status="running", end_us=None, error_type=None, error_message=None, error_traceback=None)


def _end(changes: Changes, row: Row, event: Event) -> None:
    error = event.get("error") or {}
    row.update(
        status=one_of(_STATUSES, event["status"]),
        end_us=int64(event["end"]),
        error_type=text_or_none(error.get("type")),
        error_message=text_or_none(error.get("message")),
        error_traceback=text_or_none(error.get("traceback")),
    )


def _params(changes: Changes, row: Row, event: Event) -> None:
    given = {str(key): (str(text), str(kind)) for key, (text, kind) in event["v"].items()}
    for key, (text, kind) in given.items():
        known = row["params"].setdefault(key, text)
        if known == text:
            row["param_types"].setdefault(key, kind)
        else:
            changes.problem(
                f"param {key!r} is {known[:200]!r} and was logged again as {text[:200]!r}; the first value is kept",
                run_id=row["run_id"],
                detail=text,
            )


def _tags(changes: Changes, row: Row, event: Event) -> None:
    _merge_tags(row["tags"], _texts(event["v"]))


def _note(changes: Changes, row: Row, event: Event) -> None:
    row["note"] = str(event["text"])


def _name(changes: Changes, row: Row, event: Event) -> None:
    row["name"] = str(event["name"])


def _seed(changes: Changes, row: Row, event: Event) -> None:
    row["seed"] = int64(event["seed"])


def _warning(changes: Changes, row: Row, event: Event) -> None:
    row["warnings"] = [*row["warnings"], str(event["text"])]


def _stage(changes: Changes, row: Row, event: Event) -> None:
    row["stage"] = one_of(_STAGES, event["stage"])


def _artifact(changes: Changes, row: Row, event: Event) -> None:
    path = str(event["path"])
    changes.artifacts[row["run_id"], path] = {
        "run_id": row["run_id"],
        "path": path,
        "hash": str(event["hash"]),
        "size_bytes": int64(event["size_bytes"]),
        "media_type": str(event.get("media_type") or "application/octet-stream"),
    }


def _input(changes: Changes, row: Row, event: Event) -> None:
    names = ("digest", "source", "schema", "profile", "context")
    parts = {name: json_or_none(event.get(name)) for name in names}
    changes.inputs.append({"run_id": row["run_id"], "name": str(event["name"]), **parts})


_OF_STORE: dict[str, Callable[[Changes, Event, str], None]] = {
    "experiment": _experiment,
    "experiment_stage": _experiment_stage,
    "source": _source,
    "problem": _problem,
    **fold_provenance.OF_STORE,
}
_OF_RUN: dict[str, Callable[[Changes, Row, Event], None]] = {
    "resume": _resume,
    "end": _end,
    "params": _params,
    "tags": _tags,
    "note": _note,
    "name": _name,
    "seed": _seed,
    "warning": _warning,
    "stage": _stage,
    "artifact": _artifact,
    "input": _input,
    **fold_provenance.OF_RUN,
}


def _texts(tags: dict[str, Any]) -> dict[str, str | None]:
    return {str(key): text_or_none(text) for key, text in tags.items()}


def _merge_tags(tags: dict[str, str], given: dict[str, str | None]) -> None:
    for key, text in given.items():
        if text is None:
            tags.pop(key, None)
        else:
            tags[key] = text

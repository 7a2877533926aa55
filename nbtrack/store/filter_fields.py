"""What a filter may name: kinds of values, and the attributes of a run with their place in ``base.runs``."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from nbtrack.store.artifacts import ADDRESS

ValueKind: TypeAlias = Literal["text", "number", "time", "status", "labels", "verdict"]

KINDS = {
    "metrics": "metrics",
    "metric": "metrics",
    "params": "params",
    "param": "params",
    "parameters": "params",
    "parameter": "params",
    "tags": "tags",
    "tag": "tags",
    "attributes": "attributes",
    "attribute": "attributes",
    "attr": "attributes",
    "run": "attributes",
    "datasets": "datasets",
    "dataset": "datasets",
}
"""What may stand before the first dot of a name."""

STATUSES = {
    **{status: status for status in ("running", "finished", "failed", "interrupted", "crashed")},
    # MLflow's names; nothing is ever scheduled here.
    "killed": "interrupted",
    "scheduled": "scheduled",
}
"""Accepted statuses and how the store calls them."""

DATASET_COLUMNS = ("name", "digest", "context")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a run: its name, its SQL over ``base.runs``, and what it is compared with."""

    name: str
    sql: str
    kind: ValueKind = "text"


_ATTRIBUTES = (
    Attribute("run_id", "run_id"),
    Attribute("run_name", "name"),
    Attribute("status", "status", "status"),
    Attribute("start_time", "start_us", "time"),
    Attribute("end_time", "end_us", "time"),
    Attribute("duration_s", "(end_us - start_us) / 1e6", "number"),
    Attribute("experiment", "experiment"),
    Attribute("experiment_id", "(select e.experiment_id from base.experiments e where e.name = experiment)"),
    Attribute("user_id", "username"),
    Attribute("artifact_uri", f"'{ADDRESS}' || run_id"),
    Attribute("seed", "seed", "number"),
    Attribute("note", "note"),
    Attribute("lifecycle", "stage"),
    Attribute("parent_run_id", "parent"),
    Attribute("source_kind", "source_kind"),
    Attribute("source_name", "source_name"),
    Attribute("error_type", "error_type"),
    Attribute("error_message", "error_message"),
    Attribute("hazard_count", "hazard_count", "number"),
    Attribute("hazard_severity", "hazard_severity"),
    Attribute("hazards", "hazards", "labels"),
    Attribute("verdict", "verdict", "verdict"),
)
ATTRIBUTES = {attribute.name: attribute for attribute in _ATTRIBUTES}
"""Attributes by name."""

_ALIASES = {
    "created": "start_time",
    "duration": "duration_s",
    "experiment_name": "experiment",
    "lifecycle_stage": "lifecycle",
    "name": "run_name",
    "user": "user_id",
}

TAG_ATTRIBUTES = {
    "mlflow.runName": "name",
    "mlflow.note.content": "note",
    "mlflow.user": "username",
    "mlflow.parentRunId": "parent",
    "mlflow.source.name": "source_name",
}
"""Tags that MLflow sets by itself, and the columns that hold the same here."""


def attribute_of(name: str) -> Attribute | None:
    """Find an attribute by its name, in any case, with spaces for underscores and under MLflow's other names.

    Parameters
    ----------
    name : str

    Returns
    -------
    Attribute or None

    Examples
    --------
    >>> attribute_of("Run Name").name
    'run_name'
    """
    plain = name.strip().lower().replace(" ", "_")
    return ATTRIBUTES.get(_ALIASES.get(plain, plain))


def near(word: str, known: list[str]) -> str:
    """Return ``Did you mean …? `` for a word that is nearly a known one, else nothing.

    Parameters
    ----------
    word : str
    known : list of str

    Returns
    -------
    str

    Examples
    --------
    >>> near("stauts", ["status", "seed"])
    "Did you mean 'status'? "
    """
    found = difflib.get_close_matches(word.strip().lower(), known, n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(map(repr, found))}? " if found else ""


def time_us(text: str) -> int | None:
    """Read an ISO date or time; without a zone it is UTC, as the run table shows times.

    Parameters
    ----------
    text : str
        As ``2026-03-01``, ``2026-03-01 14:30`` or ``2026-03-01T14:30:00+01:00``.

    Returns
    -------
    int or None
        Microseconds since the epoch; None where the text is no time.

    Examples
    --------
    >>> time_us("1970-01-02")
    86400000000
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

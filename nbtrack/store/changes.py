"""The rows that a merge loads, changes and writes back."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from nbtrack.records import experiment_id

Row: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Changes:
    """What the events of one merge change.

    Attributes
    ----------
    runs : dict of str to dict
        Rows by run id, as :func:`new_run` makes them; loaded before, changed here.
    touched : set of str
        Ids of the runs whose row must be written.
    experiments : dict of str to dict
        Rows by name; loaded before, changed here.
    touched_experiments : set of str
        Names of those whose row must be written.
    sources : dict of str to str
        Code by hash.
    artifacts : dict of (str, str) to dict
        By run id and path.
    inputs, problems : list of dict
    executions : dict of (str, int) to dict
        By session and sequence.
    provenance : dict of str to dict
        By run id: its rows of ``hazards``, ``undecided_hazards`` and ``slices``, which replace those there are.
    environments : dict of str to str
        Facts as JSON, by hash.
    generator_states : dict of str to dict
        By hash.
    generators : dict of str to list of dict
        By run id: the rows that replace those there are.
    verifications : dict of str to dict
        By their own id.
    """

    runs: dict[str, Row] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    experiments: dict[str, Row] = field(default_factory=dict)
    touched_experiments: set[str] = field(default_factory=set)
    sources: dict[str, str] = field(default_factory=dict)
    artifacts: dict[tuple[str, str], Row] = field(default_factory=dict)
    inputs: list[Row] = field(default_factory=list)
    problems: list[Row] = field(default_factory=list)
    executions: dict[tuple[str, int], Row] = field(default_factory=dict)
    provenance: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    environments: dict[str, str] = field(default_factory=dict)
    generator_states: dict[str, Row] = field(default_factory=dict)
    generators: dict[str, list[Row]] = field(default_factory=dict)
    verifications: dict[str, Row] = field(default_factory=dict)

    def problem(self, text: str, *, run_id: str | None = None, journal: str | None = None, detail: str = "") -> None:
        """Note something that a person should know of."""
        self.problems.append(
            {"ts_us": time.time_ns() // 1000, "run_id": run_id, "journal": journal, "text": text, "detail": detail}
        )

    def experiment(self, name: str) -> Row:
        """Return the row of an experiment, to be written; made if there is none."""
        row = self.experiments.get(name)
        if row is None:
            row = {"experiment_id": experiment_id(name), "name": name, "stage": "active", "tags": {}}
            self.experiments[name] = row
        self.touched_experiments.add(name)
        return row


def new_run(event: Event, journal: str) -> Row:
    """Return the row of a run that has just started.

    Parameters
    ----------
    event : dict
        Of kind ``run``.
    journal : str
        The journal of the process that owns it.

    Returns
    -------
    dict

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        The event is not as it should be.
    """
    source = event.get("source") or {}
    return {
        "run_ix": None,
        "run_id": str(event["run"]),
        "experiment": str(event.get("experiment") or "Default"),
        "name": str(event.get("name") or ""),
        "status": "running",
        "start_us": int64(event["start"]),
        "end_us": None,
        "parent": text_or_none(event.get("parent")),
        "seed": int64_or_none(event.get("seed")),
        "username": str(event.get("user") or ""),
        "source_kind": str(source.get("kind") or "block"),
        "source_name": text_or_none(source.get("name")),
        "cell_id": text_or_none(source.get("cell_id")),
        "execution_count": int64_or_none(source.get("execution_count")),
        "code": text_or_none(source.get("code")),
        "error_type": None,
        "error_message": None,
        "error_traceback": None,
        "note": "",
        "warnings": [],
        "stage": "active",
        "owner": journal,
        "params": {},
        "param_types": {},
        "tags": {},
        "hazard_count": None,
        "hazard_severity": None,
        "hazards": None,
        "hazards_checked": None,
        "environment": None,
        "verdict": None,
    }


def text_or_none(value: Any) -> str | None:
    """Return a value as text; None stays None."""
    return None if value is None else str(value)


def json_or_none(value: Any) -> str | None:
    """Return a value as JSON; a text is taken for JSON already, None stays None."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def one_of(accepted: tuple[str, ...], value: Any) -> str:
    """Return one of the accepted words.

    Raises
    ------
    ValueError
        It is none of them.
    """
    if value not in accepted:
        raise ValueError(f"{value!r} is none of {', '.join(accepted)}")
    return str(value)


def int64(value: Any) -> int:
    """Return a value as a whole number that a column can keep.

    Raises
    ------
    ValueError
        It takes more than 64 bits.
    """
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{number} takes more than 64 bits")
    return number


def int64_or_none(value: Any) -> int | None:
    """Return a value as :func:`int64` does; None stays None."""
    return None if value is None else int64(value)

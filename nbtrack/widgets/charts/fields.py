"""Facts of runs by the names that users give them, and the names of the runs themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbtrack.records import RunRecord


def run_names(records: Sequence[RunRecord]) -> dict[str, str]:
    """Return the runs' names by id; those that share one have the beginning of their id behind it.

    Parameters
    ----------
    records : sequence of RunRecord

    Returns
    -------
    dict of str to str
    """
    names = [record.info.run_name for record in records]
    return {
        record.info.run_id: f"{name} · {record.info.run_id[:8]}" if names.count(name) > 1 else name
        for record, name in zip(records, names, strict=True)
    }


def where_from(records: Sequence[RunRecord]) -> str:
    """Return which experiment the runs are of, as the words that follow "the runs"; empty where they are of several.

    Parameters
    ----------
    records : sequence of RunRecord

    Returns
    -------
    str
    """
    names = {record.info.experiment_name for record in records}
    return f" of experiment {names.pop()!r}" if len(names) == 1 else ""


def group_of(record: RunRecord, group: str) -> str:
    """Return the group of a run by a param, a tag, its experiment or its status, in words."""
    value = field_of(record, group)
    name = group.partition(".")[2] if group.startswith(("params.", "tags.")) else group
    if value is None:
        return f"no {name}"
    return str(value) if group in ("experiment", "status") else f"{name} = {value}"


def field_of(record: RunRecord, field: str) -> Any:
    """Return what a run has under a name.

    Parameters
    ----------
    record : RunRecord
    field : str
        ``params.x``, ``metrics.y``, ``tags.z``, ``experiment``, ``status``, ``run_name``, ``duration_s``, or the bare
        name of a param, a metric or a tag, looked for in this order.

    Returns
    -------
    object
        None where the run has no such thing.
    """
    kind, _, name = field.partition(".")
    sources: dict[str, Any] = {"params": record.typed_params, "metrics": record.data.metrics, "tags": record.data.tags}
    if kind in sources and name and name in sources[kind]:
        return sources[kind][name]
    own = {
        "experiment": record.info.experiment_name,
        "status": record.info.status,
        "run_name": record.info.run_name,
        "duration_s": record.info.duration_s,
    }
    for source in (*sources.values(), own):
        if field in source:
            return source[field]
    return None

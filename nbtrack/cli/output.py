"""What the command prints: JSON that any reader takes, tables for people, and complaints on one line."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from nbtrack.records import RunRecord
from nbtrack.widgets.format import number
from nbtrack.widgets.text import WIDTH, clean, fit, grid

if TYPE_CHECKING:
    from nbtrack.store.store import Store

_CELL_WIDTH = 60
_NARROWEST = 60


def complain(message: str) -> int:
    """Say on standard error what went wrong.

    Parameters
    ----------
    message : str

    Returns
    -------
    int
        1, the exit code that goes with it.
    """
    print(f"nbtrack: {clean(' '.join(message.split()))}", file=sys.stderr)
    return 1


def tell_notices(store: Store) -> None:
    """Pass on what the store wants the user to know, where it does not disturb the output."""
    for notice in store.pop_notices():
        complain(notice)


def columns() -> int:
    """Return how many columns the terminal has; where the output is no terminal, as many as a page."""
    return max(shutil.get_terminal_size((WIDTH, 0)).columns, _NARROWEST)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False))


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
        return {key if isinstance(key, str) else str(key): plain(item) for key, item in value.items()}
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


def run_facts(record: RunRecord) -> dict[str, Any]:
    """Return a run as the JSON output has it.

    Parameters
    ----------
    record : RunRecord

    Returns
    -------
    dict
    """
    info = record.info
    return {
        "run_id": info.run_id,
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
        "parent_run_id": info.parent_run_id,
        "user": info.user_id,
        "source": {"kind": info.source.kind, "name": info.source.name, "cell_id": info.source.cell_id},
        "error": None if info.error is None else asdict(info.error),
    }


def _from_ms(value: int | None) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def print_rows(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table for people: a heading, aligned columns, numbers at the right.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequence
    """
    values = [list(row) for row in rows]
    right = {
        index
        for index in range(len(header))
        if values and all(_is_number(row[index]) or row[index] is None for row in values)
    }
    texts = [[fit(name, _CELL_WIDTH) for name in header]]
    texts += [[fit(_cell(value), _CELL_WIDTH) for value in row] for row in values]
    for line in grid(texts, right):
        print(line)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value, digits=6)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)

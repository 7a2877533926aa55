"""What the command prints: JSON that any reader takes, tables for people, and complaints on one line."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nbtrack.report import plain
from nbtrack.widgets.format import number
from nbtrack.widgets.text import WIDTH, clean, fit, grid

if TYPE_CHECKING:
    from nbtrack.store.store import Store

INTERRUPTED = 130
"""The exit code of what Ctrl-C ended."""
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

"""Files that are best compared line by line: texts, JSON, and small tables, a row on each line."""

from __future__ import annotations

import csv
import json
import re
from typing import Any

from nbtrack.records import Artifact
from nbtrack.store.store import Store
from nbtrack.widgets.previews.content import Content, UnreadableError
from nbtrack.widgets.previews.figures import is_figure
from nbtrack.widgets.previews.images import recognised
from nbtrack.widgets.previews.tables import table_of_json
from nbtrack.widgets.previews.texts import json_lines, read_json
from nbtrack.widgets.text import cells, clean

_MOST_BYTES = 100_000
_MOST_ROWS, _WIDEST_ROW, _WIDEST_CELL = 1_000, 70, 24
_SEPARATED = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_OTHERWISE = (".jsonl", ".ndjson", ".svg", ".svgz", ".ipynb")
_HASH = re.compile("[0-9a-f]{64}")

Rows = list[list[str]]


def comparable_texts(first: tuple[Artifact, Store], second: tuple[Artifact, Store]) -> tuple[str, str] | None:
    """Return what two files hold, laid out to be compared line by line.

    Parameters
    ----------
    first, second : (Artifact, Store)
        Each with the store that keeps it.

    Returns
    -------
    (str, str) or None
        None of pictures, figures, wide tables, what is no text or too long, and where one cannot be read.
    """
    found = [_read(*first), _read(*second)]
    if any(one is None for one in found):
        return None
    a, b = found
    if isinstance(a, str) and isinstance(b, str):
        return a, b
    if isinstance(a, list) and isinstance(b, list):
        return _aligned(a, b)
    return None


def _read(artifact: Artifact, store: Store) -> str | Rows | None:
    """Return a text, or the rows of a table with its names as the first."""
    name = artifact.path.lower()
    # A digest that came with somebody else's runs must not lead to another file of this machine's.
    if artifact.size_bytes > _MOST_BYTES or name.endswith(_OTHERWISE) or not _HASH.fullmatch(artifact.digest):
        return None
    try:
        content = Content(artifact, store.artifact_file(artifact.digest))
        if recognised(content.head) is not None or content.text is None or not content.is_whole:
            return None
        delimiter = next((sign for suffix, sign in _SEPARATED.items() if name.endswith(suffix)), None)
        if delimiter is not None:
            return list(csv.reader(content.text.splitlines(keepends=True), delimiter=delimiter))
        if artifact.media_type != "application/json":
            return content.text
        value = read_json(content)
    except (UnreadableError, OSError, csv.Error):
        return None
    if is_figure(value):
        return None
    return "\n".join(json_lines(value)) if table_of_json(value) is None else _rows(value)


def _rows(value: Any) -> Rows:
    """Return all of a table in JSON."""
    if isinstance(value, dict):
        return [[_cell(part) for part in row] for row in (value["columns"], *value["data"])]
    names = list(dict.fromkeys(name for record in value for name in record))
    return [names, *([_cell(record[name]) if name in record else "" for name in names] for record in value)]


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _aligned(first: Rows, second: Rows) -> tuple[str, str] | None:
    """Return two tables as lines whose columns are as wide in both; None where anything would have to be cut."""
    sides = [[[clean(cell) for cell in row] for row in rows] for rows in (first, second)]
    every = [row for rows in sides for row in rows]
    if len(every) > _MOST_ROWS or not all(sides):
        return None
    widths = [0] * max(map(len, every))
    for row in every:
        for place, cell in enumerate(row):
            widths[place] = max(widths[place], cells(cell))
    if max(widths, default=0) > _WIDEST_CELL or sum(widths) + 2 * len(widths) > _WIDEST_ROW:
        return None
    # The names stand above their numbers.
    body = [row for rows in sides for row in rows[1:]]
    right = [all(_is_number(row[place]) for row in body if place < len(row)) for place in range(len(widths))]
    texts = ["\n".join(_line(row, widths, right) for row in rows) for rows in sides]
    return texts[0], texts[1]


def _is_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return text == "null"
    return True


def _line(row: list[str], widths: list[int], right: list[bool]) -> str:
    parts = []
    for cell, width, is_right in zip(row, widths, right, strict=False):
        blanks = " " * (width - cells(cell))
        parts.append(blanks + cell if is_right else cell + blanks)
    return "  ".join(parts).rstrip()

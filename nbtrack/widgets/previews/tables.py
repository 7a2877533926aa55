"""Tables: the first rows and columns, and how many there are."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.widgets import html
from nbtrack.widgets.format import align, number
from nbtrack.widgets.html import Html, muted, td, th
from nbtrack.widgets.previews.content import Content, UnreadableError
from nbtrack.widgets.text import clean, cut

_ROWS, _COLUMNS, _CELL = 8, 8, 32
_DELIMITERS = ",\t;|"
# As long as a file is no larger, its rows are counted; of others their number is told from the first of them.
_COUNTED_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """The beginning of a table.

    Attributes
    ----------
    names : sequence of str
        Of all columns.
    rows : sequence of sequence
        The first ones, at least of the first columns.
    amount : int
        Of all rows.
    is_exact : bool
        False: the amount is an estimate.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[Any]]
    amount: int
    is_exact: bool = True

    @property
    def words(self) -> str:
        """The shape, as ``1,200 rows × 5 columns``."""
        about = "" if self.is_exact else "about "
        rows = "row" if self.amount == 1 else "rows"
        columns = "column" if len(self.names) == 1 else "columns"
        return f"{about}{self.amount:,} {rows} × {len(self.names):,} {columns}"


def table_html(table: Table, most_bytes: int) -> tuple[Html, str]:
    """Return the first rows and columns of a table, and its shape.

    Parameters
    ----------
    table : Table
    most_bytes : int
        Of HTML.

    Returns
    -------
    (Html, str)
    """
    markup = Html()
    for rows, columns in ((_ROWS, _COLUMNS), (4, 4), (2, 2), (1, 1)):
        markup = _grid(table, rows, columns)
        if len(markup) <= most_bytes:
            break
    return markup, table.words


def _grid(table: Table, most_rows: int, most_columns: int) -> Html:
    names = list(table.names[:most_columns])
    rows = [[*row[:most_columns], *[None] * (len(names) - len(row))] for row in table.rows[:most_rows]]
    more_columns, more_rows = len(table.names) > len(names), table.amount > len(rows)
    head, columns = [], []
    for name, values in zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True):
        is_number = any(map(_is_number, values)) and all(_is_number(value) or value in (None, "") for value in values)
        shown = [_cell(value) for value in values]
        columns.append([td(part, right=is_number) for part in (align(shown) if is_number else shown)])
        head.append(th(cut(clean(name), _CELL, "middle"), right=is_number, title=_whole(name)))
    if more_columns:
        head.append(th("…"))
        columns.append([td(muted("…"))] * len(rows))
    lines = [html.join(cells) for cells in zip(*columns, strict=True)] if rows else []
    if more_rows and rows:
        lines.append(html.join(td(muted("…")) for _ in head))
    return html.table(html.row(*head), lines)


def _whole(name: str) -> str | None:
    return cut(clean(name), 200) if len(clean(name)) > _CELL else None


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return False
        return len(value) < 40 and "_" not in value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value, 6)
    if isinstance(value, str) and "." in value and _is_number(value) and math.isfinite(float(value)):
        # Only a long tail is worth rounding; anything else stays as it was written.
        return number(float(value), 6) if len(value) > 10 else value
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return cut(clean(words[: 4 * _CELL]), _CELL)


# --- CSV ------------------------------------------------------------------------------------------------------------


def read_csv(content: Content) -> Table:
    """Return the beginning of a file of separated values, whose first line has the names.

    Parameters
    ----------
    content : Content

    Returns
    -------
    Table

    Raises
    ------
    UnreadableError
        It is no text, or empty.
    """
    if content.text is None:
        raise UnreadableError("The file is no text.")
    if not content.text.strip():
        raise UnreadableError("The file is empty.")
    first = next(line for line in content.text.splitlines() if line.strip())
    delimiter = "\t" if content.name.endswith((".tsv", ".tab")) else max(_DELIMITERS, key=first.count)
    try:
        reader = csv.reader(content.text.splitlines(keepends=True), delimiter=delimiter)
        rows = list(itertools.islice(filter(None, reader), _ROWS + 1))
        names, shown = rows[0], rows[1:]
        amount, is_exact = _count(content, delimiter)
    except csv.Error as error:
        raise UnreadableError(f"The table cannot be read: {clean(str(error))}.") from None
    return Table(names, shown, max(amount - 1, 0), is_exact)


def _count(content: Content, delimiter: str) -> tuple[int, bool]:
    if content.size_bytes > _COUNTED_BYTES:
        lines = content.head.count(b"\n") or 1
        return round(content.size_bytes / len(content.head) * lines), False
    if content.is_whole:
        return _rows_in((content.text or "").splitlines(keepends=True), delimiter), True
    with content.file.open(encoding="utf-8", errors="replace", newline="") as opened:
        return _rows_in(opened, delimiter), True


def _rows_in(lines: Iterable[str], delimiter: str) -> int:
    return sum(bool(row) for row in csv.reader(lines, delimiter=delimiter))


# --- JSON -----------------------------------------------------------------------------------------------------------


def table_of_json(value: Any) -> Table | None:
    """Return a JSON value as a table, where it is one.

    Parameters
    ----------
    value : object
        ``{"columns": …, "data": …}`` as :func:`nbtrack.log_table` writes it, or a list of mappings.

    Returns
    -------
    Table or None
    """
    if isinstance(value, dict) and {"columns", "data"} <= value.keys() <= {"columns", "data", "index"}:
        names, rows = value["columns"], value["data"]
        if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
            return Table([_name(name) for name in names], rows[:_ROWS], len(rows))
    if isinstance(value, list) and value and all(isinstance(row, dict) and row for row in value):
        return _of_records(value, len(value), is_exact=True)
    return None


def read_json_lines(content: Content) -> Table:
    """Return a file with a mapping in JSON on each line as a table.

    Parameters
    ----------
    content : Content

    Returns
    -------
    Table

    Raises
    ------
    UnreadableError
        It is something else.
    """
    lines = [line for line in (content.text or "").splitlines() if line.strip()]
    try:
        records = [json.loads(line) for line in lines[:_ROWS]]
    except (ValueError, RecursionError):
        records = []
    if not records or not all(isinstance(record, dict) and record for record in records):
        raise UnreadableError("The file has no table in lines of JSON.")
    amount = len(lines) if content.is_whole else round(content.size_bytes / len(content.head) * len(lines))
    return _of_records(records, amount, is_exact=content.is_whole)


def _of_records(records: Sequence[Mapping[str, Any]], amount: int, *, is_exact: bool) -> Table:
    names = list(dict.fromkeys(name for record in records[:1000] for name in record))
    return Table(names, [[record.get(name) for name in names] for record in records[:_ROWS]], amount, is_exact)


def _name(name: Any) -> str:
    return name if isinstance(name, str) else json.dumps(name, default=str)


# --- Parquet --------------------------------------------------------------------------------------------------------


def read_parquet(content: Content) -> Table:
    """Return the beginning of a Parquet file.

    Parameters
    ----------
    content : Content

    Returns
    -------
    Table

    Raises
    ------
    UnreadableError
        DuckDB cannot read it.
    """
    import duckdb

    file = str(content.file)
    try:
        with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False}) as connection:
            described = connection.execute("describe select * from read_parquet($file)", {"file": file}).fetchall()
            names, types = [row[0] for row in described], [row[1] for row in described]
            chosen = ", ".join(_quoted(name) for name in names[:_COLUMNS])
            # As text: times with zones would need a further library, and a cell may be endless.
            query = f"select left(columns(*)::varchar, {4 * _CELL}) from (select {chosen} from read_parquet($file) limit {_ROWS})"  # noqa: S608, E501 - names are quoted
            rows = connection.execute(query, {"file": file}).fetchall()
            counted = connection.execute("select sum(num_rows) from parquet_file_metadata($file)", {"file": file})
            amount = int((counted.fetchone() or [0])[0] or 0)
    except (duckdb.Error, OverflowError, UnicodeDecodeError) as error:
        raise UnreadableError(f"The Parquet file is broken: {_briefly(error)}.") from None
    return Table(names, [_typed(row, types) for row in rows], amount)


def _briefly(error: Exception) -> str:
    """Return what DuckDB says without the path, which is one of the store's own."""
    words = clean(str(error)).partition("'")
    return "its metadata cannot be read" if words[1] else cut(words[0], 120)


def _typed(row: Sequence[Any], types: Sequence[str]) -> list[Any]:
    floats = {"DOUBLE", "FLOAT"}
    return [
        float(value) if kind in floats and value is not None else value for value, kind in zip(row, types, strict=False)
    ]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

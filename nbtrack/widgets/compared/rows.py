"""Facts of every run as rows of a table: which ones differ, what each run has, which value is best."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nbtrack.directions import better_direction
from nbtrack.provenance.differences import Kind
from nbtrack.records import RunRecord
from nbtrack.widgets.compared.sides import Sides
from nbtrack.widgets.compared.values import ABSENT, Value, keys_of, label_of, value_of
from nbtrack.widgets.comparison import Delta, delta
from nbtrack.widgets.format import column, count

SECTIONS: Mapping[Kind, str] = {
    "metric": "metrics",
    "param": "params",
    "data": "data",
    "seed": "seeds",
    "package": "packages",
    "environment": "environment",
    "git": "git",
    "tag": "tags",
}
"""Kinds of facts that are values, in the order in which they are shown, with their headings."""
ROUNDING = "rounding alone"
"""In place of better or worse, of two values that nobody could tell apart."""
_MOST_DECIMALS, _WIDEST, _MOST_SAME = 4, 4, 300
_COUNTING = ("finished", "running")


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of every run.

    Attributes
    ----------
    label : str
    values : tuple of Value
    differs : tuple of bool
        Whether each is known not to be the baseline's.
    shown : tuple of str
        The values as they stand in their cells; numbers are aligned.
    best : tuple of bool
    change : Delta or None
        Of two runs' metrics.
    hint : str
        What pointing at the label says.
    is_metric : bool
    """

    label: str
    values: tuple[Value, ...]
    differs: tuple[bool, ...]
    shown: tuple[str, ...]
    best: tuple[bool, ...] = ()
    change: Delta | None = None
    hint: str = ""
    is_metric: bool = False


def keys_that_differ(sides: Sides, kind: Kind) -> list[str]:
    """Return the facts of a kind that differ; of the metrics of two runs, those that do not as well, behind them.

    Parameters
    ----------
    sides : Sides
    kind : str

    Returns
    -------
    list of str
        In the order of what they can explain.
    """
    found = list(sides.by_fact.get(kind, {}))
    if kind == "package":
        found = [key for key in found if key not in sides.imported_alone]
    if kind == "metric" and sides.is_pair:
        found += [key for record in sides.records for key in record.data.metrics]
    return list(dict.fromkeys(found))


def rows_of(sides: Sides, kind: Kind, keys: Sequence[str]) -> list[Row]:
    """Return facts as rows.

    Parameters
    ----------
    sides : Sides
    kind : str
    keys : sequence of str

    Returns
    -------
    list of Row
    """
    if kind == "metric":
        return _metric_rows(sides, keys)
    rows = [_row(sides, kind, key) for key in keys]
    if kind == "package" and sides.imported_alone:
        rows.append(_others_imported(sides))
    if kind == "tag" and len({record.note for record in sides.records}) > 1:
        notes = tuple(Value(record.note) if record.note else ABSENT for record in sides.records)
        rows.append(Row("note", notes, tuple(note != notes[0] for note in notes), tuple(note.words for note in notes)))
    return rows


def _metric_rows(sides: Sides, keys: Sequence[str]) -> list[Row]:
    lines = [[record.data.metrics.get(key) for record in sides.records] for key in keys]
    columns = [_on_point(texts) for texts in zip(*map(_texts, lines), strict=True)]
    rows = []
    for key, values, *shown in zip(keys, lines, *columns, strict=True):
        direction, change = better_direction(key), None
        if sides.is_pair and values[0] is not None and values[1] is not None:
            change = delta(values[1], values[0], direction)
            if change is not None and change.word == "same" and key in sides.by_fact.get("metric", ()):
                # 0.8 - 0.9 is -0.09999999999999998.
                change = Delta("≈", "", ROUNDING)
        best = () if sides.is_pair else _best(sides.records, values, direction)
        hint = f"{direction} is better" if direction else ""
        row = _row(sides, "metric", key)
        rows.append(replace(row, shown=tuple(shown), best=best, change=change, hint=hint, is_metric=True))
    return rows


def _texts(values: Sequence[float | None]) -> list[str]:
    """Return one metric's values with as many decimals as each other, but no more than can be read."""
    there = [value for value in values if value is not None]
    texts = column(there)
    if any(len(text.partition(".")[2]) > _MOST_DECIMALS for text in texts) and len(there) > 2:
        largest = max((abs(value) for value in there if math.isfinite(value)), default=0.0)
        shorter = [f"{value:,.{_MOST_DECIMALS}f}" for value in there]
        # A learning rate that has fallen to a millionth is not 0.0000.
        if 0.01 <= largest < 1e9 and not any(map(_says_little, there, shorter)):
            texts = shorter
    shown = iter(texts)
    return ["" if value is None else next(shown) for value in values]


def _says_little(value: float, text: str) -> bool:
    """Tell whether a number in so few decimals is off by more than a tenth."""
    return math.isfinite(value) and abs(float(text.replace(",", "")) - value) > abs(value) / 10


def _on_point(texts: Sequence[str]) -> list[str]:
    """Pad the numbers of one column on their left, so that their decimal points stand above one another."""
    whole = [re.split(r"[.e]", text)[0] if any(map(str.isdigit, text)) else "" for text in texts]
    # Millions beside fractions would push these far away from where one looks for them.
    widest = max((len(digits) for digits in whole if len(digits) <= _WIDEST), default=0)
    pads = [max(widest - len(digits), 0) if digits else 0 for digits in whole]
    return ["\u2007" * pad + text for pad, text in zip(pads, texts, strict=True)]


def _best(records: Sequence[RunRecord], values: Sequence[float | None], direction: str | None) -> tuple[bool, ...]:
    """Tell which values are the best; a run that did not finish sets no bar, and equals have no best."""
    counts = [
        value is not None and math.isfinite(value) and record.info.status in _COUNTING
        for record, value in zip(records, values, strict=True)
    ]
    counting = [value for value, is_one in zip(values, counts, strict=True) if is_one and value is not None]
    if direction is None or len(set(counting)) < 2:
        return ()
    best = max(counting) if direction == "higher" else min(counting)
    return tuple(is_one and value == best for value, is_one in zip(values, counts, strict=True))


def _others_imported(sides: Sides) -> Row:
    """Return as one row what came along with something else, and explains the least."""
    values, shown = [], []
    for record in sides.records:
        versions = {name: value_of(record, "package", name) for name in sorted(sides.imported_alone)}
        there = [f"{name} {value.words}" for name, value in versions.items() if value.words]
        is_known = all(value.is_known for value in versions.values())
        values.append(Value(", ".join(there), is_known))
        shown.append(count(len(there), "package"))
    return Row("others imported", tuple(values), tuple(value != values[0] for value in values), tuple(shown))


def _row(sides: Sides, kind: Kind, key: str) -> Row:
    values = tuple(value_of(record, kind, key) for record in sides.records)
    changed = sides.by_fact.get(kind, {}).get(key, frozenset())
    differs = tuple(record.info.run_id in changed for record in sides.records)
    return Row(label_of(kind, key), values, differs, tuple(value.words for value in values))


def same_facts(sides: Sides) -> dict[Kind, list[tuple[str, str]]]:
    """Return what is known to be equal in all runs: names and values, by kind.

    Parameters
    ----------
    sides : Sides

    Returns
    -------
    dict of str to list of (str, str)
    """
    found: dict[Kind, list[tuple[str, str]]] = {}
    for kind in SECTIONS:
        if kind == "metric" and sides.is_pair:
            continue
        # Whatever is said about a fact, it is not said to be equal.
        told = {change.key for change in sides.found.differences if change.kind == kind}
        for key in list(keys_of(sides.records[0], kind))[:_MOST_SAME]:
            values = [value_of(record, kind, key) for record in sides.records]
            if key in told or not values[0].is_known or any(value != values[0] for value in values):
                continue
            found.setdefault(kind, []).append((label_of(kind, key), values[0].words or "none"))
    return found

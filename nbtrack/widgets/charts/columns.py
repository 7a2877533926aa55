"""One fact of many runs, as charts put it on an axis: numbers, or categories."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbtrack.errors import InputError
from nbtrack.records import RunRecord
from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.fields import field_of, where_from
from nbtrack.widgets.charts.scales import Scale
from nbtrack.widgets.format import number
from nbtrack.widgets.text import clean, cut

# Numbers that span so much, like learning rates, are told apart on a logarithmic axis only.
_WIDE = 100.0
_LISTED = 8
_CATEGORY_LIMIT = 60
OTHERS = "Other runs are asked for as runs=\"experiment = 'name'\"."
"""What to type where the runs of the latest experiment are not those that were meant."""


@dataclass(frozen=True, slots=True)
class Values:
    """A param, a metric or another fact of runs.

    Attributes
    ----------
    field : str
        As the user named it.
    values : tuple
        One for each run: a float, or a text where ``categories`` are given; None where the run has none that can be
        drawn.
    categories : tuple of str
        In order; empty for numbers.
    is_log : bool
        Whether the numbers want a logarithmic axis.
    """

    field: str
    values: tuple[float | str | None, ...]
    categories: tuple[str, ...] = ()
    is_log: bool = False

    @property
    def name(self) -> str:
        """The field without its kind."""
        return cut(clean(self.field.removeprefix("params.").removeprefix("metrics.").removeprefix("tags.")), 40)

    @property
    def present(self) -> list[Any]:
        """The values that are there."""
        return [value for value in self.values if value is not None]

    @property
    def is_constant(self) -> bool:
        """Whether all runs that have it have the same."""
        return len(set(self.present)) <= 1

    def code(self, index: int) -> float | None:
        """Return a run's value as a number; of a category its place."""
        value = self.values[index]
        if value is None:
            return None
        return float(self.categories.index(str(value))) if self.categories else float(value)

    def words(self, index: int) -> str:
        """Return a run's value as text."""
        value = self.values[index]
        return "–" if value is None else value if isinstance(value, str) else number(value)

    def scale(self, start: float, end: float) -> Scale:
        """Return an axis for the values."""
        if self.categories:
            room = (end - start) / (2 * len(self.categories))
            return Scale(0, max(len(self.categories) - 1, 0), start + room, end - room)
        inset = (end - start) * 0.04
        kind = "log" if self.is_log else "linear"
        return Scale(min(self.present), max(self.present), start + inset, end - inset, kind)

    def whole(self, start: float, end: float) -> Scale:
        """Return an axis on which the lowest and the highest value stand at the ends."""
        if self.categories:
            return Scale(0, max(len(self.categories) - 1, 0), start, end)
        return Scale(min(self.present), max(self.present), start, end, "log" if self.is_log else "linear")

    def ticks(self, scale: Scale, most: int) -> list[tuple[float, str]]:
        """Return where ticks stand on such an axis, with their labels."""
        if self.categories:
            return [(scale.at(place), cut(clean(name), 18)) for place, name in enumerate(self.categories)]
        return scale.ticks(most)

    def plotted(self, index: int) -> float | str | None:
        """Return a run's value as plotly takes it."""
        value = self.values[index]
        return look.words(value, _CATEGORY_LIMIT) if isinstance(value, str) else value

    def axis(self) -> dict[str, Any]:
        """Return what makes a plotly axis fit."""
        if self.categories:
            from nbtrack.widgets.charts.look import words

            return {
                "type": "category",
                "categoryorder": "array",
                "categoryarray": [words(at) for at in self.categories],
            }
        # Two decades at least: their ends are enough.
        return look.kind(is_log=True) | {"dtick": 1} if self.is_log else {"type": "linear"}


def values_of(records: Sequence[RunRecord], field: Any) -> Values:
    """Return a fact of the runs.

    Parameters
    ----------
    records : sequence of RunRecord
    field : str
        As :func:`nbtrack.widgets.charts.request.field_of` takes it.

    Returns
    -------
    Values

    Raises
    ------
    InputError
        No run has it, or none that can be drawn.
    """
    if not isinstance(field, str) or not field:
        raise InputError(f"{field!r} is no name of a param or metric. Example: 'params.lr', 'metrics.accuracy'")
    found = [field_of(record, field) for record in records]
    if all(value is None for value in found):
        raise InputError(_missing(records, field))
    present = [value for value in found if value is not None]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        numbers = tuple(_finite(value) for value in found)
        there = [value for value in numbers if value is not None]
        if not there:
            raise InputError(f"no run has a finite {field!r}; all are NaN or infinite.")
        is_log = min(there) > 0 and max(there) >= _WIDE * min(there)
        return Values(field, numbers, is_log=is_log)
    texts = tuple(None if value is None else cut(clean(_text(value)), _CATEGORY_LIMIT) for value in found)
    return Values(field, texts, tuple(sorted({text for text in texts if text is not None}, key=_natural)))


def _finite(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, (list, dict)) else str(value)


def _natural(text: str) -> tuple[int, float, str]:
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


def _missing(records: Sequence[RunRecord], field: str) -> str:
    params = sorted({f"params.{key}" for record in records for key in record.typed_params})
    metrics = sorted({f"metrics.{key}" for record in records for key in record.data.metrics})
    known = params + metrics
    near = difflib.get_close_matches(field, known, n=3, cutoff=0.5)
    near += [name for name in known if name.partition(".")[2] in difflib.get_close_matches(
        field, [name.partition(".")[2] for name in known], n=3, cutoff=0.6
    ) and name not in near]  # fmt: skip
    listed = ", ".join(near or known[:_LISTED]) or "nothing"
    who = f"none of the {len(records)} runs{where_from(records)} has {field!r}"
    return f"{who}; {'near: ' if near else 'they have: '}{listed}. {OTHERS}"


def left_out(amount: int, what: str) -> list[str]:
    """Return the note that says how many runs cannot be drawn, if any."""
    if not amount:
        return []
    return [f"{amount} {'run is' if amount == 1 else 'runs are'} left out: without a finite {what}."]

"""Which columns a run table has, and what stands in them: the same for HTML and text."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nbtrack.directions import better_direction
from nbtrack.records import RunRecord
from nbtrack.widgets import phrases
from nbtrack.widgets.format import align, column
from nbtrack.widgets.text import clean

Direction: TypeAlias = Literal["lower", "higher"]
Kind: TypeAlias = Literal["metric", "param", "tag"]
KINDS: tuple[Kind, ...] = ("metric", "param", "tag")
"""In the order in which they stand: runs are compared by their metrics."""
MOST_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """One param, metric or tag over the runs shown.

    Attributes
    ----------
    key : str
    kind : str
        ``metric``, ``param`` or ``tag``.
    texts : tuple of str
        One per run; empty where the run has no value.
    numeric : bool
        Numbers stand at their cell's right edge.
    best : frozenset of int
        Rows that hold the best value.
    """

    key: str
    kind: Kind
    texts: tuple[str, ...]
    numeric: bool
    best: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a run table and what they leave out.

    Attributes
    ----------
    shown : tuple of Column
        In the order of :data:`KINDS`.
    same : dict of str to str
        Params that have one value in all runs.
    left_out : tuple of str
        Names that there is no room for.
    """

    shown: tuple[Column, ...]
    same: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def choose(
    records: Sequence[RunRecord],
    directions: Mapping[str, Direction] | None = None,
    most: int = MOST_COLUMNS,
    digit: str = "\u2007",
    point: str = "\u2008",
    wanted: Sequence[str] | None = None,
) -> Columns:
    """Choose the metric, param and tag columns of a run table.

    Parameters
    ----------
    records : sequence of RunRecord
        In the order of the rows.
    directions : mapping of str to str, optional
        Which way is good, by metric, where the name does not say or says otherwise; such a metric is always shown.
    most : int
        At most so many columns.
    digit, point : str
        What pads a number, see :func:`nbtrack.widgets.format.align`.
    wanted : sequence of str, optional
        Ids of columns in their order, as ``metrics.loss``, others among them; default what tells the runs apart.

    Returns
    -------
    Columns
    """
    texts = [_inputs(record) for record in records]
    ways = directions or {}
    if wanted is None:
        same = _same_in_all(texts)
        metrics, params, tags = _metric_keys(records, ways), _by_presence(texts, same), []
    else:
        same = {}
        metrics, params, tags = (_keys(wanted, kind) for kind in KINDS)
    # Metrics get at least half of the room.
    room_metrics = min(len(metrics), max(most - len(params) - len(tags), (most + 1) // 2))
    room_params = min(len(params), most - room_metrics)
    room_tags = most - room_metrics - room_params
    shown = [_metric_column(key, records, ways, digit, point) for key in metrics[:room_metrics]]
    shown += [_param_column(key, records, texts, digit, point) for key in params[:room_params]]
    shown += [_tag_column(key, records) for key in tags[:room_tags]]
    return Columns(tuple(shown), same, (*metrics[room_metrics:], *params[room_params:], *tags[room_tags:]))


def _keys(wanted: Sequence[str], kind: Kind) -> list[str]:
    """Return what is wanted of a kind; a seed stands among the params."""
    start = f"{kind}s."
    named = ["params.seed" if column == "seed" else column for column in wanted]
    return [column.removeprefix(start) for column in named if column.startswith(start)]


def _metric_keys(records: Sequence[RunRecord], directions: Mapping[str, Direction]) -> list[str]:
    """Return all metrics: those first of which is known which way is good, then those of most runs."""
    metrics = _by_presence([record.data.metrics for record in records])
    return sorted(metrics, key=lambda key: (key not in directions, better_direction(key) is None))


def _inputs(record: RunRecord) -> dict[str, str]:
    """Return a run's params and, first of them, its seed: an input like any other."""
    seed = {} if record.info.seed is None else {"seed": str(record.info.seed)}
    return seed | phrases.shown_params(record)


def _same_in_all(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    if len(rows) < 2:
        return {}
    return {key: value for key, value in rows[0].items() if all(row.get(key) == value for row in rows[1:])}


def _by_presence(rows: Sequence[Collection[str]], but: Collection[str] = ()) -> list[str]:
    """Return the keys but some, those of most runs first, else in the order in which they came."""
    amounts: dict[str, int] = {}
    for row in rows:
        for key in row:
            if key not in but:
                amounts[key] = amounts.get(key, 0) + 1
    return sorted(amounts, key=lambda key: -amounts[key])


def _param_column(
    key: str, records: Sequence[RunRecord], texts: Sequence[Mapping[str, str]], digit: str, point: str
) -> Column:
    typed = [record.typed_params.get(key) for record in records if key in record.data.params]
    # A seed that is no param is in no record's params, and all of nothing are numbers.
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in typed)
    cells = [row.get(key, "") for row in texts]
    return Column(key, "param", tuple(_aligned(cells, digit, point) if numeric else cells), numeric)


def _metric_column(
    key: str, records: Sequence[RunRecord], directions: Mapping[str, Direction], digit: str, point: str
) -> Column:
    present = [index for index, record in enumerate(records) if key in record.data.metrics]
    shown = column([records[index].data.metrics[key] for index in present])
    cells = [""] * len(records)
    for index, value in zip(present, shown, strict=True):
        cells[index] = value
    best = _best_rows(key, records, directions.get(key) or better_direction(key))
    return Column(key, "metric", tuple(_aligned(cells, digit, point)), True, best)


def _tag_column(key: str, records: Sequence[RunRecord]) -> Column:
    return Column(key, "tag", tuple(clean(record.data.tags.get(key, "")) for record in records), numeric=False)


def _aligned(cells: Sequence[str], digit: str, point: str) -> list[str]:
    filled = iter(align([cell for cell in cells if cell], digit, point))
    return [next(filled) if cell else "" for cell in cells]


def _best_rows(key: str, records: Sequence[RunRecord], direction: Direction | None) -> frozenset[int]:
    """Return the finished runs with the best value, unless all have it."""
    values = {
        index: value
        for index, record in enumerate(records)
        if record.info.status == "finished" and math.isfinite(value := record.data.metrics.get(key, math.nan))
    }
    if direction is None or len(set(values.values())) < 2:
        return frozenset()
    best = min(values.values()) if direction == "lower" else max(values.values())
    return frozenset(index for index, value in values.items() if value == best)


def tree(records: Sequence[RunRecord]) -> list[tuple[int, RunRecord]]:
    """Put nested runs below their parents.

    Parameters
    ----------
    records : sequence of RunRecord

    Returns
    -------
    list of (int, RunRecord)
        How deep a run is nested, and the run. Where the runs do not come newest first, somebody has sorted them, and
        they stay as they are.
    """
    starts = [record.info.start_time for record in records]
    if starts != sorted(starts, reverse=True):
        return [(0, record) for record in records]
    present = {record.info.run_id for record in records}
    children: dict[str | None, list[RunRecord]] = {}
    for record in records:
        parent = record.info.parent_run_id
        children.setdefault(parent if parent in present and parent != record.info.run_id else None, []).append(record)
    placed: list[tuple[int, RunRecord]] = []
    waiting = [(0, record) for record in reversed(children.get(None, []))]
    while waiting:
        depth, record = waiting.pop()
        placed.append((depth, record))
        waiting += [(depth + 1, child) for child in reversed(children.get(record.info.run_id, []))]
    return placed

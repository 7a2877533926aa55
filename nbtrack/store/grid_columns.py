"""The columns that a run table can have: which there are, and what each is in SQL over ``base.runs``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nbtrack.errors import InputError
from nbtrack.store import frames
from nbtrack.store.filter_fields import near
from nbtrack.store.filters import Clause

if TYPE_CHECKING:
    import duckdb

ColumnKind: TypeAlias = Literal["attribute", "param", "metric", "tag"]
ColumnType: TypeAlias = Literal["text", "number", "time"]


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One column of a run table.

    Attributes
    ----------
    id : str
        As a filter names it: ``run_name``, ``params.C``, ``metrics.loss``, ``tags.stage``.
    kind : str
        ``attribute``, ``param``, ``metric`` or ``tag``.
    key : str
        The name without its kind.
    type : str
        ``text``, ``number`` or ``time``; params are numbers where every run's is one.
    runs : int
        How many of the runs that were looked at have a value.
    """

    id: str
    kind: ColumnKind
    key: str
    type: ColumnType
    runs: int = 0


# A time is milliseconds since the epoch: what a browser counts in.
_ATTRIBUTES: dict[str, tuple[str, ColumnType]] = {
    "run_name": ("name", "text"),
    "run_id": ("run_id", "text"),
    "status": ("status", "text"),
    "start_time": ("start_us / 1e3", "time"),
    "duration_s": ("(end_us - start_us) / 1e6", "number"),
    "experiment": ("experiment", "text"),
    "hazards": ("case when hazard_count is not null then array_to_string(coalesce(hazards, []), ', ') end", "text"),
    "verdict": ("verdict", "text"),
    "seed": ("seed", "number"),
    "note": ("nullif(note, '')", "text"),
    "user": ("nullif(username, '')", "text"),
    "error": ("error_type", "text"),
    "parent": ("parent", "text"),
}
_KINDS: dict[str, ColumnKind] = {"params": "param", "metrics": "metric", "tags": "tag"}
_NUMBERS = frozenset({"int", "float"})
OFFERED = ("run_name", "run_id", "status", "start_time", "duration_s", "experiment", "hazards", "verdict", "seed")
"""Attributes that every run table can show."""


def split(column: str) -> tuple[str, str]:
    """Return what a column's id says: ``("params", "C")``; of an attribute ``("attributes", "status")``.

    Raises
    ------
    InputError
        There can be no such column.
    """
    kind, dot, key = column.partition(".")
    if dot and kind in _KINDS and key:
        return kind, key
    if column in _ATTRIBUTES:
        return "attributes", column
    hint = near(column, list(_ATTRIBUTES))
    raise InputError(
        f"the table has no column {column!r}. {hint}Accepted: {', '.join(_ATTRIBUTES)}, and params.NAME, metrics.NAME, "
        "tags.NAME. Example: columns=['status', 'metrics.accuracy']"
    )


def expression(column: str) -> Clause:
    """Return a column as SQL.

    Parameters
    ----------
    column : str
        Its id.

    Returns
    -------
    Clause

    Raises
    ------
    InputError
        There can be no such column.

    Examples
    --------
    >>> expression("params.C")
    Clause(sql='params[?]', values=('C',))
    """
    kind, key = split(column)
    return Clause(_ATTRIBUTES[key][0]) if kind == "attributes" else Clause(f"{kind}[?]", (key,))


def type_of(column: str) -> ColumnType:
    """Return what a column holds as far as its id tells: params and tags are texts."""
    kind, key = split(column)
    return _ATTRIBUTES[key][1] if kind == "attributes" else "number" if kind == "metrics" else "text"


def attribute(column: str, runs: int = 0) -> GridColumn:
    """Return the column of an attribute."""
    return GridColumn(column, "attribute", column, _ATTRIBUTES[column][1], runs)


def columns_of(connection: duckdb.DuckDBPyConnection, numbers: Any) -> tuple[GridColumn, ...]:
    """Return the columns that the runs with these numbers have, as :func:`columns` does."""
    with frames.registered(connection, numbers):
        return columns(connection, Clause("run_ix in (select run_ix from page)"))


def columns(connection: duckdb.DuckDBPyConnection, condition: Clause) -> tuple[GridColumn, ...]:
    """Return the columns that runs have.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    condition : Clause
        Which runs.

    Returns
    -------
    tuple of GridColumn
        Attributes first; then metrics, params and tags, each in the order of their names.
    """
    # Each part reads the few columns that it needs; were the runs kept for all of them, they would be copied whole.
    found = connection.execute(
        f"""
        with chosen as not materialized (select * from base.runs where {condition.sql}),
             params_of as (
                select key, type, count(*) as runs from (
                    select unnest(map_keys(params)) as key, unnest(map_values(param_types)) as type from chosen
                ) where key is not null group by key, type
             )
        select 'metrics' as kind, key, 'number' as type, count(*) as runs
            from (select unnest(map_keys(metrics)) as key from chosen) group by key
        union all
        select 'params', key, string_agg(distinct coalesce(type, 'str'), ','), sum(runs)::bigint from params_of
            group by key
        union all
        select 'tags', key, 'text', count(*) from (select unnest(map_keys(tags)) as key from chosen) group by key
        union all
        select 'attributes', unnest(['hazards', 'verdict', 'seed', 'note', 'error', 'user', 'parent']), '',
               unnest([count(nullif(hazard_count, 0)), count(verdict), count(seed), count(nullif(note, '')),
                       count(error_type), count(nullif(username, '')), count(parent)]) from chosen
        order by kind, key
        """,  # noqa: S608 - values are bound
        list(condition.values),
    ).fetchall()
    present = {key: runs for kind, key, _, runs in found if kind == "attributes"}
    shown = [attribute(name, present.get(name, 0)) for name in _ATTRIBUTES if name in OFFERED or present.get(name)]
    for wanted in ("metrics", "params", "tags"):
        shown += [_column(kind, key, types, runs) for kind, key, types, runs in found if kind == wanted]
    return tuple(shown)


def unseen(column: str) -> GridColumn:
    """Return a column that no run has yet, by its id."""
    kind, key = split(column)
    return attribute(key) if kind == "attributes" else _column(kind, key, "", 0)


def _column(kind: str, key: str, types: str, runs: int) -> GridColumn:
    is_number = kind == "metrics" or (kind == "params" and set(types.split(",")) <= _NUMBERS)
    return GridColumn(f"{kind}.{key}", _KINDS[kind], key, "number" if is_number else "text", runs)


def numeric(found: Sequence[GridColumn]) -> frozenset[str]:
    """Return the ids of those columns that hold numbers."""
    return frozenset(column.id for column in found if column.type != "text")

"""What a run table asks of the store: which runs in which order, and columns of values, never rows.

Every function works over an open read-only connection and keeps nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nbtrack.errors import InputError
from nbtrack.store import frames, selection
from nbtrack.store.filters import NEWEST_FIRST, Clause
from nbtrack.store.grid_columns import expression, type_of
from nbtrack.store.layout import Layout

if TYPE_CHECKING:
    import duckdb

Operator: TypeAlias = Literal["has", "hasnot", "is", "isnot", "<", "<=", ">", ">=", "between", "empty", "there"]
_COMPARED: tuple[Operator, ...] = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """A condition on one column.

    Attributes
    ----------
    column : str
    operator : str
        ``has`` and ``hasnot`` (a text within), ``is`` and ``isnot``, ``<``, ``<=``, ``>``, ``>=``, ``between`` (two
        numbers, both included), ``empty``, ``there``.
    values : tuple of str or float
    """

    column: str
    operator: Operator
    values: tuple[str | float, ...] = ()


@dataclass(frozen=True, slots=True)
class GridView:
    """Which runs a table shows, and in which order.

    Attributes
    ----------
    where : str
        A filter in the grammar of :func:`nbtrack.search_runs`.
    experiments : tuple of str or None
        Only these.
    lifecycle : str
        ``active``, ``deleted`` or ``all``.
    expression : str
        A second filter, which the person at the table typed.
    quick : str
        Words that must all occur in the run's id, its name or one of ``searched``.
    searched : tuple of str
        Columns in which ``quick`` is looked for.
    filters : tuple of ColumnFilter
    sort : tuple of (str, bool)
        Columns, and whether descending; then the newest first.
    numbers : frozenset of str
        Params that are compared and sorted as numbers.
    """

    where: str = ""
    experiments: tuple[str, ...] | None = None
    lifecycle: str = "active"
    expression: str = ""
    quick: str = ""
    searched: tuple[str, ...] = ()
    filters: tuple[ColumnFilter, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    numbers: frozenset[str] = field(default_factory=frozenset)

    @property
    def words(self) -> list[str]:
        """What ``quick`` looks for, in small letters."""
        return self.quick.lower().split()

    @property
    def looked_in(self) -> list[str]:
        """Columns in which ``quick`` is looked for."""
        return list(dict.fromkeys(("run_name", "run_id", *self.searched)))

    def base(self) -> Clause:
        """Return the condition that the table was made with.

        Raises
        ------
        FilterError
            ``where`` cannot be read.
        """
        return selection.condition(self.where, self.experiments, self.lifecycle)

    def condition(self) -> Clause:
        """Return everything that a run must fulfil.

        Raises
        ------
        FilterError
            A filter cannot be read.
        """
        parts = [self.base()]
        if self.expression.strip():
            # What lifecycle is wanted, the table decides.
            parts.append(selection.condition(self.expression, None, "all"))
        parts += [_quick(word, self.looked_in) for word in self.words]
        parts += [_filter(chosen, self.numbers) for chosen in self.filters]
        values = tuple(value for part in parts for value in part.values)
        return Clause(" and ".join(f"({part.sql})" for part in parts), values)


def run_numbers(connection: duckdb.DuckDBPyConnection, view: GridView) -> Any:
    """Return the numbers of a view's runs, in its order.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    view : GridView

    Returns
    -------
    numpy.ndarray
        ``run_ix`` as int32.

    Raises
    ------
    FilterError
        A filter cannot be read.
    InputError
        There can be no such column.
    """
    condition = view.condition()
    orders = [part for column, descending in view.sort for part in _order(column, descending, view.numbers)]
    order = ", ".join([*(part.sql for part in orders), NEWEST_FIRST])
    values = [*condition.values, *(value for part in orders for value in part.values)]
    query = f"select run_ix from base.runs where {condition.sql} order by {order}"  # noqa: S608 - values are bound
    found: Any = connection.execute(query, values).fetchnumpy()["run_ix"]
    return found.astype("int32")


def values(connection: duckdb.DuckDBPyConnection, numbers: Any, wanted: Sequence[str]) -> dict[str, Any]:
    """Return columns of some runs.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    numbers : sequence of int
        ``run_ix``, in the order wanted.
    wanted : sequence of str
        Ids of columns.

    Returns
    -------
    dict of str to numpy.ma.MaskedArray
        By column: as the database has it (of params the text), masked where there is none. A run that is gone since
        is masked everywhere.

    Raises
    ------
    InputError
        There can be no such column.
    """
    import numpy as np

    parts = [expression(column) for column in wanted]
    named = "".join(f", {part.sql} as c{place}" for place, part in enumerate(parts))
    bound = [value for part in parts for value in part.values]
    with frames.registered(connection, numbers):
        found: Any = connection.execute(
            f"select place{named} from page join base.runs using (run_ix)",  # noqa: S608 - ours
            bound,
        ).fetchnumpy()
    place = np.asarray(found["place"])
    columns = {}
    for number, column in enumerate(wanted):
        values_ = np.ma.asarray(found[f"c{number}"])
        ordered = np.ma.array(np.zeros(len(numbers), values_.dtype), mask=True)
        ordered[place] = values_
        columns[column] = ordered
    return columns


def best_values(
    connection: duckdb.DuckDBPyConnection, condition: Clause, directions: Mapping[str, str]
) -> dict[str, float]:
    """Return the best value of metrics over the finished runs.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    condition : Clause
        Which runs.
    directions : mapping of str to str
        ``lower`` or ``higher``, by the name of the metric.

    Returns
    -------
    dict of str to float
        Without those metrics that have the same value in all runs.
    """
    if not directions:
        return {}
    parts, bound = [], []
    for key, direction in directions.items():
        finite = "filter (isfinite(metrics[?]))"
        first, second = ("min", "max") if direction == "lower" else ("max", "min")
        parts += [f"{first}(metrics[?]) {finite}, {second}(metrics[?]) {finite}"]
        bound += [key] * 4
    query = f"select {', '.join(parts)} from base.runs where status = 'finished' and {condition.sql}"  # noqa: S608 - values are bound
    row = connection.execute(query, [*bound, *condition.values]).fetchone() or ()
    pairs = zip(directions, row[::2], row[1::2], strict=True)
    return {key: best for key, best, worst in pairs if best is not None and best != worst}


def differing(connection: duckdb.DuckDBPyConnection, condition: Clause, wanted: Sequence[str]) -> list[str]:
    """Return those columns in which runs differ, a value that is missing counting as one.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    condition : Clause
        Which runs.
    wanted : sequence of str
        Ids of columns.

    Returns
    -------
    list of str
    """
    if not wanted:
        return []
    parts = [
        expression(column).wrap("min({}) is distinct from max({}) or count({}) not in (0, count(*))")
        for column in wanted
    ]
    query = f"select {', '.join(part.sql for part in parts)} from base.runs where {condition.sql}"  # noqa: S608 - values are bound
    bound = [value for part in parts for value in part.values]
    row = connection.execute(query, [*bound, *condition.values]).fetchone() or ()
    return [column for column, differs in zip(wanted, row, strict=True) if differs]


def run_ids(connection: duckdb.DuckDBPyConnection, numbers: Any) -> list[str]:
    """Return the ids of the runs with these numbers, in this order; of one that is gone, none."""
    return [str(run_id) for run_id in values(connection, numbers, ["run_id"])["run_id"].tolist() if run_id is not None]


def families(connection: duckdb.DuckDBPyConnection) -> tuple[Any, Any]:
    """Return which runs belong to which: the numbers of nested runs, and of the run that each is nested in."""
    found: Any = connection.execute(
        """
        select child.run_ix as child, above.run_ix as above
        from base.runs child join base.runs above on child.parent = above.run_id where child.parent is not null
        """
    ).fetchnumpy()
    return found["child"], found["above"]


def numbers_of(connection: duckdb.DuckDBPyConnection, run_ids: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the runs with these ids."""
    query = "select run_ix from base.runs where run_id in (select unnest(?::varchar[]))"
    return frozenset(number for (number,) in connection.execute(query, [list(run_ids)]).fetchall())


def numbers_in_order(connection: duckdb.DuckDBPyConnection, run_ids: Sequence[str]) -> list[int]:
    """Return the numbers of the runs with these ids, in this order; of one that is gone, none."""
    query = "select run_id, run_ix from base.runs where run_id in (select unnest(?::varchar[]))"
    found = dict(connection.execute(query, [list(run_ids)]).fetchall())
    return [found[run_id] for run_id in run_ids if run_id in found]


def _quick(word: str, searched: Sequence[str]) -> Clause:
    fields = [expression(column) for column in searched]
    parts = [field.wrap("coalesce(contains(lower({}::varchar), ?), false)", word) for field in fields]
    bound = tuple(value for part in parts for value in part.values)
    return Clause(" or ".join(part.sql for part in parts), bound)


def _filter(chosen: ColumnFilter, numbers: frozenset[str]) -> Clause:
    """Return a column's filter as SQL: what is missing fits ``empty`` and the two negations, and nothing else."""
    column, operator = expression(chosen.column), chosen.operator
    if operator in ("empty", "there"):
        return column.wrap(f"{{}} is {'' if operator == 'empty' else 'not '}null")
    is_number = chosen.column in numbers or type_of(chosen.column) != "text"
    if operator in ("has", "hasnot"):
        found = column.wrap("coalesce(contains(lower({}::varchar), ?), false)", str(chosen.values[0]).lower())
        return found if operator == "has" else found.wrap("not ({})")
    if not is_number:
        if operator not in ("is", "isnot"):
            raise InputError(f"{chosen.column} is text: {operator} compares numbers. Accepted: a text to look for.")
        found = column.wrap("coalesce(lower({}) = ?, false)", str(chosen.values[0]).lower())
        return found if operator == "is" else found.wrap("not ({})")
    column = column.wrap("try_cast({} as double)")
    try:
        amounts = [float(value) for value in chosen.values]
    except ValueError:
        raise InputError(f"{chosen.column} holds numbers; {chosen.values!r} is none.") from None
    if operator == "between":
        return Clause(f"{column.sql} between ? and ?", (*column.values, *amounts))
    if operator in _COMPARED:
        return column.wrap(f"({{}} {operator} ? and not isnan({{}}))", amounts[0])
    same = column.wrap("isnan({})") if math.isnan(amounts[0]) else column.wrap("{} = ?", amounts[0])
    return same.wrap("coalesce({}, false)" if operator == "is" else "not coalesce({}, false)")


def _order(column: str, descending: bool, numbers: frozenset[str]) -> list[Clause]:
    """Return what stands behind ORDER BY: missing values last, NaN just before them, as in every other table."""
    field, direction = expression(column), "desc" if descending else "asc"
    if type_of(column) != "text":
        return [field.wrap(f"nullif({{}}, 'nan'::double) {direction} nulls last"), field.wrap("{} is null")]
    if column.startswith(("params.", "tags.")) or column in numbers:
        number = field.wrap(f"nullif(try_cast({{}} as double), 'nan'::double) {direction} nulls last")
        return [number, field.wrap(f"{{}} {direction} nulls last")]
    return [field.wrap(f"{{}} {direction} nulls last")]


def change_stamp(layout: Layout) -> tuple[int, ...]:
    """Return what differs as soon as something was merged into the store: a look at two files, not into them.

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    tuple of int
    """
    found: list[int] = []
    for file in (layout.database, layout.merged):
        try:
            status = file.stat()
        except OSError:
            found += [0, 0]
        else:
            found += [status.st_mtime_ns, status.st_size]
    return tuple(found)

"""Which runs are asked for, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbtrack.errors import InputError

if TYPE_CHECKING:
    import duckdb

    from nbtrack.store.filters import Clause

DELETED = "(stage = 'deleted' or experiment in (select name from base.experiments where stage = 'deleted'))"
"""Condition over ``base.runs``: the run was deleted, or its experiment was."""

_LIFECYCLES = {"active": f"not {DELETED}", "deleted": DELETED, "all": "true"}


def page(
    connection: duckdb.DuckDBPyConnection,
    where: str,
    order_by: Sequence[str] | str,
    limit: int | None,
    offset: int,
    experiment_names: Sequence[str] | None,
    lifecycle: str,
) -> list[int]:
    """Return the numbers of the runs asked for, in order: sorting these alone is far cheaper than sorting maps.

    Parameters
    ----------
    connection, where, order_by, limit, offset, experiment_names, lifecycle
        As for :func:`nbtrack.store.query.runs`.

    Returns
    -------
    list of int
        ``run_ix`` of the runs.

    Raises
    ------
    FilterError
        The filter or the order cannot be read.
    InputError
        ``limit``, ``offset`` or ``lifecycle`` is not accepted.
    """
    from nbtrack.store.filters import compile_order

    chosen = condition(where, experiment_names, lifecycle)
    order = compile_order(order_by)
    query = f"select run_ix from base.runs where {chosen.sql} order by {order.sql}"  # noqa: S608 - values are bound
    values = [*chosen.values, *order.values]
    if limit is not None:
        query += " limit ?"
        values.append(_count("limit", limit))
    if offset:
        query += " offset ?"
        values.append(_count("offset", offset))
    return [int(number) for number in connection.execute(query, values).fetchnumpy()["run_ix"]]


def count(
    connection: duckdb.DuckDBPyConnection, where: str, experiment_names: Sequence[str] | None, lifecycle: str
) -> int:
    """Return how many runs :func:`page` would name without a limit.

    Parameters
    ----------
    connection, where, experiment_names, lifecycle
        As for :func:`nbtrack.store.query.runs`.

    Returns
    -------
    int
    """
    chosen = condition(where, experiment_names, lifecycle)
    query = f"select count(*) from base.runs where {chosen.sql}"  # noqa: S608 - values are bound
    return int(connection.execute(query, list(chosen.values)).fetchall()[0][0])


def condition(where: str, experiment_names: Sequence[str] | None, lifecycle: str) -> Clause:
    """Return what the runs asked for must fulfil.

    Parameters
    ----------
    where, experiment_names, lifecycle
        As for :func:`nbtrack.store.query.runs`.

    Returns
    -------
    Clause
        Over ``base.runs``.

    Raises
    ------
    FilterError
        The filter cannot be read.
    InputError
        ``lifecycle`` is not accepted.
    """
    # Loaded at the first use, as in `page`: a session that records runs reads no filters.
    from nbtrack.store.filters import Clause, compile_filter

    check_lifecycle(lifecycle)
    chosen = compile_filter(where)
    if lifecycle == "active" and "lifecycle" in chosen.attributes:
        lifecycle = "all"
    sql, values = f"({chosen.clause.sql}) and {_LIFECYCLES[lifecycle]}", chosen.clause.values
    if experiment_names is not None:
        names = [experiment_names] if isinstance(experiment_names, str) else experiment_names
        marks = ", ".join("?" for _ in names)
        sql, values = f"{sql} and {f'experiment in ({marks})' if names else 'false'}", (*values, *names)
    return Clause(sql, values)


def check_lifecycle(lifecycle: str) -> None:
    """Refuse a lifecycle that is none.

    Raises
    ------
    InputError
        It is not ``active``, ``deleted`` or ``all``.
    """
    if lifecycle not in _LIFECYCLES:
        raise InputError(f"lifecycle is {lifecycle!r}; accepted: 'active', 'deleted', 'all'.")


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 0:
        raise InputError(f"{name} is {value!r}; accepted: a whole number from 0. Example: {name}=50")
    return value.__index__()

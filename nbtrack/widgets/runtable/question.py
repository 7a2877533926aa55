"""What the browser asks, checked: it is a message from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from nbtrack.errors import InputError
from nbtrack.store.grid import ColumnFilter, GridView, Operator
from nbtrack.store.grid_columns import split

_OPERATORS: tuple[str, ...] = get_args(Operator)
MOST_RUNS = 1_000
"""Most runs in one page."""


def view_of(message: Mapping[str, Any], base: GridView) -> GridView:
    """Return the view that a message asks for.

    Parameters
    ----------
    message : mapping
        May have ``expression``, ``quick``, ``searched``, ``filters`` and ``sort``.
    base : GridView
        What the table was made with.

    Returns
    -------
    GridView

    Raises
    ------
    InputError
        The message is not one of the table's.
    """
    quick = _text(message, "quick")
    searched = column_ids(message, "searched")
    return replace(
        base,
        expression=_text(message, "expression"),
        quick=quick,
        # The browser names them always. Where nothing is looked for they are no question of their own.
        searched=tuple(searched) if quick.strip() else (),
        filters=tuple(_filter(item) for item in _items(message, "filters")),
        sort=tuple((_column(column), bool(descending)) for column, descending in _pairs(message, "sort")),
    )


def column_ids(message: Mapping[str, Any], name: str) -> list[str]:
    """Return the ids of columns that a message names.

    Raises
    ------
    InputError
        One of them is none.
    """
    return [_column(item) for item in _items(message, name)]


def texts(message: Mapping[str, Any], name: str, most: int) -> frozenset[str]:
    """Return the texts that a message lists.

    Raises
    ------
    InputError
        They are none, or too many.
    """
    return frozenset(listed(message, name, most))


def listed(message: Mapping[str, Any], name: str, most: int) -> list[str]:
    """Return the texts that a message lists, in their order.

    Raises
    ------
    InputError
        They are none, or too many.
    """
    found = _items(message, name)
    if len(found) > most or not all(isinstance(item, str) for item in found):
        raise InputError(f"{name} is {str(found)[:200]}; accepted: a list of at most {most:,} texts.")
    return found


def group_of(message: Mapping[str, Any]) -> str | None:
    """Return the column that a message wants runs grouped by.

    Raises
    ------
    InputError
        There can be no such column.
    """
    group = message.get("group")
    return None if group is None else _column(group)


def whole(message: Mapping[str, Any], name: str, most: int | None = None) -> int:
    """Return a number from 0 of a message.

    Raises
    ------
    InputError
        It is none.
    """
    value = message.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{name} is {value!r}; accepted: a whole number from 0.")
    return value if most is None else min(value, most)


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name, "")
    if not isinstance(value, str):
        raise InputError(f"{name} is {value!r}; accepted: text.")
    return value


def _items(message: Mapping[str, Any], name: str) -> list[Any]:
    value = message.get(name, [])
    if not isinstance(value, list):
        raise InputError(f"{name} is {value!r}; accepted: a list.")
    return value


def _pairs(message: Mapping[str, Any], name: str) -> list[Any]:
    found = _items(message, name)
    if not all(isinstance(item, list) and len(item) == 2 for item in found):
        raise InputError(f"{name} is {found!r}; accepted: pairs.")
    return found


def _column(value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"a column is named {value!r}; accepted: text.")
    split(value)
    return value


def _filter(item: Any) -> ColumnFilter:
    if not isinstance(item, Mapping) or item.get("operator") not in _OPERATORS:
        raise InputError(
            f"a column's filter is {item!r}; accepted: column, operator ({', '.join(_OPERATORS)}), values."
        )
    operator = item["operator"]
    values = tuple(value for value in _items(item, "values") if isinstance(value, str | int | float))
    needed = 2 if operator == "between" else 0 if operator in ("empty", "there") else 1
    if len(values) != needed:
        raise InputError(f"{operator} takes {needed} values; given: {values!r}.")
    return ColumnFilter(_column(item.get("column")), operator, values)

"""Values as they are written in code, and code as the value that it is."""

from __future__ import annotations

import ast
import math
import pathlib
from collections.abc import Mapping
from typing import Any

from nbtrack.errors import InputError

_MOST_DEPTH = 20
_PLAIN = (str, bytes, bool, int, complex, type(None))


def literal(value: Any) -> str:
    """Return a value as code that gives it.

    Parameters
    ----------
    value : object
        A number, text, bool or None, or a list, tuple, set or dict of such; NumPy's numbers count as Python's.

    Returns
    -------
    str

    Raises
    ------
    InputError
        It cannot be written out.

    Examples
    --------
    >>> literal(-1.5), literal(float("nan")), literal({"a": (1,)})
    ('-1.5', 'float("nan")', "{'a': (1,)}")
    """
    return _written(value, 0)


def _written(value: Any, depth: int) -> str:
    if depth > _MOST_DEPTH:
        raise InputError("the value is nested too deep, or holds itself.")
    cls = type(value)
    if cls is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if cls in _PLAIN:
        return repr(value)
    inner = [_written(item, depth + 1) for item in value] if cls in (list, tuple, set, frozenset) else []
    if cls is list:
        return f"[{', '.join(inner)}]"
    if cls is tuple:
        return f"({inner[0]},)" if len(inner) == 1 else f"({', '.join(inner)})"
    if cls in (set, frozenset):
        shown = f"{{{', '.join(sorted(inner))}}}" if inner else ""
        return shown if cls is set and inner else f"{cls.__name__}({shown})"
    if isinstance(value, Mapping):
        items = [f"{_written(key, depth + 1)}: {_written(item, depth + 1)}" for key, item in value.items()]
        return f"{{{', '.join(items)}}}"
    if isinstance(value, pathlib.PurePath):
        return repr(str(value))
    if cls.__module__ == "numpy" and callable(getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:
        return _written(value.item(), depth + 1)
    if isinstance(value, (bool, int, float, str)):
        # A subclass, as of an enum or of a number with a unit.
        base = next(kind for kind in (bool, int, float, str) if isinstance(value, kind))
        return _written(base(value), depth + 1)
    raise InputError(
        f"a value of type {cls.__name__} cannot be written into code; accepted: numbers, texts, True, False, None, "
        "and lists, tuples, sets and dicts of them."
    )


def read_value(text: str) -> Any:
    """Return the value that a text typed on a command line stands for: a Python literal, else the text itself.

    Parameters
    ----------
    text : str

    Returns
    -------
    object

    Examples
    --------
    >>> read_value("0.5"), read_value("[1, 2]"), read_value("rbf"), read_value("true"), read_value("-inf")
    (0.5, [1, 2], 'rbf', True, -inf)
    """
    stripped = text.strip()
    word = stripped.lower()
    if word in ("true", "false"):
        return word == "true"
    if word.lstrip("+-") in ("nan", "inf", "infinity"):
        return float(word)
    try:
        return ast.literal_eval(stripped)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def value_of(node: ast.expr) -> Any:
    """Return the value that a literal expression has.

    Raises
    ------
    ValueError
        It is none.
    """
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))], keywords=[]):
            return float(text)
    try:
        return ast.literal_eval(node)
    except (TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(str(error)) from error

"""What a tracked function returns, as metrics."""

from __future__ import annotations

import ast
import dataclasses
import textwrap
from collections.abc import Sequence
from typing import Any

from nbtrack.capture.values import as_metric, numbers_in


def metrics_of(value: Any, names: Sequence[str]) -> dict[str, float]:
    """Read metrics out of a result: a mapping of numbers, a number, a tuple of numbers, or an object with numbers.

    Parameters
    ----------
    value : object
    names : sequence of str
        Names for a number (the first) or for the items of a tuple.

    Returns
    -------
    dict of str to float
        Empty where the value is none of these.

    Examples
    --------
    >>> metrics_of((0.1, 0.9), ("loss", "accuracy"))
    {'loss': 0.1, 'accuracy': 0.9}
    """
    number = as_metric(value)
    if number is not None:
        return {names[0]: number} if names else {}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        numbers = [as_metric(item) for item in value]
        return {name: found for name, found in zip(names, numbers, strict=False) if found is not None}
    return numbers_in(_fields(value))


def _fields(value: Any) -> dict[str, Any]:
    """Return the named parts of a mapping, named tuple, dataclass or plain object; properties are not called."""
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, tuple):
        return dict(zip(value._fields, value, strict=True))  # type: ignore[attr-defined]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: value.__dict__[name] for name in names if name in getattr(value, "__dict__", {})}
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return {name: item for name, item in found.items() if not name.startswith("_")} if type(found) is dict else {}


def result_names(source: str | None, function_name: str) -> tuple[str, ...]:
    r"""Name a function's results by its ``return`` statement, else by the function.

    Parameters
    ----------
    source : str or None
        Source of the function.
    function_name : str

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> result_names("def fit(x):\n    return loss, accuracy", "fit")
    ('loss', 'accuracy')
    """
    try:
        tree = ast.parse(textwrap.dedent(source or ""))
    except SyntaxError:
        return (function_name,)
    function = next((node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)), None)
    returned = {_names(node.value) for node in _own_returns(function)} if function else set()
    named = returned.pop() if len(returned) == 1 else ()
    return named or (function_name,)


def _own_returns(function: ast.AST) -> list[ast.Return]:
    found = []
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Return):
            found.append(node)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            found += _own_returns(node)
    return found


def _names(expression: ast.expr | None) -> tuple[str, ...]:
    if isinstance(expression, ast.Name):
        return (expression.id,)
    if isinstance(expression, ast.Tuple) and all(isinstance(item, ast.Name) for item in expression.elts):
        return tuple(item.id for item in expression.elts if isinstance(item, ast.Name))
    return ()

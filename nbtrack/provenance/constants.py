"""Expressions made of literals alone, and calls whose names say what they do."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from nbtrack.provenance.paths import NamePath, path_of

# Builtins and value classes that make a simple value or a small container of their arguments.
_CONVERSIONS = frozenset(
    "int float str bool complex list tuple set frozenset range "
    "Path PurePath PosixPath Decimal Fraction date datetime time timedelta".split()
)
_CONVERTED_MODULES = frozenset({"pathlib", "decimal", "fractions", "datetime"})
_MATH_MODULES = frozenset({"math", "np", "numpy", "cmath", "torch", "jnp"})
_MATH_CONSTANTS = frozenset({"pi", "e", "tau", "inf", "nan", "euler_gamma", "newaxis"})
_CLOCKS = frozenset(
    f"{name}{unit}"
    for name in ("time", "perf_counter", "monotonic", "process_time", "thread_time", "default_timer")
    for unit in ("", "_ns")
)
_CLOCK_MODULES = frozenset({"time", "timeit"})


def is_constant(node: ast.expr) -> bool:
    """Tell whether an expression is made of literals alone.

    Parameters
    ----------
    node : ast.expr

    Returns
    -------
    bool

    Examples
    --------
    >>> is_constant(ast.parse("[2 ** 10, -1.5]", mode="eval").body)
    True
    """
    return all(type(leaf) is ast.Constant or _is_constant_name(leaf) for leaf in _atoms(node))


def is_conversion(function: ast.expr) -> bool:
    """Tell whether a called expression only turns its argument into a simple value or small container."""
    path = path_of(function)
    if path is None or path[-1] not in _CONVERSIONS:
        return False
    return len(path) == 1 or path[0] in _CONVERTED_MODULES


def is_clock(node: ast.Call, callee: NamePath) -> bool:
    """Tell whether a call reads a clock, as ``time.perf_counter()``."""
    in_place = len(callee) == 1 or (len(callee) == 2 and callee[0] in _CLOCK_MODULES)
    return in_place and callee[-1] in _CLOCKS and not node.args


def _is_constant_name(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in _MATH_MODULES
        and node.attr in _MATH_CONSTANTS
    )


def _parts(node: ast.expr) -> list[ast.expr | None] | None:
    """Return the operands of an expression that only puts together; None for any other."""
    match node:
        case ast.BinOp():
            return [node.left, node.right]
        case ast.UnaryOp():
            return [node.operand]
        case ast.BoolOp() | ast.JoinedStr():
            return [*node.values]
        case ast.Compare():
            return [node.left, *node.comparators]
        case ast.List() | ast.Tuple() | ast.Set():
            return [*node.elts]
        case ast.Dict():
            return [*node.keys, *node.values]
        case ast.FormattedValue():
            return [node.value, *([] if node.format_spec is None else [node.format_spec])]
        case ast.IfExp():
            return [node.test, node.body, node.orelse]
        case ast.Call() if is_conversion(node.func):
            return [*node.args, *(keyword.value for keyword in node.keywords)]
    return None


def _atoms(node: ast.expr) -> Iterable[ast.AST]:
    """Yield what an expression is put together from; a stack, since long sums nest as deep as they are long."""
    stack: list[ast.expr | None] = [node]
    while stack:
        part = stack.pop()
        inner = None if part is None else _parts(part)
        if inner is not None:
            stack.extend(inner)
        else:
            # A None stands for `**other` in a dict: no literal.
            yield part if part is not None else ast.Name("")

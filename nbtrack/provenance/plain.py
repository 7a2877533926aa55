"""Working out small expressions of single values: what another number upstream would make of a threshold or a label."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_PLAIN = (int, float, str, bool, type(None))
_MAX_BITS = 512
_MAX_CHARS = 2000
_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_COMPARED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda first, second: first in second,
    ast.NotIn: lambda first, second: first not in second,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "bool": bool, "dict": dict, "float": float, "int": int, "len": len, "list": list, "max": max,
    "min": min, "round": round, "sorted": sorted, "str": str, "sum": sum, "tuple": tuple,
}  # fmt: skip


class _Unknown(Exception):  # noqa: N818 - a way out, never seen outside
    """The expression is more than this can work out."""


def work_out(statements: Iterable[ast.stmt], values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Run simple assignments of single values and small containers of them.

    Parameters
    ----------
    statements : iterable of ast.stmt
    values : mapping of str to object
        Single values of the names that they read.

    Returns
    -------
    dict of str to object or None
        What they assign; None where they are more than arithmetic on what is known.

    Examples
    --------
    >>> work_out(ast.parse("y = x * 2 + 1").body, {"x": 3})
    {'y': 7}
    """
    found: dict[str, Any] = {}
    try:
        for node in statements:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found[name] = _value(value, {**values, **found})
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    found[name] = _value(value, {**values, **found})
                case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                    known = {**values, **found}
                    found[name] = _value(ast.BinOp(ast.Name(name), op, value), known)
                case _:
                    return None
    except (_Unknown, ArithmeticError, TypeError, ValueError, KeyError, IndexError, AttributeError, RecursionError):
        return None
    return found


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value) if type(value) in _PLAIN:
            return value
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_value(operand, known))
        case ast.BinOp(left=left, op=op, right=right):
            return _operation(op, _value(left, known), _value(right, known))
        case ast.BoolOp(op=op, values=parts):
            result = None
            for part in parts:
                result = _value(part, known)
                if bool(result) is isinstance(op, ast.Or):
                    break
            return result
        case ast.Compare(left=left, ops=ops, comparators=others):
            first = _value(left, known)
            for compared, other in zip(ops, others, strict=True):
                second = _value(other, known)
                if not _COMPARED[type(compared)](first, second):
                    return False
                first = second
            return True
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, known) else orelse, known)
        case ast.List(elts=items):
            return [_value(item, known) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item, known) for item in items)
        case ast.Dict(keys=keys, values=items) if None not in keys:
            pairs = zip(keys, items, strict=True)
            return {_value(key, known): _value(item, known) for key, item in pairs if key is not None}
        case ast.Subscript(value=whole, slice=ast.Constant() as key):
            return _value(whole, known)[_value(key, known)]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS and name not in known:
            return _FUNCTIONS[name](*(_value(argument, known) for argument in arguments))
    raise _Unknown


def _operation(op: ast.operator, first: Any, second: Any) -> Any:
    if type(op) not in _BINARY:
        raise _Unknown
    for operand in (first, second):
        # Nothing that grows without end: 9 ** 9 ** 9, "ab" * 10 ** 9.
        if (type(operand) is int and operand.bit_length() > _MAX_BITS) or (
            type(operand) is str and len(operand) > _MAX_CHARS
        ):
            raise _Unknown
    if isinstance(op, ast.Pow) and (type(second) not in (int, float) or abs(second) > 64):
        raise _Unknown
    if isinstance(op, ast.Mult | ast.Mod) and not (_is_number(first) and _is_number(second)):
        raise _Unknown
    return _BINARY[type(op)](first, second)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float, bool)

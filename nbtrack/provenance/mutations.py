"""Which names a piece of code changes in place, as far as well-known methods and functions tell."""

from __future__ import annotations

import ast
import functools

from nbtrack.provenance.cellcode import parse
from nbtrack.provenance.paths import MUTATORS

_METHODS = MUTATORS | frozenset(
    "fit partial_fit fit_transform fit_predict fit_resample pop popleft popitem setdefault step backward zero_grad "
    "load_state_dict shuffle setflags fill resize partition put itemset set_params train add_ mul_ copy_ write "
    "seek close rotate appendleft send throw close remove_column set_flags __setitem__ __setattr__ __delitem__ "
    "random normal integers uniform choice permutation standard_normal".split()
)
# Functions that change their first argument.
_FUNCTIONS = frozenset(
    "shuffle heappush heappop heapify heapreplace insort insort_left insort_right setattr delattr next copyto put "
    "fill_diagonal put_along_axis place putmask clip_grad_norm_".split()
)

# What modules are called by convention: np.add(a, b) adds nothing to np.
_CALLED = frozenset("np numpy pd pandas plt sns math os tf torch jnp scipy random".split())
# Of these no method is taken for one that changes the object.
MODULES = _CALLED | frozenset("stats itertools pl px nx".split())
# These are never taken for objects that are changed, not by setting a part of them either.
_NEVER = _CALLED | frozenset("nn json time sklearn".split())


def root_name(node: ast.AST) -> str | None:
    """Return the name that a chain of attributes, subscripts and calls starts from."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def changed_roots(node: ast.AST) -> set[str]:
    """Return the names whose objects a piece of code may change in place.

    Parameters
    ----------
    node : ast.AST

    Returns
    -------
    set of str

    Examples
    --------
    >>> sorted(changed_roots(ast.parse("df.dropna(inplace=True); a[0] = b.pop()")))
    ['a', 'b', 'df']
    """
    found: set[str | None] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            found |= _changed_by_call(part)
        elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store | ast.Del):
            found.add(root_name(part.value))
        elif isinstance(part, ast.AugAssign):
            found.add(root_name(part.target))
    return {name for name in found if name is not None and name not in _NEVER}


def _changed_by_call(node: ast.Call) -> set[str | None]:
    found: set[str | None] = set()
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if isinstance(function, ast.Attribute):
        inplace = any(key.arg == "inplace" and getattr(key.value, "value", True) for key in node.keywords)
        if name in _METHODS or inplace or (name.endswith("_") and not name.startswith("_")):
            root = root_name(function.value)
            found |= {root} - MODULES
    if name in _FUNCTIONS and node.args:
        found.add(root_name(node.args[0]))
    if any(key.arg == "out" for key in node.keywords):
        found |= {root_name(key.value) for key in node.keywords if key.arg == "out"}
    return found


def replaced_in(node: ast.expr, name: str) -> set[str] | None:
    """Return the parts that an expression puts in place of those of a mapping or record, leaving the others.

    Parameters
    ----------
    node : ast.expr
    name : str
        What the mapping or record is called.

    Returns
    -------
    set of str or None
        None where it is no such expression.

    Examples
    --------
    >>> replaced_in(ast.parse("replace(cfg, lr=0.1)", mode="eval").body, "cfg")
    {'lr'}
    >>> replaced_in(ast.parse("{**cfg, 'lr': 0.1}", mode="eval").body, "cfg")
    {'lr'}
    """
    found: list[tuple[object, ast.expr]]
    match node:
        case ast.Call(func=ast.Name(id="replace" | "dict" | "evolve"), args=[ast.Name(id=first)], keywords=keywords):
            found = [(key.arg, key.value) for key in keywords]
        case ast.Call(func=ast.Attribute(attr="replace" | "evolve"), args=[ast.Name(id=first)], keywords=keywords):
            found = [(key.arg, key.value) for key in keywords]
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=first), attr="_replace" | "model_copy"), args=[], keywords=keywords
        ):
            found = [(key.arg, key.value) for key in keywords]
        case ast.Dict(keys=[None, *keys], values=[ast.Name(id=first), *values]):
            found = [(getattr(key, "value", None), value) for key, value in zip(keys, values, strict=True)]
        case ast.BinOp(left=ast.Name(id=first), op=ast.BitOr(), right=ast.Dict(keys=keys, values=values)):
            found = [(getattr(key, "value", None), value) for key, value in zip(keys, values, strict=True)]
        case _:
            return None
    fresh = not any(reads_any(value, {name}) for _, value in found)
    given = {key for key, _ in found if isinstance(key, str)}
    return given if first == name and fresh and len(given) == len(found) else None


def reads_any(node: ast.AST, names: set[str]) -> bool:
    """Tell whether a piece of code mentions one of some names."""
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


@functools.lru_cache(maxsize=256)
def changed_in(source: str) -> frozenset[str]:
    """Return the names whose objects a cell's source may change in place; none where it is no Python."""
    try:
        return frozenset(changed_roots(parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()

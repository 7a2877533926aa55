"""Telling which names a cell has really bound: it may have raised, or not have taken a branch."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any

from nbtrack.provenance.bindings import Binding, Kind
from nbtrack.provenance.cellcode import CellCode
from nbtrack.provenance.fields import part
from nbtrack.provenance.objects import MISSING, is_a
from nbtrack.provenance.paths import NamePath, dotted, root_of

# Of these classes many values are one object wherever they come from: small numbers, literal texts.
_SHARED = (int, str, bool, NoneType)


def snapshot_bound(code: CellCode, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Mark what the names that a cell may bind stand for; call it before the cell runs.

    Parameters
    ----------
    code : CellCode
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    dict of str to object
        Single values themselves, of anything else the identity: nothing large is kept alive.
    """
    marks = {name: _mark(namespace[name]) for name in code.bindings if name in namespace}
    for path in code.stores:
        value = value_at(path, namespace)
        if value is not MISSING:
            marks[dotted(path)] = _mark(value)
    return marks


def bound_names(
    code: CellCode, namespace: Mapping[str, Any], marks: Mapping[str, Any], certain: frozenset[str] | None = None
) -> frozenset[str]:
    r"""Return the names that a cell has really bound; call it after the cell ran, whole or not.

    Parameters
    ----------
    code : CellCode
    namespace : mapping of str to object
        The notebook's names now.
    marks : mapping of str to object
        What :func:`snapshot_bound` gave.
    certain : frozenset of str, optional
        Names that a cell that failed has bound for certain, as :func:`~nbtrack.provenance.cellcode.bound_until`
        tells; None for a cell that ran to its end.

    Returns
    -------
    frozenset of str
        Parts that it has set are dotted.

    Examples
    --------
    >>> from nbtrack.provenance.cellcode import analyse
    >>> code = analyse("if quick:\n    n = 10")
    >>> bound_names(code, {"n": 500}, snapshot_bound(code, {"n": 500}))
    frozenset()
    """
    done = code.certain if certain is None else certain
    found = set(done)
    for name, binding in code.bindings.items():
        value = namespace.get(name, MISSING)
        if name in done or value is MISSING:
            continue
        if _changed(marks.get(name, MISSING), value) or (certain is None and _fits(value, binding, namespace)):
            found.add(name)
    for path in code.stores:
        key = dotted(path)
        if certain is None or _changed(marks.get(key, MISSING), value_at(path, namespace)):
            found.add(key)
    return frozenset(found)


def value_at(path: NamePath, namespace: Mapping[str, Any]) -> Any:
    """Return what stands at a path now; MISSING where nothing does that is plain storage."""
    value = namespace.get(root_of(path), MISSING)
    for step in path[1:]:
        if value is MISSING:
            break
        value = part(value, step, namespace)
    return value


def _mark(value: Any) -> Any:
    # A float that is let go leaves its place to the next one: only a reference to it tells them apart.
    return value if is_a(value, float, *_SHARED) else ("id", id(value))


def _changed(mark: Any, value: Any) -> bool:
    return mark is not value if is_a(value, float, *_SHARED) else mark is MISSING or mark != ("id", id(value))


def _fits(value: Any, binding: Binding, namespace: Mapping[str, Any]) -> bool:
    """Tell whether an unchanged value may have been bound once more: the same literal, or the same input."""
    if binding.kind is Kind.INPUT:
        sources = [source.path for source in binding.sources]
        return any(len(path) == 1 and namespace.get(root_of(path), MISSING) is value for path in sources)
    if binding.kind is not Kind.CONSTANT or not is_a(value, *_SHARED):
        return False
    literals = binding.literals
    return literals is None or any(type(literal) is type(value) and literal == value for literal in literals)

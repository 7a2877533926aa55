"""What a cell's assignments say of a name's value: a constant, an input passed on, or something computed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from nbtrack.provenance.constants import is_clock, is_constant, is_conversion
from nbtrack.provenance.paths import NamePath, path_of


class Kind(IntEnum):
    """Where a value comes from; of several bindings of one name the greatest holds.

    ``INPUT`` is passed on unchanged from a constant or from the notebook; ``CLOCK`` is a reading of a clock, which
    measures nothing by itself.
    """

    CONSTANT = 0
    INPUT = 1
    CLOCK = 2
    COMPUTED = 3


class Source(NamedTuple):
    """What an input is taken from.

    Attributes
    ----------
    path : tuple
    exact : bool
        The value is what stands at ``path``, not merely found by way of it.
    """

    path: NamePath
    exact: bool = True


_NO_LEAVES: Mapping[str, Binding] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Binding:
    """What is known of a name's value, or of a part of it, by the cell's syntax.

    Attributes
    ----------
    kind : Kind
    sources : tuple of Source
        What an input is taken from.
    leaves : mapping of str to Binding
        Named parts of a mapping or record built in the cell, by dotted name.
    rest : Kind
        Of the parts that are not named.
    rest_sources : tuple of Source
    record : tuple or None
        The callable that made it, where ``leaves`` hold only if that is the value's class.
    literals : tuple or None
        The single values that a constant may have; None where they are not written out as they are.
    length : int or None
        Number of items of a list or set literal.
    """

    kind: Kind
    sources: tuple[Source, ...] = ()
    leaves: Mapping[str, Binding] = field(default_factory=lambda: _NO_LEAVES)
    rest: Kind = Kind.COMPUTED
    rest_sources: tuple[Source, ...] = ()
    record: NamePath | None = None
    literals: tuple[Any, ...] | None = None
    length: int | None = None

    def leaf(self, name: str) -> Binding:
        """Return what is known of a part.

        Parameters
        ----------
        name : str
            Dotted, relative to the whole.

        Returns
        -------
        Binding
        """
        known = self.leaves.get(name)
        return Binding(self.rest, self.rest_sources) if known is None else known

    def with_leaf(self, name: str, binding: Binding) -> Binding:
        """Return the same with one more part bound."""
        known = self.leaves.get(name)
        return replace(self, leaves={**self.leaves, name: binding if known is None else join(known, binding)})


CONSTANT = Binding(Kind.CONSTANT)
COMPUTED = Binding(Kind.COMPUTED)
_CLOCK = Binding(Kind.CLOCK)


def join(first: Binding, second: Binding) -> Binding:
    """Return what holds for a name that has both bindings.

    Parameters
    ----------
    first, second : Binding

    Returns
    -------
    Binding

    Examples
    --------
    >>> join(CONSTANT, COMPUTED).kind.name
    'COMPUTED'
    """
    leaves = dict(first.leaves)
    for name, binding in second.leaves.items():
        leaves[name] = join(leaves[name], binding) if name in leaves else binding
    return Binding(
        max(first.kind, second.kind),
        first.sources + second.sources,
        leaves,
        max(first.rest, second.rest),
        first.rest_sources + second.rest_sources,
        first.record if second.record in (None, first.record) else second.record,
        None if first.literals is None or second.literals is None else first.literals + second.literals,
        first.length if first.length == second.length else None,
    )


def classify(node: ast.expr | None) -> Binding:
    """Return what an assigned expression says of the name's value.

    Parameters
    ----------
    node : ast.expr or None
        None where the value is not that of one expression.

    Returns
    -------
    Binding

    Examples
    --------
    >>> classify(ast.parse("fit(x)", mode="eval").body).kind.name
    'COMPUTED'
    """
    if node is None:
        return COMPUTED
    if isinstance(node, ast.NamedExpr):
        return classify(node.value)
    if isinstance(node, ast.Constant):
        return Binding(Kind.CONSTANT, literals=(node.value,))
    if isinstance(node, ast.Dict):
        return _mapping(zip(node.keys, node.values, strict=True))
    if isinstance(node, ast.Call):
        return _call(node)
    if is_constant(node):
        return Binding(Kind.CONSTANT, length=len(node.elts)) if isinstance(node, ast.List | ast.Set) else CONSTANT
    sources = _sources(node)
    return COMPUTED if sources is None else Binding(Kind.INPUT, sources)


def _call(node: ast.Call) -> Binding:
    callee = path_of(node.func)
    if callee is None:
        return COMPUTED
    if callee == ("dict",) and len(node.args) <= 1:
        spread = [(None, argument) for argument in node.args]
        named = [(_key(keyword), keyword.value) for keyword in node.keywords]
        return _mapping([*spread, *named])
    if is_clock(node, callee):
        return _CLOCK
    sources = _call_sources(node)
    if sources == ():
        # `list()` and `set()` are there to be filled.
        return Binding(Kind.CONSTANT, length=None if node.args else 0)
    if sources is not None:
        return Binding(Kind.INPUT, sources)
    name = callee[-1]
    if isinstance(name, str) and name.lstrip("_")[:1].isupper():
        return _record(node, callee)
    return COMPUTED


def _key(keyword: ast.keyword) -> ast.expr | None:
    return None if keyword.arg is None else ast.Constant(keyword.arg)


def _mapping(items: Iterable[tuple[ast.expr | None, ast.expr]]) -> Binding:
    """Classify a dict by its parts; ``**other`` and keys that are not literals say something of all the rest."""
    leaves: dict[str, Binding] = {}
    # Parts that come later, as by results[name] = score, are no constants.
    rest = Kind.COMPUTED
    rest_sources: tuple[Source, ...] = ()
    spread: list[Binding] = []
    for key, value in items:
        part = classify(value)
        if key is None:
            spread.append(part)
            leaves.update(part.leaves)
        elif isinstance(key, ast.Constant) and isinstance(key.value, str | int | float):
            inner = part.leaves or {"": part}
            leaves.update({f"{key.value}.{name}" if name else str(key.value): leaf for name, leaf in inner.items()})
        else:
            spread.append(part)
    if spread:
        merged = spread[0]
        for part in spread[1:]:
            merged = join(merged, part)
        if merged.kind <= Kind.INPUT:
            rest, rest_sources = merged.kind, merged.sources
    kind = max((part.kind for part in (*leaves.values(), *spread)), default=Kind.CONSTANT)
    sources = tuple(source for part in (*leaves.values(), *spread) for source in part.sources)
    return Binding(kind, sources, leaves, rest, rest_sources)


def _record(node: ast.Call, callee: NamePath) -> Binding:
    """Classify ``Config(lr=0.1)``: what is named is as given, and what is not is the class's default."""
    leaves = {keyword.arg: classify(keyword.value) for keyword in node.keywords if keyword.arg is not None}
    unnamed = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg is None)]
    parts = [classify(value) for value in unnamed]
    rest = max((part.kind for part in parts), default=Kind.CONSTANT)
    sources = tuple(source for part in parts for source in part.sources)
    return Binding(Kind.COMPUTED, (), leaves, rest, sources, callee)


def _sources(node: ast.expr) -> tuple[Source, ...] | None:
    """Return what a value is passed on from, if nothing is computed with it; None if something is."""
    path = path_of(node)
    if path is not None:
        return (Source(path),)
    if is_constant(node):
        return ()
    if isinstance(node, ast.IfExp):
        # Which of two inputs is taken is a choice, whatever it hangs on.
        chosen = _all_sources([node.body, node.orelse])
        return None if chosen is None else chosen + _names_in(node.test)
    if isinstance(node, ast.BoolOp):
        return _all_sources(node.values)
    if isinstance(node, ast.Tuple):
        return _all_sources(node.elts)
    if isinstance(node, ast.Call):
        return _call_sources(node)
    return None


def _call_sources(node: ast.Call) -> tuple[Source, ...] | None:
    if is_conversion(node.func):
        return _all_sources([*node.args, *(keyword.value for keyword in node.keywords)])
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in ("get", "getenv"):
        path = path_of(function.value)
        if path is not None and all(is_constant(argument) for argument in node.args):
            return (Source(path, exact=False),)
    return None


def _all_sources(nodes: list[ast.expr]) -> tuple[Source, ...] | None:
    found: tuple[Source, ...] = ()
    for node in nodes:
        sources = _sources(node)
        if sources is None:
            return None
        found += sources
    return found


def _names_in(node: ast.expr) -> tuple[Source, ...]:
    return tuple(Source((found.id,), exact=False) for found in ast.walk(node) if isinstance(found, ast.Name))

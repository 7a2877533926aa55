"""Taking mappings and records apart into dotted names, without running any of their code."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from nbtrack.provenance.fields import record_fields, settings_of
from nbtrack.provenance.objects import is_a, is_class, mapping_items

_MAX_DEPTH = 6


class Parts(NamedTuple):
    """The leaves of a mapping or record.

    Attributes
    ----------
    leaves : tuple of (str, object)
        Dotted names and values, in order.
    complete : bool
        There are no more than were asked for.
    textual : bool
        All keys are text; a dict with others is a lookup table.
    """

    leaves: tuple[tuple[str, Any], ...]
    complete: bool = True
    textual: bool = True


def take_apart(value: Any, limit: int, namespace: Mapping[str, Any] | None = None) -> Parts | None:
    """Return the leaves of a mapping, record or settings class; those of nested ones in place of them.

    Parameters
    ----------
    value : object
    limit : int
        At most so many leaves.
    namespace : mapping of str to object, optional
        The notebook's names: of dict classes only the standard ones and the notebook's own count. Without it any
        dict counts, and no class.

    Returns
    -------
    Parts or None
        None for anything else.

    Examples
    --------
    >>> take_apart({"lr": 0.1, "model": {"depth": 3}}, 10).leaves
    (('lr', 0.1), ('model.depth', 3))
    """
    if _named(value, namespace) is None:
        return None
    walk = _Walk(limit, namespace)
    walk.visit("", value, 0)
    return Parts(tuple(walk.leaves), len(walk.leaves) <= limit, walk.textual)


class _Walk:
    def __init__(self, limit: int, namespace: Mapping[str, Any] | None) -> None:
        self.limit = limit
        self.namespace = namespace
        self.leaves: list[tuple[str, Any]] = []
        self.textual = True

    def visit(self, name: str, value: Any, depth: int) -> None:
        named = _named(value, self.namespace) if depth < _MAX_DEPTH else None
        if named is None:
            self.leaves.append((name, value))
            return
        for key, item in named:
            if len(self.leaves) > self.limit:
                return
            text = key_text(key)
            self.textual = self.textual and type(key) is str
            if text:
                self.visit(f"{name}.{text}" if name else text, item, depth + 1)


def _named(value: Any, namespace: Mapping[str, Any] | None) -> list[tuple[Any, Any]] | None:
    items = mapping_items(value, namespace)
    if items is not None:
        return items
    fields = record_fields(value)
    if fields is None and namespace is not None and is_class(value):
        fields = settings_of(value, namespace)
    return None if fields is None else list(fields.items())


def key_text(key: Any) -> str | None:
    """Return a mapping's key as text; None for one that is neither text nor a number.

    Parameters
    ----------
    key : object

    Returns
    -------
    str or None

    Examples
    --------
    >>> key_text("lr"), key_text(0.1), key_text(object())
    ('lr', '0.1', None)
    """
    cls = type(key)
    if cls is str:
        return key  # type: ignore[no-any-return]
    if is_a(key, int, float, bool):
        return str(key)
    numpy = sys.modules.get("numpy")
    generic = getattr(numpy, "generic", None)
    if generic is not None and issubclass(cls, generic):
        return key_text(generic.item(key))
    return None

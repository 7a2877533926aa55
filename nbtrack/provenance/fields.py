"""The named parts of mappings, records and settings classes, as plain storage has them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from types import SimpleNamespace
from typing import Any

from nbtrack.provenance.objects import (
    MISSING,
    attribute,
    bases,
    class_attribute,
    inherited,
    is_a,
    is_class,
    is_notebook_class,
    mapping_items,
    members,
    own_attributes,
)
from nbtrack.provenance.paths import Item

# Where dataclasses, pydantic models and attrs classes list their fields.
_FIELD_TABLES = ("__dataclass_fields__", "__pydantic_fields__", "__attrs_attrs__")


def record_fields(value: Any) -> dict[str, Any] | None:
    """Return the named fields of a dataclass, named tuple, namespace, pydantic or attrs object.

    Parameters
    ----------
    value : object

    Returns
    -------
    dict of str to object or None
        Public fields that are stored; None for any other object.

    Examples
    --------
    >>> record_fields(SimpleNamespace(lr=0.1))
    {'lr': 0.1}
    """
    cls = type(value)
    if issubclass(cls, tuple):
        names = inherited(cls, "_fields")
        if type(names) is not tuple or tuple.__len__(value) != len(names):
            return None
        fields = zip(names, tuple.__iter__(value), strict=True)
        return {name: item for name, item in fields if _is_public(name)}
    if is_namespace(cls):
        return {name: item for name, item in own_attributes(value).items() if _is_public(name)}
    for table in _FIELD_TABLES:
        listed = inherited(cls, table)
        if listed is not MISSING:
            found = {name: attribute(value, name) for name in _field_names(listed)}
            return {name: item for name, item in found.items() if item is not MISSING}
    return None


def is_namespace(cls: type) -> bool:
    """Tell whether a class is ``types.SimpleNamespace`` or ``argparse.Namespace``, or derived from one."""
    argparse = sys.modules.get("argparse")
    return issubclass(cls, SimpleNamespace) or (argparse is not None and issubclass(cls, argparse.Namespace))


def settings_of(cls: type, namespace: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the attributes of a notebook class that only lists settings: ``class CFG: lr = 0.1``.

    Parameters
    ----------
    cls : type
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    dict of str to object or None
        None for a class with methods, one from elsewhere, a dataclass or an enumeration.
    """
    if not is_notebook_class(cls, namespace) or issubclass(cls, Enum):
        return None
    if any(inherited(cls, table) is not MISSING for table in _FIELD_TABLES):
        return None
    found = {name: item for name, item in members(cls).items() if _is_public(name)}
    # A function, property or class method is a descriptor: then the class does something.
    return None if any(_is_descriptor(item) for item in found.values()) else found


def part(value: Any, step: str | Item, namespace: Mapping[str, Any]) -> Any:
    """Return what an object stores under an attribute or a constant subscript.

    Parameters
    ----------
    value : object
    step : str or Item
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    object
        :data:`MISSING` where it is not plain storage of a dict, list, record or notebook object.
    """
    if isinstance(step, Item):
        return _item(value, step.key, namespace)
    if is_class(value):
        return class_attribute(value, step, namespace)
    fields = record_fields(value)
    if fields is not None and step in fields:
        return fields[step]
    cls = type(value)
    if not is_notebook_class(cls, namespace):
        return MISSING
    held = attribute(value, step)
    return class_attribute(cls, step, namespace) if held is MISSING else held


def _item(value: Any, key: str | int, namespace: Mapping[str, Any]) -> Any:
    if is_a(value, list, tuple):
        return value[key] if type(key) is int and -len(value) <= key < len(value) else MISSING
    # Compared one by one: a lookup could ask another key of the same hash whether it is equal.
    for known, item in mapping_items(value, namespace) or ():
        if type(known) is type(key) and known == key:
            return item
    return MISSING


def _field_names(table: Any) -> list[str]:
    if type(table) is dict:
        names = list(table)
    elif issubclass(type(table), tuple):
        # attrs: a tuple of its own Attribute objects.
        names = [attribute(field, "name") for field in tuple.__iter__(table)]
    else:
        names = []
    return [name for name in names if _is_public(name)]


def _is_public(name: Any) -> bool:
    return type(name) is str and not name.startswith("_")


def _is_descriptor(value: Any) -> bool:
    return any("__get__" in members(base) for base in bases(type(value)))

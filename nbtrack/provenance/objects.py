"""Looking into objects without running any of their code.

No attribute is fetched the ordinary way: ``obj.x`` may run a property, ``isinstance`` may ask an object for its
``__class__``, and ``==``, ``in`` and ``len`` may be anything. Everything here goes by the exact type, through the
descriptors of ``type`` itself, and only into what is known to be plain storage.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Mapping
from enum import Enum
from types import GetSetDescriptorType, MappingProxyType, MemberDescriptorType
from typing import Any

_bases_of = type.__dict__["__mro__"].__get__
_members_of = type.__dict__["__dict__"].__get__
_name_of = type.__dict__["__name__"].__get__
_module_of = type.__dict__["__module__"].__get__

_DICTS = (dict, OrderedDict, defaultdict, Counter)
_NO_MEMBERS: Mapping[str, Any] = MappingProxyType({})


class Missing:
    """The type of :data:`MISSING`."""

    __slots__ = ()


MISSING = Missing()
"""Stands for a part that an object does not have, or has not as plain storage."""


def is_a(value: Any, *classes: type) -> bool:
    """Tell whether a value is of exactly one of these classes.

    ``type(value) in classes`` would not do: a class may have a metaclass whose ``__eq__`` and ``__hash__`` are code.

    Parameters
    ----------
    value : object
    *classes : type

    Returns
    -------
    bool

    Examples
    --------
    >>> is_a(True, int), is_a(3, int)
    (False, True)
    """
    cls = type(value)
    return any(cls is known for known in classes)


def bases(cls: type) -> tuple[type, ...]:
    """Return a class and its bases in method resolution order.

    Parameters
    ----------
    cls : type

    Returns
    -------
    tuple of type

    Examples
    --------
    >>> bases(bool)
    (<class 'bool'>, <class 'int'>, <class 'object'>)
    """
    return _bases_of(cls)  # type: ignore[no-any-return]


def members(cls: type) -> Mapping[str, Any]:
    """Return what a class itself defines, descriptors as they are."""
    return _members_of(cls)  # type: ignore[no-any-return]


def class_name(cls: type) -> str:
    """Return a class's name."""
    return str(_name_of(cls))


def module_name(cls: type) -> str:
    """Return the name of the module that a class says it is from; empty where it says nothing of use."""
    found = _module_of(cls)
    return found if type(found) is str else ""


def is_class(value: Any) -> bool:
    """Tell whether a value is a class."""
    return issubclass(type(value), type)


def is_notebook_class(cls: type, namespace: Mapping[str, Any]) -> bool:
    """Tell whether a class was defined in the notebook.

    Parameters
    ----------
    cls : type
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    bool
    """
    return bool(module_name(cls) == namespace.get("__name__", "__main__"))


def own_attributes(value: Any) -> Mapping[str, Any]:
    """Return an object's instance dict; empty where it has none of the ordinary kind.

    Parameters
    ----------
    value : object

    Returns
    -------
    mapping of str to object
    """
    for cls in bases(type(value)):
        found = members(cls).get("__dict__")
        if found is None:
            continue
        # A property named __dict__ would be the user's code.
        held = found.__get__(value) if is_a(found, GetSetDescriptorType, MemberDescriptorType) else None
        return held if type(held) is dict else _NO_MEMBERS
    return _NO_MEMBERS


def attribute(value: Any, name: str) -> Any:
    """Return what an object stores under a name, in its instance dict or a slot.

    Parameters
    ----------
    value : object
    name : str

    Returns
    -------
    object
        :data:`MISSING` where it is not stored there.
    """
    held = own_attributes(value)
    if name in held:
        return held[name]
    for cls in bases(type(value)):
        found = members(cls).get(name)
        if found is not None:
            if type(found) is MemberDescriptorType:
                try:
                    return found.__get__(value)
                except AttributeError:
                    return MISSING
            return MISSING
    return MISSING


def class_attribute(cls: type, name: str, namespace: Mapping[str, Any]) -> Any:
    """Return what a class of the notebook, or a base of it from the notebook, defines under a name.

    Parameters
    ----------
    cls : type
    name : str
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    object
        :data:`MISSING` for a class from elsewhere and for enumerations, whose members are no settings.
    """
    if issubclass(cls, Enum):
        return MISSING
    for base in bases(cls):
        if name in members(base):
            return members(base)[name] if is_notebook_class(base, namespace) else MISSING
    return MISSING


def mapping_items(value: Any, namespace: Mapping[str, Any] | None = None) -> list[tuple[Any, Any]] | None:
    """Return the items of a dict.

    Parameters
    ----------
    value : object
    namespace : mapping of str to object, optional
        The notebook's names: dict classes of the notebook's own count, those of libraries do not. Without it any
        subclass of dict counts.

    Returns
    -------
    list of (object, object) or None
        None for anything but a dict.
    """
    cls = type(value)
    if not is_a(value, *_DICTS):
        if not issubclass(cls, dict):
            return None
        if namespace is not None and not is_notebook_class(cls, namespace):
            return None
    return list(dict.items(value))


def inherited(cls: type, name: str) -> Any:
    """Return what the first of a class and its bases that defines a name has there; MISSING where none does."""
    for base in bases(cls):
        if name in members(base):
            return members(base)[name]
    return MISSING

"""Which notebook names the notebook's own functions and classes read when they run; nothing is called to find out."""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType, NoneType
from typing import Any

from nbtrack.provenance.mutations import MODULES
from nbtrack.provenance.objects import (
    MISSING,
    attribute,
    bases,
    is_a,
    is_class,
    is_notebook_class,
    mapping_items,
    members,
    own_attributes,
)
from nbtrack.provenance.paths import MUTATORS, Item, NamePath, root_of

# More than that is no helper of a cell but a library pasted into a notebook.
_MAX_FUNCTIONS = 500
_MAX_ITEMS = 50
_WRAPPERS = (staticmethod, classmethod, type(functools.lru_cache(lambda: None)))
# What decorators of libraries call the function they were given.
_WRAPPED_NAMES = ("__wrapped__", "py_func", "func")
_LOADS = frozenset({"LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "LOAD_CONST", "LOAD_SMALL_INT", "LOAD_DEREF"})
_NO_STEP = frozenset({"CACHE", "COPY", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL", "RESUME"})


def reached_paths(
    value: Any, namespace: Mapping[str, Any], mentioned: frozenset[str] | None = None
) -> tuple[NamePath, ...]:
    """Return what a notebook function or class reads of the notebook when it runs, and what those it calls read.

    Parameters
    ----------
    value : object
        A function, class, method, object of a notebook class, ``functools.partial``, decorated function, or a small
        container of such; anything else reads nothing.
    namespace : mapping of str to object
        The notebook's names.
    mentioned : frozenset of str, optional
        Words of the code that uses the value: methods that neither it nor what it calls mentions are not called,
        special ones apart. Default: all methods may be.

    Returns
    -------
    tuple of tuple
        Paths into names of the notebook, as :attr:`~nbtrack.provenance.cellcode.CellCode.inputs` has them.

    Examples
    --------
    >>> namespace = {"rate": 3}
    >>> exec("def f(): return rate", namespace)
    >>> reached_paths(namespace["f"], namespace)
    (('rate',),)
    """
    found: dict[NamePath, None] = {}
    seen: set[int] = set()
    pending = [value]
    words = None if mentioned is None else set(mentioned)
    waiting: list[tuple[str, Any]] = []
    while pending and len(seen) < _MAX_FUNCTIONS:
        current = pending.pop()
        if id(current) in seen or not _can_run(current):
            continue
        seen.add(id(current))
        for name, inner in _inside(current, namespace):
            if words is None or name is None or name in words or (name.startswith("__") and name.endswith("__")):
                pending.append(inner)
            else:
                waiting.append((name, inner))
        if type(current) is FunctionType and current.__globals__ is namespace:
            for path in code_paths(current.__code__):
                if root_of(path) in namespace:
                    found.setdefault(path)
                    pending.append(namespace[root_of(path)])
            if words is not None:
                words |= _words(current.__code__)
                for root in _roots(current.__code__):
                    # What it only changes or collects into counts where it is asked what may be touched.
                    if root in namespace and not any(path[0] == root for path in found):
                        found.setdefault((root,))
                        pending.append(namespace[root])
        if words is not None and not pending:
            pending = [inner for name, inner in waiting if name in words]
            waiting = [(name, inner) for name, inner in waiting if name not in words]
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def _roots(code: CodeType) -> tuple[str, ...]:
    """Return the module names that a code object and those in it load or set."""
    found = {step.argval: None for step in dis.get_instructions(code) if step.opname.endswith("_GLOBAL")}
    for constant in code.co_consts:
        if type(constant) is CodeType:
            found.update(dict.fromkeys(_roots(constant)))
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def _words(code: CodeType) -> frozenset[str]:
    """Return the names and texts in a code object and those in it."""
    found = {*code.co_names, *(constant for constant in code.co_consts if type(constant) is str)}
    for constant in code.co_consts:
        if type(constant) is CodeType:
            found |= _words(constant)
    return frozenset(found)


def _can_run(value: Any) -> bool:
    """Tell at once of what most names are bound to that it leads to no function."""
    return not is_a(value, *_PLAIN)


_PLAIN = (int, float, str, bool, ModuleType, BuiltinFunctionType, NoneType, bytes, complex, slice, range)


def _inside(value: Any, namespace: Mapping[str, Any]) -> Iterator[tuple[str | None, Any]]:
    """Yield what may run when a value is called, or when a method of it is: the method's name, or None, with it."""
    cls = type(value)
    if cls is property:
        yield from ((None, function) for function in (value.fget, value.fset))
    elif is_class(value):
        yield from _methods(value, namespace)
    elif cls in _HOLDERS if type(cls) is type else False:
        yield from ((None, item) for item in _held(value))
    else:
        yield from ((None, item) for item in _wrapped(value))
        yield from _methods(cls, namespace)


_HOLDERS = frozenset({FunctionType, MethodType, functools.partial, list, tuple, set, frozenset, dict, *_WRAPPERS})


def _held(value: Any) -> Iterator[Any]:
    cls = type(value)
    if cls is FunctionType:
        yield from _wrapped(value)
        yield from value.__defaults__ or ()
        yield from (value.__kwdefaults__ or {}).values()
        yield from (_content(cell) for cell in value.__closure__ or ())
    elif cls is MethodType:
        yield value.__func__
        yield value.__self__
    elif cls is functools.partial:
        yield value.func
        yield from value.args
        yield from value.keywords.values()
    elif is_a(value, *_WRAPPERS):
        yield value.__wrapped__
    elif cls is dict:
        items = mapping_items(value) if len(value) <= _MAX_ITEMS else None
        yield from (item for _, item in items or ())
    else:
        yield from value if len(value) <= _MAX_ITEMS else ()


def _wrapped(value: Any) -> Iterator[Any]:
    held = own_attributes(value)
    for name in _WRAPPED_NAMES:
        if name in held:
            yield held[name]


def _methods(cls: type, namespace: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for base in bases(cls):
        if is_notebook_class(base, namespace):
            for name, member in members(base).items():
                if name not in ("__dict__", "__weakref__"):
                    yield name, attribute(member, "func") if type(member) is functools.cached_property else member


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        # Not filled yet: a recursive function on its way to being defined.
        return MISSING


@functools.lru_cache(maxsize=1024)
def code_paths(code: CodeType) -> tuple[NamePath, ...]:
    """Return what a code object, and those in it, read of module names, builtins included.

    Parameters
    ----------
    code : types.CodeType

    Returns
    -------
    tuple of tuple
        In order; what is only assigned to or collected into is left out.
    """
    found: dict[NamePath, None] = {}
    steps = [step for step in dis.get_instructions(code) if step.opname not in _NO_STEP]
    own: set[str] = set()
    for position, step in enumerate(steps):
        if step.opname == "STORE_NAME":
            own.add(step.argval)
        if step.opname == "LOAD_GLOBAL" or (step.opname.startswith("LOAD_NAME") and step.argval not in own):
            path = _path_from(steps, position)
            if path is not None:
                found.setdefault(path)
    for constant in code.co_consts:
        if type(constant) is CodeType:
            found.update(dict.fromkeys(code_paths(constant)))
    return tuple(found)


def _path_from(steps: list[dis.Instruction], position: int) -> NamePath | None:
    """Follow the attributes and constant subscripts behind a loaded name; None where the object is only changed."""
    path: list[str | Item] = [steps[position].argval]
    place = position + 1
    while place < len(steps):
        step = steps[place]
        following = steps[place + 1].opname if place + 1 < len(steps) else ""
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            if step.argval in MUTATORS and path[0] not in MODULES:
                return None
            path.append(step.argval)
            place += 1
        elif (
            step.opname in ("LOAD_CONST", "LOAD_SMALL_INT")
            and type(step.argval) in (str, int)
            and _is_item(steps, place + 1)
        ):
            path.append(Item(step.argval))
            place += 2
        elif step.opname == "STORE_ATTR" or (step.opname in _LOADS and following == "STORE_SUBSCR"):
            return None
        else:
            break
    return tuple(path)


def _is_item(steps: list[dis.Instruction], place: int) -> bool:
    if place >= len(steps):
        return False
    step = steps[place]
    return step.opname == "BINARY_SUBSCR" or (step.opname == "BINARY_OP" and step.argrepr == "[]")

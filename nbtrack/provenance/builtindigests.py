"""Digests of Python's own kinds of values: containers, functions, iterators, files."""

from __future__ import annotations

import functools
import io
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

from nbtrack.provenance.codedigest import code_digest
from nbtrack.provenance.feeding import Feed
from nbtrack.provenance.objects import is_class, own_attributes

_MADE: tuple[Any, ...] = (
    iter([]), iter(()), iter(""), iter(range(0)), iter({}), iter({}.values()), iter({}.items()), reversed([]),
    enumerate(()), zip(), map(int, ()), filter(None, ()),
)  # fmt: skip
_ITERATORS = tuple(type(made) for made in _MADE)


def _function(walker: Feed, value: Any) -> None:
    walker.text("function " + code_digest(value.__code__))
    walker.items(value.__defaults__ or ())
    walker.pairs((value.__kwdefaults__ or {}).items())
    for cell in value.__closure__ or ():
        try:
            walker.feed(cell.cell_contents)
        except ValueError:
            walker.text("empty cell")
    held = own_attributes(value) or {}
    walker.changeable(value)
    walker.pairs((key, item) for key, item in list(held.items()) if key != "__wrapped__")


def _method(walker: Feed, value: Any) -> None:
    walker.text("method")
    walker.feed(value.__func__)
    walker.feed(value.__self__)


def _builtin(walker: Feed, value: Any) -> None:
    walker.text(f"builtin {value.__qualname__}")
    owner = value.__self__
    if owner is not None and type(owner) is not ModuleType and not is_class(owner):
        walker.feed(owner)


def _sequence(walker: Feed, value: Any) -> None:
    walker.text(type(value).__name__)
    if type(value) is not tuple:
        walker.changeable(value)
    walker.items(value if type(value) is not deque else list(value))


def _mapping(walker: Feed, value: Any) -> None:
    walker.text(type(value).__name__)
    walker.changeable(value)
    walker.items(list(dict.keys(value)))
    walker.items(list(dict.values(value)))


def _set(walker: Feed, value: Any) -> None:
    walker.text(type(value).__name__)
    if type(value) is set:
        walker.changeable(value)
    walker.unordered(value)


def _code(walker: Feed, value: Any) -> None:
    walker.text(code_digest(value))


def _module(walker: Feed, value: Any) -> None:
    name = ModuleType.__getattribute__(value, "__dict__").get("__name__")
    walker.text(f"module {name if type(name) is str else ''}")


def _partial(walker: Feed, value: Any) -> None:
    walker.text("partial")
    for item in (value.func, value.args, value.keywords):
        walker.feed(item)


def _iterator(walker: Feed, value: Any) -> None:
    walker.changeable(value)
    walker.text(f"iterator {type(value).__name__}")
    reduced = value.__reduce__()
    walker.items(list(reduced[1:]))


def _generator(walker: Feed, value: Any) -> None:
    walker.changeable(value)
    walker.text("generator " + code_digest(value.gi_code))
    frame = value.gi_frame
    walker.text("ended" if frame is None else f"at {frame.f_lasti}")
    if frame is not None:
        held = frame.f_locals
        pairs = list(held.items())
        if type(held) is dict:
            # Before Python 3.13 this is a copy that the frame keeps, and with it what the generator lets go of.
            held.clear()
        walker.pairs(pairs)


def _wrapper(walker: Feed, value: Any) -> None:
    walker.text(type(value).__name__)
    walker.feed(value.__wrapped__)


def _property(walker: Feed, value: Any) -> None:
    walker.items([value.fget, value.fset, value.fdel])


def _file(walker: Feed, value: Any) -> None:
    buffered = value.buffer if type(value) is io.TextIOWrapper else value
    if type(buffered) not in _BUFFERED or type(buffered.raw) is not io.FileIO:
        # Something else underneath, which may be the user's.
        walker.close(value)
        return
    walker.text(f"file {value.name!r}" if type(getattr(value, "name", None)) is str else "file")
    if value.closed or value.mode not in ("r", "rt", "rb"):
        # Asking a file that is written to would write out what it holds back.
        walker.exact = False
        return
    walker.changeable(value)
    try:
        walker.text(f"at {value.tell()}")
    except (OSError, ValueError):
        walker.exact = False


def _bytes(walker: Feed, value: Any) -> None:
    walker.changeable(value)
    walker.raw(bytes(value) if type(value) is bytearray else value.tobytes())


def _range(walker: Feed, value: Any) -> None:
    walker.text(repr(value))


_BUFFERED = (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)

HANDLERS: dict[type, Callable[[Feed, Any], None]] = {
    list: _sequence,
    tuple: _sequence,
    deque: _sequence,
    dict: _mapping,
    OrderedDict: _mapping,
    defaultdict: _mapping,
    Counter: _mapping,
    set: _set,
    frozenset: _set,
    FunctionType: _function,
    MethodType: _method,
    BuiltinFunctionType: _builtin,
    CodeType: _code,
    ModuleType: _module,
    functools.partial: _partial,
    GeneratorType: _generator,
    staticmethod: _wrapper,
    classmethod: _wrapper,
    type(functools.lru_cache(lambda: None)): _wrapper,
    property: _property,
    io.TextIOWrapper: _file,
    io.BufferedReader: _file,
    bytearray: _bytes,
    array: _bytes,
    range: _range,
    slice: _range,
    **dict.fromkeys(_ITERATORS, _iterator),
}

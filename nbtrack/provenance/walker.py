"""Walking through a value and what it is made of, feeding a hash, without running any of the user's code."""

from __future__ import annotations

import hashlib
import marshal
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from types import NoneType
from typing import Any

from nbtrack.provenance import librarydigests
from nbtrack.provenance.builtindigests import HANDLERS
from nbtrack.provenance.objects import (
    attribute,
    bases,
    class_name,
    is_a,
    is_class,
    is_notebook_class,
    members,
    module_name,
    own_attributes,
)

_PLAIN_TYPES = (int, float, str, bool, NoneType, bytes, complex)
_PLAIN = frozenset(_PLAIN_TYPES)
_TEXTS, _WHOLE = frozenset({str}), frozenset({int})
_LONG = 10_000
_MAX_NODES = 4_000
_MAX_ITEMS = 200_000
_SAMPLED_ITEMS = 2_000
_MAX_DEPTH = 60
# Objects of these are neither data nor cheap to walk.
_CLOSED = frozenset(
    "IPython asyncio concurrent contextvars dask duckdb http ibis ipykernel ipywidgets logging matplotlib modin "
    "multiprocessing plotly polars pyarrow pyspark ray requests selectors socket sqlalchemy sqlite3 ssl subprocess "
    "threading urllib3 vaex xarray".split()
)
_CLASS_NOISE = frozenset(
    "__dict__ __weakref__ __doc__ __module__ __qualname__ __annotations__ __firstlineno__ __static_attributes__ "
    "__annotate__ __annotate_func__ __annotations_cache__ __abstractmethods__ _abc_impl __match_args__ "
    "__dataclass_fields__ __dataclass_params__ __replace__ __hash__".split()
)
_CONTENTS: dict[type, Callable[[Any], Any]] = {
    dict: lambda value: dict(dict.items(value)),
    list: lambda value: list.__getitem__(value, slice(None)),
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    set: lambda value: set(set.__iter__(value)),
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
}


class Walker:
    """Feeds a value and what it is made of to a hash.

    Parameters
    ----------
    namespace : mapping of str to object
        The notebook's names.
    content : bool
        False: only :attr:`reach` is wanted, and what plain content there is need not be looked at.

    Attributes
    ----------
    content, exact, sampled : bool
    portable : bool
        Every process finds the same digest for the same content.
    reach : set of int
    columns : dict of int to list of str
        Digests of the columns of tables that were met, by the table's identity.
    states : list of bytes
        States of random generators that were met.
    entropy : list of int
    """

    def __init__(self, namespace: Mapping[str, Any], content: bool = True) -> None:
        self.namespace = namespace
        self.content = content
        self.exact = True
        self.sampled = False
        self.portable = True
        self.reach: set[int] = set()
        self.columns: dict[int, list[str]] = {}
        self.states: list[bytes] = []
        self.entropy: list[int] = []
        self._hash = hashlib.blake2b(digest_size=16)
        self._seen: dict[int, int] = {}
        # What was made on the way must not leave its identity to something else before the end.
        self._alive: list[Any] = []
        self._nodes = 0
        self._depth = 0

    def hexdigest(self) -> str:
        """Return the digest of all that was fed."""
        return self._hash.hexdigest()

    def part(self, value: Any) -> str:
        """Return the digest of a value by itself; nothing of what it reaches counts."""
        if not self.content:
            return ""
        walker = Walker(self.namespace)
        walker.feed(value)
        self.portable = self.portable and walker.portable
        if not walker.exact:
            self.exact, self.sampled = False, self.sampled or walker.sampled
        return walker.hexdigest() + "".join(
            hashlib.blake2b(state, digest_size=8).hexdigest() for state in walker.states
        )

    def text(self, text: str) -> None:
        """Feed a text."""
        if self.content:
            self._hash.update(f"{len(text)}:{text}".encode("utf-8", "surrogatepass"))

    def raw(self, data: bytes | memoryview) -> None:
        """Feed bytes."""
        if self.content:
            self._hash.update(data)

    def close(self, value: Any) -> None:
        """Feed of a value no more than its class, and say so."""
        self.exact = False
        self.text(f"closed {module_name(type(value))}.{class_name(type(value))}")

    def feed(self, value: Any) -> None:
        """Feed a value."""
        cls = type(value)
        if cls in _PLAIN if type(cls) is type else False:
            if self.content:
                self._plain(value, cls)
            return
        self._nodes += 1
        known = self._seen.get(id(value))
        if known is not None:
            self.text(f"seen {known}")
            return
        if self._nodes > _MAX_NODES or self._depth > _MAX_DEPTH:
            self.exact = False
            return
        self._seen[id(value)] = len(self._seen)
        self._alive.append(value)
        self._depth += 1
        try:
            handler = HANDLERS.get(cls) if type(cls) is type else None
            if handler is not None:
                handler(self, value)
            elif not librarydigests.feed(self, value):
                self._object(value, cls)
        finally:
            self._depth -= 1

    def _plain(self, value: Any, cls: type) -> None:
        if (cls is str or cls is bytes) and len(value) > _LONG:
            # Keeps its hash, so that it is gone through once.
            self.portable = False
            self.text(f"{cls.__name__} of {len(value)} {hash(value)}")
        elif cls is str:
            self.text(value)
        elif cls is float:
            self._hash.update(b"f" + float.hex(value).encode())
        elif cls is int and value.bit_length() > 4096:
            self._hash.update(b"i" + value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))
        else:
            self.text(f"{cls.__name__} {value!r}")

    def items(self, values: list[Any] | tuple[Any, ...]) -> None:
        """Feed the items of a sequence; those of one plain kind at once."""
        count = len(values)
        self.text(f"{count} items")
        if count > _MAX_ITEMS:
            self.exact, self.sampled = False, True
            values = [values[index] for index in range(0, count, count // _SAMPLED_ITEMS)]
        kinds: set[Any] | None = set(map(type, values)) if count > 8 else None
        if kinds == {float}:
            self.raw(array("d", values).tobytes())
        elif kinds is not None and kinds == _TEXTS:
            # Texts keep their hashes, so this costs next to nothing from the second time on.
            self.portable = False
            self.text(f"texts {hash(tuple(values))}")
        elif kinds is not None and kinds <= _PLAIN:
            if self.content:
                self.raw(marshal.dumps(list(values), 0))
        else:
            for item in values:
                self.feed(item)

    def pairs(self, pairs: Iterable[tuple[Any, Any]]) -> None:
        """Feed keys and values."""
        for key, item in pairs:
            self.feed(key)
            self.feed(item)

    def unordered(self, values: Iterable[Any]) -> None:
        """Feed what has no order."""
        if not self.content:
            return
        values = list(values)
        kinds: set[Any] = set(map(type, values))
        if kinds == _TEXTS:
            self.portable = False
            self.text(f"{len(values)} texts {hash(frozenset(values))}")
            return
        if kinds == _WHOLE:
            # Minus one and minus two have the same hash.
            self.text(f"{len(values)} numbers {hash(frozenset(values))} {sum(values)}")
            return
        if len(values) > _MAX_ITEMS:
            self.exact, self.sampled = False, True
        found = []
        for item in islice(values, _MAX_ITEMS):
            if is_a(item, *_PLAIN_TYPES):
                found.append(f"{type(item).__name__} {item!r}")
            else:
                found.append(self.part(item))
        self.text("\0".join(sorted(found)))

    def changeable(self, *values: Any) -> None:
        """Keep the identities of what can be changed in place."""
        self.reach.update(map(id, values))

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Feed what was made for the purpose and has no identity of its own."""
        reach = self.reach
        self.reach = set()
        yield
        self.reach = reach

    def state(self, data: bytes) -> None:
        """Keep the state of a random generator apart."""
        self.states.append(data)

    def _object(self, value: Any, cls: type) -> None:
        if is_class(value):
            self._class(value)
            return
        home = module_name(cls).partition(".")[0]
        if home in _CLOSED:
            self.close(value)
            return
        own = is_notebook_class(cls, self.namespace)
        self.text(f"object {module_name(cls)}.{class_name(cls)}")
        if own:
            self._class(cls)
        held = own_attributes(value)
        content = self._content(value, cls)
        if not held and not content and not own and home != "builtins":
            self.exact = False
            return
        self.changeable(value)
        self.pairs(held.items())

    def _content(self, value: Any, cls: type) -> bool:
        """Feed what an object holds beside its attributes: slots, and the items of a built-in container."""
        found = False
        for base in bases(cls):
            slots = members(base).get("__slots__")
            for name in _names_in(slots):
                if type(name) is str and name not in ("__dict__", "__weakref__"):
                    self.text(name)
                    self.feed(attribute(value, name))
                    found = True
            # A class may have a class of its own, whose __hash__ and __eq__ are code.
            content = _CONTENTS.get(base) if type(base) is type else None
            if content is not None:
                self.feed(content(value))
                found = True
        return found

    def _class(self, cls: type) -> None:
        self.text(f"class {module_name(cls)}.{class_name(cls)}")
        if not is_notebook_class(cls, self.namespace) or (id(cls) in self._seen and self._seen[id(cls)] < 0):
            return
        self._seen[id(cls)] = -1
        self.changeable(cls)
        for base in bases(cls)[1:]:
            self._class(base)
        for name, member in list(members(cls).items()):
            if name not in _CLASS_NOISE:
                self.text(name)
                self.feed(member)


def _names_in(slots: Any) -> tuple[Any, ...]:
    if type(slots) is str:
        return (slots,)
    return tuple(slots) if type(slots) in (list, tuple) else ()

"""Digests of the values of libraries: arrays, tables, tensors, random generators, estimators.

A library is looked at only where the user has imported it; nothing here imports one.
"""

from __future__ import annotations

import ctypes
import sys
import zlib
from enum import Enum
from typing import Any

from nbtrack.provenance.feeding import Feed
from nbtrack.provenance.objects import class_name, is_a, module_name

_MAX_BYTES = 16 << 20
_BLOCKS = 256
_BLOCK_BYTES = 1 << 14
# Arrays of so many plain objects are known again by the identities of those; of so many arrays.
_MANY, _MAX_KNOWN, _SAMPLED = 1000, 512, 100
_IMMUTABLE = frozenset({str, int, float, bool, type(None), bytes})
_known_plain: dict[tuple[int, int, int, int] | None, str] = {}
_RUNS, _RUN_ROWS = 16, 1000
# Values of these say all about themselves to pickle, and none of the user's code takes part.
_REDUCIBLE = frozenset("datetime decimal fractions pathlib uuid zoneinfo re numpy pandas".split())
# Entropy of the operating system has 128 bits; what people type has less.
_ENTROPY_BITS = 96


def feed(walker: Feed, value: Any) -> bool:
    """Feed a value of a library to a digest.

    Parameters
    ----------
    walker : Feed
    value : object

    Returns
    -------
    bool
        False where it is none that is known here.
    """
    cls = type(value)
    home = module_name(cls).partition(".")[0]
    known = _FEEDERS.get(home)
    if known is not None and home in sys.modules and known(walker, value, sys.modules[home]):
        return True
    if issubclass(cls, Enum):
        walker.text(f"{class_name(cls)}.{object.__getattribute__(value, '_name_')}")
        return True
    if home == "random" and class_name(cls) in ("Random", "SystemRandom"):
        if class_name(cls) == "Random":
            walker.changeable(value)
            walker.text("Random")
            walker.state(repr(value.getstate()).encode())
        else:
            walker.close(value)
        return True
    if home == "scipy" or home == "sklearn":
        # Compiled parts only; what has attributes is walked like any object.
        return type(getattr(value, "__dict__", None)) is not dict and _reduced(walker, value)
    return home in _REDUCIBLE and _reduced(walker, value)


def _reduced(walker: Feed, value: Any) -> bool:
    """Feed what an object of a trusted library gives to pickle."""
    try:
        reduced = value.__reduce_ex__(2)
    except Exception:  # noqa: BLE001 - a library may raise what it likes for what it does not pickle
        return False
    walker.changeable(value)
    walker.text(class_name(type(value)))
    if module_name(type(value)).startswith("sklearn"):
        # The nodes of a tree have gaps, in which any bytes may stand.
        walker.portable = False
    if type(reduced) is str:
        walker.text(reduced)
    else:
        with walker.passing():
            walker.items([part for part in reduced[1:3] if part is not None])
    return True


def columns(walker: Feed, value: Any, limit: int) -> dict[str, str]:
    """Return the digests of the columns of a small enough pandas table, and of the shape of tables and arrays.

    Parameters
    ----------
    walker : Feed
    value : object
    limit : int
        Most columns.

    Returns
    -------
    dict of str to str
    """
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and type(value) is getattr(numpy, "ndarray", None):
        return _shape(value.shape) | {"dtype": str(value.dtype)}
    # Subclasses from elsewhere may have code of their own behind any name.
    home = module_name(type(value)).partition(".")[0]
    if pandas is None or home != "pandas" or not issubclass(type(value), getattr(pandas, "DataFrame", ())):
        return {}
    shape = _shape(value.shape)
    names = value.columns.tolist()
    if len(names) > limit or value.size > _MAX_BYTES // 8:
        return shape
    found = _column_digests(walker, value, numpy)
    return shape | {name: found[place] for place, name in enumerate(names) if type(name) is str}


def _shape(shape: tuple[int, ...]) -> dict[str, str]:
    return {"shape": repr(shape), "ndim": str(len(shape)), "size": repr(shape)}


# --- NumPy --------------------------------------------------------------------------------------------------------


def _numpy(walker: Feed, value: Any, numpy: Any) -> bool:
    cls = type(value)
    if issubclass(cls, numpy.ndarray):
        _array(walker, value, numpy)
        return True
    if issubclass(cls, numpy.generic):
        walker.text(f"{cls.__name__} {value.dtype.str}")
        walker.raw(value.tobytes())
        return True
    if cls is numpy.dtype or issubclass(cls, numpy.dtype):
        walker.text(f"dtype {value}")
        return True
    if cls is numpy.ufunc:
        walker.text(f"ufunc {value.__name__}")
        return True
    random = sys.modules.get("numpy.random")
    if random is None:
        return False
    if cls is random.Generator:
        bits = value.bit_generator
    elif cls is random.RandomState:
        bits = value._bit_generator  # noqa: SLF001 - there is no public way to it
    elif issubclass(cls, random.BitGenerator):
        bits = value
    else:
        return False
    walker.text(f"{cls.__name__} {type(bits).__name__}")
    walker.changeable(value, bits)
    walker.state(_plain_state(bits.state))
    seeds = getattr(bits, "seed_seq", None)
    entropy = getattr(seeds, "entropy", None)
    if type(entropy) is int and entropy.bit_length() > _ENTROPY_BITS:
        walker.entropy.append(entropy)
    return True


def _plain_state(state: Any) -> bytes:
    if type(state) is dict:
        return b"".join(key.encode() + _plain_state(item) for key, item in state.items())
    return state.tobytes() if hasattr(state, "tobytes") else repr(state).encode()


def _array(walker: Feed, value: Any, numpy: Any) -> None:
    owner = value
    while type(owner.base) is numpy.ndarray:
        owner = owner.base
    walker.changeable(owner)
    walker.text(
        f"{class_name(type(value))} {value.shape} {value.dtype.descr if value.dtype.names else value.dtype.str}"
    )
    if value.dtype.hasobject:
        _objects(walker, value, numpy)
    elif not walker.content:
        pass
    elif value.nbytes <= _MAX_BYTES:
        _bytes(walker, memoryview(numpy.ascontiguousarray(value).reshape(-1).view(numpy.uint8)))
    else:
        _sample(walker, value, numpy)
    mask = getattr(value, "_mask", None)
    if type(mask) is numpy.ndarray:
        walker.feed(mask)


def _objects(walker: Feed, value: Any, numpy: Any) -> None:
    """Feed an array of objects; one of the same plain objects as before need not be looked at again."""
    if value.size > _MAX_BYTES // 64:
        walker.items(_few(walker, value))
        return
    known = None
    if value.size >= _MANY and value.dtype == numpy.dtype(object) and value.flags.c_contiguous:
        sample = value.reshape(-1)[:: value.size // _SAMPLED].tolist()
        if _IMMUTABLE.issuperset(map(type, sample)):
            pointers = (ctypes.c_char * value.nbytes).from_address(value.__array_interface__["data"][0])
            # The sample, for memory that was given back and is taken again by as many other objects.
            known = (value.nbytes, zlib.crc32(pointers), zlib.adler32(pointers), hash(tuple(sample)))
        if known in _known_plain:
            walker.portable = False
            walker.text(_known_plain[known])
            return
    items = value.ravel().tolist()
    if known is None or not _IMMUTABLE.issuperset(map(type, items)):
        walker.items(items)
        return
    if not walker.content:
        return
    # The same objects, which nobody can change: only the identities are kept, and nothing alive.
    content = walker.part(items)
    if len(_known_plain) >= _MAX_KNOWN:
        _known_plain.clear()
    _known_plain[known] = content
    walker.text(content)


def _few(walker: Feed, value: Any) -> list[Any]:
    walker.exact, walker.sampled = False, True
    return list(value.ravel()[:: value.size // 2_000].tolist())


def _sample(walker: Feed, value: Any, numpy: Any) -> None:
    walker.exact, walker.sampled = False, True
    if not value.flags.c_contiguous:
        step = max(value.shape[0] // 4096, 1)
        _bytes(walker, memoryview(numpy.ascontiguousarray(value[::step]).reshape(-1).view(numpy.uint8))[:_MAX_BYTES])
        return
    data = memoryview(value.reshape(-1).view(numpy.uint8))
    for start in range(0, len(data), max(len(data) // _BLOCKS, 1)):
        _bytes(walker, data[start : start + _BLOCK_BYTES])


def _bytes(walker: Feed, data: memoryview) -> None:
    # Four times as fast as a cryptographic hash, and nobody is out to deceive.
    walker.text(f"{len(data)} {zlib.crc32(data)} {zlib.adler32(data[:65536])}")


# --- pandas -------------------------------------------------------------------------------------------------------


def _pandas(walker: Feed, value: Any, pandas: Any) -> bool:
    cls = type(value)
    if issubclass(cls, pandas.DataFrame):
        walker.changeable(value)
        walker.text(f"{class_name(cls)} {value.shape}")
        _index(walker, value.columns)
        _index(walker, value.index)
        for digest in _column_digests(walker, value, sys.modules["numpy"]):
            walker.text(digest)
        return True
    if issubclass(cls, pandas.Series):
        walker.changeable(value)
        walker.text(f"{class_name(cls)} {value.name!r}" if is_a(value.name, str, int) else class_name(cls))
        _index(walker, value.index)
        walker.feed(value.array)
        return True
    if cls is pandas.RangeIndex:
        walker.text(f"RangeIndex {value.start} {value.stop} {value.step}")
        return True
    if cls is pandas.MultiIndex:
        with walker.passing():
            walker.items([*value.levels, *value.codes, *map(str, value.names)])
        return True
    if issubclass(cls, pandas.Index):
        walker.text(f"{class_name(cls)} {value.name!r}" if is_a(value.name, str, int) else class_name(cls))
        with walker.passing():
            walker.feed(value.array)
        return True
    if issubclass(cls, pandas.api.extensions.ExtensionArray):
        return _extension_array(walker, value)
    return False


def _index(walker: Feed, value: Any) -> None:
    """Feed an index; nobody can change one in place, so tables that share one are no aliases."""
    with walker.passing():
        walker.feed(value)


def _column_digests(walker: Feed, value: Any, numpy: Any) -> list[str]:
    """Return the digest of each column; how columns are put together in blocks says nothing of the content."""
    if id(value) in walker.columns:
        return walker.columns[id(value)]
    found = walker.columns[id(value)] = [""] * value.shape[1]
    rows = value.shape[0]
    # Of a large table evenly spread runs of rows, and always the same ones.
    large = rows * value.shape[1] * 8 > _MAX_BYTES
    if large:
        walker.exact, walker.sampled = False, True
    for block in value._mgr.blocks:  # noqa: SLF001 - the public ways copy or make a Series of each column
        held = block.values
        if type(held) is numpy.ndarray:
            owner = held
            while type(owner.base) is numpy.ndarray:
                owner = owner.base
            walker.changeable(owner)
        if not walker.content:
            continue
        if large:
            held = _runs(held, rows, numpy)
        for row, place in enumerate(block.mgr_locs.as_array.tolist()):
            column = held[row] if held.ndim == 2 else held
            if type(column) is numpy.ndarray and not column.dtype.hasobject:
                data = numpy.ascontiguousarray(column).view(numpy.uint8).data
                found[place] = f"{column.dtype.str} {rows} {zlib.crc32(data)}"
            else:
                found[place] = walker.part(column)
    return found


def _runs(held: Any, rows: int, numpy: Any) -> Any:
    """Return evenly spread runs of the rows of a block."""
    if type(held) is not numpy.ndarray:
        return held[:: max(rows // (_RUNS * _RUN_ROWS), 1)]
    starts = range(0, rows, max(rows // _RUNS, _RUN_ROWS))
    return numpy.concatenate([held[..., start : start + _RUN_ROWS] for start in starts], axis=-1)


def _extension_array(walker: Feed, value: Any) -> bool:
    walker.text(f"{class_name(type(value))} {value.dtype} {len(value)}")
    inner = [found for name in ("_ndarray", "_data", "_mask", "_codes") if (found := _inner(value, name)) is not None]
    arrow = _inner(value, "_pa_array")
    if arrow is not None:
        for chunk in arrow.chunks:
            walker.text(f"{chunk.offset} {len(chunk)}")
            for buffer in chunk.buffers():
                if buffer is not None:
                    view = memoryview(buffer)
                    walker.exact = walker.exact and len(view) <= _MAX_BYTES
                    _bytes(walker, view[:_MAX_BYTES])
        return True
    if not inner:
        walker.close(value)
        return True
    walker.items(inner)
    if class_name(type(value)) == "Categorical":
        walker.feed(value.categories)
    return True


def _inner(value: Any, name: str) -> Any:
    try:
        return object.__getattribute__(value, name)
    except AttributeError:
        return None


# --- PyTorch ------------------------------------------------------------------------------------------------------


def _torch(walker: Feed, value: Any, torch: Any) -> bool:
    cls = type(value)
    if issubclass(cls, torch.Tensor):
        walker.text(f"{class_name(cls)} {tuple(value.shape)} {value.dtype}")
        walker.changeable(value)
        try:
            content = value.detach().numpy()
        except (TypeError, RuntimeError):
            # On another device, sparse, or of a type that NumPy does not have: its own count of changes is known.
            walker.exact = False
            walker.text(f"version {value._version}")  # noqa: SLF001 - there is no public way to it
            return True
        walker.feed(content)
        return True
    if cls is torch.Generator:
        walker.text("torch.Generator")
        walker.changeable(value)
        walker.state(value.get_state().numpy().tobytes())
        return True
    if cls in (torch.dtype, torch.device, torch.Size):
        walker.text(str(value))
        return True
    return False


_FEEDERS = {"numpy": _numpy, "pandas": _pandas, "torch": _torch}

"""Recognising single values by their exact type: numbers, text, paths, enumerations, dates, NumPy scalars, tensors.

None of the user's code is run: an object of a class that is not known here is nothing, whatever it can do.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from types import NoneType
from typing import Any

from nbtrack.provenance.objects import bases, class_name, is_a, members, module_name, own_attributes
from nbtrack.records import Param

_PATHS = (PurePath, PurePosixPath, PureWindowsPath, PosixPath, WindowsPath)
_TENSOR_LIBRARIES = frozenset({"torch", "tensorflow", "jax", "jaxlib", "cupy", "mlx"})
# Values of these time zones are told without the user's code.
_ZONE_MODULES = frozenset({"datetime", "zoneinfo", "pytz", "dateutil", "builtins"})


def number_of(value: Any) -> float | None:
    """Return a real number as a float, None for anything else.

    Parameters
    ----------
    value : object
        Python and NumPy numbers, 0-d arrays and tensors, decimals and fractions are numbers; booleans and text are
        not, nor is an int beyond the range of floats.

    Returns
    -------
    float or None

    Examples
    --------
    >>> number_of(3), number_of(True), number_of("3")
    (3.0, None, None)
    """
    cls = type(value)
    if cls is float:
        return value  # type: ignore[no-any-return]
    if cls is bool or cls is str:
        return None
    if cls is int or cls is Decimal or cls is Fraction:
        try:
            return float(value)
        except (OverflowError, ValueError):
            # Beyond a float's range, or a signalling NaN.
            return None
    if issubclass(cls, enum.Enum):
        return None
    if issubclass(cls, float):
        return float.__float__(value)
    if _is_numpy(cls):
        return _from_numpy(value, cls)
    if issubclass(cls, int):
        return number_of(int.__int__(value))
    return number_in_tensor(value) if module_name(cls).partition(".")[0] in _TENSOR_LIBRARIES else None


def number_in_tensor(value: Any, *, one_element: bool = False) -> float | None:
    """Return the number in a 0-d tensor or array of a known library, None for anything else.

    Parameters
    ----------
    value : object
    one_element : bool
        Accept any shape that holds a single number.

    Returns
    -------
    float or None
    """
    cls = type(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and cls is getattr(numpy, "ndarray", None):
        return number_of(value.item()) if value.ndim == 0 or (one_element and value.size == 1) else None
    if not is_its_modules_own(cls) or not (_has(cls, "shape") and _has(cls, "dtype")):
        return None
    try:
        shape = tuple(int(length) for length in value.shape)
        if shape and not (one_element and math.prod(shape) == 1):
            return None
        found = value.item() if _has(cls, "item") else value.numpy().item()
    except Exception:  # noqa: BLE001 - what is not at hand (a tracer, a meta tensor) raises what its library likes
        return None
    return number_of(found) if is_a(found, int, float) else None


def text_of(value: Any) -> Param | None:
    """Return a simple value as a param, None for anything else.

    Parameters
    ----------
    value : object
        Text, numbers, booleans, None, paths, enumeration members, dates and times, NumPy scalars.

    Returns
    -------
    Param or None
        None also for what cannot be written: an int of thousands of digits, text that is not Unicode.

    Examples
    --------
    >>> text_of(0.1), text_of([1])
    (Param(text='0.1', type='float'), None)
    """
    cls = type(value)
    # By the class's id: a metaclass may have a __hash__ of its own.
    writer = _WRITERS.get(id(cls))
    if writer is not None:
        return writer(value)
    if issubclass(cls, enum.Enum):
        return _enum_text(value, cls)
    if _is_numpy(cls):
        return _numpy_text(value, cls)
    if issubclass(cls, dt.datetime) and class_name(cls) == "Timestamp" and module_name(cls).startswith("pandas"):
        return _time_text(value)
    # The user's own subclass of a built-in: its storage is that of the built-in.
    if issubclass(cls, float):
        return _float_text(float.__float__(value))
    if issubclass(cls, int):
        return _int_text(int.__int__(value))
    return _str_text(str.__str__(value)) if issubclass(cls, str) else None


def is_unicode(text: str) -> bool:
    """Tell whether a text can be stored: one with lone surrogates cannot."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _str_text(value: str) -> Param | None:
    return Param(value, "str") if is_unicode(value) else None


def _int_text(value: int) -> Param | None:
    try:
        return Param(str(value), "int")
    except ValueError:
        # Python refuses to write out more than some thousand digits.
        return None


def _float_text(value: float) -> Param:
    return Param(repr(value), "float")


def _decimal_text(value: Decimal) -> Param:
    # A signalling NaN is no float: it stays what it looks like.
    return Param(str(value), "str" if value.is_snan() else "float")


def _time_text(value: dt.datetime | dt.time) -> Param | None:
    zone = type(value.tzinfo)
    if zone is not NoneType and module_name(zone).partition(".")[0] not in _ZONE_MODULES:
        return None
    iso = dt.datetime.isoformat if isinstance(value, dt.datetime) else dt.time.isoformat
    return Param(iso(value), "str")  # type: ignore[arg-type]


def _enum_text(value: Any, cls: type) -> Param | None:
    """Write a member as its value where that is text, chosen to be read, else as ``Color.RED``."""
    held = own_attributes(value)
    text, name = held.get("_value_"), held.get("_name_")
    if type(text) is str:
        return _str_text(text)
    return Param(f"{class_name(cls)}.{name}", "str") if type(name) is str else None


_WRITERS_BY_CLASS: Mapping[type, Callable[[Any], Param | None]] = {
    str: _str_text,
    int: _int_text,
    float: _float_text,
    bool: lambda value: Param(str(value), "bool"),
    NoneType: lambda _: Param("None", "none"),
    Decimal: _decimal_text,
    Fraction: lambda value: Param(str(value), "str"),
    dt.date: lambda value: Param(value.isoformat(), "str"),
    dt.datetime: _time_text,
    dt.time: _time_text,
    dt.timedelta: lambda value: Param(str(value), "str"),
    **dict.fromkeys(_PATHS, lambda value: _str_text(str(value))),
}
_WRITERS = {id(cls): writer for cls, writer in _WRITERS_BY_CLASS.items()}


def _is_numpy(cls: type) -> bool:
    numpy = sys.modules.get("numpy")
    generic = getattr(numpy, "generic", None)
    if generic is None:
        return False
    return issubclass(cls, generic) or cls is getattr(numpy, "ndarray", None)


def _from_numpy(value: Any, cls: type) -> float | None:
    import numpy as np

    if cls is np.ndarray:
        return number_in_tensor(value)
    if issubclass(cls, np.timedelta64) or not issubclass(cls, np.integer | np.floating):
        return None
    # An extended float has no Python type of its own: its item() is itself.
    return float(value) if cls is np.longdouble else number_of(np.generic.item(value))


def _numpy_text(value: Any, cls: type) -> Param | None:
    import numpy as np

    if cls is np.ndarray:
        return None
    if issubclass(cls, np.datetime64 | np.timedelta64):
        return Param(str(value), "str") if is_its_modules_own(cls) else None
    if issubclass(cls, np.floating) and is_its_modules_own(cls):
        # As short as its own precision asks for: 0.1, not 0.10000000149011612.
        return Param(str(value), "float")
    found = np.generic.item(value)
    return text_of(found) if is_a(found, bool, int, float, str) else None


def is_its_modules_own(cls: type) -> bool:
    """Tell whether a class is what its module has under its name: nobody's own class that claims to be from there."""
    found = getattr(sys.modules.get(module_name(cls)), "__dict__", {}).get(class_name(cls))
    return found is cls


def _has(cls: type, name: str) -> bool:
    return any(name in members(base) for base in bases(cls))

"""What a param, a metric and their names may be: checks for what is logged by word, recognition for what is found."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import NoneType
from typing import Any

from nbtrack.capture.containers import param_of
from nbtrack.capture.parts import take_apart
from nbtrack.capture.scalars import is_unicode, number_in_tensor, number_of, text_of
from nbtrack.capture.secrets import looks_secret
from nbtrack.errors import InputError, MetricError, ParamError
from nbtrack.provenance.objects import class_name, is_a, module_name
from nbtrack.records import Param

MAX_KEY_CHARS = 500
MAX_PARAM_CHARS = 100_000
_KEY_ERRORS: dict[str, type[InputError]] = {"param": ParamError, "metric": MetricError, "tag": InputError}
# Control characters, unpaired surrogates, line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

__all__ = [
    "as_metric",
    "as_param",
    "check_key",
    "is_simple",
    "looks_secret",
    "metric_value",
    "numbers_in",
    "param_of",
    "param_value",
    "step_value",
    "tag_value",
]


def check_key(kind: str, key: Any) -> str:
    """Return a param's, metric's or tag's name, or say why it is none.

    Parameters
    ----------
    kind : str
        ``param``, ``metric`` or ``tag``.
    key : str

    Returns
    -------
    str

    Raises
    ------
    ParamError, MetricError, InputError
        By kind: it is no text of 1 to 500 characters without line breaks and other control characters.

    Examples
    --------
    >>> check_key("param", "C")
    'C'
    """
    if is_key(key):
        return str.__str__(key)
    shown = repr(key) if is_a(key, str, int, float, bool, NoneType) else f"a {class_name(type(key))}"
    raise _KEY_ERRORS[kind](
        f"{kind} name {shown:.80} is not accepted: a name is text of 1 to {MAX_KEY_CHARS} characters without line "
        "breaks, as 'learning_rate'."
    )


def is_key(key: Any) -> bool:
    """Tell whether a value can name a param, a metric or a tag."""
    if not issubclass(type(key), str):
        return False
    text = str.__str__(key)
    if not 0 < len(text) <= MAX_KEY_CHARS or text.isspace():
        return False
    return text.isprintable() or not any(unicodedata.category(char) in _REFUSED_CATEGORIES for char in text)


# --- metrics ------------------------------------------------------------------------------------------------------


def as_metric(value: Any) -> float | None:
    """Return a real number as a float; None for anything else, booleans and text included.

    Parameters
    ----------
    value : object
        Python and NumPy numbers, 0-d arrays and tensors, decimals and fractions are numbers.

    Returns
    -------
    float or None
        None also for an int beyond the range of floats.

    Examples
    --------
    >>> as_metric(3), as_metric(True), as_metric("3")
    (3.0, None, None)
    """
    return value if type(value) is float else number_of(value)


def metric_value(key: str, value: Any) -> float:
    """Return a metric's value that was logged by word, or say why it is none.

    Parameters
    ----------
    key : str
    value : object
        As for :func:`as_metric`; also an array or tensor of one element, and any object that gives a float.

    Returns
    -------
    float

    Raises
    ------
    MetricError
        It is not one real number.

    Examples
    --------
    >>> metric_value("loss", 1)
    1.0
    """
    if type(value) is float:
        return value
    number = number_of(value)
    if number is None:
        number = number_in_tensor(value, one_element=True)
    if number is None and type(value) is not int and _gives_float(value):
        try:
            number = float(value)
        except Exception as error:  # the user's __float__ may raise anything
            raise MetricError(
                f"the value of metric {key!r}, a {class_name(type(value))}, cannot be made a float: "
                f"{type(error).__name__}. Log a number that it holds."
            ) from error
    if number is not None:
        return number
    shown = repr(value)[:80] if is_a(value, str, bool, complex, NoneType) else f"a {class_name(type(value))}"
    if type(value) is int:
        shown, why = "an int", "is beyond the range of a float. Log it as a param, or its logarithm"
    elif type(value) is bool:
        why = "is no number. Log int(value) to count true as 1"
    else:
        why = "is no real number; accepted: int, float, a NumPy scalar, a 0-d array or tensor. Try float(value)"
    raise MetricError(f"the value of metric {key!r}, {shown}, {why}.")


def _gives_float(value: Any) -> bool:
    cls = type(value)
    # NumPy's and pandas' numbers are known by now; their complex numbers and one-item tables only warn.
    known = module_name(cls).partition(".")[0] in ("numpy", "pandas")
    return hasattr(cls, "__float__") and not known and not issubclass(cls, str | bool | complex)


def step_value(step: Any) -> int:
    """Return a metric's step as an int, or say why it is none.

    Parameters
    ----------
    step : object
        A whole number, also of NumPy or as a float.

    Returns
    -------
    int

    Raises
    ------
    MetricError
        It is no whole number of 64 bits.

    Examples
    --------
    >>> step_value(3.0)
    3
    """
    whole = step if type(step) is int else None
    if whole is None:
        number = number_of(step)
        whole = int(number) if number is not None and number.is_integer() else None
    if whole is None or not -(2**63) <= whole < 2**63:
        shown = repr(step)[:80] if is_a(step, str, float, NoneType) else f"a {class_name(type(step))}"
        raise MetricError(f"step {shown} is not accepted: a step is a whole number of at most 64 bits, as step=3.")
    return whole


def numbers_in(mapping: Mapping[Any, Any], limit: int = 100) -> dict[str, float]:
    """Return the numbers in a mapping, those of nested mappings and records under dotted names.

    Parameters
    ----------
    mapping : mapping of str to object
    limit : int
        Where there are more leaves than this, it is data and gives nothing.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> numbers_in({"loss": 1, "by_class": {"a": 0.5}, "name": "x"})
    {'loss': 1.0, 'by_class.a': 0.5}
    """
    parts = take_apart(mapping, limit)
    if parts is None or not parts.complete:
        return {}
    numbers = ((name, number_of(leaf)) for name, leaf in parts.leaves)
    return {name: number for name, number in numbers if number is not None and is_key(name)}


# --- params -------------------------------------------------------------------------------------------------------


def is_simple(value: Any) -> bool:
    """Tell whether a value is a single number, text, boolean, None, path, enumeration member or date."""
    return text_of(value) is not None


def as_param(value: Any) -> Param:
    """Return a value as a param.

    Parameters
    ----------
    value : object
        As for :func:`param_of`.

    Returns
    -------
    Param

    Raises
    ------
    ParamError
        It is nothing of this kind.

    Examples
    --------
    >>> as_param(0.1)
    Param(text='0.1', type='float')
    """
    found = value if type(value) is Param else param_of(value)
    if found is None:
        raise ParamError(
            f"a {class_name(type(value))} is no simple value; accepted: text, a number, a bool, None, a path, an enum "
            "member, a date, and lists and dicts of such. Log str(value), or a name for it."
        )
    return found


def param_value(key: str, value: Any) -> Param:
    """Return a param's value that was logged by word; what is no simple value is stored as its ``str()``.

    Parameters
    ----------
    key : str
    value : object
        A :class:`~nbtrack.records.Param` is taken as it is.

    Returns
    -------
    Param

    Raises
    ------
    ParamError
        It has no text, or one too long to be a param.

    Examples
    --------
    >>> param_value("cores", {4})
    Param(text='[4]', type='json')
    """
    if type(value) is Param:
        return value
    found = param_of(value)
    if found is None:
        found = Param(_text(key, value, ParamError), "str")
    if len(found.text) > MAX_PARAM_CHARS:
        raise ParamError(
            f"the value of param {key!r} has {len(found.text):,} characters; accepted: {MAX_PARAM_CHARS:,}. Keep it "
            f"as a file: nbtrack.log_text(text, {key + '.txt'!r})."
        )
    return found


def tag_value(key: str, value: Any) -> str:
    """Return a tag's value as text.

    Parameters
    ----------
    key : str
    value : object

    Returns
    -------
    str

    Raises
    ------
    InputError
        It has no text.

    Examples
    --------
    >>> tag_value("stage", 1)
    '1'
    """
    return _text(key, value, InputError)


def _text(key: str, value: Any, error_class: type[InputError]) -> str:
    try:
        text = str.__str__(str(value))
    except Exception as error:  # the user's __str__ may raise anything
        raise error_class(
            f"the value of {key!r}, a {class_name(type(value))}, has no text: its str() raises "
            f"{type(error).__name__}. Log a name or a number for it."
        ) from error
    if not is_unicode(text):
        raise error_class(
            f"the value of {key!r} holds unpaired surrogates, which are no text. Log "
            "value.encode('utf-8', 'backslashreplace').decode()."
        )
    return text

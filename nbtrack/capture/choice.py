"""What ``--params``, ``--metrics`` and ``--ignore`` ask for, against what a cell gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from nbtrack.capture.containers import param_of
from nbtrack.capture.parts import take_apart
from nbtrack.capture.scalars import number_of
from nbtrack.capture.secrets import json_looks_secret, looks_secret
from nbtrack.capture.values import is_key, param_value
from nbtrack.errors import InputError
from nbtrack.provenance.fields import part
from nbtrack.provenance.objects import MISSING, class_name
from nbtrack.provenance.paths import Item
from nbtrack.records import Param

V = TypeVar("V")

# Asked for by name, a mapping may be as large as a run takes.
_MAX_LEAVES = 10_000


def matches(key: str, names: Sequence[str]) -> bool:
    """Tell whether a key is one of the names, or a part of one.

    Parameters
    ----------
    key : str
    names : sequence of str

    Returns
    -------
    bool

    Examples
    --------
    >>> matches("cfg.lr", ["cfg"]), matches("cfgs", ["cfg"])
    (True, False)
    """
    return any(key == name or key.startswith(f"{name}.") for name in names)


def without(found: Mapping[str, V], names: Sequence[str]) -> dict[str, V]:
    """Return what is left when names and their parts are dropped."""
    return {key: value for key, value in found.items() if not matches(key, names)} if names else dict(found)


def find(name: str, namespace: Mapping[str, Any]) -> Any:
    """Return what a dotted name of an option stands for.

    Parameters
    ----------
    name : str
        As ``cfg.lr``: attributes and items alike.
    namespace : mapping of str to object

    Returns
    -------
    object
        ``MISSING`` where there is no such thing.
    """
    first, *steps = name.split(".")
    value = namespace.get(first, MISSING)
    for step in steps:
        found = part(value, Item(step), namespace)
        if found is MISSING:
            found = part(value, step, namespace)
        if found is MISSING:
            try:
                # Asked for by word, an attribute of a library's object is fetched: --metrics search.best_score_
                found = getattr(value, step)
            except Exception:  # noqa: BLE001 - whatever a property raises, the value is not to be had
                return MISSING
        value = found
    return value


def asked_params(name: str, value: Any, namespace: Mapping[str, Any]) -> tuple[dict[str, Param], str | None]:
    """Return the params that ``--params NAME`` gives, and a sentence about what cannot be had.

    Parameters
    ----------
    name : str
    value : object
        What the name stands for, or ``MISSING``.
    namespace : mapping of str to object

    Returns
    -------
    (dict of str to Param, str or None)
    """
    if value is MISSING:
        return {}, f"--params {name}: the cell left no such name."
    parts = take_apart(value, _MAX_LEAVES, namespace)
    if parts is None:
        leaves: list[tuple[str, Any]] = [(name, value)]
    else:
        simple = [(f"{name}.{key}", leaf) for key, leaf in parts.leaves]
        leaves = [(key, leaf) for key, leaf in simple if param_of(leaf) is not None] if parts.complete else []
    found: dict[str, Param] = {}
    for key, leaf in leaves:
        if not is_key(key):
            continue
        try:
            param = param_value(key, leaf)
        except InputError as error:
            return found, f"--params {name}: {error}"
        if looks_secret(key, leaf) or json_looks_secret(param.text):
            return found, f"--params {name}: {key} looks like a credential, and those are never stored."
        found[key] = param
    return found, None if found else f"--params {name}: a {class_name(type(value))} without simple values."


def asked_metrics(name: str, value: Any) -> tuple[dict[str, float], str | None]:
    """Return the metrics that ``--metrics NAME`` gives, and a sentence about what cannot be had.

    Parameters
    ----------
    name : str
    value : object
        What the name stands for, or ``MISSING``.

    Returns
    -------
    (dict of str to float, str or None)
    """
    if value is MISSING:
        return {}, f"--metrics {name}: the cell left no such name."
    number = number_of(value)
    if number is not None:
        return {name: number}, None
    parts = take_apart(value, _MAX_LEAVES)
    leaves = parts.leaves if parts is not None and parts.complete else ()
    numbers = {f"{name}.{key}": number_of(leaf) for key, leaf in leaves}
    found = {key: number for key, number in numbers.items() if number is not None and is_key(key)}
    if found:
        return found, None
    hint = " Log int(value) for it." if type(value) is bool else ""
    return {}, f"--metrics {name}: a {class_name(type(value))} is no number and holds none.{hint}"

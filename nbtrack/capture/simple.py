"""Which values are taken as params unasked: simple ones, and small containers of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbtrack.capture.containers import param_of
from nbtrack.capture.parts import take_apart
from nbtrack.capture.scalars import text_of
from nbtrack.capture.secrets import json_looks_secret, looks_secret
from nbtrack.capture.values import is_key
from nbtrack.provenance.objects import is_a
from nbtrack.records import Param

_MAX_LEAVES = 50
_MAX_ITEMS = 16
# A longer text is a document kept in a variable.
_MAX_CHARS = 6_000
_SHELL_NAMES = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open", "display"})
_SETTINGS_WORDS = frozenset(
    "cfg conf config configs configuration params parameters hparams hyperparams hyperparameters args kwargs opts "
    "options settings".split()
)


def is_hidden(name: str) -> bool:
    """Tell whether a name is private, or one that IPython binds."""
    return name.startswith("_") or name in _SHELL_NAMES


def sounds_like_settings(name: str) -> bool:
    """Tell whether a name says that a mapping holds settings, not results.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> sounds_like_settings("model_cfg"), sounds_like_settings("scores")
    (True, False)
    """
    return not _SETTINGS_WORDS.isdisjoint(re.split(r"[\W_]+", name.lower()))


def parts_as_params(
    key: str,
    value: Any,
    namespace: Mapping[str, Any],
    found: dict[str, Param],
    *,
    skip: frozenset[str] = frozenset(),
) -> None:
    """Add a simple value under its key, or the parts of a small mapping or record under dotted keys.

    Parameters
    ----------
    key : str
    value : object
    namespace : mapping of str to object
        The notebook's names.
    found : dict of str to Param
        Added to; what is in it already stays.
    skip : frozenset of str
        Keys to leave out.
    """
    parts = take_apart(value, _MAX_LEAVES, namespace)
    if parts is None:
        if key not in skip:
            add_param(key, value, found)
        return
    # With keys that are no text it is a lookup table; with nothing but lists in it, a table of data.
    single = any(text_of(leaf) is not None for _, leaf in parts.leaves)
    if parts.complete and parts.textual and single:
        for name, leaf in parts.leaves:
            if f"{key}.{name}" not in skip and not name.startswith("_"):
                add_param(f"{key}.{name}", leaf, found)


def add_param(key: str, value: Any, found: dict[str, Param], *, literal: bool = False) -> None:
    """Add a simple value, or a small list of such, unless it is a credential or a document.

    Parameters
    ----------
    key : str
    value : object
    found : dict of str to Param
        Added to; what is in it already stays.
    literal : bool
        The value is written out in the cell, and so may be larger.
    """
    # Long texts are not even looked through for credentials: in some that takes a minute.
    if key in found or not is_key(key) or is_document(value) or looks_secret(key, value):
        return
    param = text_of(value)
    if param is None and (_is_literal(value) if literal else _is_short(value)):
        param = param_of(value)
        if param is not None and (len(param.text) > _MAX_CHARS or json_looks_secret(param.text)):
            return
    if param is not None and len(param.text) <= _MAX_CHARS:
        found[key] = param


def is_document(value: Any) -> bool:
    """Tell whether a value is a text too long to be a param."""
    return type(value) is str and len(value) > _MAX_CHARS


def _is_literal(value: Any) -> bool:
    return is_a(value, list, tuple, set, frozenset) and 0 < len(value) <= _MAX_LEAVES


def _is_short(value: Any) -> bool:
    """Tell whether a value is a short list of single values, or of short lists of them; of dicts it is a table."""
    if not is_a(value, list, tuple, set, frozenset) or not 0 < len(value) <= _MAX_ITEMS:
        return False
    inner = [item for item in value if is_a(item, list, tuple)]
    if sum(map(len, inner)) > _MAX_ITEMS:
        return False
    return all(text_of(item) is not None for items in (value, *inner) for item in items if not is_a(item, list, tuple))

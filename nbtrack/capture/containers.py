"""Writing simple values, and lists and dicts of them, as params."""

from __future__ import annotations

import json
from typing import Any

from nbtrack.capture.parts import key_text
from nbtrack.capture.scalars import is_unicode, text_of
from nbtrack.provenance.objects import is_a, mapping_items
from nbtrack.records import Param

_MAX_DEPTH = 20


def param_of(value: Any) -> Param | None:
    """Return a simple value, or a list, tuple, set or dict of such, as a param; None for anything else.

    Parameters
    ----------
    value : object

    Returns
    -------
    Param or None

    Examples
    --------
    >>> param_of((64, 32)), param_of(object())
    (Param(text='[64, 32]', type='json'), None)
    """
    simple = text_of(value)
    if simple is not None:
        return simple
    try:
        plain = _plain(value, 0)
        text = json.dumps(plain, ensure_ascii=False)
    except (_NotPlainError, ValueError):
        return None
    return Param(text, "json") if is_unicode(text) else None


class _NotPlainError(Exception):
    """A value cannot be written as JSON without running its code."""


def _plain(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise _NotPlainError
    if is_a(value, list, tuple):
        return [_plain(item, depth + 1) for item in value]
    if is_a(value, set, frozenset):
        # Sets have no order of their own: equal sets must have equal texts.
        return sorted((_plain(item, depth + 1) for item in value), key=lambda item: (str(type(item)), str(item)))
    items = mapping_items(value)
    if items is not None:
        return {_json_key(key): _plain(item, depth + 1) for key, item in items}
    found = text_of(value)
    if found is None:
        raise _NotPlainError
    return found.value


def _json_key(key: Any) -> str:
    text = key_text(key)
    if text is None:
        raise _NotPlainError
    return text

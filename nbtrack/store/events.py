"""Events as lines of a journal: eight hex digits of a CRC-32, a space, JSON and a newline.

The JSON is ASCII, so that a lone surrogate or a control character in a text cannot break a line.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any

from nbtrack.errors import InputError

_START = re.compile(rb"[0-9a-f]{8} \{")
_CHECK_BYTES = 8


def encode(event: Mapping[str, Any]) -> bytes:
    """Return an event as a line.

    Parameters
    ----------
    event : mapping
        Strings, numbers, booleans, None, and lists and mappings of them; anything else goes in as its ``str()``,
        and so do NaN and infinities, which JSON has not.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        A mapping inside has keys that are no strings or numbers, or it holds itself.

    Examples
    --------
    >>> parse_line(encode({"t": "note", "text": "é"}))
    {'t': 'note', 'text': 'é'}
    """
    try:
        try:
            text = json.dumps(event, separators=(",", ":"), default=str, allow_nan=False)
        except ValueError:
            text = json.dumps(_without_nan(event), separators=(",", ":"), default=str, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"this {event.get('t')} cannot be stored: {error}. Accepted: strings, numbers, booleans, None, and lists "
            "and mappings of them. Pass str(value) for anything else."
        ) from error
    body = text.encode("ascii")
    return b"%08x %b\n" % (zlib.crc32(body), body)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """Return the event of a line, with or without its newline; None where the line is torn or altered.

    Parameters
    ----------
    line : bytes

    Returns
    -------
    dict or None
    """
    body = line[_CHECK_BYTES + 1 :].removesuffix(b"\n")
    try:
        if line[_CHECK_BYTES : _CHECK_BYTES + 1] != b" " or int(line[:_CHECK_BYTES], 16) != zlib.crc32(body):
            return None
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    # Half a character (a lone surrogate) is text to Python and JSON, but not to a database: it becomes its code.
    found: dict[str, Any] = _whole_characters(event) if b"\\ud" in body else event
    return found


def decode_lines(content: bytes, *, final: bool) -> tuple[list[dict[str, Any]], list[bytes], int]:
    """Read events from a journal.

    Parameters
    ----------
    content : bytes
        From the start of a line on.
    final : bool
        Nothing more will be written: a last line without its newline is looked at, too.

    Returns
    -------
    (list of dict, list of bytes, int)
        The events, the damaged pieces, and how many bytes this covers.
    """
    events: list[dict[str, Any]] = []
    damaged: list[bytes] = []
    at = 0
    while (end := content.find(b"\n", at)) >= 0:
        _read_piece(content[at : end + 1], events, damaged)
        at = end + 1
    if final and at < len(content):
        _read_piece(content[at:], events, damaged)
        at = len(content)
    return events, damaged, at


def _read_piece(line: bytes, events: list[dict[str, Any]], damaged: list[bytes]) -> None:
    event = parse_line(line)
    if event is not None:
        events.append(event)
        return
    # Where a newline was lost, whole events stand behind one another.
    starts = sorted({0, *(match.start() for match in _START.finditer(line))})
    for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
        piece = line[start:end]
        event = parse_line(piece) or parse_line(piece[:-1])
        if event is not None:
            events.append(event)
        else:
            damaged.append(piece)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_characters(item) for item in value]
    return value

"""Texts, code and JSON: the first lines as they are, escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nbtrack.widgets import html
from nbtrack.widgets.format import count, size
from nbtrack.widgets.html import Html, el
from nbtrack.widgets.previews.content import Content, UnreadableError
from nbtrack.widgets.text import clean, cut, printable, wrap

_LINES, _LETTERS, _AT_ONCE = 60, 160, 12
_MOST_JSON_BYTES = 2_000_000
_PRE = "margin:2px 14px 0 0;font-size:12px;line-height:1.4;overflow-x:auto"
_NARROW, _INDENT, _DEEPEST = 72, 2, 60


def text_html(text: str, content: Content, most_bytes: int) -> tuple[Html, str]:
    """Return the first lines of a text, and how much they leave out.

    Parameters
    ----------
    text : str
        The beginning of the file.
    content : Content
    most_bytes : int
        Of HTML.

    Returns
    -------
    (Html, str)
    """
    if not text.strip():
        raise UnreadableError("The file has nothing but blanks.")
    # Read no further than can be shown: a line may be endless.
    some = text[: _LINES * 2_000]
    lines = some.splitlines()
    is_all = content.is_whole and len(some) == len(text)
    shown = _fitting(lines, most_bytes)
    of = f"{len(lines):,}" if is_all else size(content.size_bytes)
    said = "" if is_all and len(shown) == len(lines) else f"first {count(len(shown), 'line')} of {of}"
    # A fold takes a line too: it must be worth one.
    at_once = len(shown) if len(shown) <= _AT_ONCE + 2 else _AT_ONCE
    rest = shown[at_once:]
    more = html.folded(count(len(rest), "more line"), _pre(rest)) if rest else None
    return html.join([_pre(shown[:at_once]), more]), said


def _fitting(lines: Sequence[str], most_bytes: int) -> list[str]:
    """Return the first lines, printable, each cut to what one reads."""
    shown = [cut(line, _LETTERS) for line in printable("\n".join(lines[:_LINES])).split("\n")]
    while len(shown) > 1 and sum(len(html.verbatim(line)) + 1 for line in shown) > most_bytes:
        shown = shown[: len(shown) // 2]
    return shown


def _pre(lines: Sequence[str]) -> Html:
    return el("pre", html.verbatim("\n".join(lines)), style=_PRE)


# --- JSON -----------------------------------------------------------------------------------------------------------


def read_json(content: Content) -> Any:
    """Return what a JSON file holds.

    Parameters
    ----------
    content : Content

    Returns
    -------
    object

    Raises
    ------
    UnreadableError
        It is too large or no JSON.
    """
    data = content.bytes(_MOST_JSON_BYTES)
    try:
        return json.loads(data)
    except RecursionError:
        raise UnreadableError("The JSON is nested too deeply to be shown.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise UnreadableError(f"The file is no JSON: {cut(clean(str(error)), 120)}.") from None


def json_html(value: Any, most_bytes: int) -> tuple[Html, str]:
    """Return a JSON value on as many lines as it needs, folded where those are many.

    Parameters
    ----------
    value : object
    most_bytes : int
        Of HTML.

    Returns
    -------
    (Html, str)
    """
    lines = json_lines(value)
    shown = _fitting(lines, most_bytes)
    said = f"first {count(len(shown), 'line')} of {_amount(len(lines))}" if len(lines) > len(shown) else ""
    body = _pre(shown)
    return (html.folded(_summary(value), body) if len(shown) > _AT_ONCE else body), said


def json_lines(value: Any) -> list[str]:
    """Return a JSON value on as many lines as it needs; the rest of an endless one is left out."""
    lines: list[str] = []
    _lay_out(value, 0, "", "", lines)
    return lines


def _amount(lines: int) -> str:
    return f"{lines:,}" if lines <= _LINES * 50 else "many"


def _summary(value: Any) -> str:
    if isinstance(value, Mapping):
        names = ", ".join(cut(clean(str(key)), 24) for key in list(value)[:6])
        return f"{count(len(value), 'key')}: {names}{', …' if len(value) > 6 else ''}"
    return f"a list of {count(len(value), 'item')}" if isinstance(value, list) else ""


def _lay_out(value: Any, depth: int, before: str, after: str, lines: list[str]) -> None:
    """Append lines; what is short stands on one of them."""
    if len(lines) > _LINES * 50:
        return
    blanks = " " * (_INDENT * depth)
    if not isinstance(value, dict | list) or not value or depth >= _DEEPEST:
        shown = "…" if depth >= _DEEPEST and value else _brief(value)
        lines.append(f"{blanks}{before}{shown}{after}")
        return
    is_map = isinstance(value, dict)
    items = value.items() if isinstance(value, dict) else enumerate(value)
    named = [(f"{_brief(str(key))}: " if is_map else "", part) for key, part in items]
    opens, closes = "{}" if is_map else "[]"
    if _is_flat(value):
        pieces = [f"{name}{_brief(part)}" for name, part in named]
        line = f"{opens}{', '.join(pieces)}{closes}"
        if len(line) <= _NARROW:
            lines.append(f"{blanks}{before}{line}{after}")
            return
        if not is_map:
            packed = wrap([*(f"{piece}," for piece in pieces[:-1]), pieces[-1]], _NARROW, " ")
            lines += [f"{blanks}{before}{opens}", *(f"{blanks}  {part}" for part in packed), f"{blanks}{closes}{after}"]
            return
    lines.append(f"{blanks}{before}{opens}")
    for index, (name, part) in enumerate(named):
        _lay_out(part, depth + 1, name, "," if index < len(named) - 1 else "", lines)
    lines.append(f"{blanks}{closes}{after}")


def _is_flat(value: Any) -> bool:
    parts = list(value.values() if isinstance(value, dict) else value)
    return len(parts) <= 2_000 and not any(isinstance(part, dict | list) and part for part in parts)


def _brief(value: Any) -> str:
    if isinstance(value, str):
        value = cut(value, _LETTERS)
    try:
        return json.dumps(value, ensure_ascii=False)
    except ValueError:
        # Python refuses to write whole numbers of thousands of digits.
        return "…"

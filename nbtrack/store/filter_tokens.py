"""The words of a filter, and the error that points at one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from nbtrack.errors import FilterError

EXAMPLE = "metrics.rmse < 1 and params.model = 'rf'"
ORDER_EXAMPLE = "metrics.rmse ASC"
OPERATORS = "=, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL"
_MARGIN = 60

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<operator><=|>=|==|!=|<>|[=<>])
  | (?P<mark>[(),])
  | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![^\s'"`(),=<>!]))
  | (?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
  | (?P<quoted>`(?:[^`]|``)+`)
  | (?P<path>[^\W\d]\w*\.(?:`(?:[^`]|``)+`|"(?:[^"\\]|\\.|"")+"|'(?:[^'\\]|\\.|'')+'))
  | (?P<word>[^\s'"`(),=<>!]+)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the filter: its kind, its text and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """The text in lower case, by which keywords are known."""
        return self.text.lower()


def complain(text: str, start: int, end: int, problem: str, advice: str) -> NoReturn:
    """Raise a :class:`FilterError` that points at the place.

    Parameters
    ----------
    text : str
        The whole filter or order.
    start, end : int
        The fragment at fault.
    problem : str
        What is wrong there.
    advice : str
        What is accepted, with an example.

    Raises
    ------
    FilterError
        Always.
    """
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    left, right = max(line_start, start - _MARGIN), min(line_end, max(end, start) + _MARGIN)
    head, tail = "… " if left > line_start else "", " …" if right < line_end else ""
    # Tabs and other control characters would push the caret off its place.
    shown = "".join(char if char.isprintable() else " " for char in text[left:right])
    marks = " " * (len(head) + start - left) + "^" * max(1, min(end, right) - start)
    raise FilterError(f"{problem}\n    {head}{shown}{tail}\n    {marks}\n{advice}")


def tokens(text: str, example: str) -> Iterator[Token]:
    """Split a filter or an order into words.

    Parameters
    ----------
    text : str
    example : str
        A good filter or order, for the messages.

    Yields
    ------
    Token
        Words in order, spaces left out, and a last one of kind ``end``.

    Raises
    ------
    FilterError
        A quote is never closed, or the text cannot be written as UTF-8.

    Examples
    --------
    >>> [token.text for token in tokens("seed=42", EXAMPLE)]
    ['seed', '=', '42', '']
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        complain(text, error.start, error.end, "half a character (a lone surrogate):", f"Example: {example}")
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            char = text[at]
            if char in "'\"`":
                hint = f" A backslash keeps a quote open: \\{char}." if f"\\{char}" in text[at:] else ""
                complain(text, at, len(text), f"this {char} is never closed:", f"Close it.{hint} Example: {example}")
            complain(text, at, at + 1, f"cannot read {char!r} here:", f"Accepted: {OPERATORS}. Example: {example}")
        kind = match.lastgroup or ""
        if kind != "space":
            yield Token(kind, match.group(), match.start(), match.end())
        at = match.end()
    yield Token("end", "", len(text.rstrip()), len(text.rstrip()))


def unquote(text: str) -> str:
    r"""Take the quotes off a quoted text or name.

    Only a quote or a backslash is escaped by a backslash, so that ``'C:\data'`` stays as it is; a doubled quote is
    one quote.

    Parameters
    ----------
    text : str
        With its quotes, one of ``'``, ``"`` and a backtick.

    Returns
    -------
    str

    Examples
    --------
    >>> unquote("'it''s'")
    "it's"
    """
    quote, inner = text[0], text[1:-1]
    if quote == "`":
        return inner.replace("``", "`")
    return re.sub(rf"\\([\\'\"])|{quote}({quote})", lambda match: match[1] or match[2], inner)

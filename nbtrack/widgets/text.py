"""Text that keeps to its line and its column, whatever characters users put into names and values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

WIDTH = 100
# Characters that reorder or hide the text around them.
_INVISIBLE = frozenset(
    map(chr, (0x061C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF))
)
_JOINERS = frozenset("\u200c\u200d")


def clean(text: str) -> str:
    r"""Return text on one line, without characters that control a terminal, reorder text or cannot be encoded.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> clean("two\nlines \x1b[31mred")
    'two lines �[31mred'
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return "".join("\ufffd" if _unsafe(char) else char for char in text)


def natural(text: str) -> list[str | int]:
    """Return what names are sorted by, so that numbers in them count as numbers.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str or int

    Examples
    --------
    >>> sorted(["gpu_10", "gpu_2", "GPU_1"], key=natural)
    ['GPU_1', 'gpu_2', 'gpu_10']
    """
    # Nothing but the digits that int reads: ² is one to str.isdigit alone. Of a very long number the front is enough.
    parts = re.split(r"([0-9]{1,18})", text)
    return [int(part) if place % 2 else part.casefold() for place, part in enumerate(parts)]


def printable(text: str) -> str:
    r"""Return text of many lines without characters that control a terminal or cannot be encoded.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> printable("one\n\ttwo\x1b")
    'one\n    two�'
    """
    return "\n".join(clean(line.expandtabs(4)) for line in text.splitlines())


def _unsafe(char: str) -> bool:
    if char in _INVISIBLE:
        return char not in _JOINERS
    return unicodedata.category(char) in ("Cc", "Cs")


def cut(text: str, limit: int, where: Literal["end", "middle"] = "end") -> str:
    """Return text of at most so many characters, with an ellipsis where some are left out.

    Parameters
    ----------
    text : str
    limit : int
    where : str
        ``middle`` keeps both ends, as paths and lists want it.

    Returns
    -------
    str

    Examples
    --------
    >>> cut("a rather long text", 9), cut("/data/run/model.pkl", 12, "middle")
    ('a rather…', '/data/…l.pkl')
    """
    if len(text) <= limit:
        return text
    if where == "end":
        return text[: limit - 1].rstrip() + "…"
    tail = (limit - 1) // 2
    return text[: limit - 1 - tail] + "…" + text[len(text) - tail :]


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    Parameters
    ----------
    text : str

    Returns
    -------
    int

    Examples
    --------
    >>> cells("abc"), cells("日本")
    (3, 4)
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in ("Mn", "Me", "Cf") for char in text)


def fit(text: str, limit: int) -> str:
    """Return a text cleaned and cut to so many columns of a terminal.

    Parameters
    ----------
    text : str
    limit : int

    Returns
    -------
    str
    """
    text = clean(text)
    shown = cut(text, limit)
    while cells(shown) > limit:
        shown = cut(text, len(shown) - 1)
    return shown


def grid(rows: Sequence[Sequence[str]], right: Collection[int] = (), gap: int = 2) -> list[str]:
    """Return rows of cells as lines with aligned columns.

    Parameters
    ----------
    rows : sequence of sequence of str
        Of the same length; already clean.
    right : collection of int
        Columns whose cells stand at their right edge.
    gap : int
        Blanks between two columns.

    Returns
    -------
    list of str
        Without blanks at their ends.

    Examples
    --------
    >>> grid([["a", "1"], ["long", "20"]], right={1})
    ['a      1', 'long  20']
    """
    widths = [max(map(cells, texts), default=0) for texts in zip(*rows, strict=True)]
    return [(" " * gap).join(map(_placed, row, widths, _sides(len(row), right))).rstrip() for row in rows]


def _sides(length: int, right: Collection[int]) -> Iterable[bool]:
    return (index in right for index in range(length))


def _placed(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def wrap(pieces: Iterable[str], width: int = WIDTH, between: str = "  ", indent: str = "") -> list[str]:
    """Return pieces on as few lines as hold them; a piece is never broken.

    Parameters
    ----------
    pieces : iterable of str
        Each no wider than ``width``.
    width : int
    between, indent : str
        Between two pieces, and before each line.

    Returns
    -------
    list of str

    Examples
    --------
    >>> wrap(["a=1", "b=2", "c=3"], width=9)
    ['a=1  b=2', 'c=3']
    """
    lines: list[str] = []
    for piece in pieces:
        if lines and cells(lines[-1]) + len(between) + cells(piece) <= width:
            lines[-1] += between + piece
        else:
            lines.append(indent + piece)
    return lines

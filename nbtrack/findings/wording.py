"""Figures and sentences as plain text of at most a hundred columns."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Collection, Iterable, Sequence

WIDTH = 100


def short(value: float) -> str:
    """Return a number with the digits that matter.

    Examples
    --------
    >>> short(0.97222), short(12.0), short(float("nan"))
    ('0.9722', '12', 'nan')
    """
    return f"{value:.4g}" if abs(value) < 1e6 or not math.isfinite(value) else f"{value:.3e}"


def signed(value: float) -> str:
    """Return a difference with its sign, in two digits or three.

    Examples
    --------
    >>> signed(0.0213), signed(-12.0)
    ('+0.0213', '-12')
    """
    return f"{value:+.3g}"


def shown_p(p: float) -> str:
    """Return a p-value with its sign of relation.

    Examples
    --------
    >>> shown_p(0.0021), shown_p(0.41), shown_p(0.0001)
    ('= 0.002', '= 0.41', '< 0.001')
    """
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.3f}" if p < 0.01 else f"= {p:.2g}"


def counted(number: int, word: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "seed"), counted(10, "seed")
    ('1 seed', '10 seeds')
    """
    return f"{number} {word}{'' if number == 1 else 's'}"


def table(rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> list[str]:
    """Return rows of texts as aligned lines; the columns named stand at their left edge, the others at their right."""
    cleaned = [[printable(text) for text in row] for row in rows]
    widths = [max(map(columns_of, column), default=0) for column in zip(*cleaned, strict=True)]
    lines = []
    for row in cleaned:
        blanks = [" " * (width - columns_of(text)) for text, width in zip(row, widths, strict=True)]
        parts = [
            text + gap if place in left else gap + text
            for place, (text, gap) in enumerate(zip(row, blanks, strict=True))
        ]
        lines.append(cut("  ".join(parts).rstrip(), WIDTH))
    return lines


def cut(text: str, limit: int) -> str:
    """Return a text on one line of at most so many characters."""
    line = " ".join(text.split()) if "\n" in text else text
    return line if len(line) <= limit else line[: limit - 1] + "…"


def wrapped(sentences: Iterable[str], indent: str = "") -> list[str]:
    """Return sentences as lines of at most a hundred columns, without what controls a terminal."""
    return [
        line
        for sentence in sentences
        for line in (
            textwrap.wrap(printable(sentence), WIDTH, initial_indent=indent, subsequent_indent=indent + "  ") or [""]
        )
    ]


def printable(text: str) -> str:
    """Return text on one line, without what controls a terminal, reorders text or cannot be encoded."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) + sum(unicodedata.east_asian_width(char) in "WF" for char in text if not char.isascii())

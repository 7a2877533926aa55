"""Two texts side by side: what is equal, what is gone and what is new, with the words that changed within a line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nbtrack.widgets import html
from nbtrack.widgets.format import count
from nbtrack.widgets.html import Html, el, muted
from nbtrack.widgets.text import printable

MOST_LINES = 300
"""Of one pair of texts; what comes after is said to be left out."""
_MOST_COMPARED = 1_500
_CONTEXT, _FOLD_ABOVE = 3, 8
_LINE_LIMIT, _LINE_BYTES = 500, 700
# Lines less alike than this are no two forms of one line.
_ALIKE = 0.45
_MOST_PAIRED = 900
_MOST_WORDS = 300
_WORD = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\w+|\s+|[^\w\s]")
# The sign stands in the margin, also of a line that takes several.
_WRAP = "white-space:pre-wrap;overflow-wrap:break-word;padding:0 4px 0 18px;line-height:1.45"
_FACE = "font-family:monospace;font-size:12px"
_TEXT = f"{_WRAP};text-indent:-14px"
# Lines and indents stay where style is stripped; of each changed line that would be too long.
_LINES = f"{_WRAP};margin:0;background:none;opacity:0.75;{_FACE}"
_GONE, _NEW = "rgba(220,65,54,0.13)", "rgba(32,138,85,0.15)"
_GONE_WORD, _NEW_WORD = "rgba(220,65,54,0.34)", "rgba(32,138,85,0.36)"
_CELL = "text-align:left;vertical-align:top;padding:0"
_NOT_THERE = "not in this run"
_MINUS, _PLUS = "−", "+"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Lines that stand beside each other; None where one side has nothing there."""

    left: tuple[str, ...] | None
    right: tuple[str, ...] | None
    is_equal: bool = False


@dataclass(slots=True)
class _Room:
    """How many lines there is room for."""

    lines: int = MOST_LINES
    left_out: int = field(default=0)


def side_by_side_html(
    first: str | None, second: str | None, heads: tuple[str, str] | None = None, most_bytes: int | None = None
) -> Html:
    """Return two texts side by side.

    Parameters
    ----------
    first, second : str or None
        None: there is no such text on this side.
    heads : (str, str), optional
        What the two are called.
    most_bytes : int, optional
        About so long is what is returned, at most, where its lines are not longer than usual.

    Returns
    -------
    Html
    """
    texts = [[] if text is None else printable(text.strip("\n")).split("\n") for text in (first, second)]
    most_lines = MOST_LINES if most_bytes is None else max(min(MOST_LINES, most_bytes // _LINE_BYTES), 1)
    room = _Room(most_lines, left_out=max(*(len(lines) - _MOST_COMPARED for lines in texts), 0))
    texts = [lines[:_MOST_COMPARED] for lines in texts]
    absent = muted(_NOT_THERE) if first is None or second is None else None
    rows = [row for stretch in _stretches(*texts) for row in _rows(stretch, room, absent)]
    if room.left_out:
        rows.append(_across(f"… {count(room.left_out, 'line')} left out"))
    head = None if heads is None else _pair(*(el("div", muted(name), style=_WRAP) for name in heads))
    lines = [el("tr", row, style="background:none") for row in [head, *rows] if row is not None]
    style = "display:table;width:100%;margin:2px 0 0;border:none;border-collapse:collapse;table-layout:fixed;" + _FACE
    return el("table", el("tbody", *lines), style=style)


def _pair(left: object, right: object) -> Html:
    edge = f"{_CELL};border-left:{html.RULE}"
    return html.join([el("td", left, style=_CELL), el("td", right, style=edge)])


def _across(words: str) -> Html:
    return el("td", muted(words), style="text-align:left;padding:1px 0 1px 4px", colspan=2)


def _rows(stretch: _Stretch, room: _Room, absent: Html | None) -> Iterator[Html]:
    if stretch.is_equal:
        yield from _equal_rows(stretch.left or (), room)
        return
    left, right = stretch.left, stretch.right
    longest = max(len(left or ()), len(right or ()))
    if longest > room.lines:
        room.left_out += longest - room.lines
        left, right = (None if side is None else side[: room.lines] for side in (left, right))
        if not room.lines:
            return
    room.lines -= max(len(left or ()), len(right or ()))
    if left is None and right is None:
        return
    if left is None or right is None:
        gone = absent if left is None else html.join(_changed(line, (), "gone") for line in left)
        new = absent if right is None else html.join(_changed(line, (), "new") for line in right)
        yield _pair(gone, new)
        return
    for before, after in zip(left, right, strict=True):
        marks = _changed_words(before, after)
        yield _pair(_changed(before, marks[0], "gone"), _changed(after, marks[1], "new"))


def _equal_rows(lines: Sequence[str], room: _Room) -> Iterator[Html]:
    pieces: list[tuple[str, ...] | int] = [tuple(lines)]
    if len(lines) > _FOLD_ABOVE:
        pieces = [tuple(lines[:_CONTEXT]), len(lines) - 2 * _CONTEXT, tuple(lines[-_CONTEXT:])]
    for piece in pieces:
        if isinstance(piece, int):
            yield _across(f"⋯ {count(piece, 'line')} the same")
            continue
        kept = piece[: room.lines]
        room.lines -= len(kept)
        room.left_out += len(piece) - len(kept)
        if kept:
            same = el("pre", html.verbatim("\n".join(map(_fit, kept))), style=_LINES)
            yield _pair(same, same)


def _changed(line: str, marks: Sequence[tuple[int, int]], kind: str) -> Html:
    """Return a line that only one side has, with the words that the other has otherwise."""
    sign, ground, stronger = (_MINUS, _GONE, _GONE_WORD) if kind == "gone" else (_PLUS, _NEW, _NEW_WORD)
    line = _fit(line)
    pieces: list[object] = [f"{sign} "]
    at = 0
    for start, end in marks:
        # As the line stands: blanks that changed are seen, too.
        pieces += [
            html.verbatim(line[at:start]),
            el("b", html.verbatim(line[start:end]), style=f"background:{stronger}"),
        ]
        at = end
    pieces.append(html.verbatim(line[at:]))
    return el("div", *(piece if isinstance(piece, Html) else Html(piece) for piece in pieces),
              style=f"{_TEXT};background:{ground}")  # fmt: skip


def _fit(line: str) -> str:
    return line if len(line) <= _LINE_LIMIT else f"{line[:_LINE_LIMIT]}… ({len(line):,} characters)"


# --- what stands beside what ----------------------------------------------------------------------------------------


def _stretches(first: Sequence[str], second: Sequence[str]) -> Iterator[_Stretch]:
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        left, right = tuple(first[i1:i2]), tuple(second[j1:j2])
        if tag == "equal":
            yield _Stretch(left, right, is_equal=True)
        elif tag == "replace":
            yield from _replaced(left, right)
        else:
            yield _Stretch(left or None, right or None)


def _replaced(left: tuple[str, ...], right: tuple[str, ...]) -> Iterator[_Stretch]:
    """Put the lines beside each other that are two forms of one, and what is left between these."""
    i = j = 0
    for row, place in [*_alike(left, right), (len(left), len(right))]:
        # What is no form of another line stands beside what came in its place.
        beside = min(row - i, place - j)
        yield _Stretch(left[i : i + beside], right[j : j + beside])
        yield _Stretch(left[i + beside : row] or None, right[j + beside : place] or None)
        if row < len(left):
            yield _Stretch(left[row : row + 1], right[place : place + 1])
        i, j = row + 1, place + 1


def _alike(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs whose likeness is greatest together, without crossing."""
    if len(left) == len(right) == 1:
        return [(0, 0)]
    if len(left) * len(right) > _MOST_PAIRED:
        return [(at, at) for at in range(min(len(left), len(right)))] if len(left) == len(right) else []
    likeness = [[_likeness(one, other) for other in right] for one in left]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            both = likeness[i][j] + best[i + 1][j + 1] if likeness[i][j] else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], both)
    found, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            found.append((i, j))
            i, j = i + 1, j + 1
    return found


def _likeness(one: str, other: str) -> float:
    matcher = difflib.SequenceMatcher(None, one.strip()[:_LINE_LIMIT], other.strip()[:_LINE_LIMIT], autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _ALIKE else 0.0


def _changed_words(one: str, other: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return from where to where each of two lines reads otherwise than the other; nothing where all of it does."""
    words = [_WORD.findall(line) for line in (_fit(one), _fit(other))]
    if max(map(len, words)) > _MOST_WORDS:
        return [], []
    matcher = difflib.SequenceMatcher(None, words[0], words[1], autojunk=False)
    if matcher.ratio() < _ALIKE:
        return [], []
    starts = [[0], [0]]
    for place, line in zip(starts, words, strict=True):
        for word in line:
            place.append(place[-1] + len(word))
    marks: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        if i1 < i2:
            marks[0].append((starts[0][i1], starts[0][i2]))
        if j1 < j2:
            marks[1].append((starts[1][j1], starts[1][j2]))
    return marks

"""The code of one step as it was typed, and where in it the parts of its syntax stand.

What runs is Python: magics have become calls, and a cell's indentation is gone. Text is replaced in what was typed, so
that everything else stays as it is, byte for byte.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from nbtrack.errors import InputError
from nbtrack.provenance.python import as_python, parse
from nbtrack.replay.magics import magic_of

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_BLANK = re.compile(r"(?:[ \t\f]*(?:\r\n|\r|\n))*")
# They run what follows as the notebook's own code.
_RUN_A_LINE = frozenset({"time", "prun"})
_RUN_A_CELL = frozenset({"time", "prun", "capture"})


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands from ``start`` to ``end`` of a text, and what shall stand there."""

    start: int
    end: int
    text: str


class Piece:
    """Python within a cell: all of it, or what a magic like ``%%time`` runs.

    Attributes
    ----------
    typed : str
    offset : int
        Where it begins in the cell's text.
    python : str
        With magics turned into calls.
    tree : ast.Module or None
        None where it is no Python.
    """

    def __init__(self, typed: str, offset: int) -> None:
        self.typed = typed
        self.offset = offset
        self.python = as_python(typed)
        self.tree = parse(self.python)

    @cached_property
    def _lines(self) -> tuple[list[str], list[int], list[str], list[int]]:
        typed, python = _LINE.findall(self.typed), _LINE.findall(self.python)
        return typed, _starts(typed), python, _starts(python)

    @cached_property
    def _typed_line(self) -> dict[int, int]:
        """Which line that was typed a line of Python is."""
        typed, _, python, _ = self._lines
        if len(typed) == len(python):
            return {number: number for number in range(len(python))}
        found: dict[int, int] = {}
        run, written = ([line.rstrip("\r\n") for line in lines] for lines in (python, typed))
        for _, a, a_end, b, b_end in difflib.SequenceMatcher(None, run, written, autojunk=False).get_opcodes():
            if a_end - a == b_end - b:
                found.update(zip(range(a, a_end), range(b, b_end), strict=True))
        return found

    def _python_place(self, line: int, column: int) -> int:
        """Return a place in the Python; the parser counts columns in bytes."""
        _, _, python, starts = self._lines
        return starts[line - 1] + len(python[line - 1].encode("utf-8", "surrogatepass")[:column].decode())

    def _place(self, line: int, column: int) -> int | None:
        """Return a place in what was typed."""
        typed, starts, python, python_starts = self._lines
        number = self._typed_line.get(line - 1)
        if number is None:
            return None
        run, written = python[line - 1].rstrip("\r\n"), typed[number].rstrip("\r\n")
        if not written.endswith(run):
            return None
        into = self._python_place(line, column) - python_starts[line - 1]
        return starts[number] + len(written) - len(run) + into

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a part of the syntax begins and ends in what was typed.

        Raises
        ------
        InputError
            It does not stand there as it runs.
        """
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        first = self._place(node.lineno, node.col_offset)
        last = self._place(node.end_lineno, node.end_col_offset)
        if first is None or last is None:
            raise InputError("it stands in a line that IPython rewrites before it runs.")
        return first, last

    def text(self, node: ast.expr | ast.stmt) -> str:
        """Return a part of the syntax as it was typed."""
        first, last = self.span(node)
        return self.typed[first:last]

    def line_span(self, node: ast.stmt) -> tuple[int, int] | None:
        """Return where the line of a statement begins and ends in what was typed, also where it is a magic."""
        typed, starts, _, _ = self._lines
        number = self._typed_line.get(node.lineno - 1)
        if number is None or node.lineno != node.end_lineno:
            return None
        return starts[number], starts[number] + len(typed[number].rstrip("\r\n"))

    def inner(self, node: ast.stmt) -> Piece | None:
        """Return the code that a magic runs as the notebook's own; None where a statement is no such magic."""
        magic = magic_of(node)
        if magic is None:
            return None
        if magic.body is not None and magic.name in _RUN_A_CELL:
            typed, starts, _, _ = self._lines
            start = starts[1] if len(typed) > 1 else len(self.typed)
            # What IPython hands on is what stands below, whatever its line ends are.
            same = self.typed[start:].split() == magic.body.split()
            return Piece(self.typed[start:], self.offset + start) if same else None
        if magic.body is None and magic.name in _RUN_A_LINE and not magic.line.startswith("-"):
            span = self.line_span(node)
            line = self.typed[span[0] : span[1]].rstrip() if span else ""
            if span and magic.line.strip() and line.endswith(magic.line.rstrip()):
                start = span[0] + len(line) - len(magic.line.rstrip())
                return Piece(magic.line.rstrip(), self.offset + start)
        return None

    def check(self, edits: Sequence[Edit]) -> None:
        """Make sure that edits, by places in this piece, change no more of what runs than they say.

        Raises
        ------
        InputError
            They would, or would leave no Python.
        """
        new = parse(as_python(edited(self.typed, edits)))
        if new is None or self.tree is None or _differing(self.tree, new) > len(edits):
            raise InputError("the code cannot be changed there without changing more than that.")


def _starts(lines: list[str]) -> list[int]:
    found = [0]
    for line in lines:
        found.append(found[-1] + len(line))
    return found


def _differing(old: ast.Module, new: ast.Module) -> int:
    """Return how many stretches of statements differ."""
    before, after = ([ast.dump(node) for node in tree.body] for tree in (old, new))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return sum(1 for code, *_ in matcher.get_opcodes() if code != "equal")


class Typed:
    """A step's code.

    Attributes
    ----------
    source : str
    whole : Piece
    """

    def __init__(self, source: str) -> None:
        self.source = source
        blank = _BLANK.match(source)
        start = blank.end() if blank else 0
        self.whole = Piece(source[start:], start)

    @property
    def is_python(self) -> bool:
        """Whether its syntax can be read."""
        return self.whole.tree is not None

    def statements(self) -> Iterator[tuple[Piece, ast.stmt]]:
        """Yield the statements of the top level, those within magics like ``%%time`` among them."""
        yield from _statements(self.whole)


def _statements(piece: Piece) -> Iterator[tuple[Piece, ast.stmt]]:
    for node in piece.tree.body if piece.tree is not None else ():
        inner = piece.inner(node)
        if inner is None or inner.tree is None:
            yield piece, node
        else:
            yield from _statements(inner)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits, whose places are those of the text as it is.

    Parameters
    ----------
    text : str
    edits : iterable of Edit
        None within another.

    Returns
    -------
    str

    Examples
    --------
    >>> edited("a = 1; b = 2", [Edit(4, 5, "10"), Edit(11, 12, "20")])
    'a = 10; b = 20'
    """
    found, last = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < last:
            raise InputError("two changes of the code stand within one another.")
        found += [text[last : edit.start], edit.text]
        last = edit.end
    return "".join([*found, text[last:]])

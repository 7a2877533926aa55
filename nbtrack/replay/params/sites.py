"""The places in a replay's code where another value is to stand, and how it is put there."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nbtrack.errors import InputError
from nbtrack.provenance.constants import is_conversion
from nbtrack.replay.params.literals import value_of
from nbtrack.replay.params.places import Where
from nbtrack.replay.params.typed import Edit, Typed, edited
from nbtrack.replay.recipe import Recipe

_COMMENT = re.compile(r"#[^\r\n]*")
# Calls that make something else of a text; the text in them is what a text replaces.
_OF_TEXTS = frozenset("Path PurePath PosixPath Decimal Fraction".split())
_PURE = frozenset(
    "int float str bool complex len min max sum abs round tuple list dict set frozenset range sorted pow divmod "
    "Path PurePath PosixPath Decimal Fraction date datetime timedelta getenv get log log10 log2 sqrt exp floor ceil "
    "float32 float64 int32 int64 strip lower upper format join replace split".split()
)
_IMPURE = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


class UnsettableError(InputError):
    """A value cannot be put into the code; the message ends a sentence that begins with its name."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place for a value.

    Attributes
    ----------
    where : Where
    node : ast.expr
        What stands there; where a value is added, the call or dict that it is added to.
    added : str
        What is written before the value where it is added: ``C=`` or ``'C': ``.
    chained : ast.expr or None
        The target that gets the value alone, in ``a = b = 1``.
    """

    where: Where
    node: ast.expr
    added: str = ""
    chained: ast.expr | None = None

    @property
    def text(self) -> str:
        """What stands there now; empty where nothing does."""
        return "" if self.added else self.where.piece.text(self.node)

    def edits(self, value: str) -> list[Edit]:
        """Return what is to be changed in the piece of code that the place is in.

        Parameters
        ----------
        value : str
            Code.
        """
        piece = self.where.piece
        first, last = piece.span(self.node)
        if self.added:
            return [Edit(last - 1, last - 1, self._separator() + self.added + value)]
        if self.chained is not None:
            return self._split(value)
        inner = _text_within(self.node, value)
        if inner is not None:
            first, last = piece.span(inner)
        return [Edit(first, last, value)]

    def _separator(self) -> str:
        """Return what stands between the last argument or item and one more."""
        piece, node = self.where.piece, self.node
        if isinstance(node, ast.Dict):
            parts: list[ast.expr] = [*node.values]
        else:
            assert isinstance(node, ast.Call)
            parts = [*node.args, *(keyword.value for keyword in node.keywords)]
            if len(parts) == 1 and isinstance(parts[0], ast.GeneratorExp):
                raise UnsettableError("would have to be added to a call of a generator expression")
        if not parts:
            return ""
        ends = [piece.span(part)[1] for part in parts]
        rest = _COMMENT.sub("", piece.typed[max(ends) : piece.span(node)[1] - 1])
        return " " if "," in rest else ", "

    def _split(self, value: str) -> list[Edit]:
        """Take one target out of ``a = b = 1``, and give it its value behind."""
        piece, statement = self.where.piece, self.where.statement
        assert isinstance(statement, ast.Assign)
        assert self.chained is not None
        parts = [*statement.targets, statement.value]
        after = parts[statement.targets.index(self.chained) + 1]
        name = piece.text(self.chained)
        first, last = piece.span(self.chained)[0], piece.span(after)[0]
        end = piece.span(statement)[1]
        return [Edit(first, last, ""), Edit(end, end, f"; {name} = {value}")]

    def is_value(self, text: str) -> bool:
        """Tell whether what stands there is a literal other than a text says; True where that cannot be known."""
        try:
            found = value_of(_text_within(self.node, "''") or self.node)
        except ValueError:
            return True
        if self.added or not isinstance(found, str | int | float | bool | None):
            return True
        if isinstance(found, float):
            try:
                return repr(float(text)) == repr(found)
            except ValueError:
                return False
        return str(found) == text


def _text_within(node: ast.expr, value: str) -> ast.expr | None:
    """Return the text in a call like ``Path("data.csv")``, where a text is to stand in its place."""
    match node:
        case ast.Call(func=function, args=[ast.Constant(value=str()) as inner], keywords=[]) if (
            is_conversion(function) and ast.unparse(function).rpartition(".")[2] in _OF_TEXTS and value[:1] in "'\""
        ):
            return inner
    return None


def is_replaceable(node: ast.expr) -> bool:
    """Tell whether nothing else changes where an expression is not evaluated any more.

    Parameters
    ----------
    node : ast.expr

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_replaceable(ast.parse(text, mode="eval").body) for text in ("2 * base", "len(X)", "next(draws)")]
    [True, True, False]
    """
    for part in ast.walk(node):
        if isinstance(part, _IMPURE):
            return False
        if isinstance(part, ast.Call) and ast.unparse(part.func).rpartition(".")[2] not in _PURE:
            return False
    return True


def put(recipe: Recipe, typed: Sequence[Typed], changes: Sequence[tuple[Site, str]]) -> Recipe:
    """Return a recipe with values put into its code.

    Parameters
    ----------
    recipe : Recipe
    typed : sequence of Typed
        Its steps.
    changes : sequence of (Site, str)
        Places, and the code to stand there.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        The code cannot be changed there.
    """
    return edit_steps(recipe, typed, [(site.where, edit) for site, text in changes for edit in site.edits(text)])


def edit_steps(recipe: Recipe, typed: Sequence[Typed], changes: Sequence[tuple[Where, Edit]]) -> Recipe:
    """Return a recipe with edits of its code, by places in the pieces that they are of.

    Raises
    ------
    InputError
        The code cannot be changed there.
    """
    edits: dict[int, list[Edit]] = {}
    pieces = {id(where.piece): where for where, _ in changes}
    for where in pieces.values():
        within = list(dict.fromkeys(edit for other, edit in changes if other.piece is where.piece))
        where.piece.check(within)
        offset = where.piece.offset
        edits.setdefault(where.step, []).extend(
            Edit(edit.start + offset, edit.end + offset, edit.text) for edit in within
        )
    steps = [
        replace(step, source=edited(typed[position].source, edits[position])) if position in edits else step
        for position, step in enumerate(recipe.steps)
    ]
    return replace(recipe, steps=tuple(steps))

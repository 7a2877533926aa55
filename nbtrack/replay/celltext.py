"""One cell of a slice as text and as syntax, and which of its lines a statement has for itself."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from nbtrack.provenance.cellcode import CellCode, analyse
from nbtrack.provenance.python import as_python, parse
from nbtrack.records import CellExecution
from nbtrack.replay.magics import is_harmless, magic_of

ROUNDABOUT = frozenset({"eval", "exec", "vars", "dir", "globals", "locals", "__main__", "__import__", "setattr"})
"""Names by which code reaches the notebook's namespace around the syntax."""


@dataclass(frozen=True, slots=True)
class CellText:
    """A cell execution's code.

    Attributes
    ----------
    execution : CellExecution
    source : str
        The code as executed, without blank lines around it.
    python : str
        The code with magics turned into calls; as it stands where it is no Python.
    tree : ast.Module or None
        None where it is no Python.
    code : CellCode or None
        What it binds and reads; magics that only concern the display do not count.
    """

    execution: CellExecution
    source: str
    python: str
    tree: ast.Module | None
    code: CellCode | None

    @property
    def lines(self) -> list[str]:
        """The code as executed, by line, as Python counts them."""
        return self.source.split("\n")

    @property
    def opaque(self) -> bool:
        """Whether the cell may bind or read names that its syntax does not show."""
        if self.tree is None or self.code is None or self.code.opaque:
            return True
        return any(word in ROUNDABOUT for word in words_of(self.tree))

    def own_lines(self, node: ast.stmt) -> str | None:
        """Return the lines of a statement of the cell's top level.

        Parameters
        ----------
        node : ast.stmt

        Returns
        -------
        str or None
            None where it shares them with another statement, or where they are not those that were typed.
        """
        assert self.tree is not None
        first, last = node.lineno, node.end_lineno or node.lineno
        for other in self.tree.body:
            if other is not node and other.lineno <= last and (other.end_lineno or other.lineno) >= first:
                return None
        typed, run = self.lines[first - 1 : last], self.python.split("\n")[first - 1 : last]
        return "\n".join(line.rstrip() for line in typed) if typed == run and typed else None

    def without(self, nodes: set[ast.stmt]) -> str:
        """Return the code without some statements of its top level, which have their lines for themselves.

        Parameters
        ----------
        nodes : set of ast.stmt

        Returns
        -------
        str
            Empty where nothing but comments would be left.
        """
        if not nodes:
            return self.source.rstrip()
        assert self.tree is not None
        if not [node for node in self.tree.body if node not in nodes]:
            return ""
        gone = {line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
        kept: list[str] = []
        for number, line in enumerate(self.lines, start=1):
            blank_again = not line.strip() and (number - 1 in gone or number + 1 in gone) and not (kept and kept[-1])
            if number not in gone and not blank_again:
                kept.append(line)
        return "\n".join(kept).strip("\n").rstrip()


def read_cell(execution: CellExecution) -> CellText:
    r"""Read the code of a cell execution.

    Parameters
    ----------
    execution : CellExecution
        Its source is there.

    Returns
    -------
    CellText

    Examples
    --------
    >>> cell = read_cell(CellExecution(session="", sequence=0, execution_count=1, cell_id=None, source="C = 1",
    ...                                start_us=0))
    >>> cell.tree is not None, sorted(cell.code.binds)
    (True, ['C'])
    """
    source = _trimmed(execution.source or "")
    python = as_python(source)
    tree = parse(python)
    if tree is None:
        return CellText(execution, source, python, None, None)
    try:
        code = analyse(ast.unparse(_without_harmless(tree)))
    except (SyntaxError, ValueError, RecursionError):
        # Nested beyond the parser.
        return CellText(execution, source, python, None, None)
    return CellText(execution, source, python, tree, code)


def _trimmed(source: str) -> str:
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(lines[first:]).rstrip()


def words_of(tree: ast.AST) -> set[str]:
    """Return every identifier and every text that a piece of code mentions."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.alias):
            found.update(node.name.split("."))
    return found


def _without_harmless(tree: ast.Module) -> ast.Module:
    kept = [node for node in tree.body if (magic := magic_of(node)) is None or not is_harmless(magic)]
    return ast.Module(body=kept, type_ignores=[])

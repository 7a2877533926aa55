"""What one cell's code does to the notebook's names, by its syntax alone."""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from nbtrack.provenance.bindings import Binding, Kind
from nbtrack.provenance.cellflow import CellFlow
from nbtrack.provenance.paths import NamePath, path_of
from nbtrack.provenance.scopes import attribute_words

_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCode:
    """What a cell's code reads, changes and binds; "notebook names" are module names.

    Attributes
    ----------
    reads : tuple of str
        Notebook names that the cell may read before it has bound them itself, in order of first use, also inside
        functions and classes of the cell; builtins only where the cell binds them too. A loop counts as run.
    deferred : frozenset of str
        Those of them that only functions read which the cell defines and does not run.
    read_paths : tuple of tuple
        What is read from such names, builtins included: ``("cfg", "lr")`` for ``cfg.lr``, ``("cfg", Item("lr"))``
        for ``cfg["lr"]``, ``("cfg",)`` for the whole.
    used_paths : tuple of tuple
        Those of the paths whose value is used, not merely changed.
    inputs : tuple of tuple
        Those of the paths that come in from the notebook for sure as far as the order of the code goes: not bound
        above in any branch, not merely shown by the last expression, not the target of what the cell collects.
    changes : tuple of tuple
        Objects that the cell changes in place: ``("results",)`` for ``results["a"] = 1`` and ``results.append(x)``.
    binds : frozenset of str
        Names bound at module level in any way, also through ``global``; ``del`` binds nothing.
    certain : frozenset of str
        Those of them that are bound on every way through the cell.
    bindings : mapping of str to Binding
        What is known of names that are given a value; of several assignments, their join.
    stores : mapping of tuple to Binding
        The same of parts of objects that the cell sets but does not bind: ``cfg["lr"] = 0.1``.
    counters : frozenset of str
        Targets of ``for``, and names that a ``while`` tests and counts by a constant.
    imports, defines : frozenset of str
        Names bound by ``import``, and by ``def`` and ``class``.
    last_expression : str or None
        Source of the expression that ends the cell, on one line.
    last_path : tuple or None
        That expression as a path, where it is one; of a walrus, its name.
    last_constant : bool
        It is a literal.
    opaque : bool
        The cell may bind names that its syntax does not show: star imports, ``exec``, magics.
    """

    reads: tuple[str, ...] = ()
    deferred: frozenset[str] = frozenset()
    read_paths: tuple[NamePath, ...] = ()
    used_paths: tuple[NamePath, ...] = ()
    inputs: tuple[NamePath, ...] = ()
    changes: tuple[NamePath, ...] = ()
    binds: frozenset[str] = frozenset()
    certain: frozenset[str] = frozenset()
    bindings: Mapping[str, Binding]
    stores: Mapping[NamePath, Binding]
    counters: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    defines: frozenset[str] = frozenset()
    last_expression: str | None = None
    last_path: NamePath | None = None
    last_constant: bool = False
    opaque: bool = False

    @property
    def constants(self) -> frozenset[str]:
        """Names that every assignment gives a constant expression."""
        return frozenset(name for name, bound in self._values() if bound.kind is Kind.CONSTANT)

    @property
    def computed(self) -> frozenset[str]:
        """Names that some assignment gives a computed value, or a mapping with a computed part."""
        return frozenset(name for name, bound in self._values() if bound.kind >= Kind.CLOCK)

    @property
    def last_name(self) -> str | None:
        """The name that ends the cell, where the last expression is just that."""
        name = self.last_path[0] if self.last_path is not None and len(self.last_path) == 1 else None
        return name if isinstance(name, str) else None

    def _values(self) -> list[tuple[str, Binding]]:
        return [(name, bound) for name, bound in self.bindings.items() if name not in self.counters | self.defines]


def analyse(source: str) -> CellCode:
    r"""Find out what a cell's code reads, changes and binds.

    Parameters
    ----------
    source : str
        Python, after IPython's transform of magics into calls; top-level ``await`` is fine.

    Returns
    -------
    CellCode

    Raises
    ------
    SyntaxError
        It is no Python.
    ValueError
        It holds null bytes (Python 3.11).
    RecursionError
        It is nested beyond what Python itself takes.

    Examples
    --------
    >>> code = analyse("C = 0.1\nloss = fit(C, data)")
    >>> sorted(code.constants), sorted(code.computed), code.reads
    (['C'], ['loss'], ('fit', 'data'))
    """
    tree = parse(source)
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    flow = CellFlow(attribute_words(tree.body))
    flow.run(tree.body[:-1] if last is not None else tree.body)
    shown = None if last is None else _shown_path(last.value)
    if last is not None:
        flow.last(last.value, shown)
    flow.finish()
    return CellCode(
        reads=tuple(name for name in flow.reads if name not in _BUILTINS or name in flow.binds),
        deferred=frozenset(flow.deferred),
        read_paths=tuple(flow.paths),
        used_paths=tuple(flow.used),
        inputs=tuple(flow.inputs),
        changes=tuple(flow.changes),
        binds=frozenset(flow.binds),
        certain=frozenset(flow.binds & flow.certain),
        bindings=flow.bindings,
        stores=flow.stores,
        counters=frozenset(flow.counters),
        imports=frozenset(flow.imports),
        defines=frozenset(flow.defines),
        last_expression=None if last is None else _one_line(last.value),
        last_path=shown,
        last_constant=last is not None and isinstance(last.value, ast.Constant),
        opaque=flow.opaque,
    )


def bound_until(source: str, line: int) -> frozenset[str]:
    r"""Return the names that a cell has bound for certain when a line of it raises.

    Parameters
    ----------
    source : str
        As for :func:`analyse`.
    line : int
        The line that raised, from 1.

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> bound_until("a = 1\nb = 1 / 0\nc = 2", 2)
    frozenset({'a'})
    """
    flow = CellFlow()
    flow.run(_before(parse(source).body, line))
    return frozenset(flow.binds & flow.certain)


def _before(statements: list[ast.stmt], line: int) -> list[ast.stmt]:
    """Return the statements that came to their end before a line, those above it in the same block included."""
    found: list[ast.stmt] = []
    for node in statements:
        if (node.end_lineno or node.lineno) < line:
            found.append(node)
        elif node.lineno <= line and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found += _before(_block_around(node, line), line)
    return found


def _block_around(node: ast.AST, line: int) -> list[ast.stmt]:
    """Return the body of a compound statement in which a line is."""
    blocks: list[list[ast.stmt]] = []
    for part in (node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        blocks += [getattr(part, field) for field in ("body", "orelse", "finalbody") if getattr(part, field, None)]
    for block in blocks:
        if block[0].lineno <= line <= (block[-1].end_lineno or 0):
            return block
    return []


def parse(source: str) -> ast.Module:
    """Parse a cell's source without a word about its escape sequences.

    Parameters
    ----------
    source : str

    Returns
    -------
    ast.Module
    """
    if "\\" not in source:
        return ast.parse(source, "<cell>")
    # A warning about an escape sequence is for the compiler of the cell to give, once.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, "<cell>")


def _shown_path(node: ast.expr) -> NamePath | None:
    if isinstance(node, ast.NamedExpr):
        return (node.target.id,)
    return path_of(node)


def _one_line(node: ast.expr) -> str | None:
    try:
        return ast.unparse(node)
    except RecursionError:
        # A sum of a thousand terms has no name that anybody would read.
        return None

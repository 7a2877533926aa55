"""The statements of a cell, and which of them a single name depends on.

Two cells that differ may still give a name by the same statements; then the difference says nothing about the name.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from typing import NamedTuple

from nbtrack.provenance.cellcode import parse
from nbtrack.provenance.cellflow import CellFlow
from nbtrack.provenance.digests import digest_text
from nbtrack.provenance.mutations import MODULES, changed_roots, reads_any, replaced_in
from nbtrack.provenance.paths import NamePath, first_part, path_of, root_of
from nbtrack.provenance.scopes import ClassScope, FunctionScope, attribute_words
from nbtrack.provenance.streams import drawn_by, seeded_by

LAST = "<last>"
"""Stands for the value of a cell's last expression."""


class Statement(NamedTuple):
    """One top-level statement.

    Attributes
    ----------
    text : str
        Without comments, layout and docstrings.
    reads, binds, certain, changes : frozenset of str
        Names; streams of random numbers count as names (``random()``, ``numpy()``, ``torch()``).
    paths : tuple of tuple
        What is read, as paths.
    calls : bool
        It calls something.
    node : ast.stmt
    """

    text: str
    reads: frozenset[str]
    binds: frozenset[str]
    certain: frozenset[str]
    changes: frozenset[str]
    paths: tuple[NamePath, ...]
    calls: bool
    node: ast.stmt


class Part(NamedTuple):
    """The statements of a cell that some of its outputs depend on.

    Attributes
    ----------
    key : str
        Equal for equal statements.
    reads : frozenset of str
        Names that they read of the notebook.
    indexes : tuple of int
    """

    key: str
    reads: frozenset[str]
    indexes: tuple[int, ...]


class CellParts:
    """The statements of one cell's source.

    Parameters
    ----------
    source : str
        Python, after IPython's transform.

    Raises
    ------
    SyntaxError
        It is no Python.
    """

    def __init__(self, source: str) -> None:
        body = parse(source).body
        bodies = _bodies(body)
        aliases: dict[str, str] = {}
        self.statements = tuple(_statement(node, bodies, aliases) for node in body)
        self.text = "\n".join(statement.text for statement in self.statements)
        # Names that the statements bind or change.
        self.outputs: frozenset[str] = frozenset().union(*(found.binds | found.changes for found in self.statements))
        self.last = len(body) - 1 if body and isinstance(body[-1], ast.Expr) else None

    def part(self, outputs: Iterable[str], drawn: frozenset[str] = frozenset()) -> Part:
        """Return the statements that outputs depend on.

        Parameters
        ----------
        outputs : iterable of str
            Names, :data:`LAST`, or streams.
        drawn : frozenset of str
            Streams of random numbers that were seen to be drawn from, whoever drew.

        Returns
        -------
        Part
            The whole cell where no statement is known to give one of the outputs.
        """
        drawn = frozenset(s for s in drawn if not any(s in found.changes for found in self.statements))
        live, known = set(outputs) - {LAST}, self.outputs | drawn
        found: set[int] = set()
        everything = LAST not in outputs and not live & known
        for index in range(len(self.statements) - 1, -1, -1):
            statement = self.statements[index]
            streams = drawn if statement.calls else frozenset()
            written = statement.binds | statement.changes | streams
            is_last = index == self.last and LAST in outputs
            if everything or is_last or written & live:
                found.add(index)
                live = (live - statement.certain) | statement.reads | streams | (statement.changes & live)
        indexes = tuple(sorted(found))
        return Part(digest_text(*(self.statements[index].text for index in indexes)), frozenset(live), indexes)

    def sets_only(self, name: str) -> frozenset[str] | None:
        """Return the parts of an object that the cell sets by name, None where it may change anything else of it."""
        found = set()
        for statement in self.statements:
            if name in statement.binds:
                return None
            if name not in statement.changes:
                continue
            node = statement.node
            target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
            path = None if target is None else path_of(target)
            if path is None or len(path) != 2 or path[0] != name or changed_roots(node.value):  # type: ignore[attr-defined]
                return None
            key = first_part(path)
            if key is None:
                return None
            found.add(key)
        return frozenset(found)

    def sets_first(self, name: str, through: Iterable[str] = ()) -> frozenset[str]:
        """Return the parts of an object that the cell sets before it reads anything of the object.

        Parameters
        ----------
        name : str
        through : iterable of str
            Names of functions that read it too.
        """
        found = set()
        for statement in self.statements:
            node = statement.node
            target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
            if isinstance(node, ast.Assign) and target is not None:
                path = path_of(target) or ()
                if len(path) == 2 and path[0] == name and not reads_any(node.value, {name, *through}):
                    key = first_part(path)
                    if key is not None:
                        found.add(key)
                        continue
                given = replaced_in(node.value, name) if path == (name,) else None
                if given is not None and statement.reads.isdisjoint(through):
                    return frozenset(found | given)
            if name in statement.reads | statement.changes | statement.binds or not statement.reads.isdisjoint(through):
                break
        return frozenset(found)

    def writers(self, name: str) -> tuple[int, ...]:
        """Return which statements bind or change a name."""
        return tuple(i for i, found in enumerate(self.statements) if name in found.binds | found.changes)


@functools.lru_cache(maxsize=2048)
def parts_of(source: str) -> CellParts | None:
    r"""Return the statements of a cell's source, None where it is no Python.

    Parameters
    ----------
    source : str

    Returns
    -------
    CellParts or None

    Examples
    --------
    >>> parts_of("a = 1\nb = a + c").part(["b"]).reads
    frozenset({'c'})
    """
    try:
        return CellParts(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _bodies(body: list[ast.stmt]) -> dict[str, tuple[set[str], set[str], set[str]]]:
    """Return what the functions and classes of the cell read, change and set when they run."""
    found: dict[str, tuple[set[str], set[str], set[str]]] = {}
    words = attribute_words(body)
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            scope = ClassScope(node, words) if isinstance(node, ast.ClassDef) else FunctionScope(node)
            paths = [*scope.reads, *(scope.later if isinstance(scope, ClassScope) else ())]
            draws = drawn_by(paths)
            reads = {root_of(path) for path in paths} | draws
            changes = {root_of(path) for path in scope.changes} | (changed_roots(node) & reads) | draws
            sets = scope.sets | seeded_by(paths)
            found[node.name] = (reads, changes, sets)
    return found


def _statement(
    node: ast.stmt, bodies: dict[str, tuple[set[str], set[str], set[str]]], aliases: dict[str, str]
) -> Statement:
    """Read a statement; ``aliases`` are names that statements above have made stand for the same object."""
    flow = CellFlow()
    flow.run([node])
    flow.finish()
    defines = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    reads = set(flow.reads) - (flow.deferred if defines else set())
    changes = {root_of(path) for path in flow.changes if len(path) > 1 or path[0] not in MODULES}
    if defines:
        changes &= reads
    else:
        changes |= changed_roots(node)
    changes |= {aliases[name] for name in changes if name in aliases}
    match node:
        case ast.Assign(targets=[ast.Name(id=alias)], value=ast.Name(id=name)):
            aliases[alias] = aliases.get(name, name)
    binds, certain = set(flow.binds), set(flow.binds & flow.certain)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        binds = certain = {node.name}
    seeds: set[str] = set()
    if not defines:
        # What a function of the notebook seeds says its body, whatever it is called.
        seeds, draws = seeded_by(path for path in flow.paths if path[0] not in bodies), drawn_by(flow.paths)
        for name in list(reads):
            inner_reads, inner_changes, inner_sets = bodies.get(name, (set(), set(), set()))
            reads |= inner_reads
            changes |= inner_changes
            binds |= inner_sets
            seeds |= {item for item in inner_sets if item.endswith("()")}
        reads |= draws - seeds
        changes |= draws
        binds |= seeds
        certain |= seeds
    return Statement(
        text=_text(node),
        reads=frozenset(reads - {"get_ipython"} if not flow.opaque else reads),
        binds=frozenset(binds),
        certain=frozenset(certain),
        changes=frozenset(changes),
        paths=tuple(flow.paths),
        calls=any(isinstance(found, ast.Call | ast.For | ast.With | ast.Await) for found in ast.walk(node)),
        node=node,
    )


def _text(node: ast.stmt) -> str:
    try:
        if not any(isinstance(part, _DRESSED) for part in ast.walk(node)):
            return ast.unparse(node)
        return ast.unparse(_Bare().visit(ast.parse(ast.unparse(node))))
    except RecursionError:
        return ast.dump(node)


_DRESSED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.AnnAssign)


class _Bare(ast.NodeTransformer):
    """Takes docstrings and annotations away."""

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        return ast.Assign([node.target], self.visit(node.value), lineno=node.lineno)

    def _bare(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        if not isinstance(node, ast.ClassDef):
            node.returns = None
            self.generic_visit(node)
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and type(first.value.value) is str:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _bare  # noqa: N815 - ast's names

"""What functions and classes take from the scopes around them."""

from __future__ import annotations

import ast

from nbtrack.provenance.expressions import Role
from nbtrack.provenance.paths import NamePath, argument_names, root_of, type_params
from nbtrack.provenance.statements import Definition, StatementWalker


class FunctionScope(StatementWalker):
    """What a function reads and changes of the scopes around it when it is called.

    Parameters
    ----------
    node : ast.FunctionDef, ast.AsyncFunctionDef or ast.Lambda

    Attributes
    ----------
    reads, changes : dict
        Paths into outer names, in order, as keys; of what is changed, the container.
    sets : set of str
        Module names that it binds through ``global``.
    """

    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) -> None:
        super().__init__()
        self.reads: dict[NamePath, None] = {}
        self.changes: dict[NamePath, None] = {}
        self.sets: set[str] = set()
        self._bound: set[str] = set()
        self._global: set[str] = set()
        self._nonlocal: set[str] = set()
        self._run(node)

    def _run(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) -> None:
        if not isinstance(node, ast.ClassDef):
            self._bound |= argument_names(node.args) | type_params(node)
        if isinstance(node, ast.Lambda):
            self.expression(node.body)
        else:
            self.body(node.body)
        self.reads = {path: None for path in self.reads if path[0] not in self._bound}
        self.changes = {path: None for path in self.changes if path[0] not in self._bound}

    def read(self, path: NamePath) -> None:
        """Keep the path."""
        self.reads.setdefault(path)

    def change(self, path: NamePath, value: ast.expr | None, *, within: bool) -> None:  # noqa: ARG002 - a hook
        """Keep the container that is changed."""
        self.changes.setdefault(path if within else path[:-1])

    def bind(self, name: str, role: Role, value: ast.expr | None, node: ast.AST) -> None:  # noqa: ARG002 - a hook
        """Keep the name as local, unless it was declared otherwise."""
        if name in self._global:
            self.sets.add(name)
        elif name not in self._nonlocal:
            self._bound.add(name)

    def declare(self, node: ast.Global | ast.Nonlocal) -> None:
        """Keep the names as not local."""
        (self._global if isinstance(node, ast.Global) else self._nonlocal).update(node.names)

    def define(self, node: Definition) -> None:
        """Take over what an inner function or class takes from further out."""
        self.bind(node.name, Role.DEFINE, None, node)
        inner = ClassScope(node) if isinstance(node, ast.ClassDef) else FunctionScope(node)
        self.reads.update(inner.reads)
        if isinstance(inner, ClassScope):
            self.reads.update(inner.later)
        self.changes.update(inner.changes)
        self.sets |= inner.sets


def attribute_words(body: list[ast.stmt]) -> frozenset[str] | None:
    """Return the attributes and texts that code mentions; None where it defines no class, which alone asks."""
    if not any(isinstance(node, ast.ClassDef) for node in body):
        return None
    parts = [part for node in body for part in ast.walk(node)]
    texts = {part.value for part in parts if isinstance(part, ast.Constant) and type(part.value) is str}
    return frozenset({part.attr for part in parts if isinstance(part, ast.Attribute)} | texts)


class ClassScope(FunctionScope):
    """What a class body reads while it runs (``reads``), and what its methods read when called (``later``).

    Parameters
    ----------
    node : ast.ClassDef
    words : frozenset of str, optional
        Words of the code around it: methods that it does not mention are not called there, special ones apart.

    Attributes
    ----------
    later, uncalled : dict
        Paths, as keys; ``uncalled`` those that only methods read which nobody mentions.
    """

    def __init__(self, node: ast.ClassDef, words: frozenset[str] | None = None) -> None:
        self.later: dict[NamePath, None] = {}
        self.uncalled: dict[NamePath, None] = {}
        self._words = words
        super().__init__(node)

    def _run(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) -> None:
        assert isinstance(node, ast.ClassDef)
        self._bound |= type_params(node)
        self.body(node.body)

    def read(self, path: NamePath) -> None:
        """Keep the path unless the body bound its name above: ``lr = lr`` in a class reads the outer one."""
        if root_of(path) not in self._bound:
            self.reads.setdefault(path)

    def define(self, node: Definition) -> None:
        """Keep what methods read for later; they do not see the names of the class body."""
        self.bind(node.name, Role.DEFINE, None, node)
        if isinstance(node, ast.ClassDef):
            inner = ClassScope(node)
            for path in inner.reads:
                self.read(path)
            self.later.update(inner.later)
            self.changes.update(inner.changes)
            self.sets |= inner.sets
        elif not (self._words is None or node.name in self._words or node.name.startswith("__") or node.decorator_list):
            self.uncalled.update(FunctionScope(node).reads)
        else:
            method = FunctionScope(node)
            self.later.update(method.reads)
            self.changes.update(method.changes)
            self.sets |= method.sets

"""Which names a cell binds at its top level, and how often."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Any

_MANY = 2


class ModuleBindings:
    """Counts the places where module-level names are bound or deleted.

    Attributes
    ----------
    counts : Counter of str
        A name that a function binds through ``global`` counts as bound more than once.
    imports : dict of str to set
        Names bound by imports, and what they then are.
    star : bool
        There is a star import.

    Examples
    --------
    >>> found = ModuleBindings(ast.parse("a = 1; a += [b for b in c]"))
    >>> sorted(found.counts.items())
    [('a', 2)]
    """

    def __init__(self, tree: ast.AST) -> None:
        self.counts: Counter[str] = Counter()
        self.imports: dict[str, set[tuple[object, ...]]] = {}
        self.star = False
        self._walk(tree, inside=False)

    def _walk(self, node: ast.AST, *, inside: bool) -> None:
        """Visit a node; what is inside a function or class binds names of its own."""
        match node:
            case ast.Global(names=names):
                for name in names:
                    self.counts[name] += _MANY
                return
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                if not inside and not isinstance(node, ast.Lambda):
                    self.counts[node.name] += 1
                for field, value in ast.iter_fields(node):
                    self._walk_all(value, inside=inside or field == "body")
                return
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                # Their targets are their own; a walrus binds in the scope around them.
                walruses = [part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
                self.counts.update([] if inside else walruses)
                return
        if not inside:
            self._bind(node)
        for child in ast.iter_child_nodes(node):
            self._walk(child, inside=inside)

    def _walk_all(self, value: Any, *, inside: bool) -> None:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                self._walk(item, inside=inside)

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                self.counts[name] += 1
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self.counts[name] += 1
            case ast.MatchMapping(rest=str(name)):
                self.counts[name] += 1
            case ast.Import() | ast.ImportFrom():
                targets = import_targets(node)
                self.star = self.star or targets is None
                for name, target in (targets or {}).items():
                    self.counts[name] += 1
                    self.imports.setdefault(name, set()).add(target)


def import_targets(node: ast.Import | ast.ImportFrom) -> dict[str, tuple[object, ...]] | None:
    """Return the names that an import binds, and what each then is; None for a star import.

    Parameters
    ----------
    node : ast.Import or ast.ImportFrom

    Returns
    -------
    dict of str to tuple or None

    Examples
    --------
    >>> import_targets(ast.parse("import os.path").body[0])
    {'os': ('os',)}
    """
    found: dict[str, tuple[object, ...]] = {}
    for alias in node.names:
        if alias.name == "*":
            return None
        if isinstance(node, ast.ImportFrom):
            found[alias.asname or alias.name] = (node.level, node.module, alias.name)
        elif alias.asname:
            found[alias.asname] = (alias.name,)
        else:
            found[alias.name.partition(".")[0]] = (alias.name.partition(".")[0],)
    return found

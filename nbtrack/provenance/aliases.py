"""What code calls by another name than its own: ``from time import time``, ``import datetime as d``."""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Iterable, Mapping

from nbtrack.provenance.clocks import called

_MODULES = frozenset("time datetime timeit uuid secrets os random numpy numpy.random pandas".split())


def imported(trees: Iterable[ast.AST]) -> dict[str, str]:
    """Return what names stand for that code imports from modules of clocks and of chance.

    Parameters
    ----------
    trees : iterable of ast.AST

    Returns
    -------
    dict of str to str
        Dotted names by names; those that say themselves what they are, as ``time`` of ``import time``, left out.

    Examples
    --------
    >>> imported([ast.parse("from time import time, sleep as s; import datetime as d; import os")])
    {'time': 'time.time', 's': 'time.sleep', 'd': 'datetime'}
    """
    return dict(pair for tree in trees for pair in _imported(tree))


@functools.lru_cache(maxsize=4096)
def _imported(tree: ast.AST) -> tuple[tuple[str, str], ...]:
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found += [(item.asname, item.name) for item in names if item.asname and item.name in _MODULES]
            case ast.ImportFrom(module=str(module), names=names, level=0) if module in _MODULES:
                found += [(item.asname or item.name, f"{module}.{item.name}") for item in names]
    return tuple(found)


def in_full(tree: ast.AST, names: Mapping[str, str], known: frozenset[str]) -> ast.AST:
    """Return code with its calls of some functions written by their full names.

    Parameters
    ----------
    tree : ast.AST
    names : mapping of str to str
        What names stand for, as :func:`imported` gives it.
    known : frozenset of str
        The functions, dotted; what is called by one of these names already stays as it is.

    Returns
    -------
    ast.AST
        The same object where there is nothing to be written otherwise.

    Examples
    --------
    >>> ast.unparse(in_full(ast.parse("t0 = time()"), {"time": "time.time"}, frozenset({"time.time"})))
    't0 = time.time()'
    """
    if not names:
        return tree
    return _in_full(tree, tuple(sorted(names.items())), known)


# The same object each time, so that whoever remembers what it found in one finds it again.
@functools.lru_cache(maxsize=4096)
def _in_full(tree: ast.AST, names: tuple[tuple[str, str], ...], known: frozenset[str]) -> ast.AST:
    spelled = _Spelling(dict(names), known)
    if not any(spelled.full(node) for node in ast.walk(tree) if isinstance(node, ast.Call)):
        return tree
    made: ast.AST = spelled.visit(copy.deepcopy(tree))
    return made


class _Spelling(ast.NodeTransformer):
    """Writes the names of calls in full."""

    def __init__(self, names: Mapping[str, str], known: frozenset[str]) -> None:
        self._names = names
        self._known = known

    def full(self, call: ast.Call) -> str:
        """Return what a call should be written as; empty where it is to stay as it is."""
        written = called(call)
        name, dot, rest = written.partition(".")
        if name not in self._names:
            return ""
        full = f"{self._names[name]}{dot}{rest}"
        return full if written not in self._known and full in self._known else ""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Write one call in full."""
        self.generic_visit(node)
        full = self.full(node)
        if full:
            node.func = ast.copy_location(ast.parse(full, mode="eval").body, node.func)
        return node

"""Names whose values are other ones in every process, and say nothing: times, and where the folder is."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from nbtrack.replay.verdict.timers import assignments, clocks_of, parsed

# A replay works in a folder of its own.
_PLACES = frozenset(
    "getcwd cwd abspath absolute resolve realpath expanduser mkdtemp mkstemp gettempdir NamedTemporaryFile "
    "TemporaryDirectory __file__".split()
)


def passing_names(sources: Sequence[str]) -> frozenset[str]:
    r"""Return the names that hold readings of clocks, or paths in full and what is made of them.

    Parameters
    ----------
    sources : sequence of str
        The cells that ran, in order.

    Returns
    -------
    frozenset of str

    Examples
    --------
    >>> sorted(passing_names(["t0 = time.time()\nROOT = Path.cwd()", "DATA = ROOT / 'data'\nn = 3"]))
    ['DATA', 'ROOT', 't0']
    """
    found: set[str] = set()
    trees = parsed(sources)
    for tree in trees:
        for names, value in _bindings(tree):
            words = {
                part.id if isinstance(part, ast.Name) else part.attr
                for part in ast.walk(value)
                if isinstance(part, ast.Name | ast.Attribute)
            }
            if words & _PLACES or words & found:
                found.update(names)
    return clocks_of(trees) | found


def _bindings(tree: ast.AST) -> Iterator[tuple[list[str], ast.expr]]:
    yield from assignments(tree)
    for node in ast.walk(tree):
        match node:
            case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
                yield [name], value

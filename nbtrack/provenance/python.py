"""A cell's code as Python: its magics as calls, its syntax, and that syntax without what changes nothing."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection
from functools import lru_cache

from nbtrack.provenance.constants import is_constant

_WITH_DOCSTRING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def as_python(source: str) -> str:
    r"""Return a cell's code with its magics and shell commands turned into calls, as IPython runs it.

    Parameters
    ----------
    source : str

    Returns
    -------
    str
        The code as it is where IPython cannot read it.

    Examples
    --------
    >>> as_python("%matplotlib inline")
    "get_ipython().run_line_magic('matplotlib', 'inline')\n"
    """
    if not any(sign in source for sign in "%!?") and not source.startswith((" ", "\t")):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        found: str = TransformerManager().transform_cell(source)
    except (SyntaxError, ValueError, RecursionError):
        return source
    return found


def parse(python: str) -> ast.Module | None:
    """Return the syntax of code, or None where it is no Python.

    Parameters
    ----------
    python : str

    Returns
    -------
    ast.Module or None
    """
    with warnings.catch_warnings():
        # Escape sequences are for whoever runs the code to be warned of.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(python)
        except (SyntaxError, ValueError, RecursionError):
            return None


def essence(source: str, masked: Collection[str] = ()) -> str:
    r"""Return what is left of a cell's code without comments, layout and docstrings: equal texts run alike.

    Parameters
    ----------
    source : str
    masked : collection of str
        Names whose literal values are left out too.

    Returns
    -------
    str

    Examples
    --------
    >>> essence("a = f( 1 )  # one") == essence("a = f(1)")
    True
    >>> essence("C = 0.1") == essence("C = 1.0"), essence("C = 0.1", ["C"]) == essence("C = 1.0", ["C"])
    (False, True)
    """
    return _essence(source, frozenset(masked))


# Of many runs that are compared, most have the same cells.
@lru_cache(maxsize=256)
def _essence(source: str, masked: frozenset[str]) -> str:
    tree = parse(as_python(source))
    if tree is None:
        return "\n".join(line.rstrip() for line in source.split("\n")).strip()
    for node in ast.walk(tree):
        if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    for statement in tree.body:
        _mask(statement, masked)
    try:
        return ast.dump(tree)
    except RecursionError:
        return source


def _mask(node: ast.stmt, names: Collection[str]) -> None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names and is_constant(value):
            node.value = ast.Constant(0)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in names and is_constant(value):
            node.value = ast.Constant(0)

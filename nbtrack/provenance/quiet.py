"""Cells that only look at arrays and tables: what they have read need not be gone through again behind them."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from nbtrack.provenance.cellcode import parse
from nbtrack.provenance.objects import MISSING, is_a

# Functions and methods that change nothing and call nothing back, of arrays and tables and of what those give.
_FUNCTIONS = frozenset("abs bool float int len max min print range round str sum display".split())
_METHODS = frozenset(
    "abs all any argmax argmin argsort astype between ceil clip copy corr count cumsum describe diff drop_duplicates "
    "dropna duplicated exp fillna flatten floor groupby head idxmax idxmin info isin isna isnull keys log log1p max "
    "mean median memory_usage merge min nlargest notna notnull nsmallest nunique pct_change quantile ravel "
    "reset_index reshape round set_index shift size sort_index sort_values sqrt square std sum tail to_frame to_list "
    "to_numpy tolist transpose unique value_counts var".split()
)
_NODES = (
    ast.Assign, ast.Attribute, ast.BinOp, ast.BoolOp, ast.Call, ast.Compare, ast.Constant, ast.Dict, ast.Expr,
    ast.FormattedValue, ast.JoinedStr, ast.List, ast.Module, ast.Name, ast.Slice, ast.Subscript, ast.Tuple,
    ast.UnaryOp, ast.boolop, ast.cmpop, ast.expr_context, ast.keyword, ast.operator, ast.unaryop,
)  # fmt: skip
_SINGLE = (int, float, str, bool, type(None), ModuleType, type(MISSING))


@functools.lru_cache(maxsize=256)
def looks_quiet(source: str) -> bool:
    """Tell whether a cell's syntax changes no array or table.

    Parameters
    ----------
    source : str

    Returns
    -------
    bool

    Examples
    --------
    >>> looks_quiet("top = df[df['n'] > 3].mean()"), looks_quiet("df['n'] = 3"), looks_quiet("fit(df)")
    (True, False, False)
    """
    try:
        return all(isinstance(node, _NODES) and _is_quiet(node) for node in ast.walk(parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return False


def _is_quiet(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute | ast.Subscript):
        return isinstance(node.ctx, ast.Load)
    if not isinstance(node, ast.Call):
        return True
    # One that is given a place for its results writes there.
    if any(keyword.arg in (None, "out", "inplace", "key", "buf") for keyword in node.keywords):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr in _METHODS
    return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS


def is_quiet(source: str, reads: Mapping[str, Any], namespace: Mapping[str, Any]) -> bool:
    """Tell whether a cell has changed nothing that it has read.

    Parameters
    ----------
    source : str
    reads : mapping of str to object
        Names that it has read.
    namespace : mapping of str to object
        The notebook's names.

    Returns
    -------
    bool
        False where it cannot be told.
    """
    if not looks_quiet(source) or not _FUNCTIONS.isdisjoint(namespace.keys() - {"display"}):
        return False
    known = [getattr(sys.modules.get("numpy"), "ndarray", None)]
    known += [getattr(sys.modules.get("pandas"), name, None) for name in ("DataFrame", "Series")]
    kinds = (*_SINGLE, *(cls for cls in known if cls is not None))
    return all(is_a(namespace.get(name, MISSING), *kinds) for name in reads)

"""Estimators of scikit-learn: what they are set to, apart from what they learned, and which cells fit them anew."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from itertools import islice
from typing import Any

from nbtrack.provenance.cellcode import parse
from nbtrack.provenance.mutations import root_name
from nbtrack.provenance.objects import bases, class_name, is_a, mapping_items, module_name, own_attributes

MARK = "set:"
"""Begins the names of settings among the parts of a value; by itself the part that each estimator has."""

_FITS = frozenset("fit fit_transform fit_predict".split())
# Learn from the start, on a clone or on the estimator itself.
_FITTING = frozenset(
    "cross_val_score cross_validate cross_val_predict learning_curve validation_curve GridSearchCV "
    "RandomizedSearchCV permutation_test_score clone".split()
)
# Neither learn nor tell what was learned.
_NEUTRAL = frozenset("set_params get_params items values keys append get __name__ __class__".split())
_GOING_ON = ("partial_fit", "warm_start", "check_is_fitted", "Frozen", "prefit")
_MAX_DEPTH = 8


def settings(value: Any, limit: int) -> Iterator[tuple[str, Any]]:
    """Yield what an estimator, or each of a container of them, is set to.

    Parameters
    ----------
    value : object
    limit : int
        Most settings.

    Yields
    ------
    (str, object)
        Names as ``set_params`` has them, behind :data:`MARK`; nothing for anything else.
    """
    if not _is_estimator(value) and not _holds_estimators(value):
        return
    found = [(MARK + name, item) for name, item in islice(_settings(value, "", 0), limit + 1)]
    if len(found) <= limit and not any(name.endswith("warm_start") and item is True for name, item in found):
        yield from found


def _settings(value: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if _is_estimator(value):
        yield prefix, class_name(type(value))
        for name, item in own_attributes(value).items():
            if not name.startswith("_") and not name.endswith("_"):
                yield from _settings(item, f"{prefix}__{name}" if prefix else name, depth + 1)
    elif _holds_estimators(value):
        yield prefix, len(value)
        for place, (key, item) in enumerate(_items(value)):
            named = type(item) is tuple and bool(item) and type(item[0]) is str
            if named and prefix:
                # The steps of a pipeline are named beside the list of them: model__C, not steps__model__C.
                outer = f"{prefix.rpartition('__')[0]}__".removeprefix("__")
                yield f"{prefix}[{place}]", item[0]
                for part in item[1:]:
                    yield from _settings(part, f"{outer}{item[0]}", depth + 1)
            else:
                yield from _settings(item, f"{prefix}[{key}]", depth + 1)
    else:
        yield prefix, value


def _is_estimator(value: Any) -> bool:
    return any(class_name(cls) == "BaseEstimator" and module_name(cls) == "sklearn.base" for cls in bases(type(value)))


def _holds_estimators(value: Any) -> bool:
    if not is_a(value, list, tuple, dict) or len(value) > 50:
        return False
    return any(
        _is_estimator(item) or (type(item) is tuple and any(map(_is_estimator, item))) for _, item in _items(value)
    )


def _items(value: Any) -> list[tuple[Any, Any]]:
    if type(value) is dict:
        return [(key, item) for key, item in mapping_items(value) or () if is_a(key, str, int, float, bool)]
    return list(enumerate(value))


@functools.lru_cache(maxsize=256)
def settings_read(sources: tuple[str, ...], name: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    r"""Return which settings of estimators a cell takes as they are, if it fits them before it asks what they learned.

    Parameters
    ----------
    sources : tuple of str
        The cell as Python, and what defines the functions that it may call.
    name : str
        What the estimators, or their container, are called.
    parts : tuple of str
        Names of all parts that they have.

    Returns
    -------
    tuple of str
        Empty where the cell may use what they have learned before.

    Examples
    --------
    >>> settings_read(("pipe.set_params(clf__C=3)\npipe.fit(X)",), "pipe", ("set:", "set:clf__C", "set:clf__tol"))
    ('set:', 'set:clf__tol')
    >>> settings_read(("pipe.predict(X)",), "pipe", ("set:", "set:clf__C"))
    ()
    """
    if any(word in source for source in sources for word in _GOING_ON):
        return ()
    try:
        trees = [parse(source) for source in sources]
    except (SyntaxError, ValueError, RecursionError):
        return ()
    uses = sorted(_own_uses(trees[0], name))
    asked = [step for _, _, step in uses if step not in _NEUTRAL]
    if asked and asked[0] not in _FITS:
        return ()
    if not asked and not any(_fits(tree) for tree in trees):
        return ()
    given = set(_given(trees[0], name))
    return tuple(part for part in parts if part.startswith(MARK) and part not in given)


def _own_uses(tree: ast.AST, name: str) -> Iterator[tuple[int, int, str]]:
    """Yield the attributes that are asked of a name, chains of calls and items included, with where they stand."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        inner: ast.expr = node.value
        while isinstance(inner, ast.Call | ast.Subscript):
            if isinstance(inner, ast.Subscript):
                inner = inner.value
            elif isinstance(inner.func, ast.Attribute) and inner.func.attr in _NEUTRAL:
                inner = inner.func.value
            else:
                break
        if isinstance(inner, ast.Name) and inner.id == name:
            yield node.end_lineno or 0, node.end_col_offset or 0, node.attr


def _fits(tree: ast.AST) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if called in _FITS or called in _FITTING:
                return True
    return False


def _given(tree: ast.AST, name: str) -> Iterator[str]:
    """Yield the settings that a cell gives itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set_params":
            if root_name(node.func.value) == name:
                yield from (MARK + key.arg for key in node.keywords if key.arg)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and root_name(node.value) == name:
            yield MARK + node.attr

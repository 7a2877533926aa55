"""Draws that change nothing: estimators of scikit-learn that take a seed from NumPy's generator and do without it."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from nbtrack.provenance.drawing import ESTIMATORS
from nbtrack.provenance.objects import class_name, is_a, mapping_items, module_name, own_attributes

_WITHOUT_USE = frozenset(
    "SVC SVR NuSVC NuSVR OneClassSVM Lasso LassoCV ElasticNet ElasticNetCV MultiTaskLasso MultiTaskLassoCV "
    "MultiTaskElasticNet MultiTaskElasticNetCV".split()
)
"""Do without what they draw, unless probabilities or a random order are asked for."""
_LOGISTIC = frozenset("LogisticRegression LogisticRegressionCV".split())
_STEADY_SOLVERS = frozenset("lbfgs liblinear newton-cg newton-cholesky".split())
_LINEAR_VECTORS = frozenset("LinearSVC LinearSVR".split())
_BOOSTING = frozenset("HistGradientBoostingClassifier HistGradientBoostingRegressor".split())
# With more rows they hold some back, at random, to know when to stop.
_MOST_BOOSTED_ROWS = 10_000
# Whether they shuffle where nothing is said.
_SPLITTING = {"train_test_split": True, "KFold": False, "StratifiedKFold": False, "StratifiedGroupKFold": False}
_DRAWING = ESTIMATORS | frozenset(
    "sample shuffle permutation choice ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit RepeatedKFold "
    "RepeatedStratifiedKFold Perceptron IterativeImputer make_classification make_regression "
    "make_blobs make_moons make_circles RandomizedSearchCV permutation_importance permutation_test_score PCA TSNE MDS "
    "resample StackingClassifier StackingRegressor SMOTE SMOTENC BorderlineSMOTE ADASYN RandomOverSampler "
    "RandomUnderSampler UMAP".split()
)
# As methods, of generators of the notebook's own: the global one's are looked for elsewhere.
_OF_GENERATORS = frozenset({"permutation", "choice"})
_KNOWN = _WITHOUT_USE | _LOGISTIC | _LINEAR_VECTORS | _BOOSTING | _SPLITTING.keys() | _DRAWING
# Settings under which draws matter, named apart from the estimator that has them: in a grid, by ``set_params``.
_OF_BOOSTING = frozenset({"early_stopping", "max_features"})
_TELLING = frozenset("probability selection shuffle dual sag saga".split())
_MOST_ITEMS = 100
_MOST_OBJECTS = 500
_UNKNOWN = object()
_Use = tuple[str, Mapping[str, Any]]


def are_idle(code: Iterable[ast.AST], values: Iterable[Any]) -> bool:
    """Tell whether nothing has drawn from NumPy's global generator but estimators that make no use of it.

    Parameters
    ----------
    code : iterable of ast.AST
        What ran, with the functions of the notebook that it may have called.
    values : iterable of object
        What it read and bound.

    Returns
    -------
    bool
        False where no such estimator is to be seen.

    Examples
    --------
    >>> split = "a, b = train_test_split(X, random_state=0)"
    >>> are_idle([ast.parse(f"{split}; SVC().fit(a)")], [])
    True
    >>> are_idle([ast.parse("a, b = train_test_split(X); SVC().fit(a)")], [])
    False
    """
    held = list(values)
    found = [use for node in code for use in _in_code(node)]
    found += _in_values(held)
    few_rows = _have_few_rows(held) and not any(name in _OF_BOOSTING for name, _ in found)
    idle = [_is_idle(name, settings, few_rows) for name, settings in found]
    return True in idle and False not in idle


def _is_idle(name: str, settings: Mapping[str, Any], few_rows: bool) -> bool | None:
    """Tell whether what something draws is for nothing; None where it does not draw from the global generator."""
    if name in _OF_BOOSTING or settings.get("random_state") is not None:
        return None
    if name in _SPLITTING:
        return False if settings.get("shuffle", _SPLITTING[name]) else None
    if name in _WITHOUT_USE:
        order, chances = settings.get("selection", "cyclic"), settings.get("probability", False)
        return order == "cyclic" and chances in (False, "deprecated")
    if name in _LOGISTIC:
        return settings.get("solver", "lbfgs") in _STEADY_SOLVERS and not settings.get("dual")
    if name in _LINEAR_VECTORS:
        return settings.get("dual", True) is False
    if name in _BOOSTING:
        stops = settings.get("early_stopping", "auto")
        return settings.get("max_features", 1.0) == 1.0 and (stops is False or (stops == "auto" and few_rows))
    return False


def _seeds_its_parts(name: str, settings: Mapping[str, Any]) -> bool:
    """Tell whether something gives the estimators that it consists of seeds of its own."""
    return name in ESTIMATORS and settings.get("random_state") is not None


def _in_code(node: ast.AST) -> Iterator[_Use]:
    """Yield what code may draw with: names, with their settings where they are called, and telling words."""
    inner = ast.iter_child_nodes(node)
    match node:
        case ast.Import() | ast.ImportFrom():
            return
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _KNOWN - _OF_GENERATORS:
            settings = {keyword.arg: _constant(keyword.value) for keyword in node.keywords if keyword.arg is not None}
            yield name, settings
            given = [keyword.value for keyword in node.keywords if _constant(keyword.value) is _UNKNOWN]
            inner = iter(
                _root(node.func) if _seeds_its_parts(name, settings) else [*_root(node.func), *node.args, *given]
            )
        case ast.Name(id=name) if name in _KNOWN:
            yield name, {}
        case ast.Attribute(attr=name) if name in _KNOWN - _OF_GENERATORS:
            yield name, {}
        case ast.Constant(value=str(text)) | ast.keyword(arg=str(text)):
            yield from _in_text(text)
    for child in inner:
        yield from _in_code(child)


def _in_values(values: Iterable[Any]) -> Iterator[_Use]:
    """Yield what may draw among objects, their settings and their items, those that lie deep last."""
    pending = deque(values)
    for _ in range(_MOST_OBJECTS):
        if not pending:
            return
        value = pending.popleft()
        if is_a(value, str):
            yield from _in_text(value)
        elif is_a(value, list, tuple):
            pending.extend(islice(value, _MOST_ITEMS))
        elif is_a(value, dict):
            pending.extend(islice(chain.from_iterable(mapping_items(value) or ()), _MOST_ITEMS))
        elif module_name(type(value)).startswith("sklearn."):
            name = class_name(type(value))
            settings = {key: item for key, item in own_attributes(value).items() if not key.endswith("_")}
            if name in _KNOWN:
                yield name, settings
            if not _seeds_its_parts(name, settings):
                pending.extend(item for item in settings.values() if name not in _KNOWN or not is_a(item, str))


def _in_text(text: str) -> Iterator[_Use]:
    """Yield the setting that a text names; the steps of a pipeline have it behind theirs: ``svc__probability``."""
    word = text.rpartition("__")[2]
    if word in _TELLING or word in _OF_BOOSTING:
        yield word, {}


def _root(function: ast.expr) -> list[ast.expr]:
    return [function.value] if isinstance(function, ast.Attribute) else []


def _constant(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else _UNKNOWN


def _have_few_rows(values: Iterable[Any]) -> bool:
    """Tell whether there are tables, and none that is large."""
    tables = [value for value in values if module_name(type(value)).startswith(("numpy", "pandas"))]
    rows = [table.shape[0] for table in tables if getattr(table, "ndim", 0) == 2]
    return bool(rows) and max(rows) <= _MOST_BOOSTED_ROWS

"""Estimators of scikit-learn that draw random numbers, and where they do so out of sight: in other processes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from nbtrack.provenance.clocks import called

ESTIMATORS = frozenset(
    "RandomForestClassifier RandomForestRegressor RandomTreesEmbedding ExtraTreesClassifier ExtraTreesRegressor "
    "ExtraTreeClassifier ExtraTreeRegressor DecisionTreeClassifier DecisionTreeRegressor GradientBoostingClassifier "
    "GradientBoostingRegressor AdaBoostClassifier AdaBoostRegressor IsolationForest KMeans MiniBatchKMeans "
    "BisectingKMeans GaussianMixture BayesianGaussianMixture SpectralClustering SGDClassifier SGDRegressor "
    "PassiveAggressiveClassifier PassiveAggressiveRegressor MLPClassifier MLPRegressor BernoulliRBM BaggingClassifier "
    "BaggingRegressor RANSACRegressor TheilSenRegressor TruncatedSVD FastICA NMF LatentDirichletAllocation Nystroem "
    "RBFSampler".split()
)
"""Draw from the global generator where they are given no seed, and what they learn hangs on it."""

_SENDING = frozenset(
    "cross_val_score cross_validate cross_val_predict learning_curve validation_curve permutation_test_score "
    "GridSearchCV RandomizedSearchCV HalvingGridSearchCV HalvingRandomSearchCV RFECV".split()
)
_IN_THREADS = ("threading", "threads", "sequential")


def drawn_in_processes(sources: Sequence[str], trees: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """Yield the estimators without a seed that are fitted in processes of their own, whose generators nobody can seed.

    Parameters
    ----------
    sources : sequence of str
    trees : sequence of ast.AST
        The code of the sources, as far as it matters.

    Yields
    ------
    (int, str)
        Which source makes one, and how.

    Examples
    --------
    >>> code = "cross_val_score(RandomForestClassifier(), X, y, n_jobs=2)"
    >>> list(drawn_in_processes([code], [ast.parse(code)]))
    [(0, 'RandomForestClassifier()')]
    """
    if not any("n_jobs" in source for source in sources) or any(
        word in source for source in sources for word in _IN_THREADS
    ):
        return
    if any(_sends(call) for call in _calls(trees)):
        for place, tree in enumerate(trees):
            for call in _calls([tree]):
                if called(call).rpartition(".")[2] in ESTIMATORS and not _is_seeded(call):
                    yield place, ast.unparse(call)


def _calls(trees: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for tree in trees:
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _sends(call: ast.Call) -> bool:
    if called(call).rpartition(".")[2] not in _SENDING:
        return False
    jobs = next((keyword.value for keyword in call.keywords if keyword.arg == "n_jobs"), None)
    return jobs is not None and not (isinstance(jobs, ast.Constant) and jobs.value in (None, 1))


def _is_seeded(call: ast.Call) -> bool:
    """Tell whether a call gives a seed, or may give one."""
    for keyword in call.keywords:
        if keyword.arg is None:
            return True
        if keyword.arg == "random_state":
            return not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
    return False

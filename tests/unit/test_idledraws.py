"""Which draws from NumPy's global generator change nothing."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from nbtrack.provenance.idledraws import are_idle


def idle(code: str, *values: object) -> bool:
    return are_idle([ast.parse(code)], values)


@pytest.mark.parametrize(
    "code",
    [
        "SVC().fit(X, y)",
        "svm.SVC(C=2, probability=False).fit(X, y)",
        "a, b = train_test_split(X, random_state=0)\nSVC().fit(a)",
        "a, b = train_test_split(X, shuffle=False)\nSVC().fit(a)",
        "cross_val_score(SVC(), X, y, cv=KFold(5))",
        "cross_val_score(SVC(), X, y, cv=StratifiedKFold(5, shuffle=True, random_state=seed))",
        "for m in (SVC(), LogisticRegression(max_iter=9)): m.fit(X, y)",
        "LogisticRegression(solver='liblinear').fit(X, y)",
        "LinearSVC(dual=False).fit(X, y)",
        "models = {'RandomForestClassifier': RandomForestClassifier(random_state=1), 'SVC': SVC()}",
        "AdaBoostClassifier(DecisionTreeClassifier(), random_state=0).fit(X, y), SVC().fit(X, y)",
        "for kind in (SVC, NuSVC): kind().fit(X, y)",
        "from sklearn.ensemble import RandomForestClassifier\nSVC().fit(X, y)",
        "X = rng.permutation(X)\nSVC().fit(X, y)",
        "print('the best model selection of all'), SVC().fit(X, y)",
        "HistGradientBoostingClassifier(early_stopping=False).fit(X, y)",
        "Lasso(selection='cyclic').fit(X, y)",
    ],
)
def test_what_is_drawn_for_nothing(code):
    assert idle(code)


@pytest.mark.parametrize(
    "code",
    [
        "f(X)",
        "Ridge().fit(X, y)",
        "a, b = train_test_split(X)\nSVC().fit(a)",
        "a, b = train_test_split(X, random_state=None)\nSVC().fit(a)",
        "cross_val_score(SVC(), X, y, cv=KFold(5, shuffle=True))",
        "SVC(probability=True).fit(X, y)",
        "SVC(probability=wanted).fit(X, y)",
        "SVC().set_params(probability=True).fit(X, y)",
        "GridSearchCV(make_pipeline(SVC()), {'svc__probability': [True]}).fit(X, y)",
        "GridSearchCV(LogisticRegression(), {'solver': ['lbfgs', 'saga']}).fit(X, y)",
        "LogisticRegression(solver='sag').fit(X, y)",
        "LogisticRegression(solver=name).fit(X, y)",
        "LinearSVC().fit(X, y)",
        "SVC().fit(X, y), RandomForestClassifier().fit(X, y)",
        "for kind in (SVC, RandomForestClassifier): kind().fit(X, y)",
        "RandomizedSearchCV(RandomForestClassifier(), grid, random_state=0).fit(X, y), SVC().fit(X, y)",
        "part = df[df.a > 0].sample(3)\nSVC().fit(part)",
        "X = permutation(X)\nSVC().fit(X, y)",
        "HistGradientBoostingClassifier().fit(load())",
        "HistGradientBoostingClassifier(max_features=0.5, early_stopping=False).fit(X, y)",
        "Lasso(selection='random').fit(X, y)",
    ],
)
def test_what_may_matter(code):
    assert not idle(code)


def test_boosting_holds_rows_back_where_there_are_many():
    code = "HistGradientBoostingClassifier().fit(X, y)"
    assert idle(code, np.zeros((10_000, 2)))
    assert not idle(code, np.zeros((10_001, 2)))
    assert not idle("HistGradientBoostingClassifier(early_stopping=True).fit(X, y)", np.zeros((10, 2)))
    assert not idle(f"model.set_params(early_stopping=True)\n{code}", np.zeros((10, 2)))
    assert idle("model.fit(X, y)", HistGradientBoostingClassifier(), np.zeros((10, 2)))
    assert not idle("model.fit(X, y)", HistGradientBoostingClassifier(max_features=0.5), np.zeros((10, 2)))


def test_estimators_of_earlier_cells_are_looked_into():
    assert idle("pipe.fit(X, y)", make_pipeline(StandardScaler(), SVC()))
    assert not idle("pipe.fit(X, y)", make_pipeline(StandardScaler(), SVC(random_state=None, probability=True)))
    seeded, unseeded = RandomForestClassifier(random_state=1), RandomForestClassifier()
    assert idle("for model in models: model.fit(X, y)", [SVC(), seeded])
    assert not idle("for model in models: model.fit(X, y)", {"svc": SVC(), "forest": unseeded})
    assert not idle("search.fit(X, y), SVC().fit(X, y)", {"solver": ["lbfgs", "saga"]})


def test_large_and_circular_containers_end():
    ring: list[object] = [SVC()]
    ring.append(ring)
    assert idle("fit(ring)", ring, [[[0.0] * 500] * 500] * 500)

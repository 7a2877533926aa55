"""What estimators are set to, and which cells fit them anew."""

from __future__ import annotations

import ast

import pytest

from nbtrack.provenance.digests import digest_value
from nbtrack.provenance.estimators import MARK, settings_read
from nbtrack.provenance.mutations import replaced_in


@pytest.fixture
def pipe():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    return Pipeline([("scale", StandardScaler()), ("clf", LogisticRegression(C=2.0))])


def settings_of(value):
    return {key: digest for key, digest in digest_value(value, {}).parts.items() if key.startswith(MARK)}


def test_learning_leaves_the_settings_as_they_are(pipe):
    before = settings_of(pipe)
    pipe.fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    assert settings_of(pipe) == before
    assert "set:clf__C" in before


def test_a_setting_of_a_step_is_one_of_the_pipeline(pipe):
    before = settings_of(pipe)
    pipe.set_params(clf__C=3.0)
    now = settings_of(pipe)
    assert {key for key in now if now[key] != before[key]} == {"set:clf__C"}


def test_a_dict_of_estimators_has_their_settings(pipe):
    assert any(key.endswith("clf__C") for key in settings_of({"pipe": pipe}))


def test_an_estimator_that_goes_on_from_where_it_was_has_no_settings_apart():
    from sklearn.linear_model import SGDClassifier

    assert settings_of(SGDClassifier(warm_start=True)) == {}


@pytest.mark.parametrize(
    "source",
    [
        "m.fit(X)\nm.score(X)",
        "m.set_params(a=1).fit(X)",
        "for key, one in m.items():\n    one.fit(X)",
        "GridSearchCV(m, {}).fit(X)",
        "cross_val_score(m, X, y)",
    ],
)
def test_fitted_before_it_is_asked(source):
    assert settings_read((source,), "m", (MARK, "set:b")) == (MARK, "set:b")


@pytest.mark.parametrize(
    "source", ["m.score(X)\nm.fit(X)", "m.predict(X)", "m.partial_fit(X)", "print(m)", "m.coef_.sum()"]
)
def test_asked_before_it_is_fitted(source):
    assert settings_read((source,), "m", (MARK, "set:b")) == ()


@pytest.mark.parametrize(
    ("source", "given"),
    [
        ("replace(cfg, lr=1)", {"lr"}),
        ("dataclasses.replace(cfg, lr=1, n=k)", {"lr", "n"}),
        ("cfg | {'lr': 1}", {"lr"}),
        ("dict(cfg, lr=1)", {"lr"}),
        ("cfg._replace(lr=1)", {"lr"}),
        ("replace(cfg, lr=cfg.lr * 2)", None),
        ("replace(other, lr=1)", None),
        ("{**cfg, **more}", None),
    ],
)
def test_what_a_copy_puts_in_place(source, given):
    assert replaced_in(ast.parse(source, mode="eval").body, "cfg") == given

"""The parts of the hazard engine that are functions of their arguments; whole sessions are in tests/kernel/sessions."""

from __future__ import annotations

import ast
import functools
import random
import types
import warnings
from collections import OrderedDict, deque
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from nbtrack.capture.secrets import without_secrets
from nbtrack.document import DocumentReader
from nbtrack.provenance.aliases import imported, in_full
from nbtrack.provenance.cellparts import LAST, CellParts
from nbtrack.provenance.chance import VOLATILE, unseeded_makers, volatile_uses
from nbtrack.provenance.codedigest import code_digest
from nbtrack.provenance.digests import digest_value
from nbtrack.provenance.drawing import drawn_in_processes
from nbtrack.provenance.estimators import settings_read
from nbtrack.provenance.idempotence import piles_up
from nbtrack.provenance.mutations import changed_in, changed_roots
from nbtrack.provenance.plain import work_out
from nbtrack.provenance.quiet import looks_quiet

NAMESPACE: dict[str, Any] = {"__name__": "__main__"}


@pytest.mark.parametrize(
    ("source", "outputs", "reads"),
    [
        ("x = a\ny = x + b\nz = c", ["y"], {"a", "b"}),
        ("x = a\nx = 1\ny = x", ["y"], set()),
        ("if t:\n    x = a\ny = x", ["y"], {"t", "a", "x"}),
        ("xs = []\nxs.append(a)\nn = len(xs)", ["n"], {"a"}),
        ("xs.append(a)\nn = b", ["n"], {"b"}),
        ("def f():\n    return k\ny = f()", ["y"], {"k"}),
        ("def f():\n    return k\ny = 1", ["y"], set()),
        (
            "class C:\n    def used(self):\n        return a\n    def idle(self):\n        return b\ny = C().used()",
            ["y"],
            {"a"},
        ),
        ("d = df\nd['a'] = v", ["df"], {"df", "v"}),
        ("noise = np.random.rand(3)\nx = 1", ["x"], set()),
        ("np.random.seed(0)\nx = np.random.rand(3)", ["x"], {"np"}),
        ("x = np.random.rand(3)", ["x"], {"np", "numpy()"}),
        ("a\nb", [LAST], {"b"}),
        ("x += 1", ["x"], {"x"}),
        ("[x for x in xs if x > t]", [LAST], {"xs", "t"}),
    ],
)
def test_what_an_output_depends_on(source: str, outputs: list[str], reads: set[str]) -> None:
    builtin = {"len"}
    assert CellParts(source).part(outputs).reads - builtin == reads


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("x = 1  # one", "x = 1", True),
        ("x = (1 +\n 2)", "x = 1 + 2", True),
        ("def f(x):\n    'says'\n    return x", "def f(x: int) -> int:\n    return x", True),
        ("x = 1", "x = 2", False),
        ("def f(x):\n    return x", "def f(x):\n    return -x", False),
    ],
)
def test_comments_layout_docstrings_and_annotations_are_no_difference(first: str, second: str, same: bool) -> None:
    assert (CellParts(first).text == CellParts(second).text) is same


def _rng(seed: int, draws: int = 0) -> np.random.Generator:
    rng = np.random.default_rng(seed)
    rng.normal(size=draws)
    return rng


def _frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0], "s": ["x", "y"], **columns})


X, Y = np.arange(40.0).reshape(-1, 2), (np.arange(20) % 3 > 0).astype(int)

VALUES: dict[str, tuple[Any, Any]] = {
    "int": (1, 2),
    "float and int": (1, 1.0),
    "float": (0.0, -0.0),
    "str": ("a", "b"),
    "str and bytes": ("a", b"a"),
    "list": ([1, [2]], [1, [3]]),
    "list and tuple": ([1], (1,)),
    "many floats": ([0.5] * 1000, [0.5] * 999 + [0.25]),
    "dict": ({"a": 1}, {"a": 2}),
    "ordered": (OrderedDict(a=1), OrderedDict(b=1)),
    "set": ({"a", "b"}, {"a", "c"}),
    "deque": (deque([1]), deque([2])),
    "array": (np.zeros(3), np.array([0.0, 0.0, 1.0])),
    "dtype": (np.zeros(3), np.zeros(3, dtype="float32")),
    "shape": (np.zeros((2, 3)), np.zeros((3, 2))),
    "transposed": (X[:4].T, X[:4].T + 1),
    "objects": (np.array([1, "a"], dtype=object), np.array([1, "b"], dtype=object)),
    "frame": (_frame(), _frame(b=[1, 2])),
    "cell": (_frame(), _frame(s=["x", "z"])),
    "index": (_frame(), _frame().set_index("s")),
    "columns": (_frame(), _frame().rename(columns={"a": "c"})),
    "series": (pd.Series([1, 2]), pd.Series([1, 3])),
    "category": (pd.Series(["x", "y"], dtype="category"), pd.Series(["x", "x"], dtype="category")),
    "missing": (pd.Series([1, None], dtype="Int64"), pd.Series([1, 0], dtype="Int64")),
    "times": (pd.date_range("2020", periods=3), pd.date_range("2021", periods=3)),
    "generator": (_rng(0), _rng(0, draws=1)),
    "legacy": (np.random.RandomState(0), np.random.RandomState(1)),
    "random": (random.Random(0), random.Random(1)),
    "estimator": (LogisticRegression(C=1), LogisticRegression(C=2)),
    "fitted": (LogisticRegression(), LogisticRegression().fit(X, Y)),
    "forest": (
        RandomForestClassifier(3, random_state=0).fit(X, Y),
        RandomForestClassifier(3, random_state=1).fit(X, Y),
    ),
    "function": (lambda x: x + 1, lambda x: x + 2),
    "default": (lambda x=1: x, lambda x=2: x),
    "partial": (functools.partial(int, base=2), functools.partial(int, base=8)),
    "namespace": (types.SimpleNamespace(a=1), types.SimpleNamespace(a=2)),
    "path": (Path("a"), Path("b")),
    "slice": (slice(1), slice(2)),
    "nothing": (None, False),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_digest_tells_contents_apart(kind: str) -> None:
    first, second = VALUES[kind]
    digest, other = digest_value(first, NAMESPACE), digest_value(second, NAMESPACE)
    assert digest.exact
    assert digest == digest_value(first, NAMESPACE)
    assert digest.digest != other.digest


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.arange(6).reshape(2, 3), np.arange(12).reshape(2, 6)[:, ::2] // 2),
        (_frame(b=[1, 2]), pd.concat([_frame(), pd.DataFrame({"b": [1, 2]})], axis=1)),
        ({"b", "a"}, {"a", "b"}),
        (LogisticRegression().fit(X, Y), LogisticRegression().fit(X, Y)),
    ],
)
def test_a_digest_is_of_the_content_not_of_how_it_is_held(first: Any, second: Any) -> None:
    assert digest_value(first, NAMESPACE).digest == digest_value(second, NAMESPACE).digest


def test_views_share_what_they_reach() -> None:
    whole = np.zeros((4, 4))
    assert digest_value(whole, {}).reach & digest_value(whole[:, 1], {}).reach
    inner = [1]
    assert digest_value([inner], {}).reach & digest_value({"a": inner}, {}).reach
    assert not digest_value((1, "a"), {}).reach


def test_a_circle_and_a_deep_nest_end() -> None:
    circle: list[Any] = [1]
    circle.append(circle)
    assert digest_value(circle, {}).exact
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert not digest_value(deep, {}).exact


def test_a_large_table_is_sampled_and_says_so() -> None:
    found = digest_value(pd.DataFrame(np.zeros((500_000, 10))), {})
    assert (found.exact, found.sampled) == (False, True)


def test_only_entropy_of_the_system_is_kept() -> None:
    assert digest_value(np.random.default_rng(), {}).entropy
    assert not digest_value(np.random.default_rng(7), {}).entropy


def test_code_is_told_by_what_it_does() -> None:
    def digest(source: str) -> str:
        scope: dict[str, Any] = {}
        exec(source, scope)
        return code_digest(scope["f"].__code__)

    base = digest("def f(x):\n    return [y for y in x if y in {'a', 'b'}]")
    assert base == digest("\n\ndef f(x):\n    'doc'\n    # why\n    return [y for y in x if y in {'b', 'a'}]")
    assert base != digest("def f(x):\n    return [y for y in x if y in {'a', 'c'}]")


@pytest.mark.parametrize(
    ("source", "values", "found"),
    [
        ("y = x * 2 + 1", {"x": 3}, {"y": 7}),
        ("y = x > 5", {"x": 10}, {"y": True}),
        ("n = len([1, 2]) if x else 0", {"x": 1}, {"n": 2}),
        ("y = 9 ** 9 ** 9", {}, None),
        ("y = 'a' * 10 ** 9", {}, None),
        ("y = f(1)", {}, None),
        ("y = x.real", {"x": 1}, None),
        ("y = 1 / 0", {}, None),
        ("len = f\ny = len([1])", {}, None),
    ],
)
def test_plain_values_are_worked_out(source: str, values: dict[str, Any], found: dict[str, Any] | None) -> None:
    assert work_out(ast.parse(source).body, values) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("t0 = time.time()\nfit()\nelapsed = time.time() - t0", []),
        ("print(time.time())", []),
        ("seed = int(time.time())", ["time.time()"]),
        ("while time.time() - t0 < 5:\n    step()", ["time.time()"]),
        ("names = list(set(words))", ["list(set(words))"]),
        ("names = sorted(set(words))", []),
        ("n = len(set(words))", []),
        ("for w in {'a', 'b'}:\n    out.append(w)", ["{'a', 'b'}"]),
        ("total = sum(x for x in set(xs))", []),
        ("h = hash(name) % 10", ["hash(name)"]),
        ("h = hash(3)", []),
        ("key = uuid.uuid4().hex", ["uuid.uuid4()"]),
        ("age = (pd.Timestamp('now') - born).days", []),
        ("born = pd.to_datetime(df.born)\nage = (pd.Timestamp.now() - born).dt.days", ["pd.Timestamp.now()"]),
        ("age = datetime.now() - datetime(2020, 1, 1)", ["datetime.now()"]),
        ("df = load()\nnow = datetime.now()\ndf['age'] = now - df['born']", ["datetime.now()"]),
        ("df = load()\ndf['age'] = (pd.Timestamp.now() - df['born']).dt.days", ["pd.Timestamp.now()"]),
        ("class Timer:\n    def stop(self):\n        self.took = time.time() - self.begun", []),
        ("def took(begun):\n    return time.time() - begun", []),
        ("year = pd.to_datetime('today').year", ["pd.to_datetime('today')"]),
        ("year = pd.to_datetime('2024-01-01').year", []),
    ],
)
def test_clocks_and_the_like(source: str, found: list[str]) -> None:
    assert list(volatile_uses(ast.parse(source))) == found


@pytest.mark.parametrize(
    ("imports", "source", "found"),
    [
        ("from time import time", "seed = int(time())", ["time.time()"]),
        ("import time as t", "seed = int(t.time_ns())", ["time.time_ns()"]),
        ("from datetime import datetime as D", "day = D.now().day", ["datetime.datetime.now()"]),
        ("from uuid import uuid4 as key", "run = key().hex", ["uuid.uuid4()"]),
        ("from time import time", "t0 = time()\nfit()\nwall = time() - t0", []),
        ("from datetime import datetime", "day = datetime.now().day", ["datetime.now()"]),
        ("from mylib import time", "x = time()", []),
        ("from .time import time", "x = time()", []),
    ],
)
def test_clocks_are_known_by_other_names(imports: str, source: str, found: list[str]) -> None:
    names = imported([ast.parse(imports)])
    assert list(volatile_uses(in_full(ast.parse(source), names, VOLATILE))) == found


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        (["cross_val_score(RandomForestClassifier(9), X, y, n_jobs=-1)"], [(0, "RandomForestClassifier(9)")]),
        (["m = KMeans(3)", "GridSearchCV(m, grid, n_jobs=2).fit(X)"], [(0, "KMeans(3)")]),
        (
            ["m = KMeans(3, random_state=None)", "cross_val_score(m, X, n_jobs=N)"],
            [(0, "KMeans(3, random_state=None)")],
        ),
        (["m = KMeans(3, random_state=0)", "cross_val_score(m, X, n_jobs=2)"], []),
        (["m = KMeans(**options)", "cross_val_score(m, X, n_jobs=2)"], []),
        (["m = KMeans(3)", "cross_val_score(m, X)"], []),
        (["m = KMeans(3)", "cross_val_score(m, X, n_jobs=1)"], []),
        (["m = RandomForestClassifier(n_jobs=2).fit(X, y)"], []),
        (["m = LogisticRegression()", "cross_val_score(m, X, n_jobs=2)"], []),
        (["m = KMeans(3)", "with parallel_backend('threading'):\n    cross_val_score(m, X, n_jobs=2)"], []),
    ],
)
def test_draws_in_other_processes(sources: list[str], found: list[tuple[int, str]]) -> None:
    assert list(drawn_in_processes(sources, list(map(ast.parse, sources)))) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("np.random.default_rng()", True),
        ("np.random.default_rng(None)", True),
        ("np.random.default_rng(seed)", True),
        ("np.random.default_rng(0)", False),
        ("random.Random()", True),
        ("RandomState(3)", False),
    ],
)
def test_generators_without_a_seed(source: str, found: bool) -> None:
    assert bool(list(unseeded_makers(ast.parse(source), frozenset({"seed"})))) is found


@pytest.mark.parametrize(
    ("source", "name", "adds_up"),
    [
        ("x = x * 2", "x", True),
        ("x += 1", "x", True),
        ("x = abs(x)", "x", False),
        ("df = df.dropna()", "df", False),
        ("df = df[df.a > 0]", "df", False),
        ("df = df.iloc[1:]", "df", True),
        ("df['r'] = df['a'] / df['b']", "df", False),
        ("df['a'] = df['a'] * 2", "df", True),
        ("cfg['lr'] = 0.1", "cfg", False),
        ("xs.append(1)", "xs", True),
        ("xs.sort()", "xs", False),
        ("seen.add(1)", "seen", False),
        ("batch = next(it)", "it", True),
        ("model.fit(X, y)", "model", False),
        ("model.partial_fit(X, y)", "model", True),
        ("del d['a']", "d", True),
    ],
)
def test_what_adds_up_when_it_is_run_again(source: str, name: str, adds_up: bool) -> None:
    assert piles_up(name, ast.parse(source).body, refits=False) is adds_up


def test_what_is_changed_in_place() -> None:
    source = "df.dropna(inplace=True)\na[0] = 1\nb.c.d = 2\nrng.shuffle(xs)\nnp.add(p, q, out=r)\nz = df.mean()"
    assert changed_roots(ast.parse(source)) == {"df", "a", "b", "rng", "xs", "r"}


def test_an_escape_sequence_is_for_the_compiler_to_warn_of() -> None:
    source = r'n = len("\d") + model.fit(X)'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert changed_in(source) == {"model"}
        assert not looks_quiet(source)
        assert settings_read((source,), "model", ("set:", "set:C")) == ("set:", "set:C")


def test_sources_are_stored_without_credentials() -> None:
    source = 'password = "hunter2"\nclient = connect(api_key="abc", url="x")\nlr = "0.1"\nos.environ["HF_TOKEN"] = "t"'
    hidden = without_secrets(source)
    assert "hunter2" not in hidden
    assert '"abc"' not in hidden
    assert 'HF_TOKEN"] = "t"' not in hidden
    assert 'url="x"' in hidden
    assert 'lr = "0.1"' in hidden


def test_the_document_is_read_when_it_was_saved(tmp_path: Path) -> None:
    file, reader = tmp_path / "a.ipynb", DocumentReader()
    assert reader.read(str(file)) is None
    file.write_text("{ half")
    assert reader.read(str(file)) is None
    file.write_text(
        '{"cells": [{"cell_type": "markdown", "source": "# A"},'
        ' {"cell_type": "code", "id": "c1", "source": ["x = 1\\n", "y = 2"]}, {"cell_type": "code", "source": "z"}]}'
    )
    found = reader.read(str(file))
    assert found is not None
    assert [(cell.cell_id, cell.source) for cell in found.cells] == [("c1", "x = 1\ny = 2"), (None, "z")]
    assert reader.read(str(file)) is found

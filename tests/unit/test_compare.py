"""What differs between runs: which facts are told, in which order, and what is said to be unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

import nbtrack
from nbtrack.errors import InputError
from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.difference import compared
from nbtrack.provenance.matching import is_reordered, matched, rewritten
from nbtrack.provenance.python import essence
from nbtrack.records import CellExecution, Hazard, Input, Provenance, RunRecord

ENVIRONMENT = {
    "python": "3.11.7",
    "platform": "Linux-6.1",
    "packages": {"numpy": "2.1.0", "scikit-learn": "1.5.0"},
    "git": {"commit": "a" * 40, "branch": "main", "dirty": False, "remote": None},
    "variables": {},
    "gpus": [],
    "user": "ada",
}
GENERATORS = {"random": "r1", "numpy": "n1"}
DATA = (Input(name="X", digest="d1", source="ndarray", profile='{"shape": [150, 4]}'),)
CELLS = ("import numpy\nX = load()", "C = 0.1\naccuracy = fit(X, C)")
STALE = Hazard(
    label="stale_input",
    severity="high",
    names=("X",),
    executions=(2, 3),
    sentence="X is stale.",
    remedy="Run it again.",
)


def execution(number: int, source: str | None, cell_id: str | None = "") -> CellExecution:
    return CellExecution(
        session="s", sequence=number, execution_count=number, start_us=0, source=source,
        cell_id=f"c{number}" if cell_id == "" else cell_id, reads=("numpy()",),
    )  # fmt: skip


@pytest.fixture
def full(run: Any) -> Any:
    """A function that makes up runs of which everything is known; what is given replaces it."""

    def make(name: str, cells: Any = CELLS, **changes: Any) -> RunRecord:
        known: dict[str, Any] = {"generators": GENERATORS, "environment": ENVIRONMENT}
        known |= {
            key: changes.pop(key) for key in ("generators", "environment", "hazards", "unknown") if key in changes
        }
        executions = tuple(
            cell if isinstance(cell, CellExecution) else execution(number, cell)
            for number, cell in enumerate(cells, start=1)
        )
        facts: dict[str, Any] = {"params": {"C": 0.1}, "metrics": {"accuracy": 0.9}, "inputs": DATA}
        return run(name, provenance=Provenance(slice=executions, **known), **facts | changes)  # type: ignore[no-any-return]

    return make


def keys(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(change.kind, change.key, change.state) for change in comparison.differences]


def only(comparison: Comparison) -> Any:
    (change,) = comparison.differences
    return change


# --- nothing, and everything ---------------------------------------------------------------------------------------


def test_equal_runs_differ_in_nothing(full: Any) -> None:
    found = compared([full("a"), full("b")])
    assert found.differences == ()
    assert found.same == {
        "code": 2, "param": 1, "data": 1, "seed": 2, "package": 2, "environment": 3, "git": 4, "metric": 1
    }  # fmt: skip
    assert "Nothing that is known to differ can explain other metrics." in str(found)


def test_what_can_explain_comes_first(full: Any) -> None:
    environment = ENVIRONMENT | {
        "python": "3.12.0",
        "packages": {"numpy": "2.2.0", "scikit-learn": "1.5.0", "zope": "1"},
        "git": ENVIRONMENT["git"] | {"commit": "b" * 40},  # type: ignore[operator]
    }
    other = full(
        "b",
        ("import numpy\nX = load(2)", "# as before\nC = 0.1\naccuracy = fit(X, C)"),
        params={"C": 1.0},
        metrics={"accuracy": 0.8},
        environment=environment,
        generators={"random": "r1", "numpy": "n2"},
        hazards=(STALE,),
        inputs=(replace(DATA[0], digest="d2"),),
        tags={"stage": "draft"},
    )
    found = compared([full("a"), other])
    assert [(change.kind, change.key) for change in found.differences] == [
        ("code", "In[1]"),
        ("param", "C"),
        ("data", "X"),
        ("seed", "generators.numpy"),
        ("package", "numpy"),
        ("package", "zope"),
        ("hazard", "stale_input X"),
        ("environment", "python"),
        ("git", "commit"),
        ("metric", "accuracy"),
        ("tag", "stage"),
        ("code", "In[2]"),
    ]
    ranks = [change.rank for change in found.differences]
    assert ranks == sorted(ranks)
    assert found.differences[-1].state == "cosmetic"


def test_what_nobody_recorded_is_unknown_and_not_equal(run: Any) -> None:
    found = compared([run("a", code="x = 1"), run("b", code="x = 1")])
    assert keys(found) == [
        ("code", "slice", "unknown"),
        ("data", "data", "unknown"),
        ("seed", "generators", "unknown"),
        ("package", "packages", "unknown"),
        ("hazard", "hazards", "unknown"),
        ("environment", "environment", "unknown"),
        ("git", "git", "unknown"),
    ]
    assert found.same == {"code": 1}


def test_what_one_run_lacks_is_unknown(full: Any, run: Any) -> None:
    found = compared([full("a"), run("b", params={"C": 0.1}, metrics={"accuracy": 0.9})])
    assert {state for _, _, state in keys(found)} == {"unknown"}
    assert all("b" in change.sentence for change in found.differences)


# --- one kind at a time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ({"C": 0.1}, {"C": 1.0}, "C: 0.1 → 1"),
        ({"C": 1}, {"C": 1.0}, "C: 1 → 1"),
        ({"C": 1}, {"C": "1"}, "C: 1 → '1'"),
        ({"C": 1}, {}, "C is 1 in a; b has no such param"),
        ({}, {"C": None}, "C is None in b; a has no such param"),
        ({"C": float("nan")}, {"C": float("nan")}, None),
        ({"C": {"a": 1, "b": 2}}, {"C": {"b": 2, "a": 1}}, None),
    ],
)
def test_params(first: dict[str, Any], second: dict[str, Any], sentence: str | None, full: Any) -> None:
    found = compared([full("a", params=first), full("b", params=second)])
    assert [change.sentence for change in found.differences] == ([] if sentence is None else [sentence])


@pytest.mark.parametrize(
    ("key", "first", "second", "sentence", "verdict"),
    [
        ("accuracy", 0.9, 0.95, "accuracy: 0.9 → 0.95, +0.05, better", "better"),
        ("loss", 0.9, 0.95, "loss: 0.9 → 0.95, +0.05, worse", "worse"),
        ("leaves", 9, 7, "leaves: 9 → 7, -2", ""),
        ("loss", 0.1 + 0.2, 0.3, "loss: 0.3 → 0.3, by rounding alone (-5.6e-17)", ""),
        ("loss", 1.0, float("nan"), "loss: 1 → nan", ""),
    ],
)
def test_metrics(key: str, first: float, second: float, sentence: str, verdict: str, full: Any) -> None:
    change = only(compared([full("a", metrics={key: first}), full("b", metrics={key: second})]))
    assert (change.sentence, change.verdict) == (sentence, verdict)


def test_a_metric_that_one_run_lacks(full: Any) -> None:
    change = only(compared([full("a", metrics={}), full("b")]))
    assert (change.a, change.b, change.amount) == (None, 0.9, None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"digest": "d2"}, ("different", "X: same shape, other content")),
        ({"digest": "d2", "profile": '{"shape": [160, 4]}'}, ("different", "X: shape 150 × 4 → 160 × 4")),
        ({"digest": "d2", "profile": '{"shape": [150, 4], "sampled_rows": 9}'}, ("unknown", "X was fingerprinted whole")),
        ({"profile": '{"shape": [150, 4], "sampled_rows": 9}'}, ("unknown", "X is equal as far as it was sampled")),
        ({"digest": None}, ("unknown", "the content of X was not fingerprinted in b")),
        ({"name": "Y"}, ("different", "only a read X")),
        ({"profile": "no json"}, None),
    ],
)  # fmt: skip
def test_data(changes: dict[str, Any], expected: tuple[str, str] | None, full: Any) -> None:
    found = compared([full("a"), full("b", inputs=(replace(DATA[0], **changes),))])
    told = [(change.state, change.sentence) for change in found.differences]
    if expected is None:
        assert told == []
    else:
        assert told[0][0] == expected[0]
        assert told[0][1].startswith(expected[1])


def test_the_state_of_the_generators_follows_from_other_seeds(full: Any) -> None:
    change = only(compared([full("a", seed=1), full("b", seed=2, generators={"random": "r2", "numpy": "n2"})]))
    assert (change.key, change.sentence) == ("seed", "seed 1 → seed 2")
    found = compared([full("a", seed=1), full("b", generators={"random": "r1"})])
    assert keys(found) == [("seed", "seed", "different"), ("seed", "generators.numpy", "unknown")]


def test_a_generator_that_no_cell_drew_from_explains_nothing(full: Any) -> None:
    change = only(compared([full("a"), full("b", generators={"random": "elsewhere", "numpy": "n1"})]))
    assert (change.key, change.state) == ("generators.random", "cosmetic")
    # What a run depends on is not known: then anything can.
    a, b = full("a", ()), full("b", (), generators={"random": "elsewhere", "numpy": "n1"})
    assert ("seed", "generators.random", "different") in keys(compared([a, b]))


def test_hazards(full: Any) -> None:
    change = only(compared([full("a"), full("b", hazards=(STALE,))]))
    assert change.sentence == "stale_input, only b: X is stale."
    assert compared([full("a", hazards=(STALE,)), full("b", hazards=(STALE,))]).same["hazard"] == 1
    found = compared(
        [full("a", hazards=(STALE,)), full("b", unknown={"stale_input": "no document", "deleted_cell": "x"})]
    )
    assert keys(found) == [("hazard", "stale_input X", "unknown"), ("hazard", "undecided", "unknown")]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"dirty": True}, {"dirty": False}, ("different", "only a had changes")),
        ({"dirty": True}, {"dirty": True}, ("unknown", "both had changes")),
        ({"dirty": True, "diff": "x", "diff_bytes": 1}, {"dirty": True, "diff": "x", "diff_bytes": 1}, None),
        ({"dirty": True, "diff": "x", "diff_bytes": 1}, {"dirty": True, "diff": "y", "diff_bytes": 1}, ("different", "the changes")),
        ({"branch": "main"}, {"branch": None}, ("different", "branch main → none")),
    ],
)  # fmt: skip
def test_git(first: dict[str, Any], second: dict[str, Any], expected: tuple[str, str] | None, full: Any) -> None:
    git: Any = ENVIRONMENT["git"]
    runs = [full(name, environment=ENVIRONMENT | {"git": git | state}) for name, state in (("a", first), ("b", second))]
    told = [(change.state, change.sentence) for change in compared(runs).differences]
    assert (told == []) if expected is None else (told[0][0] == expected[0] and told[0][1].startswith(expected[1]))


@pytest.mark.parametrize("git", [None, {"problem": "timeout"}, "no answer"])
def test_no_commit_is_not_the_same_commit(git: Any, full: Any) -> None:
    runs = [full(name, environment=ENVIRONMENT | {"git": git}) for name in "ab"]
    assert keys(compared(runs)) == [("git", "git", "unknown")]


def test_the_environment(full: Any) -> None:
    other = ENVIRONMENT | {"gpus": ["A100"], "variables": {"OMP_NUM_THREADS": "1"}, "user": "bob", "local": ["numpy"]}
    found = compared([full("a"), full("b", environment=other)])
    assert [change.sentence for change in found.differences] == [
        "OMP_NUM_THREADS: not set → '1'",
        "GPUs none → A100",
        "numpy 2.1.0 is installed from a folder whose code can have changed",
    ]


# --- code ----------------------------------------------------------------------------------------------------------


def test_what_nbtrack_imports_itself_explains_nothing(full: Any) -> None:
    more = ENVIRONMENT | {"packages": {**ENVIRONMENT["packages"], "ipywidgets": "8.1.9"}}
    assert not compared([full("a"), full("b", environment=more)]).differences
    cells = ("import ipywidgets", *CELLS)
    changes = compared([full("a", cells), full("b", cells, environment=more)]).differences
    assert [(change.kind, change.key) for change in changes] == [("package", "ipywidgets")]


def test_code_that_only_sets_a_param_comes_after_it(full: Any) -> None:
    found = compared([full("a"), full("b", (CELLS[0], CELLS[1].replace("0.1", "1.0")), params={"C": 1.0})])
    assert keys(found) == [("param", "C", "different"), ("code", "In[2]", "different")]
    assert found.differences[1].sentence == "In[2] differs only where it sets C"
    assert found.differences[1].diff == (
        "--- In[2] of a\n+++ In[2] of b\n@@ -1,2 +1,2 @@\n-C = 0.1\n+C = 1.0\n accuracy = fit(X, C)"
    )


def test_a_changed_line_counts_beside_a_changed_param(full: Any) -> None:
    found = compared([full("a"), full("b", (CELLS[0], "C = 1.0\naccuracy = fit(X, C, 3)"), params={"C": 1.0})])
    assert [change.key for change in found.differences] == ["In[2]", "C"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("a = 1  # one", "a  =  1", True),
        ("def f():\n    'Doc.'\n    return 1", "def f():\n\n    return (1)", True),
        ("def f():\n    'Doc.'", "def f():\n    pass", True),
        ("%time  x = f( 1)", "%time  x = f( 1)  ", True),
        ("a = 1", "a = 2", False),
        ("a = '#'", "a = ''", False),
        ("a = = 1", "a = = 1\n", True),
        ("a = = 1", "a = = 2", False),
    ],
)
def test_comments_layout_and_docstrings_change_nothing(first: str, second: str, same: bool) -> None:
    assert (essence(first) == essence(second)) == same


def cells(*sources: str, ids: str = "") -> list[CellExecution]:
    return [execution(n, source, ids[n] if ids else None) for n, source in enumerate(sources)]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # By the front end's ids.
        (cells("a", "b", ids="xy"), cells("a", "other", ids="xy"), [(0, 0), (1, 1)]),
        (cells("a", "b", ids="xy"), cells("b", "a", ids="yx"), [(0, 1), (1, 0)]),
        (cells("n += 1", "n += 1", "n", ids="xxy"), cells("n += 1", "n", ids="xy"), [(0, 0), (1, None), (2, 1)]),
        (cells("n = 2", "n = 5", "t", ids="xxy"), cells("n = 5", "t", ids="xy"), [(0, None), (1, 0), (2, 1)]),
        (cells("n = 2", "n = 5", "t", ids="xxy"), cells("n = 7", "t", ids="xy"), [(0, None), (1, 0), (2, 1)]),
        (cells("t", ids="x"), cells("t", "u", ids="xy"), [(0, 0), (None, 1)]),
        # By what they say, where there are none.
        (cells("a = 1", "b = 2", "t"), cells("b = 2", "t"), [(0, None), (1, 0), (2, 1)]),
        (cells("t"), cells("a = 1", "t"), [(None, 0), (0, 1)]),
        (
            cells("data = load('train.csv')", "model = fit(data, 3)", "t"),
            cells("data = load('test.csv')", "model = fit(data, 4)", "u"),
            [(0, 0), (1, 1), (2, 2)],
        ),
        (cells("first thing", "t"), cells("0123456789", "t"), [(None, 0), (0, None), (1, 1)]),
        ([], cells("t"), [(None, 0)]),
    ],
)
def test_which_cell_is_which(first: Any, second: Any, expected: Any) -> None:
    assert sorted(matched(first, second), key=str) == sorted(expected, key=str)


def test_a_function_that_was_written_anew_elsewhere_is_the_same_cell(full: Any) -> None:
    def bound(number: int, source: str, *names: str) -> CellExecution:
        return replace(execution(number, source, None), binds=names)

    old, new = (
        "def ready(x):\n    return x / 16",
        "def ready(table):\n    # anew\n    return (table - table.mean()).abs()",
    )
    first = [bound(1, old, "ready"), bound(2, "y = 1", "y"), bound(3, "t")]
    second = [bound(1, "y = 1", "y"), bound(2, new, "ready"), bound(3, "t"), bound(4, "u")]
    pairs = matched(first, second)
    assert (0, None) in pairs
    assert sorted(rewritten(pairs, first, second), key=str) == [(0, 1), (1, 0), (2, 3), (None, 2)]
    change = only(compared([full("a", first), full("b", [*second[:2], second[2]])]))
    assert (change.key, change.a, change.b) == ("In[1] → In[2]", old, new)


def test_cells_in_another_order(full: Any) -> None:
    a, b, last = (execution(n, text, f"c{n}") for n, text in enumerate(["a = f()", "b = g()", "c = a + b"]))
    assert is_reordered(matched([a, b, last], [b, a, last]))
    change = only(compared([full("a", (a, b, last)), full("b", (b, a, last))]))
    assert (change.kind, change.key) == ("code", "order")


def test_code_that_was_not_kept(full: Any) -> None:
    found = compared([full("a", (None, CELLS[1])), full("b")])
    assert keys(found) == [("code", "In[1]", "unknown")]


# --- more runs, and its forms --------------------------------------------------------------------------------------


def test_the_first_run_is_the_baseline_of_all(full: Any) -> None:
    runs = [full("a"), full("b", params={"C": 2}), full("c", metrics={"accuracy": 0.5})]
    found = compared(runs)
    assert [(change.run_id, change.kind) for change in found.differences] == [
        (runs[1].info.run_id, "param"),
        (runs[2].info.run_id, "metric"),
    ]
    assert "param" not in found.same
    text = str(found)
    assert text.index("b (") < text.index("C: 0.1 → 2") < text.index("c (") < text.index("accuracy: 0.9 → 0.5")
    assert "The same in all:" in text


def test_as_a_table_and_as_json(full: Any) -> None:
    found = compared([full("a"), full("b", params={"C": float("inf")}, metrics={"accuracy": 0.95})])
    frame = found.to_frame()
    assert list(frame["kind"]) == ["param", "metric"]
    assert list(frame["run_name"]) == ["b", "b"]
    assert frame["amount"].iloc[1] == pytest.approx(0.05)
    read = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert read["differences"][0]["b"] == "Infinity"
    assert [item["run_name"] for item in read["runs"]] == ["a", "b"]
    assert compared([full("a"), full("b")]).to_frame().empty
    assert [change.key for change in found.of("metric")] == ["accuracy"]
    assert repr(found) == "<Comparison of 'a', 'b': 2 differences>"


def test_the_text_keeps_to_its_width(nasty: tuple[str, RunRecord], full: Any) -> None:
    text, record = nasty
    wide = full("b", (text, "値 = '" + "漢字" * 80 + "'"), params={text: text, "C": "漢" * 80}, tags={text: text})
    shown = str(compared([record, wide])) + "\n" + str(compared([wide, full("a")]))
    from nbtrack.widgets.text import cells as columns

    assert all(columns(line) <= 100 for line in shown.split("\n"))
    assert all(char == "\n" or char.isprintable() for char in shown)


def test_a_long_diff_is_cut_in_the_text_only(full: Any) -> None:
    lines = "\n".join(f"x{n} = {n}" for n in range(200))
    found = compared([full("a"), full("b", (lines, CELLS[1]))])
    assert "more lines" in str(found)
    assert "+x199 = 199" in found.differences[0].diff


def test_runs_of_the_same_name_are_told_apart(full: Any) -> None:
    found = compared([full("a"), full("a", ago_s=1.0, params={})])
    assert found.runs[0].run_id[:8] in found.differences[0].sentence


def test_one_run_is_nothing_to_compare(full: Any) -> None:
    with pytest.raises(InputError, match="two or more different runs"):
        nbtrack.compare(full("a"), full("a"))
    with pytest.raises(InputError, match=r"nbtrack\.get_run"):
        nbtrack.compare(full("a"), 3)

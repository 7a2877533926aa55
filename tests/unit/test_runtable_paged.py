"""A table of many runs: groups and families laid out in the kernel, small curves, and what the buttons bring."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest

import nbtrack
from nbtrack.errors import InputError, RunNotFoundError
from nbtrack.store.grid import GridView
from nbtrack.store.reading import current_store
from nbtrack.widgets.runtable import arranged, small
from nbtrack.widgets.runtable.source import RunSource


def numbers(*values):
    return np.array(values, dtype=np.int32)


# --- rows -------------------------------------------------------------------------------------------------------------


def test_groups_stand_in_the_order_of_their_first_run():
    order, codes = numbers(7, 3, 9, 1), np.array([1, 0, 1, 2])
    found = arranged.in_groups(order, codes, ["a", "b", None], {"=b"})
    assert [(group.key, group.value, group.members.tolist()) for group in found.groups] == [
        ("=b", "b", [7, 9]),
        ("=a", "a", [3]),
        ("", None, [1]),
    ]
    assert found.entries.tolist() == [-1, 7, 9, -2, -3]
    assert found.depths.tolist() == [0, 1, 1, 0, 0]
    assert found.runs_in(0, 2).tolist() == [7, 9]
    assert found.runs_in(3, 5).tolist() == [3, 1]
    assert arranged.in_groups(numbers(), np.array([], dtype=int), [None], set()).entries.tolist() == []


def test_families_are_folded_until_they_are_opened():
    order = numbers(5, 4, 3, 2, 1)
    child, parent = np.array([5, 4, 2, 8, 3]), np.array([1, 5, 1, 1, 3])
    folded = arranged.in_families(order, child, parent, frozenset())
    assert folded.entries.tolist() == [3, 1], "a run that is its own parent stands by itself"
    assert folded.children == {1: 2, 5: 1}
    opened = arranged.in_families(order, child, parent, frozenset({1, 5, 99}))
    assert opened.entries.tolist() == [3, 1, 5, 4, 2]
    assert opened.depths.tolist() == [0, 0, 1, 2, 1]
    alone = arranged.in_families(numbers(5, 4), numbers(5), numbers(1), frozenset())
    assert alone.entries.tolist() == [5, 4], "the parent is not among the runs"


def test_what_metrics_come_to_leaves_out_what_is_not_finite():
    column = np.array([1.0, math.nan, 3.0, math.inf])
    assert arranged.summaries([np.array([0, 1, 2, 3]), np.array([1])], {"m": column}) == [{"m": [2.0, 1.0, 3.0, 2]}, {}]


@pytest.fixture
def runs():
    for number in range(6):
        with nbtrack.start_run(run_name=f"run-{number}") as run:
            nbtrack.log_params({"C": number % 3, "model": "rf" if number % 2 else "svm"})
            for step in range(1 + number):
                nbtrack.log_metrics({"loss": 1 / (1 + step), "acc": 0.5 + number / 100}, step=step)
            if number == 4:
                for fold in range(2):
                    with nbtrack.start_run(run_name=f"fold-{fold}", nested=True):
                        nbtrack.log_metric("acc", 0.1 * fold)
    return run


def paged(is_prepared=False):
    table = RunSource(current_store(), GridView(), in_browser=0)
    table.start()
    table.late()
    while is_prepared and table.prepare():
        pass
    return table


def rows(answer):
    spec = answer["columns"]["run_name"]
    codes = np.frombuffer(spec["data"], dtype="u1")
    names = [spec["words"][code - 1] if code else None for code in codes]
    for place, depth, below, _, is_open, *group in answer["marks"]:
        told = group[0]["value"] if group else names[place]
        names[place] = (told, depth, below, is_open)
    return names


# The browser says always in which columns words are to be looked for.
SEARCHED = ["run_name", "status", "params.model"]
ASK = {
    "op": "page",
    "columns": ["run_name", "metrics.acc", "params.model"],
    "quick": "",
    "searched": SEARCHED,
    "offset": 0,
    "limit": 100,
}


def test_many_runs_are_grouped_and_their_metrics_summed_up(runs):
    table = paged()
    answer = table.answer({**ASK, "group": "params.model", "sort": [["metrics.acc", True]]})
    assert rows(answer) == [("rf", 0, 3, False), ("svm", 0, 3, False), (None, 0, 2, False)]
    assert (answer["size"], answer["matched"], answer["groups"]) == (3, 8, 3)
    means = answer["marks"][0][5]["means"]["metrics.acc"]
    assert means == pytest.approx([0.53, 0.51, 0.55, 3])
    opened = table.answer({**ASK, "group": "params.model", "sort": [["metrics.acc", True]], "open": ["=svm"]})
    assert rows(opened)[1:5] == [
        ("svm", 0, 3, True),
        ("run-4", 1, 0, False),
        ("run-2", 1, 0, False),
        ("run-0", 1, 0, False),
    ]
    inside = {
        **ASK,
        "group": "params.model",
        "sort": [["metrics.acc", True]],
        "open": ["=svm"],
        "offset": 3,
        "limit": 2,
    }
    assert rows(table.answer(inside)) == [("run-2", 1, 0, False), ("run-0", 1, 0, False)]
    by_number = table.answer({**ASK, "group": "params.C"})
    assert [mark[5]["value"] for mark in by_number["marks"]] == [2.0, None, 1.0, 0.0]
    ids = table.answer({"op": "ids", "group": "params.model", "sort": [["metrics.acc", True]], "start": 0, "stop": 1})
    assert len(ids["ids"]) == 3
    assert runs.run_id in ids["ids"]


def test_many_runs_are_folded_below_their_parents(runs):
    table = RunSource(current_store(), GridView(), in_browser=0)
    start = table.start()
    assert (start["first"]["size"], start["total"]) == (6, 8)
    assert [mark[1:3] for mark in start["first"]["marks"]] == [[0, 2]]
    answer = table.answer(ASK)
    assert rows(answer)[:2] == ["run-5", ("run-4", 0, 2, False)]
    assert (answer["size"], answer["matched"]) == (6, 8)
    parent = nbtrack.get_run("run-4").info.run_id
    opened = table.answer({**ASK, "open": [parent]})
    assert rows(opened)[1:4] == [("run-4", 0, 2, True), ("fold-1", 1, 0, False), ("fold-0", 1, 0, False)]
    assert len(table.answer({"op": "ids", "all": True})["ids"]) == 8


def test_what_is_kept_is_forgotten_when_the_store_changes(runs):
    table = paged()
    asked = {**ASK, "sort": [["metrics.acc", False]]}
    assert rows(table.answer(asked))[0] == "run-0"
    with nbtrack.start_run(run_name="worst"):
        nbtrack.log_metric("acc", -1.0)
    current_store().flush()
    table.poll()
    assert rows(table.answer(asked))[0] == "worst"


def test_what_is_kept_is_answered_without_the_database(runs, monkeypatch):
    questions = [
        ASK,
        {**ASK, "sort": [["metrics.acc", False]], "offset": 2, "limit": 3},
        {**ASK, "group": "params.model", "sort": [["metrics.loss", True]], "open": ["=rf"]},
        {**ASK, "quick": "run-1"},
        {**ASK, "quick": "RF -4", "searched": ["params.model"], "sort": [["metrics.acc", True]]},
    ]
    expected = [rows(paged().answer(asked)) for asked in questions]
    table = paged(is_prepared=True)
    assert not table.prepare()
    busy = paged()
    busy.answer(ASK)
    assert busy.prepare(), "there is more to read, as soon as nobody asks"
    assert busy._pages.lacks(["run_id"]) == ["run_id"], "who is at work at the table does not wait for this"
    filtered = {**ASK, "quick": "run-1", "expression": "metrics.acc > 0"}
    unread = {**ASK, "quick": "run-1", "searched": ["user"]}
    opened = {**ASK, "open": [nbtrack.get_run("run-4").info.run_id]}
    with monkeypatch.context() as patched:
        patched.setattr(table.store, "read", lambda function: pytest.fail("the database was opened"))
        assert [rows(table.answer(asked)) for asked in questions] == expected
        for asked in (filtered, unread, opened):
            with pytest.raises(pytest.fail.Exception):
                table.answer(asked)
    assert rows(table.answer(filtered)) == ["run-1"]
    assert "run-1" not in rows(table.answer(questions[1]))


def test_a_column_that_only_old_runs_have_can_be_asked_for(runs, monkeypatch):
    monkeypatch.setattr("nbtrack.widgets.runtable.source._SAMPLE", 1)
    table = RunSource(current_store(), GridView(), ["params.model"], in_browser=0)
    assert table.start()["shown"] == ["run_name", "params.model"]
    with pytest.raises(InputError, match=r"no run here has 'params.modle'.*Did you mean"):
        RunSource(current_store(), GridView(), ["params.modle"], in_browser=0).start()


def test_values_of_one_run_wherever_it_stands(runs):
    found = paged().answer({"op": "values", "ids": [runs.run_id], "columns": ["metrics.acc"]})
    assert np.frombuffer(found["columns"]["metrics.acc"]["data"]).tolist() == [0.55]
    assert paged().answer({"op": "values", "ids": ["0" * 32], "columns": ["metrics.acc"]})["count"] == 0


@pytest.mark.parametrize(
    "message",
    [
        {**ASK, "group": 3},
        {**ASK, "group": "nonsense"},
        {**ASK, "open": [3]},
        {**ASK, "open": "=rf"},
        {"op": "curves", "metric": None, "ids": []},
        {"op": "curves", "metric": "metrics.loss", "ids": ["x"] * (small.MOST_RUNS + 1)},
    ],
)
def test_a_message_that_is_none_is_refused(message, runs):
    with pytest.raises(InputError):
        paged().answer(message)


# --- small curves -----------------------------------------------------------------------------------------------------


def test_the_curve_of_the_metric_that_says_most_stands_before_the_metrics(runs):
    table = RunSource(current_store(), GridView())
    start = table.start()
    assert start["shown"][1:4] == ["status", "sparkline", "metrics.acc"]
    (described,) = [column for column in start["columns"] if column["id"] == "sparkline"]
    assert described["metrics"] == ["metrics.acc", "metrics.loss"]
    pushed = table.curves()["curves"]
    assert pushed["metric"] == "metrics.acc"
    assert len(pushed["ids"]) == 8
    assert nbtrack.table(columns=["status"])._source.curves() is None


def test_curves_are_sent_for_the_runs_asked_for(runs):
    table = paged()
    ids = [runs.run_id, nbtrack.get_run("run-0").info.run_id, "0" * 32]
    found = table.answer({"op": "curves", "metric": "metrics.loss", "ids": ids})
    (place, points, first, last, low, high, size), one, unknown = sorted(found["told"])
    assert (place, points, first, last, low, high, size) == (0, 6, 1.0, 0.166667, 0.166667, 1.0, 12)
    assert (one[1], unknown[1]) == (1, 0)
    assert len(found["bits"]) == 12
    assert found["bits"][:2] == bytes([0, 254])


def test_a_table_without_curves_has_no_column_for_them():
    with nbtrack.start_run():
        nbtrack.log_metric("acc", 1.0)
    table = RunSource(current_store(), GridView())
    start = table.start()
    assert "sparkline" not in start["shown"] + [column["id"] for column in start["columns"]]
    assert nbtrack.table(columns=["sparkline", "status"])._source._columns.shown == ["run_name", "status"]
    with nbtrack.start_run():
        nbtrack.log_metric("loss", 1.0, step=0)
        nbtrack.log_metric("loss", 0.5, step=1)
    current_store().flush()
    news = table.poll()
    assert news["news"][-1]["metrics"] == ["metrics.loss"]
    assert len(news["changed"]) == 1


# --- what the buttons bring -------------------------------------------------------------------------------------------


@pytest.fixture
def act(runs, monkeypatch):
    from nbtrack.widgets.runtable.widget import widget_class

    sent = []
    monkeypatch.setattr(widget_class(), "send", lambda self, content, buffers=None: sent.append((content, buffers)))
    table = nbtrack.table()

    def do(name, *names):
        ids = [nbtrack.get_run(run).info.run_id for run in names]
        table._hear(None, {"op": "act", "name": name, "ids": ids, "number": 1}, [])
        return sent[-1]

    return do


def test_the_chart_of_a_selection_is_a_picture(act):
    content, _ = act("chart", "run-4", "run-5")
    assert content["values"]["title"] == "chart: run-4, run-5"
    assert content["values"]["html"].count("data:image/svg+xml;base64,") == 1
    bars, _ = act("chart", "fold-0", "fold-1")
    assert "data:image/svg+xml" in bars["values"]["html"]
    many, _ = act("chart", *[f"run-{number}" for number in range(6)])
    assert many["values"]["title"].endswith("run-3 and 2 more")


def test_a_selection_is_exported_as_csv_in_its_order(act):
    content, buffers = act("export", "run-2", "run-5")
    assert content["values"]["file"]["name"] == "runs.csv"
    assert content["values"]["said"] == "2 runs exported"
    read = list(csv.DictReader(io.StringIO(buffers[0].decode())))
    assert [row["run_name"] for row in read] == ["run-2", "run-5"]
    assert float(read[1]["metrics.acc"]) == 0.55
    assert read[0]["params.model"] == "svm"


def test_comparing_and_showing_bring_static_html(act):
    content, _ = act("compare", "run-1", "run-2")
    assert content["values"]["title"] == "compared: run-1, run-2"
    assert "rf" in content["values"]["html"]
    shown, _ = act("show", "run-1")
    for html in (content["values"]["html"], shown["values"]["html"]):
        assert "<script" not in html
        assert "<style" not in html


def test_the_baseline_can_be_read_and_set(runs):
    table = nbtrack.table()
    assert table.baseline is None
    table.baseline = "run-3"
    assert table.baseline == table.widget.baseline == nbtrack.get_run("run-3").info.run_id
    table.baseline = None
    assert table.baseline is None
    with pytest.raises(RunNotFoundError):
        table.baseline = "no such run"

"""The kernel's half of the run table: what it sends, what it answers, and its Python side."""

from __future__ import annotations

import math
import re
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

import nbtrack
from nbtrack.errors import FilterError, InputError, RunNotFoundError, StoreError
from nbtrack.store.grid import GridView
from nbtrack.store.reading import current_store
from nbtrack.widgets.frontend import bundle
from nbtrack.widgets.frontend.watcher import Watcher
from nbtrack.widgets.runtable import assets, question, snapshot, source, wire
from nbtrack.widgets.runtable.snapshot import Snapshot, changed_rows
from nbtrack.widgets.runtable.source import RunSource

HERE = Path(assets.__file__).parent


def column(*values, dtype=object):
    masked = np.ma.array(np.zeros(len(values), dtype), mask=[value is None for value in values])
    for place, value in enumerate(values):
        if value is not None:
            masked[place] = value
    return masked


def read(spec):
    """Decode a column as the browser does."""
    if spec["k"] == "f":
        real = set(spec.get("nan", []))
        floats = [value[0] for value in struct.iter_unpack("<d", spec["data"])]
        return [None if math.isnan(v) and place not in real else v for place, v in enumerate(floats)]
    if spec["k"] == "h":
        return [spec["data"][start : start + 16].hex() for start in range(0, len(spec["data"]), 16)]
    size = len(spec["data"]) // spec["count"]
    codes = [code[0] for code in struct.iter_unpack({1: "<B", 2: "<H", 4: "<I"}[size], spec["data"])]
    return [spec["words"][code - 1] if code else None for code in codes]


def carried(*values, dtype=object, **kinds):
    spec = wire.encoded(column(*values, dtype=dtype), **{"is_number": False} | kinds)
    return spec["k"], read(spec | {"count": len(values)})


# --- columns as bytes -------------------------------------------------------------------------------------------------


def test_numbers_keep_what_is_missing_apart_from_nan():
    kind, values = carried(1.5, None, math.nan, math.inf, -0.0, dtype=float)
    assert kind == "f"
    assert values[:2] == [1.5, None]
    assert math.isnan(values[2])
    assert values[3:] == [math.inf, -0.0]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (("0.1", None, "3"), "f"),
        (("1e-3", "inf", "nan"), "f"),
        (("0.1", "auto"), "t"),
        ((str(2**53 + 1), "1"), "t"),
        ((None, None), "f"),
    ],
)
def test_params_are_numbers_where_nothing_is_lost_by_it(texts, kind):
    assert wire.encoded(column(*texts), is_number=True)["k"] == kind


def test_texts_are_written_once():
    kind, values = carried("a", None, "b", "a", "", "Ünï 👩‍🔬")
    assert kind == "t"
    assert values == ["a", None, "b", "a", "", "Ünï 👩‍🔬"]
    many = [f"run {number}" for number in range(70_000)]
    assert carried(*many)[1] == many
    assert carried(*many[:300])[1] == many[:300]


def test_ids_are_sixteen_bytes_unless_one_of_them_is_none():
    ids = ["0123456789abcdef" * 2, "f" * 32]
    assert carried(*ids, is_id=True) == ("h", ids)
    assert carried("run-1", ids[0], is_id=True) == ("t", ["run-1", ids[0]])


def test_bytes_travel_beside_the_message():
    content, buffers = wire.packed({"columns": {"a": {"k": "f", "data": b"12"}, "b": {"k": "t", "data": b"3"}}, "n": 1})
    assert content == {"columns": {"a": {"k": "f", "b": 0}, "b": {"k": "t", "b": 1}}, "n": 1}
    assert buffers == [b"12", b"3"]


# --- what has changed -------------------------------------------------------------------------------------------------


def shot(numbers, **columns):
    return Snapshot(np.array(numbers), columns)


def test_rows_that_are_new_or_changed_are_found():
    before = shot([1, 2, 3], a=column("x", None, "z"), b=column(1.0, math.nan, None, dtype=float))
    same = shot([1, 2, 3], a=column("x", None, "z"), b=column(1.0, math.nan, None, dtype=float))
    assert changed_rows(before, same).tolist() == []
    after = shot([1, 2, 3, 9], a=column("x", "y", "z", "w"), b=column(1.0, math.nan, math.nan, 0.0, dtype=float))
    assert changed_rows(before, after).tolist() == [1, 2, 3]


def test_runs_that_went_away_ask_for_everything():
    before = shot([1, 2, 3], a=column("x", "y", "z"))
    assert changed_rows(before, shot([1, 3], a=column("x", "z"))) is None
    assert changed_rows(before, shot([1, 3, 4], a=column("x", "z", "v"))) is None
    assert changed_rows(shot([], a=column()), shot([], a=column())).tolist() == []


# --- the store's side -------------------------------------------------------------------------------------------------


@pytest.fixture
def runs():
    for number in range(6):
        with nbtrack.start_run(run_name=f"run-{number}") as run:
            nbtrack.log_params({"C": number / 10, "model": "rf" if number % 2 else "svm", "same": 1})
            nbtrack.log_metric("acc", 0.5 + number / 100)
            if number == 3:
                nbtrack.log_metric("loss", math.nan)
    return run


def values_of(chunk, name):
    return read(chunk["columns"][name] | {"count": chunk["count"]})


def started(**more):
    table = RunSource(current_store(), GridView(), **more)
    return table, table.start()


def test_few_runs_come_at_once_with_the_columns_that_tell_them_apart(runs):
    table, start = started()
    assert start["all"]
    assert start["shown"] == [
        *("run_name", "status", "metrics.acc", "metrics.loss", "params.C", "params.model"),
        *("start_time", "duration_s"),
    ]
    assert values_of(start["first"], "run_name") == [f"run-{number}" for number in range(6)]
    assert values_of(start["first"], "run_id")[5] == runs.run_id
    assert table.late() is None
    assert table.poll() is None


def test_new_and_changed_runs_are_told_alone(runs):
    table, _ = started()
    with nbtrack.start_run(run_name="later"):
        nbtrack.log_params({"C": 9, "fresh": "x"})
    current_store().append_event({"t": "stage", "run": runs.run_id, "stage": "active"})
    current_store().flush()
    news = table.poll()
    assert news["rows"]["at"] == [6]
    assert news["rows"]["count"] == 7
    assert news["revision"] == 1
    assert read(news["rows"]["columns"]["run_name"] | {"count": 1}) == ["later"]
    assert "params.fresh" in [column["id"] for column in news["news"]]
    current_store().append_event({"t": "stage", "run": runs.run_id, "stage": "deleted"})
    current_store().flush()
    assert values_of(table.poll()["first"], "run_name") == [*(f"run-{number}" for number in range(5)), "later"]


@pytest.mark.parametrize("in_browser", [100, 2])
def test_a_store_that_is_gone_is_not_an_empty_one(runs, in_browser):
    table, _ = started(in_browser=in_browser)
    table.poll()
    root = current_store().root
    root.rename(root.with_name("elsewhere"))
    asked = [{"op": "match", "expression": "metrics.acc > 0.5"}, {"op": "differing", "columns": ["params.C"]}]
    for ask in (table.poll, *(lambda message=message: table.answer(message) for message in asked)):
        with pytest.raises(StoreError, match="is gone; what is shown is what it held"):
            ask()
    assert table.total == 6
    root.with_name("elsewhere").rename(root)
    assert table.answer({"op": "match", "expression": "metrics.acc > 0.52"})["matched"] == 3


def test_who_missed_something_is_told_everything(runs):
    table, start = started()
    assert table.answer({"op": "hello", "revision": start["revision"]}) == {}
    assert table.answer({"op": "hello", "revision": -1})["first"]["count"] == 6


def test_many_runs_stay_in_the_kernel(runs):
    table, start = started(in_browser=2)
    assert not start["all"]
    assert start["first"]["count"] == 6
    facts = table.late()["facts"]
    assert facts["best"] == {"metrics.acc": 0.55}
    asked = {"op": "page", "sort": [["metrics.acc", False]], "columns": ["run_name"], "offset": 1, "limit": 2}
    page = table.answer({**asked, "expression": "params.model = 'rf'", "key": "k"})
    assert values_of(page, "run_name") == ["run-3", "run-5"]
    assert (page["matched"], page["total"], page["key"]) == (3, 6, "k")
    ids = table.answer({"op": "ids", "sort": [["metrics.acc", True]], "start": 0, "stop": 1})
    assert ids == {"ids": [runs.run_id]}
    assert table.answer({"op": "differing", "columns": ["params.same", "params.C"]}) == {"columns": ["params.C"]}
    with nbtrack.start_run(run_name="later"):
        pass
    current_store().flush()
    pushed = table.poll()["page"]
    assert pushed["total"] == 7


def test_a_filter_is_answered_with_a_bit_for_every_run(runs):
    table, _ = started()
    found = table.answer({"op": "match", "expression": "params.model = 'rf' and metrics.acc > 0.52"})
    assert list(found["bits"]) == [0, 0, 0, 1, 0, 1]
    with pytest.raises(FilterError):
        table.answer({"op": "match", "expression": "params.model = "})


def test_a_column_that_was_not_shown_comes_later(runs):
    table, start = started(columns=["status"])
    assert start["shown"] == ["run_name", "status"]
    found = table.answer({"op": "columns", "columns": ["params.same"]})
    assert values_of(found, "params.same") == [1.0] * 6


@pytest.mark.parametrize(
    "message",
    [
        {"op": "drop tables"},
        {"op": "page", "offset": -1},
        {"op": "page", "limit": "all"},
        {"op": "page", "columns": "run_name"},
        {"op": "page", "columns": ["run_ix; drop table base.runs"]},
        {"op": "page", "sort": ["metrics.acc"]},
        {"op": "page", "filters": [{"column": "status", "operator": "or 1 = 1", "values": []}]},
        {"op": "page", "filters": [{"column": "metrics.acc", "operator": "between", "values": [1]}]},
        {"op": "match", "expression": 3},
    ],
)
def test_a_message_that_is_none_is_refused(message, runs):
    table, _ = started()
    with pytest.raises(InputError):
        table.answer(message)


def test_pages_are_not_endless():
    assert question.whole({"limit": 10**9}, "limit", question.MOST_RUNS) == question.MOST_RUNS


# --- nbtrack.table ----------------------------------------------------------------------------------------------------


@pytest.fixture
def told(monkeypatch):
    sent = []
    from nbtrack.widgets.runtable.widget import widget_class

    monkeypatch.setattr(widget_class(), "send", lambda self, content, buffers=None: sent.append((content, buffers)))
    return sent


def test_the_selection_can_be_read_set_and_watched(runs):
    table = nbtrack.table()
    seen, changes = [], []
    table.on_selection(seen.append)
    table.observe(changes.append)
    table.selection = ["run-1", nbtrack.get_run("run-2"), runs.run_id[:8]]
    assert len(table.selection) == 3
    assert seen == [table.selection]
    assert changes[0]["new"] == list(table.selection)
    assert [run.info.run_name for run in table.selected()] == ["run-1", "run-2", "run-5"]
    table.unobserve(changes.append)
    table.selection = "run-4"
    assert [run.info.run_name for run in table.selected()] == ["run-4"]
    with pytest.raises(RunNotFoundError):
        table.selection = ["no such run"]
    with pytest.raises(InputError, match="the selection holds 3"):
        table.selection = [3]
    assert repr(table) == "<RunTable of 6 runs, 1 selected>"
    # What a script prints.
    assert str(table) == table._still().text
    assert "6 runs" in str(table)


def test_what_is_selected_in_the_browser_is_not_sent_back_to_it(runs, monkeypatch):
    table = nbtrack.table()
    seen, sent = [], []
    table.on_selection(seen.append)
    monkeypatch.setattr(table.widget, "send_state", lambda key: sent.append(key))
    table._hear(None, {"op": "choose", "name": "selection", "value": [runs.run_id]}, [])
    table._hear(None, {"op": "choose", "name": "baseline", "value": runs.run_id}, [])
    assert (table.selection, table.baseline) == ((runs.run_id,), runs.run_id)
    assert (seen, sent) == ([(runs.run_id,)], [])
    table.on_selection(lambda ids: setattr(table, "selection", ids[:1]))
    table._hear(None, {"op": "choose", "name": "selection", "value": [runs.run_id, "0" * 32]}, [])
    assert sent == ["selection"], "what a function makes of it is"
    table._hear(None, {"op": "choose", "name": "_twin", "value": "x"}, [])
    assert table.widget._twin == table._twin


def test_buttons_do_what_they_say_or_what_is_put_on_them(runs, told):
    table = nbtrack.table()
    ids = [runs.run_id]
    table._hear(None, {"op": "act", "name": "note", "ids": ids, "text": "kept", "number": 1}, [])
    table._hear(None, {"op": "act", "name": "tag", "ids": ids, "text": "stage=best", "number": 2}, [])
    assert [content["values"]["said"] for content, _ in told] == ["note set on 1 run", "tag set on 1 run"]
    run = nbtrack.get_run(runs.run_id)
    assert (run.note, run.tags["stage"]) == ("kept", "best")
    table._hear(None, {"op": "act", "name": "tag", "ids": ids, "text": "stage=", "number": 3}, [])
    assert "stage" not in nbtrack.get_run(runs.run_id).tags
    table._hear(None, {"op": "act", "name": "show", "ids": ids, "number": 4}, [])
    assert "kept" in told[-1][0]["values"]["html"]
    table._hear(None, {"op": "act", "name": "compare", "ids": ids, "number": 5}, [])
    assert "select two or more" in told[-1][0]["error"]
    both = [nbtrack.get_run("run-1").info.run_id, *ids]
    table._hear(None, {"op": "act", "name": "compare", "ids": both, "number": 6}, [])
    assert "acc" in told[-1][0]["values"]["html"]
    table.on("compare", lambda chosen: f"{len(chosen)} of mine")
    table._hear(None, {"op": "act", "name": "compare", "ids": both, "number": 7}, [])
    assert told[-1][0]["values"] == {"said": "2 of mine"}
    table._hear(None, {"op": "act", "name": "archive", "ids": ids, "number": 8}, [])
    assert len(nbtrack.runs()) == 5
    table._hear(None, {"op": "act", "name": "explode", "ids": ids, "number": 9}, [])
    assert "error" in told[-1][0]
    with pytest.raises(InputError, match="no button 'explode'"):
        table.on("explode", print)


def test_an_answer_carries_its_number_and_its_bytes(runs, told):
    table = nbtrack.table()
    table._hear(None, {"op": "match", "expression": "metrics.acc > 0", "number": 41}, [])
    (content, buffers) = told[-1]
    assert content["answer"] == 41
    assert "bits" not in content["values"]
    assert buffers == [bytes([1] * 6)]
    table._hear(None, {"op": "match", "expression": "metrics.acc >", "number": 42}, [])
    assert "expected a value" in told[-1][0]["error"]
    table._hear(None, "nonsense", [])


def test_what_the_watcher_finds_is_sent(runs, told):
    table = nbtrack.table()
    table.look()
    assert told == []
    with nbtrack.start_run(run_name="later"):
        pass
    current_store().flush()
    table.look()
    content, buffers = told[-1]
    assert content["news"]["rows"]["at"] == [6]
    assert len(buffers) == len(content["news"]["rows"]["columns"])
    table._hear(None, {"op": "visible", "view": "a", "on": True}, [])
    assert table.is_seen()
    table._hear(None, {"op": "visible", "view": "a", "on": False}, [])
    assert not table.is_seen()


class Seen:
    """A widget on a screen that notes when it is looked after."""

    def __init__(self):
        self.looks = threading.Semaphore(0)

    def is_seen(self):
        return True

    def look(self):
        self.looks.release()


def test_the_browser_may_show_a_new_widget_before_the_kernel_goes_on():
    watcher, first, second = Watcher(), Seen(), Seen()
    watcher.add(first, patience_s=3600)
    assert not first.looks.acquire(timeout=0.2)
    # The browser says that it is seen.
    watcher.wake()
    assert first.looks.acquire(timeout=30)
    watcher.add(second)
    assert second.looks.acquire(timeout=30)
    third = Seen()
    watcher.add(third, patience_s=0.3)
    assert third.looks.acquire(timeout=30), "also where the browser says nothing"
    watcher.stop()
    assert not watcher._thread.is_alive()


def test_order_columns_and_rows_are_checked(runs):
    assert nbtrack.table(order_by="metrics.acc DESC")._source.start()["sort"] == [["metrics.acc", True]]
    assert nbtrack.table(order_by=["status", "duration"])._source.view.sort == (
        ("status", False),
        ("duration_s", False),
    )
    names = nbtrack.table("metrics.acc > 0.52", "metrics.acc").to_frame()["run_name"].tolist()
    assert names == ["run-3", "run-4", "run-5"]
    shown = nbtrack.table(columns=["params", "status"])._source._columns.shown
    assert shown == ["run_name", "params.C", "params.model", "params.same", "status"]
    with pytest.raises(InputError, match=r"no run here has 'params.D'.*Did you mean 'params.C'"):
        nbtrack.table(columns=["params.D"])
    with pytest.raises(FilterError):
        nbtrack.table("metrics.acc >")
    with pytest.raises(InputError, match="rows is 0"):
        nbtrack.table(rows=0)


def test_an_empty_store_is_a_table_too(told):
    table = nbtrack.table()
    assert repr(table) == "<RunTable of 0 runs, 0 selected>"
    assert "No runs yet" in table.widget._empty


def test_columns_can_be_chosen_before_any_run_has_them(told):
    table = nbtrack.table(columns=["metrics.acc", "note", "tags.team"])
    known = [column["id"] for column in table._source.start()["columns"]]
    assert {"metrics.acc", "note", "tags.team"} <= set(known)
    with nbtrack.start_run(run_name="first"):
        nbtrack.log_metric("acc", 0.5)
    news = RunSource(current_store(), GridView(), ["metrics.acc", "note"]).start()
    assert news["shown"] == ["run_name", "metrics.acc", "note"]
    assert [read(news["first"]["columns"][name] | {"count": 1}) for name in news["shown"]] == [["first"], [0.5], [None]]


def test_the_still_picture_has_the_columns_that_were_chosen(runs):
    table = nbtrack.table(columns=["params.model", "duration_s", "metrics.acc", "user", "note"])
    assert str(table).splitlines()[0].split() == ["run", "id", "took", "user", "acc", "model"]
    groups, heads = (re.sub(r"<[^>]+>", " ", row).split() for row in table._still().html.split("</tr>")[:2])
    assert groups == ["metrics", "params"]
    assert heads == ["run", "id", "took", "user", "acc", "model"]


def test_the_still_picture_has_more_columns_where_each_was_named(told):
    with nbtrack.start_run():
        nbtrack.log_metrics({f"m{number:02}": number for number in range(20)})
    # All: with the seed.
    for columns, most in (("all", 11), (["metrics"], 12), ([f"metrics.m{number:02}" for number in range(20)], 20)):
        shown = nbtrack.table(columns=columns)._still().html
        assert len(re.findall(r'title="m\d\d"', shown)) == most
        assert ("not shown: m1" in shown) == (most < 20)


def test_outside_a_notebook_it_is_the_plain_table(runs, capsys):
    nbtrack.table()._ipython_display_()
    assert "run-5" in capsys.readouterr().out


# --- the script -------------------------------------------------------------------------------------------------------


def test_every_part_of_the_script_is_in_what_is_sent():
    assert {file.stem for file in HERE.glob("*.js")} == set(assets.MODULES)
    script = assets.script()
    assert "import " not in re.sub(r'"[^"]*"', "", script)
    assert len(re.findall(r"^export ", script, re.MULTILINE)) == 1
    shared = Path(bundle.__file__).parent.glob("*.js")
    whole = "".join(file.read_text() for file in [*shared, *HERE.glob("*.js")])
    names = re.findall(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", whole, re.MULTILINE)
    assert len(names) == len(set(names)), "the parts share one scope"


def test_what_a_part_imports_stands_before_it():
    for place, name in enumerate(assets.MODULES):
        wanted = re.findall(r'from "\./(\w+)\.js"', (HERE / f"{name}.js").read_text())
        late = [other for other in wanted if assets.MODULES.index(other) >= place]
        # Functions and constants that are used only when something happens may stand behind.
        assert not late or name in ("grid", "header", "panes"), (name, late)


def test_a_snapshot_sends_the_rows_that_were_asked_for():
    chunk = snapshot.chunk({"a": column("x", "y", "z")}, frozenset(), np.array([2, 0]))
    assert read(chunk["columns"]["a"] | {"count": 2}) == ["z", "x"]
    assert source.IN_BROWSER == 50_000

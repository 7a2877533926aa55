"""The run table: which columns, which rows, what is said about the rest."""

from __future__ import annotations

import math
import re

import pytest

from nbtrack.records import RunError
from nbtrack.widgets.columns import choose, tree
from nbtrack.widgets.table import EMPTY, runs_html, runs_text
from nbtrack.widgets.text import cells


def sweep(run, amount=4):
    return [
        run(
            "forest",
            ago_s=100 + 10 * i,
            params={"model": "rf", "n_trees": 10 * (i + 1)},
            metrics={"accuracy": 0.9 + i / 100, "leaves": 5.0 * i},
            seed=42,
        )
        for i in range(amount)
    ]


def keys(columns):
    return [column.key for column in columns.shown]


def test_an_empty_store_says_what_to_type(now_s):
    assert "%%track" in EMPTY
    assert runs_text([], now_s) == EMPTY
    assert EMPTY in runs_html([], now_s)
    assert cells(EMPTY) <= 100


def test_params_that_are_the_same_in_all_runs_are_a_caption(run, now_s):
    columns = choose(sweep(run))
    assert keys(columns) == ["accuracy", "leaves", "n_trees"]
    assert columns.same == {"seed": "42", "model": "rf"}
    assert "same in all: seed=42, model=rf" in runs_text(sweep(run), now_s)
    assert "same in all: seed=42, model=rf" in runs_html(sweep(run), now_s)


def test_columns_that_were_chosen_are_the_ones_shown(run, now_s):
    records = sweep(run)
    wanted = ["run_name", "params.model", "seed", "metrics.leaves", "tags.team", "verdict", "sparkline", "status"]
    columns = choose(records, wanted=wanted)
    assert keys(columns) == ["leaves", "model", "seed", "team"]
    assert [column.kind for column in columns.shown] == ["metric", "param", "param", "tag"]
    assert not columns.same
    text = runs_text(records, now_s, wanted=wanted)
    assert text.splitlines()[0].split() == ["run", "id", "status", "leaves", "model", "seed", "team"]
    assert "same in all" not in text
    heads = re.sub(r"<[^>]+>", " ", runs_html(records, now_s, wanted=wanted).split("</tr>")[1]).split()
    assert heads == ["run", "id", "status", "leaves", "model", "seed", "team"]


def test_attributes_that_were_chosen_stand_beside_the_run(run, now_s):
    error = RunError("ValueError", "bad", "")
    record = run("a", note="a <b>note</b>\nof two lines", error=error, status="failed", tags={"team": "x\ny"})
    wanted = ["note", "error", "user", "start_time", "tags.team"]
    first, second = runs_text([record], now_s, wanted=wanted).splitlines()[:2]
    assert first.split() == ["run", "id", "note", "error", "started", "team"], "there is no user"
    assert "a <b>note</b> of two lines" in second
    assert "ValueError" in second
    assert "x y" in second
    assert "a &lt;b&gt;note&lt;/b&gt; of two lines" in runs_html([record], now_s, wanted=wanted)


def test_of_very_many_columns_chosen_the_rest_is_named(run, now_s):
    record = run("a", metrics={f"m{number}": 1.0 for number in range(30)}, tags={"team": "x"})
    wanted = [*(f"metrics.m{number}" for number in range(30)), "tags.team"]
    columns = choose([record], most=24, wanted=wanted)
    assert len(columns.shown) == 24
    assert keys(columns)[-1] == "team"
    assert columns.left_out == tuple(f"m{number}" for number in range(23, 30))
    assert "not shown: m23, m24, m25" in runs_html([record], now_s, wanted=wanted, most=24)


def test_one_run_has_nothing_in_common_with_others(run):
    assert choose(sweep(run, 1)).same == {}


def test_a_param_that_some_runs_lack_is_a_column(run):
    records = [run("a", params={"C": 1}), run("b", params={"C": 1, "kernel": "rbf"}, ago_s=200)]
    columns = choose(records)
    assert keys(columns) == ["kernel"]
    assert columns.shown[0].texts == ("", "rbf")


def test_the_best_finished_value_is_marked(run, now_s):
    records = [
        *sweep(run),
        run("broken", "failed", metrics={"accuracy": 0.99}, ago_s=500),
        run("nan", metrics={"accuracy": math.nan}, ago_s=600),
    ]
    accuracy, leaves, *_ = choose(records).shown
    assert accuracy.best == {3}
    assert leaves.best == frozenset()
    assert "★ 0.93" in runs_text(records, now_s)
    assert runs_html(records, now_s).count("★") == 2  # one in the table, one in the caption
    assert "★ best of the finished runs shown" in runs_html(records, now_s)
    assert choose(records, {"leaves": "lower"}).shown[0].best == {0}


def test_nothing_is_best_where_all_are_equal(run):
    records = [run(metrics={"loss": 0.5}, ago_s=ago_s) for ago_s in (1, 2)]
    assert choose(records).shown[0].best == frozenset()


def test_at_most_twelve_columns_and_the_rest_is_named(run, now_s):
    records = [
        run(
            params={f"p{i}": j for i in range(20)},
            metrics={f"m{i}": float(j) for i in range(20)} | {"val_loss": 0.5 + j},
            ago_s=100 + j,
        )
        for j in range(3)
    ]
    columns = choose(records)
    assert len(columns.shown) == 12
    assert keys(columns)[:2] == ["val_loss", "m0"]
    assert len(columns.left_out) == 29
    assert "not shown: m5, m6" in runs_html(records, now_s)
    # Where one kind needs less than its half, the other takes it.
    assert len(choose([run(params={f"p{i}": i for i in range(20)}, metrics={"loss": 0.5})]).shown) == 12


def test_a_wanted_metric_is_always_shown(run):
    record = run(metrics={f"m{i}": float(i) for i in range(30)})
    assert keys(choose([record], {"m29": "higher"}))[0] == "m29"


def test_numbers_of_a_column_line_up(run, now_s):
    records = [run(params={"lr": lr}, metrics={"loss": loss}, ago_s=lr * 10) for lr, loss in ((0.5, 0.25), (10, 1.5))]
    rows = runs_text(records, now_s).split("\n")[1:3]
    assert rows[0].rindex(".") == rows[1].rindex("10") + 2
    assert {row.index("✓") for row in rows} == {rows[0].index("✓")}


def test_children_stand_below_their_parents(run):
    parent = run("search", ago_s=300)
    child = run("fold", ago_s=200, parent=parent.info.run_id)
    grandchild = run("step", ago_s=150, parent=child.info.run_id)
    orphan = run("orphan", ago_s=100, parent="f" * 32)
    other = run("other", ago_s=250)
    newest_first = [orphan, grandchild, child, other, parent]
    assert [(depth, record.info.run_name) for depth, record in tree(newest_first)] == [
        (0, "orphan"),
        (0, "other"),
        (0, "search"),
        (1, "fold"),
        (2, "step"),
    ]
    sorted_by_metric = [parent, orphan, child]
    assert [record for _, record in tree(sorted_by_metric)] == sorted_by_metric
    own_parent = run("odd", run_id="a" * 32, parent="a" * 32)
    assert tree([own_parent]) == [(0, own_parent)]


def test_deep_nesting_does_not_exhaust_the_stack(run, now_s):
    records = [run("r0", run_id="0" * 32, ago_s=10_000)]
    for i in range(1, 3_000):
        records.append(run(f"r{i}", run_id=f"{i:032x}", parent=records[-1].info.run_id, ago_s=10_000 - i))
    assert [depth for depth, _ in tree(records[::-1])] == list(range(3_000))


def test_nested_runs_are_indented(run, now_s):
    parent = run("search", ago_s=300)
    child = run("fold", ago_s=200, parent=parent.info.run_id)
    assert "\n└ fold" in runs_text([child, parent], now_s)
    assert "└ </span>fold" in runs_html([child, parent], now_s)


def test_every_status_can_be_read(run, now_s):
    statuses = ["running", "finished", "failed", "interrupted", "crashed"]
    records = [run(status, status, ago_s=10 * (i + 1)) for i, status in enumerate(statuses)]
    records.append(run("gone", stage="deleted", ago_s=99, error=RunError("KeyError", "'x'", "")))
    plain, markup = runs_text(records, now_s), runs_html(records, now_s)
    for words in ("● running", "✓ finished", "✗ failed", "■ interrupted", "✗ crashed", "✓ finished, deleted"):
        assert words in plain
        assert words.split()[-1] in markup
    assert 'title="KeyError: &#x27;x&#x27;"' in markup


@pytest.mark.parametrize(("total", "words"), [(None, "4 runs"), (4, "4 runs"), (1_430, "showing 4 of 1,430 runs")])
def test_how_many_there_are(run, now_s, total, words):
    assert f"\n{words} · experiment digits" in runs_text(sweep(run), now_s, total)
    assert f">{words} · experiment digits" in runs_html(sweep(run), now_s, total)


def test_several_experiments_are_a_column(run, now_s):
    records = [run("a", ago_s=1), run("b", experiment="diabetes", ago_s=2)]
    assert re.search(r"^run +id +experiment", runs_text(records, now_s))
    assert "experiment digits" not in runs_text(records, now_s)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_text_keeps_to_its_width_and_names_what_it_leaves_out(run, now_s, width):
    records = [
        run(
            f"a run with a long name {j}",
            params={f"parameter_{i}": f"value {i * j}" for i in range(1, 10)},
            metrics={f"metric_{i}_accuracy": i / (j + 3) for i in range(1, 10)},
            ago_s=500 + j,
        )
        for j in range(3)
    ]
    plain = runs_text(records, now_s, width=width)
    assert max(map(cells, plain.split("\n"))) <= width
    table, _, captions = plain.partition("\n\n")
    names = [f"parameter_{i}" for i in range(1, 10)] + [f"metric_{i}_accuracy" for i in range(1, 10)]
    left_out = captions.partition("not shown: ")[2]
    assert all((name in table) != (name in left_out) for name in names if "more" not in left_out or name in table)


def test_the_same_data_give_the_same_table(run, now_s):
    assert runs_html(sweep(run), now_s) == runs_html(sweep(run), now_s)
    assert runs_text(sweep(run), now_s) == runs_text(sweep(run), now_s)

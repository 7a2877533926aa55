"""The run card: what it compares, what it folds, how wide and how large it gets."""

from __future__ import annotations

import math
import re

import pytest

from nbtrack.records import Artifact, MetricRange, RunError
from nbtrack.views import CardView
from nbtrack.widgets.card import card_html, card_text
from nbtrack.widgets.comparison import metric_lines
from nbtrack.widgets.text import cells

EARLIER = MetricRange(minimum=0.90, maximum=0.98, previous=0.95)


def visible(markup: str) -> str:
    """Return what a reader sees of HTML."""
    text = re.sub(r"<(?:/div|/tr|br|/summary)[^>]*>", "\n", markup)
    return re.sub(r"<[^>]*>", " ", text).replace("&lt;", "<").replace("&#x27;", "'").replace("&amp;", "&")


def verdicts(run, key, value, known, status="finished"):
    (line,) = metric_lines(CardView(run(status=status, metrics={key: value}), {key: known}))
    return str(line.best) if line.best else None, str(line.previous) if line.previous else None


@pytest.mark.parametrize(
    ("key", "value", "best", "previous"),
    [
        ("accuracy", 0.97, "▼ -0.01 worse", "▲ +0.02 better"),
        ("accuracy", 0.99, "★ +0.01 new best", "▲ +0.04 better"),
        ("accuracy", 0.98, "= best so far", "▲ +0.03 better"),
        ("loss", 0.89, "★ -0.01 new best", "▼ -0.06 better"),
        ("loss", 0.96, "▲ +0.06 worse", "▲ +0.01 worse"),
        ("loss", 0.90, "= best so far", "▼ -0.05 better"),
        ("n_leaves", 0.96, None, "▲ +0.01"),
        ("accuracy", math.nan, None, None),
        ("accuracy", math.inf, None, None),
    ],
)
def test_a_metric_is_compared_with_earlier_runs(run, key, value, best, previous):
    assert verdicts(run, key, value, EARLIER) == (best, previous)


@pytest.mark.parametrize("status", ["failed", "interrupted", "crashed"])
def test_a_run_that_did_not_finish_sets_no_best(run, status):
    assert verdicts(run, "accuracy", 0.99, EARLIER, status)[0] == "▲ +0.01 better"


def test_earlier_runs_without_a_number_are_nothing_to_compare_with(run):
    assert verdicts(run, "loss", 0.5, MetricRange(math.nan, math.nan, math.nan)) == (None, None)
    assert verdicts(run, "loss", 0.5, MetricRange(0.25, 0.5, None)) == ("▲ +0.25 worse", None)


def test_a_first_run_has_no_empty_comparisons(run, now_s):
    view = CardView(run(params={"C": 0.1}, metrics={"accuracy": 0.9}))
    for shown in (card_html(view, now_s), card_text(view)):
        assert "accuracy" in shown
        assert "vs " not in shown


def test_only_what_some_metric_has_becomes_a_column(run, now_s):
    view = CardView(run(metrics={"n_leaves": 31.0, "loss": 0.5}), {"n_leaves": MetricRange(1, 40, 29)})
    markup = card_html(view, now_s)
    assert "vs previous run" in markup
    assert "vs best so far" not in markup
    assert markup.count("<th ") == 3


def test_the_card_says_what_there_is(run, now_s):
    record = run(
        "baseline",
        params={"C": 0.1, "penalty": "l2"},
        metrics={"accuracy": 0.97222},
        seed=42,
        tags={"stage": "draft", "mlflow.user": "ana"},
        note="a first try",
        warnings=("drew from an unseeded generator",),
        artifacts=(Artifact("loss.png", "a" * 64, 48_211),),
        parent="c0ffee" + "0" * 26,
    )
    view = CardView(record, {"accuracy": EARLIER}, ("the disk is full: values are kept in memory",))
    for shown in (visible(card_html(view, now_s)), card_text(view)):
        for words in (
            "baseline",
            "✓",
            "finished in 1.2 s",
            "experiment digits",
            record.info.run_id[:8],
            "0.9722",
            "▼",
            "worse",
            "seed 42 · tag stage=draft · 1 artifact (48.2 kB)",
            "a first try",
            "drew from an unseeded generator",
            "nbtrack: the disk is full",
        ):
            assert words in shown
        assert "mlflow.user" not in shown
    assert "child of  c0ffee00" in visible(card_html(view, now_s))
    assert 'title="0.97222"' in card_html(view, now_s)
    assert 'title="higher is better"' in card_html(view, now_s)


def test_a_failed_run_says_why(run, now_s):
    error = RunError("ValueError", "inconsistent\nnumbers of samples", "Traceback …")
    view = CardView(run("forest", "failed", error=error, took_s=0.034))
    assert "✗ failed after 34 ms" in card_text(view)
    assert "✗ ValueError: inconsistent numbers of samples" in card_text(view)
    assert "<b>ValueError</b> <span>inconsistent numbers of samples</span>" in card_html(view, now_s)
    assert "Traceback" not in card_html(view, now_s)


def test_a_running_run_says_for_how_long(run, now_s):
    view = CardView(run(status="running", ago_s=75))
    assert "● running for 1 min 15 s" in card_text(view, now_s)
    assert "running for 1 min 15 s" in visible(card_html(view, now_s)).replace("●  ", "")
    assert card_text(view) == card_text(view)
    assert "running" in card_text(view)


def test_a_run_with_nothing_recorded_is_one_line(run, now_s):
    assert "<table" not in card_html(CardView(run()), now_s)
    assert "\n" not in card_text(CardView(run()))


@pytest.mark.parametrize(("amount", "folded"), [(1, 0), (12, 0), (13, 3), (30, 20), (10_000, 9_990)])
def test_many_values_are_folded(run, now_s, amount, folded):
    record = run(params={f"p{i}": i for i in range(amount)}, metrics={f"m{i}": float(i) for i in range(amount)})
    markup, plain = card_html(CardView(record), now_s), card_text(CardView(record))
    assert markup.count("<details") == (2 if folded else 0)
    if folded:
        assert f"{folded:,} more params" in markup
        assert f"{folded:,} more metrics" in markup
        assert plain.count(f"and {folded} more") == 2
    # Folded is not left out.
    for name in (f"p{amount - 1}", f"m{amount - 1}"):
        assert re.search(rf">{name}<", markup)


def test_many_warnings_are_folded(run, now_s):
    markup = card_html(CardView(run(warnings=tuple(f"warning {i}" for i in range(9)))), now_s)
    assert "6 more warnings" in markup
    assert markup.count("⚠") == 9


def test_long_values_are_cut_and_whole_when_pointed_at(run, now_s):
    path = "/data/" + "deep/" * 40 + "model.pkl"
    markup = card_html(CardView(run(params={"path": path, "short": "x"})), now_s)
    assert f'title="{path}"' in markup
    assert re.search(r">/data/deep/[^<]{,20}…[^<]{,20}model.pkl<", markup)
    assert markup.count("title=") == 2
    huge = card_html(CardView(run(params={"blob": "x" * 1_000_000})), now_s)
    assert len(huge) < 5_000


def test_a_float_is_shown_without_its_rounding_tail(run, now_s):
    record = run(params={"lr": 0.1 + 0.2, "rate": 0.30000000000000004, "text": "0.30000000000000004", "n": 10**12})
    plain = card_text(CardView(record))
    assert "lr=0.3 " in plain
    assert "text=0.30000000000000004" in plain
    assert "n=1000000000000" in plain


def test_a_large_card_stays_small(run, now_s):
    record = run(
        "resnet50-long-training",
        params={f"encoder.parameter_{i}": "some value" for i in range(30)},
        metrics={f"validation.class_{i}.f1": 0.5 + i / 71 for i in range(30)},
        seed=0,
        note="a note",
        warnings=("a warning", "another"),
    )
    ranges = {key: MetricRange(value * 0.9, value * 1.02, value * 0.97) for key, value in record.data.metrics.items()}
    assert len(card_html(CardView(record, ranges), now_s).encode()) < 12_000


def test_the_text_fits_and_is_the_same_each_time(run, nasty, now_s):
    _, record = nasty
    wide = run(
        "a name of many words that goes on and on and on and on",
        "interrupted",
        params={f"parameter_number_{i}": "value " * 20 for i in range(40)},
        metrics={f"metric_{i}_with_quite_a_long_name_accuracy": 0.1 * i for i in range(40)},
        tags={f"tag{i}": "value" for i in range(30)},
        experiment="an experiment with a name that goes on and on",
        stage="deleted",
        took_s=100_000,
    )
    for view in (
        CardView(record, dict.fromkeys(record.data.metrics, EARLIER)),
        CardView(wide, dict.fromkeys(wide.data.metrics, EARLIER), ("a notice " * 30,)),
    ):
        plain = card_text(view)
        assert max(map(cells, plain.split("\n"))) <= 100
        assert plain == card_text(view)
        assert "\x1b" not in plain


def test_columns_of_the_text_line_up(run):
    record = run(metrics={"accuracy": 0.9722, "n": 12.0, "loss": 0.1})
    ranges = {"accuracy": EARLIER, "loss": EARLIER, "n": EARLIER}
    lines = card_text(CardView(record, ranges)).split("\n")[1:]
    places = {line.index("▲") if "▲" in line else None for line in lines[1:]} - {None}
    assert lines[0].index("vs best so far") in {
        line.index(glyph) for line in lines[1:] for glyph in "▼★" if glyph in line
    }
    assert len(places) <= 2

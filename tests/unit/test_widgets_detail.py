"""Everything about one run, and the live line."""

from __future__ import annotations

import base64
import math
import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from nbtrack.records import Artifact, RunError
from nbtrack.views import LiveView
from nbtrack.widgets.detail import run_html, run_text
from nbtrack.widgets.live import live_html, live_text
from nbtrack.widgets.series import picture, summarise
from nbtrack.widgets.text import cells


def history(**series: list[float]) -> pd.DataFrame:
    rows = [(key, step, 0, value) for key, values in series.items() for step, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["key", "step", "timestamp", "value"])


def test_a_series_is_summed_up():
    found = summarise(history(loss=[3.0, 1.0, 2.0], odd=[math.nan, math.inf, 1.0], none=[math.nan]))
    loss, odd, none = found["loss"], found["odd"], found["none"]
    assert (loss.points, loss.first_step, loss.last_step, loss.minimum, loss.maximum) == (3, 0, 2, 1.0, 3.0)
    assert loss.trend == (3.0, 1.0, 2.0)
    assert (odd.minimum, odd.maximum, odd.trend) == (1.0, math.inf, (1.0,))
    assert math.isnan(none.minimum)
    assert none.trend == ()
    assert summarise(None) == summarise(history()) == {}


def test_a_long_series_becomes_a_short_trend():
    trend = summarise(history(loss=[float(i) for i in range(100_000)]))["loss"].trend
    assert len(trend) == 40
    assert list(trend) == sorted(trend)


def test_the_picture_of_a_trend_is_a_static_image():
    markup = picture([1.0, 0.5, 0.25])
    source = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', markup)[1]
    svg = ET.fromstring(base64.b64decode(source))
    line, end = list(svg)
    points = [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
    heights = [y for _, y in points]
    assert heights == sorted(heights)
    assert all(0 <= x <= float(svg.get("width")) and 0 <= y <= float(svg.get("height")) for x, y in points)
    assert (float(end.get("cx")), float(end.get("cy"))) == points[-1]
    assert 'alt="█' in markup
    assert picture([1.0]) == ""


@pytest.mark.parametrize("values", [[0.0, 0.0], [-1.7e308, 1.7e308], [5e-324, 0.0]])
def test_a_trend_of_odd_numbers_has_a_picture(values):
    assert "<img" in picture(values)


@pytest.fixture
def record(run):
    return run(
        "training",
        params={"hidden": 32, "path": "/data/" + "x" * 200},
        metrics={"loss": 0.1, "accuracy": 0.9},
        tags={"stage": "draft"},
        note="a note",
        warnings=("be careful",),
        artifacts=(Artifact("report/loss.png", "a" * 64, 48_211, "image/png"),),
        code="for i in range(3):\n\tx = '<b>'",
        seed=7,
    )


def test_everything_is_there(record, run, now_s):
    children = [run("fold 1", parent=record.info.run_id, metrics={"loss": 0.2})]
    points = history(loss=[0.5, 0.3, 0.1], accuracy=[0.9])
    markup, plain = run_html(record, points, children, now_s), run_text(record, points, children, now_s)
    for shown in (markup, plain):
        for words in (
            "training",
            record.info.run_id,
            "digits.ipynb, In[4]",
            "stage=draft",
            "a note",
            "be careful",
            "report/loss.png",
            "48.2 kB",
            "hidden",
            "fold 1",
            "code",
        ):
            assert words in shown
    assert re.search(r"loss +0\.1 +0\.1 +0\.5 +3 +█▄▁", plain)
    assert re.search(r"accuracy +0\.9 +1$", plain, re.MULTILINE)
    assert "  for i in range(3):\n      x = '<b>'" in plain
    assert "<pre" in markup
    assert "for i in range(3):\n    x = &#x27;&lt;b&gt;&#x27;</pre>" in markup
    assert markup.count("<img") == 1
    assert 'title="steps 0 to 2"' in markup


def test_without_points_only_the_values_are_shown(record, now_s):
    assert "points" not in run_html(record, None, (), now_s)
    assert "points" not in run_text(record)
    assert re.search(r"loss +0\.1$", run_text(record), re.MULTILINE)


def test_a_failed_run_has_its_traceback_folded(run, now_s):
    record = run(status="failed", error=RunError("ValueError", "no", "Traceback:\n  line 1\nValueError: no"))
    markup = run_html(record, None, (), now_s)
    assert re.search(
        r"<details.*<summary.*traceback.*<pre[^>]*>Traceback:\n  line 1\nValueError: no</pre>", markup, re.S
    )
    assert run_text(record).endswith("error\n  Traceback:\n    line 1\n  ValueError: no")


def test_endless_things_have_an_end(run, now_s):
    record = run(params={f"p{i}": "x" * 1_000 for i in range(1_000)}, code="x = 1\n" * 100_000)
    assert len(run_html(record, None, (), now_s)) < 400_000
    assert "and 800 more params" in run_html(record, None, (), now_s)


def test_the_text_fits(record, now_s, nasty):
    for shown in (record, nasty[1]):
        plain = run_text(shown, history(loss=[1.0, 2.0]), [shown], now_s)
        lines = plain.partition("\n\ncode\n")[0].split("\n")
        assert max(map(cells, lines)) <= 100


# --- the live line ----------------------------------------------------------------------------------------------


def test_a_live_line_with_a_known_end():
    view = LiveView("training", 12.3, step=11, rate_per_s=4.0, done=12, total=60, metrics={"loss": 0.412})
    assert live_text(view) == "● training  12/60  step 11  loss 0.412  12.3 s  4 steps/s  12.0 s left"
    markup = live_html(view)
    assert '<progress value="12" max="60"' in markup
    for words in ("12/60", "<b>0.412</b>", "12.0\u00a0s\u00a0left"):
        assert words in markup


def test_a_live_line_without_an_end():
    view = LiveView("training", 3.0, rate_per_s=0.25, done=3)
    assert live_text(view) == "● training  3 done  3.0 s  4.0 s a step"
    assert "<progress" not in live_html(view)
    assert live_text(LiveView("x", 0.5)) == "● x  500 ms"
    assert "/0" not in live_html(LiveView("x", 0.5, done=0, total=0))


def test_a_live_line_is_one_line_of_four_metrics():
    view = LiveView(
        "a name that goes on and on",
        3_700.0,
        step=10**9,
        rate_per_s=0.01,
        done=61,
        total=60,
        metrics={f"a_rather_long_metric_{i}": i / 7 for i in range(9)},
    )
    assert cells(live_text(view)) <= 100
    assert live_text(view).endswith("left")
    assert "\n" not in live_text(view)
    assert live_html(view).count("a_rather_long_metric_") == 4
    assert '<progress value="60" max="60"' in live_html(view)

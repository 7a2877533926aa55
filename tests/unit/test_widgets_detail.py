"""Everything about one run."""

from __future__ import annotations

import base64
import math
import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from nbtrack.records import Artifact, RunError
from nbtrack.widgets.detail.facts import Facts
from nbtrack.widgets.detail.text import detail_text
from nbtrack.widgets.detail.view import whole
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
    facts = Facts(record, now_s, summarise(points), children=tuple(children))
    markup, plain = whole(facts), detail_text(facts)
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
            "for i in range(3):",
        ):
            assert words in shown
    assert re.search(r"loss +0\.1 +0\.1 +0\.5 +3 +█▄▁", plain)
    assert re.search(r"accuracy +0\.9 +1$", plain, re.MULTILINE)
    assert "  for i in range(3):\n      x = '<b>'" in plain
    assert "<pre" in markup
    assert "for i in range(3):\n    x = &#x27;&lt;b&gt;&#x27;</pre>" in markup
    assert 'title="steps 0 to 2"' in markup


def test_without_points_only_the_values_are_shown(record, now_s):
    assert "points" not in whole(Facts(record, now_s))
    assert "points" not in detail_text(Facts(record))
    assert re.search(r"loss +0\.1$", detail_text(Facts(record)), re.MULTILINE)


def test_a_failed_run_has_its_traceback_folded(run, now_s):
    record = run(status="failed", error=RunError("ValueError", "no", "Traceback:\n  line 1\nValueError: no"))
    markup = whole(Facts(record, now_s))
    assert re.search(
        r"<details.*<summary.*traceback.*<pre[^>]*>Traceback:\n  line 1\nValueError: no</pre>", markup, re.S
    )
    assert detail_text(Facts(record)).endswith("error\n  Traceback:\n    line 1\n  ValueError: no")


def test_a_name_that_is_cut_above_is_whole_below(run, now_s):
    name = "a name that somebody typed " * 5
    assert f"<td>{name}" in re.sub(r"<td[^>]*>", "<td>", whole(Facts(run(name), now_s)))
    assert whole(Facts(run("short"), now_s)).count("short") == 1


def test_endless_things_have_an_end(run, now_s):
    record = run(params={f"p{i}": "x" * 1_000 for i in range(1_000)}, code="x = 1\n" * 100_000)
    assert len(whole(Facts(record, now_s))) < 400_000
    assert "and 800 more params" in whole(Facts(record, now_s))


def test_the_text_fits(record, now_s, nasty):
    for shown in (record, nasty[1]):
        plain = detail_text(Facts(shown, now_s, summarise(history(loss=[1.0, 2.0])), children=(shown,)))
        lines = plain.partition("\n\ncode\n")[0].split("\n")
        assert max(map(cells, lines)) <= 100

"""``%nbtrack chart``, from one line; and a live chart in a real kernel that nobody looks at."""

from __future__ import annotations

import base64

import pytest


@pytest.fixture
def filled(shell):
    shell.run("import nbtrack")
    shell.run("nbtrack.set_experiment('curves')")
    for name, model, slope in (("first", "rf", 1.0), ("second", "gbm", 2.0)):
        shell.run(
            f"with nbtrack.start_run(run_name='{name}'):\n"
            f"    nbtrack.log_param('model', '{model}')\n"
            f"    for step in range(20): nbtrack.log_metrics({{'loss': {slope} / (step + 1), 'acc': step / 20}}, step)"
        )
    return shell


def chart_of(shell, line: str):
    result = shell.run(line)
    assert result.success, result.error_in_exec
    return result.result


def test_the_verb_draws_what_it_was_asked_for(filled):
    chart = chart_of(filled, "%nbtrack chart")
    assert {trace.name for trace in chart.figure.data} == {"first", "second"}
    assert len(chart.figure.data) == 4
    chart = chart_of(filled, "%nbtrack chart loss --runs first --log --smooth 0.5 --x relative")
    raw, line = chart.figure.data
    assert (raw.name, line.name) == ("first", "first")
    assert chart.figure.layout.yaxis.type == "log"
    assert chart.figure.layout.xaxis.title.text == "time since start (s)"
    chart = chart_of(filled, "%nbtrack chart loss -r first -r second --group model")
    assert {trace.name for trace in chart.figure.data} == {"model = rf · 1 run", "model = gbm · 1 run"}
    chart = chart_of(filled, "%nbtrack chart acc --runs \"params.model = 'gbm'\"")
    assert [trace.name for trace in chart.figure.data] == ["second"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("chart los", "near: loss"),
        ("chart --x epoch", "'relative'"),
        ("chart --smooth 2", "below 1"),
        ("chart --runs nobody", "there is no run 'nobody'"),
        ("chart --colour red", "--colour"),
    ],
)
def test_what_it_does_not_accept_it_says(line, words, filled, capfd):
    assert not filled.run(f"%nbtrack {line}").success
    assert words in "".join(capfd.readouterr())


def test_help_lists_it(filled, capfd):
    filled.run("%nbtrack help")
    assert "chart" in capfd.readouterr().out
    filled.run("%nbtrack chart --help")
    assert "--smooth" in capfd.readouterr().out


FOLLOW = """
import time, nbtrack
from ipywidgets.widgets.widget import _instances
from nbtrack.widgets.charts.slot import slot
run = nbtrack.start_run(run_name="long")
for step in range(10): nbtrack.log_metric("loss", 1 / (step + 1), step)
one = nbtrack.chart(run, "loss", live=True)
"""
POINTS = "def points():\n    return len(slot._widget.data[0].y)\n"
UNTIL = """
def until(true):
    for _ in range(2_000):
        if true(): return True
        time.sleep(0.1)
    return False
"""


def test_a_live_chart_follows_its_run_to_the_end_and_the_next_one_takes_the_widget(start_kernel):
    kernel = start_kernel()
    assert kernel.run(FOLLOW + POINTS + UNTIL).ok
    shown = kernel.run("one")
    twin, widget = (content["data"] for content in shown.of_type("display_data"))
    assert '<img src="data:image/svg+xml;base64,' in twin["text/html"]
    assert twin["text/plain"].startswith("loss over step")
    assert widget["text/plain"] == ""
    assert "application/vnd.jupyter.widget-view+json" in widget
    # Another cell goes on while the chart follows.
    assert kernel.run(
        "for step in range(10, 25): nbtrack.log_metric('loss', 1.0, step)\nassert until(lambda: points() == 25)"
    ).ok
    assert kernel.run("assert one.is_following\nnbtrack.end_run()\nassert until(lambda: not one.is_following)").ok
    count = "len([w for w in _instances.values() if type(w).__name__ == 'FigureWidget'])"
    taken = kernel.run(f"two = nbtrack.chart('long', 'loss', live=True)\ndisplay(two)\nassert {count} == 1, {count}")
    assert taken.ok, taken.reply
    # In the first one's place the static figure stays.
    updates = [content["data"] for content in taken.of_type("update_display_data")]
    assert any("application/vnd.plotly.v1+json" in data for data in updates)
    assert kernel.run(f"two.close()\nassert {count} == 0\nassert not slot.is_alive").ok
    assert kernel.run("display(one)\nassert until(lambda: not one.is_following)\none.close()").ok


def test_a_live_chart_keeps_its_curves_when_the_store_is_gone(start_kernel):
    kernel = start_kernel()
    assert kernel.run(FOLLOW + POINTS + UNTIL + "one").ok
    stopped = kernel.run(
        "import shutil\nfrom nbtrack.store.reading import current_store\nnbtrack.end_run()\nassert until(lambda: not one.is_following)\n"
        "shutil.rmtree(current_store().root)\none.close()"
    )
    assert stopped.ok, stopped.reply
    updates = [content["data"] for content in stopped.of_type("update_display_data")]
    (still,) = [data["application/vnd.plotly.v1+json"] for data in updates if "application/vnd.plotly.v1+json" in data]
    assert len(base64.b64decode(still["data"][0]["y"]["bdata"])) == 10 * 4
    assert kernel.run("assert len(one.figure.data[0].y) == 10, one.figure").ok

"""What front ends that cannot be run here are given."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import anywidget
import IPython.display
import pytest

import nbtrack
from nbtrack.widgets.charts import waiting
from nbtrack.widgets.frontend import onscreen
from nbtrack.widgets.frontend.onscreen import display_widget
from nbtrack.widgets.rundetail import assets as rundetail
from nbtrack.widgets.runtable import assets as runtable
from nbtrack.widgets.runtable.widget import widget_class

VIEW = "application/vnd.jupyter.widget-view+json"
MANAGER = "https://colab.example/manager.js"


@pytest.fixture
def enabled(monkeypatch):
    """How often Colab was asked to let widgets of others in."""
    times = []
    output = SimpleNamespace(
        enable_custom_widget_manager=lambda: times.append(True), _widgets=SimpleNamespace(_installed_url=MANAGER)
    )
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    # It is asked once in a process.
    anywidget._util.enable_custom_widget_manager_once.cache_clear()
    return times


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, with its options."""
    displayed = []
    monkeypatch.setattr(IPython.display, "display", lambda *data, **options: displayed.append((data[0], options)))
    return displayed


def manager_of(options: dict) -> str:
    return options["metadata"][VIEW]["colab"]["custom_widget_manager"]["url"]


def test_colab_is_told_where_the_manager_of_our_widgets_comes_from(enabled, shown):
    made = widget_class()(_start={})
    display_widget(made)
    bundle, options = shown[-1]
    assert enabled
    assert bundle == {"text/plain": "", VIEW: {"version_major": 2, "version_minor": 0, "model_id": made.model_id}}
    assert manager_of(options) == MANAGER


def test_colab_is_told_of_a_live_chart_too(enabled, shown, monkeypatch):
    monkeypatch.setattr("nbtrack.widgets.charts.follow.shows_widgets", lambda: True)
    with nbtrack.start_run(run_name="one"):
        nbtrack.log_metric("loss", 0.5)
    chart = nbtrack.chart("one", live=True)
    chart._ipython_display_()
    (twin, _), (live, options) = shown[:2]
    chart.close()
    assert enabled
    assert "data:image/svg+xml" in twin["text/html"]
    assert set(live) == {"text/plain", VIEW}
    assert manager_of(options) == MANAGER
    # In the live one's place nothing is left, and in the still one's the figure.
    (figure, in_place), (nothing, emptied) = shown[-2:]
    assert "application/vnd.plotly.v1+json" in figure
    assert nothing == {"text/plain": ""}
    assert in_place["update"]
    assert emptied["display_id"] == options["display_id"]


def test_elsewhere_there_is_nothing_to_tell(shown):
    display_widget(widget_class()(_start={}))
    assert [options for _, options in shown] == [{"metadata": {}, "raw": True}]


@pytest.mark.parametrize("module", [waiting, rundetail, runtable])
def test_no_name_stands_twice_in_the_one_module_that_a_front_end_is_given(module):
    folders = (Path(onscreen.__file__).parent, Path(module.__file__).parent)
    texts = [file.read_text(encoding="utf-8") for folder in folders for file in folder.glob("*.js")]
    declared = r"^(?:export )?(?:async )?(?:const|let|class|function) (\w+)"
    names = Counter(name for text in texts for name in re.findall(declared, text, re.MULTILINE))
    assert names["Link"] == 1
    assert [name for name, times in names.items() if times > 1] == []

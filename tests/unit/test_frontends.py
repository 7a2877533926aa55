"""What front ends that cannot be run here are given."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import IPython.display

from nbtrack.widgets.frontend.onscreen import display_widget
from nbtrack.widgets.runtable.widget import widget_class

VIEW = "application/vnd.jupyter.widget-view+json"


def test_colab_is_told_where_the_manager_of_our_widgets_comes_from(monkeypatch):
    shown, enabled = [], []
    output = SimpleNamespace(
        enable_custom_widget_manager=lambda: enabled.append(True),
        _widgets=SimpleNamespace(_installed_url="https://colab.example/manager.js"),
    )
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    monkeypatch.setattr(IPython.display, "display", lambda *data, **options: shown.append((data[0], options)))
    made = widget_class()(_start={})
    display_widget(made)
    bundle, options = shown[-1]
    assert enabled
    assert bundle == {"text/plain": "", VIEW: {"version_major": 2, "version_minor": 0, "model_id": made.model_id}}
    assert options["metadata"][VIEW]["colab"]["custom_widget_manager"]["url"] == output._widgets._installed_url


def test_elsewhere_there_is_nothing_to_tell(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda *data, **options: shown.append(options))
    display_widget(widget_class()(_start={}))
    assert shown == [{"metadata": {}, "raw": True}]

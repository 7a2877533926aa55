"""Charts with one value per run: scatter, parallel coordinates, bars, importance of params."""

from __future__ import annotations

import json
import math
import random
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import nbtrack
from nbtrack.errors import InputError
from nbtrack.widgets import html
from nbtrack.widgets.charts import look
from nbtrack.widgets.charts.importance import correlation, explained

SVG = "{http://www.w3.org/2000/svg}"


def add_run(name: str, params: dict, metrics: dict) -> None:
    nbtrack.set_experiment("search")
    with nbtrack.start_run(run_name=name):
        nbtrack.log_params(params)
        for key, value in metrics.items():
            nbtrack.log_metric(key, value)


@pytest.fixture
def search() -> None:
    """Six runs with a param that is a number, one that is a word, one that never differs, and holes."""
    for number, (lr, model, accuracy) in enumerate(
        [(0.1, "rf", 0.5), (0.01, "rf", 0.7), (0.001, "mlp", 0.9), (0.0001, "mlp", 0.8), (0.01, "mlp", math.nan)]
    ):
        add_run(f"run-{number}", {"lr": lr, "model": model, "batch": 64}, {"accuracy": accuracy, "loss": 1 - accuracy})
    add_run("bare", {"model": "rf"}, {"accuracy": 0.4})


def shown(chart) -> ET.Element:
    """Check that every form of a chart can be made, and return its picture."""
    json.dumps(chart._repr_mimebundle_())
    return ET.fromstring(chart.svg())


def texts(root: ET.Element) -> list[str]:
    return [node.text or "" for node in root.iter(f"{SVG}text")]


# --- scatter ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("search")
def test_a_scatter_has_a_point_for_each_run_that_has_both():
    chart = nbtrack.scatter("lr", "metrics.accuracy", color="model")
    by_name = {trace.name: trace for trace in chart.figure.data}
    assert list(by_name) == ["model = mlp", "model = rf"]
    assert list(zip(by_name["model = rf"].x, by_name["model = rf"].y, strict=True)) == [(0.1, 0.5), (0.01, 0.7)]
    assert list(by_name["model = mlp"].x) == [0.001, 0.0001]
    assert chart.figure.layout.xaxis.type == "log"
    assert chart.figure.layout.yaxis.type == "linear"
    assert chart.notes == ("2 runs are left out: without a finite lr and accuracy.",)
    assert len(list(shown(chart).iter(f"{SVG}circle"))) == 4
    assert "run-2" in repr(chart)
    assert "bare" not in repr(chart)


@pytest.mark.usefixtures("search")
def test_a_scatter_of_words_coloured_by_numbers():
    chart = nbtrack.scatter("params.model", "accuracy", color="lr")
    points, bar = chart.figure.data
    assert list(points.x) == ["rf", "rf", "mlp", "mlp", "rf"]
    assert list(points.marker.color)[:1] == [look.on_scale(1.0)]
    assert list(points.marker.color)[3:] == [look.on_scale(0.0), look.TEXT]
    assert bar.marker.colorbar.title.text == "lr"
    assert list(chart.figure.layout.xaxis.categoryarray) == ["mlp", "rf"]
    assert {"mlp", "rf"} <= set(texts(shown(chart)))


@pytest.mark.parametrize("asked", [("lr", "none"), ("lr", ""), (3, "lr")])
@pytest.mark.usefixtures("search")
def test_a_scatter_of_what_no_run_has_says_what_there_is(asked):
    with pytest.raises(InputError, match=r"params\.|no name of a param"):
        nbtrack.scatter(*asked)


def test_a_scatter_of_one_run():
    add_run("one", {"lr": 0.1}, {"accuracy": 0.5})
    assert len(list(shown(nbtrack.scatter("lr", "accuracy", color="accuracy")).iter(f"{SVG}circle"))) == 1


# --- parallel coordinates ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("search")
def test_parallel_coordinates_take_what_differs_and_leave_out_who_lacks_it():
    chart = nbtrack.parallel_coordinates()
    (trace,) = chart.figure.data
    assert [dimension.label for dimension in trace.dimensions] == ["lr", "model", "accuracy", "loss"]
    assert "2 runs are left out" in chart.notes[0]
    lr, model = trace.dimensions[:2]
    assert list(lr.values) == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert list(model.values) == [1, 1, 0, 0]
    assert chart.figure.layout.margin.l == 70
    for number in range(2):
        add_run(f"long-{number}", {"a": "LogisticRegression", "b": number}, {"accuracy": number})
    # As wide as the longest label of the first axis, which plotly would cut.
    wide = nbtrack.parallel_coordinates(["a", "b", "accuracy"], runs=["long-0", "long-1"]).figure
    assert wide.layout.margin.l >= 140
    assert list(model.ticktext) == ["mlp", "rf"]
    # Axes that are seen on a dark page as well.
    assert [line.x0 for line in chart.figure.layout.shapes] == [0, 1 / 3, 2 / 3, 1]
    assert {"lr", "model", "mlp"} <= set(texts(shown(chart)))


def test_parallel_coordinates_of_different_models_keep_to_what_most_runs_have():
    for number in range(4):
        add_run(f"ridge-{number}", {"model": "ridge", "alpha": number}, {"accuracy": number / 10})
    for number in range(4):
        add_run(f"forest-{number}", {"model": "forest", "trees": number}, {"accuracy": 0.5 + number / 10})
    add_run("other", {"model": "svm", "C": 1.0}, {"accuracy": 0.2, "loss": 3.0})
    add_run("another", {"model": "svm", "C": 2.0}, {"accuracy": 0.3, "loss": 2.0})
    chart = nbtrack.parallel_coordinates()
    (trace,) = chart.figure.data
    assert [dimension.label for dimension in trace.dimensions] == ["model", "accuracy"]
    assert len(trace.dimensions[0]["values"]) == 10
    assert chart.notes == ("4 columns left out that most of the runs have no value for.",)


@pytest.mark.usefixtures("search")
def test_parallel_coordinates_coloured_by_words():
    chart = nbtrack.parallel_coordinates(["lr", "accuracy"], color="model")
    line = chart.figure.data[0].line
    assert (line.cmin, line.cmax) == (-0.5, 1.5)
    assert {stop[1] for stop in line.colorscale} == {look.colour(0), look.colour(1)}
    # What a colour means is said, in the picture as well.
    assert (line.showscale, line.colorbar.title.text, line.colorbar.ticktext) == (True, "model", ("mlp", "rf"))
    assert {"model = mlp", "model = rf"} <= set(texts(shown(chart)))


def test_a_param_and_a_metric_of_one_name_are_told_apart():
    for number in range(3):
        add_run(f"run-{number}", {"lr": 0.1 * (number + 1), "depth": number}, {"lr": 0.01 * number})
    chart = nbtrack.parallel_coordinates()
    assert [axis.label for axis in chart.figure.data[0].dimensions] == ["params.lr", "depth", "metrics.lr"]
    assert {"params.lr", "metrics.lr"} <= set(texts(shown(chart)))


@pytest.mark.usefixtures("search")
def test_parallel_coordinates_want_two_columns():
    with pytest.raises(InputError, match="two or more"):
        nbtrack.parallel_coordinates(["lr"])
    with pytest.raises(InputError, match=r"near: params\.lr"):
        nbtrack.parallel_coordinates(["lrr", "accuracy"])
    with pytest.raises(InputError, match="two or more"):
        nbtrack.parallel_coordinates(runs="bare")
    with pytest.raises(InputError, match="columns is 3; accepted: a name"):
        nbtrack.parallel_coordinates(3)


# --- bars -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("search")
def test_bars_begin_with_the_best_run():
    chart = nbtrack.bars(["accuracy", "loss"])
    accuracy, loss = chart.figure.data
    assert list(accuracy.x) == [0.9, 0.8, 0.7, 0.5, 0.4]
    assert list(loss.x) == pytest.approx([0.1, 0.2, 0.3, 0.5])
    assert chart.figure.layout.yaxis.ticktext[0] == "★ run-2"
    assert accuracy.marker.color[0] == html.GOOD != accuracy.marker.color[1]
    assert len(list(shown(chart).iter(f"{SVG}rect"))) == 9
    assert "1 run is left out: without a finite accuracy." in chart.notes
    assert repr(chart).index("run-2") < repr(chart).index("run-0")


@pytest.mark.parametrize("values", [[0, 0], [-1, 2], [-3, -5], [1e308, -1e308], [7]])
def test_bars_of_any_values(values):
    for number, value in enumerate(values):
        add_run(f"run-{number}", {}, {"size": value})
    chart = nbtrack.bars()
    for bar in shown(chart).iter(f"{SVG}rect"):
        assert float(bar.get("width")) >= 0
        assert 230 <= float(bar.get("x")) <= 800
    assert sorted(chart.figure.data[0].x) == sorted(values)


def test_bars_of_nothing_say_what_to_type():
    add_run("bare", {"a": 1}, {})
    with pytest.raises(InputError, match="log_metric"):
        nbtrack.bars()
    with pytest.raises(InputError, match=r"none of the 1 runs of experiment 'search' has 'metrics\.x'.*runs="):
        nbtrack.bars("x")
    add_run("odd", {}, {"x": math.nan})
    with pytest.raises(InputError, match="NaN or infinite"):
        nbtrack.bars("x")
    for wrong in (3, [], [None], ""):
        with pytest.raises(InputError, match=r"metrics is .*accepted: a name"):
            nbtrack.bars(wrong)


# --- importance -------------------------------------------------------------------------------------------------------


def test_rank_correlation_is_spearmans():
    assert correlation([1, 2, 3], [1, 8, 27]) == 1
    assert correlation([1, 2, 3], [3, 2, 1]) == -1
    assert correlation([1, 1, 1], [3, 2, 1]) == 0
    # Ties share the mean of their ranks.
    assert correlation([1, 2, 2, 3], [1, 3, 2, 4]) == pytest.approx(0.9486832980505138)
    assert explained([0, 1, 0, 1], [1, 1, 5, 5]) == 0
    assert explained([0, 0, 1, 1, 1], [1, 2, 8, 9, 10]) == pytest.approx(0.75)
    assert explained([0, 1], [3, 3]) == 0


def add_search(amount: int) -> None:
    rng = random.Random(3)
    for number in range(amount):
        strong, weak = rng.random(), rng.random()
        params = {"strong": strong, "weak": weak, "model": rng.choice("ab"), "same": 1, "note": f"note {number}"}
        add_run(f"run-{number}", params, {"accuracy": strong + 0.02 * rng.random()})


def test_the_param_that_decides_comes_first_and_the_forest_agrees():
    add_search(30)
    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    chart = nbtrack.param_importance("accuracy")
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    ranks, forest = chart.figure.data
    names = [list(axis.ticktext) for axis in (chart.figure.layout.yaxis, chart.figure.layout.yaxis2)]
    assert [found[0] for found in names] == ["strong", "strong"]
    assert set(names[0]) == {"strong", "weak", "model"}
    assert ranks.x[0] > 0.9
    assert forest.x[0] > 0.8
    assert sum(forest.x) == pytest.approx(1)
    assert all("(indicative)" in note.text for note in chart.figure.layout.annotations[:2])
    assert any("note, same" in note or "same, note" in note for note in chart.notes)
    shown(chart)


def test_few_runs_are_told_by_ranks_alone(monkeypatch):
    add_search(5)
    chart = nbtrack.param_importance("accuracy")
    assert len(chart.figure.data) == 1
    assert any("ten runs" in note for note in chart.notes)


def test_importance_wants_three_runs_and_a_param_that_differs():
    add_run("one", {"lr": 1}, {"accuracy": 0.1})
    add_run("two", {"lr": 1}, {"accuracy": 0.2})
    with pytest.raises(InputError, match="three or more"):
        nbtrack.param_importance("accuracy")
    add_run("three", {"lr": 1}, {"accuracy": 0.3})
    with pytest.raises(InputError, match="no param differs"):
        nbtrack.param_importance("accuracy")


@pytest.mark.parametrize("make", [
    lambda: nbtrack.scatter("a", "b"), nbtrack.parallel_coordinates, nbtrack.bars, lambda: nbtrack.param_importance("a"),
])  # fmt: skip
def test_an_empty_store_says_what_to_type(make):
    with pytest.raises(InputError, match="%%track"):
        make()

"""Charts of curves: which runs and metrics, what the figure holds, and the picture and the text in its place."""

from __future__ import annotations

import itertools
import json
import math
import xml.etree.ElementTree as ET
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest

import nbtrack
from nbtrack.errors import InputError, MissingDependencyError, RunNotFoundError
from nbtrack.store.reading import current_store
from nbtrack.widgets.charts import follow, look
from nbtrack.widgets.charts.figure import compact, places
from nbtrack.widgets.charts.lines import Line, grouped, smoothed, with_gaps
from nbtrack.widgets.charts.scales import Scale, tick_text
from nbtrack.widgets.charts.slot import Slot, between_of
from nbtrack.widgets.charts.units import units

SVG = "{http://www.w3.org/2000/svg}"


def add_run(name: str, params: dict | None = None, experiment: str = "e", **series: list[float]) -> str:
    nbtrack.set_experiment(experiment)
    with nbtrack.start_run(run_name=name) as run:
        nbtrack.log_params(params or {})
        for key, values in series.items():
            for step, value in enumerate(values):
                nbtrack.log_metric(key, value, step)
        return run.info.run_id


def lines(chart) -> list:
    return [trace for trace in chart.figure.data if trace.mode == "lines" and trace.hovertemplate]


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # well-formed, or it raises


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in drawn(svg).iter(f"{SVG}text")]


# --- which runs and metrics -----------------------------------------------------------------------------------------


def test_runs_are_named_in_any_way():
    one, two = add_run("one", loss=[3, 2, 1]), add_run("two", loss=[4, 2])
    add_run("else", experiment="other", loss=[1, 1])
    run = nbtrack.get_run(two)
    for asked in ("one", one, one[:8], [one], ["one", one]):
        assert [line.name for line in lines(nbtrack.chart(asked))] == ["one"]
    for asked in (["two", "one"], [run, "one"], "experiment = 'e' and metrics.loss > 0", nbtrack.runs(experiment="e")):
        assert {line.name for line in lines(nbtrack.chart(asked))} == {"one", "two"}
    assert [line.name for line in lines(nbtrack.chart(run))] == ["two"]
    assert [line.name for line in lines(nbtrack.chart())] == ["else"]


def test_an_experiment_is_bounded_and_a_new_run_leaves_the_others_colours():
    for number in range(4):
        add_run(f"run-{number}", loss=[1, 2])
    chart = nbtrack.chart(limit=3)
    assert [line.name for line in lines(chart)] == ["run-1", "run-2", "run-3"]
    assert "newest 3 of 4 runs" in chart.notes[0]
    assert "newest 3 of 4 runs" in repr(chart)
    assert any("newest 3 of 4 runs" in text for text in texts(chart.svg()))
    assert nbtrack.chart(limit=4).notes == ()


def test_two_runs_of_one_name_are_told_apart():
    first, second = add_run("same", loss=[1, 2]), add_run("same", loss=[1, 2])
    assert {line.name for line in lines(nbtrack.chart([first, second]))} == {
        f"same · {first[:8]}",
        f"same · {second[:8]}",
    }


def test_metrics_that_change_are_shown_without_being_named():
    add_run("one", loss=[3, 2], acc=[0.1, 0.2], final=[7])
    assert [note.text for note in nbtrack.chart().figure.layout.annotations] == ["<b>acc</b>", "<b>loss</b>"]
    assert [note.text for note in nbtrack.chart(metrics=["metrics.loss"]).figure.layout.annotations] == ["<b>loss</b>"]
    chart = nbtrack.chart(metrics="final")
    assert [trace.mode for trace in chart.figure.data] == ["markers"]


def test_metrics_with_numbers_in_their_names_are_in_order():
    add_run("one", **{f"gpu_{number}": [1, 2] for number in (0, 1, 2, 10)})
    titles = [note.text for note in nbtrack.chart().figure.layout.annotations]
    assert titles == ["<b>gpu_0</b>", "<b>gpu_1</b>", "<b>gpu_2</b>", "<b>gpu_10</b>"]


def test_runs_with_single_values_only_point_to_bars():
    add_run("one", accuracy=[0.5])
    assert "nbtrack.bars" in nbtrack.chart().notes[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metrics": "los"}, "near: loss"),
        ({"metrics": "accuracy"}, r"no run of experiment 'e' has .* Other runs are asked for as runs="),
        ({"metrics": []}, "accepted"),
        ({"metrics": 3}, "accepted"),
        ({"x": "epoch"}, "'relative'"),
        ({"smooth": 1}, "below 1"),
        ({"smooth": True}, "below 1"),
        ({"smooth": math.nan}, "below 1"),
        ({"log": "z"}, "'xy'"),
        ({"group": "model"}, "lr"),
        ({"between": (3, 3)}, "lower one first"),
        ({"between": "ab"}, "two numbers"),
        ({"limit": 0}, "limit"),
        ({"runs": 3}, "a run is asked for"),
        ({"runs": []}, "empty"),
        ({"runs": "metrics.loss > 100"}, "no run fits"),
        ({"live": True, "between": (1, 2)}, "leave between out"),
    ],
)
def test_what_is_not_accepted_says_what_is(arguments, words):
    add_run("one", {"lr": 0.1}, loss=[3, 2])
    with pytest.raises(InputError, match=words):
        nbtrack.chart(**arguments)


def test_nothing_to_show_says_what_to_type():
    with pytest.raises(InputError, match="%%track"):
        nbtrack.chart()
    with pytest.raises(RunNotFoundError):
        nbtrack.chart("none")
    add_run("bare")
    with pytest.raises(InputError, match="log_metric"):
        nbtrack.chart()


# --- the figure -----------------------------------------------------------------------------------------------------


def test_a_logarithmic_axis_has_its_numbers_in_full():
    add_run("one", loss=[0.3, 2])
    layout = nbtrack.chart(metrics="loss", log="xy").figure.layout
    for axis in (layout.xaxis, layout.yaxis):
        assert (axis.type, axis.tickformat) == ("log", "~g")
    assert nbtrack.chart(metrics="loss").figure.layout.yaxis.tickformat is None


def test_one_panel_is_as_high_as_the_names_of_its_lines_beside_it():
    heights = []
    for amount in (3, 12, 16, 20):
        runs = [add_run(f"run-{amount}-{number}", loss=[2, 1]) for number in range(amount)]
        layout = nbtrack.chart(runs, "loss").figure.layout
        heights.append(layout.height - layout.margin.t - layout.margin.b)
        assert (layout.yaxis.domain[0], layout.yaxis.domain[1]) == (0, 1)
    assert heights == [216, 264, 352, 440]


def test_lines_keep_their_values_names_and_colours_over_panels():
    add_run("one", loss=[3.5, 2.25, 1.125], acc=[0.5, 0.625, 0.75])
    add_run("two", loss=[4, 3], acc=[0.25, 0.5])
    figure = nbtrack.chart().figure
    by_panel = {(trace.yaxis, trace.name): trace for trace in figure.data}
    assert list(by_panel["y2", "one"].y) == [3.5, 2.25, 1.125]
    assert list(by_panel["y2", "one"].x) == [0, 1, 2]
    assert list(by_panel["y", "two"].y) == [0.25, 0.5]
    assert by_panel["y", "one"].line.color == by_panel["y2", "one"].line.color != by_panel["y", "two"].line.color
    assert [trace.showlegend for trace in figure.data] == [True, True, False, False]
    assert figure.layout.hovermode == "x unified"


def test_what_is_not_finite_is_a_gap_with_a_mark_and_a_note():
    add_run("one", loss=[3, 2, math.nan, math.inf, 1])
    chart = nbtrack.chart()
    line, marks = chart.figure.data
    assert np.array_equal(line.y, [3, 2, np.nan, np.nan, 1], equal_nan=True)
    assert (marks.mode, list(marks.x), list(marks.y), list(marks.text)) == ("markers", [2], [2.0], ["NaN"])
    assert chart.notes == ("2 values NaN or infinite: a gap, with ✕ at the last finite value before it.",)
    assert "✕ NaN" in repr(chart)


def test_a_run_without_one_finite_value_is_named_all_the_same():
    add_run("one", loss=[math.nan, math.nan])
    chart = nbtrack.chart()
    assert "no finite value" in repr(chart)
    assert "no value can be shown here" in texts(chart.svg())
    json.dumps(chart._repr_mimebundle_())


def test_smoothing_keeps_the_curve_behind_it():
    add_run("one", loss=[4, 2, 2])
    raw, line = nbtrack.chart(smooth=0.5).figure.data
    assert list(raw.y) == [4, 2, 2]
    assert raw.hoverinfo == "skip"
    assert raw.line.color == look.faint(look.colour(0), 0.3)
    assert list(line.y) == pytest.approx([4, 8 / 3, 16 / 7])


def test_smoothed_is_a_debiased_moving_average():
    values = np.random.default_rng(0).normal(size=30)
    found = smoothed(values, 0.8)
    for index in range(30):
        weights = 0.8 ** np.arange(index, -1, -1)
        assert found[index] == pytest.approx((weights * values[: index + 1]).sum() / weights.sum())
    assert smoothed([5.0, 5.0], 0.9, start=1.0).tolist() == pytest.approx([1.4, 1.76])
    assert smoothed([], 0.5).tolist() == []


def test_a_smoothed_line_breaks_where_for_long_nothing_is_finite():
    x, y = np.array([0.0, 1, 2, 8, 9]), np.arange(5.0)
    broken_x, broken = with_gaps(x, y, np.array([3.0, 4, 5]))
    assert broken_x.tolist() == [0, 1, 2, 5, 8, 9]
    assert np.array_equal(broken, [0, 1, 2, np.nan, 3, 4], equal_nan=True)
    assert with_gaps(x, y, np.array([0.5]))[0].tolist() == x.tolist()


def test_groups_are_a_mean_in_a_band_from_lowest_to_highest():
    add_run("one", {"model": "rf"}, loss=[4, 2])
    add_run("two", {"model": "rf"}, loss=[2, 1])
    add_run("three", {}, loss=[9, 9])
    chart = nbtrack.chart(group="model")
    low, high, mean, single = chart.figure.data
    assert (list(low.y), list(high.y), list(mean.y)) == ([2, 1], [4, 2], [3, 1.5])
    assert (mean.name, single.name) == ("model = rf · 2 runs", "no model · 1 run")
    assert high.fill == "tonexty"
    assert "from the lowest to the highest" in chart.notes[0]
    assert {trace.name for trace in nbtrack.chart(group="params.model").figure.data} == {mean.name, single.name}
    drawn(chart.svg())


def test_groups_of_runs_that_lie_apart_or_are_huge():
    apart = [("a", Line("1", "", 0, np.array([0.0, 1]), np.array([1.0, 1]))),
             ("a", Line("2", "", 0, np.array([5.0, 6]), np.array([3.0, 5])))]  # fmt: skip
    (line,) = grouped(apart, 0.0)
    assert line.x.tolist() == [0, 1, 5, 6]
    assert line.y.tolist() == [1, 1, 3, 5]
    huge = [("a", Line(str(at), "", 0, np.array([0.0]), np.array([1.5e308]))) for at in range(3)]
    assert grouped(huge, 0.0)[0].y.tolist() == pytest.approx([1.5e308])


def test_time_is_this_machines_clock_and_relative_is_since_the_start(monkeypatch):
    info = SimpleNamespace(run_id="a", start_time=1_700_000_000_000, end_time=1_700_000_000_000 + 600_000)
    seconds = units("relative", [SimpleNamespace(**{**vars(info), "end_time": info.start_time + 9_000})], 0.0)
    assert seconds.title == "time since start (s)"
    assert seconds.shown([1_700_000_001_500_000], "a").tolist() == [1.5]
    assert seconds.stored(1.5, "a") == 1_700_000_001_500_000
    assert units("relative", [info], 0.0).title == "time since start (min)"
    clock = units("time", [info], 0.0)
    there = datetime.fromtimestamp(1_700_000_000).replace(tzinfo=None)
    assert clock.is_date
    assert clock.shown([1_700_000_000_000_000], "a")[0] == (there - datetime(1970, 1, 1)).total_seconds() * 1e3
    assert clock.stored(clock.shown([5e15], "a")[0]) == 5e15


@pytest.mark.parametrize("x", ["step", "time", "relative"])
def test_a_range_is_read_as_finely_as_the_whole(x):
    with nbtrack.start_run() as run:
        # As evenly as no machine logs: how many points a stretch of time has must not depend on how busy it was.
        for step in range(3_000):
            current_store().append_point(run.run_id, "loss", step, run.info.start_time * 1_000 + 10_000 * step, step)
    run_id = run.run_id
    whole = nbtrack.chart(run_id, "loss", x).figure.data[0]
    places = [int(np.searchsorted(whole.y, at)) for at in (1_000, 1_200)]
    low, high = (float(whole.x[place]) for place in places)
    first, last = (int(whole.y[place]) for place in places)
    part = nbtrack.chart(run_id, "loss", x, between=(low, high)).figure.data[0]
    assert last - first - 5 <= len(part.y) <= last - first + 60
    assert set(range(first + 10, last - 10)) <= set(part.y)


def test_zero_has_no_place_on_a_logarithmic_axis_and_that_is_said():
    add_run("one", loss=[10, 0, -1, 0.01])
    chart = nbtrack.chart(log=True)
    assert chart.figure.layout.yaxis.type == "log"
    assert "logarithmic" in chart.notes[0]
    drawn(chart.svg())
    assert nbtrack.chart(log="xy").figure.layout.xaxis.type == "log"


def test_many_points_are_sent_in_few_bytes():
    run = add_run("long", loss=[math.sin(step / 900) + step % 7 for step in range(30_000)])
    chart = nbtrack.chart(run)
    bundle = chart._repr_mimebundle_()
    assert len(json.dumps(bundle)) < 80_000
    assert max(chart.figure.data[0].y) == pytest.approx(max(math.sin(s / 900) + s % 7 for s in range(30_000)), rel=1e-6)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1, 2], "int32"),
        ([0.5, np.nan], "float32"),
        ([2.0**40, 2.0**40 + 1], "float64"),
        ([1e-60, 1.0], "float64"),
        ([1e300, 0.0], "float64"),
        ([np.nan], "float32"),
        ([1.0, np.nan], "float32"),
    ],
)
def test_numbers_are_as_narrow_as_shows_the_same(values, kind):
    found = compact(np.array(values))
    assert found.dtype == kind
    fine = np.isfinite(values)
    assert np.allclose(found[fine].astype(float), np.array(values)[fine], rtol=2e-5, atol=0)


@pytest.mark.parametrize("amount", range(1, 13))
def test_panels_stand_inside_the_figure_and_apart(amount):
    where, _ = places(amount)
    assert len({place.y_axis for place in where}) == amount
    for place in where:
        assert 0 <= place.up[0] < place.up[1] <= 1
        assert 0 <= place.across[0] < place.across[1] <= 1
    for column in {place.x_axis for place in where}:
        mine = [place for place in where if place.x_axis == column]
        assert [place.is_lowest for place in mine] == [False] * (len(mine) - 1) + [True]
        assert all(upper.up[0] > lower.up[1] for upper, lower in itertools.pairwise(mine))


# --- words of the user ------------------------------------------------------------------------------------------------

NASTY = '<script>alert(1)</script> & "$x$" %{y} ]]> \u202e日本'


def test_names_are_shown_as_they_are_and_read_by_nobody():
    add_run(NASTY, {"p<b>": NASTY}, **{"loss<i>%{x}": [1, 2], "acc": [1, 3]})
    add_run("$x$ <u>%{z}", acc=[1, 2])
    chart = nbtrack.chart()
    shown = json.dumps(chart.figure.to_plotly_json(), default=str)
    assert "<script" not in shown
    assert "<i>" not in shown
    assert "<u>" not in shown
    assert "$x$" not in shown
    for trace in chart.figure.data:
        assert trace.hovertemplate.count("%{") == 1
    assert any("<script>alert" in text for text in texts(chart.svg()))
    assert "<script" not in chart.static_html()
    assert "\u202e" not in repr(chart)


# --- what is shown where nothing runs ---------------------------------------------------------------------------------


def test_the_bundle_has_plotlys_figure_a_picture_and_stable_text():
    add_run("one", loss=[3, 2, 1], acc=[1, 2])
    bundle = nbtrack.chart()._repr_mimebundle_()
    assert list(bundle) == ["application/vnd.plotly.v1+json", "text/html", "text/plain"]
    figure = bundle["application/vnd.plotly.v1+json"]
    assert figure["layout"]["template"]["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"
    assert figure["config"]["displaylogo"] is False
    assert '<img src="data:image/svg+xml;base64,' in bundle["text/html"]
    assert "<svg" not in bundle["text/html"]
    assert bundle["text/plain"] == nbtrack.chart()._repr_mimebundle_()["text/plain"]
    assert "0x" not in bundle["text/plain"]


def test_what_is_changed_in_the_figure_is_shown():
    add_run("one", loss=[3, 2, 1])
    chart = nbtrack.chart()
    chart.figure.update_layout(height=123)
    assert chart._repr_mimebundle_()["application/vnd.plotly.v1+json"]["layout"]["height"] == 123


def test_the_picture_draws_the_same_lines_in_the_same_colours():
    add_run("one", loss=[3, 2, math.nan, 1, 0.5])
    add_run("two", loss=[2, 2, 2])
    root = drawn(nbtrack.chart().svg())
    strokes = [node.get("stroke") for node in root.iter(f"{SVG}path")]
    assert {look.colour(0), look.colour(1)} <= set(strokes)
    (line,) = [node.get("d") for node in root.iter(f"{SVG}path") if node.get("stroke-width") == "1.5"
               and node.get("stroke") == look.colour(0) and "l" not in node.get("d")]  # fmt: skip
    assert line.count("M") == 2
    assert line.count("L") == 2


@pytest.mark.parametrize("values", [[5, 5, 5], [1e308, -1e308], [1e-320, 2e-320], [0.1 + 0.2, 0.3], [-(2.0**52), 1]])
def test_any_values_can_be_drawn(values):
    add_run("one", loss=values)
    for log in (False, True):
        chart = nbtrack.chart(log=log)
        root = drawn(chart.svg())
        places = [float(node.get(name)) for node in root.iter(f"{SVG}line") for name in ("x1", "y1", "x2", "y2")]
        assert all(math.isfinite(place) and -5 <= place <= 1000 for place in places)
        repr(chart)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.123, 0.124), (-5, 1e6), (1e-9, 3e-9), (3, 3), (1e12, 1e12 + 5)])
def test_ticks_are_few_apart_and_in_order(low, high):
    scale = Scale(low, high, 0, 100)
    ticks = scale.ticks(5)
    assert 1 <= len(ticks) <= 11
    assert [at for at, _ in ticks] == sorted(at for at, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks) or high - low < 1e-6 * abs(high)
    assert all(-1 <= at <= 101 for at, _ in ticks)


def test_ticks_of_logarithms_and_dates():
    assert [label for _, label in Scale(1e-3, 1e3, 0, 100, "log").ticks(7)][:2] == ["0.001", "0.01"]
    assert len(Scale(2, 9, 0, 100, "log").ticks(5)) >= 2
    hour = 3_600_000.0
    assert [label for _, label in Scale(0, 4 * hour, 0, 100, "date").ticks(4)] == [
        "Jan 1, 00:00", "01:00", "02:00", "03:00", "04:00",
    ]  # fmt: skip
    assert tick_text(0.30000000000000004, 0.1) == "0.3"


# --- files ------------------------------------------------------------------------------------------------------------


def test_it_is_saved_as_a_page_and_as_a_picture(tmp_path):
    add_run("one", loss=[3, 2, 1])
    chart = nbtrack.chart()
    page = chart.save(tmp_path / "x.html").read_text()
    assert "color-scheme" in page
    assert "<script src=" not in page
    assert drawn(chart.save(str(tmp_path / "x.SVG")).read_text()).tag == f"{SVG}svg"
    for bad in ("x.gif", "x", "none/x.svg"):
        with pytest.raises(InputError):
            chart.save(tmp_path / bad)


def test_a_png_without_a_library_says_what_to_install(tmp_path, monkeypatch):
    add_run("one", loss=[3, 2, 1])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install cairosvg.*\.svg"):
        nbtrack.chart().save(tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()


# --- live -------------------------------------------------------------------------------------------------------------


def test_without_a_kernel_a_live_chart_stands_still_and_says_so(capsys):
    add_run("one", loss=[3, 2, 1])
    chart = nbtrack.chart(live=True)
    chart._ipython_display_()
    assert "widgets cannot be shown here" in capsys.readouterr().out
    assert not chart.is_following
    chart.close()


def test_a_live_chart_stands_still_where_nothing_live_is_wanted(monkeypatch):
    shown = []
    monkeypatch.setattr(follow, "shows_widgets", lambda: True)
    monkeypatch.setattr(follow, "_show", lambda bundle, *_, **__: shown.append(bundle))
    nbtrack.configure(live=False)
    add_run("one", loss=[3, 2, 1])
    chart = nbtrack.chart(live=True)
    chart._ipython_display_()
    assert [sorted(bundle) for bundle in shown] == [sorted(nbtrack.chart()._repr_mimebundle_())]
    assert not chart.is_following
    chart.close()


def figure_of(amount: int, names: tuple[str, ...] = ("a",), note: str = "") -> dict:
    data = [{"type": "scatter", "name": name, "x": np.arange(amount), "y": np.arange(amount) / 2} for name in names]
    return {"data": data, "layout": {"height": 300, "annotations": [{"text": note, "showarrow": False}]}}


def test_the_one_widget_is_used_again_and_gets_what_has_changed():
    slot = Slot()
    widget = slot.begin(figure_of(3), lambda _: None)
    sent = []
    widget.observe(lambda change: sent.append(change["new"]), "_py2js_update")
    slot.update(figure_of(3))
    assert [message for message in sent if message] == []
    slot.update(figure_of(5, note="more"))
    assert list(widget.data[0].x) == [0, 1, 2, 3, 4]
    assert widget.layout.annotations[0].text == "more"
    slot.update(figure_of(5, ("a", "b")))
    assert [trace.name for trace in widget.data] == ["a", "b"]
    assert slot.begin(figure_of(2), lambda _: None) is widget
    assert len(widget.data) == 1
    slot.close()
    assert not slot.is_alive
    slot.update(figure_of(9))


def test_a_zoom_is_told_and_taken_back():
    slot, told = Slot(), []
    widget = slot.begin(figure_of(9), told.append)
    widget.layout.xaxis.range = (2, 4)
    widget.layout.xaxis.autorange = True
    assert told == [(2.0, 4.0), None]
    slot.close()


def test_ranges_of_any_axis():
    assert between_of(("1970-01-01 00:00:01", "1970-01-01 00:00:02.5"), "date") == (1000.0, 2500.0)
    assert between_of((3, 1), "linear") is None
    assert between_of(("x", "y"), "date") is None
    assert between_of(None, "linear") is None

"""Charts as a person sees them in JupyterLab: painted, hovered, zoomed, live, and without a kernel."""

from __future__ import annotations

import json

import pytest

RUNS = """import math, random
import nbtrack
nbtrack.set_store("STORE")
nbtrack.set_experiment("curves")
rng = random.Random(1)
for lr in (0.1, 0.01, 0.001):
    with nbtrack.start_run(run_name=f"lr-{lr}"):
        nbtrack.log_params({"lr": lr, "model": "cnn" if lr > 0.05 else "mlp"})
        for step in range(400):
            fall = math.exp(-step / (40 + 600 * lr))
            gap = lr == 0.01 and 150 <= step < 180
            nbtrack.log_metric("loss", math.nan if gap else 0.2 + 2 * fall + rng.gauss(0, 0.06), step)
            nbtrack.log_metric("accuracy", 0.95 - 0.7 * fall + rng.gauss(0, 0.01), step)"""


def runs_in(store: str) -> str:
    """Return a cell that fills a store of its own."""
    return RUNS.replace("STORE", store)


SHOWN = ["nbtrack.chart(smooth=0.8)", "%nbtrack chart loss --log --runs \"params.model = 'mlp'\""]
PLOT = ".jp-NotebookPanel .js-plotly-plot"


def painted(notebook, index: int) -> None:
    """Wait until plotly has drawn under a cell."""
    cell = notebook.page.locator(".jp-NotebookPanel .jp-Cell").nth(index)
    cell.scroll_into_view_if_needed()
    cell.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(timeout=60_000)
    notebook.page.wait_for_timeout(300)


def heights_of(notebook) -> list[int]:
    """Return how high the charts stand on the page."""
    return notebook.page.evaluate(f"() => [...document.querySelectorAll('{PLOT}')].map(plot => plot.clientHeight)")


def hover(notebook, index: int, across: float = 0.4) -> str:
    """Move the mouse into the first panel under a cell, and return what the box says."""
    area = notebook.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".js-plotly-plot .nsewdrag").first
    box = area.bounding_box()
    told = area.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".hoverlayer")
    for _ in range(60):
        notebook.page.mouse.move(box["x"] + box["width"] * across - 3, box["y"] + box["height"] / 2)
        notebook.page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] / 2)
        notebook.page.wait_for_timeout(500)
        if told.text_content():
            break
    return str(told.text_content())


def data_of(notebook, index: int) -> list[dict]:
    """Return name, number of points and first and last x of each line drawn under a cell."""
    return notebook.page.evaluate(
        """index => { const cell = document.querySelectorAll('.jp-NotebookPanel .jp-Cell')[index];
             return [...cell.querySelector('.js-plotly-plot')._fullData].map(trace => (
               {name: trace.name, mode: trace.mode, points: trace._length, first: trace.x[0],
                last: trace.x[trace._length - 1]})) }""",
        index,
    )


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_chart_is_painted_and_tells_values_in_both_themes(theme, lab):
    lab.theme(theme)
    name = theme.split()[1].lower()
    notebook = lab.notebook(f"charts_{name}.ipynb", ["%load_ext nbtrack", runs_in(name), *SHOWN])
    notebook.run_all()
    painted(notebook, 2)
    told = hover(notebook, 2)
    notebook.shot(f"chart_{name}", 2)
    assert "lr-0.1" in told
    assert "accuracy" in told
    painted(notebook, 3)
    notebook.shot(f"chart_verb_{name}", 3)
    assert {line["name"] for line in data_of(notebook, 3)} == {"lr-0.01", "lr-0.001"}
    heights = heights_of(notebook)
    notebook.page.set_viewport_size({"width": 1000, "height": 1400})
    notebook.page.wait_for_function(
        f"() => [...document.querySelectorAll('{PLOT}')].every(plot => plot._fullLayout.width < 700)", timeout=60_000
    )
    assert heights_of(notebook) == heights
    notebook.shut_down()
    lab.theme("JupyterLab Light")


def test_a_saved_chart_is_there_without_a_kernel_and_where_nothing_is_trusted(lab):
    notebook = lab.notebook("charts_saved.ipynb", ["%load_ext nbtrack", runs_in("saved"), SHOWN[0]])
    notebook.run_all()
    painted(notebook, 2)
    notebook.save()
    notebook.shut_down()
    again = lab.open("charts_saved.ipynb")
    # JupyterLab keeps an image beside the figure, and shows that first.
    kept = again.page.locator(".jp-NotebookPanel .jp-Cell").nth(2).locator("img.plot-img, .scatterlayer .trace").first
    kept.scroll_into_view_if_needed()
    kept.wait_for(state="visible")
    again.shut_down()
    document = json.loads((lab.root / "charts_saved.ipynb").read_text())
    (output,) = document["cells"][2]["outputs"]
    del output["data"]["application/vnd.plotly.v1+json"]
    output["data"].pop("image/png", None)
    document["cells"][0]["source"] += "  # edited elsewhere"
    (lab.root / "charts_received.ipynb").write_text(json.dumps(document))
    received = lab.open("charts_received.ipynb")
    picture = received.page.locator(".jp-NotebookPanel .jp-Cell").nth(2).locator("img")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
    received.shot("chart_untrusted", 2)
    received.shut_down()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_charts_of_runs_are_painted_in_both_themes(theme, lab):
    lab.theme(theme)
    name = theme.split()[1].lower()
    asked = [
        'nbtrack.scatter("lr", "accuracy", color="model")',
        "nbtrack.bars()",
        'nbtrack.param_importance("accuracy")',
    ]
    notebook = lab.notebook(f"of_runs_{name}.ipynb", ["%load_ext nbtrack", runs_in(f"of_runs_{name}"), *asked])
    notebook.run_all()
    for index, (what, drawn) in enumerate(
        (("scatter", ".points path"), ("bars", ".bars path"), ("importance", ".bars path")), 2
    ):
        cell = notebook.page.locator(".jp-NotebookPanel .jp-Cell").nth(index)
        cell.scroll_into_view_if_needed()
        cell.locator(f".js-plotly-plot {drawn}").first.wait_for(timeout=60_000)
        cell.locator(f".js-plotly-plot {drawn}").nth(1).wait_for(timeout=60_000)
        notebook.shot(f"chart_{what}_{name}", index)
    notebook.shut_down()
    lab.theme("JupyterLab Light")


TRAIN = """%%track training
import time
for step in range(3_000):
    nbtrack.log_metric("loss", 2 / (1 + step / 100) + 0.1 * math.sin(step), step)
    time.sleep(0.003)"""


TRACE = "document.querySelector('.jp-NotebookPanel .js-plotly-plot')._fullData.find(found => found.name === 'training')"
LENGTH, FIRST = f"() => {TRACE}?._length ?? 0", f"() => {TRACE}?.x[0] ?? 0"
WAITING = "() => document.querySelector('.jp-NotebookPanel').textContent.includes('waiting for the running cell')"


def test_a_live_chart_grows_while_a_cell_runs_and_shows_finer_points_where_it_is_zoomed(lab):
    notebook = lab.notebook(
        "charts_live.ipynb",
        [
            "%load_ext nbtrack",
            runs_in("live"),
            'live = nbtrack.chart(metrics="loss", live=True)\nlive',
            TRAIN,
            "live.close()",
        ],
    )
    notebook.run(0)
    notebook.run(1)
    notebook.run(2)
    painted(notebook, 2)
    picture = notebook.page.locator(".jp-NotebookPanel .jp-Cell").nth(2).locator("[class^=nbtrack-twin]")
    picture.wait_for(state="hidden", timeout=60_000)
    # As wide as there is room, though plotly draws it before it is in the page.
    notebook.page.wait_for_function(
        """() => { const plot = document.querySelector('.jp-NotebookPanel .js-plotly-plot');
             return plot._fullLayout.width === plot.clientWidth && plot.clientWidth > 750 }""",
        timeout=60_000,
    )
    notebook.start(3)
    # Every half second, and more seldom where the machine is busy.
    for least in (100, 400, 700):
        notebook.page.wait_for_function(f"() => ({LENGTH})() > {least}", timeout=60_000)
    notebook.shot("chart_live", 2)
    zoom(notebook, 2, 0.3, 0.5)
    # A kernel that answers beside the running cell has finer points; another one has words for it.
    notebook.page.wait_for_function(f"() => ({WAITING})() || ({FIRST})() > 0", timeout=60_000)
    notebook.shot("chart_waiting", 2)
    notebook.wait_for(3, "finished", 60)
    notebook.page.wait_for_function(f"() => !({WAITING})() && ({FIRST})() > 0", timeout=60_000)
    (part,) = (line for line in data_of(notebook, 2) if line["name"] == "training" and line["mode"] == "lines")
    assert 0 < part["first"] < part["last"] < 2999
    assert part["points"] == part["last"] - part["first"] + 1
    notebook.shot("chart_zoomed", 2)
    notebook.page.locator(".jp-NotebookPanel .js-plotly-plot .nsewdrag").first.dblclick()
    notebook.page.wait_for_function(f"() => ({FIRST})() === 0 && ({LENGTH})() > 2_000", timeout=60_000)
    (again,) = (line for line in data_of(notebook, 2) if line["name"] == "training" and line["mode"] == "lines")
    assert (again["first"], again["last"]) == (0, 2999)
    # What is saved is the whole, with the run that ended behind the cell.
    notebook.page.wait_for_function(
        "() => document.querySelector('[class^=nbtrack-twin] img').src.length > 9_000", timeout=60_000
    )
    notebook.save()
    (lab.root / "charts_dead.ipynb").write_bytes((lab.root / "charts_live.ipynb").read_bytes())
    notebook.run(4)
    painted(notebook, 2)
    assert "Error" not in notebook.output(2)
    notebook.shut_down()
    dead = lab.open("charts_dead.ipynb")
    dead.page.locator(".jp-NotebookPanel [class^=nbtrack-twin] img").wait_for(timeout=60_000)
    assert "Error" not in dead.output(2)
    dead.shot("chart_dead", 2)
    dead.shut_down()


def zoom(notebook, index: int, start: float, end: float) -> None:
    """Drag across a part of the first panel."""
    area = notebook.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".js-plotly-plot .nsewdrag").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    middle = box["y"] + box["height"] / 2
    notebook.page.mouse.move(box["x"] + box["width"] * start, middle)
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + box["width"] * end, middle, steps=8)
    notebook.page.mouse.up()
    notebook.page.wait_for_timeout(2500)


def test_nothing_failed_in_the_page(lab):
    assert lab.errors == []

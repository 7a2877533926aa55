"""A comparison as a person sees it in JupyterLab: side by side, with curves to point at, and without a kernel."""

from __future__ import annotations

import json

CELLS = [
    "%load_ext nbtrack",
    'import nbtrack, math, random\nnbtrack.set_store("store")\nrandom.seed(3)',
    "def decay(step, rate):\n    # how fast it learns\n    return math.exp(-step * rate / 20)",
    """%%track baseline --seed 42
rate = 0.5
for step in range(50):
    nbtrack.log_metric("loss", 0.2 + decay(step, rate) + random.gauss(0, 0.02), step)
accuracy = 0.9 + rate / 20
nbtrack.log_text(f"rate {rate}\\nthe same line\\n", "report.txt")
nbtrack.log_table({"digit": [0, 1], "hits": [9, int(20 * rate)]}, "counts.json")""",
    "def decay(step, rate):\n    # how fast it learns\n    return 1 / (1 + step * rate / 10)",
    """%%track second --seed 42
rate = 1.0
for step in range(50):
    nbtrack.log_metric("loss", 0.2 + decay(step, rate) + random.gauss(0, 0.02), step)
accuracy = 0.9 + rate / 20
nbtrack.log_text(f"rate {rate}\\nthe same line\\n", "report.txt")
nbtrack.log_table({"digit": [0, 1], "hits": [9, int(20 * rate)]}, "counts.json")""",
    'found = nbtrack.compare("baseline", "second")\nfound',
    """for number in range(10):
    with nbtrack.start_run(run_name=f"sweep-{number}", tags={"kind": "sweep"}):
        nbtrack.log_params({"rate": 2.0 + number, "kind": "cnn" if number % 3 else "mlp"})
        nbtrack.log_metrics({"accuracy": 0.9 + number / 200, "loss": math.nan if number == 4 else 1 / (number + 2)})""",
    "%nbtrack compare baseline second sweep-3",
    'nbtrack.compare("baseline", "second", *(f"sweep-{number}" for number in range(10)))',
]
PAIR, THREE, TWELVE = 6, 8, 9


def shown(notebook, index: int) -> None:
    """Wait until a comparison, and the figure below it, are under a cell."""
    cell = notebook.page.locator(".jp-NotebookPanel .jp-Cell").nth(index)
    cell.scroll_into_view_if_needed()
    cell.locator("table").first.wait_for(timeout=60_000)
    cell.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(timeout=60_000)
    notebook.page.wait_for_timeout(300)


SAID = "What can explain it: the code of In[5] and rate 0.5 → 1.0."


def test_runs_are_side_by_side_with_their_curves_below(lab):
    notebook = lab.notebook("compare.ipynb", CELLS)
    notebook.page.set_viewport_size({"width": 1280, "height": 1700})
    notebook.run_all()
    for index, what in ((PAIR, "pair"), (THREE, "three"), (TWELVE, "twelve")):
        shown(notebook, index)
        notebook.shot(f"compare_{what}_light", index)
    told = notebook.output(PAIR)
    assert "second against baseline" in told
    assert SAID in told
    assert "+0.025\u00a0better" in told
    for index in (PAIR, TWELVE):
        # Of the comparison nothing is wider than the cell, how many runs there may be.
        wider = notebook.page.evaluate(
            """index => { const area = document.querySelectorAll('.jp-NotebookPanel .jp-Cell')[index]
                   .querySelector('.jp-RenderedHTMLCommon'); return area.scrollWidth - area.clientWidth }""",
            index,
        )
        assert wider <= 0
    notebook.save()
    notebook.shut_down()


def test_a_saved_comparison_is_the_same_without_a_kernel_in_the_dark(lab):
    lab.theme("JupyterLab Dark")
    notebook = lab.open("compare.ipynb")
    notebook.page.set_viewport_size({"width": 1280, "height": 1700})
    cell = notebook.page.locator(".jp-NotebookPanel .jp-Cell").nth(PAIR)
    cell.scroll_into_view_if_needed()
    # JupyterLab keeps an image beside the figure, and shows that first.
    cell.locator("img.plot-img, .scatterlayer .trace").first.wait_for()
    assert SAID in notebook.output(PAIR)
    for index, what in ((PAIR, "pair"), (TWELVE, "twelve")):
        notebook.shot(f"compare_{what}_dark", index)
    notebook.shut_down()
    lab.theme("JupyterLab Light")


def test_what_somebody_else_saved_is_the_same_where_nothing_is_trusted(lab):
    document = json.loads((lab.root / "compare.ipynb").read_text())
    document["cells"][0]["source"] += "  # edited elsewhere"
    for output in document["cells"][PAIR]["outputs"]:
        output["data"].pop("application/vnd.plotly.v1+json", None)
        output["data"].pop("image/png", None)
    (lab.root / "compare_received.ipynb").write_text(json.dumps(document))
    received = lab.open("compare_received.ipynb")
    cell = received.page.locator(".jp-NotebookPanel .jp-Cell").nth(PAIR)
    cell.scroll_into_view_if_needed()
    cell.locator("img").first.wait_for()
    assert SAID in received.output(PAIR)
    # The sides are still beside each other, and the curves a picture.
    boxes = [cell.get_by_text(text).first.bounding_box() for text in ("math.exp(", "1 / (1 + step")]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] + 1
    assert cell.locator("img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
    received.shot("compare_untrusted", PAIR)
    received.shut_down()


def test_nothing_failed_in_the_page(lab):
    assert lab.errors == []

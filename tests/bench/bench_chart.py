"""A chart of ten runs with a million points each: until it is painted in JupyterLab, what is sent, and zooming into it.

The browser is headless Chromium, drawing without a graphics card. Paint is the time from running the cell to lines on the
screen, in a kernel that has shown a chart before; the first chart of a kernel, which loads plotly, is told beside it.
"""

import importlib.util
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, percentile, workspace
from trackers import Tracker

RUNS = 10
LAB = Path(__file__).resolve().parents[1] / "browser" / "lab.py"
PAINTED = """index => { const cell = document.querySelectorAll('.jp-NotebookPanel .jp-Cell')[index];
    return cell.querySelectorAll('.scatterlayer .trace path.js-line').length >= %d }"""
SENT = """index => { const outputs = window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON();
    for (const output of outputs) { delete output.data['image/png']; }
    return JSON.stringify(outputs).length }"""


def measure(options: Options) -> list[Row]:
    steps, rounds = options.size(1_000_000, 4_000), options.size(5, 2)
    with workspace() as base:
        folder = folder_of(base, "nbtrack")
        child(__file__, "build", "nbtrack", folder, steps=steps)
        zoomed = child(__file__, "zoom", "nbtrack", folder, steps=steps, rounds=options.size(7, 2))
        paints, sent = painted(folder, rounds + 1)
    what = f"chart of {RUNS} runs × {steps:,} points"
    first = f"the first of a kernel {paints[0]:.2f} s"
    return [
        Row(
            f"{what}: cell run → painted",
            "s",
            1.5,
            [Figure("nbtrack", statistics.median(paints[1:]), first)],
            str(rounds),
        ),
        Row(f"{what}: sent", "KB", 500.0, [Figure("nbtrack", sent / 1e3)]),
        Row(f"{what}: zoom into a tenth, in the kernel", "ms", 400.0, [Figure("nbtrack", zoomed)]),
    ]


def painted(folder: Path, rounds: int) -> tuple[list[float], int]:
    """Return the seconds until each of several charts was painted, and how much the last one sent."""
    spec = importlib.util.spec_from_file_location("nbtrack_bench_lab", LAB)
    assert spec is not None
    assert spec.loader is not None
    lab_module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = lab_module
    spec.loader.exec_module(lab_module)
    store = str(folder / "store")
    with lab_module.Lab(folder / "lab", folder / "shots") as lab:
        cells = [f"import nbtrack\nnbtrack.set_store({store!r})", *["nbtrack.chart()"] * rounds]
        notebook = lab.notebook("chart.ipynb", cells)
        notebook.run(0)
        taken = []
        for index in range(1, rounds + 1):
            notebook.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).scroll_into_view_if_needed()
            before = time.perf_counter()
            notebook.start(index)
            notebook.page.wait_for_function(PAINTED % RUNS, arg=index, polling=20, timeout=120_000)
            taken.append(time.perf_counter() - before)
            notebook.page.wait_for_timeout(1000)
        sent = notebook.page.evaluate(SENT, rounds)
        notebook.shut_down()
    return taken, int(sent)


def build(tracker: Tracker, steps: int) -> None:
    from nbtrack.store.reading import current_store

    tracker.load()
    store = current_store()
    for number in range(RUNS):
        tracker.start(f"run-{number}", {"number": number})
        run, now = tracker.api.active_run().info.run_id, time.time_ns() // 1000
        for step in range(steps):
            noise = (step * 7919 % 1000) / 1000
            store.append_point(run, "loss", step, now + step, 2 / (1 + step / steps * (5 + number)) + 0.1 * noise)
        tracker.end()
    store.flush(timeout_s=120)


def zoom(tracker: Tracker, steps: int, rounds: int) -> float:
    tracker.load()
    from nbtrack.widgets.charts.curves import request
    from nbtrack.widgets.charts.figure import spec

    asked: Any = request(None, "loss", "step")
    asked.plot()
    samples = []
    for number in range(rounds):
        low = steps * (number % 9) / 10
        before = time.perf_counter()
        spec(asked.plot((low, low + steps / 10), lenient=True))
        samples.append((time.perf_counter() - before) * 1e3)
    return percentile(samples, 50)


if __name__ == "__main__":
    main(measure, build=build, zoom=zoom)

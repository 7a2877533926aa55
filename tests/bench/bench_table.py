"""The live run table in a real browser: first paint, bytes sent, sorting, filtering, scrolling, selection to Python.

100,000 and 1,000 runs × 30 columns, in JupyterLab and headless Chromium on this machine, both of which share its cores
with the kernel. Bytes are those of all messages on the notebook's socket from the cell's start to the first paint, the
still picture for the saved notebook and the table's own script included.
"""

import importlib.util
import statistics
import sys
from pathlib import Path
from typing import Any

import bench_page
from common import Figure, Options, Row, child, folder_of, main, workspace

_LAB = Path(__file__).resolve().parents[1] / "browser" / "lab.py"
READY = """() => { const panel = window.jupyterapp?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    return panel?.content?.widgets && kernel?.connectionStatus === 'connected' && kernel.status === 'idle' }"""
_PAINTED = """() => { const told = window.bench = {start: performance.now()};
    const watcher = new MutationObserver(() => {
        if (told.paint || document.querySelectorAll('.nt-row .nt-name').length < 5) return;
        told.paint = -1;
        requestAnimationFrame(() => requestAnimationFrame(() => { told.paint = performance.now() - told.start; }));
    });
    watcher.observe(document.body, {childList: true, subtree: true}); }"""
# Until the rows on the screen are other ones, and painted.
_CHANGED = """() => { const grid = document.querySelector('.nt-grid'); const told = window.bench = {};
    const rows = () => [...grid.querySelectorAll('.nt-row')].map(row => row.textContent).join();
    const before = rows();
    const begin = event => { if (told.start) return; told.start = performance.now();
        const look = () => { if (rows() === before) return requestAnimationFrame(look);
            requestAnimationFrame(() => { told.paint = performance.now() - told.start; }); };
        look(); };
    for (const kind of ['pointerup', 'input']) document.addEventListener(kind, begin, {capture: true, once: true}); }"""
_SCROLLED = """() => new Promise(done => { const grid = document.querySelector('.nt-grid');
    const start = performance.now(); let frames = 0;
    const step = () => { frames += 1; grid.scrollTop += 60; const passed = performance.now() - start;
        if (passed > 3000) done(frames / passed * 1000); else requestAnimationFrame(step); };
    requestAnimationFrame(step); })"""


_SAVED = (
    """() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON()).length"""
)


def load_lab() -> Any:
    spec = importlib.util.spec_from_file_location("nbtrack_bench_lab", _LAB)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def measure(options: Options) -> list[Row]:
    rows: list[Row] = []
    with workspace() as base:
        for runs in (options.size(100_000, 300), options.size(1_000, 100)):
            folder = folder_of(base, "nbtrack", runs)
            child(bench_page.__file__, "build", "nbtrack", folder, timeout_s=900, runs=runs)
            rows += figures(base, folder, runs, options.rounds)
    return rows


def figures(base: Path, store: Path, runs: int, rounds: int) -> list[Row]:
    found: dict[str, list[float]] = {}
    with load_lab().Lab(base / f"lab-{runs}", base / f"shots-{runs}") as lab:
        for number in range(rounds):
            for name, value in measured_once(lab, store, f"bench-{number}").items():
                found.setdefault(name, []).append(value)
        assert lab.refused == [], lab.refused
    size = f"run table, {runs:,} runs × {bench_page.PARAMS + bench_page.METRICS + bench_page.TAGS} columns"
    many = runs > 50_000
    targets = [
        (f"{size}: cell executed → painted", "ms", 500.0, "paint", False),
        ("… bytes sent until then", "kB", 100.0 if many else None, "sent", False),
        ("… sorted by another column", "ms", 250.0, "sort", False),
        ("… filtered by a word", "ms", 250.0, "filter", False),
        ("… scrolling", "frames/s", 55.0, "frames", True),
        ("… selected → Python callback", "ms", 100.0, "selection", False),
        ("… what of it is saved in the notebook", "kB", None if many else 150.0, "saved", False),
    ]
    return [
        Row(what, unit, target, [Figure("nbtrack", statistics.median(found[key]))], str(rounds), at_least)
        for what, unit, target, key, at_least in targets
    ]


def measured_once(lab: Any, store: Path, name: str) -> dict[str, float]:
    notebook = lab.notebook(
        f"{name}.ipynb",
        [
            # What the first table of a kernel loads is loaded: an import is measured elsewhere.
            f"import nbtrack, time\nnbtrack.set_store({str(store / 'store')!r})\nnbtrack.table(columns='all')\nNone",
            "t = nbtrack.table(columns='all')\nt",
            "heard = []\nt.on_selection(lambda ids: heard.append(time.time()))",
            "print('heard', heard[-1] * 1000)",
        ],
    )
    page = notebook.page
    sent = [0]
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: count(sent, data)))
    # Sockets are seen only from their opening.
    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
    page.wait_for_function(READY, timeout=90_000)
    notebook.run(0)
    found = {}
    before = sent[0]
    page.evaluate(_PAINTED)
    notebook.start(1)
    found["paint"] = painted(page)
    found["sent"] = (sent[0] - before) / 1000
    page.wait_for_timeout(3000)
    found["saved"] = page.evaluate(_SAVED) / 1000
    page.locator(".nt-grid").scroll_into_view_if_needed()
    page.evaluate(_CHANGED)
    page.locator(".nt-head").get_by_text("metric_1", exact=True).click()
    found["sort"] = painted(page)
    page.evaluate(_CHANGED)
    page.locator(".nt-quick").fill("ridge")
    # Typing waits a moment for the next letter: that is meant, and part of it.
    found["filter"] = painted(page)
    page.locator(".nt-quick").fill("")
    page.wait_for_timeout(1000)
    found["frames"] = page.evaluate(_SCROLLED)
    notebook.run(2)
    page.locator(".nt-grid").scroll_into_view_if_needed()
    page.evaluate("() => document.addEventListener('pointerdown', () => { window.pressed = Date.now() }, true)")
    page.locator(".nt-row").nth(2).click()
    page.wait_for_timeout(1000)
    pressed = page.evaluate("() => window.pressed")
    notebook.run(3)
    found["selection"] = float(notebook.output(3).split("heard")[1].split()[0]) - pressed
    notebook.shut_down()
    return found


def count(sent: list[int], data: Any) -> None:
    sent[0] += len(data)


def painted(page: Any) -> float:
    page.wait_for_function("() => window.bench.paint > 0", timeout=60_000)
    return float(page.evaluate("() => window.bench.paint"))


if __name__ == "__main__":
    main(measure)

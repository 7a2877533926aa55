"""The live panel in a real browser, under a cell that logs 10,000 points a second: updates seen, time added, messages lost.

In JupyterLab and headless Chromium on this machine, both of which share its cores with the kernel. The same loop runs with
the panel, with ``live`` switched off, without logging, and under a bar of ``tqdm.notebook``, in turns. CPU is that of the
thread that runs the cell, and so what the cell itself pays; wall time also has what the browser takes of the cores.
"""

import statistics
from typing import Any

from bench_loop import WORK
from bench_table import load_lab
from common import Figure, Options, Row, main, workspace

RATE_PER_S = 10_000
SETUP = "%load_ext nbtrack\nimport nbtrack\nfrom tqdm.notebook import tqdm\n" + WORK
LOOP = """{head}
wall, cpu = time.perf_counter(), time.thread_time()
for step in {steps}:
    loss = work({turns})
    {log}
    if step % {every} == 0:
        print('printed', step)
print('taken', time.perf_counter() - wall, time.thread_time() - cpu)"""
LOG = 'nbtrack.log_metric("loss", loss, step)'
TRACKED = "%%track loop --ignore wall,cpu"
VARIANTS = {
    "panel": (TRACKED, "range({steps})", LOG),
    "off": (TRACKED, "range({steps})", LOG),
    "plain": ("", "range({steps})", "pass"),
    "tqdm": ("", "tqdm(range({steps}))", "pass"),
}
# Counts what is new under a cell and painted: a mutation of the panel, or of the words beside tqdm's bar.
COUNTED = """index => { const area = document.querySelectorAll('.jp-NotebookPanel .jp-Cell')[index];
    const told = window.bench = {updates: 0, first: 0, last: 0};
    const text = () => [...area.querySelectorAll('.nbtrack-live, .widget-hbox')].map(found => found.textContent).join();
    let before = text();
    const watcher = new MutationObserver(() => { const now = text();
        if (now === before || !now) { before = now; return; }
        before = now; told.updates += 1; told.last = performance.now(); told.first = told.first || told.last; });
    watcher.observe(area, {childList: true, subtree: true, characterData: true}); }"""
PRINTED = """index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON()
    .filter(output => output.output_type === 'stream').map(output => [output.text].flat().join('')).join('')"""


def measure(options: Options) -> list[Row]:
    steps = options.size(50_000, 20_000)
    rounds = 2 * options.rounds + 1 if options.rounds > 1 else 1
    found: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    with workspace() as base, load_lab().Lab(base / "lab", base / "shots") as lab:
        notebook = lab.notebook("live.ipynb", [SETUP, f"print('turns', calibrate({1 / RATE_PER_S}))", "pass"])
        notebook.run(0)
        notebook.run(1)
        turns = int(notebook.output(1).split("turns")[1].split()[0])
        for number in range(rounds + 1):
            for name in VARIANTS:
                figures = measured_once(notebook, name, steps, turns)
                # The first of each loads what it needs: an import is measured elsewhere.
                if number:
                    found[name].append(figures)
        notebook.shut_down()
        assert lab.refused == [], lab.refused
    return rows(found, rounds, steps)


def measured_once(notebook: Any, name: str, steps: int, turns: int) -> dict[str, float]:
    head, over, log = VARIANTS[name]
    if name != "tqdm":
        notebook.edit(2, f"import nbtrack\nnbtrack.configure(live={name == 'panel'})")
        notebook.run(2)
    every = steps // 100
    code = LOOP.format(head=head, steps=over.format(steps=steps), turns=turns, log=log, every=every).lstrip()
    notebook.edit(2, code)
    notebook.page.evaluate(COUNTED, 2)
    notebook.run(2)
    shown = notebook.page.evaluate(PRINTED, 2)
    taken = shown.split("taken")[1].split()
    told = notebook.page.evaluate("() => window.bench")
    printed = shown.split("taken")[0].split("printed ")[1:]
    expected = [f"{step}\n" for step in range(0, steps, every)]
    lost = len(set(expected) - set(printed)) + (printed != expected)
    between_s = (told["last"] - told["first"]) / 1e3
    updates = (told["updates"] - 1) / between_s if between_s > 0 else 0.0
    return {"wall": float(taken[0]), "cpu": float(taken[1]), "updates": updates, "lost": float(lost)}


def rows(found: dict[str, list[dict[str, float]]], rounds: int, steps: int) -> list[Row]:
    rate = steps / statistics.median(each["wall"] for each in found["panel"])
    what = f"live panel, a cell that logs {rate:,.0f} points/s"
    return [
        Row(
            f"{what}: updates seen in the browser",
            "a second",
            4.0,
            beside(found, "updates"),
            str(rounds),
            at_least=True,
        ),
        Row("… CPU time added to the cell by the panel", "%", 3.0, added(found, "cpu"), str(rounds)),
        Row("… wall time added to the cell by the panel", "%", 3.0, added(found, "wall"), str(rounds)),
        Row("… the cell's own messages lost or out of order", "", 0.0, beside(found, "lost"), str(rounds)),
    ]


def beside(found: dict[str, list[dict[str, float]]], key: str) -> list[Figure]:
    names = {"panel": "nbtrack", "tqdm": "tqdm.notebook"}
    return [Figure(names[name], statistics.median(each[key] for each in found[name])) for name in names]


def added(found: dict[str, list[dict[str, float]]], key: str) -> list[Figure]:
    """The medians of pairs of one round, so that a busy spell of the machine that hits one of them does not count."""

    def percent(name: str, base: str) -> float:
        pairs = zip(found[name], found[base], strict=True)
        return statistics.median(with_it[key] / without[key] for with_it, without in pairs) * 100 - 100

    return [
        Figure("nbtrack", percent("panel", "off")),
        Figure("the panel and logging, to a plain loop", percent("panel", "plain")),
        Figure("logging alone", percent("off", "plain")),
        Figure("tqdm.notebook", percent("tqdm", "plain")),
    ]


if __name__ == "__main__":
    main(measure)

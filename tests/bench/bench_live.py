"""The live panel in a real browser, under a cell that logs 10,000 points a second: updates seen, time added, messages lost.

In JupyterLab and headless Chromium on this machine, both of which share its cores with the kernel. The same loop runs with
the panel, without logging, and under a bar of ``tqdm.notebook``, in turns. CPU is that of the thread that runs the cell,
and so what the cell itself pays; wall time also has what the browser takes of the cores.

What the panel adds is less than what two runs of a cell differ by. So it is measured within one cell, whose panel works and
rests in turns of half a second: each pair of neighbours gives a difference, and the interval is that of their median.
"""

import json
import random
import statistics
from typing import Any

from bench_loop import WORK
from bench_table import load_lab
from common import Figure, Options, Row, main, workspace

RATE_PER_S = 10_000
SETUP = (
    """%load_ext nbtrack
import json, os, threading
import nbtrack
from nbtrack.capture.live import LivePanel
from tqdm.notebook import tqdm

look, works = LivePanel._look, True
LivePanel._look = lambda *found: look(*found) if works else None

def cpu_of_others():
    spent = {"live": 0, "all": 0}
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    for number in map(int, os.listdir("/proc/self/task")):
        if number != threading.get_native_id():
            with open(f"/proc/self/task/{number}/schedstat") as file:
                used = int(file.read().split()[0]) / 1e9
            spent["all"] += used
            spent["live"] += used if names.get(number) == "nbtrack-live" else 0
    return spent
"""
    + WORK
)
# A, B, B, A: what drifts slowly hits both alike. The panel is there when the first turn begins.
TURNS = """%%track turns --ignore turn,told,done,others,wall,cpu
told, step = [], 0
for turn in range(-4, {turns}):
    works, done, others = turn < 0 or turn % 4 in (1, 2), 0, cpu_of_others()
    wall, cpu = time.perf_counter(), time.thread_time()
    while time.perf_counter() - wall < 0.5:
        for _ in range(50):
            nbtrack.log_metric("loss", work({work}), step)
            step += 1
        done += 50
    wall, cpu, now = time.perf_counter() - wall, time.thread_time() - cpu, cpu_of_others()
    if turn >= 0:
        told.append([works, done, wall, cpu, now["live"] - others["live"], now["all"] - others["all"]])
works = True
print("turns", json.dumps(told))"""
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
        pairs = in_turns(notebook, options.size(80, 4), turns)
        notebook.shut_down()
        assert lab.refused == [], lab.refused
    return rows(found, pairs, rounds, steps)


def measured_once(notebook: Any, name: str, steps: int, turns: int) -> dict[str, float]:
    head, over, log = VARIANTS[name]
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


def in_turns(notebook: Any, turns: int, work: int) -> dict[str, list[float]]:
    """Return what each pair of turns differs by, with the panel to without it: in percent of the loop's own, and of a core."""
    notebook.edit(2, TURNS.format(turns=turns, work=work))
    notebook.run(2)
    told = json.loads(notebook.page.evaluate(PRINTED, 2).split("turns ")[1])
    pairs: dict[str, list[float]] = {"wall": [], "cpu": [], "live": [], "all": []}
    for first, second in zip(told[::2], told[1::2], strict=True):
        (_, done, wall, cpu, live, others), (_, more, longer, busier, watching, helping) = sorted((first, second))
        pairs["wall"].append((longer / more) / (wall / done) * 100 - 100)
        pairs["cpu"].append((busier / more) / (cpu / done) * 100 - 100)
        pairs["live"].append((watching / longer - live / wall) * 100)
        pairs["all"].append((helping / longer - others / wall) * 100)
    return pairs


def rows(found: dict[str, list[dict[str, float]]], pairs: dict[str, list[float]], rounds: int, steps: int) -> list[Row]:
    rate = steps / statistics.median(each["wall"] for each in found["panel"])
    what = f"live panel, a cell that logs {rate:,.0f} points/s"
    count = str(len(pairs["cpu"]))
    return [
        Row(
            f"{what}: updates seen in the browser",
            "a second",
            4.0,
            beside(found, "updates"),
            str(rounds),
            at_least=True,
        ),
        Row("… CPU time added to the cell by the panel", "%", 3.0, [middle(pairs["cpu"]), *added(found, "cpu")], count),
        Row(
            "… wall time added to the cell by the panel",
            "%",
            3.0,
            [middle(pairs["wall"]), *added(found, "wall")],
            count,
        ),
        Row("… what its thread takes meanwhile", "% of a core", None, [middle(pairs["live"])], count),
        Row("… all threads but the cell's", "% of a core", None, [middle(pairs["all"])], count),
        Row("… the cell's own messages lost or out of order", "", 0.0, beside(found, "lost"), str(rounds)),
    ]


def middle(differences: list[float]) -> Figure:
    """The median, and between what 95 of 100 medians of as many drawn from these are."""
    drawn = random.Random(0)
    medians = sorted(statistics.median(drawn.choices(differences, k=len(differences))) for _ in range(1000))
    return Figure("nbtrack", statistics.median(differences), f"{medians[25]:+.2f} to {medians[975]:+.2f}")


def beside(found: dict[str, list[dict[str, float]]], key: str) -> list[Figure]:
    names = {"panel": "nbtrack", "tqdm": "tqdm.notebook"}
    return [Figure(names[name], statistics.median(each[key] for each in found[name])) for name in names]


def added(found: dict[str, list[dict[str, float]]], key: str) -> list[Figure]:
    """The medians of pairs of one round, so that a busy spell of the machine that hits one of them does not count."""

    def percent(name: str) -> float:
        pairs = zip(found[name], found["plain"], strict=True)
        return statistics.median(with_it[key] / without[key] for with_it, without in pairs) * 100 - 100

    return [
        Figure("the panel and logging, to a plain loop", percent("panel")),
        Figure("tqdm.notebook", percent("tqdm")),
    ]


if __name__ == "__main__":
    main(measure)

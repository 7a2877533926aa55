"""What nbtrack adds to cells that are not tracked, against a plain IPython; what it takes to assess a run; memory.

The same cells run in a shell with nbtrack and in one without, each in a process of its own, in turns. Of each cell the
median over the rounds counts. Time within nbtrack's own hooks is processor time of the thread that runs the cells: it
says what there is to gain where others use the machine too. The worst cells by that go to stderr.
"""

import contextlib
import gc
import io
import json
import os
import statistics
import sys
import time
import weakref
from itertools import compress
from pathlib import Path
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, median_of, percentile, workspace
from synthetic import own_cells, synthetic
from trackers import Tracker

_SHARE = 0.02
_WORST = 6
_RESULTS = ("a", "score", "took", "accuracy", "total")
_NOTEBOOKS = ("01_quickstart", "02_training_loop", "03_hidden_state")


def measure(options: Options) -> list[Row]:
    cells = options.size(200, 20)
    with workspace() as base:
        folders = {kind: folder_of(base, kind) for kind in ("loaded", "plain")}
        sources = {"a synthetic notebook": synthetic(cells)}
        for stem in _NOTEBOOKS[: options.size(3, 0)]:
            sources[f"`{stem}.ipynb`"] = list(own_cells(stem))
        rows = [untracked(what, found, folders, options) for what, found in sources.items()]
        rounds = range(options.rounds)
        grown = [child(__file__, "grow", "nbtrack", folder_of(base, "grow", n), cells=cells) for n in rounds]
        kept = child(__file__, "keep", "nbtrack", folder_of(base, "keep"), megabytes=options.size(500, 20))
    rows += [assessed(grown, f"{options.rounds} × {cells}"), memory(kept, options)]
    return rows


def untracked(what: str, sources: list[str], folders: dict[str, Path], options: Options) -> Row:
    taken: dict[str, list[dict[str, list[float]]]] = {"plain": [], "loaded": []}
    for _ in range(options.rounds):
        for kind, results in taken.items():
            arguments = {"cells": sources, "loaded": kind == "loaded"}
            results.append(child(__file__, "play", "nbtrack", folders[kind], **arguments))
    # A cell that looks for what a tracked one would have recorded fails in both.
    worked = [result["fine"] for results in taken.values() for result in results]
    fine = [all(cell) for cell in zip(*worked, strict=True)]
    sources = list(compress(sources, fine))
    plain, loaded = (list(compress(_medians(taken[kind], "cells"), fine)) for kind in ("plain", "loaded"))
    hooks = list(compress(_medians(taken["loaded"], "hooks"), fine))
    added = [ours - theirs for ours, theirs in zip(loaded, plain, strict=True)]
    beyond = [more - _SHARE * own for more, own in zip(added, plain, strict=True)]
    worst(what, sources, plain, added, hooks)
    row = Row(f"{what}, untracked: what a cell takes longer, less 2 % of its own time: median", "ms", 1.0)
    row.rounds = f"{options.rounds} × {len(sources)}"
    detail = (
        f"p95 {percentile(beyond, 95):.3g}; processor time within hooks: median {percentile(hooks, 50):.3g}, "
        f"p95 {percentile(hooks, 95):.3g}, all {sum(hooks):.0f} of {sum(plain):,.0f}"
    )
    row.figures.append(Figure("nbtrack", statistics.median(beyond), detail))
    row.figures.append(Figure("the whole plain cell", statistics.median(plain)))
    return row


def _medians(results: list[dict[str, list[float]]], key: str) -> list[float]:
    return [statistics.median(values) for values in zip(*(result[key] for result in results), strict=True)]


def worst(what: str, sources: list[str], plain: list[float], added: list[float], hooks: list[float]) -> None:
    print(f"{what}: in hooks, added and plain, in ms", file=sys.stderr)
    order = sorted(range(len(sources)), key=lambda place: _SHARE * plain[place] - hooks[place])
    for place in order[:_WORST]:
        figures = f"{hooks[place]:8.2f} {added[place]:8.2f} {plain[place]:8.1f}"
        print(f"  {figures}  [{place}] {' ⏎ '.join(sources[place].splitlines())[:110]}", file=sys.stderr)


def assessed(results: list[dict[str, float]], rounds: str) -> Row:
    row = Row("finding out what a run depends on, at the end of that notebook", "ms", 20.0, rounds=rounds)
    detail = f"processor time {median_of(results, 'processor'):.3g}; at a quarter {median_of(results, 'early'):.3g}; slice of {results[-1]['slice']:.0f}"
    row.figures.append(Figure("nbtrack", median_of(results, "late"), detail))
    row.figures.append(Figure("the whole `%%track` cell", median_of(results, "cell")))
    return row


def memory(kept: dict[str, Any], options: Options) -> Row:
    size = options.size(500, 20)
    row = Row(f"an array of {size} MB that cells and a run have read: what is left behind `del`", "MB", 8.0)
    row.figures.append(Figure("nbtrack", kept["left"], f"{kept['grown']:.0f} before `del`"))
    row.rounds = "1"
    row.wrong = "" if kept["gone"] else "something still refers to it"
    return row


# --- what runs in a process of its own --------------------------------------------------------------------------------


def shell_of(loaded: bool) -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    if loaded:
        run(shell, "%load_ext nbtrack")
    return shell


def run(shell: Any, source: str, cell_id: str | None = None) -> float:
    """Run a cell that works, and return the milliseconds that it took."""
    taken, result = timed(shell, source, cell_id)
    result.raise_error()
    return taken


def timed(shell: Any, source: str, cell_id: str | None = None) -> tuple[float, Any]:
    """Run a cell with its output put aside; return the milliseconds that it took, and IPython's result."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        before = time.perf_counter()
        result = shell.run_cell(source, store_history=True, cell_id=cell_id)
        taken = time.perf_counter() - before
    return taken * 1e3, result


class Hooks:
    """Adds up the processor time that IPython spends in what an extension has registered."""

    def __init__(self, shell: Any) -> None:
        self.spent = 0.0
        for functions in (*shell.events.callbacks.values(), shell.input_transformers_cleanup):
            for place, function in enumerate(functions):
                if getattr(function, "__module__", "").startswith("nbtrack"):
                    functions[place] = self._timed(function)

    def _timed(self, function: Any) -> Any:
        def timed(*arguments: Any) -> Any:
            before = time.thread_time()
            try:
                return function(*arguments)
            finally:
                self.spent += time.thread_time() - before

        return timed

    def take(self) -> float:
        """Return the milliseconds since the last time."""
        spent, self.spent = self.spent, 0.0
        return spent * 1e3


def play(tracker: Tracker, cells: list[str], loaded: bool) -> dict[str, list[float]]:
    os.environ["NBTRACK_STORE"] = str(tracker.folder / "store")
    os.environ["MPLBACKEND"] = "agg"
    shell = shell_of(loaded)
    hooks = Hooks(shell)
    found: dict[str, list[float]] = {"cells": [], "hooks": [], "fine": []}
    for source in ["pass", "1", *cells]:
        hooks.take()
        taken, result = timed(shell, source)
        for key, value in (("cells", taken), ("hooks", hooks.take()), ("fine", result.success)):
            found[key].append(value)
    return {key: values[2:] for key, values in found.items()}


def grow(tracker: Tracker, cells: int) -> dict[str, float]:
    """Run a notebook whose document is saved before each tracked cell; those read what came before them."""
    from nbtrack.capture.observer import Observer

    sources = synthetic(cells)
    document = tracker.folder / "grown.ipynb"
    os.environ["JPY_SESSION_NAME"] = str(document)
    spent: list[float] = []
    processor: list[float] = []
    assess = Observer.assess

    def assess_timed(self: Observer, active: Any) -> None:
        before, before_processor = time.perf_counter(), time.thread_time()
        assess(self, active)
        processor.append((time.thread_time() - before_processor) * 1e3)
        spent.append((time.perf_counter() - before) * 1e3)

    Observer.assess = assess_timed  # type: ignore[method-assign]
    tracker.load()
    shell = shell_of(True)
    done: list[tuple[str, str]] = []
    whole: list[float] = []
    for number, source in enumerate(sources):
        done.append((f"cell-{number}", source))
        run(shell, source, done[-1][0])
        if number % 5 == 4:
            names = [name for name in shell.user_ns if name.rstrip("0123456789") in _RESULTS]
            tracked = f"%%track\nresult = {' + '.join(names) or 'rows'} + float(df['x'].mean() if {number} > 10 else 0)"
            done.append((f"tracked-{number}", tracked))
            save(document, done)
            whole.append(run(shell, tracked, done[-1][0]))
    found = shell.run_cell("import nbtrack; len(nbtrack.last_active_run().report()['slice'])").result
    quarter = max(len(spent) // 4, 1)
    return {
        "early": statistics.median(spent[quarter - 1 : quarter + 1]),
        "late": statistics.median(spent[-quarter:]),
        "processor": statistics.median(processor[-quarter:]),
        "cell": statistics.median(whole[-quarter:]),
        "slice": float(found),
    }


def save(document: Path, cells: list[tuple[str, str]]) -> None:
    made = [
        {"cell_type": "code", "id": name, "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for name, source in cells
    ]
    document.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def keep(tracker: Tracker, megabytes: int) -> dict[str, Any]:
    """Have cells make, read, change, track and delete a large array, and see what is left."""
    tracker.load()
    shell = shell_of(True)
    run(shell, "import numpy as np\nX = np.ones(1000)\n_ = X.mean()")
    run(shell, "%%track\nmean = float(X.mean())")
    # The database and what reads it are loaded now, not between the two looks at the memory.
    run(shell, "import nbtrack; nbtrack.runs(); None")
    before = resident_mb()
    run(shell, f"X = np.ones({megabytes} << 17)")
    run(shell, "Y = X[10:]\nX[5] = 3.0\nshown = X.sum()")
    run(shell, "%%track\nmean = float(X.mean() + Y[0])")
    grown = resident_mb() - before
    watched = weakref.ref(shell.user_ns["X"])
    run(shell, "del X, Y")
    gc.collect()
    return {"gone": watched() is None, "left": resident_mb() - before, "grown": grown}


def resident_mb() -> float:
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0


if __name__ == "__main__":
    main(measure, play=play, grow=grow, keep=keep)

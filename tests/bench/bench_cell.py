"""``%%track`` on an empty cell, everything on, against the same cell without it: in process and in a real kernel."""

import contextlib
import io
import time
from typing import Any

from common import Figure, Options, Row, child, folder_of, main, median_of, percentile, workspace
from kernel import Kernel
from trackers import Tracker

WARM = 5
PLAIN, TRACKED = "pass", "%%track empty\npass"


def measure(options: Options) -> list[Row]:
    cells = options.size(100, 3)
    with workspace() as base:
        folder = folder_of(base, "nbtrack")
        rounds = [child(__file__, "in_process", "nbtrack", folder, cells=cells) for _ in range(options.rounds)]
        with Kernel(folder_of(base, "kernel")) as kernel:
            kernel.run("%load_ext nbtrack")
            through = alternate(kernel.run, cells)
            if not any("empty" in text for text in kernel.run(TRACKED)):
                raise RuntimeError("the card was not displayed")
    return [
        row_of("`%%track` on an empty cell: IPython in process", rounds, f"{options.rounds} × {cells}"),
        row_of("… in a real kernel, until idle and with the card displayed", [through], f"1 × {cells}"),
    ]


def row_of(what: str, results: list[dict[str, float]], rounds: str) -> Row:
    plain = median_of(results, "plain")
    row = Row(f"{what}: what it adds", "ms", 5.0, rounds=rounds)
    added = median_of(results, "tracked") - plain
    # the last: earlier rounds have left runs in the store, which the first card then looks up
    detail = f"p99 {median_of(results, 'p99') - plain:.3g}; a session's first {results[-1]['first']:.0f}"
    row.figures.append(Figure("nbtrack", added, detail))
    row.figures.append(Figure("the whole plain cell", plain))
    return row


def in_process(tracker: Tracker, cells: int) -> dict[str, float]:
    from IPython.core.interactiveshell import InteractiveShell

    tracker.load()
    shell = InteractiveShell.instance()
    with contextlib.redirect_stdout(io.StringIO()) as output:
        shell.run_cell("%load_ext nbtrack")
        found = alternate(lambda code: shell.run_cell(code, store_history=True).raise_error(), cells)
    if output.getvalue().count("empty") < cells:
        raise RuntimeError("the card was not displayed")
    return found


def alternate(run: Any, cells: int) -> dict[str, float]:
    samples: dict[str, list[float]] = {PLAIN: [], TRACKED: []}
    for _ in range(cells + WARM):
        for code, taken in samples.items():
            before = time.perf_counter()
            run(code)
            taken.append((time.perf_counter() - before) * 1e3)
    plain, tracked = (samples[code][WARM:] for code in (PLAIN, TRACKED))
    statistics = {"plain": percentile(plain, 50), "tracked": percentile(tracked, 50), "p99": percentile(tracked, 99)}
    return {**statistics, "first": samples[TRACKED][0]}


if __name__ == "__main__":
    main(measure, in_process=in_process)

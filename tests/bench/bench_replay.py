"""Replaying a run: what it takes against what its cells took, and against plain nbclient running the same cells."""

import os
import time
from pathlib import Path
from typing import Any

from common import Figure, Options, Row, child, environment, folder_of, main, median_of, workspace
from kernel import Kernel
from trackers import Tracker

CELLS = [
    "import numpy as np\nfrom sklearn.datasets import load_digits\nfrom sklearn.ensemble import RandomForestClassifier\n"
    "from sklearn.model_selection import cross_val_score, train_test_split",
    "X, y = load_digits(return_X_y=True)\nX_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)",
    "unused = RandomForestClassifier(50, random_state=1).fit(X_train, y_train)",
    "scores = cross_val_score(RandomForestClassifier(TREES, random_state=2), X_train, y_train, cv=5)",
]
TRACKED = (
    "forest = RandomForestClassifier(TREES, random_state=3).fit(X_train, y_train)\n"
    "accuracy = forest.score(X_test, y_test)\ncv = scores.mean()"
)


def measure(options: Options) -> list[Row]:
    trees = str(options.size(300, 5))
    cells = [source.replace("TREES", trees) for source in CELLS]
    tracked = TRACKED.replace("TREES", trees)
    found: list[dict[str, Any]] = []
    with workspace() as base:
        folder = folder_of(base, "nbtrack")
        with Kernel(folder) as kernel:
            for source in ("%load_ext nbtrack", *cells, f"%%track forest\n{tracked}"):
                kernel.run(source)
        for _ in range(options.rounds):
            found.append(child(__file__, "replayed", "nbtrack", folder))
            found[-1]["plain"] = plain(folder_of(base, "plain"), [cells[0], cells[1], cells[3], tracked])
    return rows_of(found, options)


def rows_of(found: list[dict[str, Any]], options: Options) -> list[Row]:
    recorded, plain_s = median_of(found, "recorded"), median_of(found, "plain")
    rounds = f"{options.rounds}"
    cells = Row("replay of a slice: its cells against what they took when recorded", "×", 1.15, rounds=rounds)
    cells.figures = [
        Figure("nbtrack", median_of(found, "cells") / recorded, f"{median_of(found, 'cells'):.2f} s"),
        Figure("recorded", 1.0, f"{recorded:.2f} s"),
        Figure("nbclient, without nbtrack", plain_s / recorded, f"{plain_s:.2f} s"),
    ]
    whole = Row("… everything but the kernel's start, against the same", "×", 1.15, rounds=rounds)
    rest = median_of(found, "whole") - median_of(found, "kernel")
    whole.figures = [
        Figure("nbtrack", rest / recorded, f"{rest:.2f} s; the kernel's start {median_of(found, 'kernel'):.2f} s")
    ]
    for row in (cells, whole):
        verdicts = {result["verdict"] for result in found}
        row.wrong = "" if verdicts == {"reproduced"} else f"the verdict was {', '.join(sorted(verdicts))}"
    return [cells, whole]


def replayed(tracker: Tracker) -> dict[str, Any]:
    import nbtrack

    nbtrack.set_store(Path.cwd() / "store")
    begun = time.perf_counter()
    verification = nbtrack.verify("forest")
    return {
        "whole": time.perf_counter() - begun,
        "kernel": verification.kernel_s,
        "cells": verification.cells_s,
        "recorded": verification.recorded_s,
        "verdict": verification.verdict,
    }


def plain(folder: Path, cells: list[str]) -> float:
    """What nbclient takes for the same cells in a kernel that knows nothing of nbtrack, without the kernel's start."""
    import nbformat
    from nbclient import NotebookClient

    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(document, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    before = dict(os.environ)
    os.environ.update(environment(folder))
    try:
        with client.setup_kernel():
            begun = time.perf_counter()
            for index, cell in enumerate(document.cells):
                client.execute_cell(cell, index)
            return time.perf_counter() - begun
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    main(measure, replayed=replayed)

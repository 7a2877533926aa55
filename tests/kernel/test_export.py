"""Exported notebooks and scripts are run, and give the numbers that the cells gave in the order that was recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import nbtrack
from nbtrack.records import CellExecution, Provenance, RunData, RunInfo, RunRecord, Source

FITTED = [
    "%load_ext nbtrack\n%matplotlib inline\nimport numpy as np\nfrom sklearn.datasets import load_iris",
    "X, y = load_iris(return_X_y=True)\ntest_size = 0.3  # share of the data\n",
    "from sklearn.linear_model import LogisticRegression\nfrom sklearn.model_selection import train_test_split\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=test_size, random_state=0)",
    "import numpy as np\nC = 0.01\nX_train = X_train + np.random.normal(size=X_train.shape)\n"
    "accuracy = LogisticRegression(C=C).fit(X_train, y_train).score(X_test, y_test)",
]
AWAITED = [
    "import asyncio\n\nasync def later(x):\n    await asyncio.sleep(0.01)\n    return x",
    "task = asyncio.ensure_future(later(3)) if False else None\nfirst = await later(2)\ntext = '''a\n  b'''",
    "a = first + len(text) + await later(1)",
]
SHELL = [
    "!printf 'VALUE = 4' > helper.py",
    "import helper\nfiles = !ls helper.py\nfrom math import sqrt",
    "%%writefile data.txt\n16",
    "%time root = sqrt(int(open('data.txt').read()))\n%env NBTRACK_LIVE=0",
    "%%time\na = root + helper.VALUE + len(files)",
]
RAISING = [
    "kept = []",
    "kept.append('''x\n  y''')\nkept.append(1 / 0)\nkept.append(2)",
    "n = len(kept[0])\na = n + 0.5",
]
STATEFUL = [
    "import random\nrandom.seed(3)\ntotal = 0",
    "total += random.random()",
    "total += random.random()",
    "def scale(x, factor=2):\n    return x * factor * weight",
    "weight = 3",
    "from math import floor as cut\na = scale(total) + cut(2.5)\ndisplay(a)",
]
HIDDEN = ["a = 1\nb = 2", "del b\nif a > 0:\n    import json\nclass K:\n    a = 7", "a = K.a + len(json.dumps([a]))\na"]

CASES: dict[str, tuple[list[str], dict[str, Any], int | None, set[int]]] = {
    "fitted": (FITTED, {"test_size": 0.3, "C": 0.01}, 42, set()),
    "awaited": (AWAITED, {}, None, set()),
    "shell": (SHELL, {}, None, set()),
    "raising": (RAISING, {"n": 1}, None, {1}),
    "stateful": (STATEFUL, {"total": 0, "weight": 3}, None, set()),
    "hidden": (HIDDEN, {"a": 1, "b": 2}, 1, set()),
}
METRIC = {name: "accuracy" if name == "fitted" else "a" for name in CASES}


def made_up(name: str) -> RunRecord:
    sources, params, seed, raised = CASES[name]
    cells = tuple(
        CellExecution(
            session="s", sequence=number, execution_count=2 * number + 1, cell_id=f"c{number}", source=source,
            start_us=0, outcome="error" if number in raised else "ok",
        )
        for number, source in enumerate(sources)
    )  # fmt: skip
    info = RunInfo(
        run_id="f" * 32, run_name=name, experiment_id="1", experiment_name="digits", status="finished", start_time=0,
        end_time=1, seed=seed, source=Source(kind="cell"),
    )  # fmt: skip
    texts = {key: str(value) for key, value in params.items()}
    return RunRecord(info, RunData(texts), params, provenance=Provenance(slice=cells))


def recorded(name: str, start_kernel: Any, tmp_path: Path) -> float:
    """The metric as the cells gave it, one after the other in a kernel of their own."""
    record = made_up(name)
    folder = tmp_path / "recorded"
    folder.mkdir()
    kernel = start_kernel(folder)
    for number, cell in enumerate(record.provenance.slice):
        if number == len(record.provenance.slice) - 1 and record.info.seed is not None:
            assert kernel.run(f"import nbtrack as seeder; seeder.seed_everything({record.info.seed}); del seeder").ok
        assert kernel.run(cell.source or "").ok == (cell.outcome == "ok")
    return float(kernel.run(f"print({METRIC[name]})").stdout)


def run_notebook(path: Path, metric: str) -> float:
    document = nbformat.read(path, as_version=4)
    document.cells.append(nbformat.v4.new_code_cell(f"print({metric})"))
    NotebookClient(document, timeout=240, resources={"metadata": {"path": str(path.parent)}}).execute()
    return float(document.cells[-1].outputs[0]["text"])


def run_script(path: Path, metric: str) -> float:
    path.write_text(path.read_text() + f"\nprint()\nprint({metric})\n")
    command = [sys.executable, "-W", "error::SyntaxWarning", path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr + path.read_text()
    return float(done.stdout.split()[-1])


@pytest.mark.parametrize("name", CASES)
def test_what_is_exported_runs_and_gives_the_same(name: str, start_kernel: Any, tmp_path: Path) -> None:
    expected = recorded(name, start_kernel, tmp_path)
    for folder, run in (("notebook", run_notebook), ("script", run_script)):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / ("x.ipynb" if folder == "notebook" else "x.py")
        nbtrack.export(made_up(name), path)
        assert run(path, METRIC[name]) == expected, path.read_text()


def test_a_param_in_front_has_effect(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    nbtrack.export(made_up("fitted"), path)
    before = run_notebook(path, "accuracy")
    document = json.loads(path.read_text())
    front = next(cell for cell in document["cells"] if cell["metadata"].get("tags") == ["parameters"])
    assert "".join(front["source"]).split("\n") == ["test_size = 0.3  # share of the data", "C = 0.01", "seed = 42"]
    front["source"] = ["test_size = 0.5\n", "C = 1e-6\n", "seed = 42"]
    path.write_text(json.dumps(document))
    assert run_notebook(path, "accuracy") < before

"""What the script that saves the notebooks takes away, and what it refuses to save."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from nbtrack.errors import NbtrackError

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("nbtrack_tests_regenerate", ROOT / "tests/notebooks/regenerate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def stream(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return new_output("stream", name=name, text=text)


def document(*outputs: nbformat.NotebookNode, source: str = "x") -> nbformat.NotebookNode:
    return new_notebook(cells=[new_code_cell(source, outputs=list(outputs), execution_count=1)])


def test_what_says_nothing_to_a_reader_is_taken_away(script):
    made = document(
        stream("[IPKernelApp] WARNING | Kernel is running over TCP without encryption.\n", "stderr"),
        stream("1.02s - Debugger warning: frozen modules\n", "stderr"),
        stream("an answer\n"),
    )
    made.metadata["widgets"] = {"state": 1}
    made.metadata["language_info"] = {"name": "python", "version": "3.99"}
    made.cells[0].metadata.update({"execution": {"iopub.status.busy": "now"}, "tags": ["nbval-check-output"]})
    script.tidy(made)
    assert sorted(made.metadata) == ["kernelspec", "language_info"]
    assert "version" not in made.metadata.language_info
    assert made.cells[0].metadata == {"tags": ["nbval-check-output"]}
    assert [output.text for output in made.cells[0].outputs] == ["an answer\n"]
    nbformat.validate(made)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (stream("careful\n", "stderr"), "cell 0 wrote to stderr: careful"),
        (new_output("error", ename="ValueError", evalue="no", traceback=[]), "cell 0 failed with ValueError: no"),
        (stream("/scratch/here/store\n"), "cell 0 names /scratch/here"),
        (new_output("execute_result", data={"text/html": f"<b>{sys.prefix}/x</b>"}), f"cell 0 names {sys.prefix}"),
    ],
    ids=["warned", "failed", "scratch", "environment"],
)
def test_what_should_not_be_saved_is_named(script, output, words):
    assert words in script.troubles(document(output), Path("/scratch/here"))


def test_a_clean_notebook_has_no_troubles(script):
    assert script.troubles(document(stream("0.97\n")), Path("/scratch/here")) == []


def test_it_is_run_in_an_empty_folder_as_somebody_else(script, tmp_path):
    made = new_notebook(
        cells=[
            new_code_cell("import os\nsorted(os.listdir()), os.environ['LOGNAME'], os.environ['NBTRACK_LIVE']"),
            new_code_cell("%load_ext nbtrack"),
            new_code_cell("%%track one\na = 1\nb = a + len(str(a))"),
        ]
    )
    file = tmp_path / "small.ipynb"
    nbformat.write(made, file)
    found = script.regenerated(file)
    assert found.cells[0].outputs[0].data["text/plain"] == "(['small.ipynb'], 'ada', '0')"
    card = found.cells[2].outputs[0].data["text/plain"]
    assert "experiment small" in card
    assert "a=1" in card
    # The notebook's cells are known as in JupyterLab, so nothing about hidden state is undecided.
    assert "not decided" not in card
    assert nbformat.read(file, as_version=4).cells[0].outputs == []


def test_one_that_fails_is_not_saved(script, tmp_path):
    file = tmp_path / "broken.ipynb"
    nbformat.write(document(source="1 / 0"), file)
    with pytest.raises(NbtrackError, match="ZeroDivisionError"):
        script.regenerated(file)


def test_notebooks_are_chosen_by_how_their_names_begin(script):
    assert [file.name for file in script.chosen(["01", "04"])] == ["01_quickstart.ipynb", "04_prove_it.ipynb"]
    assert script.chosen([]) == NOTEBOOKS
    with pytest.raises(SystemExit, match="No notebook begins with 77"):
        script.chosen(["77"])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_was_saved_by_it(script, notebook):
    saved = nbformat.read(notebook, as_version=4)
    tidied = nbformat.read(notebook, as_version=4)
    script.tidy(tidied)
    assert saved == tidied, f"python tests/notebooks/regenerate.py {notebook.stem[:2]}"
    assert script.troubles(saved, Path("/nowhere")) == []

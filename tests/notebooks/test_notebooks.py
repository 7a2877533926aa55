"""Every notebook of the project runs from top to bottom, and the cells marked so give what is saved in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

# nbval's kernels start beside those of other tests: spoken to through files, since of free ports two may take the same.
_NBVAL = """
import functools, sys, tempfile, nbval.kernel, pytest
from pathlib import Path
from nbtrack.kernels import transport
with tempfile.TemporaryDirectory(prefix="nbt-") as folder:
    spoken = transport(Path(folder) / "kernel")
    nbval.kernel.KernelManager = functools.partial(nbval.kernel.KernelManager, **spoken)
    sys.exit(pytest.main())
"""


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.timeout(900)
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_gives_what_is_saved(notebook, tmp_path):
    env = os.environ | {
        "NBTRACK_STORE": str(tmp_path / "store"),
        "NBTRACK_LIVE": "0",
        "JPY_SESSION_NAME": notebook.name,
        # Small matrices in many threads make each other wait, a hundredfold on a busy machine.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [
            *(sys.executable, "-c", _NBVAL, "-p", "no:cacheprovider", "--nbval-lax", "--nbval-cell-timeout=300"),
            *("-W", "ignore", "-q", "--rootdir", str(FOLDER), "-c", os.devnull, str(notebook)),
        ],
        env=env,
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=840,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_reads_well_without_a_kernel(notebook):
    document = nbformat.read(notebook, as_version=4)
    nbformat.validate(document)
    code = [cell for cell in document.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code), "saved without its outputs"
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    shown = [cell for cell in code if any("text/html" in output.get("data", {}) for output in cell.outputs)]
    assert shown
    assert all(cell in shown for cell in code if cell.source.startswith("%%track"))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    checked = [cell for cell in code if "nbval-check-output" in cell.metadata.get("tags", [])]
    assert checked
    # JupyterLab wraps no code: what is longer is cut off beside its file browser.
    assert not [line for cell in code for line in cell.source.splitlines() if len(line) > 100]
    assert notebook.stat().st_size < 400_000

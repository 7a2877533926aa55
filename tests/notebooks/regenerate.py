"""Runs the notebooks and saves them with what they gave, as a reader will find them.

``python tests/notebooks/regenerate.py [NAME …]``, where a name is a notebook's beginning, as ``04``; without one, all of
them. Each runs from top to bottom in an empty folder, with a store of its own. What depends on the machine and says
nothing to a reader is not saved: the state of widgets, times of execution, the kernel's own messages. A notebook that
failed, warned, or names a path of this machine is not saved at all.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from nbtrack.cli.playing import play
from nbtrack.errors import NbtrackError

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
USER = "ada"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
# Printed by the kernel about itself, to whatever cell is running.
_KERNELS_OWN = re.compile(r"^(?:\[IPKernelApp\]|\d+\.\d+s - |0\.00s - )")


class UntidyError(Exception):
    """A notebook came out in a way that is not to be saved."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Run notebooks and save them with what they gave.")
    parser.add_argument("name", nargs="*", help="which, by the beginning of the file's name; default: all")
    failed = False
    for notebook in chosen(parser.parse_args().name):
        begun = time.monotonic()
        print(f"{notebook.name:32}", end="", flush=True)
        try:
            document = regenerated(notebook)
        except (NbtrackError, UntidyError) as error:
            print(f"not saved\n{error}")
            failed = True
            continue
        nbformat.write(document, notebook)
        print(f"{time.monotonic() - begun:6.1f} s  {notebook.stat().st_size / 1000:5.0f} kB")
    return int(failed)


def chosen(names: list[str]) -> list[Path]:
    """Return the notebooks that these names begin."""
    found = sorted(NOTEBOOKS.glob("*.ipynb"))
    unknown = [name for name in names if not any(file.name.startswith(name) for file in found)]
    if unknown:
        sys.exit(f"No notebook begins with {', '.join(unknown)}. There are: {', '.join(file.stem for file in found)}")
    return [file for file in found if not names or file.name.startswith(tuple(names))]


def regenerated(notebook: Path) -> NotebookNode:
    """Run a notebook in an empty folder and return it with its outputs, tidied."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve() / "work"
        folder.mkdir()
        # What JupyterLab would have saved before its cells run; it is how hidden state is told from what is shown.
        copy = folder / notebook.name
        document = nbformat.read(notebook, as_version=4)
        nbformat.write(document, copy)
        play(document, copy, surroundings(folder.parent, notebook.name))
        tidy(document)
        untidy = [*troubles(document, folder.parent)]
    if untidy:
        raise UntidyError("\n".join(untidy))
    return document


def surroundings(scratch: Path, name: str) -> dict[str, str]:
    return {
        # The path alone would be of this machine.
        "JPY_SESSION_NAME": name,
        "NBTRACK_STORE": str(scratch / "store"),
        "NBTRACK_LIVE": "0",
        "LOGNAME": USER,
        "IPYTHONDIR": str(scratch / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        # Small matrices in many threads make each other wait, a hundredfold on a machine that has other things to do.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def tidy(document: NotebookNode) -> None:
    """Take away what says nothing to a reader."""
    document.metadata.clear()
    document.metadata.update({"kernelspec": KERNEL, "language_info": LANGUAGE})
    for cell in document.cells:
        for key in ("execution", "collapsed", "trusted", "papermill"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_of_the_kernel(output)]


def is_of_the_kernel(output: NotebookNode) -> bool:
    return output.output_type == "stream" and output.name == "stderr" and bool(_KERNELS_OWN.match(output.text))


def troubles(document: NotebookNode, scratch: Path) -> list[str]:
    """Return why a notebook is not to be saved, a line for each reason."""
    machine = {str(scratch), tempfile.gettempdir(), str(ROOT), str(Path.home()), sys.prefix, sys.base_prefix} - {"/"}
    found = []
    for number, cell in enumerate(document.cells):
        outputs = cell.get("outputs", [])
        text = nbformat.v4.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)]))
        found += [f"cell {number} names {path}" for path in sorted(machine) if path in text]
        for output in outputs:
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"cell {number} wrote to stderr: {output.text.strip()[:300]}")
            if output.output_type == "error":
                found.append(f"cell {number} failed with {output.ename}: {output.evalue}")
    return found


if __name__ == "__main__":
    sys.exit(main())

"""``demo``: the quickstart notebook, executed into a fresh store, and how to open it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbtrack
from nbtrack.cli.installation import jupyter, python, require
from nbtrack.cli.output import columns
from nbtrack.config import STORE_FOLDER
from nbtrack.errors import InputError, NbtrackError
from nbtrack.store.reading import current_store, set_store
from nbtrack.widgets import table
from nbtrack.widgets.format import count, duration
from nbtrack.widgets.text import fit

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = "nbtrack-demo"
_FIRST = "01_quickstart.ipynb"
_CELL_TIMEOUT_S = 600
_LINE_WIDTH = 60


def demo(found: Namespace) -> int:
    """Copy the notebooks into a new folder, execute the first there, and print the run table it made."""
    require("nbclient", "nbformat", "ipykernel", "sklearn")
    if found.open:
        require("jupyterlab")
    sources = notebooks()
    store_was_set = "NBTRACK_STORE" in os.environ
    folder = _new_folder(found.dir)
    for source in sources:
        shutil.copy(source, folder)
    notebook = folder / _FIRST
    set_store(folder / STORE_FOLDER)
    _execute(notebook)
    _show_runs()
    return _open(notebook, found.open, store_was_set)


def notebooks() -> list[Path]:
    """Return the notebooks that come with nbtrack: inside an installed package, beside it in a source tree.

    Returns
    -------
    list of Path

    Raises
    ------
    NbtrackError
        This installation has none.
    """
    package = Path(nbtrack.__file__).parent
    for folder in (package / "_notebooks", package.parent / "notebooks"):
        if (folder / _FIRST).is_file():
            return sorted(folder.glob("*.ipynb"))
    raise NbtrackError(f"this installation has no notebooks. Install it again: {python()} -m pip install -I nbtrack")


def _new_folder(chosen: str | None) -> Path:
    """Make the demo's folder; one that is already there, with somebody's edits, is left as it is."""
    if chosen is not None:
        folder = Path(chosen).expanduser()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is already there and not empty; name a new folder: --dir PATH.")
    else:
        folder, number = Path(FOLDER), 1
        while folder.exists():
            number += 1
            folder = Path(f"{FOLDER}-{number}")
        if number > 1:
            print(f"{FOLDER} is already there and is left as it is; this demo goes into {folder}.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _execute(notebook: Path) -> None:
    """Run the notebook in a kernel of this Python, with a line for each cell, and save it with its outputs."""
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    document = nbformat.read(notebook, as_version=4)
    # What a Jupyter server tells a kernel, so that runs are recorded as they will be when the notebook is opened.
    environment = os.environ | {"JPY_SESSION_NAME": str(notebook.absolute()), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    manager = AsyncKernelManager(kernel_name="python3")
    # The user's own kernel of that name may belong to another Python, without nbtrack.
    spec = manager.kernel_spec
    assert spec is not None, "ipykernel is here, so its kernel is"
    spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
    client = NotebookClient(
        document,
        km=manager,
        timeout=_CELL_TIMEOUT_S,
        resources={"metadata": {"path": str(notebook.parent)}},
        record_timing=False,
        **_progress(document),
    )
    print(f"Running {notebook}")
    try:
        client.execute(cleanup_kc=True, env=environment)
    except CellExecutionError as error:
        raise NbtrackError(f"a cell of {notebook} failed with {error.ename}: {error.evalue}") from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise NbtrackError(f"{notebook} could not be run to its end: {error}") from error
    finally:
        nbformat.write(document, notebook)


def _progress(document: NotebookNode) -> dict[str, Any]:
    """Return the hooks that print each code cell's first line when it begins, and its time when it ends."""
    total = sum(cell.cell_type == "code" for cell in document.cells)
    begun_s: list[float] = []

    def begin(cell: NotebookNode, **_: Any) -> None:
        if cell.cell_type == "code":
            begun_s.append(time.perf_counter())
            first_line = fit(next(iter(cell.source.splitlines()), ""), _LINE_WIDTH)
            print(f"  {len(begun_s):>2}/{total}  {first_line:<{_LINE_WIDTH}}", end="", flush=True)

    def end(**_: Any) -> None:
        print(f"  {duration(time.perf_counter() - begun_s[-1])}", flush=True)

    def fail(**_: Any) -> None:
        print("  failed", flush=True)

    return {"on_cell_start": begin, "on_cell_executed": end, "on_cell_error": fail}


def _show_runs() -> None:
    store = current_store()
    records = store.runs()
    total = len(records)
    print(f"\nThe store {store.root} has {count(total, 'run')}:\n")
    print(table.runs_text(records, time.time(), total=total, width=columns()))


def _open(notebook: Path, at_once: bool, store_was_set: bool) -> int:
    # JupyterLab refuses to run as root unless told that this is meant.
    options = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    if store_was_set:
        print("\nNBTRACK_STORE is set in this shell: unset it, or the notebook will use that store, not this one.")
    if at_once:
        return subprocess.run([sys.executable, "-m", "jupyterlab", *options, str(notebook)], check=False).returncode
    print("\nOpen it, change a cell, run it twice, and see the card under it:\n")
    if importlib.util.find_spec("jupyterlab") is None:
        print(f"  {python()} -m pip install jupyterlab")
    print(f"  {shlex.join([*jupyter(), 'lab', *options, str(notebook)])}")
    return 0

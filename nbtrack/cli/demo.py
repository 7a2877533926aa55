"""``demo``: the notebooks that come with nbtrack, some of them executed into a fresh store, and how to open them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbtrack
from nbtrack.cli.arguments import Command
from nbtrack.cli.installation import jupyter, python, require
from nbtrack.cli.listing import PAGE
from nbtrack.cli.output import columns
from nbtrack.cli.playing import Hook, play
from nbtrack.config import STORE_FOLDER
from nbtrack.errors import InputError, NbtrackError
from nbtrack.store.reading import current_store, set_store
from nbtrack.widgets import table
from nbtrack.widgets.format import count, duration
from nbtrack.widgets.text import fit

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = "nbtrack-demo"
_WELCOME = "00_welcome.ipynb"
_RUN_UNASKED = ("01",)
_LINE_WIDTH = 60
_IMPORT = re.compile(r"^(?:import (\w+)|from (\w+)[\w.]* import )", re.MULTILINE)


def add_demo(command: Command) -> ArgumentParser:
    """Add ``demo`` and its arguments."""
    made = command(
        "demo",
        demo,
        "copy nbtrack's notebooks to a folder, run the quickstart there into a fresh store, and show what it recorded",
        "  nbtrack demo\n  nbtrack demo 01 08 --dir try-it\n  nbtrack demo --all --open",
    )
    made.add_argument("name", nargs="*", metavar="NAME", help="run these, by the beginning of their names (default 01)")
    made.add_argument("--all", action="store_true", help="run all of them, which takes some minutes")
    made.add_argument("--dir", metavar="PATH", help=f"a new folder for them (default {FOLDER})")
    made.add_argument(
        "--open", action=BooleanOptionalAction, default=False, help="open the first in JupyterLab at the end"
    )
    return made


def demo(found: Namespace) -> int:
    """Copy the notebooks into a new folder, execute some there, and print the run table that they made."""
    require("nbclient", "nbformat", "ipykernel")
    if found.open:
        require("jupyterlab")
    sources = notebooks()
    chosen = _chosen(sources, found.name, found.all)
    require(*sorted({name for source in chosen for name in _imports(source)}))
    store_was_set = "NBTRACK_STORE" in os.environ
    folder = _folder(found.dir, sources)
    for source in sources:
        if not (folder / source.name).exists():
            shutil.copy(source, folder)
    set_store(folder / STORE_FOLDER)
    for source in chosen:
        _execute(folder / source.name)
    _show_runs()
    return _open(folder / _WELCOME, found.open, store_was_set)


def _chosen(sources: Sequence[Path], names: Sequence[str], everything: bool) -> list[Path]:
    names = [""] if everything else names or _RUN_UNASKED
    unknown = [name for name in names if not any(source.name.startswith(name) for source in sources)]
    if unknown:
        raise InputError(
            f"no notebook begins with {', '.join(unknown)}; there are {', '.join(source.stem for source in sources)}."
        )
    return [source for source in sources if source.name.startswith(tuple(names))]


def _imports(notebook: Path) -> set[str]:
    """Return the modules that a notebook's cells import."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return {name for source in code for names in _IMPORT.findall(source) for name in names if name}


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
        if (folder / _WELCOME).is_file():
            return sorted(folder.glob("*.ipynb"))
    raise NbtrackError(f"this installation has no notebooks. Install it again: {python()} -m pip install -I nbtrack")


def _folder(chosen: str | None, sources: Sequence[Path]) -> Path:
    """Make the demo's folder; one that is already there, with somebody's edits, is left as it is."""
    if chosen is not None:
        folder = Path(chosen).expanduser()
        if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or _is_untouched(folder, sources))):
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


def _is_untouched(folder: Path, sources: Sequence[Path]) -> bool:
    """Tell whether a folder has these very notebooks and no runs yet, as a clone of nbtrack has."""
    return not (folder / STORE_FOLDER).exists() and all(
        (folder / source.name).is_file() and (folder / source.name).read_bytes() == source.read_bytes()
        for source in sources
    )


def _execute(notebook: Path) -> None:
    """Run the notebook in a kernel of this Python, with a line for each cell, and save it with its outputs."""
    import nbformat

    document = nbformat.read(notebook, as_version=4)
    print(f"Running {notebook}")
    try:
        play(document, notebook, hooks=_progress(document))
    finally:
        nbformat.write(document, notebook)


def _progress(document: NotebookNode) -> dict[str, Hook]:
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
    records = store.runs(limit=PAGE)
    total = store.count_runs()
    newest = f"; the newest {PAGE}" if total > PAGE else ""
    print(f"\nThe store {store.root} has {count(total, 'run')}{newest}:\n")
    print(table.runs_text(records, time.time(), total=total, width=columns()))


def _open(notebook: Path, at_once: bool, store_was_set: bool) -> int:
    # JupyterLab refuses to run as root unless told that this is meant.
    options = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    if store_was_set:
        print("\nNBTRACK_STORE is set in this shell: unset it, or the notebooks will use that store, not this one.")
    if at_once:
        return subprocess.run([sys.executable, "-m", "jupyterlab", *options, str(notebook)], check=False).returncode
    print("\nOpen the first notebook, the others follow from there:\n")
    if importlib.util.find_spec("jupyterlab") is None:
        print(f"  {python()} -m pip install jupyterlab")
    print(f"  {shlex.join([*jupyter(), 'lab', *options, str(notebook)])}")
    return 0

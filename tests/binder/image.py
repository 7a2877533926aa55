"""Builds from ``binder/`` what repo2docker would build, without a container, and looks at it as a visitor would.

``python tests/binder/image.py [NAME …]`` makes a virtual environment with the Python that ``runtime.txt`` names, copies the
repository, runs the steps that repo2docker's own build pack finds in ``binder/``, starts JupyterLab by way of
``binder/start``, and opens the notebooks whose names begin so in Chromium, all of them unless told otherwise. Each must run
to its end without an error, the welcome must show what it promises, and the dashboard must show the runs. ``--keep DIR``
leaves everything in that folder; ``--borrow`` installs nothing but nbtrack, and uses the packages of the environment that
this runs in.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from lab import Lab, Notebook  # noqa: E402 - a script beside it, not a package

# Of the repository, what a clone has and the image needs.
PARTS = ("binder", "nbtrack", "notebooks", "pyproject.toml", "README.md", "LICENSE")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".nbtrack", "nbtrack-demo*")
WELCOME = "00_welcome.ipynb"
_CELL_TIMEOUT_S = 400


class Image:
    """A folder with what the image would have: the repository and an environment."""

    def __init__(self, folder: Path, *, borrowed: bool = False) -> None:
        self.folder = folder
        self.borrowed = borrowed
        self.repository = folder / "home"
        self.environment_folder = folder / "env"
        python = self.environment_folder / "bin"
        hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
        kept = {
            name: text for name, text in os.environ.items() if name not in hidden and not name.startswith("NBTRACK_")
        }
        self.variables = kept | {
            "HOME": str(self.repository),
            "REPO_DIR": str(self.repository),
            "NB_USER": "visitor",
            "NB_PYTHON_PREFIX": str(self.environment_folder),
            "KERNEL_PYTHON_PREFIX": str(self.environment_folder),
            "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
            "MPLCONFIGDIR": str(folder / "matplotlib"),
        }

    def build(self) -> None:
        """Do what the build pack says, in its order."""
        with timed("copy the repository"):
            self.repository.mkdir(parents=True)
            for part in PARTS:
                source = ROOT / part
                if source.is_dir():
                    shutil.copytree(source, self.repository / part, ignore=LEFT_OUT)
                else:
                    shutil.copy(source, self.repository)
        python, steps = self.plan()
        with timed(f"make an environment with {python}"):
            subprocess.run([interpreter(python), "-m", "venv", str(self.environment_folder)], check=True)
        if self.borrowed:
            self.borrow()
            steps = [step for step in steps if "requirements.txt" not in step]
        for step in steps:
            with timed(step if len(step) < 60 else f"{step[:57]}…"):
                self.shell(step)
        with timed("pip check"):
            self.shell("python -m pip check")

    def borrow(self) -> None:
        """Have the packages of this environment instead of those of ``requirements.txt``, which take a minute or more."""
        (site,) = self.environment_folder.glob("lib/python*/site-packages")
        (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        modules = {
            "jupyter": "jupyter_core.command",
            "jupyter-lab": "jupyterlab",
            "jupyter-labextension": "jupyterlab.labextensions",
        }
        for program, module in modules.items():
            script = self.environment_folder / "bin" / program
            script.write_text(f'#!/bin/sh\nexec "{self.environment_folder}/bin/python" -m {module} "$@"\n')
            script.chmod(0o755)
        # JupyterLab's pages and the front ends of widgets; settings are copied, for they are about to be changed.
        (self.environment_folder / "share").mkdir(exist_ok=True)
        (self.environment_folder / "share" / "jupyter").symlink_to(Path(sys.prefix) / "share" / "jupyter")
        shutil.copytree(Path(sys.prefix) / "etc" / "jupyter", self.environment_folder / "etc" / "jupyter")

    def plan(self) -> tuple[str, list[str]]:
        """Return the Python that is asked for and the build's lines of shell, as repo2docker finds them."""
        from repo2docker.app import Repo2Docker
        from repo2docker.buildpacks import PythonBuildPack

        with contextlib.chdir(self.repository):
            pack = PythonBuildPack(Repo2Docker().base_image)
            assert pack.detect(), "repo2docker sees no Python project"
            assert Path(pack.binder_dir) == Path("binder")
            found = [*pack.get_preassemble_scripts(), *pack.get_assemble_scripts()]
            installing = [script for _, script in found if "KERNEL_PYTHON_PREFIX" in script]
            after = [f"chmod +x {script} && ./{script}" for script in pack.get_post_build_scripts()]
            assert pack.get_start_script() == "${REPO_DIR}/binder/start"
            return f"python{pack.python_version}", [*installing, *after]

    def shell(self, line: str) -> str:
        """Run a line in the image, and return what it printed."""
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.repository, env=self.variables, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{line}\nfailed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def runs(self) -> int:
        """Return how many runs the store of the notebooks has."""
        found = self.shell("binder/start nbtrack sql --json 'select count(*) as runs from runs'")
        return int(json.loads(found)[0]["runs"])


class Visit(Lab):
    """The image's own JupyterLab, started as its entry point does, and a browser."""

    def __init__(self, image: Image) -> None:
        super().__init__(image.folder / "visit", image.folder / "screenshots")
        self.image = image
        self.root = image.repository
        self.command = (str(image.repository / "binder" / "start"), "jupyter", "lab")
        self.environment = image.variables
        self.held_mb = 0.0

    def look(self, name: str) -> None:
        """Run a notebook from top to bottom."""
        notebook = self.open(f"notebooks/{name}")
        # Its saved counts would be taken for new ones.
        notebook.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        for index, source in cells(notebook):
            run(notebook, index)
            failed = [shown for shown in outputs(notebook, index) if shown["output_type"] == "error"]
            assert not failed, f"{name}: {source}\n{failed[0]['ename']}: {failed[0]['evalue']}"
        notebook.shot(Path(name).stem)
        if name == WELCOME:
            see_the_welcome(notebook)
            notebook.shot("welcome_afterwards")
        self.held_mb = max(self.held_mb, memory_mb(self._server.pid))
        notebook.shut_down()

    def look_at_the_dashboard(self) -> None:
        """Open the dashboard as the README's link does, and wait for runs in it."""
        page = self.open(f"notebooks/{WELCOME}").page
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(f"{self.url}/voila/render/binder/dashboard.ipynb?token=t")
        try:
            page.wait_for_selector("[role=grid] >> text=network", timeout=120_000)
            page.wait_for_selector(".js-plotly-plot", timeout=60_000)
        except PlaywrightTimeoutError as error:
            raise AssertionError(
                f"the dashboard shows: {page.inner_text('body')}\n{self.errors}\n{said}\nthe server: {self.log()}"
            ) from error
        finally:
            page.screenshot(path=self.screenshots / "dashboard.png", full_page=True)
        page.context.close()
        # Voilà's own page wants icons and a renderer of formulas from elsewhere; it does without.
        self.refused[:] = [url for url in self.refused if not re.search("fontawesome|mathjax", url)]
        # Plotly would keep a picture of its chart in the notebook, and a page of Voilà's has none.
        self.errors[:] = [text for text in self.errors if "setData is not a function" not in text]


def see_the_welcome(notebook: Notebook) -> None:
    """Check what the welcome promises, then do what it asks the reader to do."""
    places = {source.splitlines()[0]: index for index, source in cells(notebook)}
    shown = {source: said(notebook, index) for source, index in places.items()}
    assert "accuracy  0.9663" in shown["%%track scaled"]
    assert "reproduced" in shown["%nbtrack verify scaled"]
    assert "which nobody seeded" in shown["%%track thirty-wines"]
    assert "diverged" in shown["%nbtrack verify"]
    assert "accuracy" in shown["%nbtrack compare plain scaled"]
    notebook.edit(places["test_size = 0.5"], "test_size = 0.2")
    run(notebook, places["test_size = 0.5"])
    run(notebook, places["%%track scaled"])
    assert "used test_size = 0.5, and" in said(notebook, places["%%track scaled"])
    split = next(index for source, index in places.items() if source.startswith("X_train, X_test"))
    run(notebook, split)
    run(notebook, places["%%track scaled"])
    assert "⚠" not in said(notebook, places["%%track scaled"])


def cells(notebook: Notebook) -> list[tuple[int, str]]:
    """Return the places and sources of the code cells."""
    found: list[tuple[int, str]] = notebook.page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets
             .map((cell, index) => [index, cell.model.sharedModel.getSource(), cell.model.type])
             .filter(([_, source, type]) => type === 'code' && source.trim()).map(([index, source]) => [index, source])"""
    )
    return [(index, source) for index, source in found]


def run(notebook: Notebook, index: int) -> None:
    """Run a cell and wait for its end, however slow the machine is."""
    before = notebook.count(index)
    notebook.start(index)
    notebook.page.wait_for_function(
        """([index, before]) => { const panel = window.jupyterapp.shell.currentWidget;
             const count = panel.content.widgets[index].model.executionCount;
             return count !== null && count !== before && panel.sessionContext.session.kernel.status === 'idle' }""",
        arg=[index, before],
        timeout=_CELL_TIMEOUT_S * 1000,
    )


def outputs(notebook: Notebook, index: int) -> list[dict[str, Any]]:
    """Return a cell's outputs as they would be saved."""
    found: list[dict[str, Any]] = notebook.page.evaluate(
        "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.outputs.toJSON()", index
    )
    return found


def said(notebook: Notebook, index: int) -> str:
    """Return a cell's outputs as text; cells that are far from the screen have no elements to read it from."""
    shown = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs(notebook, index)]
    return "\n".join(text if isinstance(text, str) else "".join(text) for text in shown)


def interpreter(name: str) -> str:
    """Return the program of a Python such as ``python3.11``; this one where it is that."""
    if name == f"python{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"binder/runtime.txt names {name}, which is not on this machine.")
    return found


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"{time.monotonic() - begun:7.1f} s  {what}", flush=True)


def memory_mb(server: int) -> float:
    """Return what a process and all that it started hold."""
    parent = psutil.Process(server)
    return sum(process.memory_info().rss for process in [parent, *parent.children(recursive=True)]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description="Build and visit what binder/ describes.")
    parser.add_argument("name", nargs="*", help="open these notebooks, by the beginning of their names; default: all")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="build in this new folder and leave it there")
    parser.add_argument(
        "--borrow", action="store_true", help="use this environment's packages: quick, but no clean room"
    )
    found = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        image = Image(found.keep.absolute() if found.keep else Path(scratch) / "image", borrowed=found.borrow)
        image.build()
        runs = image.runs()
        print(f"The store has {runs} runs.")
        assert runs >= 35, runs
        with Visit(image) as visit:
            # The dashboard first: it shows what the build left, not what the visit added.
            with timed("open the dashboard"):
                visit.look_at_the_dashboard()
            for file in sorted((image.repository / "notebooks").glob("*.ipynb")):
                if not found.name or file.name.startswith(tuple(found.name)):
                    with timed(f"run {file.name} in Chromium"):
                        visit.look(file.name)
            print(f"{visit.held_mb:7.0f} MB held by the server and a notebook's kernels at most")
            assert visit.refused == [], visit.refused
            assert visit.errors == [], visit.errors
    print("The image is as it should be.")


if __name__ == "__main__":
    main()

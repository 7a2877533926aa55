"""A real JupyterLab in headless Chromium, offline: every request that leaves this machine is refused and counted."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

import nbformat
from playwright.sync_api import BrowserContext, Page, Route, sync_playwright

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
_LOCAL = {"127.0.0.1", "localhost", ""}


def chromium() -> str:
    """Return Chromium's path; without it these tests fail rather than skip."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "the browser tests need Chromium: on Debian, apt-get install chromium"
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lab:
    """A JupyterLab server on a folder, and a browser to look at it."""

    def __init__(self, folder: Path, screenshots: Path) -> None:
        self.root = folder / "root"
        self.home = folder / "home"
        self.screenshots = screenshots
        self.refused: list[str] = []
        self.errors: list[str] = []
        self.root.mkdir(parents=True)
        screenshots.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        env = {key: value for key, value in os.environ.items() if not key.startswith(("NBTRACK_", "JPY_"))}
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            env[name] = str(self.home / name.lower())
        settings = self.home / "settings"
        env["JUPYTERLAB_SETTINGS_DIR"] = str(settings)
        env["JUPYTERLAB_WORKSPACES_DIR"] = str(self.home / "workspaces")
        self.settings = settings
        self.set("@jupyterlab/apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False})
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (self.root.parent / "server.log").open("wb")
        self._server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=t"),
                *(f"--ServerApp.root_dir={self.root}", "--LabApp.expose_app_in_browser=True"),
            ],
            env=env,
            cwd=self.root,
            stdout=self._log,
            stderr=self._log,
        )
        self._wait_for_server()
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=chromium(), args=_FLAGS)
        return self

    def __exit__(self, *reason: object) -> None:
        self._browser.close()
        self._playwright.stop()
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

    def _wait_for_server(self) -> None:
        deadline = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/api?token=t", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                log = (self.root.parent / "server.log").read_text(errors="replace")[-3000:]
                assert self._server.poll() is None, log
                assert time.monotonic() < deadline, log
                time.sleep(0.2)

    def set(self, plugin: str, values: dict[str, Any]) -> None:
        """Write a JupyterLab setting; read when a page is opened."""
        file = self.settings / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    def theme(self, name: str) -> None:
        """Choose ``JupyterLab Light`` or ``JupyterLab Dark`` for the pages opened from now on."""
        self.set("@jupyterlab/apputils-extension/themes", {"theme": name})

    def notebook(self, name: str, cells: list[str]) -> Notebook:
        """Write a notebook and open it."""
        document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(document, self.root / name)
        return self.open(name)

    def open(self, name: str) -> Notebook:
        """Open a notebook in a browser window of its own."""
        context = self._browser.new_context(viewport={"width": 1280, "height": 1000})
        context.route("**/*", self._only_local)
        return Notebook(self, name, context)

    def _only_local(self, route: Route) -> None:
        url = route.request.url
        host = url.split("/")[2].split(":")[0] if "://" in url else ""
        if host in _LOCAL or url.startswith(("data:", "blob:")):
            route.continue_()
        else:
            self.refused.append(url)
            route.abort()


class Notebook:
    """One notebook open in JupyterLab."""

    def __init__(self, lab: Lab, name: str, context: BrowserContext) -> None:
        self.lab = lab
        self.name = name
        self.context = context
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: lab.errors.append(str(error)))
        self.page.goto(f"{lab.url}/lab/tree/{name}?token=t&reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
        self.page.wait_for_function(
            """() => { const panel = window.jupyterapp?.shell?.currentWidget;
                 const kernel = panel?.sessionContext?.session?.kernel;
                 return panel?.content?.widgets && kernel?.connectionStatus === 'connected' && kernel.status === 'idle' }""",
            timeout=90_000,
        )

    def start(self, index: int) -> None:
        """Run a cell without waiting for it."""
        self.page.evaluate(
            """index => { const panel = window.jupyterapp.shell.currentWidget; panel.content.deselectAll();
                 panel.content.activeCellIndex = index; panel.content.mode = 'command';
                 window.jupyterapp.commands.execute('notebook:run-cell'); }""",
            index,
        )

    def run(self, index: int) -> None:
        """Run a cell and wait until the kernel is idle again."""
        before = self.count(index)
        self.start(index)
        self.page.wait_for_function(
            """([index, before]) => { const panel = window.jupyterapp.shell.currentWidget;
                 const count = panel.content.widgets[index].model.executionCount;
                 return count !== null && count !== before && panel.sessionContext.session.kernel.status === 'idle' }""",
            arg=[index, before],
            timeout=90_000,
        )
        self.page.wait_for_timeout(300)

    def run_all(self) -> None:
        """Run every cell from the top."""
        for index in range(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")):
            if self.page.evaluate(
                "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.type === 'code'", index
            ):
                self.run(index)

    def count(self, index: int) -> int | None:
        """Return the execution count that a cell shows."""
        found: int | None = self.page.evaluate(
            "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.executionCount", index
        )
        return found

    def edit(self, index: int, source: str) -> None:
        """Replace a cell's source, as typing would."""
        self.page.evaluate(
            """([index, source]) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel
                 .setSource(source)""",
            [index, source],
        )

    def type(self, index: int, source: str) -> None:
        """Replace a cell's source with the keyboard."""
        cell = self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index)
        cell.scroll_into_view_if_needed()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Escape")

    def delete(self, index: int) -> None:
        """Delete a cell with the keyboard: D, D."""
        self._select(index)
        self.page.keyboard.press("d")
        self.page.keyboard.press("d")

    def insert_below(self, index: int, source: str) -> None:
        """Add a cell below another with the keyboard, and type into it."""
        self._select(index)
        self.page.keyboard.press("b")
        self.type(index + 1, source)

    def _select(self, index: int) -> None:
        self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Escape")

    def output(self, index: int) -> str:
        """Return the text that is visible under a cell."""
        area = self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".jp-OutputArea")
        return area.first.inner_text() if area.count() else ""

    def outputs(self, index: int) -> list[str]:
        """Return the visible text of each output of a cell."""
        area = self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".jp-OutputArea-output")
        return area.all_inner_texts()

    def wait_for(self, index: int, text: str, timeout_s: float = 30.0) -> None:
        """Wait until a cell's output shows ``text``."""
        deadline = time.monotonic() + timeout_s
        while text not in self.output(index):
            assert time.monotonic() < deadline, f"no {text!r} in {self.output(index)!r}"
            self.page.wait_for_timeout(50)

    def save(self) -> None:
        """Save the notebook with the keyboard."""
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=20_000)

    def shut_down(self) -> None:
        """Shut the notebook's kernel down and close the window."""
        self.page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown() }")
        self.context.close()

    def shot(self, name: str, index: int | None = None) -> Path:
        """Keep a screenshot of the window, or of one cell."""
        file = self.lab.screenshots / f"{name}.png"
        if index is None:
            self.page.screenshot(path=file)
        else:
            cell = self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index)
            cell.scroll_into_view_if_needed()
            cell.screenshot(path=file)
        return file

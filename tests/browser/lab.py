"""A real JupyterLab in headless Chromium, offline: every request that leaves this machine is refused and counted."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import BrowserContext, Page, sync_playwright

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
# Nothing leaves this machine: no name but its own has an address.
_FLAGS += ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"]
_LOCAL = {"127.0.0.1", "localhost", ""}


# Whether outputs are in the page, and the same as a moment ago; the page's own clock stands still where it stalls.
_SETTLED = """index => {
    const { widgets } = window.jupyterapp.shell.currentWidget.content;
    const cells = (index === null ? widgets : [widgets[index]]).filter(cell => cell.outputArea && !cell.isPlaceholder());
    const all = cells.every(({ outputArea: area }) => area.widgets.length >= Math.min(area.model.length, 20));
    const seen = cells.map(cell => cell.outputArea.node.innerHTML).join();
    const same = window.nbtrackSeen === `seen ${seen}`;
    window.nbtrackSeen = `seen ${seen}`;
    return all && same }"""
_WATCH = """index => { window.nbtrackShown = []; new MutationObserver(() => {
        const area = document.querySelectorAll('.jp-NotebookPanel .jp-Cell')[index]?.querySelector('.jp-OutputArea');
        if (area && area.textContent !== window.nbtrackShown.at(-1)) window.nbtrackShown.push(area.textContent); })
    .observe(document.body, { childList: true, subtree: true, characterData: true }) }"""


def chromium() -> str:
    """Return Chromium's path; without it these tests fail rather than skip."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "the browser tests need Chromium: on Debian, apt-get install chromium"
    return found


def _free_port() -> int:
    """Return a port that is free, and stays so until the server listens: of those that systems give to nobody unasked."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def is_local(url: str) -> bool:
    """Tell whether a request stays on this machine."""
    return (urlsplit(url).hostname or "") in _LOCAL or url.startswith(("data:", "blob:"))


class Browser:
    """Headless Chromium; a request that would leave this machine, a WebSocket's too, is refused and goes to ``refused``."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.errors: list[str] = []

    def __enter__(self) -> Self:
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(executable_path=chromium(), args=_FLAGS)
        return self

    def __exit__(self, *reason: object) -> None:
        self._chromium.close()
        self._playwright.stop()

    def context(self, **options: Any) -> BrowserContext:
        """Return a fresh profile, without anybody's cookies; what its pages throw goes to ``errors``."""
        # A service worker's requests would not be seen.
        options = {"viewport": {"width": 1280, "height": 1000}, "service_workers": "block"} | options
        context = self._chromium.new_context(**options)
        # Machines that run tests stall for seconds.
        context.set_default_timeout(60_000)
        # Playwright's routes would carry every request and every message of a kernel's through this process.
        context.on("requestfinished", lambda request: self._note(request.url))
        # What the page's own policy forbids is not asked for.
        context.on("requestfailed", lambda request: request.failure == "csp" or self._note(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note(socket.url)))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        return context

    def _note(self, url: str) -> None:
        if not is_local(url):
            self.refused.append(url)


class Lab:
    """A JupyterLab server on a folder, and a browser to look at it; ``face`` may be ``notebook``, for Notebook 7."""

    environment: Mapping[str, str] = {}

    def __init__(self, folder: Path, screenshots: Path, face: str = "jupyterlab") -> None:
        self.face = face
        self.command: tuple[str, ...] = (sys.executable, "-m", face)
        self.root = folder / "root"
        self.home = folder / "home"
        self.screenshots = screenshots
        self.browser = Browser()
        self.refused, self.errors = self.browser.refused, self.browser.errors
        self.root.mkdir(parents=True)
        screenshots.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        env = {key: value for key, value in os.environ.items() if not key.startswith(("NBTRACK_", "JPY_"))}
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
            env[name] = str(self.home / name.lower())
        self._speak_through_files(env)
        settings = self.home / "settings"
        env["JUPYTERLAB_SETTINGS_DIR"] = str(settings)
        env["JUPYTERLAB_WORKSPACES_DIR"] = str(self.home / "workspaces")
        env |= self.environment
        self.settings = settings
        self.set("@jupyterlab/apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False})
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (self.root.parent / "server.log").open("wb")
        self._server = subprocess.Popen(
            [
                *(*self.command, "--no-browser", "--allow-root"),
                *(f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=t"),
                *(f"--ServerApp.root_dir={self.root}", "--LabApp.expose_app_in_browser=True"),
                "--JupyterNotebookApp.expose_app_in_browser=True",
            ],
            env=env,
            cwd=self.root,
            stdout=self._log,
            stderr=self._log,
        )
        self._wait_for_server()
        self.browser.__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self.browser.__exit__(*reason)
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()
        shutil.rmtree(self._runtime, ignore_errors=True)

    def _speak_through_files(self, env: dict[str, str]) -> None:
        """Have the kernels listen on files: of the ports of many that start side by side, two may be the same."""
        # A socket's path is short: in a test's own folder it would be too long.
        self._runtime = env["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="nbt-")
        settings = Path(env["JUPYTER_CONFIG_DIR"]) / "jupyter_server_config.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"KernelManager": {"transport": "ipc"}}))

    def _wait_for_server(self) -> None:
        deadline = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/api?token=t", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                assert self._server.poll() is None, self.log()
                assert time.monotonic() < deadline, self.log()
                time.sleep(0.2)

    def log(self) -> str:
        """Return the last words of the server."""
        return Path(self._log.name).read_text(errors="replace")[-3000:]

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
        return Notebook(self, name, self.browser.context())


class Notebook:
    """One notebook open in JupyterLab."""

    def __init__(self, lab: Lab, name: str, context: BrowserContext) -> None:
        self.lab = lab
        self.name = name
        self.context = context
        self.page: Page = context.new_page()
        place = f"lab/tree/{name}?reset&" if lab.face == "jupyterlab" else f"notebooks/{name}?"
        self.page.goto(f"{lab.url}/{place}token=t")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
        self.page.wait_for_function(
            """() => { const panel = window.jupyterapp?.shell?.currentWidget;
                 const kernel = panel?.sessionContext?.session?.kernel;
                 return panel?.content?.widgets && kernel?.connectionStatus === 'connected' && kernel.status === 'idle' }""",
            timeout=90_000,
        )
        self.settle()

    def start(self, index: int) -> None:
        """Run a cell without waiting for it."""
        self.page.evaluate(
            """index => { const panel = window.jupyterapp.shell.currentWidget; panel.content.deselectAll();
                 panel.content.activeCellIndex = index; panel.content.mode = 'command';
                 window.jupyterapp.commands.execute('notebook:run-cell'); }""",
            index,
        )

    def run(self, index: int, timeout_s: float = 90) -> None:
        """Run a cell and wait until the kernel is idle again."""
        before = self.count(index)
        self.start(index)
        self.page.wait_for_function(
            """([index, before]) => { const panel = window.jupyterapp.shell.currentWidget;
                 const count = panel.content.widgets[index].model.executionCount;
                 return count !== null && count !== before && panel.sessionContext.session.kernel.status === 'idle' }""",
            arg=[index, before],
            timeout=timeout_s * 1000,
        )
        self.settle(index)

    def settle(self, index: int | None = None) -> None:
        """Wait until all that a cell has put out, or any cell, is in the page and has come to rest."""
        self.page.evaluate("() => { window.nbtrackSeen = '' }")
        self.page.wait_for_function(_SETTLED, arg=index, polling=100, timeout=60_000)

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
        self.page.wait_for_function(
            """([index, source]) => window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel
                 .getSource() === source""",
            arg=[index, source],
        )

    def delete(self, index: int) -> None:
        """Delete a cell with the keyboard: D, D."""
        before = self._select(index)
        # At once: JupyterLab forgets the first one after a second.
        self.page.keyboard.type("dd")
        self._wait_for_cells(before - 1)

    def insert_below(self, index: int, source: str) -> None:
        """Add a cell below another with the keyboard, and type into it."""
        before = self._select(index)
        self.page.keyboard.press("b")
        self._wait_for_cells(before + 1)
        self.type(index + 1, source)

    def _select(self, index: int) -> int:
        """Make a cell the active one, in command mode; return how many there are."""
        self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Escape")
        self.page.wait_for_function(
            """index => { const { content } = window.jupyterapp.shell.currentWidget;
                 return content.activeCellIndex === index && content.mode === 'command' }""",
            arg=index,
        )
        return int(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length"))

    def _wait_for_cells(self, number: int) -> None:
        self.page.wait_for_function(
            "number => window.jupyterapp.shell.currentWidget.content.widgets.length === number", arg=number
        )

    def output(self, index: int) -> str:
        """Return the text that is visible under a cell."""
        area = self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".jp-OutputArea")
        return area.first.inner_text() if area.count() else ""

    def outputs(self, index: int) -> list[str]:
        """Return the visible text of each output of a cell."""
        area = self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index).locator(".jp-OutputArea-output")
        return area.all_inner_texts()

    def watch(self, index: int) -> None:
        """Keep all that a cell will show from now on, for :meth:`saw`."""
        self.page.evaluate(_WATCH, index)

    def saw(self, text: str) -> None:
        """Wait until the watched cell has shown ``text``, which may be over by now."""
        self.page.wait_for_function(
            "text => window.nbtrackShown.some(shown => shown.includes(text))", arg=text, timeout=90_000
        )

    def wait_for(self, index: int, text: str, timeout_s: float = 90.0) -> None:
        """Wait until a cell's output shows ``text``."""
        deadline = time.monotonic() + timeout_s
        while text not in self.output(index):
            assert time.monotonic() < deadline, f"no {text!r} in {self.output(index)!r}"
            self.page.wait_for_timeout(50)

    def save(self) -> None:
        """Save the notebook with the keyboard."""
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=60_000)

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

"""``nbtrack ui``, as a person without a notebook uses it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

STORE = """
import nbtrack
nbtrack.set_experiment("digits")
for number in range(30):
    with nbtrack.start_run(run_name=f"run-{number:02}"):
        nbtrack.log_params({"rate": 0.1 / (number + 1), "note": "<b>bold</b>"})
        for step in range(20):
            nbtrack.log_metric("loss", 1 / (step + 1) + number / 100, step=step)
with nbtrack.start_run(run_name="no-curve"):
    nbtrack.log_param("rate", 1)
"""
ONE_MORE = "import nbtrack\nwith nbtrack.start_run(run_name='came-later'):\n    nbtrack.log_metric('loss', 0.5)"
SOCKET = """address => new Promise(done => { const socket = new WebSocket(address);
    socket.onopen = () => done('open'); socket.onerror = () => done('refused'); })"""


@dataclass
class Served:
    process: subprocess.Popen[str]
    address: str
    words: str
    store: Path

    @property
    def root(self) -> str:
        return self.address.partition("?")[0]

    def kernels(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if any("ipykernel" in word for word in child.cmdline())]

    def log(self, code: str) -> None:
        program = f"import nbtrack\nnbtrack.set_store({str(self.store)!r})\n{code}"
        subprocess.run([sys.executable, "-c", program], check=True, cwd=self.store.parent)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ui") / "project"
    folder.mkdir()
    served = Served(None, "", "", folder / ".nbtrack")
    served.log(STORE)
    process = subprocess.Popen(
        [sys.executable, "-m", "nbtrack", "ui", "--store", str(folder), "--no-browser"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    served.process = process
    for line in process.stdout:
        served.words += line
        if "Ctrl-C" in line:
            break
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{20,}\n", served.words)
    assert found, served.words or process.stderr.read()
    served.address = found[0].strip()
    yield served
    if process.poll() is None:
        process.kill()
        process.communicate()


def opened(browser: Any, served: Served, script: str = "", **options: Any) -> Any:
    page = browser.context(viewport={"width": 1400, "height": 900}, **options).new_page()
    page.add_init_script(script)
    page.goto(served.address)
    page.wait_for_selector(".nt-row .nt-name", timeout=90_000)
    return page


def names(page: Any) -> list[str]:
    return page.locator(".nt-row .nt-name").all_inner_texts()


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_store_is_there_and_what_is_selected_is_shown(browser, served, screenshots, violations):
    page = opened(browser, served, color_scheme="light")
    assert page.title() == "project · nbtrack"
    assert page.locator("header").inner_text().split() == ["project", str(served.store)]
    page.get_by_text("31 runs · 1 experiment", exact=True).wait_for()
    assert page.locator("text=show()").count() == 0, "no code is seen"
    assert "token" not in page.url
    grid = page.locator(".nt-grid").bounding_box()
    assert grid["height"] > 700
    assert grid["width"] > 1380
    page.screenshot(path=screenshots / "ui_light.png")

    page.locator(".nt-row", has_text="run-29").click()
    page.wait_for_selector(".nt-pane:not([hidden])")
    page.wait_for_function("() => document.querySelector('.nt-content').textContent.includes('<b>bold</b>')")
    page.wait_for_selector(".nt-charts img", state="attached", timeout=60_000)
    page.wait_for_selector(".nt-charts .main-svg", timeout=60_000)
    page.locator(".nt-row", has_text="run-27").click(modifiers=["Shift"])
    page.wait_for_function("() => document.querySelector('.nt-title').textContent.includes('run-27')")
    page.wait_for_function("() => document.querySelectorAll('.nt-charts .legend .traces').length === 3", timeout=60_000)
    pane, charts = page.locator(".nt-pane").bounding_box(), page.locator(".part-3").bounding_box()
    assert charts["x"] + charts["width"] <= pane["x"], "side by side"
    page.screenshot(path=screenshots / "ui_selected.png")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    page.screenshot(path=screenshots / "ui_dark.png")
    assert violations(page) == []

    page.locator(".nt-row", has_text="no-curve").click()
    page.wait_for_function("() => !document.querySelector('.nt-charts > *')")
    page.keyboard.press("Escape")
    page.wait_for_selector(".nt-pane", state="hidden")
    page.context.close()


def test_what_was_looked_for_too_early_is_shown(browser, served, lost):
    page = opened(browser, served, lost)
    page.locator("main .nt-counts").wait_for()
    page.locator(".nt-row", has_text="run-29").click()
    page.wait_for_selector(".js-plotly-plot", timeout=60_000)
    assert page.evaluate("() => window.nbtrackLost.size") == 3
    page.context.close()


def test_what_is_recorded_meanwhile_appears(browser, served):
    page = opened(browser, served, color_scheme="dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(19, 20, 22)"
    assert "came-later" not in names(page)
    served.log(ONE_MORE)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.nt-row .nt-name')].some(it => it.textContent === 'came-later')"
    )
    page.get_by_text("32 runs · 2 experiments", exact=True).wait_for()
    page.context.close()


def test_without_the_token_nothing_opens(browser, served, screenshots, violations):
    for path in ("", "?token=guessed-in-vain", "api/kernels/2f0e6f0a-0000-0000-0000-000000000000", "voila/files/x.png"):
        assert status_of(served.root + path) in (403, 404), path
    assert status_of(served.root) == 403
    page = browser.context(viewport={"width": 900, "height": 600}).new_page()
    page.goto(served.root)
    assert "its token" in page.locator("h1").inner_text()
    page.screenshot(path=screenshots / "ui_refusal.png")
    assert violations(page) == []
    kernel = "api/kernels/2f0e6f0a-0000-0000-0000-000000000000/channels"
    assert page.evaluate(SOCKET, served.root.replace("http", "ws") + kernel) == "refused"
    page.get_by_label("token").fill(served.address.partition("token=")[2])
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector(".nt-row .nt-name", timeout=90_000)
    page.context.close()


def test_only_this_machine_can_reach_it(served):
    for process in (psutil.Process(served.process.pid), *served.kernels()):
        for connection in process.net_connections("inet"):
            assert connection.laddr.ip == "127.0.0.1", (process, connection)


def test_a_page_that_is_closed_takes_its_kernel_along_and_ctrl_c_all(browser, served):
    page, staying = opened(browser, served), opened(browser, served)
    kernel = "() => JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
    ended, living = page.evaluate(kernel), staying.evaluate(kernel)
    page.close(run_before_unload=True)
    there = "id => fetch(`/api/kernels/${id}`).then(answer => answer.status)"
    staying.wait_for_function(f"id => ({there})(id).then(status => status === 404)", arg=ended)
    assert staying.evaluate(there, living) == 200

    kernels = served.kernels()
    assert kernels
    served.process.send_signal(signal.SIGINT)
    _, complaint = served.process.communicate(timeout=60)
    assert served.process.returncode == 0
    assert complaint.strip() == "Ended."
    psutil.wait_procs(kernels, timeout=60)
    assert [kernel for kernel in kernels if kernel.is_running()] == []
    staying.evaluate("() => look()")
    assert "nbtrack ui has ended" in staying.get_by_role("alert").inner_text()
    staying.context.close()

"""The run table beside itables and ipydatagrid in one JupyterLab, and beside MLflow's web page: painted, and sent.

The same runs, 10,000 and 100,000 of them, 30 columns each. MLflow's server has them put straight into its tables, and
shows a hundred at a time; what is sent counts from opening the page, its scripts included. The peers live in the
environment that ``peers.py`` makes; what cannot be installed is left out and named. Each has a limit of time, and what
does not come to an end within it is named with it, and not tried again.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bench_page
import peers
from bench_table import READY, load_lab
from common import Figure, Options, Row, child, environment, folder_of, main, workspace
from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import sync_playwright

_CAP_S = 120
# What is built or read before: also at 100,000 runs on a machine that others use.
_SETUP_S = 900
# Tells when there are rows: by a test that runs before each picture, and then two pictures more.
_PAINTED = """test => { const told = window.bench = {start: performance.now()}; const there = new Function('return ' + test);
    const look = () => { if (!there()) return requestAnimationFrame(look);
        requestAnimationFrame(() => requestAnimationFrame(() => { told.paint = performance.now() - told.start; })); };
    look(); }"""
_DRAWN = """[...document.querySelectorAll('.lm-DataGrid canvas')].some(canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, Math.min(canvas.width, 400), Math.min(canvas.height, 200));
    let dark = 0; for (let at = 0; at < data.length; at += 4) dark += data[at + 3] > 200 && data[at] < 110;
    return dark > 200; })"""
# By peer: what makes the table in a cell, and what tells that it has rows.
TABLES = {
    "nbtrack": ("nbtrack.table(columns='all')", "document.querySelectorAll('.nt-row .nt-name').length > 5"),
    "itables": ("itables.show(frame, maxBytes=0)", "document.querySelectorAll('table.dataTable tbody td').length > 50"),
    "ipydatagrid": ("ipydatagrid.DataGrid(frame)", _DRAWN),
}
_MLFLOW_ROWS = (
    "[...document.querySelectorAll('[role=row], tr')].filter(row => /run-\\d+/.test(row.textContent)).length > 5"
)


def measure(options: Options) -> list[Row]:
    rows: list[Row] = []
    found = peers.ensure(*TABLES) if options.with_peers else {}
    with workspace() as base:
        for runs in (options.size(10_000, 200), options.size(100_000, 400)):
            folder = folder_of(base, "nbtrack", runs)
            child(bench_page.__file__, "build", "nbtrack", folder, timeout_s=_SETUP_S, runs=runs)
            names = ["nbtrack", *(name for name in TABLES if "version" in found.get(name, {}))]
            told = in_notebook(base / f"lab-{runs}", folder / "store", names, options.rounds)
            if options.with_peers and "version" in found.get("mlflow", {}):
                told["MLflow UI"] = in_mlflow(folder_of(base, "MLflow sqlite", runs), runs, options.rounds)
            rows += _rows(runs, told, options.rounds)
    return rows


def _rows(runs: int, told: dict[str, list[tuple[float, float]]], rounds: int) -> list[Row]:
    label = f"run table, {runs:,} runs × {bench_page.PARAMS + bench_page.METRICS + bench_page.TAGS} columns"
    painted = Row(f"{label}: asked for → painted", "ms", None, rounds=str(rounds))
    sent = Row("… sent until then", "kB", None, rounds=str(rounds))
    for name, pairs in told.items():
        if not pairs:
            continue
        paints, bytes_ = zip(*pairs, strict=True)
        detail = f"not painted within {_CAP_S} s" if max(paints) >= _CAP_S * 1e3 else ""
        painted.figures.append(Figure(name, statistics.median(paints), detail))
        sent.figures.append(Figure(name, statistics.median(bytes_) / 1e3))
    return [painted, sent]


# --- in a notebook ----------------------------------------------------------------------------------------------------


def in_notebook(base: Path, store: Path, names: list[str], rounds: int) -> dict[str, list[tuple[float, float]]]:
    told: dict[str, list[tuple[float, float]]] = {}
    base.mkdir(parents=True)
    table = base / "runs.csv"
    code = f"import nbtrack; nbtrack.set_store({str(store)!r}); nbtrack.runs().to_csv({str(table)!r}, index=False)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=base)
    with _kernels_of(base), load_lab().Lab(base / "lab", base / "shots") as lab:
        for number in range(rounds):
            for name in names:
                before = told.setdefault(name, [])
                if not _is_capped(before):
                    before.append(painted_once(lab, f"{name}-{number}", name, store, table))
    return told


def _is_capped(found: list[tuple[float, float]]) -> bool:
    return bool(found) and found[-1][0] >= _CAP_S * 1e3


@contextmanager
def _kernels_of(base: Path) -> Iterator[None]:
    """Have the peers' environment as a kernel, and its front-end parts in JupyterLab."""
    spec = base / "jupyter" / "kernels" / "peers"
    spec.mkdir(parents=True)
    argv = [str(peers.PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "peers", "language": "python"}))
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = f"{base / 'jupyter'}:{peers.ENVIRONMENT / 'share' / 'jupyter'}"
    try:
        yield
    finally:
        os.environ.pop("JUPYTER_PATH")
        if before is not None:
            os.environ["JUPYTER_PATH"] = before


def painted_once(lab: Any, notebook_name: str, name: str, store: Path, table: Path) -> tuple[float, float]:
    made, test = TABLES[name]
    if name == "nbtrack":
        # What the first table of a kernel loads is loaded, for the peers as well.
        setup = f"import nbtrack\nnbtrack.set_store({str(store)!r})\n{made}\nNone"
    else:
        setup = f"import {name}, pandas\nframe = pandas.read_csv({str(table)!r}, nrows=5)\n"
        setup += "itables.init_notebook_mode(all_interactive=False)\n" if name == "itables" else f"{made}\n"
        setup += f"frame = pandas.read_csv({str(table)!r})\nNone"
    notebook = lab.notebook(f"{notebook_name}.ipynb", [setup, made])
    _choose_kernel(lab, notebook, notebook_name, "python3" if name == "nbtrack" else "peers")
    page, sent = notebook.page, [0]
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: _count(sent, data)))
    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
    page.wait_for_function(READY, timeout=90_000)
    notebook.run(0, timeout_s=_SETUP_S)
    before = sent[0]
    page.evaluate(_PAINTED, test)
    notebook.start(1)
    paint = _paint(page)
    found = paint, float(sent[0] - before)
    if _is_capped([found]):
        # A page that a table keeps busy, or has ended, cannot be asked for anything.
        notebook.context.close()
    else:
        notebook.shut_down()
    return found


def _choose_kernel(lab: Any, notebook: Any, name: str, kernel: str) -> None:
    """Have the notebook opened with a kernel."""
    if kernel == "python3":
        return
    notebook.shut_down()
    file = lab.root / f"{name}.ipynb"
    document = json.loads(file.read_text())
    document["metadata"]["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
    file.write_text(json.dumps(document))
    again = lab.open(f"{name}.ipynb")
    notebook.page, notebook.context = again.page, again.context


def _count(sent: list[int], data: Any) -> None:
    sent[0] += len(data)


def _paint(page: Any) -> float:
    try:
        page.wait_for_function("() => window.bench.paint > 0", timeout=_CAP_S * 1e3)
    except TooLate as error:
        print(f"not painted: {str(error).splitlines()[0]}", file=sys.stderr)
        return _CAP_S * 1e3
    return float(page.evaluate("() => window.bench.paint"))


# --- MLflow's page ----------------------------------------------------------------------------------------------------


def in_mlflow(folder: Path, runs: int, rounds: int) -> list[tuple[float, float]]:
    child(bench_page.__file__, "build", "MLflow sqlite", folder, timeout_s=_SETUP_S, runs=runs)
    lab_module = load_lab()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [peers.PYTHON, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    server = subprocess.Popen(
        [*map(str, command), "--port", str(port), "--workers", "1"],
        env=environment(folder) | peers.QUIET,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        found: list[tuple[float, float]] = []
        while len(found) < rounds and not _is_capped(found):
            found.append(_opened(lab_module, f"http://127.0.0.1:{port}/#/experiments/1/runs"))
        return found
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(30)


def _opened(lab_module: Any, url: str) -> tuple[float, float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=lab_module.chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        sent = [0]
        tools = page.context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.on(
            "Network.loadingFinished", lambda event: sent.__setitem__(0, sent[0] + int(event["encodedDataLength"]))
        )
        begun = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.evaluate(_PAINTED, _MLFLOW_ROWS)
        _paint(page)
        found = (time.perf_counter() - begun) * 1e3, float(sent[0])
        browser.close()
    return found


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _CAP_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"no answer from {url}")


if __name__ == "__main__":
    main(measure)

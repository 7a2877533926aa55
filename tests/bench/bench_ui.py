"""The page of ``nbtrack ui``: from its start to its address, and until the run table is painted.

The first visitor comes as soon as there is an address; the next one finds a kernel that is ready.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import bench_page
from bench_table import load_lab
from common import Figure, Options, Row, child, environment, folder_of, main, workspace

_ROWS = ".nt-row .nt-name"


def measure(options: Options) -> list[Row]:
    runs = options.size(1_000, 100)
    found: dict[str, list[float]] = {}
    with workspace() as base:
        folder = folder_of(base, "nbtrack", runs)
        child(bench_page.__file__, "build", "nbtrack", folder, runs=runs)
        for _ in range(options.rounds):
            for name, value in measured_once(folder).items():
                found.setdefault(name, []).append(value)
    lines = [
        (f"nbtrack ui, {runs:,} runs: started → its address is answered", "s", "address"),
        ("… started → run table painted for the first visitor", "s", "first"),
        ("… address opened → painted for the next visitor", "s", "next"),
        ("… a run selected → everything about it", "ms", "selected"),
        ("… Ctrl-C → ended, kernels too", "s", "ended"),
    ]
    return [
        Row(what, unit, None, [Figure("nbtrack", statistics.median(found[name]))], str(options.rounds))
        for what, unit, name in lines
    ]


def measured_once(folder: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    with load_lab().Browser() as browser:
        began = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "nbtrack", "ui", "--no-browser", "--store", str(folder / "store")],
            env=environment(folder), cwd=folder, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            address = next(line for line in server.stdout if re.search(r"http://\S+token=", line)).strip()
            found["address"] = time.perf_counter() - began
            first = opened(browser, address)
            found["first"] = time.perf_counter() - began
            # The pool is filled again.
            first.wait_for_timeout(6000)
            opens = time.perf_counter()
            page = opened(browser, address)
            found["next"] = time.perf_counter() - opens
            page.wait_for_timeout(1000)
            pressed = time.perf_counter()
            page.locator(".nt-row").nth(2).click()
            page.wait_for_selector(".nt-pane:not([hidden])")
            found["selected"] = (time.perf_counter() - pressed) * 1000
            assert browser.refused == [], browser.refused
        finally:
            ending = time.perf_counter()
            server.send_signal(2)
            server.wait(60)
        found["ended"] = time.perf_counter() - ending
    return found


def opened(browser: Any, address: str) -> Any:
    page = browser.context().new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(_ROWS, timeout=90_000)
    return page


if __name__ == "__main__":
    main(measure)

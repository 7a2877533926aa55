"""All benches, one table: ``python tests/bench/run_all.py`` (``make bench``). Six to ten minutes with peers installed.

Each row is measured beside its peers in the same run, rounds taken in turns. Figures depend on the machine and on who
else uses it (the last column); the ratios are what to quote.
"""

import importlib
import os
import platform
import sys
import time
import traceback
from pathlib import Path

from common import Row, measured, missing_peers, options_from, table

BENCHES = (
    "bench_log_metric",
    "bench_kill",
    "bench_run_cycle",
    "bench_first_run",
    "bench_import",
    "bench_cell",
    "bench_untracked",
    "bench_processes",
    "bench_page",
    "bench_curves",
    "bench_chart",
    "bench_freshness",
    "bench_replay",
    "bench_loop",
    "bench_live",
)


def run() -> int:
    options = options_from(__doc__)
    missing = missing_peers() if options.with_peers else []  # installs them, the first time
    begun = time.perf_counter()
    rows: list[Row] = []
    broken = []
    for name in BENCHES:
        started = time.perf_counter()
        try:
            rows += measured(importlib.import_module(name).measure, options)
        except Exception:
            broken.append(name)
            traceback.print_exc()
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.platform()}\n")
    print(table(rows))
    met = sum(row.verdict() == "met" for row in rows)
    targets = sum(row.target is not None for row in rows)
    print(f"\n{met} of {targets} targets met, {time.perf_counter() - begun:.0f} s in all.")
    for line in missing:
        print(f"Not measured: {line}")
    for name in broken:
        print(f"Broken: {name}, see above")
    return 1 if broken else 0


if __name__ == "__main__":
    # beside it are the benches and what they share
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    sys.exit(run())

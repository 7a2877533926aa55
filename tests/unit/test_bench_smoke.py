"""The benches still run: their figures are not looked at, and no peer is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHES = Path(__file__).resolve().parents[1] / "bench"


def table_of(script, folder):
    command = [sys.executable, str(BENCHES / script), "--quick", "--no-peers"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    head, line, *rows = done.stdout.strip().splitlines()
    assert head.startswith("| what | target | nbtrack | verdict |")
    assert set(line) <= set("| -")
    return rows


def test_the_bench_of_one_call_prints_its_table(tmp_path):
    rows = table_of("bench_log_metric.py", tmp_path)
    assert [row.split("|")[1].strip() for row in rows] == [
        "one `log_metric` call: median",
        "one `log_metric` call: p99",
        "one `log_metric` call, beside a busy thread: median",
        "one `log_metric` call, beside a busy thread: p99",
    ]


def test_the_bench_of_a_killed_process_finds_every_point_and_the_crash(tmp_path):
    (row,) = table_of("bench_kill.py", tmp_path)
    assert "| 300 points (status: crashed) | met |" in row

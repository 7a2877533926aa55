"""Runs jobs in forked children of this process, which has imported everything that they need."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_RUNNING = object()


@dataclass(slots=True)
class _Child:
    pid: int
    key: str
    answer: Path
    deadline: float


def in_fork(function: Callable[[], Any], timeout_s: float = 240.0) -> Any:
    """Call a function in a child of its own and return what it returned, through JSON; its error as ``{"broken": …}``."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        child = _start("", function, Path(file.name), timeout_s)
        while True:
            answer = _wait(child)
            if answer is not _RUNNING:
                return answer
            time.sleep(0.002)


def run_all(jobs: dict[str, Callable[[], Any]], workers: int, timeout_s: float = 120.0) -> Iterator[tuple[str, Any]]:
    """Run jobs in children, some at once; yield key and answer as they end."""
    waiting = list(jobs.items())
    running: list[_Child] = []
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < workers:
                key, function = waiting.pop(0)
                running.append(_start(key, function, Path(folder) / f"{len(waiting)}.json", timeout_s))
            for child in list(running):
                answer = _wait(child)
                if answer is not _RUNNING:
                    running.remove(child)
                    yield child.key, answer
            time.sleep(0.002)


def _start(key: str, function: Callable[[], Any], answer: Path, timeout_s: float) -> _Child:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return _Child(pid, key, answer, time.monotonic() + timeout_s)
    code = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        answer.write_text(json.dumps(function(), default=str))
        code = 0
    except BaseException:
        answer.write_text(json.dumps({"broken": traceback.format_exc()}))
    finally:
        os._exit(code)


def _wait(child: _Child) -> Any:
    """The child's answer if it has ended; a child that takes too long is killed, with what it started."""
    pid, status = os.waitpid(child.pid, os.WNOHANG)
    if pid == 0:
        if time.monotonic() < child.deadline:
            return _RUNNING
        os.killpg(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
        return {"broken": "it took too long"}
    try:
        return json.loads(child.answer.read_text())
    except (OSError, ValueError):
        return {"broken": f"it ended without an answer, status {status}"}

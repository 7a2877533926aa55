"""Helpers of the store's tests."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrack.store.store import Store, open_store

WORKERS = Path(__file__).parent / "workers.py"


def _load_workers() -> Any:
    spec = importlib.util.spec_from_file_location("nbtrack_tests_workers", WORKERS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def quick_stores() -> bool:
    """Here making databases and closing stores is what is tested."""
    return False


@pytest.fixture
def no_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is merged in the background: where the database is opened by hand, or files must stay as they are."""
    monkeypatch.setenv("NBTRACK_MERGE_INTERVAL_S", "3600")


@pytest.fixture(scope="session")
def workers() -> Any:
    """The module of the worker functions."""
    return _load_workers()


@pytest.fixture
def store(store_root: Path) -> Store:
    """A new, empty store."""
    return open_store(store_root)


@pytest.fixture
def start_worker() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that runs a worker in a process of its own; what still runs after the test is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(WORKERS), name, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def finish() -> Callable[..., str]:
    """A function that waits for a worker that must succeed, and returns what it printed."""

    def wait(process: subprocess.Popen[str], timeout_s: float = 120) -> str:
        out, err = process.communicate(timeout=timeout_s)
        assert process.returncode == 0, err
        return out

    return wait


@pytest.fixture
def points_of() -> Callable[..., list[tuple[int, float]]]:
    """A function that returns step and value of a series, by step."""

    def points(store: Store, run_id: str, key: str = "loss") -> list[tuple[int, float]]:
        with store.reading() as connection:
            return connection.execute(
                "select step, value from metric_points where run_id = ? and key = ? order by step", [run_id, key]
            ).fetchall()

    return points


@pytest.fixture
def problems_of() -> Callable[[Store], list[str]]:
    """A function that returns the texts of the problems noted."""

    def problems(store: Store) -> list[str]:
        with store.reading() as connection:
            return [row[0] for row in connection.execute("select text from problems").fetchall()]

    return problems

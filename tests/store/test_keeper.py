"""The background thread: it merges while there is something to merge, and is never seen nor in the way."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import duckdb
import pytest

from nbtrack.config import configure
from nbtrack.store import merge as merge_module
from nbtrack.store.store import Store


def wait_until(ready: Callable[[], bool], timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stored_points(store: Store) -> int:
    """Count what is in the database without merging."""
    if not store.layout.database.exists():
        return 0
    with (
        store.lock.shared(30) as held,
        duckdb.connect(str(store.layout.database), read_only=True) as connection,
    ):
        assert held
        return connection.execute("select count(*) from metric_points").fetchone()[0]


@pytest.fixture
def quick() -> None:
    configure(merge_interval_s=0.05)


def test_values_come_into_the_database_by_themselves(store: Store, workers, quick) -> None:
    store.append_event(workers.run_event("a"))
    for step in range(100):
        store.append_point("a", "loss", step, step + 1, 1.0)
    wait_until(lambda: stored_points(store) == 100)


def test_after_a_rest_the_next_point_wakes_it(store: Store, workers, quick) -> None:
    store.append_event(workers.run_event("a"))
    for step in range(5):
        store.append_point("a", "loss", step, step + 1, 1.0)
        wait_until(lambda: store._journal._resting)
        assert stored_points(store) == step + 1


def test_it_sleeps_while_there_is_nothing_to_do(store: Store, workers, quick, monkeypatch) -> None:
    store.append_event(workers.run_event("a"))
    wait_until(lambda: store._journal._resting)
    rounds = []
    monkeypatch.setattr(store._rounds.keeper, "_round", lambda: rounds.append(1))
    merges = store.layout.merged.stat().st_mtime_ns
    time.sleep(0.5)
    assert rounds == []
    assert store.layout.merged.stat().st_mtime_ns == merges


def test_one_thread_whatever_is_written(store: Store, workers, quick) -> None:
    before = len(sys._current_frames())

    def log(number: int) -> None:
        store.append_event(workers.run_event(f"r{number}"))

    threads = [threading.Thread(target=log, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: len(sys._current_frames()) <= before + 1)


def test_listeners_hear_of_our_merges_and_of_others(store: Store, workers, quick) -> None:
    heard: list[int] = []
    store.on_merge(lambda: heard.append(threading.get_ident()))
    store.append_event(workers.run_event("a"))
    wait_until(lambda: bool(heard))
    heard.clear()
    store.flush()
    store.append_event({"t": "note", "run": "a", "text": "x"})
    store.flush()
    wait_until(lambda: bool(heard))
    assert threading.get_ident() not in heard


def test_a_listener_that_fails_is_told_once_and_merging_goes_on(store: Store, workers, quick, capfd) -> None:
    def fail() -> None:
        raise RuntimeError("not today")

    store.on_merge(fail)
    store.append_event(workers.run_event("a"))
    for step in range(4):
        store.append_point("a", "loss", step, step + 1, 1.0)
        wait_until(lambda step=step: stored_points(store) == step + 1)
    wait_until(lambda: bool(store._notices._waiting))
    assert len([notice for notice in store.pop_notices() if "not today" in notice]) == 1
    assert capfd.readouterr() == ("", "")


def test_a_merge_that_fails_is_told_once_and_tried_again(store: Store, workers, quick, monkeypatch, capfd) -> None:
    calls = []

    def fail(phase: str) -> None:
        calls.append(phase)
        raise ZeroDivisionError("something nobody thought of")

    store.append_event(workers.run_event("a"))
    with monkeypatch.context() as broken:
        broken.setattr(merge_module, "watch", fail)
        store.append_point("a", "loss", 0, 1, 1.0)
        wait_until(lambda: len(calls) >= 3)
    (notice,) = store.pop_notices()
    assert "nobody thought of" in notice
    wait_until(lambda: stored_points(store) == 1)
    assert capfd.readouterr() == ("", "")


def test_a_merge_by_another_is_left_to_it(store: Store, workers, monkeypatch) -> None:
    """Who finds that all of its own was merged a moment ago goes to rest without opening the database."""
    configure(merge_interval_s=0.4)
    other = Store(store.root, store.mode)
    other.append_event(workers.run_event("b"))
    store.append_event(workers.run_event("a"))
    other.flush()
    mine = []
    monkeypatch.setattr(store, "_merge", lambda timeout_s: mine.append(1) or True)
    wait_until(lambda: store._journal._resting)
    assert mine == []
    other.close()


SCRIPT = """
import sys, time
from pathlib import Path
from nbtrack.config import configure
from nbtrack.store.store import open_store
configure(merge_interval_s=0.01)
store = open_store(Path(sys.argv[1]))
store.append_event({"t": "experiment", "name": "e", "tags": {}})
for step in range(int(sys.argv[2])):
    store.append_point("a", "loss", step, step + 1, 1.0)
    if step % 1000 == 0:
        time.sleep(0.001)
"""


@pytest.mark.parametrize("points", [0, 20_000, 60_000, 100_000])
def test_an_interpreter_that_ends_in_the_middle_of_merges_ends_well(points: int, store_root) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(store_root), str(points)], capture_output=True, timeout=240
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_short_script_loads_no_database_at_its_end(store_root) -> None:
    code = SCRIPT.replace("0.01", "60") + "import atexit\natexit.unregister\nprint('duckdb' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(store_root), "10"], capture_output=True, timeout=240)
    assert done.stdout == b"False\n", done.stderr

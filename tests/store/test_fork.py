"""Forks: a child has a journal of its own, a DuckDB that works, and never harms the parent's runs."""

from __future__ import annotations

import os
import signal
import time

from nbtrack.config import configure
from nbtrack.store import merge as merge_module
from nbtrack.store.store import Store


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def in_child(work) -> int:
    """Run ``work`` in a fork of this process, which ends at once; gives the child's id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(120)
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def test_forks_in_the_middle_of_merges_leave_a_duckdb_that_works(store: Store, workers) -> None:
    """A fork while another thread is inside DuckDB would leave its locks taken for ever in the child."""
    configure(merge_interval_s=0.001)
    store.append_event(workers.run_event("a"))
    store.flush()

    def read_and_write(number: int) -> None:
        assert store.run("a").info.status == "running"
        store.append_point("a", f"child{number}", 0, 1, float(number))
        store.flush()

    children = []
    for number in range(8):
        for step in range(3_000):
            store.append_point("a", f"m{number}", step, step + 1, 1.0)
        children.append(in_child(lambda number=number: read_and_write(number)))
    assert [wait_for(child) for child in children] == [0] * 8
    with store.reading() as connection:
        rows = dict(connection.execute("select key, count(*) from metric_points group by key").fetchall())
        problems = connection.execute("select text from problems").fetchall()
    assert rows == {f"m{n}": 3_000 for n in range(8)} | {f"child{n}": 1 for n in range(8)}
    assert problems == []
    assert store.run("a").info.status == "running"


def test_the_parents_keeper_goes_on_after_a_fork(store: Store, workers) -> None:
    configure(merge_interval_s=0.05)
    store.append_event(workers.run_event("a"))
    assert wait_for(in_child(lambda: None)) == 0
    seen = []
    store.on_merge(lambda: seen.append(1))
    store.append_event({"t": "note", "run": "a", "text": "after"})
    deadline = time.monotonic() + 120
    while not seen and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seen


def test_values_that_wait_in_memory_are_the_parents_to_write(store: Store, workers, monkeypatch, points_of) -> None:
    store.append_event(workers.run_event("a"))
    store.append_point("a", "loss", 0, 1, 0.0)

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", no_room)
        for step in range(1, 40_000):
            store.append_point("a", "loss", step, step + 1, float(step))
        assert store._journal.is_behind
        child = in_child(lambda: store.append_event({"t": "note", "run": "a", "text": "from the child"}))
        assert wait_for(child) == 0
    store.flush()
    assert [step for step, _ in points_of(store, "a")] == list(range(40_000))
    assert store.run("a").note == "from the child"


def test_a_parent_that_is_killed_is_seen_although_its_child_lives(store: Store, store_root, start_worker) -> None:
    process = start_worker("fork_and_die", store_root, "a")
    child = int(process.stdout.readline())
    try:
        assert process.wait(120) == -signal.SIGKILL
        assert store.run("a").info.status == "crashed"
        with store.reading() as connection:
            keys = connection.execute("select key from metrics order by key").fetchall()
        assert keys == [("child",), ("loss",)]
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_fork_waits_for_the_merge_of_another_thread(store: Store, workers, monkeypatch) -> None:
    import threading

    store.append_event(workers.run_event("a"))
    inside, inside_at_fork = threading.Event(), []

    def watch(phase: str) -> None:
        if phase == "transaction":
            inside.set()
            time.sleep(0.3)
        if phase == "done":
            inside.clear()

    monkeypatch.setattr(merge_module, "watch", watch)
    thread = threading.Thread(target=store.flush)
    thread.start()
    assert inside.wait(120)
    child = os.fork()
    if child == 0:
        os._exit(3 if inside.is_set() else 0)
    inside_at_fork.append(wait_for(child))
    thread.join()
    assert inside_at_fork == [0]

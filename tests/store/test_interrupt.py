"""Exceptions that break in between any two steps of a call leave no value lost, none doubled, and no lock behind."""

from __future__ import annotations

import random
import signal
import sys

import pytest

from nbtrack.store.store import Store


class Broken(BaseException):
    """What breaks in."""


def test_exceptions_thrown_into_a_logging_thread(store: Store, store_root, start_worker, finish) -> None:
    hits = int(finish(start_worker("log_while_broken_into", store_root, "a", 4)))
    acknowledged = (store_root.parent / "acknowledged.txt").read_text().split()
    with store.reading() as connection:
        found = connection.execute("select step from metric_points order by step").fetchall()
        (tags,) = connection.execute("select tags from runs").fetchone()
        problems = connection.execute("select text from problems").fetchall()
    stored = [row[0] for row in found]
    steps = [int(text) for text in acknowledged if text.isdigit()]
    assert hits > 20
    assert len(steps) > 50
    assert len(stored) == len(set(stored)), "stored twice"
    assert set(steps) <= set(stored), "lost"
    assert {text for text in acknowledged if text.startswith("t")} <= set(tags)
    # Besides what was acknowledged, at most the calls that were broken off.
    assert len(stored) - len(steps) <= hits
    assert problems == []


def test_an_exception_at_every_single_step_of_a_call(store: Store, workers) -> None:
    """A place that was taken and not written is a gap: nothing behind it is lost."""
    store.append_event(workers.run_event("a"))
    store.append_point("a", "loss", 0, 1, 0.0)
    acknowledged = [0]
    step = 0
    # Breaks in at the n-th bytecode of the call, for every n until the call gets through.
    for key in ("loss", "new"):
        broken_in = 0
        while True:
            step += 1
            broken_in += 1
            left = [broken_in]

            def trace(frame, event, arg, left=left):
                frame.f_trace_opcodes = True
                frame.f_trace_lines = False
                if event == "opcode" and "nbtrack" in frame.f_code.co_filename:
                    left[0] -= 1
                    if left[0] == 0:
                        raise Broken
                return trace

            sys.settrace(trace)
            try:
                store.append_point("a", key, step, step, float(step))
            except Broken:
                continue
            finally:
                sys.settrace(None)
            acknowledged.append(step)
            break
        assert broken_in > 20
        store.append_point("a", key, step + 1, step, 0.5)
        acknowledged.append(step + 1)
        step += 1
    with store.reading() as connection:
        stored = [row[0] for row in connection.execute("select step from metric_points").fetchall()]
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)


def test_interrupted_reads_leave_no_lock(store: Store, workers, store_root, start_worker) -> None:
    store.append_event(workers.run_event("a"))
    store.append_event(workers.end_event("a"))
    store.flush()
    store.close()
    process = start_worker("read_under_interrupts", store_root, 5)
    hits, reads = map(int, process.stdout.readline().split())
    assert hits > 10
    assert reads > 1
    with Store(store_root, store.mode).lock.exclusive(5) as held:
        assert held, "an interrupted read has kept the lock"


# A lock file that an interrupt hits between its opening and its name is closed by Python at once, which says so.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_an_interrupted_read_is_an_interrupt(store: Store, workers) -> None:
    """DuckDB, which looks for signals by itself, raises an error of another kind for it."""
    store.append_event(workers.run_event("a"))
    store.flush()

    def read_until_interrupted(in_s: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, in_s)
        for _ in range(1_000):
            store.run("a")

    waits = random.Random(3)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(150):
            with pytest.raises(KeyboardInterrupt):
                read_until_interrupted(waits.uniform(0.001, 0.03))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with store.lock.exclusive(5) as held:
        assert held, "an interrupted read has kept the lock"


def test_a_signal_handler_that_logs_in_the_middle_of_a_call(store: Store, workers, store_root, start_worker, finish):
    store.append_event(workers.run_event("a"))
    count = int(finish(start_worker("log_from_a_handler", store_root, 2)))
    with store.reading() as connection:
        rows = connection.execute(
            "select key, count(*), count(distinct step) from metric_points group by key order by key"
        ).fetchall()
    assert {key for key, _, _ in rows} == {"handler", "main"}
    assert sum(number for _, number, _ in rows) == count
    assert all(number == distinct for _, number, distinct in rows)


def test_a_keeper_that_is_woken_while_exceptions_fly(start_worker, finish) -> None:
    assert finish(start_worker("wake_while_broken_into", 1.5)) == "ok\n"

"""The journal and its merge: what is written, what is read back, what an interrupt or a full disk leaves."""

from __future__ import annotations

import math
import os
import random
import struct
import threading
import time

import numpy as np
import pytest

from nbtrack.store import points, tails
from nbtrack.store.store import Store, open_store


def test_a_record_is_checked_alike_in_python_and_numpy(tmp_path):
    rng = random.Random(5)
    records = [
        points.pack(
            rng.randrange(-(2**63), 2**63), rng.randrange(1, 2**62), rng.uniform(-1e300, 1e300), rng.randrange(2**32)
        )
        for _ in range(2_000)
    ]
    records += [points.pack(0, 0, value, 0) for value in (0.0, math.nan, math.inf, -math.inf)]
    file = tmp_path / "segment"
    file.write_bytes(b"".join(records))
    found = points.read(file, 0)
    assert points.good(found).all()
    assert len(points.read(file, 2_000)) == 4


def test_every_flipped_bit_is_seen(tmp_path):
    record = points.pack(7, 1_700_000_000_000_000, 0.25, 3)
    file = tmp_path / "segment"
    flipped = []
    for bit in range(256):
        changed = bytearray(record)
        changed[bit // 8] ^= 1 << bit % 8
        flipped.append(bytes(changed))
    file.write_bytes(b"".join(flipped))
    assert not points.good(points.read(file, 0)).any()


def test_every_torn_record_is_seen(tmp_path):
    record = points.pack(7, 1_700_000_000_000_000, 0.25, 3)
    file = tmp_path / "segment"
    file.write_bytes(b"".join(record[:length] + bytes(32 - length) for length in range(31)))
    assert not points.good(points.read(file, 0)).any()


@pytest.mark.parametrize("line", [b"", b"garbage", b"00000000 {}", b"zzzzzzzz {}", b"a" * 8])
def test_a_bad_line_is_no_event(line):
    assert tails.parse_line(line) is None


def test_values_come_back_as_given(store: Store, workers, points_of):
    store.append_event(workers.run_event("a"))
    values = [0.0, -0.0, 1e-320, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 1 / 3]
    for step, value in enumerate(values):
        store.append_point("a", "loss", step, 1_700_000_000_000_000 + step, value)
    found = [value for _, value in points_of(store, "a")]
    assert [struct.pack("<d", value) for value in found[:6]] == [struct.pack("<d", value) for value in values[:6]]
    assert math.isnan(found[6])
    assert found[7] == values[7]
    assert math.isnan(found[6])


def test_steps_of_all_sizes(store: Store, workers, points_of):
    store.append_event(workers.run_event("a"))
    steps = [-(2**63), -1, 0, 2**63 - 1]
    for step in steps:
        store.append_point("a", "loss", step, 1, 1.0)
    assert [step for step, _ in points_of(store, "a")] == steps


def test_last_value_minimum_maximum_and_count_over_several_merges(store: Store, workers):
    store.append_event(workers.run_event("a"))
    logged = [(5, 10, 1.0), (7, 11, 9.0), (7, 12, 3.0), (6, 13, -4.0), (7, 12, 2.0), (1, 99, math.nan)]
    for step, ts_us, value in logged:
        store.append_point("a", "loss", step, ts_us, value)
        store.flush()
    with store.reading() as connection:
        row = connection.execute("select value, step, min, max, count from metrics").fetchone()
        assert row == (2.0, 7, -4.0, 9.0, 6)
        assert connection.execute("select metrics['loss'] from runs").fetchone() == (2.0,)


def test_many_segments(store: Store, workers, points_of):
    store.append_event(workers.run_event("a"))
    count = 3 * points.SEGMENT_BYTES // points.RECORD_BYTES + 17
    for step in range(count):
        store.append_point("a", "loss", step, step + 1, float(step))
    assert [step for step, _ in points_of(store, "a")] == list(range(count))
    assert len(list(store.layout.journals.glob("*.pts"))) <= 2


def test_a_merge_is_exactly_once_when_it_dies_between_commit_and_clean_up(
    store: Store, workers, monkeypatch, points_of
):
    from nbtrack.store import merge

    store.append_event(workers.run_event("a"))
    for step in range(100_000):
        store.append_point("a", "loss", step, step + 1, float(step))
    store.append_event({"t": "tags", "run": "a", "v": {"k": "v"}})

    def die(phase):
        if phase == "unlink":
            raise RuntimeError("died before it deleted anything")

    with monkeypatch.context() as patched:
        patched.setattr(merge, "watch", die)
        with pytest.raises(RuntimeError, match="died"):
            store.flush()
    assert len(points_of(store, "a")) == 100_000
    assert store.run("a").data.tags == {"k": "v"}


def test_a_merge_that_fails_before_its_commit_changes_nothing(store: Store, workers, monkeypatch, points_of):
    from nbtrack.store import merge

    store.append_event(workers.run_event("a"))
    store.append_point("a", "loss", 0, 1, 1.0)

    def fail(*_, **__):
        raise RuntimeError("no")

    with monkeypatch.context() as patched:
        patched.setattr(merge._Merge, "write_marks", fail)
        with pytest.raises(RuntimeError):
            store.flush()
    assert points_of(store, "a") == [(0, 1.0)]
    assert len(store.runs()) == 1


def test_threads_share_a_journal(store: Store, workers):
    store.append_event(workers.run_event("a"))

    def log(number):
        for step in range(5_000):
            store.append_point("a", f"m{number}", step, time.time_ns() // 1000, float(step))

    threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as connection:
        rows = connection.execute(
            "select key, count(*), count(distinct step) from metric_points group by key"
        ).fetchall()
    assert sorted(rows) == [(f"m{number}", 5_000, 5_000) for number in range(8)]


def test_a_run_named_before_its_start_was_read_is_waited_for(store: Store, workers, monkeypatch):
    """Between reading one journal and the next, another process starts a run and a third tags it."""
    other = Store(store.root, store.mode)
    other.append_event({"t": "tags", "run": "b", "v": {"k": "v"}})
    real = tails.read_tails
    calls = []

    def late(*arguments):
        found = real(*arguments)
        if not calls:
            calls.append(1)
            store.append_event(workers.run_event("b"))
        return found

    monkeypatch.setattr(tails, "read_tails", late)
    store.flush()
    assert store.run("b").data.tags == {"k": "v"}
    other.close()


def test_an_event_of_an_unknown_run_is_a_problem_and_is_kept(store: Store, workers, problems_of):
    store.append_event({"t": "tags", "run": "nobody", "v": {"k": "v"}})
    store.append_event({"t": "what", "run": "nobody"})
    store.append_event(workers.run_event("a"))
    texts = problems_of(store)
    assert any("does not know" in text for text in texts)
    assert any("unknown kind 'what'" in text for text in texts)
    assert len(store.runs()) == 1


def test_a_second_different_param_is_a_problem_and_the_first_is_kept(store: Store, workers, problems_of):
    store.append_event(workers.run_event("a"))
    store.append_event({"t": "params", "run": "a", "v": {"C": ["1", "int"]}})
    store.append_event({"t": "params", "run": "a", "v": {"C": ["1", "int"]}})
    assert problems_of(store) == []
    store.append_event({"t": "params", "run": "a", "v": {"C": ["2", "int"], "D": ["x", "str"]}})
    assert len(problems_of(store)) == 1
    assert store.run("a").typed_params == {"C": 1, "D": "x"}


def test_texts_of_all_kinds(store: Store, workers):
    store.append_event(workers.run_event("a"))
    texts = {
        "surrogate": "\ud800",
        "zero": "a\x00b",
        "long": "x" * 1_000_000,
        "emoji": "🎯",
        "lines": "a\nb",
        "quote": "'\"",
    }
    store.append_event({"t": "tags", "run": "a", "v": texts})
    found = store.run("a").data.tags
    assert set(found) == set(texts)
    for key in ("long", "emoji", "lines", "quote"):
        assert found[key] == texts[key]


def test_a_fork_starts_a_journal_of_its_own(store: Store, workers, points_of):
    store.append_event(workers.run_event("a"))
    store.append_point("a", "loss", 0, 1, 0.0)
    child = os.fork()
    if child == 0:
        store.append_point("a", "loss", 1, 2, 1.0)
        os._exit(0)
    os.waitpid(child, 0)
    store.append_point("a", "loss", 2, 3, 2.0)
    assert points_of(store, "a") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert store.run("a").info.status == "running"
    store.append_event(workers.end_event("a"))
    assert store.run("a").info.status == "finished"


def test_a_fork_in_the_middle_of_a_busy_thread(store: Store, workers, points_of):
    store.append_event(workers.run_event("a"))
    stop = threading.Event()
    count = [0]

    def log():
        while not stop.is_set():
            store.append_point("a", "loss", count[0], count[0] + 1, float(count[0]))
            count[0] += 1

    thread = threading.Thread(target=log)
    thread.start()
    children = []
    for number in range(10):
        time.sleep(0.01)
        child = os.fork()
        if child == 0:
            store.append_point("a", f"child{number}", 0, 1, 1.0)
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    stop.set()
    thread.join()
    assert [step for step, _ in points_of(store, "a")] == list(range(count[0]))
    for number in range(10):
        assert points_of(store, "a", f"child{number}") == [(0, 1.0)]


def test_interrupts_in_the_middle_of_calls(store: Store, store_root, start_worker, finish, problems_of):
    hits, acknowledged = map(int, finish(start_worker("interrupted", store_root, "a", 4)).split())
    assert hits > 50
    expected = [int(line) for line in (store_root.parent / "acknowledged.txt").read_text().split()]
    assert len(expected) == acknowledged
    with store.reading() as connection:
        rows = connection.execute("select step, value from metric_points order by step").fetchall()
    steps = [step for step, _ in rows]
    assert all(step == value for step, value in rows)
    assert len(steps) == len(set(steps))
    # An interrupted call may have been through; an acknowledged one must have been.
    assert set(expected) <= set(steps)
    assert len(steps) <= acknowledged + hits
    assert store.run("a").info.status == "finished"
    assert problems_of(store) == []


def test_a_full_disk_keeps_values_in_memory_until_there_is_room(
    store: Store, store_root, start_worker, finish, points_of
):
    assert finish(start_worker("fill_the_disk", store_root, "a", 40_000)) == "done\n"
    assert points_of(store, "a") == [(step, float(step)) for step in range(40_000)]
    run = store.run("a")
    assert run.info.status == "finished"
    assert len(run.data.tags) == 39


def test_the_background_merge_comes_by_itself_and_tells(store: Store, workers):
    from nbtrack.config import configure

    configure(merge_interval_s=0.05)
    merged = threading.Event()
    store.on_merge(merged.set)
    store.append_event(workers.run_event("a"))
    assert merged.wait(120)
    import duckdb

    store.close()
    with duckdb.connect(str(store.layout.database), read_only=True) as connection:
        assert connection.execute("select run_id from runs").fetchall() == [("a",)]


def test_an_idle_store_has_no_work(store: Store, workers):
    from nbtrack.config import configure

    configure(merge_interval_s=0.02)
    calls = []
    store.on_merge(lambda: calls.append(1))
    store.append_event(workers.run_event("a"))
    deadline = time.monotonic() + 120
    while not calls and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    assert len(calls) <= 2


def test_one_store_per_folder(store_root):
    assert open_store(store_root) is open_store(store_root)


def test_a_big_batch_is_stored_sorted_by_series(store: Store, workers):
    for name in ("a", "b"):
        store.append_event(workers.run_event(name))
    for step in range(1_000):
        for name in ("a", "b"):
            store.append_point(name, "loss", step, step + 1, float(step))
    store.flush()
    with store.reading() as connection:
        order = connection.execute("select run_ix from base.points").fetchnumpy()["run_ix"]
    assert (np.diff(order) >= 0).all()

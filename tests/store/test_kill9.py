"""Nothing acknowledged is lost or doubled by kill -9, whatever the process was doing."""

from __future__ import annotations

import random
import time

import pytest

from nbtrack.store.store import open_store


def kill_at_random(kills, seed, store_root, start_worker, store):
    rng = random.Random(seed)
    expected = {}
    for number in range(0, kills, 2):
        names = [f"run{number:04d}", f"run{number + 1:04d}"]
        processes = [start_worker("log_and_merge", store_root, name, rng.randrange(10**9)) for name in names]
        files = [store_root.parent / f"{name}.acknowledged" for name in names]
        deadline = time.monotonic() + 240
        while not all(file.exists() and file.stat().st_size for file in files):
            assert time.monotonic() < deadline, [process.poll() for process in processes]
            time.sleep(0.01)
        # Merges follow one another: a random moment falls into every phase of one.
        time.sleep(rng.uniform(0.05, 0.4))
        for process in processes:
            process.kill()
        for process in processes:
            process.communicate()
        for name, file in zip(names, files, strict=True):
            expected[name] = int.from_bytes(file.read_bytes(), "little")
    store.flush()
    with store.reading() as connection:
        found = {
            run: (count, distinct, last)
            for run, count, distinct, last in connection.execute(
                "select run_id, count(*), count(distinct step), max(step) from metric_points group by run_id"
            ).fetchall()
        }
        statuses = connection.execute("select status, count(*) from runs group by status").fetchall()
        wrong = connection.execute("select count(*) from metric_points where value <> step").fetchone()
        problems = connection.execute("select text from problems where text not like '%events%'").fetchall()
    assert set(found) == set(expected)
    for run, acknowledged in expected.items():
        count, distinct, last = found[run]
        assert count == distinct == last + 1, run
        # The call after the last acknowledged one may have been through already.
        assert acknowledged <= count <= acknowledged + 1, run
    assert statuses == [("crashed", len(expected))]
    assert wrong == (0,)
    assert problems == []
    assert [file.name for file in (store_root / "journal").iterdir() if file.suffix == ".pts"] == []
    return sum(expected.values())


def kill_in_phases(kills, seed, store_root, start_worker, store):
    """Aim at the phases of a merge, also at those that are over in a moment."""
    rng = random.Random(seed)
    longest_s = {"open": 0.01, "transaction": 0.02, "commit": 0.01, "close": 0.015, "unlink": 0.001, "done": 0.001}
    expected = {}
    for number in range(kills):
        phase = list(longest_s)[number % len(longest_s)]
        name = f"{phase}{number:04d}"
        delay_s = rng.uniform(0, longest_s[phase])
        process = start_worker("log_and_die_in", store_root, name, phase, delay_s)
        assert process.wait(240) == -9, process.communicate()
        expected[name] = int.from_bytes((store_root.parent / f"{name}.acknowledged").read_bytes(), "little")
    with store.reading() as connection:
        found = {
            run: (count, distinct)
            for run, count, distinct in connection.execute(
                "select run_id, count(*), count(distinct step) from metric_points group by run_id"
            ).fetchall()
        }
        assert connection.execute("select distinct status from runs").fetchall() == [("crashed",)]
        assert connection.execute("select text from problems").fetchall() == []
        series = connection.execute("select run_id, count, value from metrics").fetchall()
    for run, acknowledged in expected.items():
        count, distinct = found.get(run, (0, 0))
        assert count == distinct, run
        assert acknowledged <= count <= acknowledged + 1, run
    assert {run: count for run, count, _ in series} == {run: count for run, (count, _) in found.items()}
    assert all(value == count - 1 for _, count, value in series)
    assert not list((store_root / "journal").glob("*.*"))
    return sum(expected.values())


def test_kill9_in_every_phase_of_a_merge(store_root, start_worker, store):
    assert kill_in_phases(12, 3, store_root, start_worker, store) > 100


def test_kill9_while_a_store_is_made(tmp_path, start_worker, workers):
    """Half a database file would never open again."""
    rng = random.Random(5)
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        process = start_worker("make_store_again_and_again", folder)
        deadline = time.monotonic() + 240
        while not (folder / "0" / "nbtrack.duckdb").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.2))
        process.kill()
        process.communicate()
        for root in folder.iterdir():
            store = open_store(root)
            # The last one may have been killed before the event was written.
            assert [run.info.run_id for run in store.runs()] in (["a"], [])
            store.append_event(workers.run_event("b"))
            assert "b" in {run.info.run_id for run in store.runs()}
            store.close()


def test_kill9_at_random_moments(store_root, start_worker, store):
    assert kill_at_random(16, 1, store_root, start_worker, store) > 100


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_kills(store_root, start_worker, store):
    total = kill_at_random(240, 2, store_root, start_worker, store)
    print(f"240 kills: {total:,} points acknowledged, all of them stored once")


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_kills_in_the_phases_of_merges(store_root, start_worker, store):
    total = kill_in_phases(240, 4, store_root, start_worker, store)
    print(f"240 kills in the phases of merges: {total:,} points acknowledged, all of them stored once")

"""Many processes on one store."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nbtrack.errors import StoreBusyError
from nbtrack.store import store as module


def test_eight_writers_and_two_readers(store_root, start_worker, finish, store):
    points = 2_000
    readers = [start_worker("read_often", store_root, 6) for _ in range(2)]
    writers = [start_worker("log_paced", store_root, f"run{number}", points) for number in range(8)]
    for writer in writers:
        finish(writer)
    for reader in readers:
        assert int(finish(reader)) > 5
    with store.reading() as connection:
        rows = connection.execute(
            "select run_id, count(*), count(distinct (key, step)) from metric_points group by run_id order by run_id"
        ).fetchall()
        assert rows == [(f"run{number}", points, points) for number in range(8)]
        assert connection.execute("select distinct status from runs").fetchall() == [("finished",)]
        assert connection.execute("select count(*) from problems").fetchone() == (0,)
    assert not list((store_root / "journal").glob("*.ev"))


def test_a_foreign_program_that_holds_the_file_is_waited_for_and_named(store, workers, monkeypatch):
    store.append_event(workers.run_event("a"))
    store.flush()
    code = f"import duckdb, time\nc = duckdb.connect({str(store.layout.database)!r})\nprint('open', flush=True)\ntime.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 0.5)
    try:
        # Writing goes on; reading says who is in the way.
        store.append_event({"t": "note", "run": "a", "text": "while it is held"})
        assert any(b"while it is held" in file.read_bytes() for file in store.layout.journals.glob("*.ev"))
        with pytest.raises(StoreBusyError, match=f"another program holds.*{holder.pid}"):
            store.sql("from runs")
    finally:
        holder.kill()
        holder.communicate()
    assert store.run("a").note == "while it is held"

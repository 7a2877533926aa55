"""A full disk: one sentence for the user, nothing accepted is lost, and never a SIGBUS."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbtrack.config import configure
from nbtrack.errors import StoreError
from nbtrack.store import backlog, eventfile, pointfile
from nbtrack.store.store import Store, open_store


class Disk:
    """A folder on a disk that can be filled, and emptied again."""

    def __init__(self, root: Path, fill: Callable[[], None], empty: Callable[[], None]) -> None:
        self.root = root
        self.fill = fill
        self.empty = empty


def mounted_disk(folder: Path, size: str) -> Iterator[Disk] | None:
    """A real little file system, where this user may mount one."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        return None
    ballast = folder / "ballast"

    def fill() -> None:
        with ballast.open("ab", buffering=0) as file:
            for chunk in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(chunk))
                except OSError as error:
                    assert error.errno == errno.ENOSPC  # noqa: PT017 - the filling ends so

    def disk() -> Iterator[Disk]:
        yield Disk(folder / ".nbtrack", fill, lambda: ballast.unlink())
        subprocess.run(["umount", "-l", str(folder)], check=True)

    return disk()


def pretended_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """What the system says on a full disk, where none can be mounted."""
    full = []

    def refusing(real):
        def call(*arguments):
            if full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments)

        return call

    class System:
        def __getattr__(self, name):
            found = getattr(os, name)
            return refusing(found) if name in ("write", "posix_fallocate") else found

    for module in (eventfile, pointfile):
        monkeypatch.setattr(module, "os", System())
    yield Disk(folder / ".nbtrack", lambda: full.append(1), full.clear)


@pytest.fixture(params=["real", "pretended"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Both kinds; where no disk can be mounted, the pretended one twice."""
    real = mounted_disk(tmp_path / "real", "24m") if request.param == "real" else None
    yield from real or pretended_disk(tmp_path / "pretended", monkeypatch)


def test_all_is_kept_and_written_once_there_is_room(disk: Disk, workers, points_of) -> None:
    store = open_store(disk.root)
    try:
        store.append_event(workers.run_event("a"))
        store.append_point("a", "loss", 0, 1, 0.0)
        store.flush()
        disk.fill()
        count = 100_000
        for step in range(1, count):
            # More than the present segment takes, so that the next one is wanted.
            store.append_point("a", "loss", step, step + 1, float(step))
            if step % 10_000 == 0:
                store.append_event({"t": "tags", "run": "a", "v": {f"t{step}": "x" * 3_000}})
                store.append_point("a", f"new{step}", step, step + 1, 1.0)
        notices = [notice for notice in store.pop_notices() if "values are kept in memory" in notice]
        assert len(notices) == 1, notices
        assert "the disk is full" in notices[0]
        assert str(store.root) in notices[0]
        assert store._journal.is_behind
        disk.empty()
        store.append_event(workers.end_event("a"))
        store.flush()
        assert [step for step, _ in points_of(store, "a")] == list(range(count))
        run = store.run("a")
        assert run.info.status == "finished"
        assert len(run.data.tags) == 9
        assert [points_of(store, "a", f"new{step}") for step in range(10_000, count, 10_000)] == [
            [(step, 1.0)] for step in range(10_000, count, 10_000)
        ]
        assert any("waited in memory are in it" in notice for notice in store.pop_notices())
        assert store.sql("from problems").empty
    finally:
        store.close()


def test_the_keeper_writes_by_itself_what_waited(disk: Disk, workers) -> None:
    configure(merge_interval_s=0.05)
    store = open_store(disk.root)
    try:
        store.append_event(workers.run_event("a"))
        disk.fill()
        for step in range(40_000):
            store.append_point("a", "loss", step, step + 1, float(step))
        assert store._journal.is_behind
        disk.empty()
        deadline = time.monotonic() + 60
        while store._journal.is_behind and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not store._journal.is_behind
    finally:
        store.close()


def test_a_journal_that_cannot_even_be_begun(disk: Disk, workers) -> None:
    store = open_store(disk.root)
    try:
        store.layout.make()
        disk.fill()
        store.append_event(workers.run_event("a"))
        store.append_point("a", "loss", 0, 1, 0.5)
        disk.empty()
        store.append_event(workers.end_event("a"))
        record = store.run("a")
        assert record.info.status == "finished"
        assert record.data.metrics == {"loss": 0.5}
    finally:
        store.close()


def test_too_much_to_keep_is_refused_and_said(store: Store, workers, monkeypatch) -> None:
    monkeypatch.setattr(backlog, "MAX_POINTS", 50)
    monkeypatch.setattr(backlog, "MAX_EVENTS", 5)
    store.append_event(workers.run_event("a"))

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", refuse)
        for step in range(50):
            store.append_point("a", "loss", step, step + 1, 1.0)
        with pytest.raises(StoreError, match=r"was not taken\. Make room"):
            store.append_point("a", "loss", 50, 51, 1.0)
        for number in range(5):
            store.append_event({"t": "tags", "run": "a", "v": {f"t{number}": "x"}})
        with pytest.raises(StoreError, match=r"was not taken\. Make room"):
            store.append_event({"t": "tags", "run": "a", "v": {"t5": "x"}})
    store.flush()
    with store.reading() as connection:
        assert connection.execute("select count(*), max(step) from metric_points").fetchone() == (50, 49)
    assert set(store.run("a").data.tags) == {f"t{number}" for number in range(5)}


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_whatever_the_disk_says_the_run_goes_on(number: int, store: Store, workers, monkeypatch, points_of) -> None:
    store.append_event(workers.run_event("a"))

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(os, "posix_fallocate", refuse)
        broken.setattr(os, "write", refuse)
        store.append_point("a", "loss", 0, 1, 0.5)
        store.append_event({"t": "note", "run": "a", "text": "kept"})
    assert any("values are kept in memory" in notice for notice in store.pop_notices())
    assert points_of(store, "a") == [(0, 0.5)]
    assert store.run("a").note == "kept"


def test_a_database_that_has_no_room_is_read_as_it_was(tmp_path: Path, workers) -> None:
    """The journals go on, the keeper lives, the reader sees what was merged, and later everything is there."""
    disks = mounted_disk(tmp_path / "disk", "6m")
    if disks is None:
        # Where nothing can be mounted, DuckDB's words for it are checked at least.
        import duckdb

        from nbtrack.store.database import explained
        from nbtrack.store.layout import Layout

        error = duckdb.IOException("IO Error: Could not write all bytes to file: No space left on device")
        assert "the disk is full" in str(explained(error, Layout(tmp_path)))
        return
    for disk in disks:
        store = open_store(disk.root)
        store.append_event(workers.run_event("a"))
        store.append_point("a", "loss", 0, 1, 0.0)
        store.flush()
        for step in range(1, 30_000):
            store.append_point("a", "loss", step, step + 1, float(step) ** 0.5)
        disk.fill()
        with pytest.raises(StoreError, match="disk is full"):
            store.flush()
        assert store.run("a").data.metrics == {"loss": 0.0}
        disk.empty()
        with store.reading() as connection:
            assert connection.execute("select count(*), count(distinct step) from metric_points").fetchone() == (
                30_000,
                30_000,
            )
        store.close()


def test_an_artifact_that_finds_no_room_leaves_nothing(store: Store, monkeypatch, tmp_path) -> None:
    source = tmp_path / "big"
    source.write_bytes(b"x" * 1000)
    before = sorted(store.layout.artifacts.rglob("*"))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StoreError, match=r"(?i)disk is full|no space"):
        store.add_artifact(source)
    assert sorted(path for path in store.layout.artifacts.rglob("*") if path.is_file()) == before

"""The clean-up and the check-up of a store."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nbtrack.errors import StoreBusyError, StoreError
from nbtrack.store import compact, health, maintenance, schema
from nbtrack.store.holders import flock_holders, owner_of
from nbtrack.store.locks import StoreLock, write_owner
from nbtrack.store.maintenance import Finding, GcReport, check, gc
from nbtrack.store.store import Store

START_US = 1_700_000_000_000_000
FLOCK = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who holds a lock")

pytestmark = pytest.mark.usefixtures("no_keeper")


def add_run(store: Store, run_id: str, *, points: int = 3, artifact: bytes = b"", code: str = "", **more: Any) -> None:
    def event(kind: str, **fields: Any) -> None:
        store.append_event({"t": kind, "run": run_id, **fields})

    digest = hashlib.sha256(code.encode()).hexdigest() if code else None
    if digest:
        event("source", hash=digest, text=code)
    experiment = more.get("experiment", "digits")
    event(
        "run", experiment=experiment, name=run_id, start=START_US, user="ada", source={"kind": "cell", "code": digest}
    )
    event("params", v={"C": ["1", "int"]})
    event("input", name="data", digest="x")
    for step in range(points):
        store.append_point(run_id, "loss", step // 2, START_US, float(step))
    if artifact:
        known, size_bytes = store.add_artifact(artifact)
        event("artifact", path="a.txt", hash=known, size_bytes=size_bytes, media_type="text/plain")
    if more.get("ended", True):
        event("end", status="finished", end=START_US + 1_000_000)
    if more.get("deleted", False):
        event("stage", stage="deleted")


def make_old(store: Store) -> None:
    for file in store.layout.artifacts.rglob("*"):
        os.utime(file, (time.time() - 7200,) * 2)


def count(store: Store, table: str) -> int:
    with store.reading() as connection:
        return int(connection.execute(f"select count(*) from base.{table}").fetchall()[0][0])


@pytest.fixture
def filled(store: Store) -> Iterator[Store]:
    add_run(store, "keep", artifact=b"shared", code="kept")
    add_run(store, "gone", artifact=b"shared", code="dropped", deleted=True)
    add_run(store, "gone-too", artifact=b"alone", code="kept", deleted=True, points=5)
    add_run(store, "live", artifact=b"of a running one", deleted=True, ended=False)
    store.append_event({"t": "experiment", "name": "old"})
    add_run(store, "in-old", experiment="old")
    store.append_event({"t": "experiment_stage", "name": "old", "stage": "deleted"})
    store.flush()
    # The tests open the files themselves: no thread of the store's may be at work in them.
    assert store._rounds.keeper.stop()
    yield store
    store.close()


# --- gc -------------------------------------------------------------------------------------------------------------


def test_gc_removes_deleted_runs_with_all_they_have(filled: Store) -> None:
    make_old(filled)
    report = gc(filled)
    assert {record.info.run_name for record in filled.runs(lifecycle="all")} == {"keep", "live"}
    # The code of the deleted run is still in the journal of a living process.
    assert (report.runs, report.points, report.experiments, report.still_running) == (3, 11, 1, 1)
    assert (report.artifacts, report.sources, report.dry_run) == (1, 0, False)
    assert [count(filled, table) for table in ("points", "series", "artifacts", "inputs")] == [6, 2, 2, 2]
    assert [found.name for found in filled.experiments("all")] == ["digits"]
    keep = filled.run("keep")
    assert filled.artifact_file(keep.artifacts[0].digest).read_bytes() == b"shared"
    assert keep.info.source.code == "kept"
    assert filled.history("keep")["value"].tolist() == [0.0, 1.0, 2.0]
    assert count(filled, "problems") == 0


def test_gc_again_finds_nothing(filled: Store) -> None:
    make_old(filled)
    gc(filled)
    again = gc(filled)
    assert again == GcReport(dry_run=False, still_running=1, freed_bytes=again.freed_bytes)


def test_gc_dry_run_counts_the_same_and_changes_nothing(filled: Store) -> None:
    make_old(filled)

    def content() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in sorted(filled.root.rglob("*")) if file.is_file()}

    before = content()
    expected = gc(filled, dry_run=True)
    assert content() == before
    assert expected.dry_run
    assert expected.freed_bytes == len(b"alone")
    report = gc(filled)
    counts = ("runs", "experiments", "points", "sources", "artifacts", "backups", "leftovers", "still_running")
    assert [getattr(report, name) for name in counts] == [getattr(expected, name) for name in counts]
    assert report.runs == 3


def test_gc_of_a_store_without_anything(store: Store) -> None:
    assert gc(store) == GcReport(dry_run=False)


def test_gc_sees_what_was_said_a_moment_ago(filled: Store) -> None:
    filled.append_event({"t": "stage", "run": "gone", "stage": "active"})
    filled.append_event({"t": "stage", "run": "keep", "stage": "deleted"})
    gc(filled)
    assert {record.info.run_name for record in filled.runs(lifecycle="all")} == {"gone", "live"}


def test_gc_drops_code_that_no_run_and_no_journal_knows(filled: Store) -> None:
    filled.close()
    filled.append_event({"t": "experiment", "name": "another journal"})
    report = gc(filled)
    # The process that ran "live" is gone by now, so that its run has crashed and goes too.
    assert (report.sources, report.runs, report.still_running) == (1, 4, 0)
    assert filled.run("keep").info.source.code == "kept"
    assert count(filled, "sources") == 1


def test_gc_leaves_young_artifacts_alone(filled: Store) -> None:
    assert gc(filled, dry_run=True).artifacts == 0
    assert gc(filled).artifacts == 0
    pending, _ = filled.add_artifact(b"no run says so yet")
    make_old(filled)
    # Logged again by somebody: the same content, young once more.
    filled.add_artifact(b"no run says so yet")
    assert gc(filled).artifacts == 1
    assert filled.artifact_file(pending).exists()


def test_an_artifact_logged_while_it_is_being_removed_stays(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    digest, _ = filled.add_artifact(b"orphan")
    make_old(filled)
    rename = Path.rename

    def touched_just_before(self: Path, target: Any) -> Path:
        os.utime(self)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", touched_just_before)
    report = gc(filled)
    assert report.artifacts == 0
    assert filled.artifact_file(digest).read_bytes() == b"orphan"


def test_what_a_killed_clean_up_hid_comes_back(filled: Store) -> None:
    file = filled.artifact_file(filled.run("keep").artifacts[0].digest)
    file.rename(file.with_name(f"{file.name}.1234.gone"))
    gc(filled)
    assert file.read_bytes() == b"shared"
    assert list(file.parent.iterdir()) == [file]


def test_gc_removes_leftovers_and_old_backups(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = filled.root / "nbtrack.duckdb.v1.bak"
    backup.write_bytes(b"x" * 1000)
    journal, artifacts = filled.layout.journals, filled.layout.artifacts
    old = [journal / "aa.000001.spare", journal / "aa.new", journal / "bb.probe", artifacts / "cc.part"]
    (living,) = journal.glob("*.ev")
    spared = [living.with_name(f"{living.stem}.000009.spare"), journal / "young.new", artifacts / "young.part"]
    for file in [*old, *spared]:
        file.write_bytes(b"y" * 10)
    for file in [*old, spared[0]]:
        os.utime(file, (0, 0))
    report = gc(filled)
    assert (report.backups, report.leftovers, report.artifacts) == (0, 3, 1)
    assert not any(file.exists() for file in old)
    assert all(file.exists() for file in spared)
    assert backup.exists()
    monkeypatch.setattr(maintenance, "BACKUP_S", -1.0)
    report = gc(filled)
    assert report.backups == 1
    assert report.freed_bytes >= 1000
    assert not backup.exists()


def test_gc_makes_the_file_smaller_and_says_by_how_much(store: Store) -> None:
    add_run(store, "keep", points=1000)
    add_run(store, "big", points=0)
    store.flush()
    with duckdb.connect(str(store.layout.database)) as connection:
        connection.execute(
            "insert into base.points select 1, 0, range, range, random() from range(400000) "
            "union all select 0, 0, 3, 5, range from range(5)"
        )
    store.append_event({"t": "stage", "run": "big", "stage": "deleted"})
    store.flush()
    before = store.layout.database.stat().st_size
    history = store.history("keep")
    report = gc(store)
    after = store.layout.database.stat().st_size
    assert report.points == 400_000
    assert report.freed_bytes == before - after
    assert after < before / 2
    assert store.history("keep").equals(history)
    assert history.query("step == 3")["value"].tolist()[:5] == [0.0, 1.0, 2.0, 3.0, 4.0]
    # Everything goes on as before: views, migrations, writing.
    add_run(store, "next")
    assert {record.info.run_name for record in store.runs()} == {"keep", "next"}
    assert len(store.sql("select * from metric_points where run_id = 'next'")) == 3
    assert [file.name for file in store.root.iterdir() if "compact" in file.name] == []
    store.close()


def test_a_full_disk_in_the_middle_leaves_the_old_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add_run(store, "keep")
    add_run(store, "gone", deleted=True)
    monkeypatch.setattr(compact, "_WORTH_SHARE", -1.0)

    def full(file: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compact, "_settle", full)
    with pytest.raises(StoreError, match="No space left"):
        gc(store)
    assert [record.info.run_name for record in store.runs(lifecycle="all")] == ["keep"]
    assert [file.name for file in store.root.iterdir() if "compact" in file.name] == []
    store.close()


def test_remains_of_a_killed_compaction_go(filled: Store) -> None:
    for name in ("nbtrack.duckdb.abc.compact", "nbtrack.duckdb.abc.compact.wal"):
        (filled.root / name).write_bytes(b"torn")
    gc(filled)
    assert [file.name for file in filled.root.iterdir() if "compact" in file.name] == []


def test_gc_while_another_process_writes(
    filled: Store, start_worker: Callable[..., Any], finish: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "_WORTH_SHARE", -1.0)
    worker = start_worker("log_paced", filled.root, "writing", 5000)
    rounds = 0
    while worker.poll() is None:
        add_run(filled, f"short-{rounds}", deleted=True, artifact=b"%d" % rounds)
        gc(filled)
        rounds += 1
    finish(worker)
    assert rounds > 3
    history = filled.history("writing")
    assert len(history) == 5000
    assert filled.run("writing").info.status == "finished"
    assert count(filled, "problems") == 0
    assert {record.info.run_name for record in filled.runs(lifecycle="all")} == {"keep", "live", "writing"}


def test_gc_waits_for_readers_and_says_so(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "_LOCK_TIMEOUT_S", 0.2)
    monkeypatch.setattr(Store, "flush", lambda self: None)
    with StoreLock(filled.layout).shared(5) as held:
        assert held
        with pytest.raises(StoreBusyError, match="try again"):
            gc(filled)
    assert gc(filled).runs == 3


# --- check ----------------------------------------------------------------------------------------------------------


def serious(root: Path) -> list[Finding]:
    return [finding for finding in check(root) if finding.level != "ok"]


def said(root: Path, fragment: str) -> Finding:
    (found,) = [finding for finding in check(root) if fragment in finding.what]
    return found


def test_a_sound_store_has_nothing_to_complain_of(filled: Store) -> None:
    assert serious(filled.root) == []
    what = "\n".join(finding.what for finding in check(filled.root))
    for fragment in ("can be written", "mmap+flock", f"DuckDB {duckdb.__version__}", "journals: 1 of running"):
        assert fragment in what
    for fragment in ("5 runs, 3 of them deleted", "1 running: live", "all there", "nothing waits to be merged"):
        assert fragment in what


def test_looking_changes_nothing(filled: Store) -> None:
    filled.append_event({"t": "note", "run": "keep", "text": "pending"})
    before = {file: file.read_bytes() for file in sorted(filled.root.rglob("*")) if file.is_file()}
    check(filled.root)
    assert {file: file.read_bytes() for file in sorted(filled.root.rglob("*")) if file.is_file()} == before


def test_no_store(store_root: Path) -> None:
    (found,) = serious(store_root)
    assert (found.level, "no store" in found.what) == ("warn", True)
    assert not store_root.exists()


def test_no_database_yet(store: Store) -> None:
    store.append_event({"t": "experiment", "name": "x"})
    assert serious(store.root) == []
    store.close()


def test_read_only_folder(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *arguments: Any, **options: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    (found,) = serious(filled.root)
    assert found.level == "error"
    assert "Read-only file system" in found.what
    assert "set_store" in found.remedy


def test_disk_nearly_full(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(filled.root)
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage._replace(free=5_000_000))
    (found,) = serious(filled.root)
    assert (found.level, "5.0 MB left" in found.what) == ("warn", True)


def test_folder_without_flock(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "supports_flock", lambda folder: False)
    assert "append+lockfile" in said(filled.root, "no flock").what


@pytest.mark.parametrize("version", ["1.4.9", "0.10.0"])
def test_old_duckdb(filled: Store, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(duckdb, "__version__", version)
    (found,) = serious(filled.root)
    assert found.level == "error"
    assert version in found.what
    assert "pip install" in found.remedy


def test_another_program_holds_the_database(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_TIMEOUT_S", 0.1)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(filled.layout.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        (found,) = serious(filled.root)
        other.communicate("")
    assert found.level == "warn"
    assert f"PID {other.pid}" in found.what
    assert "close the program" in found.remedy


def test_a_merge_under_way(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_TIMEOUT_S", 0.1)
    with StoreLock(filled.layout).exclusive(5) as held:
        assert held
        (found,) = serious(filled.root)
    assert "being merged" in found.what


def test_damaged_database(filled: Store) -> None:
    filled.layout.database.write_bytes(b"no database at all" * 1000)
    (found,) = serious(filled.root)
    assert found.level == "error"
    assert "cannot be read" in found.what


@pytest.mark.parametrize(
    ("offset", "level", "fragment"), [(1, "error", "--upgrade nbtrack"), (-1, "warn", "next read")]
)
def test_another_version_of_the_store(filled: Store, offset: int, level: str, fragment: str) -> None:
    newest = len(schema.MIGRATIONS)
    with duckdb.connect(str(filled.layout.database)) as connection:
        if offset > 0:
            connection.execute("insert into base.migrations values (?, 'future', now())", [newest + 1])
        else:
            connection.execute("delete from base.migrations where version = ?", [newest])
    (found,) = serious(filled.root)
    assert found.level == level
    assert str(newest + offset) in found.what
    assert fragment in found.remedy


@FLOCK
def test_who_holds_what(filled: Store) -> None:
    assert f"1 of running processes (process {os.getpid()})" in said(filled.root, "journals:").what
    layout = filled.layout
    assert flock_holders(layout.lock) == []
    with StoreLock(layout).exclusive(5):
        assert flock_holders(layout.lock) == [os.getpid()]
    assert flock_holders(layout.root / "nothing") == []


def test_owner_files(tmp_path: Path) -> None:
    write_owner(tmp_path / "x.owner")
    assert owner_of(tmp_path / "x.owner").startswith(f"process {os.getpid()} on ")
    (tmp_path / "x.owner").write_text("torn {")
    assert owner_of(tmp_path / "x.owner") == ""
    assert owner_of(tmp_path / "none") == ""


def test_what_a_dead_process_left(filled: Store) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from nbtrack.config import configure\n"
        "from nbtrack.store.store import open_store\n"
        "configure(merge_interval_s=3600)\n"
        "store = open_store(Path(sys.argv[1]))\n"
        "store.append_event({'t': 'run', 'run': 'dead', 'experiment': 'digits', 'name': 'dead', 'start': 1})\n"
        "store.flush()\n"
        "for step in range(1234): store.append_point('dead', 'loss', step, step, 1.0)\n"
        "print('written', flush=True); time.sleep(60)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(filled.root)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "written\n"
    assert "2 of running processes" in said(filled.root, "journals:").what
    assert "1,234 points wait" in said(filled.root, "journals:").what
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    found = said(filled.root, "journals:")
    assert "1 of processes that are gone" in found.what
    assert "1,234 points wait" in found.what
    assert "next read" in found.remedy
    orphan = said(filled.root, "their process is gone")
    assert (orphan.level, "dead (dead)" in orphan.what) == ("warn", True)
    filled.runs()
    assert serious(filled.root) == []


def test_set_aside_parts_and_problems(filled: Store) -> None:
    filled.append_event({"t": "params", "run": "keep", "v": {"C": ["2", "int"]}})
    filled.flush()
    filled.layout.set_aside.mkdir()
    (filled.layout.set_aside / "x.events.0.0.bad").write_bytes(b"?" * 2500)
    aside, problems = serious(filled.root)
    assert (aside.level, problems.level) == ("warn", "warn")
    assert "1 damaged parts of journals (2.5 kB)" in aside.what
    assert "param 'C'" in problems.what
    assert "problems" in problems.remedy
    assert len(filled.sql("from problems order by time desc")) == 1


def test_missing_damaged_and_orphaned_artifacts(filled: Store) -> None:
    shared = filled.artifact_file(filled.run("keep").artifacts[0].digest)
    alone = filled.artifact_file(filled.run("gone-too").artifacts[0].digest)
    filled.add_artifact(b"orphan")
    shared.unlink()
    alone.write_bytes(b"longer than before")
    missing, damaged = serious(filled.root)
    assert (missing.level, damaged.level) == ("error", "error")
    assert "1 artifacts are missing: gone: a.txt" in missing.what
    assert "another size than was logged: gone-too: a.txt" in damaged.what
    orphan = said(filled.root, "belong to no run")
    assert "1 artifact files (6 bytes)" in orphan.what
    assert "nbtrack gc" in orphan.remedy


def test_backups_are_named(filled: Store) -> None:
    (filled.root / "nbtrack.duckdb.v1.bak").write_bytes(b"x" * 1500)
    assert said(filled.root, "before an upgrade").what.startswith("1.5 kB")


def test_checking_does_not_disturb_a_writer(filled: Store) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []
    written = [0]

    def write() -> None:
        try:
            while not stop.is_set():
                filled.append_point("keep", "more", written[0], START_US, 1.0)
                written[0] += 1
                time.sleep(0.0005)
        except BaseException as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        # A merge may be under way at any moment, which is worth a word, but no error.
        levels = {finding.level for _ in range(5) for finding in check(filled.root)}
    finally:
        stop.set()
        writer.join()
    assert failures == []
    assert "error" not in levels
    assert len(filled.history("keep", "more")) == written[0]

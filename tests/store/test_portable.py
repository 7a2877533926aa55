"""Other platforms and versions: folders without flock, and DuckDB 1.5 beside 2.0."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from nbtrack import config
from nbtrack.store import locks, portable, rounds
from nbtrack.store import store as module
from nbtrack.store.store import Store, open_store


@pytest.fixture
def plain_store(store_root, monkeypatch) -> Store:
    monkeypatch.setattr(module, "supports_flock", lambda folder: False)
    return open_store(store_root)


def test_the_mode_is_said(store, store_root):
    assert store.mode == "mmap+flock"


def test_a_folder_without_flock_keeps_everything(plain_store, workers, points_of):
    assert plain_store.mode == "append+lockfile"
    plain_store.append_event(workers.run_event("a"))
    for step in range(5_000):
        plain_store.append_point("a", "loss", step, step + 1, float(step))
        if step == 2_500:
            plain_store.flush()
    assert points_of(plain_store, "a") == [(step, float(step)) for step in range(5_000)]
    assert plain_store.run("a").info.status == "running"
    plain_store.append_event(workers.end_event("a"))
    assert plain_store.run("a").info.status == "finished"


LOG_AND_DIE = """
import os, signal, sys, time
from pathlib import Path
from nbtrack.store import store as module
module.supports_flock = lambda folder: False
store = module.open_store(Path(sys.argv[1]))
sys.path.insert(0, sys.argv[2])
import workers
store.append_event(workers.run_event("dead"))
for step in range(1000):
    store.append_point("dead", "loss", step, step + 1, float(step))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_without_flock_a_dead_process_is_seen(plain_store, workers, points_of):
    folder = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", LOG_AND_DIE, str(plain_store.root), folder], capture_output=True, timeout=240
    )
    assert done.returncode == -9, done.stderr
    assert len(points_of(plain_store, "dead")) == 1_000
    assert plain_store.run("dead").info.status == "crashed"
    assert not list(plain_store.layout.journals.glob("*.ev"))


def test_without_flock_two_merges_take_turns_and_a_stale_lock_is_broken(plain_store, workers):
    lock = plain_store.layout.lock.with_suffix(".owner")
    with plain_store.lock.exclusive(1) as held:
        assert held
        with plain_store.lock.exclusive(0.1) as second:
            assert not second
    assert not lock.exists()
    lock.write_text(json.dumps({"pid": 999_999_999, "host": socket.gethostname()}))
    plain_store.append_event(workers.run_event("a"))
    assert len(plain_store.runs()) == 1


def test_a_lock_of_another_machine_counts_while_it_is_young(plain_store):
    plain_store.layout.make()
    lock = plain_store.layout.lock.with_suffix(".owner")
    lock.write_text('{"pid": 1, "host": "elsewhere"}')
    with plain_store.lock.exclusive(0.1) as held:
        assert not held
    old = time.time() - 3_600
    os.utime(lock, (old, old))
    with plain_store.lock.exclusive(0.1) as held:
        assert held


def test_flock_keeps_merges_apart_and_lets_reads_together(store, workers):
    store.append_event(workers.run_event("a"))
    other = Store(store.root, store.mode)
    with store.lock.shared(1) as first, other.lock.shared(1) as second:
        assert first
        assert second
        with other.lock.exclusive(0.1) as alone:
            assert not alone
    with store.lock.exclusive(1) as first:
        assert first
        with other.lock.shared(0.1) as second:
            assert not second


@pytest.mark.usefixtures("no_keeper")
def test_the_file_is_of_the_format_that_both_versions_read(store, workers):
    store.append_event(workers.run_event("a"))
    store.flush()
    with duckdb.connect(str(store.layout.database), read_only=True) as connection:
        (tags,) = connection.execute("select tags from duckdb_databases() where path is not null").fetchone()
    assert tags["storage_version"].startswith("v1.5")


ROUND = """
import sys, time
from pathlib import Path
import duckdb
from nbtrack.store.store import open_store
sys.path.insert(0, sys.argv[2])
import workers
store = open_store(Path(sys.argv[1]))
name = f"round {sys.argv[3]} by {duckdb.__version__}"
store.append_event(workers.run_event(name))
store.append_event({"t": "params", "run": name, "v": {"C": ["0.5", "float"]}})
for step in range(1000):
    store.append_point(name, "loss", step, step + 1, step / 4)
store.append_point(name, "loss", 1000, 1001, float("nan"))
store.append_event(workers.end_event(name))
for record in store.runs("params.C = 0.5", ["run_name"]):
    history = store.history(record.info.run_id, "loss")
    print(record.info.run_name, record.info.status, len(history), record.typed_params["C"])
"""


@pytest.fixture(scope="session")
def older_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newest DuckDB 1.5, beside the installed one."""
    folder = tmp_path_factory.mktemp("duckdb15")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), "duckdb>=1.5.3,<2"],
        check=True,
        capture_output=True,
        timeout=240,
    )
    return folder


def test_duckdb_15_and_20_share_a_store(older_duckdb, store_root):
    printed = []
    for number, path in enumerate((str(older_duckdb), "", str(older_duckdb))):
        env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [path, os.environ.get("PYTHONPATH", "")]))}
        done = subprocess.run(
            [sys.executable, "-c", ROUND, str(store_root), str(Path(__file__).parent), str(number)],
            env=env,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout.splitlines())
    assert [len(lines) for lines in printed] == [1, 2, 3]
    assert len({line.split()[3] for line in printed[2]}) == 2
    assert all(line.endswith("finished 1001 0.5") for line in printed[2])


def test_a_process_number_given_anew_is_another_process(plain_store, workers):
    """After a crash the system may give the dead owner's number to somebody else."""
    plain_store.layout.make()
    file = plain_store.layout.journals / "dead.owner"
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        born = portable._born(living.pid)
        assert born is not None
        file.write_text(json.dumps({"pid": living.pid, "host": socket.gethostname(), "born": born}))
        assert not locks.owner_is_gone(file.with_suffix(".ev"), by_flock=False)
        file.write_text(json.dumps({"pid": living.pid, "host": socket.gethostname(), "born": str(int(born) - 100)}))
        assert locks.owner_is_gone(file.with_suffix(".ev"), by_flock=False)
    finally:
        living.communicate(b"\n")
    assert locks.owner_is_gone(file.with_suffix(".ev"), by_flock=False)


def test_a_journal_of_another_machine_lives_as_long_as_it_is_touched(plain_store, workers, monkeypatch):
    """A merger elsewhere must not take a living journal's files away: its keeper touches the owner file, idle or not."""
    monkeypatch.setattr(rounds, "HEARTBEAT_S", 0.05)
    config.configure(merge_interval_s=0.05)
    plain_store.append_event(workers.run_event("a"))
    owner = plain_store.layout.owner(plain_store._journal.id)
    old = time.time() - 10 * portable.STALE_OWNER_S
    for _ in range(3):
        os.utime(owner, (old, old))
        deadline = time.monotonic() + 20
        while owner.stat().st_mtime == old and time.monotonic() < deadline:
            time.sleep(0.01)
        assert owner.stat().st_mtime > old
    monkeypatch.setattr(portable, "_host", lambda: "elsewhere")
    assert not locks.owner_is_gone(owner.with_suffix(".ev"), by_flock=False)
    plain_store._rounds.keeper.stop()
    os.utime(owner, (old, old))
    assert locks.owner_is_gone(owner.with_suffix(".ev"), by_flock=False)


def test_two_that_break_a_stale_lock_do_not_both_get_it(plain_store):
    plain_store.layout.make()
    path = plain_store.layout.lock.with_suffix(".owner")
    inside = []
    wrong = []

    def work():
        for _ in range(30):
            with plain_store.lock.exclusive(20) as held:
                assert held
                inside.append(1)
                if len(inside) > 1:
                    wrong.append(1)
                time.sleep(0.0005)
                inside.pop()
                # The next one finds a lock whose holder is gone.
            with contextlib.suppress(OSError), open(path, "x") as file:
                file.write(json.dumps({"pid": 999_999_999, "host": socket.gethostname()}))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_not_mapped(kind, tmp_path, monkeypatch):
    mounts = f"36 35 98:0 / / rw - ext4 /dev/x rw\n37 36 0:1 / {str(tmp_path).replace(' ', chr(92) + '040')} rw - {kind} server rw\n"
    real = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda self, *a, **k: mounts if self.name == "mountinfo" else real(self, *a, **k)
    )
    assert not locks.supports_flock(tmp_path)
    mounts = mounts.replace(kind, "xfs")
    assert locks.supports_flock(tmp_path)


def test_importing_the_store_needs_no_posix():
    """As on Windows, where there is no fcntl; the file locks are then files."""
    code = (
        "import sys; sys.platform = 'win32'; sys.modules['fcntl'] = None\n"
        "import nbtrack.store.locks, nbtrack.store.portable, nbtrack.store.journal, nbtrack.store.pointfile\n"
        "print('ok')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.stdout == "ok\n", done.stderr

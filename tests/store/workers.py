"""What the store's tests run in processes of their own: ``python workers.py NAME ROOT [ARGUMENT …]``."""

from __future__ import annotations

import ctypes
import importlib
import itertools
import os
import random
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbtrack.config import configure
from nbtrack.store import checkpoint, maintenance, merge
from nbtrack.store.keeper import Keeper
from nbtrack.store.store import open_store


def run_event(run_id: str, experiment: str = "tests") -> dict:
    """Return the event that starts a run."""
    return {
        "t": "run",
        "run": run_id,
        "experiment": experiment,
        "name": run_id,
        "start": time.time_ns() // 1000,
        "parent": None,
        "seed": None,
        "user": "tester",
        "source": {"kind": "block", "name": None, "cell_id": None, "execution_count": None, "code": None},
    }


def end_event(run_id: str) -> dict:
    """Return the event that ends a run."""
    return {"t": "end", "run": run_id, "status": "finished", "end": time.time_ns() // 1000, "error": None}


def log_and_merge(root: str, run_id: str, seed: str) -> None:
    """Log as fast as possible while a thread merges in a tight loop, until somebody kills us.

    Every acknowledged count is written to a file that the parent reads.
    """
    rng = random.Random(int(seed))
    store = open_store(Path(root))
    store.append_event(run_event(run_id))

    def keep_merging() -> None:
        while True:
            store.flush()
            time.sleep(rng.uniform(0, 0.01))

    threading.Thread(target=keep_merging, daemon=True).start()
    acknowledged = os.open(Path(root).parent / f"{run_id}.acknowledged", os.O_CREAT | os.O_RDWR)
    count = 0
    while True:
        store.append_point(run_id, "loss", count, time.time_ns() // 1000, float(count))
        count += 1
        os.pwrite(acknowledged, count.to_bytes(8, "little"), 0)
        if count % 500 == 0:
            store.append_event({"t": "tags", "run": run_id, "v": {"count": str(count)}})
            time.sleep(0.002)


def log_paced(root: str, run_id: str, points: str) -> None:
    """Log so many points of five metrics at about 1,000 a second, and end."""
    configure(merge_interval_s=0.3)
    store = open_store(Path(root))
    store.append_event(run_event(run_id))
    for step in range(int(points) // 5):
        for metric in range(5):
            store.append_point(run_id, f"m{metric}", step, time.time_ns() // 1000, step / 2)
        time.sleep(0.005)
    store.append_event(end_event(run_id))


def read_often(root: str, seconds: str) -> None:
    """Read in a loop; a count must never go back."""
    store = open_store(Path(root))
    deadline = time.monotonic() + float(seconds)
    before = 0
    reads = 0
    while time.monotonic() < deadline or reads < 10:
        with store.reading() as connection:
            (count,) = connection.execute("select count(*) from metric_points").fetchone()
        assert count >= before, (count, before)
        before = count
        reads += 1
        time.sleep(0.05)
    print(reads)


def fill_the_disk(root: str, run_id: str, points: str) -> None:
    """Log with a limit on file sizes that stands for a full disk, then lift it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = open_store(Path(root))
    store.append_event(run_event(run_id))
    store.append_point(run_id, "loss", 0, time.time_ns() // 1000, 0.0)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, hard))
    for step in range(1, int(points)):
        store.append_point(run_id, "loss", step, time.time_ns() // 1000, float(step))
        if step % 1000 == 0:
            store.append_event({"t": "tags", "run": run_id, "v": {f"tag{step}": "x" * 500}})
    notices = store.pop_notices()
    assert any("disk is full" in notice for notice in notices), notices
    assert len([notice for notice in notices if "disk is full" in notice]) == 1, notices
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    store.append_event(end_event(run_id))
    store.flush()
    print("done")


def interrupted(root: str, run_id: str, seconds: str) -> None:
    """Log under a rain of KeyboardInterrupts; print how many points were acknowledged."""
    store = open_store(Path(root))
    store.append_event(run_event(run_id))
    acknowledged = []
    step = 0
    hits = 0
    deadline = time.monotonic() + float(seconds)

    def hit(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, hit)
    while time.monotonic() < deadline or hits <= 50:
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 2e-3))
            while True:
                store.append_point(run_id, f"m{step % 7}", step, time.time_ns() // 1000, float(step))
                acknowledged.append(step)
                step += 1
                if step % 50 == 0:
                    store.append_event({"t": "tags", "run": run_id, "v": {f"t{step}": "x"}})
        except KeyboardInterrupt:
            hits += 1
            step += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    store.append_event(end_event(run_id))
    Path(root).parent.joinpath("acknowledged.txt").write_text("\n".join(map(str, acknowledged)))
    print(hits, len(acknowledged))


def log_and_die_in(root: str, run_id: str, phase: str, delay_s: str) -> None:
    """Log and merge in a loop; once in this phase of a merge, be killed after a moment."""
    store = open_store(Path(root))
    store.append_event(run_event(run_id))
    begun = time.monotonic()

    def die() -> None:
        time.sleep(float(delay_s))
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(now: str) -> None:
        # The first merges make the store; a later one is hit.
        if now == phase and time.monotonic() - begun > 0.15:
            threading.Thread(target=die).start()

    merge.watch = watch
    acknowledged = os.open(Path(root).parent / f"{run_id}.acknowledged", os.O_CREAT | os.O_RDWR)

    def keep_merging() -> None:
        while True:
            store.flush()

    threading.Thread(target=keep_merging, daemon=True).start()
    count = 0
    while True:
        store.append_point(run_id, "loss", count, time.time_ns() // 1000, float(count))
        count += 1
        os.pwrite(acknowledged, count.to_bytes(8, "little"), 0)
        if count % 500 == 0:
            store.append_event({"t": "tags", "run": run_id, "v": {"count": str(count)}})
            time.sleep(0.002)


def log_and_die_writing(root: str, run_id: str, moment: str) -> None:
    """Log a run and merge it; be killed right before the database's file is written, or right behind."""
    store = open_store(Path(root))
    store.append_event(run_event(run_id))
    store.append_point(run_id, "loss", 0, time.time_ns() // 1000, 1.0)
    store.append_event(end_event(run_id))
    _die_writing(moment)
    store.flush()


def clean_up_and_die_writing(root: str) -> None:
    """Remove what was deleted; be killed right before the database's file is written."""
    store = open_store(Path(root))
    store.flush()
    _die_writing("before")
    maintenance.gc(store)


def _die_writing(moment: str) -> None:
    kept = checkpoint.kept

    @contextmanager
    def deadly(*arguments: Any) -> Iterator[None]:
        with kept(*arguments):
            if moment == "behind":
                yield
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.kept = deadly


def make_store_again_and_again(root: str) -> None:
    """Make one new store after the other below a folder, until somebody kills us."""
    number = 0
    while True:
        store = open_store(Path(root) / str(number))
        store.append_event(run_event("a"))
        store.flush()
        number += 1


def read_under_interrupts(root: str, seconds: str) -> None:
    """Read under a rain of KeyboardInterrupts; print how many came, and how many reads went through."""
    store = open_store(Path(root))
    deadline = time.monotonic() + float(seconds)
    hits = reads = 0

    def hit(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, hit)
    store.runs()
    kept = []
    # A machine that stalls interrupts every read at first.
    while time.monotonic() < deadline or ((hits <= 10 or reads <= 1) and time.monotonic() < deadline + 100):
        try:
            signal.setitimer(signal.ITIMER_REAL, random.choice((0.02, 0.1, 0.5)) * random.random())
            while True:
                store.append_event({"t": "note", "run": "a", "text": str(reads)})
                store.runs()
                reads += 1
        except KeyboardInterrupt as error:
            hits += 1
            # As a notebook does: a traceback keeps every frame alive.
            kept.append(error)
        except RuntimeError as error:
            # What DuckDB makes of an interrupt that comes while it calls into Python.
            hits += 1
            kept.append(error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    print(hits, reads, flush=True)
    # Still alive, with all those tracebacks: whoever comes next must find no lock of ours.
    time.sleep(30)


def fork_and_die(root: str, run_id: str) -> None:
    """Start a run, fork, and be killed; the child lives on and logs until somebody kills it."""
    store = open_store(Path(root))
    store.append_event(run_event(run_id))
    store.append_point(run_id, "loss", 0, time.time_ns() // 1000, 0.0)
    child = os.fork()
    if child == 0:
        store.append_point(run_id, "child", 0, time.time_ns() // 1000, 1.0)
        time.sleep(30)
        os._exit(0)
    print(child, flush=True)
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)


def log_from_a_handler(root: str, seconds: str) -> None:
    """Log, and log from a signal handler that comes in the middle; print how many points that were."""
    store = open_store(Path(root))
    store.append_event(run_event("b"))
    steps = itertools.count()
    ours = 0

    def handler(*_: object) -> None:
        # A handler may be interrupted by the next one.
        store.append_point("b", "handler", next(steps), time.time_ns() // 1000, 1.0)

    signal.signal(signal.SIGALRM, handler)
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 1e-4))
        for _ in range(100):
            store.append_point("b", "main", ours, time.time_ns() // 1000, 1.0)
            ours += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    store.append_event(end_event("b"))
    by_handler = next(steps)
    assert by_handler > 50
    print(ours + by_handler)


class Broken(BaseException):
    """What is thrown into the logging thread."""


def log_while_broken_into(root: str, run_id: str, seconds: str) -> None:
    """Log in a thread into which exceptions are thrown at any step; write down what was acknowledged."""
    for name in ("points", "journal", "pointfile"):
        # Small segments, so that going on to the next one is broken into as well.
        importlib.import_module(f"nbtrack.store.{name}").SEGMENT_BYTES = 4096
    store = open_store(Path(root))
    store.append_event(run_event(run_id))
    acknowledged: list[str] = []
    hits = [0]
    enough = [False]

    def log() -> None:
        step = 0
        while not enough[0]:
            try:
                while not enough[0]:
                    step += 1
                    key = f"m{step % 5}" if step % 300 else f"new{step}"
                    store.append_point(run_id, key, step, step, float(step))
                    acknowledged.append(str(step))
                    if step % 20 == 0:
                        store.append_event({"t": "tags", "run": run_id, "v": {f"t{step}": "x"}})
                        acknowledged.append(f"t{step}")
                    if step % 100 == 0:
                        time.sleep(0.001)
            except Broken:
                hits[0] += 1

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    rng = random.Random(4)
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Broken))
        time.sleep(rng.uniform(0, 0.002))
    enough[0] = True
    thread.join(20)
    assert not thread.is_alive(), "a lock was left behind"
    store.append_event(end_event(run_id))
    Path(root).parent.joinpath("acknowledged.txt").write_text("\n".join(acknowledged))
    print(hits[0])


def wake_while_broken_into(seconds: str) -> None:
    """Wake a keeper from a thread into which exceptions are thrown; it must still work afterwards."""
    rounds: list[int] = []
    keeper = Keeper(lambda: rounds.append(1))
    enough = [False]

    def wake() -> None:
        while not enough[0]:
            try:
                while not enough[0]:
                    keeper.wake()
            except Broken:
                pass

    thread = threading.Thread(target=wake, daemon=True)
    thread.start()
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Broken))
        time.sleep(0.001)
    enough[0] = True
    thread.join(10)
    assert not thread.is_alive()
    before = len(rounds)
    keeper.wake()
    deadline = time.monotonic() + 10
    while len(rounds) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(rounds) > before, "the keeper hangs"
    assert keeper.stop(10)
    print("ok")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

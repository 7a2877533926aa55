"""Every run, of a cell, a call or a block, tells what it starts from: generators, environment, git, data."""

from __future__ import annotations

import base64
import gc
import importlib
import os
import random
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbtrack
from nbtrack.capture import generators
from nbtrack.capture import surroundings as module
from nbtrack.capture.datasets import data_inputs, record_inputs
from nbtrack.capture.surroundings import Surroundings, surroundings
from nbtrack.errors import StoreError
from nbtrack.provenance.environment import digest_of
from nbtrack.provenance.git import diff_text
from nbtrack.store.events import decode_lines
from nbtrack.store.store import Store


class Told(list[dict[str, Any]]):
    """The events that stores of this process were given."""

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        assert surroundings.flush(30)
        return [event for event in self if event["t"] in kinds]

    def environment_of(self, run: Any) -> dict[str, Any]:
        hashes = [event["hash"] for event in self.of("run_environment") if event["run"] == run.run_id]
        return next(event["facts"] for event in self if event["t"] == "environment" and event["hash"] == hashes[-1])


@pytest.fixture
def told(monkeypatch, workplace) -> Told:
    found = Told()
    append = Store.append_event

    def append_and_note(store: Store, event: Any) -> None:
        append(store, event)
        found.append(dict(event))

    monkeypatch.setattr(Store, "append_event", append_and_note)
    # Nothing is known from the tests before.
    monkeypatch.setattr(surroundings, "_seen", {})
    monkeypatch.setattr(surroundings, "_git", {})
    return found


# --- generators -------------------------------------------------------------------------------------------------------


def test_every_kind_of_run_tells_its_generators(told, shell):
    shell.run("%%track --seed 3\nx = 1 + 1")
    with nbtrack.start_run(seed=3) as block:
        pass

    @nbtrack.track(seed=3)
    def call():
        return {"x": 1.0}

    call()
    streams = [event["streams"] for event in told.of("generators")]
    random.seed(3)
    np.random.seed(3)
    expected = {stream: generators.digest(state) for stream, state in generators.states().items()}
    assert streams == [expected] * 3
    assert block.generators == expected


def test_a_state_is_told_once_and_can_be_put_back(told):
    random.seed(11)
    with nbtrack.start_run():
        first = random.random()
    random.seed(11)
    with nbtrack.start_run():
        pass
    states = [event for event in told.of("generator_state") if event["stream"] == "random"]
    assert len(states) == 1
    random.seed(99)
    generators.restore("random", base64.b64decode(states[0]["state"]))
    assert random.random() == first


def test_the_generators_stand_where_they_stood(told):
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.rand()
    random.seed(1)
    np.random.seed(1)
    with nbtrack.start_run():
        assert (random.random(), np.random.rand()) == expected


def test_a_run_gone_on_with_is_seeded_too(told):
    with nbtrack.start_run(seed=5) as run:
        first = random.random()
    with nbtrack.start_run(run_id=run.run_id, seed=5):
        assert random.random() == first


# --- environment ------------------------------------------------------------------------------------------------------


def test_every_kind_of_run_tells_its_environment_once(told, shell):
    shell.run("%%track\nx = 1 + 1")
    with nbtrack.start_run() as block:
        pass
    nbtrack.track(lambda: {"x": 1.0})()
    runs = {event["run"] for event in told.of("run")}
    assert len(runs) == 3
    assert {event["run"] for event in told.of("run_environment")} == runs
    environments = told.of("environment")
    assert len({event["hash"] for event in environments}) == len(environments)
    facts = told.environment_of(block)
    assert facts["packages"]["numpy"] == np.__version__
    assert facts["git"] is None
    assert all(digest_of(event["facts"]) == event["hash"] for event in environments)


def test_nothing_new_is_told_at_once_and_from_here(told, monkeypatch):
    with nbtrack.start_run():
        pass
    surroundings.flush(30)
    with nbtrack.start_run():
        pass
    surroundings.flush(30)
    monkeypatch.setattr(module, "environment", lambda **_: pytest.fail("collected again"))
    told.clear()
    with nbtrack.start_run() as run:
        assert [event["t"] for event in told][-1] == "run_environment"
    assert [event["run"] for event in told.of("run_environment")] == [run.run_id]
    assert told.of("environment") == []


def test_a_package_imported_by_the_run_belongs_to_it(told, monkeypatch, tmp_path):
    (tmp_path / "thing_of_today.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with nbtrack.start_run() as run:
        surroundings.flush(30)
        importlib.import_module("thing_of_today")
    try:
        assert "thing_of_today" in told.environment_of(run)["local"]
    finally:
        del sys.modules["thing_of_today"]


def test_a_variable_set_between_runs_is_seen(told, monkeypatch):
    # A library may have set it for its worker processes, in an earlier test.
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with nbtrack.start_run() as before:
        pass
    surroundings.flush(30)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with nbtrack.start_run() as after:
        pass
    assert "OMP_NUM_THREADS" not in told.environment_of(before)["variables"]
    assert told.environment_of(after)["variables"]["OMP_NUM_THREADS"] == "7"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_is_told_and_a_commit_is_seen_at_once(told, workplace):
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", *words], check=True, capture_output=True)

    git("init", "-q")
    Path("train.py").write_text("C = 1\n")
    Path(".gitignore").write_text(".nbtrack\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    Path("train.py").write_text("C = 2\ntoken = 'abcdef123456'\n")
    with nbtrack.start_run() as dirty:
        pass
    surroundings.flush(30)
    git("commit", "-q", "-a", "-m", "second")
    with nbtrack.start_run() as clean:
        pass
    before, after = told.environment_of(dirty)["git"], told.environment_of(clean)["git"]
    assert "+C = 2" in diff_text(before)
    assert "abcdef" not in diff_text(before)
    assert (before["dirty"], after["dirty"]) == (True, False)
    assert before["commit"] != after["commit"]


def test_threads_start_runs_at_once(told):
    def work() -> None:
        for _ in range(20):
            with nbtrack.start_run():
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {event["run"] for event in told.of("run_environment")} == {event["run"] for event in told.of("run")}
    assert not surroundings._runs


def test_a_defect_in_collecting_is_a_problem_of_the_store_and_nobody_elses(told, monkeypatch):
    monkeypatch.setattr(module, "environment", lambda **_: 1 / 0)
    with nbtrack.start_run() as run:
        run.log_metric("x", 1)
    (problem,) = told.of("problem")
    assert "ZeroDivisionError" in problem["text"]
    assert problem["run"] == run.run_id


def test_a_defect_at_the_start_does_not_keep_the_run_from_starting(told, monkeypatch):
    monkeypatch.setattr(generators, "states", lambda: 1 / 0)
    monkeypatch.setattr(surroundings, "settle", lambda run: 1 / 0)
    with nbtrack.start_run() as run:
        run.log_metric("x", 1)
    assert run.status == "finished"
    assert len(told.of("problem")) == 2


def test_a_store_that_takes_nothing_more_does_not_keep_the_run_from_starting(workplace, monkeypatch):
    run = nbtrack.start_run()
    append = Store.append_event

    def refuse(store: Store, event: Any) -> None:
        if event["t"] not in ("run", "end"):
            raise StoreError("full")
        append(store, event)

    monkeypatch.setattr(Store, "append_event", refuse)
    run.end()
    with nbtrack.start_run() as second:
        pass
    assert second.status == "finished"
    assert surroundings.flush(30)


def test_a_deleted_store_is_told_again(told, store_root):
    with nbtrack.start_run():
        pass
    surroundings.flush(30)
    shutil.rmtree(store_root)
    told.clear()
    with nbtrack.start_run():
        pass
    assert told.of("environment")
    assert len(told.of("generator_state")) == 2


def test_runs_are_not_kept_alive(told):
    own = Surroundings()
    with nbtrack.start_run() as run:
        own.attach(run)
        own.settle(run)
    assert own.flush(30)
    assert not own._runs
    assert not own._waiting
    gc.collect()


# --- processes --------------------------------------------------------------------------------------------------------


def events_of(folder: Path) -> list[dict[str, Any]]:
    return [event for file in folder.glob("journal/*.ev") for event in decode_lines(file.read_bytes(), final=True)[0]]


def run_script(code: str) -> subprocess.CompletedProcess[str]:
    script = Path("script.py")
    script.write_text(textwrap.dedent(code))
    # Without DuckDB nothing is merged at the end, and the journal can be read.
    return subprocess.run([sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=240)


def test_a_short_script_tells_before_it_ends(workplace, store_root):
    done = run_script("import nbtrack\nwith nbtrack.start_run(): pass\n")
    assert (done.returncode, done.stderr) == (0, "")
    kinds = [event["t"] for event in events_of(store_root)]
    assert kinds.count("environment") == kinds.count("run_environment") == 1


def test_a_fork_in_the_middle_has_its_own_thread(workplace, store_root):
    done = run_script(
        """
        import os, nbtrack
        with nbtrack.start_run():
            pass
        child = os.fork()
        with nbtrack.start_run():
            import wave
        if child == 0:
            from nbtrack.capture.surroundings import surroundings
            assert surroundings.flush(20)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    events = events_of(store_root)
    runs = {event["run"] for event in events if event["t"] == "run"}
    assert len(runs) == 3
    assert {event["run"] for event in events if event["t"] == "run_environment"} == runs


def test_the_thread_ends_when_nobody_waits(told):
    with nbtrack.start_run():
        pass
    surroundings.flush(30)
    assert not surroundings._working.locked()


# --- data -------------------------------------------------------------------------------------------------------------


def test_inputs_are_recorded_but_not_over_the_users_own(workplace):
    frame, array = pd.DataFrame({"x": [1]}), np.arange(3)
    Path("a.csv").write_text("x\n1\n")
    Path("b.csv").write_text("x\n2\n")
    with nbtrack.start_run() as run:
        run.log_input(frame, "training", name="frame")
        run.log_input("a.csv", name="mine")
        given = record_inputs(run, {"frame": frame, "array": array, "n": 3}, ["a.csv", "b.csv"])
        assert record_inputs(run, {"array": array}, ["b.csv"]) == []
    assert [each.name for each in given] == ["array", "b.csv"]
    found = nbtrack.sql("select name, context, digest, source from inputs order by name").set_index("name")
    assert dict(found["context"].fillna("-")) == {"array": "read", "b.csv": "read", "frame": "training", "mine": "-"}
    assert found.loc["array", "source"] == "ndarray"


def test_what_was_taken_before_the_cell_changed_it_counts(workplace):
    array = np.arange(3)
    taken = data_inputs({"array": array})
    array += 1
    with nbtrack.start_run() as run:
        assert record_inputs(run, {}, [], taken) == taken


def test_attaching_returns_at_once(told, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(module, "environment", lambda **_: release.wait(30) and {})
    begun = time.monotonic()
    with nbtrack.start_run():
        pass
    assert time.monotonic() - begun < 20
    assert not surroundings.flush(0.05)
    release.set()
    assert told.of("run_environment")
    assert os.getpid()

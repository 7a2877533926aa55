"""``nbtrack verify``, and the methods of runs: what they pass on, what they say, and how they end.

What replays do is tested elsewhere; a stand-in takes their place here.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

import nbtrack
from nbtrack.capture.run import ActiveRun
from nbtrack.cli import main
from nbtrack.errors import InputError
from nbtrack.store.handle import Run
from nbtrack.store.references import recorded
from nbtrack.store.store import open_store
from nbtrack.store.verifications import record_verification
from nbtrack.widgets.replaying import Follower, ReplayBar


@pytest.fixture
def store(store_root):
    store = open_store(store_root)
    for number, name in enumerate(("first", "second")):
        run_id = f"{number:032x}"
        store.append_event({"t": "run", "run": run_id, "experiment": "digits", "name": name, "start": 1 + number})
        store.append_event({"t": "end", "run": run_id, "status": "finished", "end": 3})
    return store


@pytest.fixture
def replays(monkeypatch, verification):
    """A stand-in for :func:`nbtrack.verify`, which gives the verdict that it is told; it keeps what it was given."""
    given = SimpleNamespace(verdict="reproduced", error=None, calls=[])

    def verify(run, *, rtol=1e-9, timeout_s=None, watch=None, cancelled=None):
        record, store = recorded(run)
        given.calls.append(SimpleNamespace(run=record.info.run_name, rtol=rtol, timeout_s=timeout_s, watch=watch))
        if watch is not None:
            watch(SimpleNamespace(step=1, steps=2, execution_count=3, memory_bytes=None))
        if given.error is not None:
            raise given.error
        found = replace(
            verification(given.verdict), run_id=record.info.run_id, verification_id=str(len(given.calls)), rtol=rtol
        )
        record_verification(store, found)
        return found

    monkeypatch.setattr(nbtrack, "verify", verify)
    return given


# --- the command --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "code", "glyph"),
    [("reproduced", 0, "✓"), ("within_tolerance", 0, "≈"), ("diverged", 1, "✗"), ("could_not_run", 3, "!")],
)
def test_the_exit_code_is_the_verdict(store, replays, capsys, verdict, code, glyph):
    replays.verdict = verdict
    assert main(["verify", "first"]) == code
    said = capsys.readouterr()
    assert said.out.startswith("first (run 00000000)\n" + glyph)
    assert said.err == ""
    assert main(["verify", "first", "--json"]) == code
    found = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    assert (found["verdict"], found["run_name"], found["run_id"]) == (verdict, "first", "0" * 32)
    assert [call.rtol for call in replays.calls] == [1e-9, 1e-9]
    assert store.run("first").verdict == verdict
    assert main(["ls"]) == 0
    assert glyph in capsys.readouterr().out
    assert main(["show", "first", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verification"]["verdict"] == verdict


def test_what_is_asked_for_is_passed_on(store, replays, capsys):
    assert main(["verify", "--rtol", "1e-6", "--timeout", "30"]) == 0
    (call,) = replays.calls
    assert (call.run, call.rtol, call.timeout_s) == ("second", 1e-6, 30.0)
    assert "tolerance 1e-06" in capsys.readouterr().out


@pytest.mark.parametrize(
    "error",
    [InputError("the run cannot be\nreplayed"), PermissionError(13, "Permission denied", "/tmp/x"), OSError("no room")],
)
def test_what_cannot_be_done_is_not_taken_for_a_verdict(store, replays, capsys, error):
    replays.error = error
    assert main(["verify", "first"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"nbtrack: .+\n", said.err)


def test_a_defect_is_not_taken_for_a_verdict(store, replays, capsys):
    replays.error = RuntimeError("nobody thought of this")
    assert main(["verify", "first"]) == 2
    assert "nobody thought of this" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["verify", "nobody"], ["verify", "--store", "nowhere"]])
def test_a_run_that_is_not_there(store, replays, capsys, words):
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("nbtrack: there is no")
    assert replays.calls == []


@pytest.mark.parametrize("words", [["--rtol", "little"], ["--timeout"], ["a", "b"]])
def test_wrong_usage(store, replays, words):
    with pytest.raises(SystemExit) as ended:
        main(["verify", *words])
    assert ended.value.code == 2


def test_an_interrupt_is_no_verdict(store, replays, capsys):
    replays.error = KeyboardInterrupt()
    assert main(["verify", "first"]) == 130
    assert store.run("first").verdict is None


def test_the_help_says_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    said = capsys.readouterr().out
    for code in range(4):
        assert re.search(rf"^  {code}  \w", said, re.MULTILINE)


# --- while it runs ------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def progress(step, steps=3, count=None):
    return SimpleNamespace(step=step, steps=steps, execution_count=count, memory_bytes=None)


def test_a_terminal_has_a_bar_which_goes_when_it_is_over(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    stream = Terminal()
    with ReplayBar("base\x1bline", stream) as bar:
        for step in (1, 2, 3, 1):
            bar.watch(progress(step, count=step + 4))
    shown = stream.getvalue()
    for words in ("cell 1 of 3  In[5]", "cell 3 of 3  In[7]", "replay 2  cell 1 of 3"):
        assert words in shown
    assert "base\ufffdline" in shown
    assert shown.rpartition("\r")[0].rpartition("\r")[2].strip() == ""
    written = len(shown)
    bar.watch(progress(2))
    assert len(stream.getvalue()) == written


def test_what_is_no_terminal_has_none():
    stream = io.StringIO()
    with ReplayBar("baseline", stream) as bar:
        bar.watch(progress(1))
    assert stream.getvalue() == ""


def test_the_bar_goes_when_the_replay_fails():
    stream = Terminal()
    with contextlib.suppress(KeyboardInterrupt), ReplayBar("baseline", stream) as bar:
        bar.watch(progress(1))
        raise KeyboardInterrupt
    bar.watch(progress(2))
    assert "cell 2" not in stream.getvalue()


def test_replays_are_counted_and_timed_together():
    now = iter(range(100))
    follower = Follower("baseline", clock=lambda: next(now))
    assert follower.view().step == 0
    seen = [follower.view(progress(step)) for step in (0, 1, 1, 2, 0, 1, 2, 0)]
    assert [view.replay for view in seen] == [1, 1, 1, 1, 2, 2, 2, 3]
    assert [view.elapsed_s for view in seen] == sorted(view.elapsed_s for view in seen)


# --- the methods of runs ------------------------------------------------------------------------------------------------


def test_a_run_is_verified_by_its_method_and_knows_it(store, replays):
    (newest, _) = store.runs()
    run = Run(newest, store, whole=False)
    assert (run.verdict, run.verifications) == (None, ())
    found = run.verify(rtol=1e-3)
    assert replays.calls[0].run == "second"
    assert (found.rtol, run.verdict) == (1e-3, "reproduced")
    assert [item.verification_id for item in run.verifications] == ["1"]
    assert run.report()["verification"]["verdict"] == "reproduced"


def test_the_run_of_this_process_is_verified_too(store, replays, monkeypatch):
    active = ActiveRun(store, experiment="digits", name="third").begin()
    active.log_metric("accuracy", 0.5)
    active.end()
    monkeypatch.setattr("nbtrack.capture.active.last_run", lambda: active)
    last = nbtrack.last_active_run()
    assert last is not None
    assert last.verdict is None
    # Once it was asked, and none was there: what comes later is known by who asks again.
    last = nbtrack.last_active_run()
    replays.verdict = "diverged"
    assert active.verify().verdict == "diverged"
    assert (active.verdict, last.verdict, nbtrack.last_active_run().verdict) == ("diverged",) * 3
    assert [item.verdict for item in active.verifications] == ["diverged"]
    assert active.report()["verification"]["verdict"] == last.report()["verification"]["verdict"] == "diverged"
    assert last.report()["verdict"] == "diverged"


def test_a_method_that_runs_again_finds_the_public_function(store, monkeypatch):
    given = []

    def rerun(run, params=None, /, **changes):
        given.append((run, params, changes))

    monkeypatch.setattr(nbtrack, "rerun", rerun)
    run = Run(store.run("first"), store)
    run.rerun(C=0.5, depth=None)
    run.rerun({"cfg.lr": 0.1}, name="other")
    assert given == [(run, None, {"C": 0.5, "depth": None}), (run, {"cfg.lr": 0.1}, {"name": "other"})]

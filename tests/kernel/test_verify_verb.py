"""``%nbtrack verify``: its line and verdict in one place, here and in the background, and what it leaves alone."""

from __future__ import annotations

import random
import threading
import time
from types import SimpleNamespace

import pytest

import nbtrack
from nbtrack.errors import InputError
from nbtrack.magics import verifying
from nbtrack.store.references import recorded
from nbtrack.store.verifications import record_verification
from nbtrack.verification import MetricCheck, Verification

CELL = "%%track base --seed 3\nimport random\nx = random.random()\naccuracy = sum([x, 0.5])"


@pytest.fixture
def replays(monkeypatch):
    """A stand-in for :func:`nbtrack.verify`, which waits until it is let go or cancelled."""
    given = SimpleNamespace(calls=[], error=None, go=threading.Event(), begun=threading.Event(), threads=[])
    given.go.set()

    def verify(run, *, rtol=1e-9, timeout_s=None, watch=None, cancelled=None):
        record, store = recorded(run)
        given.calls.append((record.info.run_name, rtol, timeout_s))
        given.threads.append(threading.current_thread())
        for step in (1, 2):
            watch(SimpleNamespace(step=step, steps=2, execution_count=step + 6, memory_bytes=10**8))
        given.begun.set()
        while not given.go.is_set() and not cancelled.is_set():
            time.sleep(0.01)
        if given.error is not None:
            raise given.error
        found = Verification(
            verification_id=str(len(given.calls)),
            run_id=record.info.run_id,
            verdict="reproduced",
            sentence="",
            metrics=(MetricCheck(key="accuracy", recorded=1.0, replayed=1.0, outcome="exact"),),
            cells=2,
            duration_s=3.2,
        )
        if not cancelled.is_set():
            record_verification(store, found)
        return found

    monkeypatch.setattr(nbtrack, "verify", verify)
    yield given
    given.go.set()
    for thread in list(verifying._under_way):
        thread.join(120)


@pytest.fixture
def tracked(shell, replays):
    assert shell.run(CELL).success
    return shell


def ended(timeout_s=120.0):
    """Wait until nothing is under way in the background."""
    for thread in list(verifying._under_way):
        thread.join(timeout_s)
    assert not verifying._under_way


def test_the_verdict_takes_the_place_of_the_line(tracked, replays):
    result = tracked.run("%nbtrack verify")
    assert result.success
    assert result.result is None
    line, *_, verdict, card = tracked.shown.outputs
    assert "● replaying base" in line["data"]["text/plain"]
    assert "✓ reproduced · 2 cells replayed in 3.2 s, bit for bit" in verdict["data"]["text/plain"]
    assert "<table" in verdict["data"]["text/html"]
    assert verdict["transient"] == line["transient"] != card["transient"]
    assert verdict["update"]
    # The card that stood under the tracked cell says it too.
    assert card["data"]["text/plain"].startswith("base  ✓ finished")
    assert "✓ reproduced" in card["data"]["text/plain"]
    assert nbtrack.get_run("base").verdict == "reproduced"
    assert replays.calls == [("base", 1e-9, None)]


def test_what_is_asked_for_is_passed_on(tracked, replays):
    tracked.run(CELL.replace("base", "second"))
    assert tracked.run("%nbtrack verify base --rtol 1e-3 --timeout 20").success
    assert replays.calls == [("base", 1e-3, 20.0)]


def test_a_run_that_was_replayed_shows_it(tracked):
    tracked.run("%nbtrack verify")
    assert "✓ reproduced" in str(tracked.run("%nbtrack").result)
    assert "✓ reproduced" in str(tracked.run("%nbtrack show").result)
    for held in (nbtrack.get_run("base"), nbtrack.last_active_run()):
        assert "reproduced</b>" in tracked.ip.display_formatter.format(held)[0]["text/html"]


def test_a_verification_that_a_cell_ends_with_is_shown_as_one(tracked, replays):
    found = nbtrack.verify("base", watch=lambda progress: None, cancelled=threading.Event())
    shown, _ = tracked.ip.display_formatter.format(found)
    assert "reproduced</b> · 2 cells replayed in 3.2 s, bit for bit" in shown["text/html"]
    assert shown["text/plain"].startswith(f"run {found.run_id[:8]}\n✓ reproduced · ")
    tracked.run("%unload_ext nbtrack")
    assert "text/html" not in tracked.ip.display_formatter.format(found)[0]
    tracked.run("%load_ext nbtrack")


@pytest.mark.parametrize("option", ["", " --background"])
def test_nothing_of_the_users_is_touched(tracked, replays, option):
    tracked.run("import random; random.seed(1); 5")
    names, state = dict(tracked.ip.user_ns), random.getstate()
    known = {name: tracked.ip.user_ns[name] for name in ("_", "__", "Out")}
    outputs = dict(tracked.ip.user_ns["Out"])
    assert tracked.run(f"%nbtrack verify{option}").success
    ended()
    assert random.getstate() == state
    after = tracked.ip.user_ns
    assert {name for name in after.keys() ^ names.keys() if not name.startswith("_i")} == set()
    assert all(after[name] is value for name, value in known.items())
    assert after["Out"] == outputs


def test_an_interrupt_cancels_and_nothing_is_recorded(tracked, replays):
    replays.error = KeyboardInterrupt()
    assert tracked.run("%nbtrack verify").success
    line, *_, last = tracked.shown.outputs
    assert last["data"]["text/plain"].startswith("■ cancelled after ")
    assert "base was not replayed to its end; nothing is recorded" in last["data"]["text/html"]
    assert last["transient"] == line["transient"]
    assert nbtrack.get_run("base").verdict is None


def test_what_is_refused_leaves_no_line_at_work(tracked, replays, capfd):
    replays.error = InputError("this run has no slice.")
    assert not tracked.run("%nbtrack verify").success
    assert tracked.shown.outputs[-1]["data"] == {"text/plain": "", "text/html": ""}
    assert "UsageError: this run has no slice." in "".join(capfd.readouterr())


@pytest.mark.parametrize("line", ["verify nobody", "verify --rtol", "verify --rtol much", "verify a b"])
def test_wrong_usage_replays_nothing(tracked, replays, line, capfd):
    assert not tracked.run(f"%nbtrack {line}").success
    assert "UsageError" in "".join(capfd.readouterr())
    assert replays.calls == []


def test_in_the_background_the_cell_returns_at_once(tracked, replays):
    replays.go.clear()
    assert tracked.run("%nbtrack verify --background").success
    assert replays.begun.wait(120)
    assert replays.threads[0] is not threading.main_thread()
    (line, *_) = tracked.shown.outputs
    assert "● replaying base" in line["data"]["text/plain"]
    assert tracked.run("y = 1").success
    replays.go.set()
    ended()
    verdict, card = tracked.shown.outputs[-2:]
    assert "✓ reproduced" in verdict["data"]["text/plain"]
    assert verdict["transient"] == line["transient"]
    assert "✓ reproduced" in card["data"]["text/plain"]


def test_the_line_tells_the_time_while_the_replay_says_nothing(tracked, replays):
    replays.go.clear()
    assert tracked.run("%nbtrack verify --background").success
    assert replays.begun.wait(120)
    before = len(tracked.shown.outputs)
    deadline = time.monotonic() + 120
    while len(tracked.shown.outputs) < before + 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "cell 2 of 2  In[8]" in tracked.shown.outputs[-1]["data"]["text/plain"]


@pytest.mark.parametrize("name", ["", " base"])
def test_what_is_in_the_background_can_be_cancelled(tracked, replays, capfd, name):
    replays.go.clear()
    tracked.run("%nbtrack verify --background")
    assert replays.begun.wait(120)
    tracked.shown.outputs.clear()
    assert tracked.run(f"%nbtrack verify{name} --cancel").success
    ended()
    assert "cancelled 1" in capfd.readouterr().out
    assert tracked.shown.outputs[-1]["data"]["text/plain"].startswith("■ cancelled after ")
    assert nbtrack.get_run("base").verdict is None
    tracked.run("%nbtrack verify --cancel")
    assert "no verification is under way" in capfd.readouterr().out


@pytest.mark.parametrize("error", [InputError("this run has no slice."), RuntimeError("a defect <b>")])
def test_an_error_in_the_background_is_said_where_the_line_was(tracked, replays, error, capfd):
    replays.error = error
    replays.go.clear()
    assert tracked.run("%nbtrack verify --background").success
    assert replays.begun.wait(120)
    replays.go.set()
    ended()
    last = tracked.shown.outputs[-1]
    assert str(error) in last["data"]["text/plain"]
    assert last["update"]
    assert "<b>" not in last["data"]["text/html"]
    assert "Traceback" not in "".join(capfd.readouterr())


def test_leaving_stops_what_is_under_way(tracked, replays):
    replays.go.clear()
    tracked.run("%nbtrack verify --background")
    assert replays.begun.wait(120)
    verifying._leave()
    assert not verifying._under_way
    assert nbtrack.get_run("base").verdict is None


def test_a_terminal_gets_the_verdict_as_text(tracked, replays, capfd):
    tracked.ip.display_formatter.active_types = ["text/plain"]
    assert tracked.run("%nbtrack verify").success
    (verdict,) = tracked.shown.outputs
    assert verdict["data"]["text/plain"].startswith("base (run ")
    replays.go.clear()
    tracked.run("%nbtrack verify --background")
    assert "verifying base (" in capfd.readouterr().out
    replays.go.set()
    ended()
    assert len(tracked.shown.outputs) == 1


# --- with real replays --------------------------------------------------------------------------------------------------


def test_in_a_real_kernel(start_kernel):
    kernel = start_kernel()
    kernel.load_without_panels()
    kernel.run("import random, time")
    assert kernel.run(CELL).ok
    kernel.run("random.seed(5); state = random.getstate(); names = set(globals())")
    outcome = kernel.run("%nbtrack verify")
    assert outcome.ok
    assert outcome.stderr == ""
    (shown,) = outcome.of_type("display_data")
    updates = outcome.of_type("update_display_data")
    here = [content for content in updates if content["transient"] == shown["transient"]]
    assert "✓ reproduced" in here[-1]["data"]["text/plain"]
    assert "bit for bit" in here[-1]["data"]["text/html"]
    assert "✓ reproduced" in updates[-1]["data"]["text/plain"]
    assert updates[-1]["data"]["text/plain"].startswith("base  ✓ finished")
    untouched = kernel.run("print(state == random.getstate(), [n for n in set(globals()) - names if n[0] != '_'])")
    assert untouched.stdout == "True ['names']\n"

    message = kernel.start("%nbtrack verify")
    while kernel.client.get_iopub_msg(timeout=240)["msg_type"] != "display_data":
        pass
    kernel.manager.interrupt_kernel()
    cancelled = kernel.finish(message)
    assert cancelled.ok
    assert cancelled.of_type("error") == []
    assert "■ cancelled after" in cancelled.of_type("update_display_data")[-1]["data"]["text/plain"]
    assert len(nbtrack.get_run("base").verifications) == 1

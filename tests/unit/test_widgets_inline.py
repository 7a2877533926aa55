"""Showing things through IPython: in a rich front end, in a terminal, in no IPython at all."""

from __future__ import annotations

import atexit
import contextvars
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nbtrack.views import CardView, LiveView
from nbtrack.widgets.inline import InlineDisplay, Place, Shown

CELL: contextvars.ContextVar[str] = contextvars.ContextVar("CELL", default="no cell")


class RecordingPublisher(CapturingDisplayPublisher):
    """Keeps what is published, and of which cell the publishing context is; calls hooks as a kernel's does."""

    hooks: list = []  # of a test: the fixture clears it

    def register_hook(self, hook):
        self.hooks.append(hook)

    def unregister_hook(self, hook):
        self.hooks.remove(hook)

    def clear_output(self, wait=False):
        message = {"msg_type": "clear_output", "content": {"wait": wait}}
        for hook in self.hooks:
            assert hook(message) is message

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False):
        place = (transient or {}).get("display_id")
        self.outputs.append(SimpleNamespace(data=data, place=place, update=update, cell=CELL.get()))


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    shell = InteractiveShell.instance(config=config)
    shell.display_pub = RecordingPublisher()
    RecordingPublisher.hooks.clear()
    yield shell
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)
    InteractiveShell.clear_instance()


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


@pytest.fixture
def display(shell) -> InlineDisplay:
    return InlineDisplay(shell, clock=Clock())


def published(shell) -> list[SimpleNamespace]:
    return shell.display_pub.outputs


def view(run, name="training") -> CardView:
    return CardView(run(name, metrics={"loss": 0.5}))


def line(step: int, name: str = "training") -> LiveView:
    return LiveView(name, 1.0 * step, step=step)


def test_a_card_carries_both_forms(shell, display, run):
    display.show_card(view(run))
    (output,) = published(shell)
    assert not output.update
    assert "<table" in output.data["text/html"]
    assert output.data["text/plain"].startswith("training  ✓ finished")
    display.show_card(view(run))
    assert published(shell)[1].data == output.data


def test_the_live_panel_is_updated_in_place_and_becomes_the_card(shell, display, run):
    display.begin()
    for step in range(3):
        display.live(line(step))
    display.finish(view(run))
    outputs = published(shell)
    assert [output.update for output in outputs] == [False, True, True, True]
    assert len({output.place for output in outputs}) == 1
    assert [output.data["text/plain"][:10] for output in outputs[:3]] == ["● training"] * 3
    assert "finished" in outputs[3].data["text/html"]


def test_each_cell_has_a_place_of_its_own(shell, display, run):
    for _ in range(2):
        display.begin()
        display.live(line(1))
        display.finish(view(run))
    assert len({output.place for output in published(shell)}) == 2


def test_a_line_left_behind_by_an_earlier_cell_is_left_alone(shell, display, run):
    display.begin()
    display.live(line(1))
    shell.execution_count += 1
    display.begin()
    display.finish(view(run))
    left, card = published(shell)
    assert card.place != left.place
    assert not card.update


def test_without_a_live_panel_the_card_is_displayed(shell, display, run):
    display.begin()
    display.finish(view(run))
    assert [output.update for output in published(shell)] == [False]


def test_nested_runs_of_a_cell_keep_their_places(shell, display, run):
    display.begin()
    display.live(line(1, "outer"))
    display.begin()
    display.live(line(1, "inner"))
    display.finish(view(run, "inner"))
    display.finish(view(run, "outer"))
    outer, inner, inner_card, outer_card = published(shell)
    assert inner_card.place == inner.place != outer.place == outer_card.place
    assert "outer" in outer_card.data["text/plain"]


def test_another_thread_publishes_to_the_cell_that_began(shell, display, run):
    def cell():
        CELL.set("the first cell")
        display.begin()

    contextvars.copy_context().run(cell)
    CELL.set("a later cell")
    thread = threading.Thread(target=display.live, args=(line(1),))
    thread.start()
    thread.join()
    display.live(line(2))
    assert [output.cell for output in published(shell)] == ["the first cell", "the first cell"]


def test_a_cell_that_clears_its_output_gets_a_new_panel_and_its_card(shell, display, run):
    display.begin()
    display.live(line(1))
    shell.display_pub.clear_output()
    display.live(line(2))
    assert len(published(shell)) == 1
    for step in range(3, 6):
        display.live(line(step))
    display.finish(view(run))
    outputs = published(shell)
    assert [output.update for output in outputs] == [False, False, True, True, True]
    assert outputs[0].place != outputs[1].place == outputs[-1].place
    assert RecordingPublisher.hooks == []


@pytest.mark.parametrize("waits", [[True], [False, False], [False, True]])
def test_a_cell_that_shows_things_in_its_own_way_has_the_place_to_itself(shell, display, run, waits):
    display.begin()
    display.live(line(1))
    for wait in waits:
        shell.display_pub.clear_output(wait)
    for step in range(2, 9):
        display.live(line(step))
    display.finish(view(run))
    panel, card = published(shell)
    assert not card.update
    assert card.place != panel.place
    display.begin()
    shell.execution_count += 1
    display.begin()
    display.live(line(1))
    assert len(published(shell)) == 3


def test_a_cell_that_begins_by_clearing_its_output_has_a_panel(shell, run):
    display = InlineDisplay(shell, clock=lambda: 5.0)
    display.begin()
    shell.display_pub.clear_output(wait=True)
    display.live(line(1))
    assert len(published(shell)) == 1


def test_what_a_cell_captures_is_its_own(shell, display, run):
    display.begin()
    display.live(line(1))
    kept, shell.display_pub = shell.display_pub, RecordingPublisher()
    display.live(line(2))
    assert published(shell) == []
    shell.display_pub = kept
    display.live(line(3))
    assert [output.update for output in published(shell)] == [False, True]
    display.dismiss()
    assert RecordingPublisher.hooks == []


def test_a_panel_that_cannot_be_drawn_leaves_the_place_to_the_card(shell, display, run, monkeypatch):
    display.begin()
    monkeypatch.setattr("nbtrack.widgets.live.panel_html", lambda view: 1 / 0)
    # Whoever follows the run catches it, and says it once.
    with pytest.raises(ZeroDivisionError):
        display.live(line(1))
    display.finish(view(run))
    assert [output.update for output in published(shell)] == [False]


def test_many_threads_at_once(shell, display, run):
    display.begin()
    threads = [threading.Thread(target=display.live, args=(line(step),)) for step in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    display.finish(view(run))
    assert len({output.place for output in published(shell)}) == 1
    assert [output.update for output in published(shell)] == [False] + [True] * 20


def test_no_line_before_the_cell_begins_or_after_it_ended(shell, display, run):
    display.live(line(1))
    display.begin()
    display.finish(view(run))
    display.live(line(2))
    assert len(published(shell)) == 1


def test_a_wild_caller_is_slowed_down(shell, run):
    display = InlineDisplay(shell, clock=lambda: 5.0)
    display.begin()
    for step in range(1_000):
        display.live(line(step))
    assert len(published(shell)) == 1


def test_a_front_end_that_fails_ends_the_line_and_nothing_else(shell, display, run, monkeypatch):
    display.begin()

    def broken(*args, **kwargs):
        raise OSError("the socket is closed")

    with monkeypatch.context() as patch:
        patch.setattr(RecordingPublisher, "publish", broken)
        display.live(line(1))
    display.live(line(2))
    assert published(shell) == []
    display.finish(view(run))
    assert [output.update for output in published(shell)] == [False]


def test_a_line_can_be_taken_away(shell, display, run):
    display.begin()
    display.live(line(1))
    display.dismiss()
    shown, taken = published(shell)
    assert taken.update
    assert taken.place == shown.place
    assert taken.data == {"text/plain": "", "text/html": ""}
    display.dismiss()
    assert len(published(shell)) == 2


def test_a_card_says_the_verdict_when_it_is_known(shell, display, run, verification):
    record = run("training", metrics={"loss": 0.5, "accuracy": 0.9})
    for live in (False, True):
        display.begin()
        if live:
            display.live(line(1))
        display.finish(CardView(record, notices=("the disk is full",)))
    display.show_card(view(run, "another"))
    shown = len(published(shell))
    # As the store has it: in another order of metrics.
    stored = run("training", metrics={"accuracy": 0.9, "loss": 0.5}, verifications=(verification("diverged"),))
    display.refresh(stored)
    card, refreshed = published(shell)[shown - 2], published(shell)[shown]
    assert len(published(shell)) == shown + 1
    assert refreshed.update
    assert refreshed.place == card.place
    assert "✗ diverged" in refreshed.data["text/plain"]
    assert "✗</span> <b" in refreshed.data["text/html"]
    before, after = card.data["text/plain"], refreshed.data["text/plain"]
    assert [part for part in after.splitlines() if part in before.splitlines()] == before.splitlines()
    display.refresh(run("a run of another kernel"))
    assert len(published(shell)) == shown + 1


def test_a_terminal_prints_no_card_again(shell, display, run, verification):
    display.show_card(view(run))
    shell.display_formatter.active_types = ["text/plain"]
    display.refresh(run("training", verifications=(verification("reproduced"),)))
    assert len(published(shell)) == 1


def test_not_every_card_is_kept(shell, display, run):
    for number in range(60):
        display.show_card(view(run, f"run {number}"))
    shell.display_pub.outputs.clear()
    for number in (0, 59):
        display.refresh(run(f"run {number}"))
    (output,) = published(shell)
    assert output.data["text/plain"].startswith("run 59")


# --- a place that is filled again and again -----------------------------------------------------------------------------


def test_a_place_is_updated_until_it_is_final(shell):
    place = Place(shell, clock=Clock())
    for number in range(3):
        place.update(Shown(f"<b>{number}</b>", str(number)))
    place.finish(Shown("<b>end</b>", "end"))
    place.update(Shown("late", "late"))
    place.finish(Shown("late", "late"))
    outputs = published(shell)
    assert [output.data["text/plain"] for output in outputs] == ["0", "1", "2", "end"]
    assert [output.update for output in outputs] == [False, True, True, True]
    assert len({output.place for output in outputs}) == 1


def test_a_place_is_not_updated_too_often_but_always_finished(shell):
    place = Place(shell, clock=lambda: 5.0)
    for number in range(100):
        place.update(Shown(str(number), str(number)))
    place.finish(Shown("end", "end"))
    assert [output.data["text/plain"] for output in published(shell)] == ["0", "end"]


def test_a_place_belongs_to_the_cell_that_made_it(shell):
    def cell():
        CELL.set("the first cell")
        places.append(Place(shell, clock=Clock()))
        places[0].update(Shown("at once", "at once"))

    places: list[Place] = []
    contextvars.copy_context().run(cell)
    CELL.set("a later cell")
    threads = [threading.Thread(target=places[0].update, args=(Shown("x", "x"),)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    places[0].finish(Shown("end", "end"))
    assert {output.cell for output in published(shell)} == {"the first cell"}
    assert len(published(shell)) == 12


def test_a_terminal_shows_only_what_stays(shell):
    shell.display_formatter.active_types = ["text/plain"]
    place = Place(shell, clock=Clock())
    place.update(Shown("<b>now</b>", "now"))
    place.finish(Shown("<b>end</b>", "end"))
    (output,) = published(shell)
    assert (output.place, output.update, output.data["text/plain"]) == (None, False, "end")


@pytest.mark.parametrize("begun", [True, False])
def test_a_place_can_be_cleared(shell, begun):
    place = Place(shell, clock=Clock())
    if begun:
        place.update(Shown("<b>now</b>", "now"))
    place.clear()
    place.update(Shown("late", "late"))
    place.finish(Shown("late", "late"))
    assert [output.data["text/plain"] for output in published(shell)] == (["now", ""] if begun else [])


def test_a_front_end_that_fails_does_not_fail_what_is_shown(shell, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("the socket is closed")

    place = Place(shell, clock=Clock())
    monkeypatch.setattr(RecordingPublisher, "publish", broken)
    place.update(Shown("now", "now"))
    place.update(Shown("now", "now"))


def test_a_sentence_is_one_quiet_line(shell, display):
    display.say("the disk is full <b>")
    display.say("nbtrack could not read this")
    first, second = published(shell)
    assert first.data["text/plain"] == "nbtrack: the disk is full <b>"
    assert "nbtrack: the disk is full &lt;b&gt;" in first.data["text/html"]
    assert second.data["text/plain"] == "nbtrack could not read this"


def test_a_terminal_gets_text_and_no_live_panel(shell, display, run):
    shell.display_formatter.active_types = ["text/plain"]
    display.begin()
    display.live(line(1))
    display.finish(view(run))
    (output,) = published(shell)
    assert output.data["text/plain"].startswith("training  ✓ finished")
    assert not output.update


def test_a_result_is_shown_in_both_forms(shell):
    shown = Shown("<b>x</b>", "x")
    assert shell.display_formatter.format(shown)[0] == {"text/plain": "x", "text/html": "<b>x</b>"}
    assert repr(shown) == "x"


def test_the_running_shell_is_found(shell, run):
    InlineDisplay().show_card(view(run))
    assert len(published(shell)) == 1


SCRIPT = """
import sys
from nbtrack.records import RunData, RunInfo, RunRecord
from nbtrack.views import CardView, LiveView
from nbtrack.widgets.inline import InlineDisplay
run = RunRecord(RunInfo(run_id="a" * 32, run_name="r", experiment_id="1", experiment_name="e", status="finished",
                        start_time=0, end_time=1), RunData())
display = InlineDisplay()
display.begin()
display.live(LiveView("r", 1.0))
display.finish(CardView(run))
display.show_card(CardView(run))
display.say("something")
display.dismiss()
assert "IPython" not in sys.modules
import IPython
display.show_card(CardView(run))
"""


def test_a_plain_script_prints_nothing():
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")

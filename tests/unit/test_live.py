"""The live panel: how it looks, and what it is made of."""

from __future__ import annotations

import gc
import itertools
import math
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import nbtrack
from nbtrack.capture import active, progress
from nbtrack.capture.followed import Followed
from nbtrack.capture.gpus import GpuWatch, gpus_in
from nbtrack.capture.live import LivePanel
from nbtrack.capture.pace import Pace
from nbtrack.capture.resources import Family, Meter, memory_bytes
from nbtrack.capture.trails import Trail, Trails
from nbtrack.views import CardView, Gpu, LiveMetric, LiveView, Usage
from nbtrack.widgets.card import card_html, card_text
from nbtrack.widgets.live import left_words, live_html, live_text
from nbtrack.widgets.text import cells


def until(true, timeout_s: float = 120.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- how it looks -------------------------------------------------------------------------------------------------------


FULL = LiveView(
    "training",
    12.3,
    step=480,
    rate_per_s=4.0,
    done=12,
    total=60,
    remaining_s=185.0,
    metrics={"loss": LiveMetric(0.412, (1.0, 0.5, 0.25, 0.1), 0.4), "lr": LiveMetric(0.001)},
    usage=Usage(98.4, 12.0, 512_000_000, 612_000_000, 2, 180.0, (Gpu(0, 87.0, 10**10, 24 * 10**9),)),
    seen_s=1_760_000_000.0,
)


def test_the_text_of_a_panel():
    assert live_text(FULL).split("\n") == [
        "● training  12 of 60  3 min left  12.3 s so far  4.0/s  step 480",
        "  loss  0.412  █▄▂▁  best 0.4",
        "  lr    0.001",
        "  CPU 98 %  memory 512.0 MB, peak 612.0 MB  2 child processes, CPU 180 %",
        "  GPU 0 87 %, 10.0 GB of 24.0 GB",
    ]


def test_the_panel_as_html():
    markup = live_html(FULL)
    assert '<progress value="12" max="60"' in markup
    assert markup.count('<img src="data:image/svg+xml;base64,') == 1
    shown = re.sub(r"<[^>]+>", "", markup).replace("\u00a0", " ")
    for words in ("last seen running at ", "12 of 60", "3 min left", "12.3 s so far", "0.412", "best 0.4", "CPU 98 %"):
        assert words in shown
    assert time.strftime("%H:%M:%S", time.localtime(FULL.seen_s)) in shown
    # A saved notebook outlives the kernel: the time of day says when that was, and the text is the same every day.
    assert not re.search(r"\d\d:\d\d", live_text(FULL))


def test_what_is_not_known_is_left_out():
    assert live_text(LiveView("x", 0.5)) == "● x  500 ms so far"
    assert live_text(LiveView("x", 3.0, rate_per_s=0.25, done=3)) == "● x  3 done  3.0 s so far  4.0 s each"
    assert live_text(LiveView("x", 3.0, step=9, rate_per_s=12_345.6)) == "● x  step 9  3.0 s so far  12,346/s"
    assert "<progress" not in live_html(LiveView("x", 0.5, done=0, total=0))
    assert live_text(LiveView("x", 1.0, usage=Usage())) == "● x  1.0 s so far"
    assert live_text(LiveView("x", 1.0, usage=Usage(gpus=(Gpu(1),)))) == "● x  1.0 s so far\n  GPU 1"
    assert '<progress value="60" max="60"' in live_html(LiveView("x", 1.0, done=61, total=60))


def test_odd_numbers_are_shown_as_they_are():
    view = LiveView("x", 1.0, metrics={"loss": LiveMetric(math.nan), "b": LiveMetric(-math.inf, (0.0, 0.0), 0.0)})
    assert live_text(view).split("\n")[1:] == ["  loss   nan", "  b     -inf  ▁▁  best 0"]
    assert "nan" in live_html(view)


def test_many_metrics_many_cards_and_long_names_have_an_end():
    view = LiveView(
        "a name that goes on and on " * 9,
        3_700.0,
        step=10**9,
        rate_per_s=0.01,
        done=61,
        total=10**9,
        remaining_s=1e300,
        metrics={f"a_rather_long_metric_{'x' * 90}_{i}": LiveMetric(i / 7, tuple(range(64))) for i in range(9)},
        usage=Usage(1.0, 1.0, 1, 1, 1, 0.0, tuple(Gpu(number) for number in range(9))),
        children=3,
        child="y" * 300,
    )
    plain = live_text(view)
    assert max(map(cells, plain.split("\n"))) <= 100
    assert plain.count("best") == 0
    assert "and 3 more metrics: " in plain
    assert "and 5 more GPUs" in plain
    assert "run 3 inside: yyy" in plain
    assert live_html(view).count("<img") == 6
    assert len(live_html(view)) < 12_000
    assert live_text(LiveView("x", 1.0, children=1)).split("\n")[1] == "  1 run inside so far"


def test_what_is_left_is_said_roughly():
    words = [left_words(seconds) for seconds in (0.0, 8, 57, 58, 3_500, 3_700, math.inf)]
    assert words[:4] == ["a few seconds left", "10 s left", "55 s left", "1 min left"]
    assert words[4:6] == ["58 min left", "1 h 01 min left"]
    assert words[6].endswith("left")


def test_the_card_says_what_a_long_run_used(run, now_s):
    record = run(metrics={"loss": 0.5}, seed=3)
    view = CardView(record, usage=Usage(cpu_s=12.0, peak_bytes=10**9))
    assert "seed 3 · the kernel&#x27;s peak memory 1.0 GB · CPU time 12.0 s" in card_html(view, now_s)
    # What differs from one time to the next is not in the text.
    assert card_text(view, now_s) == card_text(CardView(record), now_s)
    assert card_html(CardView(record, usage=Usage()), now_s) == card_html(CardView(record), now_s)


# --- trails -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [1, 3, 1000])
def test_a_trail_keeps_the_shape_of_any_number_of_points(pieces):
    values = np.linspace(0.0, 1.0, 100_000)
    trail = Trail()
    for piece in np.array_split(values, pieces):
        trail.extend(piece)
    trend = trail.trend()
    assert 30 <= len(trend) <= 66
    assert list(trend) == sorted(trend)
    assert trend[0] < 0.05
    assert trend[-1] > 0.95
    assert (trail.lowest, trail.highest) == (0.0, 1.0)
    # Stretches of equal length: the steps between them are equal, too, but for the newest.
    assert np.ptp(np.diff(trend[:-1])) < 1e-9


def test_a_trail_of_single_points_is_these_points():
    trail = Trail()
    for value in (3.0, math.nan, 1.0, math.inf, 2.0):
        trail.extend([value])
    assert trail.trend() == (3.0, 1.0, 2.0)
    assert Trail().trend() == ()


def test_a_trail_of_equal_values_is_flat():
    trail = Trail()
    for count in range(1, 300):
        trail.extend([0.1 + 0.2] * count)
    assert set(trail.trend()) == {0.1 + 0.2}


def test_a_trail_of_huge_values_does_not_warn():
    trail = Trail()
    trail.extend([1.7e308] * 1_000)
    trail.extend([-1.7e308] * 1_001)
    assert all(map(math.isfinite, trail.trend()))


def test_trails_are_read_from_what_was_logged():
    run = nbtrack.start_run()
    trails = Trails(run)
    for step in range(70_000):
        # More than two segments of the journal.
        run.log_metric("loss", step, step)
        if step % 20_000 == 0:
            trails.update()
    assert len(trails.by_key["loss"].trend()) > 30
    run.log_metric("acc", 0.5, 7)
    trails.update()
    assert trails.by_key["acc"].trend() == (0.5,)
    assert trails.by_key["loss"].highest == 69_999
    for step in range(70_000, 70_010):
        run.log_metric("loss", -1.0, step)
    trails.update()
    assert trails.by_key["loss"].lowest == -1.0
    assert trails.first_step == 0
    nbtrack.end_run()


def test_trails_leave_out_other_runs_and_what_was_before():
    with nbtrack.start_run() as first:
        first.log_metric("loss", 100.0)
        trails = Trails(first)
        with nbtrack.start_run(nested=True) as inner:
            inner.log_metric("loss", 1.0)
            first.log_metric("loss", 5.0, 3)
            trails.update()
            assert trails.by_key["loss"].trend() == (5.0,)
            trails.turn_to(inner)
            inner.log_metric("loss", 2.0)
            trails.update()
            assert trails.by_key["loss"].trend()[-1] == 2.0


def test_trails_of_a_store_without_maps_are_sampled(monkeypatch):
    monkeypatch.setattr("nbtrack.store.journal.Journal.points_since", lambda self, mark: ((None, 0), b""))
    with nbtrack.start_run() as run:
        trails = Trails(run)
        for value in (3.0, 2.0, 2.5):
            run.log_metric("loss", value)
            trails.update()
            trails.update()
        assert trails.by_key["loss"].trend() == (3.0, 2.0, 2.5)


def test_the_store_may_be_closed_or_deleted_meanwhile():
    with nbtrack.start_run() as run:
        run.log_metric("loss", 1.0)
        trails = Trails(run)
        run.log_metric("loss", 2.0)
        run.store._journal.close()
        trails.update()
        assert trails.by_key["loss"].highest == 2.0


# --- pace ---------------------------------------------------------------------------------------------------------------


def test_no_pace_without_two_counts():
    pace = Pace(0.0)
    assert (pace.rate_per_s(5.0), pace.remaining_s(5.0, 10)) == (None, None)


def test_the_pace_is_that_of_late():
    pace = Pace(0.0)
    for second in range(100):
        pace.see(second, second // 10 if second < 50 else 5 + 2 * (second - 50))
    assert pace.rate_per_s(99.0) == pytest.approx(2.0)
    assert pace.remaining_s(99.0, 203) == pytest.approx(50.0)


def test_what_is_left_goes_down_within_a_slow_step():
    pace = Pace(0.0)
    for step in range(1, 5):
        pace.see(60.0 * step, step)
    left = [pace.remaining_s(240.0 + passed, 6) for passed in (0.0, 30.0, 59.0, 90.0)]
    assert left[:3] == pytest.approx([120.0, 90.0, 61.0])
    # And not below what the steps behind it take.
    assert left[3] == pytest.approx(60.0)


def test_a_pace_that_stands_still_gets_slower_and_one_that_begins_anew_forgets():
    pace = Pace(0.0)
    for second in range(1, 11):
        pace.see(second, second)
    assert pace.rate_per_s(10.0) == pytest.approx(1.0)
    assert pace.rate_per_s(100.0) < 0.2
    pace.see(101.0, 0)
    assert pace.rate_per_s(102.0) is None
    for second in range(100_000):
        pace.see(200.0 + second, second)
    assert len(pace._marks) <= 65
    assert pace.rate_per_s(100_199.0) == pytest.approx(1.0, rel=0.01)


# --- resources ----------------------------------------------------------------------------------------------------------


def test_the_process_is_measured():
    meter = Meter(GpuWatch())
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    used = meter.read()
    assert used.cpu_percent > 0
    assert used.cpu_s >= 0.3
    assert 10**7 < used.memory_bytes <= used.peak_bytes
    # Only now and then: looking costs something.
    assert meter.read() is used
    assert meter.total().cpu_s >= used.cpu_s


def test_the_peak_is_that_of_the_run_where_it_is_the_highest():
    meter = Meter(GpuWatch())
    before = memory_bytes()
    held = bytearray(200_000_000)
    held[::4096] = b"x" * len(held[::4096])
    del held
    gc.collect()
    peak = meter.total().peak_bytes
    # Other threads may have given some back meanwhile.
    assert peak >= 0.9 * before
    assert peak <= max(before, os.sysconf("SC_PAGE_SIZE")) + 400_000_000


def test_child_processes_are_found_and_their_children():
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "while time.process_time() < 0.2: pass\n"
        "print('busy', flush=True)\ntime.sleep(60)"
    )
    family = Family()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        grandchild = int(child.stdout.readline())
        child.stdout.readline()
        # Others may start more processes meanwhile than are read at a time.
        until(lambda: {child.pid, grandchild} <= family.cpu_s().keys())
        assert family.cpu_s()[child.pid] >= 0.1
        os.kill(grandchild, 9)
        child.kill()
        child.wait()
    assert not {child.pid, grandchild} & family.cpu_s().keys()


def test_a_panel_does_not_wait_for_all_the_processes_of_the_machine(monkeypatch):
    looked = []
    monkeypatch.setattr("nbtrack.capture.resources._stat", lambda number: looked.append(number) or ["S", "0"])
    monkeypatch.setattr("nbtrack.capture.resources.os.listdir", lambda folder: [str(n) for n in range(1, 51)])
    family = Family()
    for expected in (*(range(first, first - 8, -1) for first in range(50, 2, -8)), range(2, 0, -1), ()):
        looked.clear()
        assert family.cpu_s() == {}
        assert looked == list(expected), "the newest first, and none twice"


def test_what_a_child_had_used_before_it_was_seen_is_not_new(monkeypatch):
    clock = itertools.count(100, 5)
    monkeypatch.setattr("nbtrack.capture.resources.time", SimpleNamespace(monotonic=clock.__next__, process_time=float))
    meter = Meter(SimpleNamespace(read=tuple))
    seen = iter([{}, {7: 500.0}, {7: 501.0}])
    monkeypatch.setattr(meter._family, "cpu_s", lambda: next(seen))
    percents = [(used.children, used.children_percent) for used in (meter.read() for _ in range(3))]
    assert percents == [(0, None), (1, 0.0), (1, 20.0)]


def test_a_system_that_tells_nothing_is_asked_once(monkeypatch):
    asked = []

    def broken(self):
        asked.append(1)
        raise PermissionError("/proc")

    monkeypatch.setattr(Family, "_from_proc", broken)
    monkeypatch.setattr("nbtrack.capture.resources._PROC", Path("/proc"))
    family = Family()
    assert (family.cpu_s(), family.cpu_s()) == ({}, {})
    assert len(asked) == 1


def test_without_proc_and_psutil_what_python_knows_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("nbtrack.capture.resources._PROC", tmp_path / "none")
    monkeypatch.setitem(sys.modules, "psutil", None)
    meter = Meter(GpuWatch())
    time.sleep(0.25)
    used = meter.read()
    assert used.memory_bytes is None
    assert used.children == 0
    assert used.cpu_percent is not None


@pytest.mark.parametrize("with_proc", [True, False])
def test_psutil_tells_the_same(monkeypatch, tmp_path, with_proc):
    if not with_proc:
        monkeypatch.setattr("nbtrack.capture.resources._PROC", tmp_path / "none")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        family = Family()
        until(lambda: child.pid in family.cpu_s())
        assert memory_bytes() > 10**7
        child.kill()


# --- graphics cards -----------------------------------------------------------------------------------------------------


def smi(tmp_path: Path, monkeypatch, script: str) -> Path:
    """Put a tool of this name in front of all others."""
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "asked"


def test_cards_are_asked_for_without_waiting(tmp_path, monkeypatch):
    asked = smi(tmp_path, monkeypatch, "echo '0, 87, 10200, 24564'\necho '1, [N/A], 12, 24564'")
    watch = GpuWatch()
    assert watch.read() == ()
    until(lambda: watch.read() != ())
    first, second = watch.read()
    assert first == Gpu(0, 87.0, 10_200 << 20, 24_564 << 20)
    assert second == Gpu(1, None, 12 << 20, 24_564 << 20)
    assert asked.read_text().count("asked") == 1


@pytest.mark.parametrize("script", ["exit 9", "exec sleep 60"])
def test_a_driver_that_fails_is_never_asked_again(tmp_path, monkeypatch, script):
    monkeypatch.setattr("nbtrack.capture.gpus._TIMEOUT_S", 0.2)
    monkeypatch.setattr("nbtrack.capture.gpus._EVERY_S", 0.0)
    asked = smi(tmp_path, monkeypatch, script)
    watch = GpuWatch()
    watch.read()
    until(lambda: (watch.read(), watch._tool is None)[1])
    times = asked.read_text().count("asked") if asked.exists() else 0
    assert times <= 1
    assert [watch.read() for _ in range(3)] == [()] * 3
    assert watch._asked is None


def test_an_answer_that_is_none_has_no_cards():
    assert gpus_in("") == gpus_in("No devices were found\n") == gpus_in("a, b, c, d\n1, 2\n") == ()


# --- what is followed ---------------------------------------------------------------------------------------------------


def later(run, seconds: float) -> None:
    """Have a run begun earlier."""
    run.start_us -= int(seconds * 1e6)


def test_a_short_run_is_not_shown_and_one_that_logs_nothing_only_after_a_while():
    with nbtrack.start_run() as run:
        followed = Followed(run, {}, frozenset(), GpuWatch())
        run.log_metric("loss", 1.0)
        run.log_metric("loss", 0.5)
        assert followed.look() is None
        assert followed.usage() is None
        later(run, 1.0)
        view = followed.look()
        assert view.metrics["loss"] == LiveMetric(0.5, (1.0, 0.5), 0.5)
        assert followed.usage().peak_bytes > 0
    with nbtrack.start_run() as silent:
        followed = Followed(silent, {}, frozenset(), GpuWatch())
        silent.log_metric("accuracy", 0.5)
        later(silent, 2.0)
        assert followed.look() is None
        later(silent, 4.0)
        assert followed.look().metrics["accuracy"].best == 0.5


def test_metrics_that_say_how_good_it_is_come_first():
    with nbtrack.start_run() as run:
        followed = Followed(run, {}, frozenset(), GpuWatch())
        for key in ("lr", "grad_norm", "val_loss", "accuracy"):
            run.log_metrics({key: 1.0}, 0)
        later(run, 6.0)
        assert list(followed.look().metrics) == ["val_loss", "accuracy", "lr", "grad_norm"]


@pytest.mark.parametrize(
    ("names", "params", "expected"),
    [
        ({"epochs": 20, "batch": 8}, {}, (5, 20)),
        ({}, {"n_epochs": 20}, (5, 20)),
        ({}, {"cfg.epochs": 20}, (5, 20)),
        ({"EPOCHS": 20}, {"epochs": 20}, (5, 20)),
        ({"epochs": 20, "n_steps": 100}, {}, (None, None)),
        ({"epochs": 3}, {}, (None, None)),
        ({"epochs": True}, {}, (None, None)),
        ({"epochs": "20"}, {}, (None, None)),
        ({"max_iter": 100}, {}, (None, None)),
    ],
)
def test_the_number_of_epochs_is_taken_from_a_param_or_a_name(names, params, expected):
    with nbtrack.start_run() as run:
        followed = Followed(run, names, frozenset(names), GpuWatch())
        run.log_params(params)
        for epoch in range(5):
            run.log_metric("loss", 1.0, epoch)
        later(run, 10.0)
        view = followed.look()
        assert (view.done, view.total) == expected
        assert (view.remaining_s is not None) == (expected[1] is not None)


def test_epochs_that_are_counted_from_one():
    with nbtrack.start_run() as run:
        followed = Followed(run, {"epochs": 5}, frozenset({"epochs"}), GpuWatch())
        for epoch in range(1, 6):
            run.log_metric("loss", 1.0, epoch)
        later(run, 10.0)
        view = followed.look()
        assert (view.done, view.total, view.remaining_s) == (5, 5, 0.0)


def test_a_loop_with_progress_has_the_say():
    with nbtrack.start_run() as run:
        followed = Followed(run, {"epochs": 500}, frozenset({"epochs"}), GpuWatch())
        later(run, 2.0)
        progress.stand_in(True)
        try:
            for item in nbtrack.progress(range(50), mininterval=0):
                run.log_metric("loss", 1.0, 10 * item)
                view = followed.look()
                if item == 20:
                    break
            assert (view.done, view.total, view.step) == (20, 50, 200)
            assert view.remaining_s is not None
            for _ in nbtrack.progress(iter("abc"), disable=True):
                assert progress.current() is None
        finally:
            progress.stand_in(False)


def test_runs_inside_are_counted_and_the_newest_one_is_shown():
    with nbtrack.start_run() as run:
        followed = Followed(run, {}, frozenset(), GpuWatch())
        active.listen(followed.hear_of)
        later(run, 2.0)
        for name in ("a", "b"):
            with nbtrack.start_run(run_name=name, nested=True) as child:
                child.log_params({"epochs": 4})
                child.log_metric("loss", 1.0)
                child.log_metric("loss", 0.5)
                view = followed.look()
                assert (view.child, view.done, view.total, view.metrics["loss"].value) == (name, 2, 4, 0.5)
        assert view.children == 2
        run.log_metric("best", 0.5)
        assert followed.look().child == ""
        active.unlisten(followed.hear_of)
        active.unlisten(followed.hear_of)
        with nbtrack.start_run(nested=True):
            assert followed.look().children == 2


# --- the thread ---------------------------------------------------------------------------------------------------------


def test_the_thread_follows_from_the_first_second_to_the_end():
    views = []
    panel = LivePanel(views.append)
    with nbtrack.start_run(run_name="outer") as run:
        panel.begin(run)
        run.log_metric("loss", 1.0, 5)
        later(run, 2.0)
        until(lambda: len(views) > 3)
        with nbtrack.start_run(run_name="inner", nested=True) as inner:
            panel.begin(inner)
            inner.log_metric("loss", 1.0, 5)
            later(inner, 2.0)
            until(lambda: views[-1].run_name == "inner")
            assert panel.end(inner).cpu_s is not None
        seen = len(views)
        until(lambda: len(views) > seen)
        # The one around goes on.
        assert {view.run_name for view in views[seen:]} == {"outer"}
        assert panel.end(run) is not None
        assert panel.end(run) is None
    seen = len(views)
    time.sleep(0.5)
    assert len(views) == seen


def test_a_failure_ends_the_panel_alone_and_is_told_at_the_end():
    def broken(view):
        shown.append(view)
        raise ValueError("no panel today")

    shown = []
    panel = LivePanel(broken)
    with nbtrack.start_run() as run:
        panel.begin(run)
        run.log_metric("loss", 1.0, 5)
        later(run, 2.0)
        until(lambda: shown)
        time.sleep(0.5)
        assert len(shown) == 1
        with pytest.raises(ValueError, match="no panel today"):
            panel.end(run)
    # The next cell has one again.
    with nbtrack.start_run() as run:
        panel.begin(run)
        run.log_metric("loss", 1.0, 5)
        later(run, 2.0)
        until(lambda: len(shown) == 2)
        with pytest.raises(ValueError, match="no panel today"):
            panel.end(run)


def test_the_end_of_a_cell_waits_for_nothing_but_what_is_being_shown():
    going = threading.Event()
    panel = LivePanel(lambda view: going.wait(30))
    with nbtrack.start_run() as run:
        panel.begin(run)
        later(run, 10.0)
        until(lambda: panel._lock.locked())
        going.set()
        panel.end(run)

"""Real kernels: order of outputs, interrupts, death, two at once, the live panel."""

from __future__ import annotations

import os
import signal
import time

import nbtrack


def card_of(outcome):
    cards = [
        content["data"].get("text/html", "")
        for content in outcome.of_type("display_data") + outcome.of_type("update_display_data")
    ]
    return next((card for card in reversed(cards) if card), "")


def test_the_card_stands_below_the_cells_own_output(start_kernel):
    kernel = start_kernel()
    assert kernel.load_without_panels().ok
    outcome = kernel.run(
        "%%track baseline\nprint('own output')\nC = 0.5\naccuracy = C + 0.25\naccuracy", {"cellId": "c1"}
    )
    assert outcome.ok
    assert outcome.order == ["stream", "execute_result", "display_data"]
    assert outcome.of_type("execute_result")[0]["data"]["text/plain"] == "0.75"
    assert "baseline" in card_of(outcome)
    assert "0.75" in card_of(outcome)
    run = nbtrack.get_run("baseline")
    assert run.info.source.cell_id == "c1"
    assert run.params == {"C": 0.5}
    assert run.metrics == {"accuracy": 0.75}


def test_an_error_reaches_the_front_end_untouched(start_kernel):
    kernel = start_kernel()
    kernel.run("%load_ext nbtrack")
    outcome = kernel.run("%%track\n{}['missing']")
    assert outcome.reply["status"] == "error"
    assert outcome.reply["ename"] == "KeyError"
    assert len(outcome.of_type("error")) == 1
    assert not [line for line in outcome.reply["traceback"] if "nbtrack" in line]
    assert "failed" in card_of(outcome)


def test_interrupting_works(start_kernel):
    kernel = start_kernel()
    kernel.run("%load_ext nbtrack")
    message = kernel.start(
        "%%track stopped\nimport time, nbtrack\n"
        "for step in range(100_000):\n    nbtrack.log_metric('loss', 1 / (step + 1), step)\n    time.sleep(0.01)\n"
        "    if step == 30: print('under way', flush=True)"
    )
    kernel.wait_for_output("under way")
    kernel.manager.interrupt_kernel()
    outcome = kernel.finish(message)
    assert outcome.reply["ename"] == "KeyboardInterrupt"
    assert "interrupted" in card_of(outcome)
    run = nbtrack.get_run("stopped")
    assert run.info.status == "interrupted"
    steps = list(run.history("loss")["step"])
    assert steps == list(range(len(steps)))
    assert len(steps) > 10
    assert kernel.run("%%track after\nx = 1").ok


def test_interrupts_at_any_moment_leave_the_next_cell_whole(start_kernel):
    kernel = start_kernel()
    kernel.run("%load_ext nbtrack\nimport nbtrack")
    for round_number in range(8):
        message = kernel.start(
            f"%%track r{round_number}\nprint('begun', flush=True)\n"
            "step = 0\nwhile True:\n    nbtrack.log_metric('loss', 1.0, step)\n    step += 1"
        )
        kernel.wait_for_output("begun")
        time.sleep(0.02 * round_number)
        kernel.manager.interrupt_kernel()
        assert kernel.finish(message).reply["ename"] == "KeyboardInterrupt"
    assert kernel.run("%%track whole\nloss = sum([1]) / 4").ok
    table = nbtrack.runs()
    assert set(table[table["run_name"].str.startswith("r")]["status"]) == {"interrupted"}
    for run_id in table["run_id"]:
        history = nbtrack.get_run(run_id).history("loss")
        assert list(history["step"]) == list(range(len(history)))


def test_a_killed_kernel_loses_nothing_and_its_run_is_crashed(start_kernel):
    kernel = start_kernel()
    kernel.run("%load_ext nbtrack")
    kernel.start(
        "%%track killed\nimport nbtrack, os, signal\nnbtrack.log_param('C', 3)\n"
        "for step in range(5_000):\n    nbtrack.log_metric('loss', step / 2, step)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    deadline = time.monotonic() + 120
    while kernel.manager.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    run = nbtrack.get_run("killed")
    assert run.info.status == "crashed"
    assert run.params["C"] == 3
    history = run.history("loss")
    assert list(history["value"]) == [step / 2 for step in range(5_000)]


def test_two_kernels_on_one_store(start_kernel):
    first, second = start_kernel(), start_kernel()
    for kernel in (first, second):
        assert kernel.run("%load_ext nbtrack").ok
    code = (
        "%%track {}\nimport nbtrack, time\n"
        "for step in range(2_000):\n    nbtrack.log_metric('loss', step, step)\n    time.sleep(0.0005)"
    )
    waiting = [(kernel, kernel.start(code.format(name))) for kernel, name in ((first, "first"), (second, "second"))]
    for kernel, message in waiting:
        assert kernel.finish(message).ok
    for name in ("first", "second"):
        assert list(nbtrack.get_run(name).history("loss")["step"]) == list(range(2_000))
    assert "first" in first.run("%nbtrack runs").of_type("execute_result")[0]["data"]["text/plain"]
    assert "first" in second.run("%nbtrack runs").of_type("execute_result")[0]["data"]["text/plain"]


COUNTED = """
updates, publisher = 0, get_ipython().display_pub
publish = publisher.publish
def counted(*arguments, update=False, **more):
    global updates
    updates += update
    return publish(*arguments, update=update, **more)
publisher.publish = counted
"""


def test_the_live_panel_updates_in_place_and_becomes_the_card(start_kernel):
    kernel = start_kernel()
    kernel.run(f"%load_ext nbtrack\n{COUNTED}")
    outcome = kernel.run(
        "%%track loop\nimport nbtrack, time\n"
        "for epoch in nbtrack.progress(range(40)):\n    nbtrack.log_metric('loss', 1 / (epoch + 1))\n"
        "    while epoch == 30 and updates < 3: time.sleep(0.05)"
    )
    assert outcome.ok
    shown = outcome.of_type("display_data")
    updates = outcome.of_type("update_display_data")
    assert len(shown) == 1
    # At most ten a second.
    assert 3 <= len(updates) <= 10 * nbtrack.get_run("loop").info.duration_s + 2
    identity = {content["transient"]["display_id"] for content in shown + updates}
    assert len(identity) == 1
    assert "of\u00a040" in "".join(content["data"]["text/html"] for content in shown + updates)
    assert "finished" in updates[-1]["data"]["text/html"]
    # tqdm's own bar stays away where the live panel stands in for it.
    assert outcome.stderr == ""


def test_the_live_panel_can_be_switched_off(start_kernel, monkeypatch):
    monkeypatch.setenv("NBTRACK_LIVE", "0")
    kernel = start_kernel()
    kernel.run("%load_ext nbtrack")
    outcome = kernel.run(
        "%%track loop\nimport nbtrack, time\nfor step in range(30):\n    nbtrack.log_metric('loss', step)\n    time.sleep(0.03)"
    )
    assert outcome.of_type("update_display_data") == []
    assert len(outcome.of_type("display_data")) == 1


def test_the_second_run_is_compared_with_the_first(start_kernel):
    kernel = start_kernel()
    kernel.load_without_panels()
    kernel.run("%%track one\naccuracy = sum([9]) / 10")
    text = kernel.run("%%track two\naccuracy = sum([8]) / 10").of_type("display_data")[0]["data"]["text/plain"]
    assert "0.1" in text
    other = start_kernel()
    other.load_without_panels()
    # A new kernel reads the earlier runs in the background, and its first card waits only a moment for that.
    reading = "import gc, nbtrack.capture.baseline as read\n[it.wait(120) for it in gc.get_objects() if type(it) is read.Baselines]"
    assert other.run(reading).ok
    text = other.run("%%track three\naccuracy = sum([7]) / 10").of_type("display_data")[0]["data"]["text/plain"]
    assert "0.2" in text


def test_a_forked_child_logs_into_the_run_and_leaves_it_to_its_parent(start_kernel):
    kernel = start_kernel()
    kernel.run("%load_ext nbtrack")
    outcome = kernel.run(
        "%%track forked\nimport os, nbtrack\n"
        "nbtrack.log_metric('parent', 1.0)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n    nbtrack.log_metric('child', 2.0)\n    os._exit(0)\n"
        "os.waitpid(pid, 0)\nnbtrack.log_metric('parent', 3.0)"
    )
    assert outcome.ok
    run = nbtrack.get_run("forked")
    assert run.info.status == "finished"
    assert run.metrics["child"] == 2.0
    assert list(run.history("parent")["value"]) == [1.0, 3.0]


def test_a_kernel_that_ends_with_an_open_run_ends_it(start_kernel):
    kernel = start_kernel()
    kernel.run("import nbtrack\nrun = nbtrack.start_run(run_name='open')\nnbtrack.log_metric('loss', 1.0)")
    kernel.client.shutdown()
    deadline = time.monotonic() + 120
    while kernel.manager.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert nbtrack.get_run("open").info.status == "finished"


def test_a_stopped_process_is_seen_by_whoever_looks_next(workplace):
    import subprocess
    import sys

    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import nbtrack, time\nnbtrack.start_run(run_name='alone')\nnbtrack.log_metric('loss', 1.0)\n"
            "print('ready', flush=True)\ntime.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert nbtrack.get_run("alone").info.status == "running"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert nbtrack.get_run("alone").info.status == "crashed"

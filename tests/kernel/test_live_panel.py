"""The live panel of real kernels: how often it is sent, what it ends as, and that the cell's own output is left alone."""

from __future__ import annotations

import re
import time
from pathlib import Path

import nbclient
import nbformat
import pytest

import nbtrack

# Cells go on until the panel was drawn as often as a test needs it: how long that takes depends on the machine.
COUNT = """
import nbtrack.widgets.live as shown
views, draw = [], shown.panel_html
def drawn(view):
    views.append(view)
    return draw(view)
shown.panel_html = drawn
def until(true):
    end = time.monotonic() + 120
    while not true() and time.monotonic() < end:
        yield
"""
LOOP = """
views.clear()
for step, _ in enumerate(until(lambda: {condition})):
    nbtrack.log_metric('loss', 1 / (step + 1), step)
    {body}
"""


def loop(condition: str, body: str = "pass") -> str:
    """Return a cell's body that logs as fast as it can until something is so."""
    return LOOP.format(condition=condition, body=body)


def panels(outcome):
    """Return what was shown in the panel's place, as (is an update, place, HTML)."""
    return [
        (message["msg_type"] == "update_display_data", message["content"]["transient"].get("display_id"),
         message["content"]["data"].get("text/html", ""))
        for message in outcome.messages
        if message["msg_type"] in ("display_data", "update_display_data")
    ]  # fmt: skip


@pytest.fixture
def kernel(start_kernel):
    kernel = start_kernel()
    assert kernel.run("%load_ext nbtrack\nimport nbtrack, time" + COUNT).ok
    return kernel


def test_a_flood_of_points_and_prints_is_shown_some_times_a_second_and_nothing_is_lost(kernel):
    outcome = kernel.run(
        "%%track flood" + loop("len(views) > 8", "if step % 100 == 0: print('line', step, flush=step % 700 == 0)")
    )
    assert outcome.ok
    run = nbtrack.get_run("flood")
    count = len(run.history("loss"))
    assert count > 1_000
    assert outcome.stdout == "".join(f"line {step}\n" for step in range(0, count, 100))
    first, *updates = panels(outcome)
    assert not first[0]
    assert all(is_update for is_update, *_ in updates)
    assert len({place for _, place, _ in [first, *updates]}) == 1
    # At most ten a second.
    assert 8 <= len(updates) <= 10 * run.info.duration_s + 2
    for _, _, markup in [first, *updates[:-1]]:
        assert "last seen running at" in markup
        assert '<img src="data:image/svg+xml;base64,' in markup
        assert len(markup) < 10_000
    assert "finished" in updates[-1][2]
    assert "peak memory" in updates[-1][2]
    assert "last seen" not in updates[-1][2]
    seen = [
        int(found.replace(",", "")) for _, _, markup in updates for found in re.findall(r"step\xa0([\d,]+)", markup)
    ]
    assert seen == sorted(seen)
    assert len(set(seen)) >= 3
    assert count - 1 >= seen[-1] > seen[0]


def test_a_short_cell_shows_its_card_alone(kernel):
    # Short it is as long as the machine does not stall.
    kernel.run("from nbtrack.capture import followed\nfollowed._FIRST_AFTER_S = 60.0")
    outcome = kernel.run("%%track short\nfor step in range(3000): nbtrack.log_metric('loss', step)")
    assert [is_update for is_update, *_ in panels(outcome)] == [False]
    assert "finished" in panels(outcome)[0][2]
    assert "peak memory" not in panels(outcome)[0][2]


def test_what_a_cell_captures_or_clears_is_its_own(kernel):
    captured = kernel.run(
        "%%track captured\nfrom IPython.utils.capture import capture_output\nwith capture_output() as caught:"
        "\n    views.clear()\n    for step in range(200):\n        nbtrack.log_metric('loss', step)\n        time.sleep(0.01)"
        "\nprint(len(caught.outputs), repr(caught.stdout))"
    )
    assert captured.stdout == "0 ''\n"
    assert "finished" in panels(captured)[-1][2]
    cleared = kernel.run(
        "%%track cleared\nfrom IPython.display import clear_output"
        + loop("len(views) > 1")
        + "print('before')\nclear_output()\nprint('after')"
    )
    assert cleared.ok
    # What was updated before is gone from the page: the card has to be a new output.
    assert panels(cleared)[0][:1] == (False,)
    is_update, place, markup = panels(cleared)[-1]
    assert not is_update
    assert place != panels(cleared)[0][1]
    assert "finished" in markup
    assert cleared.order.index("clear_output") < len(cleared.order) - 1


def test_an_interrupted_cell_ends_as_its_card(kernel):
    message = kernel.start("%%track stopped\nprint('begun', flush=True)" + loop("False"))
    kernel.wait_for_output("begun")
    deadline = time.monotonic() + 240
    while kernel.client.get_iopub_msg(timeout=240)["msg_type"] != "update_display_data":
        assert time.monotonic() < deadline
    kernel.manager.interrupt_kernel()
    outcome = kernel.finish(message)
    assert outcome.reply["ename"] == "KeyboardInterrupt"
    assert "interrupted" in panels(outcome)[-1][2]
    after = kernel.run("time.sleep(0.6)")
    assert after.messages == []


def test_a_panel_that_fails_is_one_quiet_line_below_the_cells_output(kernel):
    kernel.run("kept, draw = draw, lambda view: 1 / 0")
    outcome = kernel.run("%%track unlucky" + loop("views") + "print('done')")
    kernel.run("draw = kept")
    assert outcome.ok
    assert (outcome.stdout, outcome.stderr) == ("done\n", "")
    line, card = panels(outcome)
    # Nothing was there that the card could take the place of.
    assert not card[0]
    assert "nbtrack could not show the live panel (ZeroDivisionError: division by zero)" in line[2]
    assert "finished" in card[2]
    assert len(nbtrack.get_run("unlucky").history("loss")) > 10


def test_tracked_cells_within_tracked_cells_and_runs_within_them(kernel):
    inner = "%%track inner\n" + loop("len(views) > 1")
    outcome = kernel.run(
        f"%%track outer\nget_ipython().run_cell({inner!r})\nfor name in 'ab':\n"
        "    with nbtrack.start_run(run_name=name):\n"
        "        for _ in until(lambda: any(view.child == name for view in views)):\n"
        "            nbtrack.log_metric('loss', 1.0)\n            time.sleep(0.02)"
    )
    assert outcome.ok
    places = {}
    for _, place, markup in panels(outcome):
        places.setdefault(place, []).append(markup)
    # The one around may have been shown before the one inside had run for long enough.
    first, second = sorted(places.values(), key=lambda shown: "outer" in shown[-1])
    assert "inner" in first[0]
    assert "finished" in first[-1]
    # The one around goes on when the one inside has ended.
    assert any("run 3 inside: b" in markup for markup in second)
    assert "outer" in second[-1]
    assert "finished" in second[-1]


def test_threads_log_into_the_panel_too(kernel):
    outcome = kernel.run(
        "%%track threads\nfrom concurrent.futures import ThreadPoolExecutor\nviews.clear()\n"
        "def log(key):\n    for step, _ in enumerate(until(lambda: any(len(view.metrics) == 4 for view in views))):\n"
        "        nbtrack.log_metric(key, step, step)\n        time.sleep(0.05)\n"
        "with ThreadPoolExecutor(4) as pool:\n    list(pool.map(log, ['a', 'b', 'c', 'd']))"
    )
    assert outcome.ok
    shown = [markup for _, _, markup in panels(outcome) if "last seen" in markup]
    assert all(f">{key}</td>" in shown[-1] for key in "abcd")


def test_quiet_leaves_the_card_alone(start_kernel, monkeypatch):
    monkeypatch.setenv("NBTRACK_LIVE", "0")
    kernel = start_kernel()
    kernel.run("%load_ext nbtrack\nimport nbtrack, time")
    outcome = kernel.run(
        "%%track loop\nfor step in nbtrack.progress(range(30)):\n    nbtrack.log_metric('loss', step)\n    time.sleep(0.05)"
    )
    ((is_update, _, markup),) = panels(outcome)
    assert not is_update
    assert "finished" in markup
    assert outcome.order == ["display_data"]
    # A loop of an ordinary cell has its bar.
    assert kernel.run("for step in nbtrack.progress(range(30)): pass").of_type("comm_open")


def test_a_terminal_has_tqdms_bar_in_place_of_a_panel(shell, capfd):
    assert shell.ip.display_formatter.active_types
    shell.ip.display_formatter.active_types = ["text/plain"]
    shell.run("import nbtrack, time")
    shell.run("%%track loop\nfor step in nbtrack.progress(range(20)):\n    nbtrack.log_metric('loss', step)")
    assert "20/20" in capfd.readouterr().err
    (card,) = shell.cards
    assert "finished" in card


def test_an_executed_notebook_has_the_card_where_the_panel_was(workplace: Path):
    cell = "%%track loop" + loop("len(views) > 2", "if step % 1000 == 0: print('line')")
    codes = ("%load_ext nbtrack\nimport nbtrack, time" + COUNT, cell)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    nbclient.NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(workplace)}}).execute()
    shown = [output for output in notebook.cells[1].outputs if output.output_type == "display_data"]
    (card,) = shown
    assert "✓ finished" in card.data["text/plain"]
    assert "last seen" not in card.data["text/html"]
    printed = "".join(output.text for output in notebook.cells[1].outputs if output.output_type == "stream")
    assert printed
    assert set(printed.splitlines()) == {"line"}

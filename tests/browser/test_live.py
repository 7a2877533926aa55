"""The live panel as a person sees it in JupyterLab: while a cell runs, and when its kernel is gone."""

from __future__ import annotations

import os
import re
import signal

import pytest

# It goes on until the test has seen enough: how fast that is depends on who else uses the machine.
TRAINING = """%%track training
import math, os, time
epochs = 2_000
for epoch in nbtrack.progress(range(epochs)):
    for batch in range(20):
        step = 20 * epoch + batch
        nbtrack.log_metric('loss', 2 / (1 + step / 300) + 0.05 * math.sin(step), step)
        time.sleep(0.003)
    nbtrack.log_metrics({'val_accuracy': 1 - 1 / (1 + epoch / 15), 'lr': 0.1 * 0.98 ** epoch}, epoch)
    if epoch % 8 == 0:
        print('epoch', epoch)
    if os.path.exists('THEME-seen'):
        break
print('done')"""
ENDLESS = """%%track endless
import time
for step in range(100_000):
    nbtrack.log_metric('loss', 1 / (step + 1), step)
    time.sleep(0.01)"""
LOAD = "%load_ext nbtrack\nimport nbtrack, os\nprint('pid', os.getpid())"
# The words of the panel: those of a saved notebook are there at any time, and shown only where nothing says otherwise.
WORDS = """index => { const area = document.querySelectorAll('.jp-NotebookPanel .jp-Cell')[index];
    const seen = [...area.querySelectorAll('span')].find(span => span.textContent === 'last seen running at ');
    if (!seen) return null;
    const now = getComputedStyle(seen, '::before');
    return {then: parseFloat(getComputedStyle(seen).fontSize), now: now.content === 'none' ? 0 : parseFloat(now.fontSize)} }"""
COUNT = """index => { window.texts = []; new MutationObserver(() => {
        const panel = document.querySelectorAll('.jp-NotebookPanel .jp-Cell')[index]?.querySelector('.nbtrack-live');
        if (panel && panel.textContent !== window.texts.at(-1)) window.texts.push(panel.textContent); })
    .observe(document.body, {childList: true, subtree: true}); }"""


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_panel_moves_while_the_cell_runs_and_becomes_the_card(theme, lab):
    lab.theme(theme)
    name = theme.split()[1].lower()
    notebook = lab.notebook(f"live_{name}.ipynb", [LOAD, TRAINING.replace("THEME", name)])
    notebook.run(0)
    notebook.page.evaluate(COUNT, 1)
    notebook.start(1)
    notebook.page.wait_for_function("() => window.texts.length >= 8", timeout=60_000)
    notebook.page.wait_for_function(f"() => ({WORDS})(1).then === 0 && ({WORDS})(1).now === 13", timeout=60_000)
    notebook.shot(f"live_{name}", 1)
    # The next panel takes the place of this one and of its picture.
    notebook.page.wait_for_function(
        "() => { const image = document.querySelector('.nbtrack-live img'); return image?.complete && image.naturalWidth > 0 }"
    )
    # What the system says comes every two seconds.
    notebook.page.wait_for_function("() => window.texts.at(-1).includes('CPU')")
    (lab.root / f"{name}-seen").touch()
    notebook.wait_for(1, "finished")
    texts = notebook.page.evaluate("() => window.texts")
    assert len({re.search(r"([\d,]+)\s+of\s+2,000", text)[1] for text in texts}) >= 4
    assert all(words in texts[-1].replace("\u00a0", " ") for words in ("left", "loss", "best", "CPU", "memory"))
    (card,) = (shown for shown in notebook.outputs(1) if "finished" in shown)
    assert "val_accuracy" in card
    assert "last seen" not in notebook.output(1)
    # The panel came between two prints, and took nothing of them.
    printed = " ".join(shown for shown in notebook.outputs(1) if shown != card).split()
    epochs = [int(word) for word in printed[1:-1:2]]
    assert epochs == list(range(0, 8 * len(epochs), 8))
    assert printed[-1] == "done"
    notebook.shot(f"live_{name}_done", 1)
    notebook.shut_down()
    lab.theme("JupyterLab Light")


def test_the_panel_of_a_killed_kernel_does_not_say_that_it_runs(lab):
    notebook = lab.notebook("killed.ipynb", [LOAD, ENDLESS])
    notebook.run(0)
    kernel = int(notebook.output(0).split("pid")[1])
    notebook.start(1)
    notebook.wait_for(1, "endless")
    notebook.save()
    os.kill(kernel, signal.SIGKILL)
    # In the page that is still open, as soon as no news come.
    notebook.page.wait_for_function(f"() => ({WORDS})(1).now === 0", timeout=60_000)
    notebook.context.close()
    notebook = lab.open("killed.ipynb")
    assert re.search(r"last seen running at \d\d:\d\d:\d\d", notebook.output(1))
    # Busy as it may be for a moment, the new kernel is not that of the panel.
    notebook.page.wait_for_function(f"() => ({WORDS})(1).then > 8 && ({WORDS})(1).now === 0", timeout=60_000)
    notebook.shot("live_killed", 1)
    notebook.shut_down()


def test_nothing_failed_in_the_page(lab):
    assert lab.errors == []

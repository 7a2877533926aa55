"""What a person sees in JupyterLab."""

from __future__ import annotations

import json

import pytest

TRAIN = """%%track {name}
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
X, y = load_digits(return_X_y=True)
C = {C}
accuracy = LogisticRegression(C=C, max_iter=50, tol=0.1).fit(X[:900], y[:900]).score(X[900:], y[900:])
accuracy"""


def result_and_card(notebook, index):
    """Return a cell's two outputs; the card stands first where the cell took long enough to have a panel."""
    result, card = sorted(notebook.outputs(index), key=lambda text: "finished" in text)
    return result, card


def test_a_newcomer_tracks_a_cell_edits_it_and_sees_the_table(lab):
    notebook = lab.notebook("newcomer.ipynb", ["%load_ext nbtrack", TRAIN.format(name="first", C=0.001), "%nbtrack"])
    notebook.run(0)
    assert notebook.output(0) == ""
    notebook.run(1)
    result, card = result_and_card(notebook, 1)
    assert result.startswith("0.")
    assert "first" in card
    assert "finished" in card
    assert "accuracy" in card
    notebook.shot("card_first", 1)
    notebook.edit(1, TRAIN.format(name="second", C=0.1))
    notebook.run(1)
    _, card = result_and_card(notebook, 1)
    assert "second" in card
    assert "best" in card
    notebook.shot("card_second", 1)
    notebook.run(1)
    notebook.run(2)
    table = notebook.output(2)
    assert table.count("second") == 2
    assert "first" in table
    notebook.shot("table", 2)
    notebook.shot("newcomer")
    notebook.shut_down()


def test_the_saved_notebook_shows_the_card_without_a_kernel(lab):
    notebook = lab.notebook("saved.ipynb", ["%load_ext nbtrack", "%%track kept\nC = 3\nloss = C / 4", "%nbtrack runs"])
    for index in range(3):
        notebook.run(index)
    shown = notebook.output(1), notebook.output(2)
    notebook.save()
    notebook.shut_down()
    again = lab.open("saved.ipynb")
    assert (again.output(1), again.output(2)) == shown
    again.shut_down()
    # Edited outside, the notebook's signature no longer fits: JupyterLab shows what an untrusted notebook may show.
    document = json.loads((lab.root / "saved.ipynb").read_text())
    document["cells"][0]["source"] += "  # edited elsewhere"
    (lab.root / "received.ipynb").write_text(json.dumps(document))
    received = lab.open("received.ipynb")
    assert (received.output(1), received.output(2)) == shown
    received.shot("untrusted", 1)
    received.shut_down()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_card_and_table_in_both_themes(theme, lab):
    lab.theme(theme)
    name = theme.split()[1].lower()
    notebook = lab.notebook(
        f"{name}.ipynb",
        [
            "%load_ext nbtrack",
            f"%%track good-{name} --seed 1 --tag stage=draft --note 'a note'\nC = 0.5\nloss = C / 4\naccuracy = 1 - loss",
            "%%track bad\nloss = 1 / 0",
            "%nbtrack",
            f"%nbtrack show good-{name}",
        ],
    )
    notebook.run_all()
    for index, what in ((1, "card"), (2, "failed"), (3, "table"), (4, "show")):
        notebook.shot(f"{what}_{name}", index)
    assert "ZeroDivisionError" in notebook.output(2)
    assert "a note" in notebook.output(4)
    assert "stage=draft" in notebook.output(4)
    notebook.shut_down()
    lab.theme("JupyterLab Light")


def test_two_notebooks_at_once_on_one_store(lab):
    code = (
        "%%track {}\nimport nbtrack, time\n"
        "for step in range(300):\n    nbtrack.log_metric('loss', 1 / (step + 1), step)\n    time.sleep(0.005)"
    )
    one = lab.notebook("one.ipynb", ["%load_ext nbtrack", code.format("from-one"), "%nbtrack"])
    two = lab.notebook("two.ipynb", ["%load_ext nbtrack", code.format("from-two"), "%nbtrack"])
    one.run(0)
    two.run(0)
    one.start(1)
    two.start(1)
    one.wait_for(1, "finished")
    two.wait_for(1, "finished")
    for notebook in (one, two):
        notebook.run(2)
        assert "from-one" in notebook.output(2)
        assert "from-two" in notebook.output(2)
        notebook.shut_down()


def test_nothing_failed_in_the_page(lab):
    assert lab.errors == []


def test_no_request_leaves_the_machine(lab):
    page = lab.browser.context().new_page()
    refused = page.evaluate(
        """async () => { const socket = new WebSocket('wss://example.com/socket');
            const closed = new Promise(done => { socket.onclose = socket.onerror = done });
            const failed = await fetch('https://example.com/page').then(() => 'answered', () => 'failed');
            await closed; return failed; }"""
    )
    page.context.close()
    assert refused == "failed"
    assert sorted(lab.refused) == ["https://example.com/page", "wss://example.com/socket"]
    lab.refused.clear()

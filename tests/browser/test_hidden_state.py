"""A story of hidden state, told with the real front end: what it sends is what hazards are found by."""

from __future__ import annotations

import pytest

CELLS = [
    "%load_ext nbtrack",
    "scale = 10",
    "rows = [scale * n for n in range(5)]",
    "share = 0.2",
    "extra = [3]",
    "rate = 0.5",
    "%%track story\nk = 2\nscore = sum(rows) * share * rate / k + sum(extra)",
    "%nbtrack hazards",
    "%nbtrack show",
    "%nbtrack",
]
SCALE, ROWS, SHARE, EXTRA, RATE, TRACKED = range(1, 7)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_edits_deletions_and_the_saved_document_arrive(theme, lab):
    lab.theme(theme)
    name = theme.split()[1].lower()
    notebook = lab.notebook(f"hidden_{name}.ipynb", CELLS)
    for index in range(TRACKED + 1):
        notebook.run(index)
    assert "⚠" not in notebook.output(TRACKED)
    notebook.shot(f"hidden_clean_{name}", TRACKED)

    notebook.type(SCALE, "scale = 20")
    notebook.run(SCALE)
    notebook.type(SHARE, "share = 0.3")
    notebook.insert_below(RATE, "extra = [*extra, 4]")
    notebook.delete(RATE)
    notebook.save()
    # One cell went and one came: the others stand where they stood.
    notebook.run(TRACKED)
    card = notebook.output(TRACKED)
    notebook.shot(f"hidden_{name}", TRACKED)
    notebook.run(TRACKED + 1)
    hazards = notebook.output(TRACKED + 1)
    for label in ("stale_input", "edited_cell", "deleted_cell", "skipped_cell"):
        assert label in hazards, hazards
    assert "not decided" not in hazards
    assert "used scale = 10" in card
    assert card.count("⚠") == 4
    notebook.shot(f"hidden_hazards_{name}", TRACKED + 1)
    notebook.run(TRACKED + 2)
    notebook.shot(f"hidden_show_{name}", TRACKED + 2)
    notebook.run(TRACKED + 3)
    notebook.shot(f"hidden_table_{name}", TRACKED + 3)
    notebook.shut_down()
    lab.theme("JupyterLab Light")


def test_nothing_failed_in_the_page(lab):
    assert lab.errors == []

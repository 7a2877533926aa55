"""``%nbtrack verify`` with the real front end: the line becomes the verdict, also when its cell has long ended."""

from __future__ import annotations

import pytest

CELLS = [
    "%load_ext nbtrack",
    "import random\nfrom pathlib import Path",
    "rows = [int(part) for part in Path('numbers.csv').read_text().split(',')]",
    "%%track baseline --seed 3\nscore = sum(rows) + random.random()",
    "%nbtrack verify",
    "%nbtrack verify --background",
    "done = 1 + 1\nprint('the cell below ran', done)",
    "%nbtrack runs",
    "%nbtrack show",
]
TRACKED, VERIFY, BACKGROUND, NEXT, TABLE, SHOW = range(3, 9)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_line_becomes_the_verdict_and_the_card_says_it(theme, lab):
    lab.theme(theme)
    name = theme.split()[1].lower()
    data = lab.root / "numbers.csv"
    data.write_text("1,2,3")
    notebook = lab.notebook(f"verify_{name}.ipynb", CELLS)
    for index in range(TRACKED + 1):
        notebook.run(index)
    assert "reproduced" not in notebook.output(TRACKED)
    notebook.watch(VERIFY)
    notebook.start(VERIFY)
    notebook.saw("replaying\u00a0baseline")
    notebook.shot(f"verify_line_{name}", VERIFY)
    notebook.wait_for(VERIFY, "bit for bit")
    assert "replaying" not in notebook.output(VERIFY)
    assert len(notebook.outputs(VERIFY)) == 1
    notebook.wait_for(TRACKED, "✓ reproduced")
    notebook.shot(f"verify_reproduced_{name}", VERIFY)

    data.write_text("1,2,4")
    notebook.watch(BACKGROUND)
    notebook.start(BACKGROUND)
    notebook.saw("replaying\u00a0baseline")
    notebook.run(NEXT)
    assert "the cell below ran 2" in notebook.output(NEXT)
    notebook.wait_for(BACKGROUND, "✗ diverged")
    assert "numbers.csv" in notebook.output(BACKGROUND)
    notebook.wait_for(TRACKED, "✗ diverged")
    notebook.shot(f"verify_background_{name}", BACKGROUND)
    notebook.shot(f"verify_card_{name}", TRACKED)
    for index in (TABLE, SHOW):
        notebook.run(index)
        notebook.shot(f"verify_{'table' if index == TABLE else 'show'}_{name}", index)
    assert "✗\u00a0diverged" in notebook.output(TABLE)
    assert "1 earlier verification" in notebook.output(SHOW)
    notebook.save()
    notebook.shut_down()
    again = lab.open(f"verify_{name}.ipynb")
    assert "✗ diverged" in again.output(TRACKED)
    assert "bit for bit" in again.output(VERIFY)
    again.shut_down()
    lab.theme("JupyterLab Light")


def test_nothing_failed_in_the_page(lab):
    assert lab.errors == []

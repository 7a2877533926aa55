"""The run table in Notebook 7, whose keys are caught elsewhere than JupyterLab's."""

from __future__ import annotations

import pytest

CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(it => it.model.type).join()"""
SETUP = """
import nbtrack
for number in range(8):
    with nbtrack.start_run(run_name=f"run-{number}"):
        nbtrack.log_metric("loss", 1 / (number + 1))
nbtrack.table()
"""
# To insert, to delete, to cut, to change a cell's kind.
COMMANDS = "b a d d x c v y m z 1 Enter b d d".split()


@pytest.fixture(scope="module")
def face():
    return "notebook"


def test_the_notebooks_keys_do_nothing_in_the_table(lab):
    notebook = lab.notebook("seven.ipynb", [SETUP, "1 + 1"])
    page = notebook.page
    notebook.run(0)
    page.wait_for_selector(".nt-row .nt-name", timeout=60_000)
    cells = page.evaluate(CELLS)

    def press(where):
        for key in COMMANDS:
            page.keyboard.press(key)
        page.wait_for_timeout(150)
        assert page.evaluate(CELLS) == cells, where

    page.locator(".nt-row").nth(2).click()
    press("grid")
    page.locator(".nt-quick").click()
    press("words")
    assert page.locator(".nt-quick").input_value().startswith("baddx")
    page.locator(".nt-quick").fill("")
    page.get_by_role("button", name="Filters", exact=True).click()
    page.locator(".nt-filter").first.click()
    press("filter")
    page.locator(".nt-filter").first.fill("")
    page.get_by_role("button", name="Columns", exact=True).click()
    press("menu")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Differing", exact=True).focus()
    press("button")
    notebook.shot("notebook7")
    # And outside of it they still do what they always did.
    page.locator(".jp-Cell").nth(1).locator(".jp-InputPrompt").click()
    page.keyboard.press("b")
    page.wait_for_function(f"before => ({CELLS})() !== before", arg=cells)
    notebook.shut_down()

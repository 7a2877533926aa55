"""What nbtrack shows, held against axe-core's rules, in light and in dark; the web page is in ``test_ui.py``."""

from __future__ import annotations

import pytest

SETUP = """
import random
import nbtrack
nbtrack.configure(live=False)
%load_ext nbtrack
for number in range(6):
    with nbtrack.start_run(run_name=f"ridge-{number}", nested=number > 3):
        nbtrack.log_params({"rate": 0.1 / (number + 1), "model": "ridge" if number % 2 else "<b>rf</b>"})
        for step in range(30):
            nbtrack.log_metric("loss", random.random() / (step + 1), step=step)
        nbtrack.log_metric("accuracy", random.random())
        nbtrack.log_text("some words", "notes.txt")
        nbtrack.set_tag("stage", "draft")
try:
    with nbtrack.start_run(run_name="broken"):
        1 / 0
except ZeroDivisionError:
    pass
"""
CELLS = {
    "card": "%%track noisy --note 'a note'\nscale = 2\nvalue = random.random() * scale",
    "hazards": "%nbtrack hazards noisy",
    "verdict": "%nbtrack verify noisy",
    "table": "%nbtrack",
    "detail": "nbtrack.show('ridge-1')",
    "comparison": "nbtrack.compare('ridge-0', 'ridge-1', 'noisy')",
    "chart": "nbtrack.chart(['ridge-0', 'ridge-1'])",
    "edited": "nbtrack.configure(live=True)\nnbtrack.show('ridge-1')",
    "live": "nbtrack.table()",
}
# Long enough for everything that is looked at meanwhile; it is interrupted.
RUNNING = """
%%track slow
import time
for epoch in nbtrack.progress(range(3000)):
    nbtrack.log_metrics({"loss": 1 / (epoch + 1), "accuracy": epoch / 3000})
    time.sleep(0.05)
"""
# The elements that are ours, not those around them.
OUTPUTS = ".jp-OutputArea-output:not(.jp-OutputArea-prompt)"


def themed(page, name):
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=name)
    page.wait_for_timeout(300)


THEMES = ["JupyterLab Light", "JupyterLab Dark"]


@pytest.fixture(scope="module")
def shown(lab):
    notebook = lab.notebook("accessible.ipynb", [SETUP, *CELLS.values(), RUNNING.strip()])
    for place in range(len(CELLS) + 1):
        notebook.run(place)
    notebook.page.wait_for_selector(".nt-row .nt-name")
    yield notebook
    notebook.shut_down()


def test_what_is_wrong_is_told(shown, violations):
    page = shown.page
    page.locator(".nt-root").scroll_into_view_if_needed()
    page.evaluate(
        """() => { const place = document.createElement('div'); place.id = 'planted';
            place.innerHTML = '<p style="color:#999;background:#fff">faint words</p><button></button>';
            document.querySelector('.nt-root').prepend(place); }"""
    )
    told = violations(page, ".nt-root #planted")
    page.evaluate("() => document.getElementById('planted').remove()")
    assert sorted(line.partition(":")[0] for line in told) == ["button-name", "color-contrast"]


@pytest.mark.parametrize("theme", THEMES)
def test_outputs_in_a_notebook(shown, violations, theme):
    page = shown.page
    themed(page, theme)
    found = {}
    for place, name in enumerate(CELLS, start=1):
        cell = page.locator(".jp-NotebookPanel .jp-Cell").nth(place)
        cell.scroll_into_view_if_needed()
        cell.evaluate("(cell, name) => { cell.dataset.shows = name }", name)
        assert cell.locator(OUTPUTS).count(), f"{name} shows nothing"
        shown.shot(f"accessible_{name}_{theme.split()[1].lower()}", place)
        found[name] = violations(page, f"[data-shows={name}] .jp-OutputArea-child {OUTPUTS}")
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_the_live_table_with_all_that_opens(shown, violations, theme):
    page = shown.page
    themed(page, theme)
    root = page.locator(".nt-root")
    root.scroll_into_view_if_needed()
    shade = theme.split()[1].lower()
    found = {}

    def check(name):
        found[name] = violations(page, ".nt-root")
        shown.shot(f"accessible_live_{name}_{shade}", len(CELLS))

    def press(name):
        root.get_by_role("button", name=name, exact=True).click()

    press("Filters")
    page.locator(".nt-expression").fill("metrics.loss >> 1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".nt-error:not([hidden])")
    check("filters")
    page.locator(".nt-expression").fill("")
    press("Filters")
    page.locator(".nt-row").nth(0).click()
    page.locator(".nt-row").nth(2).click(modifiers=["Shift"])
    for name in ("Compare", "Chart"):
        press(name)
        page.wait_for_selector(".nt-pane:not([hidden])")
        page.wait_for_function(
            "name => document.querySelector('.nt-title').textContent.startsWith(name)", arg=name.lower()
        )
        check(name.lower())
    page.locator(".nt-row").nth(1).click()
    press("Show")
    page.wait_for_function("() => !document.querySelector('.nt-title').textContent.includes('chart')")
    check("show")
    press("Tag…")
    check("asking")
    page.keyboard.press("Escape")
    for name in ("Columns", "Group"):
        press(name)
        check(name.lower())
        page.keyboard.press("Escape")
    shown_at = page.locator(".nt-head [role=columnheader]").filter(has=page.get_by_text("accuracy", exact=True))
    shown_at.hover()
    shown_at.locator(".nt-menu").click()
    check("menu")
    page.keyboard.press("Escape")
    press("Clear")
    page.locator(".nt-panehead button").click()
    assert {name: told for name, told in found.items() if told} == {}


def test_the_panel_of_a_running_cell(shown, violations):
    page, place = shown.page, len(CELLS) + 1
    shown.start(place)
    shown.wait_for(place, "accuracy", 60)
    found = {}
    for theme in THEMES:
        themed(page, theme)
        cell = page.locator(".jp-NotebookPanel .jp-Cell").nth(place)
        cell.scroll_into_view_if_needed()
        cell.evaluate("cell => { cell.dataset.shows = 'panel' }")
        shown.shot(f"accessible_panel_{theme.split()[1].lower()}", place)
        found[theme] = violations(page, f"[data-shows=panel] .jp-OutputArea-child {OUTPUTS}")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    shown.wait_for(place, "interrupted", 60)
    assert {theme: told for theme, told in found.items() if told} == {}

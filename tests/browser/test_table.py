"""The live run table, as a person uses it in JupyterLab."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest
from nbtrack_tests_tables import CELLS, DEMO, Shown

# From 7.4 on the kernel answers widgets after the cell; before, in a thread beside it.
ANSWERS_BESIDE_THE_CELL = tuple(map(int, version("ipykernel").split(".")[:2])) < (7, 4)


@pytest.fixture
def shown(lab, request):
    (lab.root / "go-on").unlink(missing_ok=True)
    table = Shown(
        lab,
        request.node.name.split("[")[0],
        [
            "t = nbtrack.table()\nt",
            "seen = []\nt.on_selection(seen.append)",
            "print(len(t.selection), len(seen) > 0, [run.info.run_name for run in t.selected()])",
            "import pathlib, time\nfor n in range(4):\n    with nbtrack.start_run(run_name=f'live-{n}'):\n"
            "        nbtrack.log_metric('accuracy', 0.5)\n    time.sleep(0.5)\n"
            "while not pathlib.Path('go-on').exists():\n    time.sleep(0.1)",
            "t.selection = ['broken']",
        ],
    )
    yield table
    table.notebook.shut_down()


def test_sorting_by_one_column_and_by_several(shown):
    assert shown.column("run")[0] == "broken"
    shown.head("accuracy").click()
    best = [float(text) for text in shown.column("accuracy")[:10]]
    assert best == sorted(best, reverse=True), "what is better comes first"
    shown.head("accuracy").click()
    worst = [float(text) for text in shown.column("accuracy")[:10]]
    assert worst == sorted(worst)
    assert shown.head("accuracy").get_attribute("aria-sort") == "ascending"
    shown.head("depth").click()
    shown.head("accuracy").click(modifiers=["Shift"])
    pairs = list(zip(map(int, shown.column("depth")[:12]), map(float, shown.column("accuracy")[:12]), strict=True))
    assert pairs == sorted(pairs, key=lambda pair: (pair[0], -pair[1]))
    shown.head("depth").click()
    assert shown.head("accuracy").get_attribute("aria-sort") == "none"


def test_filtering_in_three_ways(shown):
    page = shown.page
    page.locator(".nt-quick").fill("svm RIDGE")
    shown.settle()
    assert all("ridge" in name for name in shown.column("run"))
    assert set(shown.column("model")) == {"svm"}
    page.locator(".nt-quick").fill("")
    shown.settle()
    page.locator(".nt-expression").fill("metrics.accuracy > 0.9 and params.model = 'rf'")
    page.keyboard.press("Enter")
    shown.wait_for_status(" of 53 runs")
    assert all(float(text) > 0.9 for text in shown.column("accuracy"))
    page.locator(".nt-expression").fill("metrics.accuracy >> 0.9")
    page.keyboard.press("Enter")
    page.wait_for_selector(".nt-error:not([hidden])")
    assert "expected a value, found >" in page.locator(".nt-error").inner_text()
    shown.notebook.shot("table_error", 1)
    page.locator(".nt-expression").fill("")
    shown.settle()
    assert shown.status() == "53 runs"
    shown.button("Filters").click()
    page.get_by_label("filter metrics.accuracy").fill("0.9..0.95")
    page.get_by_label("filter status").fill("fin")
    shown.settle()
    assert all(0.9 <= float(text) <= 0.95 for text in shown.column("accuracy"))
    page.get_by_label("filter metrics.loss").fill("nan")
    shown.settle()
    assert set(shown.column("loss")) <= {"nan"}
    page.get_by_label("filter metrics.loss").fill("much")
    shown.settle()
    assert "accepted is" in shown.status()
    page.get_by_role("button", name="Filters (3)").click()
    shown.settle()
    assert "53 runs" in shown.status()


def test_selecting_with_mouse_and_keys_reaches_python(shown):
    page, notebook = shown.page, shown.notebook
    notebook.run(2)
    cells = page.evaluate(CELLS)
    page.locator(".nt-grid").scroll_into_view_if_needed()
    page.locator(".nt-row").nth(2).click()
    page.locator(".nt-row").nth(5).click(modifiers=["Shift"])
    shown.wait_for_status("4 selected")
    page.locator(".nt-row").nth(7).click(modifiers=["Control"])
    shown.wait_for_status("5 selected")
    page.keyboard.press("Escape")
    shown.wait_for_status("53 runs")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    shown.wait_for_status("3 selected")
    # Each of these is a command of the notebook: to insert, to delete, to cut, to change a cell's kind.
    for key in "b a d d x c v y m z 1 Enter Escape b d d".split():
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert page.evaluate(CELLS) == cells
    page.keyboard.press("Control+a")
    shown.wait_for_status("53 selected")
    page.keyboard.press("Escape")
    page.locator(".nt-row").nth(1).click()
    shown.wait_for_status("1 selected")
    name = shown.column("run")[1]
    notebook.run(3)
    assert f"1 True ['{name}']" in notebook.output(3)
    notebook.run(5)
    page.locator(".nt-grid").scroll_into_view_if_needed()
    page.wait_for_function(
        "() => document.querySelector('.nt-row[aria-selected=true] .nt-name')?.textContent === 'broken'"
    )


def test_every_place_for_the_focus_shuts_out_the_notebooks_keys(shown):
    missing = shown.page.evaluate(
        """() => [...document.querySelectorAll('.nt-root, .nt-root button, .nt-root input, .nt-root [tabindex]')]
            .filter(it => it.getAttribute('data-lm-suppress-shortcuts') !== 'true').map(it => it.outerHTML.slice(0, 80))"""
    )
    assert missing == []
    cells = shown.page.evaluate(CELLS)
    for name in ("Columns", "Differing"):
        shown.button(name).focus()
        for key in "b a d d".split():
            shown.page.keyboard.press(key)
    assert shown.page.evaluate(CELLS) == cells


def test_folding_grouping_and_choosing_columns(shown):
    page = shown.page
    assert page.locator(".nt-fold").count() > 0
    before = len(shown.rows())
    assert "fold-1" not in shown.column("run")
    page.locator(".nt-fold").first.click()
    assert "fold-1" in shown.column("run")
    page.locator(".nt-fold").first.click()
    assert len(shown.rows()) == before
    shown.button("Group").click()
    page.get_by_role("menuitemcheckbox", name="params.model").click()
    shown.wait_for_status("3 groups")
    assert sorted(shown.column("run")) == ["mlp", "rf", "svm"]
    assert all(text.startswith("⌀ 0.") for text in shown.column("accuracy"))
    page.locator(".nt-group").first.click()
    assert len(shown.rows()) > 3
    shown.notebook.shot("table_groups", 1)
    shown.button("Group").click()
    page.get_by_role("menuitemcheckbox", name="no groups").click()
    shown.button("Columns").click()
    page.get_by_role("menuitemcheckbox", name="lr", exact=True).click()
    page.get_by_role("menuitemcheckbox", name="id", exact=True).click()
    page.keyboard.press("Escape")
    shown.settle()
    labels = page.locator(".nt-text").all_inner_texts()
    assert "lr" not in labels
    assert len(shown.column("id")[0]) == 8
    shown.head("loss").hover()
    shown.head("loss").locator(".nt-menu").click()
    page.get_by_role("menuitemcheckbox", name="Pinned to the left").click()
    assert page.locator(".nt-text").all_inner_texts()[:2] == ["run", "loss"]
    width = shown.head("loss").bounding_box()["width"]
    edge = shown.head("loss").locator(".nt-resize").bounding_box()
    page.mouse.move(edge["x"] + 2, edge["y"] + 5)
    page.mouse.down()
    page.mouse.move(edge["x"] + 62, edge["y"] + 5)
    page.mouse.up()
    assert shown.head("loss").bounding_box()["width"] == pytest.approx(width + 60, abs=3)
    page.locator(".nt-quick").fill("ridge")
    shown.settle()
    shown.button("Differing").click()
    shown.settle()
    assert "data" not in page.locator(".nt-text").all_inner_texts()
    shown.button("Differing").click()
    shown.settle()
    assert "data" in page.locator(".nt-text").all_inner_texts()


def test_what_is_done_with_the_selected_runs(shown):
    page = shown.page
    page.locator(".nt-row").nth(1).click()
    page.locator(".nt-row").nth(2).click(modifiers=["Shift"])
    shown.button("Compare").click()
    page.wait_for_function("() => document.querySelector('.nt-content').textContent.includes('accuracy')")
    page.locator(".nt-row").nth(1).click()
    name = shown.column("run")[1]
    shown.button("Tag…").click()
    page.keyboard.type("stage=best")
    page.keyboard.press("Enter")
    shown.wait_for_status("tag set on 1 run")
    shown.button("Show").click()
    page.wait_for_function("() => document.querySelector('.nt-content').textContent.includes('stage=best')")
    shown.notebook.shot("table_show", 1)
    shown.button("Archive").click()
    shown.wait_for_status("52 runs")
    assert name not in shown.column("run")


def test_new_runs_appear_while_their_cell_runs_and_the_table_still_works(shown, lab):
    page = shown.page
    shown.notebook.start(4)
    page.locator(".nt-grid").scroll_into_view_if_needed()
    shown.wait_for_status("57 runs")
    assert shown.notebook.count(4) is None, "the cell still runs"
    shown.head("accuracy").click()
    shown.head("accuracy").click()
    assert shown.column("run")[0].startswith("live-")
    page.locator(".nt-expression").fill("metrics.accuracy > 0.9")
    page.keyboard.press("Enter")
    if ANSWERS_BESIDE_THE_CELL:
        shown.wait_for_status(" of 57 runs")
    else:
        page.wait_for_selector(".nt-waiting:not([hidden])")
    (lab.root / "go-on").touch()
    shown.wait_for_status(" of 57 runs")
    page.wait_for_selector(".nt-waiting", state="hidden")
    assert all(float(text) > 0.9 for text in shown.column("accuracy"))


def test_a_cell_that_waits_is_given_what_was_selected_before_it(shown, lab):
    shown.notebook.run(2)
    shown.notebook.start(4)
    page = shown.page
    page.locator(".nt-grid").scroll_into_view_if_needed()
    shown.wait_for_status("57 runs")
    # Only the first of these fits in before the kernel is asked to wait for the running cell.
    page.locator(".nt-row").nth(6).click()
    page.locator(".nt-row").nth(8).click(modifiers=["Control"])
    page.locator(".nt-row").nth(9).click(modifiers=["Control"])
    shown.wait_for_status("3 selected")
    shown.notebook.start(3)
    assert shown.notebook.count(4) is None, "the first cell still runs"
    (lab.root / "go-on").touch()
    shown.notebook.wait_for(3, "True")
    assert shown.notebook.output(3).startswith("3 True")


def test_without_a_kernel_the_still_picture_shows(lab):
    table = Shown(lab, "still", ["%load_ext nbtrack\n%nbtrack"])
    assert "showing 20 of 53 runs" not in table.notebook.output(1), "the still picture is hidden"
    table.notebook.save()
    table.notebook.shut_down()
    document = json.loads((lab.root / "still.ipynb").read_text())
    outputs = document["cells"][1]["outputs"]
    assert len(json.dumps(outputs)) < 150_000
    assert outputs[1]["data"]["text/plain"] in ("", [])
    again = lab.open("still.ipynb")
    again.wait_for(1, "showing 20 of 53 runs")
    again.page.wait_for_timeout(1500)
    assert "Error" not in again.output(1)
    again.shot("table_still", 1)
    again.shut_down()


def test_the_plain_table_where_nothing_live_is_wanted(lab):
    (lab.root / "demo.py").write_text(DEMO)
    setup = "import nbtrack\nnbtrack.set_store('store-plain')\nimport demo\nnbtrack.configure(live=False)"
    cells = [f"{setup}\n%load_ext nbtrack", "%nbtrack"]
    notebook = lab.notebook("plain.ipynb", cells)
    notebook.run_all()
    assert "showing 20 of 53 runs" in notebook.output(1)
    assert notebook.page.locator(".nt-root").count() == 0
    notebook.shut_down()


QUESTIONS = [
    {"sort": ["accuracy"]},
    {"sort": ["loss"]},
    {"sort": ["loss", "loss"]},
    {"sort": ["model"]},
    {"sort": ["fold"]},
    {"sort": ["run"]},
    {"filters": {"metrics.loss": "< 0.3", "params.model": "=RF"}},
    {"filters": {"params.depth": "3..5", "status": "!=failed"}},
    {"filters": {"metrics.loss": "empty"}},
    {"filters": {"params.lr": "0.01", "run_name": "!ridge"}},
    {"filters": {"start_time": "1h"}},
    {"quick": "svm forest"},
    {"expression": "metrics.loss > 0.2 or params.fold >= 1"},
]


def test_kernel_and_browser_answer_alike(lab):
    """The same runs twice: in the browser, and as if there were too many of them for that."""
    two = (
        "from nbtrack.widgets.runtable import source\nkept = nbtrack.table(columns='all', rows=40)\nsource.IN_BROWSER = 0\n"
        "paged = nbtrack.table(columns='all', rows=40)\nsource.IN_BROWSER = 50_000\ndisplay(kept, paged)"
    )
    table = Shown(lab, "alike", [two])
    page = table.page
    page.wait_for_function("() => document.querySelectorAll('.nt-grid .nt-name').length > 40")
    # The first page of many runs is short; the rest of the screen comes by itself.
    table.settle(1)

    def ask(number, question):
        root = page.locator(".nt-root").nth(number)
        for label in question.get("sort", []):
            root.locator(".nt-head [role=columnheader]").filter(has=page.get_by_text(label, exact=True)).last.click()
        if "filters" in question:
            root.get_by_role("button", name="Filters").click()
            for column, text in question["filters"].items():
                root.get_by_label(f"filter {column}", exact=True).fill(text)
                table.settle(number)
        if "quick" in question:
            root.locator(".nt-quick").fill(question["quick"])
        if "expression" in question:
            root.locator(".nt-expression").fill(question["expression"])
            root.locator(".nt-expression").press("Enter")
        table.settle(number)
        found = [name for name in table.column("run", number) if name]
        status = root.locator(".nt-status").inner_text()
        if "filters" in question:
            root.get_by_role("button", name="Filters (").click()
        root.locator(".nt-quick").fill("")
        root.locator(".nt-expression").fill("")
        for _ in range(3):
            heads = root.locator(".nt-head [aria-sort=ascending], .nt-head [aria-sort=descending]")
            if heads.count():
                heads.first.click()
                table.settle(number)
        table.settle(number)
        return found, status

    for question in QUESTIONS:
        here, status = ask(0, question)
        there, counted = ask(1, question)
        size = min(len(here), len(there), 20)
        assert here[:size] == there[:size], question
        assert status == counted, question
    table.notebook.shut_down()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_table_in_both_themes(theme, lab):
    lab.theme(theme)
    name = theme.split()[1].lower()
    table = Shown(lab, f"look_{name}", ["nbtrack.table()"])
    table.head("accuracy").click()
    table.page.locator(".nt-row").nth(3).click()
    table.page.keyboard.press("Shift+ArrowDown")
    table.notebook.shot(f"table_live_{name}", 1)
    paper = table.page.evaluate("() => getComputedStyle(document.querySelector('.nt-row')).backgroundColor")
    red = int(paper.removeprefix("rgb(").split(",")[0]) if paper.startswith("rgb(") else None
    assert red is None or (red > 200) == (name == "light")
    table.notebook.shut_down()
    lab.theme("JupyterLab Light")
    assert lab.errors == []

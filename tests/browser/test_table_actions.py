"""Curves, a baseline, actions on the selection and many runs in the live run table; and where it cannot live."""

from __future__ import annotations

import json

from nbtrack_tests_tables import all_drawn, curved


def test_curves_a_baseline_and_what_is_done_with_the_selection(lab):
    cells = [
        "t = nbtrack.table(rows=12)\nt",
        "print(t.baseline == nbtrack.get_run('run-27').info.run_id)",
        "t.baseline = None",
    ]
    table = curved(lab, "curved", cells)
    page = table.page
    all_drawn(page)
    head = page.locator(".nt-head [role=columnheader]").filter(has_text="curve")
    assert head.inner_text().split() == ["curve", "accuracy", "⋮"]
    table.head("loss").click()
    assert head.locator(".nt-text").inner_text() == "loss", "the curve of what is sorted by"
    all_drawn(page)
    page.locator(".nt-grid").evaluate("grid => { grid.scrollTop = 300 }")
    all_drawn(page)
    head.hover()
    head.locator(".nt-menu").click()
    page.get_by_role("menuitemcheckbox", name="accuracy", exact=True).click()
    assert head.locator(".nt-text").inner_text() == "accuracy"
    all_drawn(page)
    title = page.locator(".nt-row[aria-rowindex='20'] .nt-curve").get_attribute("aria-label")
    assert "accuracy: 60 points" in title
    table.head("score").click()
    table.run("run-27").click()
    table.button("Baseline").click()
    page.wait_for_selector(".nt-row.nt-baseline")
    assert page.locator(".nt-held").inner_text().startswith("baseline: run-27")
    scores = dict(zip(table.column("run"), table.column("score"), strict=True))
    assert scores["run-28"] == "0.9333▲ +0.033"
    assert scores["run-27"] == "0.9000"
    assert scores["run-20"] == "0.6667▼ −0.23"
    table.notebook.run(2)
    assert table.notebook.output(2).strip() == "True"
    table.run("run-29").click()
    table.button("Compare").click()
    page.wait_for_function("() => document.querySelector('.nt-title').textContent === 'compared: run-27, run-29'")
    table.run("run-28").click(modifiers=["Control"])
    table.button("Chart").click()
    page.wait_for_function("() => document.querySelector('.nt-title').textContent === 'chart: run-29, run-28'")
    page.wait_for_function("() => document.querySelector('.nt-content img').naturalWidth > 0")
    with page.expect_download() as download:
        table.button("Export").click()
    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == "runs.csv"
    assert [line.split(",")[1] for line in lines[1:]] == ["run-29", "run-28"]
    table.notebook.shot("table_baseline", 1)
    table.notebook.run(3)
    page.wait_for_selector(".nt-row.nt-baseline", state="detached")
    assert "▲" not in "".join(table.column("score"))
    table.notebook.shut_down()


def test_many_runs_are_grouped_and_folded_by_the_kernel(lab):
    cell = "from nbtrack.widgets.runtable import source\nsource.IN_BROWSER = 0\nt = nbtrack.table(rows=12)\nt"
    table = curved(lab, "kernel_groups", [cell, "print([run.info.run_name for run in t.selected()])"])
    page = table.page
    all_drawn(page)
    table.settle()
    assert table.column("run")[:3] == ["run-29", "run-28", "run-27"]
    page.locator(".nt-row:not([style*='-9999']) .nt-fold").click()
    table.settle()
    assert table.column("run")[:3] == ["run-29", "run-28", "inner"]
    page.locator(".nt-row:not([style*='-9999']) .nt-fold").click()
    table.settle()
    table.head("score").click()
    table.settle()
    table.button("Group").click()
    page.get_by_role("menuitemcheckbox", name="params.model").click()
    table.wait_for_status("3 groups")
    table.settle()
    assert table.column("run") == ["rf", "svm", "(none)"]
    assert table.column("score") == ["⌀ 0.5000", "⌀ 0.4500", "0.5000"]
    table.run("svm").click()
    table.settle()
    assert table.column("run")[1:4] == ["svm", "run-27", "run-24"]
    page.locator(".nt-grid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    table.wait_for_status("1 selected")
    page.locator(".nt-row:not([style*='-9999'])").filter(has=page.get_by_text("svm", exact=True)).first.locator(
        ".nt-check"
    ).click()
    table.wait_for_status("10 selected")
    page.keyboard.press("Control+a")
    table.wait_for_status("31 selected")
    page.keyboard.press("Escape")
    table.run("run-24").click()
    table.button("Baseline").click()
    page.wait_for_function("() => document.querySelector('.nt-held').textContent.includes('run-24')")
    assert table.column("score")[2] == "0.9000▲ +0.1"
    table.notebook.shot("table_kernel_groups", 1)
    table.notebook.run(2)
    assert "['run-24']" in table.notebook.output(2)
    table.notebook.shut_down()


def test_two_tables_and_a_store_that_goes_away(lab):
    cells = ["from IPython.display import display\ndisplay(nbtrack.table(), nbtrack.table('metrics.score > 0.5'))",
             "import shutil\nshutil.rmtree('store-away')"]  # fmt: skip
    table = curved(lab, "away", cells)
    page = table.page
    page.wait_for_function("() => document.querySelectorAll('.nt-root').length === 2")
    twins = page.locator("[class*=nbtrack-twin]")
    assert twins.count() == 2
    assert not any(twin.is_visible() for twin in twins.all())
    table.run("run-29").last.click()
    assert page.locator(".nt-row[aria-selected=true]").count() == 1
    table.notebook.run(2)
    # The kernel looks after the store every second, and finds none.
    page.wait_for_timeout(2_500)
    # What is in the browser stays; what the kernel would have to say is said to be gone.
    page.locator(".nt-quick").first.fill("run-07")
    table.settle(0)
    assert table.column("run", 0) == ["run-07"]
    page.locator(".nt-quick").first.fill("")
    page.locator(".nt-expression").first.fill("metrics.score > 0.5")
    page.locator(".nt-expression").first.press("Enter")
    table.settle(0)
    table.button("Show").last.click()
    table.settle(1)
    assert page.locator(".nt-status").nth(1).inner_text().count("·") == 2, "it says why it cannot"
    assert lab.errors == []
    table.notebook.shut_down()


def test_a_notebook_that_is_not_trusted_shows_the_still_picture(lab):
    table = curved(lab, "mine", ["nbtrack.table()"])
    table.notebook.save()
    table.notebook.shut_down()
    # The signature is over the content: this is what somebody else would have sent.
    document = json.loads((lab.root / "mine.ipynb").read_text())
    document["cells"][1]["outputs"].append({"output_type": "stream", "name": "stdout", "text": "from elsewhere\n"})
    (lab.root / "theirs.ipynb").write_text(json.dumps(document))
    theirs = lab.open("theirs.ipynb")
    theirs.wait_for(1, "from elsewhere")
    theirs.wait_for(1, "showing 20 of 31 runs")
    assert theirs.page.locator(".nt-root").count() == 0
    trusted = "() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.trusted"
    assert theirs.page.evaluate(trusted) is False
    theirs.shot("table_untrusted", 1)
    theirs.shut_down()

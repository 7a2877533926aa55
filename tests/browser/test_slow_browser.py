"""Widgets in a browser that has no time: another widget, a chart or a training keeps it busy while they are loaded."""

from __future__ import annotations

from nbtrack_tests_tables import DEMO

# anywidget gives a widget two seconds; a module that it loads goes through here.
BUSY = """least => { const { createObjectURL } = URL; URL.createObjectURL = blob => {
    if (blob.size < least) return createObjectURL.call(URL, blob);
    URL.createObjectURL = createObjectURL;
    const made = createObjectURL.call(URL, blob);
    const until = performance.now() + 2600;
    while (performance.now() < until);
    return made; } }"""


def loaded_late(lab, name, cells, least_bytes=0):
    """A notebook whose second cell shows a widget; the browser is busy while its code, at least so large, is loaded."""
    notebook = lab.notebook(name, cells)
    notebook.run(0)
    notebook.page.evaluate(BUSY, least_bytes)
    notebook.run(1)
    return notebook


def test_a_table_that_was_loaded_late_hears_of_new_runs(lab):
    (lab.root / "demo.py").write_text(DEMO)
    setup = "import nbtrack\nnbtrack.set_store('store-slow')\nimport demo"
    more = "with nbtrack.start_run(run_name='later'):\n    nbtrack.log_metric('accuracy', 0.5)"
    notebook = loaded_late(lab, "slow.ipynb", [setup, "nbtrack.table()", more])
    page = notebook.page
    page.wait_for_selector(".nt-row .nt-name", timeout=60_000)
    notebook.run(2)
    page.locator(".nt-grid").scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.nt-status').textContent.includes('54 runs')")
    page.locator(".nt-row").nth(2).dblclick()
    page.wait_for_selector(".nt-content")
    notebook.shut_down()


def test_a_chart_that_was_loaded_late_follows_its_run(lab):
    before = "with nbtrack.start_run(run_name='before'):\n    for step in range(50):\n        nbtrack.log_metric('loss', step)"
    train = "%%track trained\nimport time\nfor step in range(400):\n    nbtrack.log_metric('loss', step)\n    time.sleep(0.01)"
    chart = "live = nbtrack.chart(metrics='loss', live=True)\nlive"
    setup = f"%load_ext nbtrack\nimport nbtrack\nnbtrack.set_store('store-late')\n{before}"
    # Plotly is larger than all of ours.
    notebook = loaded_late(lab, "late.ipynb", [setup, chart, train], 1_000_000)
    page = notebook.page
    page.wait_for_selector(".js-plotly-plot", timeout=60_000)
    notebook.run(2)
    page.wait_for_function(
        """() => document.querySelector('.jp-NotebookPanel .js-plotly-plot')._fullData
             .some(found => found.name === 'trained' && found._length > 100)""",
        timeout=60_000,
    )
    notebook.shut_down()


def test_widgets_that_were_looked_for_too_early_are_shown(lab, lost):
    (lab.root / "demo.py").write_text(DEMO)
    setup = "import nbtrack\nnbtrack.set_store('store-lost')\nimport demo"
    notebook = lab.notebook("lost.ipynb", [setup, "nbtrack.table()", "nbtrack.show()", "nbtrack.chart(live=True)"])
    notebook.run_all()
    page = notebook.page
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.add_init_script(lost)
    page.reload()
    for shown in (".nt-row .nt-name", ".nd-root", ".widget-vbox .js-plotly-plot"):
        page.wait_for_selector(shown, timeout=90_000)
    assert page.evaluate("() => window.nbtrackLost.size") == 3
    page.locator(".nt-row").nth(2).dblclick()
    page.wait_for_selector(".nt-content")
    assert page.locator("[class^=nbtrack-twin]:visible").count() == 0
    notebook.shut_down()

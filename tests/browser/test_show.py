"""The detail view of a run, as a person uses it in JupyterLab: read, edited in place, reopened; and the page of runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

DEMO = """
import struct, zlib
import nbtrack

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def png(width=60, height=40):
    rows = b"".join(b"\\0" + bytes((x * 4, y * 6, 128) [c] for x in range(width) for c in range(3)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

nbtrack.set_experiment("digits")
with nbtrack.start_run(run_name="training") as run:
    nbtrack.log_params({"lr": 0.05, "hidden": "[64, 32]", "model": "<img src=x onerror=alert(1)>"})
    for step in range(60):
        nbtrack.log_metrics({"loss": 2 / (step + 1), "accuracy": 1 - 0.6 / (step + 1)}, step=step)
    with open("plot.png", "wb") as file:
        file.write(png())
    nbtrack.log_artifact("plot.png")
    nbtrack.log_table({"digit": list(range(10)), "f1": [0.9 + i / 100 for i in range(10)]}, "report/per_class.csv")
    nbtrack.log_text("<h1>not a heading</h1>", "notes.html")
    nbtrack.set_tag("stage", "draft")
    with nbtrack.start_run(run_name="fold-0", nested=True):
        nbtrack.log_metric("accuracy", 0.9)
try:
    with nbtrack.start_run(run_name="broken"):
        nbtrack.log_param("lr", 3.0)
        {}["missing"]
except KeyError:
    pass
"""
CELLS = "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.sharedModel.getSource())"
READ = "r = nbtrack.get_run('training')\nprint(repr(r.note), sorted(r.tags.items()))"


class Shown:
    """A notebook with the detail view in its second cell."""

    def __init__(self, lab, name, cells):
        (lab.root / "demo_show.py").write_text(DEMO)
        setup = f"import nbtrack\nnbtrack.set_store('store-{name}')\nimport demo_show"
        self.notebook = lab.notebook(f"{name}.ipynb", [setup, *cells])
        self.page = self.notebook.page
        self.notebook.run(0)
        self.notebook.run(1)
        self.page.wait_for_selector(".nd-root .nd-body table", timeout=60_000)

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def stored(self, index, words):
        """Wait until the store has it, as another cell reads it."""
        self.notebook.run(index)
        self.notebook.wait_for(index, words)


@pytest.fixture
def shown(lab, request):
    view = Shown(
        lab,
        request.node.name.split("[")[0],
        [
            "nbtrack.show('training')",
            READ,
            "r = nbtrack.start_run(run_name='slow')\nnbtrack.log_metric('loss', 2.0, step=0)\nd = nbtrack.show(r)\nd",
            "nbtrack.log_metric('loss', 1.0, step=1)\nnbtrack.end_run()",
        ],
    )
    yield view
    view.notebook.shut_down()


def test_a_run_is_shown_and_its_note_and_tags_are_edited_in_place(shown):
    page, notebook = shown.page, shown.notebook
    text = page.locator(".nd-root").inner_text()
    for words in (
        "training",
        "finished",
        "experiment digits",
        "<img src=x onerror=alert(1)>",
        "plot.png",
        "Nested runs",
    ):
        assert words in text
    # The still picture is there, and hidden.
    assert page.locator(".jp-OutputArea [class^=nbtrack-twin]").count() == 1
    assert not page.locator(".jp-OutputArea [class^=nbtrack-twin]").is_visible()
    page.wait_for_function("() => [...document.querySelectorAll('.nd-body img')].every(img => img.naturalWidth > 0)")
    assert page.locator(".nd-body h1").count() == 0
    before = page.evaluate(CELLS)
    shown.button("Add a note").click()
    area = page.get_by_label("note", exact=True)
    # Each of these is a command of the notebook's: insert below, delete, insert above, to Markdown, cut.
    page.keyboard.type("b dd a m x <b>bold</b>\nsecond line")
    assert area.input_value() == "b dd a m x <b>bold</b>\nsecond line"
    notebook.shot("show_edit_note", 1)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".nd-note:not([hidden])")
    assert page.locator(".nd-note").inner_text() == "b dd a m x <b>bold</b>\nsecond line"
    assert page.evaluate(CELLS) == before
    shown.stored(2, "'b dd a m x <b>bold</b>\\nsecond line' [('stage', 'draft')]")
    # Escape leaves it as it was.
    shown.button("Edit note").click()
    page.keyboard.type("never saved")
    page.keyboard.press("Escape")
    assert "never saved" not in page.locator(".nd-words").inner_text()
    # Tags: set, changed, taken away.
    shown.button("Add tag").click()
    page.keyboard.type("=")
    page.keyboard.press("Enter")
    page.wait_for_selector(".nd-tags .nd-error:not([hidden])")
    page.get_by_label("tag", exact=True).fill("team=vision & sound")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.nd-chip').length === 2")
    shown.button("stage=draft").click()
    page.get_by_label("tag", exact=True).fill("stage=final")
    page.keyboard.press("Enter")
    shown.button("stage=final").wait_for()
    page.get_by_label("remove tag team").click()
    page.wait_for_function("() => document.querySelectorAll('.nd-chip').length === 1")
    assert page.evaluate(CELLS) == before
    shown.stored(2, "[('stage', 'final')]")
    notebook.shot("show_light", 1)


def test_a_running_run_is_followed_and_what_is_open_stays_open(shown):
    page, notebook = shown.page, shown.notebook
    notebook.run(3)
    live = page.locator(".nd-root").nth(1)
    live.wait_for()
    assert "running" in live.locator(".nd-head").inner_text()
    live.locator("summary", has_text="Environment").click()
    # Half a note must not be lost when the rest is drawn anew.
    live.get_by_role("button", name="Add a note").click()
    page.keyboard.type("half a")
    notebook.run(4)
    page.wait_for_function("() => document.querySelectorAll('.nd-head')[1].textContent.includes('finished')")
    assert live.get_by_label("note", exact=True).input_value() == "half a"
    assert live.locator("details[open] summary", has_text="Environment").count() == 1
    assert live.locator(".nd-body img").count() == 1
    # Changed by somebody else meanwhile: said, not overwritten.
    notebook.edit(2, "%load_ext nbtrack\n%nbtrack note --run slow from a cell")
    notebook.run(2)
    live.locator(".nd-changed:not([hidden])").wait_for()
    assert "from a cell" in live.locator(".nd-changed").inner_text()
    assert live.get_by_label("note", exact=True).input_value() == "half a"


def test_reopened_without_a_kernel_the_still_picture_stands_there(lab, shown):
    name = shown.notebook.name
    shown.page.locator(".nd-root summary", has_text="Environment").click()
    shown.notebook.save()
    shown.notebook.shut_down()
    lab.theme("JupyterLab Dark")
    try:
        again = lab.open(name)
        twin = again.page.locator(".jp-OutputArea [class^=nbtrack-twin]")
        twin.wait_for(state="visible")
        text = twin.inner_text()
        assert "training" in text
        assert "stage=draft" in text
        assert "<img src=x onerror=alert(1)>" in text
        assert again.page.locator(".nd-root").count() == 0
        assert twin.locator("img").count() > 2
        again.page.wait_for_function(
            "() => [...document.querySelectorAll('[class^=nbtrack-twin] img')].every(img => img.naturalWidth > 0)"
        )
        assert "rror" not in again.output(1).replace("onerror", "")
        again.shot("show_twin_dark", 1)
        shown.notebook = again
        # The counts of a new kernel are the old ones again.
        again.start(0)
        again.start(1)
        again.page.wait_for_selector(".nd-root .nd-body table", timeout=60_000)
        again.shot("show_dark", 1)
    finally:
        lab.theme("JupyterLab Light")
    assert lab.errors == []


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page_file(lab):
    """The exported page of the demo's runs."""
    (lab.root / "demo_show.py").write_text(DEMO)
    for command in (
        ["-c", "import nbtrack; nbtrack.set_store('store-page'); import demo_show"],
        ["-m", "nbtrack", *"export html page.html --runs training broken fold-0 --store store-page".split()],
    ):
        subprocess.run([sys.executable, *command], cwd=lab.root, check=True)
    return lab.root / "page.html"


NAMES = "() => [...document.querySelectorAll('#runs tbody tr:not([hidden]) a')].map(link => link.textContent)"
SLIPPED_IN = """() => { document.body.insertAdjacentHTML('beforeend', '<img src="https://example.org/x.png">'
    + '<b onclick="document.title = 1">x</b>'); document.body.lastChild.click() }"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_stands_by_itself(lab, page_file, theme):
    context = lab.browser.context(viewport={"width": 1280, "height": 900}, color_scheme=theme)
    asked, errors = [], []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(page_file.as_uri())
    assert page.evaluate(NAMES) == ["training", "broken", "fold-0"]
    assert page.locator("h1").inner_text() == "training, broken, fold-0"
    # Sorted by number, what has none last; by word; found.
    head = page.get_by_role("button", name="accuracy", exact=True)
    head.click()
    assert page.evaluate(NAMES) == ["training", "fold-0", "broken"]
    head.click()
    assert page.evaluate(NAMES) == ["fold-0", "training", "broken"]
    assert page.locator("#runs th[aria-sort]").get_attribute("aria-sort") == "ascending"
    page.get_by_role("button", name="run", exact=True).click()
    assert page.evaluate(NAMES) == ["broken", "fold-0", "training"]
    page.locator("#find").fill("FAILED")
    assert page.evaluate(NAMES) == ["broken"]
    assert page.locator("#found").inner_text() == "1 of 3"
    page.locator("#find").fill("")
    # A link opens the run that it leads to.
    page.locator("#runs a", has_text="training").click()
    page.wait_for_selector("details.run[open]")
    shown = page.locator("details.run[open]")
    assert "stage=draft" in shown.inner_text()
    assert shown.locator("img").evaluate_all("all => all.length > 2 && all.every(img => img.naturalWidth > 0)")
    assert page.locator("h1").count() == 1
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (theme == "light")
    page.screenshot(path=lab.screenshots / f"page_{theme}.png", full_page=True)
    assert errors == []
    # What somebody slips into a page runs nothing and loads nothing.
    page.evaluate(SLIPPED_IN)
    page.wait_for_function("() => document.querySelector('img[src*=example]').complete")
    assert page.title() == "training, broken, fold-0 · nbtrack"
    assert all("Content Security Policy" in error for error in errors), errors
    assert [url for url in asked if not url.startswith(("file:", "data:")) and "example.org" not in url] == []
    context.close()

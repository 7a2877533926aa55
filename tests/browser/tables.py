"""The run table in a notebook, as the tests of it see it."""

from __future__ import annotations

import re

DEMO = """
import random
import nbtrack
random.seed(3)
nbtrack.set_experiment("digits")
for number in range(40):
    with nbtrack.start_run(run_name=f"{random.choice(['ridge', 'forest', 'boost'])}-{number}"):
        nbtrack.log_params({
            "model": random.choice(["rf", "svm", "mlp"]), "lr": random.choice([0.1, 0.01, 0.003]),
            "depth": random.randint(2, 9), "augment": random.random() > 0.5, "data": "digits",
        })
        nbtrack.log_metrics({"accuracy": 0.8 + random.random() * 0.19, "loss": random.random() * 0.7})
        if number % 7 == 0:
            nbtrack.log_metric("loss", float("nan"))
        if number % 10 == 4:
            for fold in range(3):
                with nbtrack.start_run(run_name=f"fold-{fold}", nested=True):
                    nbtrack.log_params({"model": "rf", "fold": fold})
                    nbtrack.log_metric("accuracy", 0.85 + random.random() * 0.1)
try:
    with nbtrack.start_run(run_name="broken"):
        nbtrack.log_param("model", "svm")
        1 / 0
except ZeroDivisionError:
    pass
"""
ROWS = """number => { const grid = document.querySelectorAll('.nt-grid')[number];
    return [...grid.querySelectorAll('.nt-row')].filter(row => !row.style.transform.includes('-9999'))
        .sort((a, b) => a.place - b.place).map(row => [...row.children].slice(1).map(cell => (cell.querySelector('.nt-name') ?? cell).textContent)) }"""
CELLS = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"


class Shown:
    """A notebook with the run table in its second cell."""

    def __init__(self, lab, name, cells):
        (lab.root / "demo.py").write_text(DEMO)
        setup = f"import nbtrack\nnbtrack.set_store('store-{name}')\nimport demo"
        self.notebook = lab.notebook(f"{name}.ipynb", [setup, *cells])
        self.page = self.notebook.page
        self.notebook.run(0)
        self.notebook.run(1)
        self.page.wait_for_selector(".nt-row .nt-name", timeout=60_000)
        self.settle()

    def rows(self, number=0):
        self.settle(number)
        return self.page.evaluate(ROWS, number)

    def column(self, name, number=0):
        labels = self.page.evaluate(
            "number => [...document.querySelectorAll('.nt-grid')[number].querySelectorAll('[data-head]')]"
            ".map(head => head.title.startsWith('sparkline') ? '' : head.querySelector('.nt-text').textContent)",
            number,
        )
        place = labels.index(name)
        return [row[place].lstrip("★") for row in self.rows(number)]

    def head(self, name):
        heads = ".nt-head [role=columnheader]:not([title^=sparkline])"
        return self.page.locator(heads).filter(has=self.page.get_by_text(name, exact=True))

    def run(self, name):
        """The row of a run; elements that wait to be used again are out of sight and still have their old text."""
        shown = self.page.locator(".nt-row:not([style*='-9999']) .nt-name")
        return shown.filter(has_text=re.compile(f"^{re.escape(name)}$"))

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def status(self):
        return self.page.locator(".nt-status").last.inner_text()

    def settle(self, number=0):
        """Wait until the rows are those that were asked for, however long a busy machine takes."""
        self.page.wait_for_function(
            """number => document.querySelectorAll('.nt-grid')[number].getAttribute('aria-busy') !== 'true'""",
            arg=number,
            timeout=60_000,
        )

    def wait_for_status(self, text):
        self.page.wait_for_function(
            "text => [...document.querySelectorAll('.nt-status')].some(it => it.textContent.includes(text))",
            arg=text,
            timeout=60_000,
        )


CURVED = """
import math
import nbtrack
nbtrack.set_experiment("curves")
for number in range(30):
    with nbtrack.start_run(run_name=f"run-{number:02}"):
        nbtrack.log_params({"model": "rf" if number % 3 else "svm", "lr": 0.1 / (1 + number)})
        nbtrack.log_metric("score", number / 30)
        for step in range(0 if number % 5 == 1 else 60):
            nbtrack.log_metrics({"loss": 2 / (1 + step) + number, "accuracy": 1 - 1 / (1 + step + number)}, step=step)
        if number == 28:
            with nbtrack.start_run(run_name="inner", nested=True):
                nbtrack.log_metric("score", 0.5)
"""
DRAWN = """() => [...document.querySelectorAll('.nt-row')].filter(row => !row.style.transform.includes('-9999'))
    .sort((a, b) => a.place - b.place).map(row => [row.querySelector('.nt-name')?.textContent,
        (row.querySelector('.nt-line-of')?.getAttribute('d') ?? '').length])"""
WITHOUT_CURVE = {f"run-{number:02}" for number in range(1, 30, 5)} | {"inner"}


def curved(lab, name, cells, runs=CURVED):
    (lab.root / "curved.py").write_text(runs)
    notebook = lab.notebook(
        f"{name}.ipynb", [f"import nbtrack\nnbtrack.set_store('store-{name}')\nimport curved", *cells]
    )
    table = Shown.__new__(Shown)
    table.notebook, table.page = notebook, notebook.page
    notebook.run(0)
    notebook.run(1)
    table.page.wait_for_selector(".nt-row .nt-name", timeout=60_000)
    return table


def all_drawn(page):
    """Wait until every row has its curve, and none that has no points."""
    page.wait_for_function(
        f"without => ({DRAWN})().every(([name, length]) => !name || (length > 0) !== without.includes(name))",
        arg=[*WITHOUT_CURVE],
        timeout=60_000,
    )

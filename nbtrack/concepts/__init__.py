"""What nbtrack's words mean, a page for each: short, and the same here, in ``nbtrack help`` and in ``%nbtrack help``.

In the order in which one meets them:

* what is recorded: :mod:`nbtrack.concepts.run`, :mod:`nbtrack.concepts.experiment`, :mod:`nbtrack.concepts.param`,
  :mod:`nbtrack.concepts.metric`, :mod:`nbtrack.concepts.artifact`, :mod:`nbtrack.concepts.tag`,
  :mod:`nbtrack.concepts.seed`;
* whether it can be trusted: :mod:`nbtrack.concepts.hazard`, :mod:`nbtrack.concepts.slice`,
  :mod:`nbtrack.concepts.replay`, :mod:`nbtrack.concepts.verdict`;
* what it is read with: :mod:`nbtrack.concepts.comparison`, :mod:`nbtrack.concepts.store`,
  :mod:`nbtrack.concepts.widget`.

The pages are the docstrings of this package's modules.
"""

from __future__ import annotations

import importlib
import inspect

from nbtrack.records import HAZARD_LABELS
from nbtrack.verification import VERDICTS

CONCEPTS = (
    *("run", "experiment", "param", "metric", "artifact", "tag", "seed"),
    *("hazard", "slice", "replay", "verdict", "comparison", "store", "widget"),
)
"""All of them, in that order."""

_TOLD_ON = {
    "run": ("status", "finished", "failed", "interrupted", "crashed"),
    "param": ("parameter", "argument", "credential"),
    "metric": ("point", "step", "history"),
    "artifact": ("file", "figure", "model"),
    "tag": ("note", "registry"),
    "seed": ("generator", "random"),
    "hazard": HAZARD_LABELS,
    "slice": ("cell", "execution"),
    "verdict": ("verification", *VERDICTS),
    "comparison": ("difference", "better"),
    "store": ("journal", "duckdb", "sql"),
    "widget": ("card", "panel", "table", "chart"),
}
"""Other words that may be asked for, by the page that tells of them."""


def find(word: str) -> str | None:
    """Return the concept that a word is, in the plural too, or on whose page it is told of.

    Parameters
    ----------
    word : str

    Returns
    -------
    str or None
        One of :data:`CONCEPTS`; None where no page tells of the word.

    Examples
    --------
    >>> find("Metrics"), find("stale-input"), find("weather")
    ('metric', 'hazard', None)
    """
    asked = word.lower().replace("-", "_").replace(" ", "_")
    for name in (asked, asked.removesuffix("s")):
        if name in CONCEPTS:
            return name
        for concept, words in _TOLD_ON.items():
            if name in words:
                return concept
    return None


def page(concept: str) -> str:
    """Return a concept's page.

    Parameters
    ----------
    concept : str
        One of :data:`CONCEPTS`.

    Returns
    -------
    str
        Markdown that reads well as it is.

    Examples
    --------
    >>> page("hazard").splitlines()[0]
    'A hazard: a reason why the number of a run may not come back.'
    """
    return inspect.getdoc(importlib.import_module(f"nbtrack.concepts.{concept}")) or ""


def titles() -> dict[str, str]:
    """Return the first line of each concept's page.

    Returns
    -------
    dict of str to str
    """
    return {concept: page(concept).partition("\n")[0] for concept in CONCEPTS}

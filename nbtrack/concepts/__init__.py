"""What nbtrack's words mean, a page for each: short, and the same here, in ``nbtrack help`` and in ``%nbtrack help``.

The pages are the docstrings of this package's modules.
"""

from __future__ import annotations

import importlib
import inspect

CONCEPTS = ("run", "store", "hazard", "replay", "verification", "seeds", "comparing", "widgets")
"""In the order in which one meets them."""


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

"""The view's JavaScript and style sheet, from the files beside this one."""

from __future__ import annotations

from nbtrack.widgets.frontend.bundle import joined

MODULES = ("words", "detail")
"""Names of the JavaScript files, each behind those that it imports."""


def script() -> str:
    """Return the view's code as one ES module.

    Returns
    -------
    str
    """
    return joined(__package__, MODULES, "rundetail")

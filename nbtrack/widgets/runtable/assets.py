"""The table's JavaScript and style sheet, from the files beside this one."""

from __future__ import annotations

from nbtrack.widgets.frontend.bundle import joined

MODULES = (
    "format", "columns", "filters", "curves", "baseline", "data", "local", "paged", "cells", "grid", "header", "keys",
    "menus", "panes", "table", "doings", "main",
)  # fmt: skip
"""Names of the JavaScript files, each behind those that it imports."""


def script() -> str:
    """Return the table's code as one ES module.

    Returns
    -------
    str
    """
    return joined(__package__, MODULES, "runtable")

"""The table's JavaScript and style sheet, from the files beside this one."""

from __future__ import annotations

from functools import lru_cache

from nbtrack.widgets.frontend.bundle import joined, packed

MODULES = (
    "format", "columns", "filters", "curves", "baseline", "data", "local", "paged", "cells", "grid", "header", "keys",
    "menus", "panes", "table", "doings", "main",
)  # fmt: skip
"""Names of the JavaScript files, each behind those that it imports."""


@lru_cache(maxsize=1)
def code() -> bytes:
    """Return :func:`script`, packed.

    Returns
    -------
    bytes
    """
    return packed(script())


def script() -> str:
    """Return the table's code as one ES module.

    Returns
    -------
    str
    """
    return joined(__package__, MODULES, "runtable")

"""The anywidget between the two halves of the view."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from nbtrack.widgets.frontend.bundle import LOADER, packed
from nbtrack.widgets.rundetail.assets import script


@lru_cache(maxsize=1)
def widget_class() -> Any:
    """Return the widget's class; made at the first use, since anywidget takes a while to load."""
    import anywidget
    import traitlets

    class RunDetailWidget(anywidget.AnyWidget):  # type: ignore[misc] # anywidget has no types
        _esm = LOADER
        _code = traitlets.Bytes(packed(script())).tag(sync=True)
        _page = traitlets.List(traitlets.Unicode()).tag(sync=True)
        _note = traitlets.Unicode("").tag(sync=True)
        _tags = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
        _twin = traitlets.Unicode("").tag(sync=True)

    return RunDetailWidget

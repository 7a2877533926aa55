"""The anywidget between the two halves: what it keeps in step, and the bytes that go beside messages."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from nbtrack.widgets.frontend import bundle
from nbtrack.widgets.runtable.assets import script
from nbtrack.widgets.runtable.wire import packed


@lru_cache(maxsize=1)
def widget_class() -> Any:
    """Return the widget's class; made at the first use, since anywidget takes a while to load."""
    import anywidget
    import traitlets

    class RunTableWidget(anywidget.AnyWidget):  # type: ignore[misc] # anywidget has no types
        _esm = bundle.LOADER
        _code = traitlets.Bytes(bundle.packed(script())).tag(sync=True)
        _start = traitlets.Dict().tag(sync=True)
        _late = traitlets.Dict().tag(sync=True)
        _twin = traitlets.Unicode("").tag(sync=True)
        _empty = traitlets.Unicode("").tag(sync=True)
        _height_rows = traitlets.Int(15).tag(sync=True)
        opens_selection = traitlets.Bool(False).tag(sync=True)
        selection = traitlets.List(traitlets.Unicode()).tag(sync=True)
        baseline = traitlets.Unicode("").tag(sync=True)

        def take(self, name: str, value: Any) -> None:
            """Set a trait to what the browser has, which may be on its way to the next already: it is not told."""
            with self._lock_property(**{name: value}):
                self.set_trait(name, value)

    return RunTableWidget


def without_bytes(values: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Take the bytes out of a message, for the browser gets them beside it.

    Parameters
    ----------
    values : dict
        There is one set of columns in it at most, or ``bits``.

    Returns
    -------
    (dict, list of bytes)
    """
    if isinstance(values.get("bits"), bytes):
        return {key: value for key, value in values.items() if key != "bits"}, [values["bits"]]
    if isinstance(values.get("curves"), dict):
        curves = dict(values["curves"])
        bits = curves.pop("bits")
        return values | {"curves": curves}, [bits]
    if isinstance(values.get("columns"), dict):
        return packed(values)
    for part in ("first", "rows", "page"):
        if part in values:
            content, buffers = packed(values[part])
            return values | {part: content}, buffers
    return values, []

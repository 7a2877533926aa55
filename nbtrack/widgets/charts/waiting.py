"""The line below a live chart that says when an answer of the kernel's has to wait for the cell that runs."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any


@lru_cache(maxsize=1)
def _widget_class() -> Any:
    """Return the widget's class; made at the first use, since anywidget takes a while to load."""
    import anywidget
    import traitlets

    class WaitingWidget(anywidget.AnyWidget):  # type: ignore[misc] # anywidget has no types
        _esm = files(__package__).joinpath("waiting.js").read_text(encoding="utf-8")
        _answered = traitlets.Int(0).tag(sync=True)

    return WaitingWidget


class Waiting:
    """Shows nothing as long as the kernel answers."""

    def __init__(self) -> None:
        self._widget = _widget_class()()

    def answered(self) -> None:
        """Take the words away: the kernel has answered."""
        self._widget._answered += 1  # noqa: SLF001 - kept in step, and of nobody else's interest

    @property
    def model_id(self) -> str:
        """What a front end finds the widget by."""
        return str(self._widget.model_id)

    def close(self) -> None:
        """Have the line go from the front end."""
        self._widget.close()

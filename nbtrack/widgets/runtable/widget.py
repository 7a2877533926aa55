"""The anywidget between the two halves: what it keeps in step, and the messages that go back and forth."""

from __future__ import annotations

import traceback
from functools import lru_cache
from typing import Any

from nbtrack.widgets.runtable.assets import module
from nbtrack.widgets.runtable.wire import packed


@lru_cache(maxsize=1)
def widget_class() -> Any:
    """Return the widget's class; made at the first use, since anywidget takes a while to load."""
    import anywidget
    import traitlets

    class RunTableWidget(anywidget.AnyWidget):  # type: ignore[misc] # anywidget has no types
        _esm = module()
        _start = traitlets.Dict().tag(sync=True)
        _late = traitlets.Dict().tag(sync=True)
        _twin = traitlets.Unicode("").tag(sync=True)
        _empty = traitlets.Unicode("").tag(sync=True)
        _height_rows = traitlets.Int(15).tag(sync=True)
        selection = traitlets.List(traitlets.Unicode()).tag(sync=True)

    return RunTableWidget


def shown_bundle(widget: Any, plain: str) -> dict[str, Any]:
    """Return what a front end is given to show the widget.

    Parameters
    ----------
    widget : anywidget.AnyWidget
    plain : str
        For those that show text alone; the same whenever the cell is run.

    Returns
    -------
    dict
        By media type.
    """
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {"text/plain": plain, "application/vnd.jupyter.widget-view+json": view}


def send_news(widget: Any, news: dict[str, Any]) -> None:
    """Send what nobody asked for.

    Parameters
    ----------
    widget : anywidget.AnyWidget
    news : dict
        Columns in it may hold bytes.
    """
    content, buffers = _with_buffers(news)
    widget.send({"news": content}, buffers)


def send_answer(widget: Any, number: Any, values: dict[str, Any]) -> None:
    """Send the answer to a question.

    Parameters
    ----------
    widget : anywidget.AnyWidget
    number : int
        The question's.
    values : dict
        Columns in it may hold bytes, as may ``bits``.
    """
    content, buffers = _with_buffers(values)
    widget.send({"answer": number, "values": content}, buffers)


def send_failure(widget: Any, number: Any, error: BaseException) -> None:
    """Send what kept a question from being answered.

    Parameters
    ----------
    widget : anywidget.AnyWidget
    number : int
        The question's.
    error : BaseException
        One of nbtrack's says by itself what to do; of another the last line is all that helps.
    """
    text = str(error) or "".join(traceback.format_exception_only(error)).strip()
    widget.send({"answer": number, "error": text})


def _with_buffers(values: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Take the bytes out of a message; there is one set of columns in it at most."""
    if isinstance(values.get("bits"), bytes):
        return {key: value for key, value in values.items() if key != "bits"}, [values["bits"]]
    if isinstance(values.get("columns"), dict):
        return packed(values)
    for part in ("first", "rows", "page"):
        if part in values:
            content, buffers = packed(values[part])
            return values | {part: content}, buffers
    return values, []

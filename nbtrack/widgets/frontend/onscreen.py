"""A live widget's half in the kernel: shown beside its still picture, asked by the browser, looked after while seen."""

from __future__ import annotations

import sys
import traceback
import uuid
from typing import Any

from nbtrack.config import settings
from nbtrack.widgets.frontend.watcher import INTERVAL_S, watcher
from nbtrack.widgets.inline import Shown

# The still picture beside it has the text; this must be the same whenever the cell is run.
_PLAIN = ""
# In a notebook that is opened without its kernel, JupyterLab has a line in place of the widget that says so.
_WITHOUT_KERNEL = (
    "<style>.jp-OutputArea-child:has(.TWIN)+.jp-OutputArea-child>.jp-OutputArea-output:not(:has(*))"
    "{display:none}</style>"
)


class OnScreen:
    """What a live widget does whatever it shows; a subclass gives what is shown, answers, and looks for news.

    ``_widget`` is an anywidget with the id ``_model_id``, whose trait ``_twin`` names its still picture: the browser's
    half hides that.
    """

    _widget: Any

    def __init__(self) -> None:
        self._model_id = uuid.uuid4().hex
        self._twin = twin_name(self._model_id)
        self._views: set[str] = set()

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a question of the browser's; what it raises is told to whoever asked."""
        raise NotImplementedError

    def look(self) -> None:
        """Send what is new; never raises."""
        raise NotImplementedError

    # --- showing ------------------------------------------------------------------------------------------------

    def _show_beside(self, still: Shown) -> None:
        """Display two outputs: the notebook keeps the first, the live one hides it while it is there."""
        from IPython.display import display

        display({"text/plain": still.text, "text/html": twin_html(self._twin, still.html)}, raw=True)
        display_widget(self._widget)
        self._views.add("")
        # What else there is to be read and sent would take the processor from the browser, which draws this now. It
        # says when it has; while a cell goes on, that may not be heard.
        watcher().add(self, patience_s=INTERVAL_S)

    def is_seen(self) -> bool:
        """Tell whether it is on somebody's screen.

        Returns
        -------
        bool
        """
        return bool(self._views)

    def _see(self, view: str, is_on: bool) -> None:
        self._views.discard("")
        if is_on:
            self._views.add(view)
            # Also where the widget alone was displayed, among others.
            watcher().add(self)
        else:
            self._views.discard(view)
        watcher().wake()

    # --- messages -----------------------------------------------------------------------------------------------

    def _hear(self, _: Any, message: Any, buffers: Any) -> None:
        """Answer the browser: in the kernel's main thread, or in one beside the running cell."""
        del buffers
        if not isinstance(message, dict):
            return
        number = message.get("number")
        if number is None:
            self._heed(message)
            return
        try:
            content, sent = self._split(self._answer(message))
            self._widget.send({"answer": number, "values": content}, sent)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person who asked must be told
            # One of nbtrack's says by itself what to do; of another the last line is all that helps.
            text = str(error) or "".join(traceback.format_exception_only(error)).strip()
            self._widget.send({"answer": number, "error": text})

    def _heed(self, message: dict[str, Any]) -> None:
        """Do what the browser tells, and waits for no answer to."""
        if message.get("op") == "visible":
            self._see(str(message.get("view", "")), bool(message.get("on")))

    def _split(self, values: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return a message without the bytes in it, and these."""
        return values, []


def twin_name(model_id: str) -> str:
    """Return the name of a widget's still picture: the browser's half hides it by that, and knows what is beside it.

    Parameters
    ----------
    model_id : str
        Id of the widget that is displayed.

    Returns
    -------
    str
    """
    return f"nbtrack-twin-{model_id}"


def twin_html(name: str, markup: str) -> str:
    """Return a still picture as the first of two outputs, of which the second is live.

    Parameters
    ----------
    name : str
        As :func:`twin_name` gave it.
    markup : str

    Returns
    -------
    str
    """
    return f'{_WITHOUT_KERNEL.replace("TWIN", name)}<div class="{name}">{markup}</div>'


def display_widget(widget: Any, like: Any = None, **how: Any) -> None:
    """Display a widget, with what Colab needs to know of it.

    Parameters
    ----------
    widget : ipywidgets.DOMWidget
    like : anywidget.AnyWidget, optional
        One that knows that, where the widget itself is no anywidget.
    **how
        As ``IPython.display.display`` takes it.
    """
    from IPython.display import display

    # Colab shows the widgets of others only where the output says from where their manager comes.
    found = (widget if like is None else like)._repr_mimebundle_()
    metadata = found[1] if isinstance(found, tuple) else {}
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    bundle = {"text/plain": _PLAIN, "application/vnd.jupyter.widget-view+json": view}
    display(bundle, metadata=metadata, raw=True, **how)


def shows_widgets() -> bool:
    """Tell whether a kernel runs this: in a terminal there is nobody to show a widget to."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def is_live() -> bool:
    """Tell whether widgets are wanted, and can be shown.

    Returns
    -------
    bool
    """
    return settings().live and shows_widgets()

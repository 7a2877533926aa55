"""Elements of a page of our own: unlike in a notebook, classes, ids and the like survive there."""

from __future__ import annotations

from html import escape

from nbtrack.widgets import html
from nbtrack.widgets.html import Html
from nbtrack.widgets.text import clean


def tag(name: str, *children: object, **attributes: str | int | None) -> Html:
    """Return an element.

    Parameters
    ----------
    name : str
    *children : object
        Markup as it is, other values escaped, None left out.
    **attributes : str or int or None
        Escaped; ``class_`` stands for ``class``, ``data_v`` for ``data-v``; None leaves the attribute out.

    Returns
    -------
    Html

    Examples
    --------
    >>> tag("td", "a & b", class_="number", data_v="1")
    '<td class="number" data-v="1">a &amp; b</td>'
    """
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(clean(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{pairs}>{html.join(children)}</{name}>")

"""A tiny element builder that escapes by itself, and the few styles that everything shown shares.

The HTML must hold up where style sheets, scripts, ``id``, ``role`` and ``data-*`` are stripped (an untrusted notebook)
and where ``style`` goes too (GitHub's preview). So: plain tables, ``<details>``, ``<img src="data:…">``, and inline
style made only of properties that JupyterLab's sanitizer lets through.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from nbtrack.widgets.text import clean

# Words keep the theme's own text colour. These tint glyphs and edges only, and have the best contrast that one colour
# can have on white and on JupyterLab's dark #111 at once: 4.3 to 1 on either.
GOOD, BAD, WARN, CALM, GREY = "#208a55", "#dc4136", "#aa6b0e", "#2679d8", "#797979"
RULE = "1px solid rgba(128,128,128,0.35)"
FAINT_RULE = "1px solid rgba(128,128,128,0.18)"
NOWRAP = "white-space:nowrap"

_BLOCK = "font-size:13px;line-height:1.5;font-variant-numeric:tabular-nums"
# JupyterLab sets a table in the middle, stripes its rows and right-aligns every cell; VS Code does likewise.
_TABLE = (
    "display:inline-table;width:auto;margin:0;border:none;border-collapse:collapse;table-layout:auto;font-size:13px"
)
_ROW = "background:none"
_ATTRIBUTES = frozenset("style title align colspan src alt width height max value".split())


class Html(str):
    """Markup that needs no more escaping; any other string given to :func:`el` is escaped."""

    __slots__ = ()


def text(value: object) -> Html:
    """Return a value as escaped text, on one line and without control characters.

    Parameters
    ----------
    value : object

    Returns
    -------
    Html

    Examples
    --------
    >>> text("<b>")
    '&lt;b&gt;'
    """
    return value if isinstance(value, Html) else Html(escape(clean(str(value))))


def verbatim(lines: str) -> Html:
    """Return printable text escaped, with its line ends."""
    return Html(escape(lines))


def el(tag: str, *children: object, **attributes: str | int | None) -> Html:
    """Return an element.

    Parameters
    ----------
    tag : str
    *children : object
        Markup as it is, other values escaped, None left out.
    **attributes : str or int or None
        Escaped; None or an empty text leaves the attribute out.

    Returns
    -------
    Html

    Examples
    --------
    >>> el("td", "a & b", title="c")
    '<td title="c">a &amp; b</td>'
    """
    unknown = attributes.keys() - _ATTRIBUTES
    assert not unknown, f"attributes that a sanitizer may strip: {unknown}"
    pairs = "".join(f' {key}="{text(value)}"' for key, value in attributes.items() if value is not None and value != "")
    return Html(f"<{tag}{pairs}>{join(children)}</{tag}>" if tag != "img" else f"<{tag}{pairs}>")


def join(parts: Iterable[object], between: str = "") -> Html:
    """Return several pieces as one, each escaped unless it is markup; None is left out.

    Parameters
    ----------
    parts : iterable of object
    between : str
        Text between two pieces.

    Returns
    -------
    Html
    """
    return Html(escape(between).join(text(part) for part in parts if part is not None))


def block(*children: object) -> Html:
    """Return the outermost element of something shown."""
    return el("div", *children, style=_BLOCK)


def framed(*children: object) -> Html:
    """Return the outermost element of something shown as one block."""
    frame = f"display:inline-block;max-width:100%;border:{RULE};border-radius:6px;padding:7px 0 8px 14px"
    return block(el("div", *children, style=frame))


def muted(*children: object, title: str | None = None) -> Html:
    """Return words of second rank."""
    return el("span", *children, style="opacity:0.7", title=title)


def tinted(glyph: str, colour: str) -> Html:
    """Return a glyph in a colour; what it means must stand beside it in words."""
    return el("span", glyph, style=f"color:{colour}")


def mono(value: str, title: str | None = None) -> Html:
    """Return an id in a fixed-width face."""
    return el("span", value, style="font-family:monospace;font-size:12px", title=title)


def table(head: Html | None, rows: Iterable[object], *, ruled: bool = False) -> Html:
    """Return a table that overrides what notebook front ends do to tables.

    Parameters
    ----------
    head : Html or None
        Rows of heading cells.
    rows : iterable of Html
        The cells of each row, joined.
    ruled : bool
        Draw a faint line below each row, for the eye to follow across many columns.

    Returns
    -------
    Html
    """
    thead = el("thead", head, style=f"background:none;border-bottom:{RULE}") if head is not None else None
    row_style = f"{_ROW};border-bottom:{FAINT_RULE}" if ruled else _ROW
    body = (el("tr", cells, style=row_style) for cells in rows)
    return el("table", thead, el("tbody", *body), style=_TABLE)


def unbroken(value: str) -> str:
    """Return a short text whose blanks do not break a line."""
    return value.replace(" ", "\u00a0")


def row(*cells: object) -> Html:
    """Return a heading row."""
    return el("tr", *cells, style=_ROW)


def th(*children: object, right: bool = False, title: str | None = None, style: str = "", colspan: int = 0) -> Html:
    """Return a heading cell."""
    return el(
        "th",
        el("span", *children, style="font-weight:normal;opacity:0.7") if children else None,
        style=_cell("0 7px 1px", right, style),
        align="right" if right else "left",
        title=title,
        colspan=colspan or None,
    )


def td(*children: object, right: bool = False, title: str | None = None, style: str = "") -> Html:
    """Return a cell."""
    return el(
        "td",
        *children,
        style=_cell("1px 7px", right, style),
        # Where style is stripped, this still lines numbers up.
        align="right" if right else None,
        title=title,
    )


def _cell(padding: str, right: bool, style: str) -> str:
    base = f"text-align:{'right' if right else 'left'};padding:{padding}"
    return f"{base};{style}" if style else base


def folded(summary: object, *children: object) -> Html:
    """Return something that opens on a click."""
    return el("details", el("summary", muted(summary), style="cursor:pointer"), *children, style="margin:2px 0 0 0")

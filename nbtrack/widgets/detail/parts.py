"""What the sections of the detail view are built of: headings, lines, tables, code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbtrack.widgets import html
from nbtrack.widgets.format import count
from nbtrack.widgets.html import Html, el, muted, td, th
from nbtrack.widgets.text import printable

MOST_ROWS = 200
_PRE = "margin:3px 0 0 0;padding:0 0 0 10px;background:none;font-size:12px;line-height:1.45;overflow-x:auto"
_EDGE = "2px solid rgba(128,128,128,0.35)"


def section(title: str, about: str, *children: object) -> Html:
    """Return a part of the view under a heading of its own.

    Parameters
    ----------
    title, about : str
        A word, and how much of it there is.
    *children : object

    Returns
    -------
    Html
    """
    heading = el("div", _heading(title, about), style=f"border-bottom:{html.FAINT_RULE};padding:0 0 2px 0")
    return el("div", heading, *children, style="margin:14px 0 0 0")


def folded_section(title: str, about: str, *children: object) -> Html:
    """Return a part of the view that opens on a click.

    Parameters
    ----------
    title, about : str
        A word, and all that most readers want to know of it.
    *children : object

    Returns
    -------
    Html
    """
    summary = el("summary", _heading(title, about), style="cursor:pointer")
    return el("details", summary, el("div", *children, style="padding:2px 0 4px 15px"), style="margin:8px 0 0 0")


def _heading(title: str, about: str) -> Html:
    return html.join([el("b", title), muted(about) if about else None], " \u2002")


def line(*children: object) -> Html:
    """Return one line."""
    return el("div", *children, style="margin:3px 0 0 0")


def code(lines: str, colour: str = "") -> Html:
    """Return code as it stands, with an edge at its left.

    Parameters
    ----------
    lines : str
    colour : str
        Of the edge.

    Returns
    -------
    Html
    """
    edge = f"2px solid {colour}" if colour else _EDGE
    return el("pre", html.verbatim(printable(lines)), style=f"{_PRE};border-left:{edge}")


def long_code(lines: str, most_lines: int, most_letters: int, colour: str = "") -> Html:
    """Return code of which what is too much at once is folded, and what is endless cut.

    Parameters
    ----------
    lines : str
    most_lines : int
        At once.
    most_letters : int
        In all.
    colour : str
        Of the edge.

    Returns
    -------
    Html
    """
    kept = lines[:most_letters].rstrip().split("\n")
    if len(lines) > most_letters:
        kept.append("…")
    # A fold takes a line too: it must be worth one.
    at_once = len(kept) if len(kept) <= most_lines + 2 else most_lines
    rest = kept[at_once:]
    more = html.folded(count(len(rest), "more line"), code("\n".join(rest), colour)) if rest else None
    return html.join([code("\n".join(kept[:at_once]), colour), more])


def part(noun: str, head: Sequence[str], rows: Sequence[Sequence[Html]], right: Iterable[int] = ()) -> Html | None:
    """Return a table, and below it how much it leaves out; None where it is empty.

    Parameters
    ----------
    noun : str
        What a row is, in the singular.
    head : sequence of str
        Empty for none.
    rows : sequence of sequence of Html
    right : iterable of int
        Columns that stand at their right edge.

    Returns
    -------
    Html or None
    """
    if not rows:
        return None
    sides = set(right)
    headings = html.row(*(th(name, right=index in sides) for index, name in enumerate(head))) if head else None
    lines = (
        html.join(td(cell, right=index in sides, style="vertical-align:top") for index, cell in enumerate(row))
        for row in rows[:MOST_ROWS]
    )
    rest = len(rows) - MOST_ROWS
    return el(
        "div",
        html.table(headings, lines),
        line(muted(f"and {count(rest, f'more {noun}')}")) if rest > 0 else None,
        style="display:inline-block;vertical-align:top;margin:6px 26px 0 0",
    )

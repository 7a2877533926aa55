"""The page: its parts one after the other, so that many runs need not be held at once."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from nbtrack.records import RunRecord
from nbtrack.store.store import Store
from nbtrack.widgets import html, phrases
from nbtrack.widgets.columns import tree
from nbtrack.widgets.compared.view import comparison_html
from nbtrack.widgets.detail.view import detail_html
from nbtrack.widgets.format import count, moment, number, size
from nbtrack.widgets.html import Html, tinted
from nbtrack.widgets.page.markup import tag
from nbtrack.widgets.page.table import run_anchor, table_html
from nbtrack.widgets.text import clean, cut

MOST_COMPARED = 20
_RUN_BYTES, _PAGE_BYTES = 200_000, 40_000_000
_NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Content:
    """What goes on a page.

    Attributes
    ----------
    records : tuple of RunRecord
    total : int
        How many runs there are of which these are the first.
    is_named : bool
        Whether somebody chose these very runs: two or more are compared, then.
    about : str
        How they were chosen, in words; may be empty.
    now_s : float
        Seconds since the epoch.
    """

    records: tuple[RunRecord, ...]
    total: int
    is_named: bool = False
    about: str = ""
    now_s: float = 0.0


def page(content: Content, store: Store) -> Iterator[str]:
    """Yield a page that stands by itself: no script, style, font or image from elsewhere, and none is let in.

    Parameters
    ----------
    content : Content
    store : Store
        That has the runs.

    Yields
    ------
    str
    """
    title = _title(content)
    yield _head(title)
    yield tag("h1", title)
    yield tag("p", " · ".join(filter(None, [_amount(content), content.about, f"as of {moment(content.now_s)}"])),
              class_="quiet")  # fmt: skip
    if content.records:
        find = tag("input", type="search", id="find", placeholder="Find runs", aria_label="find runs", hidden="")
        # An input has no end.
        find = Html(find.removesuffix("</input>"))
        found = tag("span", id="found", class_="quiet", role="status")
        yield tag("div", tag("h2", "Runs"), find, found, class_="top")
        yield table_html(content.records)
    if content.is_named and 2 <= len(content.records) <= MOST_COMPARED:
        yield tag("h2", "What differs")
        yield tag("div", _compared(content, store), class_="compared")
    yield from _details(content, store)
    yield _foot()


def _title(content: Content) -> str:
    names = {record.info.experiment_name for record in content.records}
    if len(content.records) == 1:
        return cut(clean(content.records[0].info.run_name), _NAME_LIMIT)
    if content.is_named:
        return cut(", ".join(clean(record.info.run_name) for record in content.records), _NAME_LIMIT)
    if len(names) == 1:
        return f"Runs of {cut(clean(names.pop()), _NAME_LIMIT)}"
    return f"Runs of {count(len(names), 'experiment')}" if names else "No runs"


def _amount(content: Content) -> str:
    shown = len(content.records)
    if shown < content.total:
        return f"the newest {shown:,} of {count(content.total, 'run')}"
    return count(shown, "run")


def _compared(content: Content, store: Store) -> Html:
    records = store.each_run([record.info.run_id for record in content.records])
    return Html(comparison_html(records, store))


def _details(content: Content, store: Store) -> Iterator[str]:
    if not content.records:
        return
    yield tag("h2", "Each run")
    left = _PAGE_BYTES
    is_alone = len(content.records) == 1
    # As in the table, those that belong to another run stand below it.
    records = content.records if content.is_named else [record for _, record in tree(content.records)]
    for record in records:
        markup = Html(detail_html(record, store, min(_RUN_BYTES, max(left, 0))))
        left -= len(markup)
        if left < 0:
            rest = f"The page has reached {size(_PAGE_BYTES)}; this run is left out: nbtrack show {record.info.run_id}"
            markup = tag("p", rest, class_="quiet")
        found = tag("details", _summary(record), tag("div", markup), class_="run", id=run_anchor(record))
        yield Html(found.replace("<details ", "<details open ", 1)) if is_alone else found


def _summary(record: RunRecord) -> Html:
    info = record.info
    glyph, colour = phrases.STATUS_LOOK[info.status]
    metrics = ", ".join(_metrics(record))
    about = " · ".join(filter(None, [phrases.status_words(info), info.experiment_name, metrics]))
    return tag(
        "summary", tag("b", cut(clean(info.run_name), _NAME_LIMIT)), " \u2002", tinted(glyph, colour), " ",
        tag("span", cut(clean(about), 160), class_="quiet"),
    )  # fmt: skip


def _metrics(record: RunRecord) -> list[str]:
    return [f"{cut(clean(key), 30)} {number(value)}" for key, value in list(record.data.metrics.items())[:3]]


# --- around it ------------------------------------------------------------------------------------------------------


def _head(title: str) -> str:
    _, digest = _script()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return html.join(
        [
            Html('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html('<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'),
            tag("title", f"{title} · nbtrack"),
            Html(f"<style>{_text('page.css')}</style></head><body>\n"),
        ]
    )


def _foot() -> str:
    from nbtrack import __version__

    script, _ = _script()
    made = tag("footer", f"Written by nbtrack {__version__}. This page needs no network and loads nothing.")
    return f"{made}<script>{script}</script></body></html>\n"


@lru_cache(maxsize=1)
def _script() -> tuple[str, str]:
    """Return the page's script and its hash, which is all that the page's policy lets run."""
    text = _text("page.js")
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")

"""The page's run table: a row a run, each cell with what it is sorted by."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from nbtrack.directions import better_direction
from nbtrack.records import RunRecord
from nbtrack.widgets import html, phrases
from nbtrack.widgets.columns import Column, choose, tree
from nbtrack.widgets.format import duration, moment
from nbtrack.widgets.html import Html, tinted
from nbtrack.widgets.page.markup import tag
from nbtrack.widgets.text import clean, cut

_MOST_COLUMNS = 40
_NAME_LIMIT, _KEY_LIMIT, _VALUE_LIMIT, _TITLE_LIMIT = 48, 28, 32, 400
_STATUSES = ("running", "finished", "interrupted", "failed", "crashed")
_VERDICTS = ("reproduced", "within_tolerance", "diverged", "could_not_run")


def run_anchor(record: RunRecord) -> str:
    """Return the id of the place on the page where a run is shown in full."""
    return f"run-{record.info.run_id}"


def table_html(records: Sequence[RunRecord]) -> Html:
    """Return the table.

    Parameters
    ----------
    records : sequence of RunRecord
        The newest first; nested ones are put below those that they belong to.

    Returns
    -------
    Html
    """
    rows = tree(records)
    ordered = [record for _, record in rows]
    columns = choose(ordered, most=_MOST_COLUMNS)
    several = len({record.info.experiment_name for record in ordered}) > 1
    shows = {
        "experiment": several,
        "hazards": any(record.provenance.hazards for record in ordered),
        "verdict": any(record.verdict for record in ordered),
        "tags": any(phrases.tag_words(record.data.tags, 80) for record in ordered),
        "note": any(record.note for record in ordered),
    }
    head = [_heading("run"), _heading("status"), _heading("started"), _heading("took", right=True)]
    head[1:1] = [_heading("experiment")] if several else []
    head += [_heading(name) for name in ("hazards", "verdict") if shows[name]]
    head += [_key_heading(column) for column in columns.shown]
    head += [_heading(name) for name in ("tags", "note") if shows[name]]
    lines = [
        tag(
            "tr",
            *_fixed(depth, record, shows),
            *(_value(column, at, record) for column in columns.shown),
            *_words(record, shows),
        )
        for at, (depth, record) in enumerate(rows)
    ]
    body = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *lines), id="runs")
    notes = []
    if columns.same:
        pairs = [f"{cut(clean(key), 40)}={cut(value, 40, 'middle')}" for key, value in columns.same.items()]
        notes.append(f"same in all: {', '.join(pairs[:40])}{', …' if len(pairs) > 40 else ''}")
    if any(column.best for column in columns.shown):
        notes.append("★ best of the finished runs on this page")
    if columns.left_out:
        names = ", ".join(cut(clean(key), 40) for key in columns.left_out[:40])
        notes.append(f"not in the table: {names}{', …' if len(columns.left_out) > 40 else ''}")
    return html.join([tag("div", body, class_="wide", tabindex="0", role="region", aria_label="runs"),
                      *(tag("p", note, class_="quiet") for note in notes)])  # fmt: skip


def _heading(name: str, *, right: bool = False, title: str | None = None) -> Html:
    shown = tag("button", name, type="button", title=title)
    return tag("th", shown, scope="col", class_="number" if right else None)


def _key_heading(column: Column) -> Html:
    key = clean(column.key)
    way = better_direction(column.key) if column.kind == "metric" else None
    about = cut(f"{column.kind} {key}{f', {way} is better' if way else ''}", _TITLE_LIMIT)
    return _heading(cut(key, _KEY_LIMIT, "middle"), right=column.numeric, title=about)


def _fixed(depth: int, record: RunRecord, shows: dict[str, bool]) -> list[Html | None]:
    info = record.info
    glyph, colour = phrases.STATUS_LOOK[info.status]
    name = cut(clean(info.run_name), _NAME_LIMIT)
    branch = tag("span", "\u2003" * (depth - 1) + "└ ", class_="branch") if depth else None
    link = tag("a", name, href=f"#{run_anchor(record)}", title=_whole(info.run_name, _NAME_LIMIT))
    identity = tag("code", phrases.short_id(info.run_id), title=info.run_id)
    status = html.join([tinted(glyph, colour), html.unbroken(phrases.status_words(info))], "\u00a0")
    labels = dict.fromkeys(clean(hazard.label) for hazard in record.provenance.hazards)
    found = html.join([tinted("⚠", html.WARN), ", ".join(labels)], "\u00a0") if labels else None
    started = moment(info.start_time / 1000)
    return [
        tag("td", branch, link, " ", identity, data_v=clean(info.run_name).casefold()[:_TITLE_LIMIT], class_="name"),
        _text(info.experiment_name) if shows["experiment"] else None,
        tag("td", status, data_v=_STATUSES.index(info.status)),
        tag("td", started[:16], data_v=info.start_time, title=started),
        tag("td", duration(info.duration_s), data_v=_number(info.duration_s), class_="number"),
        tag("td", found, data_v=len(record.provenance.hazards)) if shows["hazards"] else None,
        _verdict(record) if shows["verdict"] else None,
    ]


def _verdict(record: RunRecord) -> Html:
    if record.verdict is None:
        return tag("td", data_v="")
    glyph, colour, words = phrases.VERDICT_LOOK[record.verdict]
    shown = html.join([tinted(glyph, colour), html.unbroken(words)], "\u00a0")
    return tag("td", shown, data_v=_VERDICTS.index(record.verdict))


def _value(column: Column, at: int, record: RunRecord) -> Html:
    value = column.texts[at]
    shown: object = cut(value, _VALUE_LIMIT, "middle")
    if at in column.best:
        shown = html.join([tinted("★", html.GOOD), tag("b", shown)], "\u00a0")
    if column.kind == "metric":
        sorted_by = _number(record.data.metrics.get(column.key))
    elif column.numeric:
        typed = record.typed_params.get(column.key, record.info.seed if column.key == "seed" else None)
        sorted_by = _number(typed)
    else:
        sorted_by = clean(value).casefold()[:_TITLE_LIMIT]
    kind = "number" if column.numeric else "words"
    return tag("td", shown, data_v=sorted_by, class_=kind, title=_whole(value, _VALUE_LIMIT))


def _words(record: RunRecord, shows: dict[str, bool]) -> list[Html | None]:
    tags = ", ".join(phrases.tag_words(record.data.tags, 80)[:12])
    return [_text(tags) if shows["tags"] else None, _text(record.note, 60) if shows["note"] else None]


def _text(value: str, limit: int = _VALUE_LIMIT) -> Html:
    return tag(
        "td", cut(clean(value), limit), data_v=clean(value).casefold()[:_TITLE_LIMIT], title=_whole(value, limit)
    )


def _whole(value: str, limit: int) -> str | None:
    cleaned = clean(value)
    return cut(cleaned, _TITLE_LIMIT) if len(cleaned) > limit else None


def _number(value: object) -> str:
    """Return what a number is sorted by; what is none comes last."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        found = float(value)
    except OverflowError:
        found = math.inf if value > 0 else -math.inf
    # NaN has no place among numbers.
    return "" if math.isnan(found) else json.dumps(found).replace("Infinity", "1e999")

"""The facts in which runs differ, as one table: a column for each run, metrics first, then what can explain them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from nbtrack.provenance.differences import Kind
from nbtrack.records import RunInfo, RunRecord
from nbtrack.report import is_checked
from nbtrack.widgets import html, phrases
from nbtrack.widgets.compared.rows import SECTIONS, Row, keys_that_differ, rows_of
from nbtrack.widgets.compared.sides import Sides
from nbtrack.widgets.compared.values import ABSENT, UNKNOWN, label_of
from nbtrack.widgets.format import count, duration, moment
from nbtrack.widgets.html import Html, el, muted, td, text, th, tinted
from nbtrack.widgets.text import clean, cut

_NOUNS: Mapping[Kind, str] = {
    "metric": "metric", "param": "param", "data": "input", "seed": "seed fact", "package": "package",
    "environment": "fact", "git": "fact", "tag": "tag",
}  # fmt: skip
# Of all sections together; a row of many runs counts for more.
_MOST_CELLS, _FEWEST_ROWS = 900, 12
_LABEL_LIMIT, _NAMED_LIMIT = 36, 300
_PAIR_LIMIT, _VALUE_LIMIT = 60, 24
# Of many runs: long enough for what tells them apart, which is often at the end; it wraps where it has blanks.
_HEAD_LIMIT = 32
# A number is not broken in two, as 1.3e-05 would be.
_UNBROKEN = 16
_TOP = "vertical-align:top"


def facts_html(sides: Sides) -> Html:
    """Return the table.

    Parameters
    ----------
    sides : Sides

    Returns
    -------
    Html
    """
    room = max(_MOST_CELLS // len(sides.records), _FEWEST_ROWS)
    lines = list(_standing(sides))
    legend: set[str] = set()
    for kind, title in SECTIONS.items():
        keys = keys_that_differ(sides, kind)
        shown = keys[: max(room, 3)]
        rows = rows_of(sides, kind, shown)
        if not rows:
            continue
        room -= len(rows)
        lines.append(_section(title, len(sides.records) + 2))
        lines += [_line(row, sides, legend) for row in rows]
        if len(keys) > len(shown):
            labels = [label_of(kind, key) for key in keys[len(shown) :]]
            lines.append(_left_out(labels, _NOUNS[kind], len(sides.records) + 2))
    return el(
        "div",
        el("div", html.table(_head(sides), lines), style="overflow-x:auto"),
        _legend(legend),
        style="margin:6px 14px 0 0",
    )


# --- how the runs stand ---------------------------------------------------------------------------------------------


def _standing(sides: Sides) -> Iterable[Html]:
    """Yield what each run came to: its status, its verdict, its hazards."""
    for label, tell in _STANDING.items():
        cells = [td(tell(record), style=_TOP) for record in sides.records]
        yield html.join([td(muted(label), style=_TOP), *cells, td()])


def _status(record: RunRecord) -> Html:
    glyph, colour = phrases.STATUS_LOOK[record.info.status]
    return html.join([tinted(glyph, colour), html.unbroken(phrases.status_words(record.info))], "\u00a0")


def _took(record: RunRecord) -> Html:
    return text(html.unbroken(duration(record.info.duration_s)))


def _verdict(record: RunRecord) -> Html:
    if record.verdict is None:
        return muted(html.unbroken("not replayed"))
    glyph, colour, words = phrases.VERDICT_LOOK[record.verdict]
    return html.join([tinted(glyph, colour), html.unbroken(words)], "\u00a0")


def _hazards(record: RunRecord) -> Html:
    found = record.provenance.hazards
    if not is_checked(record.provenance):
        return muted(html.unbroken("not checked"))
    if not found:
        undecided = len(record.provenance.unknown)
        words = html.unbroken("none found")
        if undecided:
            return text(f"{words}, {html.unbroken(f'{undecided} undecided')}")
        return html.join([tinted("✓", html.GOOD), words], "\u00a0")
    labels = list(dict.fromkeys(cut(clean(hazard.label), _LABEL_LIMIT) for hazard in found))
    return html.join([tinted("⚠", html.WARN), phrases.listed(labels)], "\u00a0")


_STANDING: Mapping[str, Callable[[RunRecord], Html]] = {
    "status": _status,
    "took": _took,
    "verdict": _verdict,
    "hazards": _hazards,
}


# --- the table ------------------------------------------------------------------------------------------------------


def _head(sides: Sides) -> Html:
    limit = 40 if sides.is_pair else _HEAD_LIMIT
    style = "text-align:left;vertical-align:bottom;padding:0 14px 3px 7px;font-weight:normal"
    cells = []
    for record, name in zip(sides.records, sides.names, strict=True):
        below = el("div", muted(phrases.run_id(record.info.run_id)))
        cells.append(
            el(
                "th",
                el("b", cut(clean(name), limit, "middle")),
                below,
                style=style,
                align="left",
                title=_told(record.info),
            )
        )
    return html.row(th(), *cells, th())


def _told(info: RunInfo) -> str:
    words = [info.run_name, f"experiment {info.experiment_name}", f"started {moment(info.start_time / 1000)}"]
    return cut(clean(", ".join(words)), 300)


def _section(title: str, columns: int) -> Html:
    cell = "text-align:left;padding:7px 7px 1px"
    return el("td", muted(title), style=f"{cell};border-bottom:{html.FAINT_RULE}", colspan=columns)


def _line(row: Row, sides: Sides, legend: set[str]) -> Html:
    label = td(cut(clean(row.label), _LABEL_LIMIT, "middle"), title=_whole(row.label, row.hint), style=_TOP)
    cells = [_cell(row, place, sides, legend) for place in range(len(row.values))]
    return html.join([label, *cells, td(_change(row), style=_TOP)])


def _whole(label: str, hint: str) -> str | None:
    return cut(clean(label), 300) if len(clean(label)) > _LABEL_LIMIT else hint or None


def _cell(row: Row, place: int, sides: Sides, legend: set[str]) -> Html:
    value, shown = row.values[place], clean(row.shown[place])
    if value in (UNKNOWN, ABSENT):
        # Of two runs there is room for the word.
        sign, word = ("?", "not known") if value == UNKNOWN else ("—", "none")
        if not sides.is_pair:
            legend.add(f"{sign} {word}")
        return td(muted(word if sides.is_pair else sign), title=None if sides.is_pair else word, style=_TOP)
    limit = _PAIR_LIMIT if sides.is_pair else _VALUE_LIMIT
    content = text(cut(shown, limit, "middle"))
    if row.best and row.best[place]:
        legend.add("★ best of these runs")
        content = html.join([el("b", content), tinted("★", html.GOOD)], "\u00a0")
    elif not sides.is_pair and not row.is_metric and row.differs[place]:
        legend.add("bold: not as in the first run")
        content = el("b", content)
    style = f"{_TOP};white-space:nowrap" if len(shown) <= _UNBROKEN else _TOP
    return td(content, title=_title(row, value.words, shown, limit), style=style)


def _title(row: Row, words: str, shown: str, limit: int) -> str | None:
    whole = clean(words)
    return cut(whole, 500) if len(shown) > limit or (not row.is_metric and shown != whole) else None


def _change(row: Row) -> Html | None:
    if row.change is None:
        return None
    colour = {"better": html.GOOD, "worse": html.BAD}.get(row.change.word)
    glyph = tinted(row.change.glyph, colour) if colour else text(row.change.glyph)
    return html.join([glyph, row.change.amount or None, row.change.word or None], "\u00a0")


def _left_out(labels: Sequence[str], noun: str, columns: int) -> Html:
    named = cut(", ".join(cut(clean(label), _LABEL_LIMIT) for label in labels[:_NAMED_LIMIT]), _NAMED_LIMIT)
    words = f"and {count(len(labels), f'more {noun}')}, in .to_frame(): {named}"
    return el("td", muted(words), style="text-align:left;padding:1px 7px;white-space:normal", colspan=columns)


def _legend(found: set[str]) -> Html | None:
    return el("div", muted(" · ".join(sorted(found))), style="padding:3px 7px 0") if found else None

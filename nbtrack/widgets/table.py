"""The run table: a row per run, a column per param that differs and per metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbtrack.records import RunRecord
from nbtrack.widgets import html, phrases
from nbtrack.widgets.columns import MOST_COLUMNS, Column, Columns, Direction, choose, tree
from nbtrack.widgets.format import age, count, duration, moment
from nbtrack.widgets.html import Html, el, muted, td, th, tinted, unbroken
from nbtrack.widgets.text import WIDTH, cells, clean, cut, fit, grid, wrap

_NAME_LIMIT, _KEY_LIMIT, _VALUE_LIMIT = 40, 24, 28
_NOWRAP = "white-space:nowrap"
_GROUP_EDGE = f"border-left:{html.RULE}"
EMPTY = "No runs yet. Put %%track on top of a cell and run it, or use nbtrack.start_run() in a script."
_STAR = "★ best of the finished runs shown"


def runs_html(
    records: Sequence[RunRecord],
    now_s: float,
    total: int | None = None,
    best: Mapping[str, Direction] | None = None,
    replays: int = 0,
) -> str:
    """Return the run table as HTML.

    Parameters
    ----------
    records : sequence of RunRecord
    now_s : float
        Seconds since the epoch; ages are told from it.
    total : int, optional
        How many runs there are of which these are shown.
    best : mapping of str to str, optional
        ``lower`` or ``higher`` for metrics whose names do not say what is good, or that the table is about.
    replays : int
        How many replays of runs under other seeds are not listed.

    Returns
    -------
    str
    """
    if not records:
        return html.block(muted(EMPTY))
    rows = tree(records)
    columns = choose([record for _, record in rows], best)
    several = len({record.info.experiment_name for record in records}) > 1
    flagged = any(record.provenance.hazards for record in records)
    judged = any(record.verdict for record in records)
    lines = (
        html.join([*_fixed_cells(depth, record, now_s, several, flagged, judged), *_value_cells(index, columns)])
        for index, (depth, record) in enumerate(rows)
    )
    table = html.table(_head(columns, several, flagged, judged), lines, ruled=True)
    captions = (
        el("div", muted(line), style="margin:3px 7px 0") for line in _captions(records, columns, total, replays, now_s)
    )
    return html.block(el("div", table, style="overflow-x:auto"), *captions)


def _head(columns: Columns, several: bool, flagged: bool, judged: bool) -> Html:
    fixed = ["run", "", *(["experiment"] if several else []), "status", "started", "took"]
    fixed += ["hazards"] if flagged else []
    fixed += ["verdict"] if judged else []
    groups = [th(colspan=len(fixed))]
    keys = [th(name or "id", right=name == "took") for name in fixed]
    for kind in ("metric", "param"):
        found = [column for column in columns.shown if column.kind == kind]
        if found:
            groups.append(th(f"{kind}s", colspan=len(found), style=_GROUP_EDGE))
        for index, column in enumerate(found):
            shown = cut(clean(column.key), _KEY_LIMIT, "middle")
            edge = "" if index else _GROUP_EDGE
            keys.append(th(shown, right=column.numeric, style=edge, title=clean(column.key)))
    return html.join([html.row(*groups) if columns.shown else None, html.row(*keys)])


def _fixed_cells(depth: int, record: RunRecord, now_s: float, several: bool, flagged: bool, judged: bool) -> list[Html]:
    info = record.info
    glyph, colour = phrases.STATUS_LOOK[info.status]
    started_s = info.start_time / 1000
    name = cut(clean(info.run_name), _NAME_LIMIT)
    title = " · ".join(
        filter(None, [info.run_name if name != info.run_name else "", *phrases.facts(record), record.note])
    )
    indent = muted("\u2003" * (depth - 1) + "└ ") if depth else None
    cells_ = [
        td(indent, el("b", name) if not depth else name, title=cut(title, 300), style=_NOWRAP),
        td(muted(phrases.run_id(info.run_id))),
        td(cut(clean(info.experiment_name), _KEY_LIMIT), style=_NOWRAP) if several else None,
        td(
            html.join([tinted(glyph, colour), unbroken(phrases.status_words(info))], "\u00a0"),
            title=phrases.error_words(info.error, 300) if info.error else None,
        ),
        td(muted(unbroken(age(started_s, now_s))), title=moment(started_s)),
        td(unbroken(duration(info.duration_s)), right=True),
        _hazards_cell(record) if flagged else None,
        _verdict_cell(record) if judged else None,
    ]
    return [cell for cell in cells_ if cell is not None]


def _hazards_cell(record: RunRecord) -> Html:
    hazards = record.provenance.hazards
    if not hazards:
        return td()
    labels = dict.fromkeys(clean(hazard.label) for hazard in hazards)
    return td(html.join([tinted("⚠", html.WARN), str(len(hazards))], "\u00a0"), title=", ".join(labels))


def _verdict_cell(record: RunRecord) -> Html:
    if record.verdict is None:
        return td()
    glyph, colour, words = phrases.VERDICT_LOOK[record.verdict]
    return td(html.join([tinted(glyph, colour), unbroken(words)], "\u00a0"))


def _value_cells(index: int, columns: Columns) -> list[Html]:
    return [
        _value_cell(column, index, edge=not position or columns.shown[position - 1].kind != column.kind)
        for position, column in enumerate(columns.shown)
    ]


def _value_cell(column: Column, index: int, edge: bool) -> Html:
    value = column.texts[index]
    shown: object = cut(value, _VALUE_LIMIT, "middle")
    if index in column.best:
        shown = html.join([tinted("★", html.GOOD), el("b", shown)], "\u00a0")
    title = cut(value, 500) if len(value) > _VALUE_LIMIT else None
    style = ";".join(filter(None, [_GROUP_EDGE if edge else "", "" if column.numeric else _NOWRAP]))
    return td(shown, right=column.numeric, title=title, style=style)


def _captions(
    records: Sequence[RunRecord], columns: Columns, total: int | None, replays: int, now_s: float
) -> list[str]:
    shown = count(len(records), "run")
    if total is not None and total > len(records):
        shown = f"showing {len(records):,} of {count(total, 'run')}"
    experiments = {record.info.experiment_name for record in records}
    parts = [shown, f"experiment {cut(clean(experiments.pop()), 60)}" if len(experiments) == 1 else ""]
    parts += [_STAR if any(column.best for column in columns.shown) else "", f"as of {moment(now_s)[:16]}"]
    lines = [" · ".join(filter(None, parts))]
    if columns.same:
        pairs = (f"{cut(clean(key), 40)}={cut(value, 40, 'middle')}" for key, value in columns.same.items())
        lines.append("same in all: " + _listed(list(pairs)))
    if replays:
        lines.append(f"{count(replays, 'replay')} under other seeds not listed")
    if columns.left_out:
        lines.append("not shown: " + _listed([cut(clean(key), 40) for key in columns.left_out]))
    return lines


def _listed(names: Sequence[str], most: int = 12) -> str:
    rest = len(names) - most
    return ", ".join([*names[:most], f"and {rest} more"] if rest > 0 else names)


def runs_text(
    records: Sequence[RunRecord],
    now_s: float,
    total: int | None = None,
    best: Mapping[str, Direction] | None = None,
    width: int = WIDTH,
    replays: int = 0,
) -> str:
    """Return the run table as text.

    Parameters
    ----------
    records : sequence of RunRecord
    now_s : float
        Seconds since the epoch.
    total : int, optional
        How many runs there are of which these are shown.
    best : mapping of str to str, optional
        As of :func:`runs_html`.
    width : int
        Columns of the terminal; params and metrics that do not fit are named below.
    replays : int
        As of :func:`runs_html`.

    Returns
    -------
    str
    """
    if not records:
        return EMPTY
    rows = tree(records)
    ordered = [record for _, record in rows]
    fixed, right = _fixed_text(rows, now_s)
    room = width - max(map(cells, grid(fixed, right)))
    columns = choose(ordered, best, MOST_COLUMNS, " ", " ")
    while columns.shown and room < sum(_text_width(column) + 2 for column in columns.shown):
        columns = choose(ordered, best, len(columns.shown) - 1, " ", " ")
    table = [list(row) for row in fixed]
    for column in columns.shown:
        if column.numeric:
            right.add(len(table[0]))
        for row, value in zip(table, _text_cells(column), strict=True):
            row.append(value)
    captions = [
        line
        for text_ in _captions(records, columns, total, replays, now_s)
        for line in wrap(text_.split(" "), width, " ")
    ]
    return "\n".join([*grid(table, right), "", *captions])


def _fixed_text(rows: Sequence[tuple[int, RunRecord]], now_s: float) -> tuple[list[list[str]], set[int]]:
    several = len({record.info.experiment_name for _, record in rows}) > 1
    flagged = any(record.provenance.hazards for _, record in rows)
    judged = any(record.verdict for _, record in rows)
    table = [["run", "id", *(["experiment"] if several else []), "status", "started", "took"]]
    right = {len(table[0]) - 1}
    table[0] += ["hazards"] if flagged else []
    table[0] += ["verdict"] if judged else []
    for depth, record in rows:
        info = record.info
        indent = "  " * (depth - 1) + "└ " if depth else ""
        amount = len(record.provenance.hazards)
        table.append(
            [
                indent + fit(info.run_name, 24),
                phrases.short_id(info.run_id),
                *([fit(info.experiment_name, 14)] if several else []),
                f"{phrases.STATUS_LOOK[info.status][0]} {phrases.status_words(info)}",
                age(info.start_time / 1000, now_s),
                duration(info.duration_s),
                *([f"⚠ {amount}" if amount else ""] if flagged else []),
                *([_verdict_words(record)] if judged else []),
            ]
        )
    return table, right


def _verdict_words(record: RunRecord) -> str:
    if record.verdict is None:
        return ""
    glyph, _, words = phrases.VERDICT_LOOK[record.verdict]
    return f"{glyph} {words}"


def _text_cells(column: Column) -> list[str]:
    values = [("★ " if index in column.best else "") + fit(value, 20) for index, value in enumerate(column.texts)]
    return [fit(column.key, 20), *values]


def _text_width(column: Column) -> int:
    return max(map(cells, _text_cells(column)))

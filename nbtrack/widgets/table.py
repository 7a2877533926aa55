"""The run table: a row per run, a column per param that differs and per metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbtrack.records import RunRecord
from nbtrack.widgets import attributes, html, phrases
from nbtrack.widgets.columns import KINDS, MOST_COLUMNS, Column, Columns, Direction, choose, tree
from nbtrack.widgets.format import count, moment
from nbtrack.widgets.html import Html, el, muted, td, th, tinted
from nbtrack.widgets.text import WIDTH, cells, clean, cut, fit, grid, wrap

_NAME_LIMIT, _KEY_LIMIT, _VALUE_LIMIT = 40, 24, 28
_GROUP_EDGE = f"border-left:{html.RULE}"
EMPTY = "No runs yet. Put %%track on top of a cell and run it, or use nbtrack.start_run() in a script."
_STAR = "★ best of the finished runs shown"


def runs_html(
    records: Sequence[RunRecord],
    now_s: float,
    total: int | None = None,
    best: Mapping[str, Direction] | None = None,
    replays: int = 0,
    wanted: Sequence[str] | None = None,
    most: int = MOST_COLUMNS,
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
    wanted : sequence of str, optional
        Ids of the columns, as ``status`` and ``metrics.loss``; default what tells the runs apart.
    most : int
        At most so many metrics, params and tags; the others are named below.

    Returns
    -------
    str
    """
    if not records:
        return html.block(muted(EMPTY))
    rows = tree(records)
    fixed = attributes.choose(records, wanted)
    columns = choose([record for _, record in rows], best, most, wanted=wanted)
    lines = (
        html.join(
            [
                *_run_cells(depth, record),
                *(attributes.html_cell(column, record, now_s) for column in fixed),
                *_value_cells(index, columns),
            ]
        )
        for index, (depth, record) in enumerate(rows)
    )
    table = html.table(_head(columns, fixed), lines, ruled=True)
    captions = (
        el("div", muted(line), style="margin:3px 7px 0") for line in _captions(records, columns, total, replays, now_s)
    )
    return html.block(el("div", table, style="overflow-x:auto"), *captions)


def _head(columns: Columns, fixed: Sequence[str]) -> Html:
    groups = [th(colspan=2 + len(fixed))]
    keys = [th("run"), th("id")]
    keys += [th(attributes.HEADS[column], right=column in attributes.NUMBERS) for column in fixed]
    for kind in KINDS:
        found = [column for column in columns.shown if column.kind == kind]
        if found:
            groups.append(th(f"{kind}s", colspan=len(found), style=_GROUP_EDGE))
        for index, column in enumerate(found):
            shown = cut(clean(column.key), _KEY_LIMIT, "middle")
            edge = "" if index else _GROUP_EDGE
            keys.append(th(shown, right=column.numeric, style=edge, title=clean(column.key)))
    return html.join([html.row(*groups) if columns.shown else None, html.row(*keys)])


def _run_cells(depth: int, record: RunRecord) -> list[Html]:
    info = record.info
    name = cut(clean(info.run_name), _NAME_LIMIT)
    title = " · ".join(
        filter(None, [info.run_name if name != info.run_name else "", *phrases.facts(record), record.note])
    )
    indent = muted("\u2003" * (depth - 1) + "└ ") if depth else None
    return [
        td(indent, el("b", name) if not depth else name, title=cut(title, 300), style=html.NOWRAP),
        td(muted(phrases.run_id(info.run_id))),
    ]


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
    style = ";".join(filter(None, [_GROUP_EDGE if edge else "", "" if column.numeric else html.NOWRAP]))
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
    wanted: Sequence[str] | None = None,
    most: int = MOST_COLUMNS,
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
    replays, wanted, most : optional
        As of :func:`runs_html`.

    Returns
    -------
    str
    """
    if not records:
        return EMPTY
    rows = tree(records)
    ordered = [record for _, record in rows]
    fixed = attributes.choose(records, wanted)
    table = _fixed_text(rows, fixed, now_s)
    right = {2 + index for index, column in enumerate(fixed) if column in attributes.NUMBERS}
    room = width - max(map(cells, grid(table, right)))
    columns = choose(ordered, best, most, " ", " ", wanted)
    while columns.shown and room < sum(_text_width(column) + 2 for column in columns.shown):
        columns = choose(ordered, best, len(columns.shown) - 1, " ", " ", wanted)
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


def _fixed_text(rows: Sequence[tuple[int, RunRecord]], fixed: Sequence[str], now_s: float) -> list[list[str]]:
    table = [["run", "id", *(attributes.HEADS[column] for column in fixed)]]
    for depth, record in rows:
        indent = "  " * (depth - 1) + "└ " if depth else ""
        table.append(
            [
                indent + fit(record.info.run_name, 24),
                phrases.short_id(record.info.run_id),
                *(attributes.text_cell(column, record, now_s) for column in fixed),
            ]
        )
    return table


def _text_cells(column: Column) -> list[str]:
    values = [("★ " if index in column.best else "") + fit(value, 20) for index, value in enumerate(column.texts)]
    return [fit(column.key, 20), *values]


def _text_width(column: Column) -> int:
    return max(map(cells, _text_cells(column)))

"""The run card: one compact block under a tracked cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbtrack.directions import better_direction
from nbtrack.records import RunRecord
from nbtrack.views import CardView
from nbtrack.widgets import hazards, html, phrases, verdict
from nbtrack.widgets.comparison import Delta, MetricLine, metric_lines
from nbtrack.widgets.format import align, count, number
from nbtrack.widgets.html import Html, el, muted, td, text, th, tinted
from nbtrack.widgets.live import usage_words
from nbtrack.widgets.text import WIDTH, cells, clean, cut, fit, grid, wrap

FOLD_ABOVE = 12
# What is folded leaves a little less above it, so that a fold of one or two lines is worth its own.
_SHOWN = 10
NAME_LIMIT = 60
"""Letters of a run's name in the first line of what is shown about it."""
_KEY_LIMIT, _VALUE_LIMIT, _LINE_LIMIT, _TITLE_LIMIT = 36, 40, 200, 500
_WARNINGS_AT_ONCE = 3
_BEST, _PREVIOUS = "vs best so far", "vs previous run"
_COLOURS = {"better": html.GOOD, "new best": html.GOOD, "worse": html.BAD}


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in a cell, and what pointing at it says."""

    shown: Html
    title: str | None = None
    right: bool = False


# --- HTML -------------------------------------------------------------------------------------------------------


def card_html(view: CardView, now_s: float) -> str:
    """Return the run card as HTML.

    Parameters
    ----------
    view : CardView
    now_s : float
        Seconds since the epoch: tells how long a run has been running.

    Returns
    -------
    str
        Static: inline style alone, nothing that an untrusted notebook strips.
    """
    params = [_param_cells(key, value) for key, value in phrases.shown_params(view.run).items()]
    tables = (_side([th("param"), th("value")], params, "param"), _metrics(metric_lines(view)))
    return html.framed(
        header(view.run, now_s),
        el("div", *tables) if any(tables) else None,
        *(el("div", line, style="margin:3px 14px 0 0") for line in _lines(view)),
    )


def header(record: RunRecord, now_s: float) -> Html:
    """Return a run's name, status, time, experiment and id as the first line of what is shown about it.

    Parameters
    ----------
    record : RunRecord
    now_s : float
        Seconds since the epoch.

    Returns
    -------
    Html
    """
    info = record.info
    glyph, colour = phrases.STATUS_LOOK[info.status]
    experiment = cut(clean(info.experiment_name), _KEY_LIMIT)
    parent = (", child of ", phrases.run_id(info.parent_run_id)) if info.parent_run_id else ()
    return el(
        "div",
        el("b", cut(clean(info.run_name), NAME_LIMIT), style="font-size:14px", title=_whole(info.run_name, NAME_LIMIT)),
        " \u2002",
        tinted(glyph, colour),
        f" {phrases.status_words(info)} {phrases.time_phrase(info, now_s)} \u2002",
        muted(f"experiment {experiment} · run ", phrases.run_id(info.run_id), *parent),
        style="margin:0 14px 0 0",
    )


def _whole(value: str, limit: int) -> str | None:
    """Return the whole of a text that is cut where it is shown; what is endless has an end here too."""
    cleaned = clean(value)
    return cut(cleaned, _TITLE_LIMIT) if len(cleaned) > limit else None


def _param_cells(key: str, value: str) -> tuple[_Cell, ...]:
    return (
        _Cell(text(cut(clean(key), _KEY_LIMIT, "middle")), _whole(key, _KEY_LIMIT)),
        _Cell(text(cut(value, _VALUE_LIMIT, "middle")), _whole(value, _VALUE_LIMIT)),
    )


def _metrics(lines: Sequence[MetricLine]) -> Html | None:
    head = [th("metric"), th("value", right=True)]
    values = _aligned([number(line.value) for line in lines])
    folded = [index >= _shown_of(lines) for index in range(len(lines))]
    columns = [
        [_name_cell(*cell) for cell in zip(folded, lines, strict=True)],
        [_value_cell(*cell) for cell in zip(folded, lines, values, strict=True)],
    ]
    for heading, deltas in _delta_columns(lines):
        head.append(th(heading))
        amounts = _aligned([found.amount if found else "" for found in deltas])
        columns.append([_delta_cell(*cell) for cell in zip(folded, deltas, amounts, strict=True)])
    return _side(head, list(zip(*columns, strict=True)), "metric")


def _aligned(texts: Sequence[str]) -> list[str]:
    """Line numbers up, what is shown at once and what is folded each among themselves."""
    shown = _shown_of(texts)
    return align(texts[:shown]) + align(texts[shown:])


def _name_cell(folded: bool, line: MetricLine) -> _Cell:
    direction = better_direction(line.key)
    hint = f"{direction} is better" if direction and not folded else None
    return _Cell(text(cut(clean(line.key), _KEY_LIMIT, "middle")), _whole(line.key, _KEY_LIMIT) or hint)


def _value_cell(folded: bool, line: MetricLine, shown: str) -> _Cell:
    rounded = number(line.value) != number(line.value, 17)
    return _Cell(el("b", shown), repr(line.value) if rounded and not folded else None, right=True)


def _delta_cell(folded: bool, found: Delta | None, amount: str) -> _Cell:
    if found is None:
        return _Cell(Html())
    colour = None if folded else _COLOURS.get(found.word)
    glyph = tinted(found.glyph, colour) if colour else text(found.glyph)
    return _Cell(html.join([glyph, amount if found.amount else None, found.word or None], " "))


def _delta_columns(lines: Sequence[MetricLine]) -> list[tuple[str, list[Delta | None]]]:
    """Return the comparisons that any metric has, by heading."""
    columns = ((_BEST, [line.best for line in lines]), (_PREVIOUS, [line.previous for line in lines]))
    return [(heading, deltas) for heading, deltas in columns if any(deltas)]


def _shown_of(rows: Sequence[object]) -> int:
    """Return how many of these rows are shown at once."""
    return len(rows) if len(rows) <= FOLD_ABOVE else _SHOWN


def _side(head: Iterable[Html], rows: Sequence[Sequence[_Cell]], noun: str) -> Html | None:
    """Return one of the two tables that stand side by side, what is too much folded away below it."""
    if not rows:
        return None
    shown, rest = rows[: _shown_of(rows)], rows[_shown_of(rows) :]
    lines = (html.join(td(cell.shown, right=cell.right, title=cell.title) for cell in row) for row in shown)
    return el(
        "div",
        html.table(html.row(*head), lines),
        html.folded(count(len(rest), f"more {noun}"), _packed(rest)) if rest else None,
        style="display:inline-block;vertical-align:top;margin:5px 22px 0 0",
    )


def _packed(rows: Sequence[Sequence[_Cell]]) -> Html:
    """Return rows as one row of many lines: a notebook keeps every card, so what is folded must be small."""
    columns = []
    for column in zip(*rows, strict=True):
        lines = [el("span", cell.shown, title=cell.title) if cell.title else cell.shown for cell in column]
        style = "line-height:1.35;white-space:nowrap;vertical-align:top"
        columns.append(td(Html("<br>".join(lines)), right=column[0].right, style=style))
    return html.table(None, [html.join(columns)])


def _lines(view: CardView) -> list[Html]:
    """Return what stands below the tables, a line each."""
    record, error = view.run, view.run.info.error
    lines = []
    if error is not None:
        message = el("span", cut(clean(error.message), _LINE_LIMIT), title=_whole(error.message, _LINE_LIMIT))
        lines.append(html.join([tinted("✗", html.BAD), el("b", cut(error.type, 60)), message], " "))
    lines += verdict.lines_html(record)
    lines += hazards.lines_html(record.provenance.hazards)
    warnings = [html.join([tinted("⚠", html.WARN), cut(clean(item), _LINE_LIMIT)], " ") for item in record.warnings]
    lines += warnings[:_WARNINGS_AT_ONCE]
    if len(warnings) > _WARNINGS_AT_ONCE:
        rest = warnings[_WARNINGS_AT_ONCE:]
        lines.append(html.folded(count(len(rest), "more warning"), *(el("div", item) for item in rest)))
    facts = [*phrases.facts(record), *(usage_words(view.usage) if view.usage is not None else ())]
    if facts:
        lines.append(text(" · ".join(facts)))
    if record.note:
        lines.append(el("i", cut(clean(record.note), _LINE_LIMIT), title=_whole(record.note, _LINE_LIMIT)))
    lines += [muted(f"nbtrack: {notice}") for notice in view.notices]
    return lines


# --- text -------------------------------------------------------------------------------------------------------


def card_text(view: CardView, now_s: float | None = None) -> str:
    """Return the run card as text of at most 100 columns.

    Parameters
    ----------
    view : CardView
    now_s : float, optional
        Seconds since the epoch; only a run that is still running needs it.

    Returns
    -------
    str
        The same for the same view.
    """
    record, error = view.run, view.run.info.error
    params = [fit(f"{key}={value}", 44) for key, value in phrases.shown_params(record).items()]
    below = [] if error is None else [f"✗ {phrases.error_words(error, _LINE_LIMIT)}"]
    below += verdict.lines_text(record)
    below += hazards.lines_text(record.provenance.hazards)
    below += [f"⚠ {warning}" for warning in record.warnings]
    below += [" · ".join(phrases.facts(record)), record.note, *(f"nbtrack: {notice}" for notice in view.notices)]
    lines = [
        header_text(record, now_s),
        *_labelled("params", wrap(_few(params), 89)),
        *_labelled("metrics", _metric_text(metric_lines(view))),
        *("  " + fit(line, 98) for line in below if line),
    ]
    return "\n".join(lines)


def header_text(record: RunRecord, now_s: float | None) -> str:
    """Return a run's name, status, time, experiment and id on one line of at most 100 columns.

    Parameters
    ----------
    record : RunRecord
    now_s : float or None
        Seconds since the epoch.

    Returns
    -------
    str
    """
    info = record.info
    state = f"{phrases.STATUS_LOOK[info.status][0]} {phrases.status_words(info)} {phrases.time_phrase(info, now_s)}"
    where = f"experiment {fit(info.experiment_name, 20)} · run {phrases.short_id(info.run_id)}"
    rest = f"  {state.strip()}  {where}"
    return fit(info.run_name, min(max(WIDTH - cells(rest), 10), 40)) + rest


def _few(pieces: Sequence[str]) -> list[str]:
    shown = _shown_of(pieces)
    return [*pieces[:shown], f"and {len(pieces) - shown} more"] if shown < len(pieces) else list(pieces)


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    return [f"  {'' if index else label:<7}  {line}" for index, line in enumerate(lines)]


def _metric_text(lines: Sequence[MetricLine]) -> list[str]:
    if not lines:
        return []
    shown = lines[: _shown_of(lines)]
    columns = [[fit(line.key, 32) for line in shown], align([number(line.value) for line in shown], " ", " ")]
    head = ["", ""]
    for heading, deltas in _delta_columns(shown):
        head.append(heading)
        columns.append([str(found) if found else "" for found in deltas])
    rows = list(zip(*columns, strict=True))
    rest = [f"and {len(lines) - len(shown)} more"] if len(lines) > len(shown) else []
    return grid([head, *rows] if len(head) > 2 else rows, right={1}) + rest

"""Everything about one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from nbtrack.records import RunRecord, Source
from nbtrack.verification import Verification
from nbtrack.widgets import hazards, html, phrases, series, table, verdict, verification
from nbtrack.widgets.card import header, header_text
from nbtrack.widgets.format import align, count, moment, number, size
from nbtrack.widgets.html import Html, el, muted, td, text, th, tinted
from nbtrack.widgets.series import Series
from nbtrack.widgets.text import clean, cut, fit, grid, printable, wrap

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS = 200
_LONGEST_CODE = 20_000
_VALUE_LIMIT = 64


def run_html(
    record: RunRecord,
    history: pd.DataFrame | None = None,
    children: Sequence[RunRecord] = (),
    now_s: float = 0.0,
) -> str:
    """Return everything about a run as HTML.

    Parameters
    ----------
    record : RunRecord
    history : pandas.DataFrame, optional
        The run's points: columns ``key``, ``step``, ``value``.
    children : sequence of RunRecord
        Runs nested in it.
    now_s : float
        Seconds since the epoch.

    Returns
    -------
    str
    """
    info = record.info
    undecided = hazards.unknown_line(record.provenance.unknown)
    facts = [(muted(name), text(value)) for name, value in _facts(record)]
    params = [(text(clean(key)), _value(value)) for key, value in phrases.shown_params(record).items()]
    files = [(text(file.path), text(size(file.size_bytes)), muted(file.media_type)) for file in record.artifacts]
    return html.framed(
        header(record, now_s),
        _line(el("i", record.note)) if record.note else None,
        _error(record),
        *_verdict(record.verifications),
        *map(_line, hazards.lines_html(record.provenance.hazards)),
        _line(muted(undecided)) if undecided else None,
        *(_line(html.join([tinted("⚠", html.WARN), clean(warning)], " ")) for warning in record.warnings),
        el(
            "div",
            _part("", [], facts),
            _part("param", ["param", "value"], params),
            _metrics(record, series.summarise(history)),
            _part("artifact", ["artifact", "size", "type"], files, right=(1,)),
        ),
        _children(children, now_s),
        _pre("code", info.source.code),
    )


def _verdict(verifications: Sequence[Verification]) -> list[Html | None]:
    if not verifications:
        return []
    latest = verifications[-1]
    body = el("div", *verification.body_html(latest), style="padding:0 0 0 17px")
    earlier = verdict.history_html(verifications)
    return [_line(verdict.line_html(latest, with_reason=False)), body, _line(earlier) if earlier else None]


def _verdict_text(verifications: Sequence[Verification]) -> list[str]:
    if not verifications:
        return []
    earlier = verdict.history_text(verifications)
    return [
        *verdict.line_text(verifications[-1], with_reason=False),
        *verification.body_text(verifications[-1]),
        *(["  earlier:", *(f"  {line}" for line in earlier)] if earlier else []),
    ]


def _line(*children: object) -> Html:
    return el("div", *children, style="margin:3px 14px 0 0")


def _value(value: str) -> Html:
    return el("span", cut(value, _VALUE_LIMIT, "middle"), title=value[:1000] if len(value) > _VALUE_LIMIT else None)


def _facts(record: RunRecord) -> list[tuple[str, str]]:
    """Return what is known of a run beside its params and metrics."""
    info = record.info
    pairs = [
        ("run id", info.run_id),
        ("child of", info.parent_run_id or ""),
        ("started", moment(info.start_time / 1000)),
        ("seed", "" if info.seed is None else str(info.seed)),
        ("from", _origin(info.source)),
        ("user", info.user_id),
        ("tags", ", ".join(phrases.tag_words(record.data.tags, 80))),
    ]
    return [(name, value) for name, value in pairs if value]


def _origin(source: Source) -> str:
    """Return where a run's code stood, as ``digits.ipynb, In[4]``."""
    place = PurePath(source.name).name if source.name else ""
    cell = f"In[{source.execution_count}]" if source.execution_count is not None else source.kind
    return ", ".join(filter(None, [place, cell]))


def _error(record: RunRecord) -> Html | None:
    error = record.info.error
    if error is None:
        return None
    return el(
        "div",
        _line(html.join([tinted("✗", html.BAD), el("b", cut(error.type, 80)), cut(clean(error.message), 1000)], " ")),
        _pre("traceback", error.traceback),
    )


def _pre(summary: str, body: str | None) -> Html | None:
    if not body:
        return None
    shown = printable(body[:_LONGEST_CODE]) + ("\n…" if len(body) > _LONGEST_CODE else "")
    pre = el("pre", html.verbatim(shown), style="margin:4px 14px 0 0;font-size:12px;line-height:1.4;overflow-x:auto")
    return html.folded(summary, pre)


def _part(noun: str, head: Sequence[str], rows: Sequence[Sequence[Html]], right: Sequence[int] = ()) -> Html | None:
    """Return one table of the run, and below it how much it leaves out."""
    if not rows:
        return None
    headings = html.row(*(th(name, right=index in right) for index, name in enumerate(head))) if head else None
    lines = (_cells(row, right) for row in rows[:_MOST_ROWS])
    rest = len(rows) - _MOST_ROWS
    return el(
        "div",
        html.table(headings, lines),
        _line(muted(f"and {count(rest, f'more {noun}')}")) if rest > 0 else None,
        style="display:inline-block;vertical-align:top;margin:5px 22px 0 0",
    )


def _cells(row: Iterable[Html], right: Sequence[int]) -> Html:
    return html.join(td(cell, right=index in right, style="vertical-align:top") for index, cell in enumerate(row))


def _metrics(record: RunRecord, known: Mapping[str, Series]) -> Html | None:
    rows = _metric_rows(record, known)
    if not rows:
        return None
    columns = [[text(clean(key)) for key in record.data.metrics]]
    columns += [[text(value) for value in align(column)] for column in list(zip(*rows, strict=True))[:-1]]
    columns[1] = [el("b", value) for value in columns[1]]
    columns.append([_points(known.get(key), row[-1]) for key, row in zip(record.data.metrics, rows, strict=True)])
    head = ["metric", "last", "min", "max", "points"]
    trends = [series.picture(known[key].trend) if key in known else Html() for key in record.data.metrics]
    if any(trends):
        head.append("trend")
        columns.append(trends)
    elif not any(found.points > 1 for found in known.values()):
        head, columns = ["metric", "value"], columns[:2]
    return _part("metric", head, list(zip(*columns, strict=True)), right=range(1, min(len(head), 5)))


def _points(found: Series | None, amount: str) -> Html:
    title = f"steps {found.first_step:,} to {found.last_step:,}" if found else None
    return el("span", amount, title=title)


def _metric_rows(record: RunRecord, known: Mapping[str, Series]) -> list[tuple[str, str, str, str]]:
    """Return last, min, max and number of points of each metric."""
    rows = []
    for key, value in record.data.metrics.items():
        found = known.get(key)
        extremes = (number(found.minimum), number(found.maximum)) if found and found.points > 1 else ("", "")
        rows.append((number(value), *extremes, f"{found.points:,}" if found else ""))
    return rows


def _children(children: Sequence[RunRecord], now_s: float) -> Html | None:
    if not children:
        return None
    return el("div", Html(table.runs_html(children, now_s)), style="margin:8px 14px 0 0")


def run_text(
    record: RunRecord,
    history: pd.DataFrame | None = None,
    children: Sequence[RunRecord] = (),
    now_s: float | None = None,
) -> str:
    """Return everything about a run as text.

    Parameters
    ----------
    record : RunRecord
    history : pandas.DataFrame, optional
        The run's points: columns ``key``, ``step``, ``value``.
    children : sequence of RunRecord
        Runs nested in it.
    now_s : float, optional
        Seconds since the epoch.

    Returns
    -------
    str
        Lines of at most 100 columns, but for code and traceback.
    """
    info, known = record.info, series.summarise(history)
    params = [[fit(key, 40), fit(value, 54)] for key, value in phrases.shown_params(record).items()]
    metrics = [
        [fit(key, 36), *row, series.blocks(known[key].trend) if key in known else ""]
        for key, row in zip(record.data.metrics, _metric_rows(record, known), strict=True)
    ]
    files = [[fit(file.path, 60), size(file.size_bytes), fit(file.media_type, 24)] for file in record.artifacts]
    head = [["", "last", "min", "max", "points", ""]]
    if not any(found.points > 1 for found in known.values()):
        head, metrics = [], [row[:2] for row in metrics]
    parts = [
        _block("", _verdict_text(record.verifications)),
        _block("", hazards.lines_text(record.provenance.hazards)),
        _block("", wrap([fit(word, 98) for word in hazards.unknown_line(record.provenance.unknown).split()], 98, " ")),
        _block("", [fit(line, 98) for line in [record.note, *(f"⚠ {warning}" for warning in record.warnings)] if line]),
        _block("", grid([[name, fit(value, 84)] for name, value in _facts(record)])),
        _block("params", grid(params[:_MOST_ROWS])),
        _block("metrics", grid(head + metrics[:_MOST_ROWS] if metrics else [], right={1, 2, 3, 4})),
        _block("artifacts", grid(files[:_MOST_ROWS], right={1})),
        _block("children", table.runs_text(children, now_s or 0.0, width=98).splitlines() if children else []),
        _block("code", printable((info.source.code or "")[:_LONGEST_CODE]).splitlines()),
        _block("error", printable(info.error.traceback or f"{info.error.type}: {info.error.message}").splitlines())
        if info.error
        else "",
    ]
    return "\n\n".join([header_text(record, now_s), *filter(None, parts)])


def _block(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([*([heading] if heading else []), *(f"  {line}".rstrip() for line in lines)]) if lines else ""

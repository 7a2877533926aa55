"""What came of a replay, in full: metrics then and now, and reasons with what speaks for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbtrack.records import RunRecord
from nbtrack.verification import MetricCheck, Reason, Verification
from nbtrack.widgets import html, phrases, verdict
from nbtrack.widgets.format import align, count, duration, moment, number, size
from nbtrack.widgets.html import Html, el, muted, td, th, tinted, unbroken
from nbtrack.widgets.text import clean, cut, fit, grid, wrap
from nbtrack.widgets.verdict import sentence_of, short, told_apart, wrapped

_SHOWN, _FOLD_ABOVE, _MOST_ROWS = 10, 12, 200
_KEY_LIMIT = 36
_LINE_WIDTH = 94
_OUTCOMES = {
    "different": ("✗", html.BAD, "different"),
    "missing": ("✗", html.BAD, "not given"),
    "close": ("≈", html.GOOD, "within tolerance"),
    "exact": ("✓", html.GOOD, "the same"),
    "timer": ("–", html.GREY, "measures time"),
}
_HEAD = ("metric", "recorded", "replayed", "difference", "outcome")


# --- on its own -----------------------------------------------------------------------------------------------------


def verification_html(verification: Verification, record: RunRecord | None = None) -> str:
    """Return what came of a replay as HTML.

    Parameters
    ----------
    verification : Verification
    record : RunRecord, optional
        The run that was replayed, for its name.

    Returns
    -------
    str
        Static, as a notebook keeps it.
    """
    heading = el(
        "div",
        *([] if record is None else [el("b", cut(clean(record.info.run_name), 60), style="font-size:14px"), " \u2002"]),
        muted("run ", phrases.run_id(verification.run_id)),
        style="margin:0 14px 0 0",
    )
    return html.framed(heading, _line(verdict.line_html(verification, with_reason=False)), *body_html(verification))


def body_html(verification: Verification) -> list[Html]:
    """Return what goes below the line of a verdict: metrics, reasons, notes, and what it took.

    Parameters
    ----------
    verification : Verification

    Returns
    -------
    list of Html
    """
    # Not by their blanks alone: a number such as 1e-09 breaks at its hyphen, too.
    costs = [el("span", unbroken(cost), style=html.NOWRAP) for cost in _costs(verification)]
    return [
        *_metrics_html(_by_weight(verification.metrics)),
        *(_reason_html(reason, words) for reason, words in _reasons(verification)),
        *(_line(muted(short(note))) for note in verification.notes),
        _line(muted(html.join(costs, " · "))),
    ]


def _line(*children: object) -> Html:
    return el("div", *children, style="margin:3px 14px 0 0")


def _metrics_html(checks: Sequence[MetricCheck]) -> list[Html]:
    if not checks:
        return []
    cells = _cells(checks, "\u2007", "\u2008")
    rows = [
        html.join(
            [
                td(row[0], title=clean(check.key) if len(check.key) > _KEY_LIMIT else None),
                *(td(value, right=True, title=title) for value, title in zip(row[1:4], _exact(check), strict=True)),
                td(html.join([tinted(*_OUTCOMES[check.outcome][:2]), unbroken(row[4])], "\u00a0")),
            ]
        )
        for check, row in zip(checks, cells, strict=True)
    ]
    shown = len(rows) if len(rows) <= _FOLD_ABOVE else _SHOWN
    head = html.row(*(th(name, right=0 < index < 4) for index, name in enumerate(_HEAD)))
    found = [el("div", html.table(head, rows[:shown]), style="margin:5px 14px 0 0")]
    if rest := rows[shown:_MOST_ROWS]:
        found.append(html.folded(count(len(checks) - shown, "more metric"), html.table(head, rest)))
    return found


def _exact(check: MetricCheck) -> list[str | None]:
    """Return the values with all their digits, for who points at them."""
    return [None if value is None else repr(value) for value in (check.recorded, check.replayed, check.difference)]


def _reason_html(reason: Reason, words: str) -> Html:
    about = _about(reason)
    lines = [*(el("div", short(item)) for item in reason.evidence), el("div", about) if about else None]
    return _line(
        html.join([tinted("→", html.CALM), el("span", words, title=clean(reason.label))], " "),
        el("div", muted(*lines), style="padding:0 0 0 17px") if any(lines) else None,
    )


def verification_text(verification: Verification, record: RunRecord | None = None) -> str:
    """Return what came of a replay as text of at most 100 columns.

    Parameters
    ----------
    verification : Verification
    record : RunRecord, optional
        The run that was replayed, for its name.

    Returns
    -------
    str
    """
    run = f"run {phrases.short_id(verification.run_id)}"
    heading = run if record is None else f"{fit(record.info.run_name, 40)} ({run})"
    return "\n".join([heading, *verdict.line_text(verification, with_reason=False), *body_text(verification)])


def body_text(verification: Verification) -> list[str]:
    """Return what goes below the line of a verdict as lines of text.

    Parameters
    ----------
    verification : Verification

    Returns
    -------
    list of str
    """
    checks = _by_weight(verification.metrics)[:_MOST_ROWS]
    rows = [
        [*row[:4], f"{_OUTCOMES[check.outcome][0]} {row[4]}"] for check, row in zip(checks, _cells(checks), strict=True)
    ]
    lines = [f"  {line}" for line in grid([list(_HEAD), *rows], right={1, 2, 3})] if rows else []
    if len(verification.metrics) > len(checks):
        lines.append(f"  and {count(len(verification.metrics) - len(checks), 'more metric')}")
    for reason, words in _reasons(verification):
        lines += _hanging("→", words)
        for item in filter(None, [*map(short, reason.evidence), _about(reason)]):
            lines += [f"    {line}" for line in wrapped(item, _LINE_WIDTH - 2)]
    for note in verification.notes:
        lines += _hanging("·", short(note))
    return [*lines, *(f"  {line}" for line in wrap(_costs(verification), _LINE_WIDTH, " · "))]


def _hanging(glyph: str, words: str) -> list[str]:
    first, *others = wrapped(words, _LINE_WIDTH - 2) or [""]
    return [f"  {glyph} {first}", *(f"    {line}" for line in others)]


# --- its parts ------------------------------------------------------------------------------------------------------


def _by_weight(checks: Sequence[MetricCheck]) -> list[MetricCheck]:
    """Return the metrics, first those that did not come back."""
    order = list(_OUTCOMES)
    return sorted(checks, key=lambda check: order.index(check.outcome))


def _reasons(verification: Verification) -> list[tuple[Reason, str]]:
    """Return the reasons with their words."""
    diverged = verification.verdict == "diverged"
    words = [verdict.without_verdict(verification, sentence_of(reason)) for reason in verification.reasons]
    if diverged and words:
        words = [
            verdict.most_likely(verification.reasons[0]),
            *(f"also possible: {verdict.inside(other)}" for other in words[1:]),
        ]
    return list(zip(verification.reasons, words, strict=True))


def _cells(checks: Sequence[MetricCheck], digit: str = " ", point: str = " ") -> list[list[str]]:
    """Return a row of texts for each metric."""
    pairs = [told_apart(check) for check in checks]
    columns = [
        [fit(check.key, _KEY_LIMIT) for check in checks],
        align([pair[0] for pair in pairs], digit, point),
        align([pair[1] for pair in pairs], digit, point),
        align([_difference(check) for check in checks], digit, point),
        [_OUTCOMES[check.outcome][2] + _points_differ(check) for check in checks],
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _difference(check: MetricCheck) -> str:
    difference = check.difference
    if difference is None or verdict.is_same(check):
        return ""
    shown = number(difference, 3)
    return f"+{shown}" if difference > 0 else shown


def _points_differ(check: MetricCheck) -> str:
    return " before its end" if check.outcome in ("different", "close") and verdict.is_same(check) else ""


def _about(reason: Reason) -> str:
    """Return what a reason is about and does not name by itself, as ``X, y · In[3]``."""
    told = " ".join([reason.sentence, *reason.evidence])
    names = [cut(clean(name), _KEY_LIMIT, "middle") for name in reason.names if not _is_told(name, told)]
    executions = [cell for cell in (f"In[{number}]" for number in reason.executions) if cell not in told]
    return " · ".join(filter(None, [phrases.listed(names), phrases.listed(executions)]))


def _is_told(name: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words) is not None


def _costs(verification: Verification) -> list[str]:
    """Return what it took."""
    recorded = f" (recorded {duration(verification.recorded_s)})" if verification.recorded_s else ""
    pieces = [
        verdict.replayed_words(verification) if verification.verdict == "diverged" else "",
        f"stopped after {duration(verification.duration_s)}" if verification.verdict == "could_not_run" else "",
        count(verification.replays, "replay") if verification.replays > 1 else "",
        f"kernel start {duration(verification.kernel_s)}" if verification.kernel_s else "",
        f"cells {duration(verification.cells_s)}{recorded}" if verification.cells_s else "",
        f"memory {size(verification.memory_bytes)}" if verification.memory_bytes else "",
        f"tolerance {verification.rtol:g}",
        moment(verification.start_us / 1e6) if verification.start_us else "",
    ]
    return [piece for piece in pieces if piece]

"""What other seeds make of a run, and which change made a difference: as HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from nbtrack.findings.explanation import Explanation
from nbtrack.findings.replication import MetricSpread, Replication
from nbtrack.findings.seedtest import SeedComparison
from nbtrack.findings.wording import signed
from nbtrack.widgets import html, phrases
from nbtrack.widgets.format import align, column, count, number
from nbtrack.widgets.html import Html, el, muted, td, th, tinted
from nbtrack.widgets.text import clean, cut

_MOST_ROWS, _MOST_METRICS = 200, 8
_NAME_LIMIT, _WORDS_LIMIT = 60, 90
_GLYPHS = {
    "lucky": ("▲", html.WARN),
    "unlucky": ("▼", html.WARN),
    "at the edge": ("◆", html.WARN),
    "typical": ("●", html.GOOD),
    "": ("●", html.GREY),
}
_VERDICTS = {"likely real": ("✓", html.GOOD), "within noise": ("≈", html.CALM), "open": ("?", html.WARN)}


def replication_html(replication: Replication) -> str:
    """Return what other seeds make of a run as HTML.

    Parameters
    ----------
    replication : Replication

    Returns
    -------
    str
        Static, as a notebook keeps it.
    """
    words = f" under {count(len(replication.replicates), 'other seed')}"
    return html.framed(
        _heading(replication.run_name, replication.run_id, words),
        _figures(replication.metrics),
        *(_line(tinted(*_GLYPHS[metric.luck]), " ", metric.sentence) for metric in replication.metrics),
        *(_line(muted(note)) for note in replication.notes()),
        html.folded(count(len(replication.replicates), "replay"), _replays(replication)),
    )


def seed_lines(comparison: SeedComparison) -> list[Html]:
    """Return whether two runs differ by more than their seeds make: a line for each metric, and how it was found out.

    Parameters
    ----------
    comparison : SeedComparison

    Returns
    -------
    list of Html
    """
    found = [_line(tinted(*_VERDICTS[test.verdict]), " ", test.sentence) for test in comparison.tests]
    notes = comparison.lines()[len(comparison.tests) :]
    sides = (comparison.a, comparison.b)
    if not found or any(side.interrupted or len(side.good) < len(side.replicates) for side in sides):
        return [*found, *(_line(muted(line)) for line in notes)]
    # All as it should be: how it was found out is for those who ask.
    return [*found, html.folded(notes[0].rstrip("."), *(_line(muted(line)) for line in notes[1:]))]


def explanation_html(explanation: Explanation) -> str:
    """Return which change made a difference as HTML.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    str
    """
    keys = list(explanation.a)[:_MOST_METRICS]
    pairs = ", ".join(f"{key} {number(explanation.a[key])} → {number(explanation.b[key])}" for key in keys)
    more = len(explanation.a) - len(keys)
    pairs += f", and {count(more, 'more metric')}" if more > 0 else ""
    head = html.row(th("change"), *(th(cut(clean(key), _NAME_LIMIT), right=True) for key in keys), th())
    effects = explanation.rows()[:_MOST_ROWS]
    columns = [_column([row[1][place] for row in effects]) for place in range(len(keys))]
    rows = [
        html.join(
            [
                td(cut(clean(words), _WORDS_LIMIT), title=clean(words) if len(words) > _WORDS_LIMIT else None),
                *(td(texts[place], right=True) for texts in columns),
                td(muted(cut(clean(remark), _WORDS_LIMIT), title=clean(remark))) if remark else td(),
            ]
        )
        for place, (words, _, remark) in enumerate(effects)
    ]
    return html.framed(
        _heading(explanation.b_name, explanation.b_id, f" against {explanation.a_name}: {pairs}"),
        el("div", html.table(head, rows), style="margin:5px 14px 0 0") if rows else None,
        *(_line(sentence) for sentence in explanation.sentences),
        _line(muted(f"{count(explanation.replays, 'replay')} of cells")) if explanation.replays else None,
    )


def _heading(name: str, run_id: str, words: str) -> Html:
    return el(
        "div",
        el("b", cut(clean(name), _NAME_LIMIT), style="font-size:14px"),
        clean(words),
        " \u2002",
        muted("run ", phrases.run_id(run_id)),
        style="margin:0 14px 0 0",
    )


def _line(*children: object) -> Html:
    return el("div", *children, style="margin:3px 14px 0 0")


def _figures(metrics: Sequence[MetricSpread]) -> Html:
    head = html.row(
        th("metric"), *(th(name, right=True) for name in ("run", "mean", "sd", "95 % interval", "n", "percentile"))
    )
    rows = [
        html.join(
            [
                td(cut(clean(metric.key), _NAME_LIMIT)),
                *(
                    td(text, right=True, title=title)
                    for text, title in (
                        (number(metric.original), repr(metric.original)),
                        (number(metric.mean), repr(metric.mean)),
                        (number(metric.sd), repr(metric.sd)),
                        (_interval(metric), None),
                        (str(metric.n), None),
                        (
                            f"{metric.percentile:.0f}" if metric.luck else "",
                            None,
                        ),
                    )
                ),
            ]
        )
        for metric in metrics
    ]
    return el("div", html.table(head, rows[:_MOST_ROWS]), style="margin:5px 14px 0 0")


def _interval(metric: MetricSpread) -> str:
    return "" if math.isnan(metric.low) else html.unbroken(f"{number(metric.low)} to {number(metric.high)}")


def _replays(replication: Replication) -> Html:
    keys = [metric.key for metric in replication.metrics][:_MOST_METRICS]
    head = html.row(
        th("seed", right=True), th("run"), *(th(cut(clean(key), _NAME_LIMIT), right=True) for key in keys), th()
    )
    found = replication.replicates[:_MOST_ROWS]
    columns = [_plain([row.metrics.get(key, math.nan) for row in found]) for key in keys]
    rows = [
        html.join(
            [
                td(str(row.seed), right=True),
                td(phrases.run_id(row.run_id) if row.run_id else ""),
                *(td(texts[place], right=True) for texts in columns),
                td(muted(cut(clean(row.failure), _WORDS_LIMIT), title=clean(row.failure))) if row.failure else td(),
            ]
        )
        for place, row in enumerate(found)
    ]
    return html.table(head, rows)


def _plain(values: Sequence[float]) -> list[str]:
    shown = iter(align(column([value for value in values if not math.isnan(value)])))
    return ["" if math.isnan(value) else next(shown) for value in values]


def _column(values: Iterable[float]) -> list[str]:
    return ["" if math.isnan(value) else signed(value) for value in values]

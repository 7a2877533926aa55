"""The columns of a run table that every run has, as HTML and as text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nbtrack.records import RunRecord
from nbtrack.widgets import html, phrases
from nbtrack.widgets.format import age, duration, moment
from nbtrack.widgets.html import Html, muted, td, tinted, unbroken
from nbtrack.widgets.text import clean, cut, fit

HEADS = {
    "experiment": "experiment",
    "status": "status",
    "start_time": "started",
    "duration_s": "took",
    "hazards": "hazards",
    "verdict": "verdict",
    "note": "note",
    "user": "user",
    "error": "error",
}
"""What stands over a column, by its id."""
NUMBERS = frozenset({"duration_s"})
"""Those that stand at their cell's right edge."""
_EXPERIMENT_LIMIT, _NOTE_LIMIT = 24, 40
_TEXT_EXPERIMENT_LIMIT, _TEXT_LIMIT = 14, 28


def choose(records: Sequence[RunRecord], wanted: Collection[str] | None = None) -> list[str]:
    """Return the ids of the columns to show.

    Parameters
    ----------
    records : sequence of RunRecord
    wanted : collection of str, optional
        Ids of columns in their order, others among them; default those that tell runs apart.

    Returns
    -------
    list of str
        Without those in which nothing stands.
    """
    if wanted is None:
        several = len({record.info.experiment_name for record in records}) > 1
        wanted = [*(["experiment"] if several else []), "status", "start_time", "duration_s", "hazards", "verdict"]
    return [column for column in wanted if column in HEADS and any(_has(column, record) for record in records)]


def html_cell(column: str, record: RunRecord, now_s: float) -> Html:
    """Return a run's cell of a column as HTML.

    Parameters
    ----------
    column : str
        One of :data:`HEADS`.
    record : RunRecord
    now_s : float
        Seconds since the epoch; ages are told from it.

    Returns
    -------
    Html
    """
    info = record.info
    if column == "status":
        glyph, colour = phrases.STATUS_LOOK[info.status]
        title = phrases.error_words(info.error, 300) if info.error else None
        return td(html.join([tinted(glyph, colour), unbroken(phrases.status_words(info))], "\u00a0"), title=title)
    if column == "start_time":
        started_s = info.start_time / 1000
        return td(muted(unbroken(age(started_s, now_s))), title=moment(started_s))
    if column == "duration_s":
        return td(unbroken(duration(info.duration_s)), right=True)
    if column == "hazards" and record.provenance.hazards:
        hazards = record.provenance.hazards
        labels = dict.fromkeys(clean(hazard.label) for hazard in hazards)
        return td(html.join([tinted("⚠", html.WARN), str(len(hazards))], "\u00a0"), title=", ".join(labels))
    if column == "verdict" and record.verdict is not None:
        glyph, colour, words = phrases.VERDICT_LOOK[record.verdict]
        return td(html.join([tinted(glyph, colour), unbroken(words)], "\u00a0"))
    words = _words(column, record)
    limit = _EXPERIMENT_LIMIT if column == "experiment" else _NOTE_LIMIT
    shown = cut(words, limit)
    return td(shown, title=cut(words, 300) if shown != words else None, style=html.NOWRAP)


def text_cell(column: str, record: RunRecord, now_s: float) -> str:
    """Return a run's cell of a column as text, as :func:`html_cell` does."""
    info = record.info
    if column == "status":
        return f"{phrases.STATUS_LOOK[info.status][0]} {phrases.status_words(info)}"
    if column == "start_time":
        return age(info.start_time / 1000, now_s)
    if column == "duration_s":
        return duration(info.duration_s)
    if column == "hazards" and record.provenance.hazards:
        return f"⚠ {len(record.provenance.hazards)}"
    if column == "verdict" and record.verdict is not None:
        glyph, _, words = phrases.VERDICT_LOOK[record.verdict]
        return f"{glyph} {words}"
    return fit(_words(column, record), _TEXT_EXPERIMENT_LIMIT if column == "experiment" else _TEXT_LIMIT)


def _has(column: str, record: RunRecord) -> bool:
    """Tell whether a run has anything in a column."""
    if column == "hazards":
        return bool(record.provenance.hazards)
    if column == "verdict":
        return record.verdict is not None
    return column in ("status", "start_time", "duration_s") or bool(_words(column, record))


def _words(column: str, record: RunRecord) -> str:
    """Return what stands in a column of plain words; nothing where there is no hazard and no verdict."""
    info = record.info
    found = {
        "experiment": info.experiment_name,
        "note": record.note,
        "user": info.user_id,
        "error": info.error.type if info.error else "",
    }
    return clean(found.get(column) or "")

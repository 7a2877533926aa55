"""Everything about one run as text, for terminals."""

from __future__ import annotations

from collections.abc import Sequence

from nbtrack.records import RunRecord
from nbtrack.verification import Verification
from nbtrack.widgets import hazards, phrases, series, table, verdict, verification
from nbtrack.widgets.card import header_text
from nbtrack.widgets.detail.code import needed_for
from nbtrack.widgets.detail.facts import Facts
from nbtrack.widgets.detail.surroundings import data_words, environment_words, git_words
from nbtrack.widgets.detail.values import known_facts, metric_rows
from nbtrack.widgets.format import count, size
from nbtrack.widgets.text import fit, grid, printable, wrap

_MOST_ROWS = 200
_LONGEST_CODE = 20_000


def detail_text(facts: Facts) -> str:
    """Return everything about a run as text.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    str
        Lines of at most 100 columns, but for code and traceback.
    """
    record, known = facts.record, facts.series
    info = record.info
    params = [[fit(key, 40), fit(value, 54)] for key, value in phrases.shown_params(record).items()]
    metrics = [
        [fit(key, 36), *row, series.blocks(known[key].trend) if key in known else ""]
        for key, row in zip(record.data.metrics, metric_rows(record, known), strict=True)
    ]
    files = [[fit(file.path, 60), size(file.size_bytes), fit(file.media_type, 24)] for file in record.artifacts]
    head = [["", "last", "min", "max", "points", ""]]
    if not any(found.points > 1 for found in known.values()):
        head, metrics = [], [row[:2] for row in metrics]
    data = [[fit(found.name, 40), fit(data_words(found), 54)] for found in record.inputs]
    children = facts.children
    parts = [
        _block("", _verdict(record.verifications)),
        _block("", hazards.lines_text(record.provenance.hazards)),
        _block("", wrap([fit(word, 98) for word in hazards.unknown_line(record.provenance.unknown).split()], 98, " ")),
        _block("", [fit(line, 98) for line in [record.note, *(f"⚠ {warning}" for warning in record.warnings)] if line]),
        _block("", grid([[name, fit(value, 84)] for name, value in [*known_facts(record), *_beside(record)]])),
        _block("params", grid(params[:_MOST_ROWS])),
        _block("metrics", grid(head + metrics[:_MOST_ROWS] if metrics else [], right={1, 2, 3, 4})),
        _block("artifacts", grid(files[:_MOST_ROWS], right={1})),
        _block("data", grid(data[:_MOST_ROWS])),
        _block("children", table.runs_text(children, facts.now_s, width=98).splitlines() if children else []),
        _block("depends on", _slice(record)),
        _block("code", printable((info.source.code or "")[:_LONGEST_CODE]).splitlines()),
        _block("error", printable(info.error.traceback or f"{info.error.type}: {info.error.message}").splitlines())
        if info.error
        else "",
    ]
    return "\n\n".join([header_text(record, facts.now_s), *filter(None, parts)])


def _beside(record: RunRecord) -> list[tuple[str, str]]:
    """Return tags, and in what the run ran."""
    environment = record.provenance.environment
    git = environment.get("git")
    pairs = [
        ("tags", ", ".join(phrases.tag_words(record.data.tags, 80))),
        ("ran in", environment_words(environment) if environment else ""),
        ("git", git_words(git) if isinstance(git, dict) and git else ""),
    ]
    return [(name, value) for name, value in pairs if value]


def _slice(record: RunRecord) -> list[str]:
    """Return the cells before the tracked one, each with what it is there for."""
    cells = record.provenance.slice
    uses = needed_for(cells)
    lines = grid([[cell.label, fit(uses.get(cell.sequence, ""), 86)] for cell in cells[:-1]])
    rest = len(lines) - _MOST_ROWS
    return [*lines[:_MOST_ROWS], *([f"and {count(rest, 'more cell')}"] if rest > 0 else [])]


def _verdict(verifications: Sequence[Verification]) -> list[str]:
    if not verifications:
        return []
    earlier = verdict.history_text(verifications)
    return [
        *verdict.line_text(verifications[-1], with_reason=False),
        *verification.body_text(verifications[-1]),
        *(["  earlier:", *(f"  {line}" for line in earlier)] if earlier else []),
    ]


def _block(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([*([heading] if heading else []), *(f"  {line}".rstrip() for line in lines)]) if lines else ""

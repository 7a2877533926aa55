"""Everything about one run as static HTML, and how it is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nbtrack.records import RunRecord
from nbtrack.store.store import Store
from nbtrack.verification import Verification
from nbtrack.widgets import hazards, html, phrases, table, verdict, verification
from nbtrack.widgets.card import header
from nbtrack.widgets.detail import surroundings
from nbtrack.widgets.detail.code import code_section
from nbtrack.widgets.detail.facts import Facts, gather
from nbtrack.widgets.detail.files import artifacts_section
from nbtrack.widgets.detail.parts import code, line, section
from nbtrack.widgets.detail.values import charts, tables
from nbtrack.widgets.format import count, size
from nbtrack.widgets.html import Html, el, muted, tinted
from nbtrack.widgets.text import clean, cut

MOST_BYTES = 300_000
"""Of HTML for one run."""
_FRAME = f"max-width:980px;border:{html.RULE};border-radius:6px;padding:9px 16px 12px"
_CHIP = f"display:inline-block;border:{html.RULE};border-radius:9px;padding:0 7px;margin:0 5px 0 0;font-size:12px"
_MOST_CHILDREN, _MOST_TRACEBACK, _MOST_TAGS = 30, 20_000, 60
_NOTE_LIMIT, _LINE_LIMIT = 4_000, 120
# What code and curves may take; what is then left goes to artifacts, whose previews can be made as small.
_CODE_SHARE, _CHARTS_SHARE, _LEAST_BYTES = 0.25, 0.3, 2_000


@dataclass(frozen=True, slots=True)
class Parts:
    """The view in pieces, as the live form needs them: what a person can change stands between the other two."""

    head: Html
    words: Html | None
    body: Html


def detail_html(record: RunRecord, store: Store, most_bytes: int = MOST_BYTES) -> str:
    """Return everything about a run as static HTML.

    Parameters
    ----------
    record : RunRecord
        Any record of the run: the rest is read from the store.
    store : Store
        That has it.
    most_bytes : int
        About so long is what is returned, at most; what is left out is said.

    Returns
    -------
    str
        Inline style alone, nothing that an untrusted notebook strips.
    """
    return whole(gather(record, store), most_bytes)


def whole(facts: Facts, most_bytes: int = MOST_BYTES) -> str:
    """Return what is known of a run as static HTML; see :func:`detail_html`.

    Parameters
    ----------
    facts : Facts
    most_bytes : int

    Returns
    -------
    str
    """
    parts = parts_of(facts, most_bytes)
    return html.block(el("div", parts.head, parts.words, parts.body, style=_FRAME))


def parts_of(facts: Facts, most_bytes: int = MOST_BYTES) -> Parts:
    """Return the view in pieces.

    Parameters
    ----------
    facts : Facts
    most_bytes : int

    Returns
    -------
    Parts
    """
    record = facts.record
    head, words = header(record, facts.now_s), _words(record)
    found = _Assembly(most_bytes - len(head) - len(words or ""))
    found.add("findings", el("div", *_findings(record), style="margin:4px 0 0 0"))
    found.add("values", tables(facts))
    found.add("charts", charts(facts, int(most_bytes * _CHARTS_SHARE)))
    found.add("code", code_section(record, int(most_bytes * _CODE_SHARE)))
    found.add("runs nested in it", _children(facts))
    found.add("data", surroundings.data_section(record))
    found.add("environment", surroundings.environment_section(record))
    found.add("git", surroundings.git_section(record))
    found.add("artifacts", artifacts_section(facts, found.left - _LEAST_BYTES), behind=("findings", "values", "charts"))
    return Parts(head, words, html.join(found.pieces()))


class _Assembly:
    """Pieces that together keep to a size; one that does not fit is named instead."""

    def __init__(self, most_bytes: int) -> None:
        self.left = most_bytes
        self._found: list[tuple[str, Html]] = []

    def add(self, name: str, piece: Html | None, behind: Sequence[str] = ()) -> None:
        if piece is None:
            return
        if len(piece) > self.left:
            piece = line(muted(f"{name}: {size(len(piece))}, too large to be shown here"))
        self.left -= len(piece)
        place = len(self._found)
        if behind:
            place = sum(other in behind for other, _ in self._found)
        self._found.insert(place, (name, piece))

    def pieces(self) -> list[Html]:
        return [piece for _, piece in self._found]


# --- what a person wrote ------------------------------------------------------------------------------------------


def _words(record: RunRecord) -> Html | None:
    """Return note and tags."""
    tags = phrases.tag_words(record.data.tags, 80)
    chips = [el("span", words, style=_CHIP) for words in tags[:_MOST_TAGS]]
    if len(tags) > _MOST_TAGS:
        chips.append(muted(f"and {len(tags) - _MOST_TAGS} more"))
    note = cut(record.note, _NOTE_LIMIT)
    lines = html.join(map(clean, note.splitlines()), "\n") if note else None
    shown = [
        el("div", Html("<br>".join((lines or "").split("\n"))), style="margin:5px 0 0 0;font-size:14px")
        if lines
        else None,
        el("div", *chips, style="margin:5px 0 0 0") if chips else None,
    ]
    return el("div", *shown) if any(shown) else None


# --- what was found -----------------------------------------------------------------------------------------------


def _findings(record: RunRecord) -> list[Html]:
    """Return how it went: error, verdict, hazards, warnings."""
    undecided = hazards.unknown_line(record.provenance.unknown)
    return [
        *_error(record),
        *_verdict(record.verifications),
        *map(line, hazards.lines_html(record.provenance.hazards)),
        *(line(html.join([tinted("⚠", html.WARN), clean(warning)], " ")) for warning in record.warnings[:20]),
        *([_undecided(undecided, len(record.provenance.unknown))] if undecided else []),
    ]


def _undecided(words: str, amount: int) -> Html:
    if len(words) <= _LINE_LIMIT:
        return line(muted(words))
    return html.folded(f"{count(amount, 'kind')} of hazard not decided", line(muted(words)))


def _error(record: RunRecord) -> list[Html]:
    error = record.info.error
    if error is None:
        return []
    words = [tinted("✗", html.BAD), el("b", cut(clean(error.type), 80)), cut(clean(error.message), 1_000)]
    trace = error.traceback[-_MOST_TRACEBACK:]
    return [line(html.join(words, " ")), *([html.folded("traceback", code(trace))] if trace else [])]


def _verdict(verifications: Sequence[Verification]) -> list[Html]:
    if not verifications:
        return []
    latest = verifications[-1]
    body = el("div", *verification.body_html(latest), style="padding:0 0 0 17px")
    earlier = verdict.history_html(verifications)
    # That it came back is all that one wants to know of a run that did.
    came_back = latest.verdict in ("reproduced", "within_tolerance")
    found = [line(verdict.line_html(latest, with_reason=False)), html.folded("how", body) if came_back else body]
    return [*found, *([line(earlier)] if earlier else [])]


# --- what belongs to it -------------------------------------------------------------------------------------------


def _children(facts: Facts) -> Html | None:
    children = facts.children
    if not children:
        return None
    shown = Html(table.runs_html(children[:_MOST_CHILDREN], facts.now_s, len(children)))
    return section("Nested runs", count(len(children), "run"), el("div", shown, style="margin:4px 0 0 0"))

"""How hazards are put: a line each on the card, and all that is known of them on their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbtrack.records import Hazard, RunRecord
from nbtrack.report import is_checked
from nbtrack.widgets import html, phrases
from nbtrack.widgets.format import count
from nbtrack.widgets.html import Html, el, muted, td, th, tinted
from nbtrack.widgets.text import clean, cut, fit, wrap

AT_ONCE = 3
# A fold takes a line too: it must be worth one.
_FOLD_ABOVE = 4
NONE_FOUND = "No hazards found."
NOT_CHECKED = "Hazards were not checked: which cells the run depends on is not known."
_SENTENCE_LIMIT, _NAME_LIMIT = 300, 40
_LINE_WIDTH = 98


# --- lines, as the card and the detail view have them ---------------------------------------------------------------


def lines_html(hazards: Sequence[Hazard]) -> list[Html]:
    """Return a line for each hazard; what is too much at once is folded into one more.

    Parameters
    ----------
    hazards : sequence of Hazard

    Returns
    -------
    list of Html
    """
    lines = [_line_html(hazard) for hazard in hazards]
    shown, rest = lines[: _shown_of(hazards)], lines[_shown_of(hazards) :]
    if rest:
        shown.append(html.folded(count(len(rest), "more hazard"), *(el("div", line) for line in rest)))
    return shown


def _shown_of(hazards: Sequence[Hazard]) -> int:
    """Return how many of these are shown at once."""
    return len(hazards) if len(hazards) <= _FOLD_ABOVE else AT_ONCE


def _line_html(hazard: Hazard) -> Html:
    sentence, remedy = _sentence(hazard), _cut(hazard.remedy)
    words = el("span", sentence, title=f"{clean(hazard.label)}, {hazard.severity}")
    line = html.join([tinted("⚠", html.WARN), words, muted(remedy) if remedy else None], " ")
    # Where it takes two lines, the second stands below the words.
    return el("div", line, style="padding:0 0 0 17px;text-indent:-17px")


def lines_text(hazards: Sequence[Hazard], width: int = _LINE_WIDTH) -> list[str]:
    """Return the same as text: a hazard is as many lines as its words take.

    Parameters
    ----------
    hazards : sequence of Hazard
    width : int

    Returns
    -------
    list of str
    """
    shown = _shown_of(hazards)
    lines = [line for hazard in hazards[:shown] for line in _line_text(hazard, width)]
    rest = len(hazards) - shown
    return [*lines, f"⚠ and {count(rest, 'more hazard')}"] if rest > 0 else lines


def _line_text(hazard: Hazard, width: int) -> list[str]:
    remedy = _cut(hazard.remedy)
    words = f"⚠ {_sentence(hazard)}{f' → {remedy}' if remedy else ''}".split(" ")
    first, *others = wrap([fit(word, width - 2) for word in words], width - 2, " ")
    return [first, *(f"  {line}" for line in others)]


def unknown_line(unknown: Mapping[str, str]) -> str:
    """Return which hazards could not be decided, as one line; empty where all could.

    Parameters
    ----------
    unknown : mapping of str to str
        Why, by label.

    Returns
    -------
    str

    Examples
    --------
    >>> unknown_line({"deleted_cell": "no notebook file", "edited_cell": "no notebook file"})
    'not decided: deleted_cell, edited_cell (no notebook file)'
    """
    if not unknown:
        return ""
    parts = (f"{', '.join(clean(label) for label in labels)} ({_cut(why)})" for why, labels in _by_reason(unknown))
    return "not decided: " + "; ".join(parts)


def _by_reason(unknown: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Several hazards are commonly undecided for one and the same reason."""
    reasons: dict[str, list[str]] = {}
    for label, why in unknown.items():
        reasons.setdefault(why, []).append(label)
    return list(reasons.items())


def _sentence(hazard: Hazard) -> str:
    return _cut(hazard.sentence) or clean(hazard.label)


def _cut(words: str) -> str:
    return cut(clean(words).strip(), _SENTENCE_LIMIT)


# --- on their own ---------------------------------------------------------------------------------------------------


def hazards_html(record: RunRecord) -> str:
    """Return all that is known of a run's hazards as HTML.

    Parameters
    ----------
    record : RunRecord
        As :meth:`nbtrack.store.store.Store.run` has it.

    Returns
    -------
    str
    """
    provenance = record.provenance
    heading = el(
        "div",
        el("b", cut(clean(record.info.run_name), 60)),
        " \u2002",
        muted("run ", phrases.run_id(record.info.run_id)),
    )
    rows = (
        html.join(
            [
                td(html.join([tinted("⚠", html.WARN), hazard.label], "\u00a0"), style="vertical-align:top"),
                td(hazard.severity, style="vertical-align:top"),
                td(
                    el("div", _sentence(hazard)),
                    el("div", muted(_cut(hazard.remedy))) if hazard.remedy else None,
                    style="vertical-align:top",
                ),
                td(
                    el("div", _names(hazard)),
                    el("div", muted(html.unbroken(_executions(hazard)))),
                    style="vertical-align:top",
                ),
            ]
        )
        for hazard in provenance.hazards
    )
    head = html.row(
        th("hazard"), th("severity"), th("what happened, and what to do"), th(html.unbroken("names and executions"))
    )
    unknown = [
        el("div", muted(f"not decided: {', '.join(map(clean, labels))}: {_cut(why)}"))
        for why, labels in _by_reason(provenance.unknown)
    ]
    found = html.table(head, rows) if provenance.hazards else el("div", _summary(record))
    return html.framed(heading, el("div", found, *unknown, style="margin:5px 14px 0 0"))


def hazards_text(record: RunRecord) -> str:
    """Return all that is known of a run's hazards as text.

    Parameters
    ----------
    record : RunRecord
        As :meth:`nbtrack.store.store.Store.run` has it.

    Returns
    -------
    str
    """
    lines = [f"{fit(record.info.run_name, 40)} (run {phrases.short_id(record.info.run_id)})", ""]
    for hazard in record.provenance.hazards:
        lines.append(f"⚠ {clean(hazard.label)} ({hazard.severity})")
        for words in (_sentence(hazard), f"→ {_cut(hazard.remedy)}" if hazard.remedy else "", _evidence(hazard)):
            lines += [
                f"  {line}" for line in wrap([fit(word, _LINE_WIDTH) for word in words.split()], _LINE_WIDTH, " ")
            ]
        lines.append("")
    if not record.provenance.hazards:
        lines += [_summary(record), ""]
    if record.provenance.unknown:
        lines.append("Not decided:")
        for why, labels in _by_reason(record.provenance.unknown):
            reason = f"{', '.join(map(clean, labels))}: {_cut(why)}".split()
            lines += [f"  {line}" for line in wrap([fit(word, _LINE_WIDTH) for word in reason], _LINE_WIDTH, " ")]
    return "\n".join(lines).rstrip()


def _summary(record: RunRecord) -> str:
    return NONE_FOUND if is_checked(record.provenance) else NOT_CHECKED


def _evidence(hazard: Hazard) -> str:
    """Return names and executions, as ``x, y · In[3], In[5]``."""
    return " · ".join(filter(None, [_names(hazard), _executions(hazard)]))


def _names(hazard: Hazard) -> str:
    return phrases.listed([cut(clean(name), _NAME_LIMIT, "middle") for name in hazard.names])


def _executions(hazard: Hazard) -> str:
    return phrases.listed([f"In[{number}]" for number in hazard.executions])

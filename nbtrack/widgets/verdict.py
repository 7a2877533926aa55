"""A verdict on one line: what a replay came to, and the least that one must know of it; and those before it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from nbtrack.records import RunRecord
from nbtrack.verification import MetricCheck, Reason, Verification
from nbtrack.widgets import html, phrases
from nbtrack.widgets.format import count, duration, moment, number
from nbtrack.widgets.html import Html, el, muted, tinted
from nbtrack.widgets.text import clean, cut, fit, wrap

_WHOLE_WORDS = {"within_tolerance": "reproduced within tolerance"}
_ARTICLES = frozenset({"The", "A", "An"})
_SENTENCE_LIMIT, _KEY_LIMIT = 300, 36
_LINE_WIDTH = 98
_MOST_DIGITS = 15
_MOST_EARLIER = 200


def lines_html(record: RunRecord) -> list[Html]:
    """Return the verdict on a run as the card and the detail view have it; nothing where it was never replayed.

    Parameters
    ----------
    record : RunRecord
        As :meth:`nbtrack.store.store.Store.run` has it.

    Returns
    -------
    list of Html
    """
    return [line_html(verification) for verification in record.verifications[-1:]]


def line_html(verification: Verification, *, with_reason: bool = True) -> Html:
    """Return a verdict with what goes with it.

    Parameters
    ----------
    verification : Verification
    with_reason : bool
        False where the reasons follow below.

    Returns
    -------
    Html
    """
    glyph, colour, _ = phrases.VERDICT_LOOK[verification.verdict]
    words = el("b", verdict_words(verification), title=cut(clean(verification.sentence), _SENTENCE_LIMIT))
    line = html.join([html.join([tinted(glyph, colour), words], " "), *summary(verification, with_reason)], " · ")
    # Where it takes two lines, the second stands below the words.
    return el("div", line, style="padding:0 0 0 17px;text-indent:-17px")


def lines_text(record: RunRecord, width: int = _LINE_WIDTH) -> list[str]:
    """Return the same as text, on as many lines as its words take.

    Parameters
    ----------
    record : RunRecord
    width : int

    Returns
    -------
    list of str
    """
    return [line for verification in record.verifications[-1:] for line in line_text(verification, width)]


def line_text(verification: Verification, width: int = _LINE_WIDTH, *, with_reason: bool = True) -> list[str]:
    """Return a verdict with what goes with it as lines of text.

    Parameters
    ----------
    verification : Verification
    width : int
    with_reason : bool
        False where the reasons follow below.

    Returns
    -------
    list of str
    """
    glyph = phrases.VERDICT_LOOK[verification.verdict][0]
    pieces = [verdict_words(verification), *summary(verification, with_reason)]
    first, *others = wrapped(" · ".join(pieces), width - 2)
    return [f"{glyph} {first}", *(f"  {line}" for line in others)]


def history_html(verifications: Sequence[Verification]) -> Html | None:
    """Return the verifications before the latest, folded away; None where there are none.

    Parameters
    ----------
    verifications : sequence of Verification
        Oldest first.

    Returns
    -------
    Html or None
    """
    lines = [
        el("div", muted(moment(earlier.start_us / 1e6)), line_html(earlier), style="margin:3px 0 0 0")
        for earlier in reversed(verifications[:-1])
    ]
    return html.folded(count(len(lines), "earlier verification"), *lines[:_MOST_EARLIER]) if lines else None


def history_text(verifications: Sequence[Verification]) -> list[str]:
    """Return the same as lines of text.

    Parameters
    ----------
    verifications : sequence of Verification

    Returns
    -------
    list of str
    """
    lines = []
    for earlier in list(reversed(verifications[:-1]))[:_MOST_EARLIER]:
        lines += wrapped(f"{moment(earlier.start_us / 1e6)}: {' '.join(line_text(earlier))}", _LINE_WIDTH - 4)
    return lines


def wrapped(words: str, width: int) -> list[str]:
    """Return a sentence on lines of so many columns; a longer word is cut.

    Parameters
    ----------
    words : str
    width : int

    Returns
    -------
    list of str
    """
    return wrap([fit(word, width) for word in words.split()], width, " ")


def verdict_words(verification: Verification) -> str:
    """Return a verdict in words, as ``reproduced within tolerance``."""
    return _WHOLE_WORDS.get(verification.verdict) or phrases.VERDICT_LOOK[verification.verdict][2]


def summary(verification: Verification, with_reason: bool = True) -> list[str]:
    """Return what one must know of a verdict beside its word.

    Parameters
    ----------
    verification : Verification
    with_reason : bool

    Returns
    -------
    list of str

    Examples
    --------
    >>> names = {"verification_id": "1", "run_id": "2", "sentence": ""}
    >>> checked = MetricCheck(key="loss", recorded=0.5, replayed=0.5, outcome="exact")
    >>> summary(Verification(verdict="reproduced", cells=5, duration_s=3.2, metrics=(checked,), **names))
    ['5 cells replayed in 3.2 s, bit for bit']
    """
    reasons = verification.reasons[:1] if with_reason else ()
    if verification.verdict == "diverged":
        changes = _changes(verification.metrics) or without_verdict(verification, verification.sentence)
        found = [changes, *map(most_likely, reasons)]
    elif verification.verdict == "could_not_run":
        found = [without_verdict(verification, sentence_of(reason)) for reason in reasons]
        found += [] if verification.reasons else [without_verdict(verification, verification.sentence)]
    else:
        exact = ", bit for bit" if any(check.outcome == "exact" for check in verification.metrics) else ""
        found = [f"{replayed_words(verification)}{exact if verification.verdict == 'reproduced' else ''}"]
        found += [_largest(verification)] if verification.verdict == "within_tolerance" else []
    found += ["its slice was too small and is corrected"] if verification.slice_corrected else []
    return [piece for piece in found if piece]


def replayed_words(verification: Verification) -> str:
    """Return how much was replayed, and how long that took in all, as ``5 cells replayed in 3.2 s``."""
    return f"{count(verification.cells, 'cell')} replayed in {duration(verification.duration_s)}"


def without_verdict(verification: Verification, words: str) -> str:
    """Return a sentence without the verdict that it may begin with, where that stands before it already."""
    return short(words).removeprefix(f"{verdict_words(verification)}: ")


def _changes(metrics: Iterable[MetricCheck]) -> str:
    changed = sorted((check for check in metrics if not check.came_back), key=lambda check: check.outcome == "missing")
    if not changed:
        return ""
    first = changed[0]
    recorded, replayed = told_apart(first)
    words = f"{cut(clean(first.key), _KEY_LIMIT, 'middle')} {recorded}"
    if is_same(first):
        words += " in the end, by other points before"
    else:
        words += f" → {replayed}" if replayed else " was not given"
    return f"{words} and {count(len(changed) - 1, 'more metric')}" if len(changed) > 1 else words


def most_likely(reason: Reason) -> str:
    """Return the first of the reasons in words, as ``most likely: X has changed``."""
    found = sentence_of(reason)
    return found if reason.label == "unknown" else f"most likely: {inside(found)}"


def inside(words: str) -> str:
    """Return a sentence as it stands behind a colon: an article that it begins with is small.

    Examples
    --------
    >>> inside("The file a.csv has changed.")
    'the file a.csv has changed.'
    """
    first, blank, rest = words.partition(" ")
    return f"{first.lower() if first in _ARTICLES else first}{blank}{rest}"


def _largest(verification: Verification) -> str:
    """Return by how much, of its size, the metric that is furthest off differs."""
    apart = [relative(check) for check in verification.metrics if check.outcome == "close"]
    known = [size for size in apart if math.isfinite(size)]
    return f"largest relative difference {max(known):.1e}, allowed {verification.rtol:g}" if any(known) else ""


def relative(check: MetricCheck) -> float:
    """Return by how much a metric differs, relative to the larger of the two values; NaN where it cannot be told."""
    difference = check.difference
    if difference is None or check.replayed is None:
        return math.nan
    return abs(difference) / (max(abs(check.recorded), abs(check.replayed)) or 1.0)


def is_same(check: MetricCheck) -> bool:
    """Tell whether both values of a metric are one, whatever its points before were."""
    return check.replayed is not None and repr(check.recorded) == repr(check.replayed)


def sentence_of(reason: Reason) -> str:
    """Return a reason in words; its label where it has none."""
    return short(reason.sentence) or clean(reason.label)


def short(words: str) -> str:
    """Return a sentence on one line, of a length that can be shown."""
    return cut(clean(words).strip(), _SENTENCE_LIMIT)


def told_apart(check: MetricCheck) -> tuple[str, str]:
    """Return both values of a metric with as many digits as tell them apart; the second is empty where there is none.

    Examples
    --------
    >>> told_apart(MetricCheck(key="loss", recorded=0.25, replayed=0.25000001, outcome="close"))
    ('0.25', '0.25000001')
    """
    if check.replayed is None:
        return number(check.recorded), ""
    pairs: Sequence[tuple[str, str]] = [
        (number(check.recorded, digits), number(check.replayed, digits)) for digits in range(4, _MOST_DIGITS + 1)
    ]
    if is_same(check):
        return pairs[0]
    # Beyond these, Python's own texts are the shortest that differ; so are those of zeros with unlike signs.
    return next((pair for pair in pairs if pair[0] != pair[1]), (repr(check.recorded), repr(check.replayed)))

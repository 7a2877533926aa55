"""The whole comparison as HTML that needs nothing to run, small enough to be kept in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from nbtrack.errors import NbtrackError
from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.comparison_text import counted_kind
from nbtrack.provenance.difference import compared
from nbtrack.records import RunRecord
from nbtrack.widgets import hazards, html, verdict
from nbtrack.widgets.charts.picture import heading, picture
from nbtrack.widgets.charts.svg import image
from nbtrack.widgets.compared.artifacts import artifacts_html
from nbtrack.widgets.compared.code import code_html
from nbtrack.widgets.compared.curves import curves_of, with_fewer
from nbtrack.widgets.compared.facts import facts_html
from nbtrack.widgets.compared.headline import headline_html
from nbtrack.widgets.compared.rows import same_facts
from nbtrack.widgets.compared.sides import Sides, side_by_side
from nbtrack.widgets.format import count
from nbtrack.widgets.html import Html, el, muted
from nbtrack.widgets.replication import seed_lines
from nbtrack.widgets.text import clean, cut

if TYPE_CHECKING:
    from nbtrack.store.store import Store

MOST_BYTES = 300_000
_RESERVE, _MOST_PICTURE = 12_000, 90_000
_MOST_HAZARDS, _MOST_HAZARDS_OF_MANY = 24, 6
_NAME_LIMIT, _LINE_LIMIT, _SAME_LIMIT = 40, 300, 2_000
_MOST_UNKNOWN, _MOST_AT_ONCE = 40, 4
_EDGE = f"border:{html.RULE};border-radius:6px;padding:7px 0 8px 14px"
_FRAME = f"display:inline-block;box-sizing:border-box;max-width:100%;{_EDGE}"


def comparison_html(
    records: Sequence[RunRecord],
    store: Store | Sequence[Store],
    found: Comparison | None = None,
    *,
    with_curves: bool = True,
) -> str:
    """Return what differs between runs as HTML.

    Parameters
    ----------
    records : sequence of RunRecord
        At least two, the baseline first, as :meth:`nbtrack.store.store.Store.run` has them.
    store : Store or sequence of Store
        Where they are: one store for all, or one for each.
    found : Comparison, optional
        Of these runs, with what replays under other seeds came to where that was asked for.
    with_curves : bool
        False where the curves are shown beside it.

    Returns
    -------
    str
        Static: inline style alone, nothing that an untrusted notebook strips; at most 300 kB.

    Raises
    ------
    InputError
        There is nothing to compare.
    """
    sides = side_by_side(records, store, compared(records) if found is None else found)
    parts: list[object] = [headline_html(sides)]
    room = MOST_BYTES - _RESERVE
    for name, part in _PARTS.items():
        if name == "curves" and not with_curves:
            continue
        try:
            markup = part(sides, room)
        except (NbtrackError, OSError) as error:
            # The store is busy or gone; what is known without it is worth showing.
            markup = _line(muted(f"{name}: {cut(clean(str(error)), _LINE_LIMIT)}"))
        if markup is None:
            continue
        size = len(markup.encode())
        if size > room:
            parts.append(_line(muted(f"{name}: too much to keep in a notebook, and left out here.")))
        else:
            parts.append(markup)
            room -= size
    # Of the whole width, edges included: code and tables may take all of it.
    return html.block(el("div", *parts, style=_FRAME))


def _line(*children: object) -> Html:
    return el("div", *children, style="margin:3px 14px 0 0")


def _replication(sides: Sides, _: int) -> Html | None:
    seeds = sides.found.replication
    if seeds is None:
        return None
    return el("div", el("div", muted("under other seeds")), *seed_lines(seeds), style="margin:8px 14px 0 0")


# --- verdicts and hazards -------------------------------------------------------------------------------------------


def _trust(sides: Sides, _: int) -> Html | None:
    """Return why the numbers of a run may not be what they seem."""
    blocks = []
    for record, name in zip(sides.records, sides.names, strict=True):
        lines = []
        if record.verdict is not None:
            lines += verdict.lines_html(record)
        found = record.provenance.hazards
        most = _MOST_HAZARDS if sides.is_pair else _MOST_HAZARDS_OF_MANY
        lines += hazards.lines_html(found[:most])
        if len(found) > most:
            lines.append(el("div", muted(f"and {count(len(found) - most, 'more hazard')}")))
        if record.info.error is not None:
            error = record.info.error
            lines.append(
                _line(html.tinted("✗", html.BAD), f" {cut(clean(f'{error.type}: {error.message}'), _LINE_LIMIT)}")
            )
        if lines:
            blocks.append(el("div", muted(cut(clean(name), _NAME_LIMIT, "middle")), *lines, style="margin:5px 0 0 0"))
    if not blocks:
        return None
    if len(blocks) <= _MOST_AT_ONCE:
        return el("div", *blocks, style="margin:0 14px 0 0")
    return _line(html.folded(f"verdicts and hazards of {count(len(blocks), 'run')}", *blocks))


# --- curves ---------------------------------------------------------------------------------------------------------


def _curves(sides: Sides, room: int) -> Html | None:
    plot = curves_of(sides)
    if plot is None:
        return None
    while True:
        markup = image(picture(plot, across=min(len(plot.panels), 2)), heading(plot))
        if len(markup) <= min(room, _MOST_PICTURE) or len(plot.panels) < 2:
            return el("div", markup, style="margin:12px 14px 0 0")
        plot = with_fewer(plot, len(plot.panels) // 2)


# --- what is equal, and what is not known ---------------------------------------------------------------------------


def _unknown(sides: Sides, _: int) -> Html | None:
    """Return what nobody recorded, and differences that explain nothing: each sentence once."""
    found = sides.differences(state="unknown") + sides.differences(state="cosmetic")
    sentences = list(
        dict.fromkeys(cut(clean(change.sentence), _LINE_LIMIT) for change in found if change.kind != "code")
    )
    if not sentences:
        return None
    unknown = len({(change.kind, change.key) for change in found if change.state == "unknown"})
    lines = [el("div", sentence, style="margin:0 0 0 17px") for sentence in sentences[:_MOST_UNKNOWN]]
    if len(sentences) > _MOST_UNKNOWN:
        lines.append(
            el("div", muted(f"and {count(len(sentences) - _MOST_UNKNOWN, 'more')}"), style="margin:0 0 0 17px")
        )
    words = f"{count(unknown, 'fact')} not known" if unknown else "differences that explain nothing"
    return _line(html.folded(words, *lines))


def _same(sides: Sides, _: int) -> Html | None:
    counts = dict(sides.found.same)
    if sides.is_pair:
        # These stand in the table.
        counts.pop("metric", None)
    if not counts:
        return None
    lines = []
    for kind, facts in same_facts(sides).items():
        told = ", ".join(f"{clean(label)} {cut(clean(value), 60)}" for label, value in facts)
        lines.append(el("div", muted(f"{kind} "), cut(told, _SAME_LIMIT), style="margin:0 0 0 17px"))
    where = "both" if sides.is_pair else "all"
    words = ", ".join(counted_kind(kind, number) for kind, number in counts.items())
    return _line(html.folded(f"the same in {where}: {words}", *lines))


_PARTS: Mapping[str, Callable[[Sides, int], Html | None]] = {
    "seeds": _replication,
    "facts": lambda sides, _: facts_html(sides),
    "verdicts": _trust,
    "curves": _curves,
    "code": code_html,
    "artifacts": artifacts_html,
    "not known": _unknown,
    "same": _same,
}
"""What is shown, in this order."""

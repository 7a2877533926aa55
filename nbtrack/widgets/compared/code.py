"""The code that runs depend on, cell by cell side by side with the baseline's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from nbtrack.provenance.differences import Difference
from nbtrack.records import RunRecord
from nbtrack.widgets import html
from nbtrack.widgets.compared.sidebyside import side_by_side_html
from nbtrack.widgets.compared.sides import Sides
from nbtrack.widgets.format import count
from nbtrack.widgets.html import Html, el, muted
from nbtrack.widgets.text import clean, cut, printable

_BUDGET, _BUDGET_OF_MANY = 90_000, 60_000
_MOST_SAME, _LONGEST_SAME = 40, 1_500
_OPEN_AT_ONCE, _FOLDS_AT_ONCE = 6, 6
_NAME_LIMIT, _SENTENCE_LIMIT, _MOST_NAMED = 40, 300, 4


def code_html(sides: Sides, room: int) -> Html | None:
    """Return the cells of each run against the baseline's: what differs open, what is equal folded.

    Parameters
    ----------
    sides : Sides
    room : int
        About so long is what is returned, at most.

    Returns
    -------
    Html or None
        None where no code is known.
    """
    parts = list(_of_pair(sides, min(room, _BUDGET)) if sides.is_pair else _of_many(sides, min(room, _BUDGET_OF_MANY)))
    if not parts:
        return None
    return el("div", el("div", muted("code")), *parts, style="margin:10px 14px 0 0")


def _changes(sides: Sides) -> list[Difference]:
    """Return what is said about the code of the runs that are shown, what can explain more first."""
    shown = {record.info.run_id for record in sides.records}
    return [change for change in sides.found.differences if change.kind == "code" and change.run_id in shown]


def _has_cells(change: Difference) -> bool:
    return change.state != "unknown" and (isinstance(change.a, str) or isinstance(change.b, str))


def _of_pair(sides: Sides, room: int) -> Iterator[Html]:
    shown = 0
    changes = _changes(sides)
    for number, change in enumerate(changes):
        sentence = cut(clean(change.sentence), _SENTENCE_LIMIT)
        if not _has_cells(change):
            yield el("div", muted("? ") if change.state == "unknown" else None, sentence)
            continue
        heads = None if shown else (clean(sides.names[0]), clean(sides.names[1]))
        body = side_by_side_html(change.a, change.b, heads, room)
        if len(body) > room:
            yield _too_much(sum(map(_has_cells, changes[number:])))
            break
        room -= len(body)
        # Comments and layout explain nothing.
        is_open = change.state == "different" and shown < _OPEN_AT_ONCE
        shown += is_open
        yield el("div", el("div", sentence, style="margin:5px 0 0 0"), body) if is_open else html.folded(sentence, body)
    same = _same(sides)
    if same is not None:
        yield same


def _of_many(sides: Sides, room: int) -> Iterator[Html]:
    """Yield each other version of a cell once, with the runs that have it."""
    names = {record.info.run_id: name for record, name in zip(sides.records, sides.names, strict=True)}
    versions: dict[tuple[str, str], list[Difference]] = {}
    unknown: dict[str, None] = {}
    for change in _changes(sides):
        if _has_cells(change):
            versions.setdefault((change.a or "", change.b or ""), []).append(change)
        else:
            unknown[cut(clean(change.sentence), _SENTENCE_LIMIT)] = None
    changed = {change.run_id for changes in versions.values() for change in changes}
    silent = changed | {change.run_id for change in _changes(sides)}
    equal = [name for run_id, name in names.items() if run_id not in silent][1:]
    # Within what explains as much, what most runs have comes first.
    ordered = sorted(versions.values(), key=lambda changes: (changes[0].rank, -len(changes)))
    folds: list[Html] = []
    for number, changes in enumerate(ordered):
        body = side_by_side_html(changes[0].a, changes[0].b, (clean(sides.names[0]), "the others"), room)
        if len(body) > room:
            folds.append(_too_much(len(ordered) - number))
            break
        room -= len(body)
        sentence = changes[0].sentence.replace(changes[0].key, changes[0].key.partition(" → ")[0], 1)
        who = _listed([names[change.run_id] for change in changes])
        folds.append(html.folded(f"{cut(clean(sentence), _SENTENCE_LIMIT)} · {who}", body))
    yield from folds[:_FOLDS_AT_ONCE]
    if len(folds) > _FOLDS_AT_ONCE:
        rest = el("div", *folds[_FOLDS_AT_ONCE:], style="margin:0 0 0 17px")
        yield html.folded(f"{count(len(ordered) - _FOLDS_AT_ONCE, 'more change')} of cells", rest)
    if equal:
        baseline = cut(clean(sides.names[0]), _NAME_LIMIT, "middle")
        yield el("div", muted(f"the same code as {baseline}: {_listed(equal)}"))
    if unknown:
        noun = "more fact" if folds or equal else "fact"
        yield html.folded(f"{count(len(unknown), noun)} about the code", *(el("div", line) for line in unknown))


def _listed(names: Sequence[str]) -> str:
    shown = [cut(clean(name), _NAME_LIMIT, "middle") for name in names]
    rest = len(shown) - _MOST_NAMED
    return f"{', '.join(shown[:_MOST_NAMED])} and {rest} more" if rest > 1 else ", ".join(shown)


def _too_much(amount: int) -> Html:
    return el("div", muted(f"and {count(amount, 'more change')} of cells: too much to show here"))


# --- what is equal --------------------------------------------------------------------------------------------------


def _sources(record: RunRecord) -> Sequence[tuple[str, str | None]]:
    """Return labels and sources of the cells that a run depends on; its own alone where no other is known."""
    found = [(cell.label, cell.source) for cell in record.provenance.slice]
    return found or [("", record.info.source.code)]


def _same(sides: Sides) -> Html | None:
    """Return the baseline's cells that the other run has as well, folded."""
    amount = sides.found.same.get("code", 0)
    if not amount:
        return None
    changed = Counter(change.a for change in _changes(sides) if isinstance(change.a, str))
    cells = []
    for label, source in _sources(sides.records[0]):
        if source is not None and not changed[source]:
            cells.append((label, source))
        elif source is not None:
            changed[source] -= 1
    parts = [_cell(label, source) for label, source in cells[:_MOST_SAME]]
    if len(cells) > _MOST_SAME:
        parts.append(el("div", muted(f"and {count(len(cells) - _MOST_SAME, 'more cell')}")))
    return html.folded(f"{count(amount, 'cell')} the same", *parts)


def _cell(label: str, source: str) -> Html:
    shown = printable(source.strip("\n"))
    shown = shown if len(shown) <= _LONGEST_SAME else f"{shown[:_LONGEST_SAME]}\n… {len(shown):,} characters"
    style = "margin:2px 0 0 17px;font-size:12px;line-height:1.45;white-space:pre-wrap;overflow-wrap:break-word"
    return el("div", muted(label) if label else None, el("pre", html.verbatim(shown), style=style))

"""How the code that two runs depend on differs, cell by cell."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from nbtrack.provenance.differences import COSMETIC_RANK, RANKS
from nbtrack.provenance.matching import is_reordered, matched, rewritten
from nbtrack.provenance.pairing import Both, Findings
from nbtrack.provenance.python import essence
from nbtrack.records import CellExecution, RunRecord

_CONTEXT_LINES = 2


def of_code(both: Both, found: Findings) -> None:
    """Compare the slices; where one is not known, the code of the runs alone."""
    known = bool(both.a.provenance.slice), bool(both.b.provenance.slice)
    if all(known):
        _of_slices(both, found, both.a.provenance.slice, both.b.provenance.slice)
        return
    found.unknown("code", "slice", f"which cells {both.lacking(*known)} depends on is not known")
    own = _own_code(both.a), _own_code(both.b)
    if own[0] is None or own[1] is None:
        lacking = both.lacking(own[0] is not None, own[1] is not None)
        found.unknown("code", "code", f"the code of {lacking} was not kept")
    else:
        _of_slices(both, found, [own[0]], [own[1]])


def _own_code(record: RunRecord) -> CellExecution | None:
    source = record.info.source
    if record.provenance.slice:
        return record.provenance.slice[-1]
    if source.code is None:
        return None
    return CellExecution(
        session="",
        sequence=0,
        execution_count=source.execution_count,
        cell_id=source.cell_id,
        source=source.code,
        start_us=record.info.start_time * 1000,
    )


def _of_slices(both: Both, found: Findings, first: Sequence[CellExecution], second: Sequence[CellExecution]) -> None:
    pairs = matched(first, second)
    for position, (left, right) in enumerate(rewritten(pairs, first, second)):
        _of_pair(
            both,
            found,
            f"cell {position}",
            None if left is None else first[left],
            None if right is None else second[right],
        )
    if is_reordered(pairs):
        orders = [[_label(cell) for cell in cells] for cells in (first, second)]
        sentence = f"the cells that both have ran in another order: {', '.join(orders[0])} and {', '.join(orders[1])}"
        found.differ("code", "order", orders[0], orders[1], sentence)


def _of_pair(both: Both, found: Findings, place: str, a: CellExecution | None, b: CellExecution | None) -> None:
    if a is None or b is None:
        there, name = (a or b), both.names[1 if a is None else 0]
        assert there is not None
        sources = (None, there.source) if a is None else (there.source, None)
        if there.source is None:
            found.unknown("code", _label(there), f"{_label(there)}, whose code was not kept, is only in {name}")
        else:
            diff = _diff(both, a, b)
            sentence = f"{_label(there)} is only in {name}: {_lines(len(there.source.splitlines()))}"
            found.differ("code", _label(there), sources[0], sources[1], sentence, diff=diff)
        return
    key = _label(a) if _label(a) == _label(b) else f"{_label(a)} → {_label(b)}"
    if a.source is None or b.source is None:
        lacking = both.lacking(a.source is not None, b.source is not None)
        found.unknown("code", key, f"the code of {key} was not kept in {lacking}", a.source, b.source)
        return
    if a.source.strip() == b.source.strip():
        found.equal("code", place)
        return
    diff = _diff(both, a, b)
    if essence(a.source) == essence(b.source):
        sentence = f"{key} differs in comments, docstrings or layout alone"
        found.differ("code", key, a.source, b.source, sentence, diff=diff, state="cosmetic", rank=COSMETIC_RANK)
        return
    params = frozenset(name for name in _changed_params(both) if name in a.source and name in b.source)
    if params and essence(a.source, params) == essence(b.source, params):
        named = [name for name in params if essence(a.source, params - {name}) != essence(b.source, params - {name})]
        sentence = f"{key} differs only where it sets {', '.join(sorted(named or params))}"
        found.differ("code", key, a.source, b.source, sentence, diff=diff, rank=RANKS["param"] + 1)
        return
    signs = [line[:1] for line in diff.split("\n")[2:]]
    counts = [f"{_lines(signs.count(sign))} {word}" for sign, word in (("-", "gone"), ("+", "new")) if sign in signs]
    found.differ("code", key, a.source, b.source, f"{key} reads differently: {', '.join(counts)}", diff=diff)


def _changed_params(both: Both) -> frozenset[str]:
    """Return the names whose recorded values differ, so that their lines need not be told as code too."""
    a, b = both.a.data.params, both.b.data.params
    return frozenset(key.partition(".")[0] for key in {*a, *b} if key in a and key in b and a[key] != b[key])


def _diff(both: Both, a: CellExecution | None, b: CellExecution | None) -> str:
    texts = [[] if cell is None else (cell.source or "").strip("\n").split("\n") for cell in (a, b)]
    heads = [
        "nothing" if cell is None else f"{_label(cell)} of {name}"
        for cell, name in zip((a, b), both.names, strict=True)
    ]
    found = difflib.unified_diff(texts[0], texts[1], heads[0], heads[1], lineterm="", n=_CONTEXT_LINES)
    return "\n".join(found)


def _label(cell: CellExecution) -> str:
    return cell.label


def _lines(number: int) -> str:
    return f"{number} line{'' if number == 1 else 's'}"

"""The cells that a run depends on, as code to read, and what each of them is there for."""

from __future__ import annotations

from collections.abc import Sequence

from nbtrack.records import CellExecution, RunRecord
from nbtrack.widgets import html, phrases
from nbtrack.widgets.detail.parts import line, long_code, section
from nbtrack.widgets.format import count
from nbtrack.widgets.html import Html, el, mono, muted, tinted
from nbtrack.widgets.text import clean, cut

_AT_ONCE_LINES, _TRACKED_LINES, _CELL_LINES = 12, 40, 24
_MOST_LETTERS, _MOST_CELLS = 20_000, 60
_NAME_LIMIT = 30
_KINDS = {"cell": "the tracked cell", "function": "the tracked function", "block": "where the run began"}
_OUTCOMES = {"error": "ended in an error", "interrupted": "was interrupted"}


def code_section(record: RunRecord, most_bytes: int) -> Html | None:
    """Return the code of a run; None where there is none.

    Parameters
    ----------
    record : RunRecord
    most_bytes : int
        Of HTML; cells that do not fit are counted.

    Returns
    -------
    Html or None
    """
    source, found = record.info.source, record.provenance.slice
    if not found:
        if not source.code:
            return None
        shown = long_code(source.code, _TRACKED_LINES, min(_MOST_LETTERS, most_bytes // 2), html.CALM)
        return section("Code", _KINDS[source.kind], shown)
    *before, own = found
    uses = needed_for(found)
    kind = _KINDS[source.kind]
    own_code = _cell(own, uses, kind, min(_MOST_LETTERS, most_bytes // 2))
    extra = None
    if source.kind == "function" and source.code and source.code.strip() not in (own.source or ""):
        extra = el("div", line(muted(kind)), long_code(source.code, _CELL_LINES, _MOST_LETTERS // 2, html.CALM))
    earlier, left_out = _earlier(before, uses, most_bytes - len(own_code))
    if earlier:
        words = f"{count(len(before), 'cell')} before it that it depends on"
        # Few lines are read faster than a fold is opened.
        is_short = sum(len((cell.source or "").split("\n")) for cell in before) <= _AT_ONCE_LINES
        told = el("div", *earlier) if is_short else html.folded(words, *earlier)
    else:
        told = line(muted("it depends on no other cell"))
    more = line(muted(f"{count(left_out, 'more cell')} not shown")) if left_out else None
    about = f"{count(len(found), 'cell')}, in the order in which they ran" if before else kind
    return section("Code", about, told, more, extra, own_code)


def _earlier(cells: Sequence[CellExecution], uses: dict[int, str], most_bytes: int) -> tuple[list[Html], int]:
    shown: list[Html] = []
    left = most_bytes
    # Where there are too many, those that ran last are the nearest to the run.
    for cell in list(reversed(cells))[:_MOST_CELLS]:
        markup = _cell(cell, uses, "", _MOST_LETTERS // 4)
        left -= len(markup)
        if left < 0:
            break
        shown.append(markup)
    return shown[::-1], len(cells) - len(shown)


def _cell(cell: CellExecution, uses: dict[int, str], kind: str, most_letters: int) -> Html:
    outcome = _OUTCOMES.get(cell.outcome)
    words = [
        el("b", kind) if kind else None,
        tinted("✗", html.BAD) if outcome else None,
        muted(outcome) if outcome else None,
        muted(uses[cell.sequence]) if cell.sequence in uses else None,
        muted("ran before nbtrack was loaded") if not cell.observed and cell.source is not None else None,
    ]
    heading = html.join([mono(cell.label), *(word for word in words if word is not None)], " ")
    if cell.source is None:
        body = line(muted("its code was not kept"))
    else:
        limit = _TRACKED_LINES if kind else _CELL_LINES
        body = long_code(cell.source, limit, most_letters, html.CALM if kind else "")
    return el("div", heading, body, style="margin:8px 0 0 0")


def needed_for(cells: Sequence[CellExecution]) -> dict[int, str]:
    """Return what each cell of a slice is there for, as ``gives X, y to In[7]``, by its place in the session.

    Parameters
    ----------
    cells : sequence of CellExecution
        In order.

    Returns
    -------
    dict of int to str
        Without those of which it is not known.

    Examples
    --------
    >>> cells = [
    ...     CellExecution(session="", sequence=0, execution_count=1, cell_id=None, source="", start_us=0, binds=("x",)),
    ...     CellExecution(session="", sequence=4, execution_count=3, cell_id=None, source="", start_us=0, reads=("x",)),
    ... ]
    >>> needed_for(cells)
    {0: 'gives x to In[3]'}
    """
    giver: dict[str, CellExecution] = {}
    given: dict[int, dict[str, list[str]]] = {}
    for cell in cells:
        for name in filter(_is_word, cell.reads):
            if name in giver:
                takers = given.setdefault(giver[name].sequence, {}).setdefault(name, [])
                takers.append(cell.label)
        giver |= dict.fromkeys([*cell.binds, *cell.changes], cell)
    return {sequence: _gives(names) for sequence, names in given.items()}


def _is_word(name: str) -> bool:
    """Leave out what stands for generators, variables of the environment and the like."""
    return name.isidentifier() and not name.startswith("__")


def _gives(names: dict[str, list[str]]) -> str:
    """Names that go to the same cells are said together."""
    takers: dict[tuple[str, ...], list[str]] = {}
    for name, cells in names.items():
        takers.setdefault(tuple(dict.fromkeys(cells)), []).append(cut(clean(name), _NAME_LIMIT, "middle"))
    return "gives " + "; ".join(
        f"{phrases.listed(found)} to {phrases.listed(cells)}" for cells, found in takers.items()
    )

"""Which cell of one slice is which of another: by the front end's ids, else by likeness in order."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from nbtrack.provenance.python import essence
from nbtrack.records import CellExecution

Pair = tuple[int | None, int | None]
# How alike two cells must be to count as one that was edited.
_ALIKE = 0.6
_MOST_COMPARED = 2_500
_MOST_CHARACTERS = 4_000


def matched(first: Sequence[CellExecution], second: Sequence[CellExecution]) -> list[Pair]:
    """Match the cells of two slices.

    Parameters
    ----------
    first, second : sequence of CellExecution

    Returns
    -------
    list of (int or None, int or None)
        Positions, in the order of the first slice with what only the second has in between; None where one has no
        such cell.
    """
    texts = [[cell.source or "" for cell in cells] for cells in (first, second)]
    essences = [list(map(essence, sources)) for sources in texts]
    found: dict[int, int] = {}
    # A cell that was edited and ran again is both: as it reads in the other run, if it ever did, else as it ran last.
    _by_key(found, _ids(first, essences[0]), _ids(second, essences[1]))
    _by_key(found, _last_ids(first), _last_ids(second))
    if first and second:
        last = (len(first) - 1, len(second) - 1)
        if last[0] not in found and last[1] not in found.values():
            # The two cells that were tracked, however they read.
            found[last[0]] = last[1]
    _by_key(found, _occurrences(essences[0]), _occurrences(essences[1]))
    _by_likeness(found, *texts)
    return _in_order(found, len(first), len(second))


def rewritten(pairs: Sequence[Pair], first: Sequence[CellExecution], second: Sequence[CellExecution]) -> list[Pair]:
    """Match cells that are in one slice alone and bind the same names: a function that was written anew, elsewhere.

    Parameters
    ----------
    pairs : sequence of (int or None, int or None)
        As :func:`matched` has them.
    first, second : sequence of CellExecution

    Returns
    -------
    list of (int or None, int or None)
    """
    gone = [row for row, place in pairs if place is None and row is not None]
    new = [place for row, place in pairs if row is None and place is not None]
    sides = [_bound([cells[place] for place in places]) for cells, places in ((first, gone), (second, new))]
    others = {key: place for key, place in zip(sides[1], new, strict=True) if key is not None}
    found = {row: others[key] for key, row in zip(sides[0], gone, strict=True) if key is not None and key in others}
    taken = set(found.values())
    return [
        (row, found.get(row, place) if row is not None else place)
        for row, place in pairs
        if row is not None or place not in taken
    ]


def _bound(cells: Sequence[CellExecution]) -> list[object]:
    numbered = _occurrences([frozenset(cell.binds) for cell in cells])
    return [key if cell.binds else None for cell, key in zip(cells, numbered, strict=True)]


def is_reordered(pairs: Sequence[Pair]) -> bool:
    """Tell whether cells that both slices have ran in another order."""
    positions = [second for first, second in pairs if first is not None and second is not None]
    return positions != sorted(positions)


def _ids(cells: Sequence[CellExecution], texts: Sequence[str]) -> list[object]:
    found = _occurrences([(cell.cell_id, text) for cell, text in zip(cells, texts, strict=True)])
    return _known(cells, found)


def _last_ids(cells: Sequence[CellExecution]) -> list[object]:
    return _known(cells, _occurrences([cell.cell_id for cell in reversed(cells)])[::-1])


def _known(cells: Sequence[CellExecution], keys: Sequence[object]) -> list[object]:
    return [None if cell.cell_id is None else key for cell, key in zip(cells, keys, strict=True)]


def _occurrences(keys: Sequence[object]) -> list[object]:
    """Number equal keys: a cell that ran twice is matched with the other's first and second time."""
    seen: Counter[object] = Counter()
    found: list[object] = []
    for key in keys:
        found.append((key, seen[key]))
        seen[key] += 1
    return found


def _by_key(found: dict[int, int], first: Sequence[object], second: Sequence[object]) -> None:
    taken = set(found.values())
    places = {key: place for place, key in enumerate(second) if key is not None and place not in taken}
    for position, key in enumerate(first):
        if position not in found and key is not None and key in places:
            found[position] = places.pop(key)


def _by_likeness(found: dict[int, int], first: Sequence[str], second: Sequence[str]) -> None:
    """Match what is left so that the sum of likeness is greatest without crossing."""
    taken = set(found.values())
    rows = [place for place in range(len(first)) if place not in found]
    columns = [place for place in range(len(second)) if place not in taken]
    if not rows or not columns or len(rows) * len(columns) > _MOST_COMPARED:
        return
    likeness = [[_likeness(first[row], second[column]) for column in columns] for row in rows]
    best = [[0.0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
    for row in reversed(range(len(rows))):
        for column in reversed(range(len(columns))):
            both = likeness[row][column] + best[row + 1][column + 1] if likeness[row][column] else 0.0
            best[row][column] = max(best[row + 1][column], best[row][column + 1], both)
    row = column = 0
    while row < len(rows) and column < len(columns):
        if best[row][column] == best[row + 1][column]:
            row += 1
        elif best[row][column] == best[row][column + 1]:
            column += 1
        else:
            found[rows[row]] = columns[column]
            row, column = row + 1, column + 1


def _likeness(first: str, second: str) -> float:
    matcher = difflib.SequenceMatcher(None, first[:_MOST_CHARACTERS], second[:_MOST_CHARACTERS], autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _ALIKE else 0.0


def _in_order(found: dict[int, int], rows: int, columns: int) -> list[Pair]:
    pairs: list[Pair] = []
    taken = set(found.values())
    alone = [place for place in range(columns) if place not in taken]
    for row in range(rows):
        place = found.get(row)
        while place is not None and alone and alone[0] < place:
            pairs.append((None, alone.pop(0)))
        pairs.append((row, place))
    return pairs + [(None, place) for place in alone]

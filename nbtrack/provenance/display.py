"""The notebook as the user sees it now: its cells in order, and which executions were of which."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nbtrack.provenance.cellparts import parts_of
from nbtrack.provenance.history import Execution, History

_ALIKE = 0.5
_MAX_PIECES = 8


@dataclass(eq=False, slots=True)
class Cell:
    """A cell as displayed.

    Attributes
    ----------
    position : int
        In the order of the document.
    key : str
        Its id, or its source where it has none.
    source : str
        As Python, as it reads now.
    executions : list of Execution
    """

    position: int
    key: str
    source: str
    executions: list[Execution] = field(default_factory=list)

    @property
    def text_key(self) -> str:
        """The source without comments and layout."""
        parts = parts_of(self.source)
        return self.source.strip() if parts is None else parts.text


@dataclass(eq=False, slots=True)
class Display:
    """The displayed cells.

    Attributes
    ----------
    cells : list of Cell
    known : bool
        From the document; else in the order in which cells were first run.
    homes : dict of int to Cell
        Cells by the ``sequence`` of their executions; those of deleted cells are missing.
    """

    cells: list[Cell] = field(default_factory=list)
    known: bool = True
    homes: dict[int, Cell] = field(default_factory=dict)

    def home(self, execution: Execution) -> Cell | None:
        """Return the cell of an execution, None where it is deleted."""
        return self.homes.get(execution.sequence)

    def add(self, cell: Cell, *executions: Execution) -> None:
        """Take executions as those of a cell."""
        cell.executions += executions
        self.homes.update((execution.sequence, cell) for execution in executions)


def display_of(
    history: History, document: Sequence[tuple[str | None, str]] | None, saved_ns: int, python: Callable[[str], str]
) -> Display:
    """Return the notebook as displayed.

    Parameters
    ----------
    history : History
    document : sequence of (str or None, str), optional
        Ids and sources of the saved code cells, as typed; None where the document is not known.
    saved_ns : int
        When it was saved.
    python : callable
        Turns a cell as typed into Python.

    Returns
    -------
    Display
    """
    runs: dict[str, list[Execution]] = {}
    for execution in history.executions:
        # Without ids two equal cells cannot be told from one that ran twice.
        source = f"source {execution.text_key}" + (f" {execution.sequence}" if document is None else "")
        runs.setdefault(execution.cell_id or source, []).append(execution)
    if document is None:
        return _by_first_run(history, runs)
    ids = {cell_id for cell_id, _ in document}
    if any(key in ids for key in runs):
        return _by_id(history, runs, document, saved_ns, python)
    return _by_source(runs, document, saved_ns, python)


def _by_first_run(history: History, runs: dict[str, list[Execution]]) -> Display:
    shown = Display(known=False)
    for key, executions in runs.items():
        if _is_deleted(history, key, executions):
            continue
        cell = Cell(len(shown.cells), key, executions[-1].source)
        shown.cells.append(cell)
        shown.add(cell, *executions)
    return shown


def _is_deleted(history: History, key: str, executions: list[Execution]) -> bool:
    return history.deleted_ns.get(key, 0) > executions[-1].start_ns


def _by_id(
    history: History,
    runs: dict[str, list[Execution]],
    document: Sequence[tuple[str | None, str]],
    saved_ns: int,
    python: Callable[[str], str],
) -> Display:
    shown = Display()
    for cell_id, source in document:
        executions = runs.pop(cell_id, []) if cell_id is not None else []
        last = executions[-1] if executions else None
        if cell_id is not None and history.deleted_ns.get(cell_id, 0) > max(saved_ns, last.start_ns if last else 0):
            continue
        # What was run after the document was saved is what stands in the cell since.
        now = last.source if last is not None and (last.start_ns > saved_ns or last.text == source) else python(source)
        cell = Cell(0, cell_id or f"source {source}", now)
        shown.cells.append(cell)
        shown.add(cell, *executions)
    for key, executions in runs.items():
        _place(shown, history, key, executions, saved_ns)
    _rejoin(shown, history)
    for position, cell in enumerate(shown.cells):
        cell.position = position
    return shown


def _rejoin(shown: Display, history: History) -> None:
    """Take cells that were split or merged since they ran for those that ran, as far as nothing else was changed."""
    homeless: dict[str, list[Execution]] = {}
    for execution in history.executions:
        if execution.sequence not in shown.homes:
            homeless.setdefault(execution.text_key, []).append(execution)
    cells: list[Cell] = []
    index = 0
    while index < len(shown.cells):
        taken, pieces = _pieces(shown.cells, index, homeless)
        cells += pieces or shown.cells[index : index + taken]
        for piece in pieces:
            shown.add(piece, *homeless.get(piece.text_key, ()))
        index += taken
    shown.cells[:] = cells


def _pieces(cells: list[Cell], start: int, homeless: dict[str, list[Execution]]) -> tuple[int, list[Cell]]:
    """Return how many cells are looked at, and the cells that ran in their place."""
    text = ""
    for end in range(start, min(start + _MAX_PIECES, len(cells))):
        if cells[end].executions or not homeless:
            break
        text = f"{text}\n{cells[end].text_key}".strip("\n")
        if end > start and text in homeless:
            return end - start + 1, [Cell(0, cells[start].key, homeless[text][-1].source)]
    if cells[start].executions or cells[start].text_key in homeless:
        return 1, []
    found: list[Cell] = []
    left = cells[start].text_key
    while left:
        key = next((key for key in homeless if key and (left == key or left.startswith(f"{key}\n"))), None)
        if key is None:
            return 1, []
        found.append(Cell(0, f"{cells[start].key} {len(found)}", homeless[key][-1].source))
        left = left[len(key) :].lstrip("\n")
    return 1, found


def _place(shown: Display, history: History, key: str, executions: list[Execution], saved_ns: int) -> None:
    """Find a place for executions of a cell that the saved document does not have."""
    last = executions[-1]
    if key.startswith("source "):
        for cell in shown.cells:
            if cell.text_key == last.text_key:
                shown.add(cell, *executions)
                return
    if last.start_ns <= saved_ns or _is_deleted(history, key, executions):
        return
    # New and not saved yet: it stands below the cell that was run before it.
    place, latest = len(shown.cells), -1
    for index, cell in enumerate(shown.cells):
        for done in cell.executions:
            if latest < done.sequence < executions[0].sequence:
                place, latest = index + 1, done.sequence
    cell = Cell(0, key, last.source)
    shown.cells.insert(place, cell)
    shown.add(cell, *executions)


def _by_source(
    runs: dict[str, list[Execution]],
    document: Sequence[tuple[str | None, str]],
    saved_ns: int,
    python: Callable[[str], str],
) -> Display:
    """Match by source, then by likeness in what is left between matched neighbours."""
    shown = Display()
    for cell_id, source in document:
        shown.cells.append(Cell(len(shown.cells), cell_id or f"source {source}", python(source)))
    left: list[list[Execution]] = []
    for executions in runs.values():
        matches = _equal_cells(shown, executions)
        if not matches:
            left.append(executions)
        for index, execution in enumerate(executions if matches else ()):
            # As many equal cells as runs of them: each ran once.
            shown.add(matches[index if len(matches) >= len(executions) else -1], execution)
    for executions in left:
        last = executions[-1]
        free = [cell for cell in shown.cells if not cell.executions]
        best = max(free, key=lambda cell: _likeness(cell.source, last.source), default=None)
        if best is not None and _likeness(best.source, last.source) >= _ALIKE:
            if last.start_ns > saved_ns:
                best.source = last.source
            shown.add(best, *executions)
    return shown


def _equal_cells(shown: Display, executions: list[Execution]) -> list[Cell]:
    for execution in reversed(executions):
        found = [cell for cell in shown.cells if cell.text_key == execution.text_key and not cell.executions]
        if found:
            return found
    return []


def _likeness(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()

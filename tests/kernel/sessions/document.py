"""The notebook document as a front end holds it, and what it tells the kernel of it."""

from __future__ import annotations

import base64
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from model import Cell, Mode

_CLOCK_STEP_S = 0.012
"""Times of files come from a clock that ticks each 4 to 10 ms: people need longer than that to press a key."""


class Document:
    """Cells in order, what was deleted since the last run, and the file.

    Parameters
    ----------
    path : Path
    cells : sequence of Cell
    mode : str
        The front end that holds it.
    """

    def __init__(self, path: Path, cells: tuple[Cell, ...], mode: Mode) -> None:
        self.path = path
        self.mode = mode
        self.cells = list(cells)
        self._deleted: list[str] = []
        self._bin: dict[str, Cell] = {}
        self._handles = {cell.id: number for number, cell in enumerate(cells)}
        self._counts: dict[str, int] = {}

    def __getitem__(self, key: str) -> Cell:
        return next(cell for cell in self.cells if cell.id == key)

    def edit(self, key: str, source: str) -> None:
        index = self._index(key)
        self.cells[index] = replace(self.cells[index], source=source)

    def delete(self, key: str) -> None:
        self._bin[key] = self.cells.pop(self._index(key))
        self._deleted.append(key)

    def restore(self, key: str, after: str | None, before: str | None) -> None:
        self.cells.insert(self._place(after, before), self._bin.pop(key))

    def insert(self, cell: Cell, after: str | None, before: str | None) -> None:
        self._handles.setdefault(cell.id, len(self._handles))
        self.cells.insert(self._place(after, before), cell)

    def move(self, key: str, after: str | None, before: str | None, by: str) -> None:
        cell = self.cells.pop(self._index(key))
        if by == "cut":
            self._deleted.append(key)
        self.cells.insert(self._place(after, before), cell)

    def split(self, key: str, parts: tuple[str, ...]) -> None:
        index = self._index(key)
        pieces = [Cell(f"{key}{number}", source) for number, source in enumerate(parts, 1)]
        for piece in pieces:
            self._handles.setdefault(piece.id, len(self._handles))
        self.cells[index : index + 1] = pieces

    def merge(self, into: str, others: tuple[str, ...]) -> None:
        index = self._index(into)
        text = "\n".join([self[into].source, *(self[other].source for other in others)])
        self.cells = [cell for cell in self.cells if cell.id not in others]
        self._handles.setdefault(f"{into}+", len(self._handles))
        self.cells[index] = Cell(f"{into}+", text)

    def ran(self, key: str, execution_count: int) -> None:
        """Note the number that stands beside the cell."""
        self._counts[key] = execution_count

    def message_metadata(self, key: str) -> dict[str, Any]:
        """What the front end sends with an execution of this cell; JupyterLab's deletions are told once."""
        if self.mode == "bare":
            return {}
        if self.mode == "vscode":
            return {"cellId": self._uri(key)}
        deleted, self._deleted = self._deleted, []
        return {
            "trusted": True,
            "deletedCells": [*map(nbformat_id, deleted)],
            "recordTiming": False,
            "cellId": nbformat_id(key),
        }

    def save(self, backdate_s: float = 0.0) -> None:
        """Write the file as JupyterLab does: to a neighbour first, then over the old one."""
        if self.mode == "bare":
            return
        if not backdate_s:
            time.sleep(_CLOCK_STEP_S)
        neighbour = self.path.with_name(f".~{self.path.name}")
        neighbour.write_text(json.dumps(self.notebook(), indent=1, ensure_ascii=False) + "\n")
        neighbour.replace(self.path)
        if backdate_s:
            os.utime(self.path, (time.time() - backdate_s,) * 2)
        else:
            time.sleep(_CLOCK_STEP_S)

    def notebook(self) -> dict[str, Any]:
        """The document in nbformat 4.5."""
        cells: list[dict[str, Any]] = []
        for cell in self.cells:
            item: dict[str, Any] = {
                "cell_type": cell.kind,
                "id": nbformat_id(cell.id),
                "metadata": {},
                "source": cell.source.splitlines(keepends=True),
            }
            if cell.kind == "code":
                item |= {"execution_count": self._counts.get(cell.id), "outputs": []}
            cells.append(item)
        return {
            "cells": cells,
            "metadata": {
                "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
                "language_info": {"name": "python", "version": "3.12.0"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }

    def above(self, key: str) -> list[Cell]:
        """The code cells down to and with this one: what Restart & Run All Above runs, and then the cell itself."""
        return [cell for cell in self.cells[: self._index(key) + 1] if cell.kind == "code"]

    def _uri(self, key: str) -> str:
        scheme = base64.b64encode(b"file").decode()
        return f"vscode-notebook-cell:{quote(str(self.path))}#W{self._handles[key]}s{quote(scheme)}"

    def _index(self, key: str) -> int:
        return next(index for index, cell in enumerate(self.cells) if cell.id == key)

    def _place(self, after: str | None, before: str | None) -> int:
        if after is not None:
            return self._index(after) + 1
        return self._index(before) if before is not None else len(self.cells)


def nbformat_id(key: str) -> str:
    """An key as front ends make them, that still shows which cell it is."""
    return f"{key.replace('+', '-merged')}-4f1e-9a51"

"""The notebook document as it was last saved: its code cells in their order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class DocumentCell(NamedTuple):
    """A code cell: the id that nbformat gives it, None in older notebooks, and its source."""

    cell_id: str | None
    source: str


class Document(NamedTuple):
    """A saved notebook: its code cells, and when it was saved, in nanoseconds since the epoch."""

    cells: tuple[DocumentCell, ...]
    saved_ns: int


class DocumentReader:
    """Reads a notebook again only when it was saved since."""

    def __init__(self) -> None:
        self._known: tuple[str, int, int] | None = None
        self._document: Document | None = None

    def read(self, path: str | None) -> Document | None:
        """Return the notebook at a path.

        Parameters
        ----------
        path : str or None

        Returns
        -------
        Document or None
            None where there is none, or none that can be read.

        Examples
        --------
        >>> DocumentReader().read(None) is None
        True
        """
        if path is None or not path.endswith(".ipynb"):
            return None
        file = Path(path)
        try:
            found = file.stat()
            key = (path, found.st_mtime_ns, found.st_size)
            if key != self._known:
                self._document = _parse(file.read_bytes(), found.st_mtime_ns)
                self._known = key
        except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            # Being written just now, moved away, or no notebook.
            return None
        return self._document


def _parse(content: bytes, saved_ns: int) -> Document:
    notebook = json.loads(content)
    cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
    found = []
    for cell in cells:
        if cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input", ""))
            cell_id = cell.get("id")
            text = source if isinstance(source, str) else "".join(source)
            found.append(DocumentCell(cell_id if isinstance(cell_id, str) else None, text))
    return Document(tuple(found), saved_ns)

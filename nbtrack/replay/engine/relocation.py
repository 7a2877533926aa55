"""Runs whose folder is somewhere else now: a store that was copied, with what is around it, to another place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbtrack.records import CellExecution

_FILE = "file:"


@dataclass(frozen=True, slots=True)
class Move:
    """A folder that was recorded, and the one that stands for it now.

    Attributes
    ----------
    old, new : str
    """

    old: str
    new: str

    def path(self, path: str) -> str:
        """Return where a recorded path is now."""
        if path == self.old or path.startswith(self.old.rstrip(os.sep) + os.sep):
            return self.new + path[len(self.old.rstrip(os.sep)) :]
        return path

    def name(self, name: str) -> str:
        """Return what a recorded variable is called now: of a file, by its path."""
        return _FILE + self.path(name[len(_FILE) :]) if name.startswith(_FILE) else name

    def execution(self, execution: CellExecution) -> CellExecution:
        """Return an execution as if it had run where the folder is now."""
        return replace(
            execution,
            folder=None if execution.folder is None else self.path(execution.folder),
            reads=tuple(map(self.name, execution.reads)),
            binds=tuple(map(self.name, execution.binds)),
            changes=tuple(map(self.name, execution.changes)),
            digests={self.name(name): digest for name, digest in execution.digests.items()},
        )


def move_of(executions: Sequence[CellExecution], here: Path) -> Move | None:
    """Return where the folder of a slice is now, if it is not where it was.

    Parameters
    ----------
    executions : sequence of CellExecution
    here : Path
        The folder that holds the store.

    Returns
    -------
    Move or None
        None where it is where it was, or not known.

    Notes
    -----
    The store may have stood in the working directory or in any folder above; the one counts with which most of the
    files that the cells read are found.
    """
    folder = next((execution.folder for execution in executions if execution.folder is not None), None)
    if folder is None or os.path.isdir(folder):  # noqa: PTH112 - recorded paths are texts
        return None
    paths = {name[len(_FILE) :] for execution in executions for name in execution.reads if name.startswith(_FILE)}
    moves = [Move(old, str(here)) for old in _upwards(folder)]
    possible = [move for move in moves if os.path.isdir(move.path(folder))]  # noqa: PTH112
    if not possible:
        return None
    # Of equals the first: the store beside the notebook.
    return max(possible, key=lambda move: sum(os.path.exists(move.path(path)) for path in paths))  # noqa: PTH110


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    yield from map(str, list(Path(folder).parents)[:-1])

"""What a case is: a notebook, the steps of one session in it, and the truth about its last tracked run."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Mode: TypeAlias = Literal["lab", "lab-unsaved", "vscode", "bare"]

CURED = frozenset(
    "stale_input edited_cell deleted_cell out_of_order skipped_cell reexecuted_non_idempotent partial_execution "
    "rng_state_carryover".split()
)
"""Labels that a clean run cures: they may stand only where Restart & Run All Above gives something else."""

UNCURED = frozenset("unseeded_rng volatile_input external_changed mutates_own_input".split())
LABELS = CURED | UNCURED

LOAD = "load"
"""Id of the cell that loads the extension, the first of every notebook that does not load it elsewhere."""

TRACKED = "T"
"""Id of the tracked cell, where a case does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the document."""

    id: str
    source: str
    kind: Literal["code", "markdown"] = "code"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the user does; :class:`driver.Player` does it."""

    do: str
    args: tuple[Any, ...] = ()


def run(*ids: str, interrupt: bool = False) -> Step:
    """Run cells, one after the other; ``interrupt`` presses the stop button when the cell prints ``interrupt me``."""
    return Step("run", (ids, interrupt))


def edit(key: str, source: str) -> Step:
    """Type something else into a cell, without running it."""
    return Step("edit", (key, dedent(source)))


def delete(*ids: str) -> Step:
    """Delete cells."""
    return Step("delete", (ids,))


def insert(key: str, source: str, *, after: str | None = None, before: str | None = None) -> Step:
    """Insert a cell; at the end of the document where neither neighbour is named."""
    return Step("insert", (key, dedent(source), after, before))


def move(key: str, *, after: str | None = None, before: str | None = None, by: str = "drag") -> Step:
    """Move a cell by dragging it, or by ``cut`` and paste: JupyterLab tells the kernel of the cut and keeps the id."""
    return Step("move", (key, after, before, by))


def restore(key: str, *, after: str | None = None, before: str | None = None) -> Step:
    """Undo the deletion of a cell."""
    return Step("restore", (key, after, before))


def split(key: str, *parts: str) -> Step:
    """Split a cell into parts named ``id1``, ``id2``, …: JupyterLab gives new ids and reports no deletion."""
    return Step("split", (key, tuple(dedent(part) for part in parts)))


def merge(into: str, *others: str) -> Step:
    """Merge cells: their sources go to the first, under a new id ``into+``, without a deletion being reported."""
    return Step("merge", (into, others))


def save() -> Step:
    """Save the document."""
    return Step("save")


def write(path: str, content: str) -> Step:
    """Another program writes a file."""
    return Step("write", (path, dedent(content)))


def touch(path: str) -> Step:
    """Another program touches a file, and changes nothing in it."""
    return Step("touch", (path,))


def remove(path: str) -> Step:
    """Another program removes a file."""
    return Step("remove", (path,))


def restart() -> Step:
    """Restart the kernel; the extension is loaded again when its cell is run again."""
    return Step("restart")


@dataclass(frozen=True, slots=True)
class Case:
    """One session and the truth about its last tracked run.

    Attributes
    ----------
    name : str
        ``topic/what_happens``.
    notebook : tuple of Cell
        The document when the kernel starts.
    steps : tuple of Step
    labels : frozenset of str
        Hazards that must be told; empty for a clean session.
    also : frozenset of str
        Labels that the definitions also allow: neither wrong nor missed.
    slices : tuple of tuple of int
        Accepted slices as execution counts, the best first; empty where the slice is not judged.
    params, metrics : dict or None
        What must have been captured, where that is judged; other keys are not accepted.
    files : dict of str to str
        Files beside the notebook when the kernel starts.
    mode : str
        Which front end plays it.
    unknown : frozenset of str or None
        Labels that must be said to be unknown; None where that is not judged.
    autosave : bool
        Whether the document is saved before each run of a tracked cell.
    result : tuple of str or None
        Names that make up the result for the oracle; default the numbers that the tracked cell binds.
    reproducible : bool
        Whether a replay of the slice can give the same result at all.
    twin : str or None
        For a clean session, the hazard that it looks like.
    real : bool
        Whether it is also played in a real kernel of its own process.
    why : str
        What makes the case worth having.
    known_failure : str or None
        Why nbtrack does not get it right yet.
    """

    name: str
    notebook: tuple[Cell, ...]
    steps: tuple[Step, ...]
    labels: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    slices: tuple[tuple[int, ...], ...] = ()
    params: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    files: dict[str, str] = field(default_factory=dict)
    mode: Mode = "lab"
    unknown: frozenset[str] | None = None
    autosave: bool = True
    result: tuple[str, ...] | None = None
    reproducible: bool = True
    twin: str | None = None
    real: bool = False
    why: str = ""
    known_failure: str | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing may be told at all."""
        return not self.labels and not self.also


def case(name: str, notebook: str | dict[str, str], steps: list[Step | str] | None = None, **facts: Any) -> Case:
    """Read a case as the tables write it.

    Parameters
    ----------
    name : str
    notebook : str or dict of str to str
        Cells headed by ``# %% ID`` (``# %% ID [markdown]`` for text), or sources by id, where ``T`` needs no
        ``%%track`` line of its own. The cell that loads the extension is put before them unless one of them does it.
    steps : list of Step or str
        A text is a list of cells to run, in order: ``"A B T"``. Default: each code cell once, from top to bottom. The
        loading cell is run first where it was put in here.
    **facts
        The fields of :class:`Case`; ``labels``, ``also`` and ``unknown`` as texts of words, ``slice`` as a list of
        execution counts, or a list of such lists where several are right.
    """
    cells = parse(notebook) if isinstance(notebook, str) else _by_id(notebook)
    played = list(steps) if steps is not None else [" ".join(cell.id for cell in cells if cell.kind == "code")]
    if not any("%load_ext nbtrack" in cell.source for cell in cells):
        cells = (Cell(LOAD, "%load_ext nbtrack"), *cells)
        played = [LOAD, *played]
    accepted = facts.pop("slice", [])
    if accepted and not isinstance(accepted[0], list | tuple):
        accepted = [accepted]
    for key in ("labels", "also", "unknown"):
        if isinstance(facts.get(key), str):
            facts[key] = frozenset(facts[key].split())
    unheard = (facts.get("labels", frozenset()) | facts.get("also", frozenset())) - LABELS
    if unheard:
        raise ValueError(f"{name}: no hazards are called {sorted(unheard)}")
    return Case(
        name=name,
        notebook=cells,
        steps=tuple(run(*step.split()) if isinstance(step, str) else step for step in played),
        slices=tuple(tuple(one) for one in accepted),
        files={path: dedent(text) for path, text in facts.pop("files", {}).items()},
        **facts,
    )


def parse(notebook: str) -> tuple[Cell, ...]:
    """Read the cells of a text."""
    parts = re.split(r"^# %% (\S+)( \[markdown\])?[^\n]*\n", dedent(notebook) + "\n", flags=re.MULTILINE)
    if parts[0].strip():
        raise ValueError(f"text before the first cell: {parts[0]!r}")
    cells = tuple(
        Cell(name, source.strip("\n"), "markdown" if kind else "code")
        for name, kind, source in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    )
    if len({cell.id for cell in cells}) != len(cells):
        raise ValueError(f"two cells have one key: {[cell.id for cell in cells]}")
    return cells


def _by_id(sources: dict[str, str]) -> tuple[Cell, ...]:
    cells = []
    for key, source in sources.items():
        line = "%%track\n" if key == TRACKED and "%%track" not in source else ""
        cells.append(Cell(key, line + dedent(source)))
    return tuple(cells)


def dedent(text: str) -> str:
    """Take the indentation and the empty lines around a source away."""
    return textwrap.dedent(text).strip("\n")

"""What an exported slice is made of, whatever file it becomes: an opening, params, imports, seeds and cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nbtrack.records import CellExecution, RunRecord
from nbtrack.replay.celltext import CellText, read_cell
from nbtrack.replay.exporting.lifting import lift
from nbtrack.replay.exporting.names import ModuleBindings
from nbtrack.replay.sliced import slice_of

# Those that a replay in the right order does not cure by itself.
_LASTING = frozenset({"unseeded_rng", "rng_state_carryover", "volatile_input", "external_changed"})
_DISPLAYED = re.compile(r"(?:_\d*|__|___|_i+\d*|_oh|_ih|_dh|In|Out)\Z")
_MOST_METRICS = 12


@dataclass(frozen=True, slots=True)
class Section:
    """One piece of the file.

    Attributes
    ----------
    kind : str
    title : str
    source : str
    cell : CellText or None
        The cell that it comes from.
    raises : bool
        It raised when it ran, and what stands below ran all the same.
    """

    kind: Literal["parameters", "imports", "seed", "cell"]
    title: str
    source: str
    cell: CellText | None = None
    raises: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A slice in the order in which it is to be written.

    Attributes
    ----------
    title : str
    about : tuple of str
        Sentences on top.
    sections : tuple of Section
    free : frozenset of str
        Names that the code reads and never binds.
    """

    title: str
    about: tuple[str, ...]
    sections: tuple[Section, ...]
    free: frozenset[str] = frozenset()


def plan(record: RunRecord, seeds: Mapping[str, int | None]) -> Plan:
    """Lay out what a run depends on.

    Parameters
    ----------
    record : RunRecord
    seeds : mapping of str to int or None
        The seeds of the runs, by id, that cells of the slice were.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        The run has no slice, or its code was not kept.
    """
    executions = slice_of(record, "export")
    cells = [read_cell(execution) for execution in executions]
    seed_of = _seeds(record, executions, seeds)
    lifted = lift(cells, record.data.params, seed_of, record.provenance.generators)
    params, imports = list(lifted.params.values()), list(lifted.imports)
    spoken = " ".join(cell.source for cell in cells)
    named_seed = record.info.seed is not None and re.search(r"\bseed\b", spoken) is None
    named_seed = named_seed and not any(cell.opaque for cell in cells)
    seeder = _seeder(cells)
    if named_seed:
        params.append(f"seed = {record.info.seed}")
    if seed_of and seeder == "nbtrack" and "import nbtrack" not in imports:
        imports.append("import nbtrack")
    sections = [
        Section("parameters", "Parameters", "\n".join(params)),
        Section("imports", "Imports", "\n".join(imports)),
    ]
    for position, (cell, source) in enumerate(zip(cells, lifted.cells, strict=True)):
        last = position == len(cells) - 1
        if position in seed_of:
            seed = "seed" if last and named_seed else str(seed_of[position])
            sections.append(Section("seed", "Seed", f"{seeder}.seed_everything({seed})"))
        sections.append(_cell_section(record, cell, source, last=last))
    bound = {name for cell in cells if cell.tree is not None for name in ModuleBindings(cell.tree).counts}
    read = {name for cell in cells if cell.tree is not None for name in _names_read(cell)}
    about = _about(record, cells, read - bound)
    kept = tuple(section for section in sections if section.source)
    return Plan(record.info.run_name, about, kept, frozenset(read - bound))


def _seeds(record: RunRecord, executions: Sequence[CellExecution], seeds: Mapping[str, int | None]) -> dict[int, int]:
    """Return the positions of the cells that a seed was set for, and the seeds."""
    found: dict[int, int] = {}
    for position, execution in enumerate(executions):
        last = position == len(executions) - 1
        seed = record.info.seed if last else seeds.get(execution.run_id or "")
        if seed is not None:
            found[position] = seed
    return found


def _seeder(cells: Sequence[CellText]) -> str:
    """Return how the code can call nbtrack, whatever it uses that name for itself."""
    for cell in cells:
        found = None if cell.tree is None else ModuleBindings(cell.tree)
        if found is not None and found.counts["nbtrack"] and found.imports.get("nbtrack") != {("nbtrack",)}:
            return '__import__("nbtrack")'
    return "nbtrack"


def _cell_section(record: RunRecord, cell: CellText, source: str, *, last: bool) -> Section:
    title = cell.execution.label
    if last:
        title += f": the tracked cell of {record.info.run_name}"
    elif cell.execution.outcome == "error":
        title += ": it raised an exception"
    elif cell.execution.outcome == "interrupted":
        title += ": it was interrupted then, and runs to its end here"
    return Section("cell", title, source, cell, raises=cell.execution.outcome == "error" and not last)


def _names_read(cell: CellText) -> set[str]:
    import ast

    assert cell.tree is not None
    return {node.id for node in ast.walk(cell.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _about(record: RunRecord, cells: Sequence[CellText], free: set[str]) -> tuple[str, ...]:
    info = record.info
    metrics = list(record.data.metrics.items())
    shown = ", ".join(f"{key} = {value!r}" for key, value in metrics[:_MOST_METRICS])
    more = f" and {len(metrics) - _MOST_METRICS} more" if len(metrics) > _MOST_METRICS else ""
    named = f"run {info.run_name} ({info.run_id}) of experiment {info.experiment_name}"
    found = [f"What {named} depends on, in the order in which it ran."]
    if metrics:
        found.append(f"The run gave {shown}{more}.")
    found += [hazard.sentence for hazard in record.provenance.hazards if hazard.label in _LASTING]
    shown_names = sorted(name for name in free if _DISPLAYED.match(name))
    if shown_names:
        found.append(
            f"The code reads {', '.join(shown_names)}: what earlier cells displayed, which is numbered otherwise here."
        )
    unreadable = [cell.execution.label for cell in cells if cell.tree is None]
    if unreadable:
        found.append(f"{', '.join(unreadable)}: not Python as it stands; kept as it was typed.")
    return tuple(" ".join(sentence.split()) for sentence in found)

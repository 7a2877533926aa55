"""Hazards in plain words: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbtrack.provenance.causes import Cause
from nbtrack.provenance.display import Cell
from nbtrack.provenance.history import Execution
from nbtrack.provenance.lasting import Finding
from nbtrack.provenance.streams import title
from nbtrack.records import HAZARD_LABELS, Hazard, Severity

_MEDIUM = frozenset({"volatile_input", "external_changed", "mutates_own_input"})
_REMEDIES = {
    "stale_input": "Run again the cells that compute it, or all cells above.",
    "edited_cell": "Run the cell as it reads now, and what follows from it.",
    "deleted_cell": "Put the cell's code back into the notebook, or run all cells above after a restart.",
    "out_of_order": "Put the cells into the order in which they must run, or restart and run all cells above.",
    "skipped_cell": "Run the cell, or take it out of the notebook.",
    "reexecuted_non_idempotent": "Run the cells that make it again from the start, or make the cell start afresh.",
    "partial_execution": "Mend the cell that raised and run it again.",
    "rng_state_carryover": "Seed in the cell that draws, or restart and run all cells above.",
    "unseeded_rng": "Give it a seed: %%track --seed 42, random_state=0, or default_rng(0).",
    "volatile_input": "Write the value down as a constant, or log it as a param.",
    "external_changed": "Read the file again, or keep a copy of the version that was used.",
    "mutates_own_input": "Work on a copy within the cell, so that it gives the same each time it runs.",
}
_MAX_NAMES = 4


def hazards_of(causes: Iterable[Cause], findings: Iterable[Finding]) -> tuple[Hazard, ...]:
    """Return hazards, one for each label, worst first.

    Parameters
    ----------
    causes : iterable of Cause
    findings : iterable of Finding

    Returns
    -------
    tuple of Hazard
    """
    by_label: dict[str, list[Cause | Finding]] = {}
    items: list[Cause | Finding] = [*causes, *findings]
    for item in items:
        by_label.setdefault(item.label, []).append(item)
    return tuple(_hazard(label, by_label[label]) for label in HAZARD_LABELS if label in by_label)


def _hazard(label: str, items: Sequence[Cause | Finding]) -> Hazard:
    first = items[0]
    sentence = _cause_sentence(first) if isinstance(first, Cause) else _finding_sentence(first, items)
    others = list(dict.fromkeys(_shown(item.name) for item in items if _shown(item.name) != _shown(first.name)))
    if others and isinstance(first, Cause):
        sentence += f" The same holds for {_listed(others)}."
    severity: Severity = "medium" if label in _MEDIUM else "high"
    executions: dict[int, None] = {}
    for item in items:
        involved = (item.made, item.reader, item.other) if isinstance(item, Cause) else (item.execution,)
        executions.update((done.count, None) for done in involved if done is not None and done.count is not None)
    return Hazard(
        label=label,
        severity=severity,
        names=tuple(dict.fromkeys(_shown(item.name) for item in items)),
        executions=tuple(sorted(executions)),
        sentence=sentence,
        remedy=_REMEDIES[label],
    )


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:_MAX_NAMES], *([f"{len(names) - _MAX_NAMES} more"] if len(names) > _MAX_NAMES else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _shown(name: str) -> str:
    if name.endswith("()"):
        return title(name)
    if name.startswith("file:"):
        return name.rpartition("/")[2]
    return name.removeprefix("env:").removeprefix("module:")


def _at(execution: Execution | None) -> str:
    if execution is None:
        return "a cell"
    return f"In[{execution.count}]" if execution.count is not None else "a cell run without a number"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "a cell"
    if cell.executions:
        return _at(cell.executions[-1])
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    return f"the cell that begins “{first[:40]}{'…' if len(first) > 40 else ''}”"


def _cause_sentence(cause: Cause) -> str:
    name, made, reader = _shown(cause.name), cause.made, cause.reader
    match cause.label:
        case "stale_input":
            before, after = _before(cause), _after(cause)
            if before and after:
                return f"{_at(made)} used {name} = {before}, and {_at(cause.other)} has set it to {after} since."
            return f"{_at(made)} used {name} as it was before {_at(cause.other)} changed it{after and f' to {after}'}."
        case "edited_cell":
            return f"{name} comes from {_at(made)}, whose cell reads differently now."
        case "deleted_cell":
            return f"{name} comes from {_at(made)}, whose cell is no longer in the notebook."
        case "out_of_order":
            if cause.other is not None:
                return (
                    f"{name} in {_at(reader)} depends on {_at(made)} and {_at(cause.other)}, which did not run in the "
                    "order in which they stand."
                )
            return f"{_at(reader)} used {name} from {_at(made)}, whose cell stands below it."
        case "skipped_cell":
            shown = _cell(cause.cell)
            return f"{shown[0].upper()}{shown[1:]} stands above and was not run; it would change {name}."
        case "reexecuted_non_idempotent":
            if reader is not made and reader.text_key == (made.text_key if made is not None else ""):
                return f"{_at(made)} and {_at(reader)} ran the same cell, and what it does to {name} was done twice."
            return f"{_at(made)} was run more than once, and what it does to {name} was done each time."
        case "partial_execution":
            return f"{name} comes from {_at(made)}, which stopped half-way with an error."
    return f"{name} was seeded, but {_at(reader)} drew from it at another point of its sequence than in a clean run."


def _before(cause: Cause) -> str:
    version = cause.made.reads.get(cause.name) if cause.made is not None else None
    return version.text if version is not None else ""


def _after(cause: Cause) -> str:
    version = cause.other.writes.get(cause.name) if cause.other is not None else None
    return version.text if version is not None else ""


def _finding_sentence(first: Finding, items: Sequence[Cause | Finding]) -> str:
    where = _at(first.execution)
    subjects = list(dict.fromkeys(item.subject for item in items if isinstance(item, Finding)))
    subject = _listed(subjects)
    match first.label:
        case "unseeded_rng":
            return f"{where} draws from {subject}, which nobody seeded."
        case "volatile_input":
            return f"{where} uses {subject}, which gives something else each time."
        case "external_changed":
            return f"{subject}, which {where} read, has changed on disk since."
    return f"{where} changes its own input {subject}: run once more it would give something else."

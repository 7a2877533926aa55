"""The recipe of a recorded run: what of the store a replay needs, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbtrack.errors import InputError, RunNotFoundError
from nbtrack.provenance.cellcode import CellCode
from nbtrack.records import CellExecution, RunRecord
from nbtrack.replay.celltext import read_cell
from nbtrack.replay.engine.leftovers import left_behind
from nbtrack.replay.engine.relocation import move_of
from nbtrack.replay.magics import is_notebook_only, magic_of
from nbtrack.replay.recipe import Recipe, Step, Target, TrackedStep
from nbtrack.replay.sliced import slice_of

if TYPE_CHECKING:
    from nbtrack.store.store import Store

# The run of a cell ends once its values have been looked at; others end while their cell runs.
_SLACK_OF_CELL_S = 5.0
_SLACK_S = {"function": 0.05, "block": 0.05}


def located(record: RunRecord, store: Store) -> RunRecord:
    """Return a run's record as if it had been made where its folder is now.

    Parameters
    ----------
    record : RunRecord
        With its provenance.
    store : Store
        That it is in.

    Returns
    -------
    RunRecord
        The same where nothing has been moved.
    """
    executions = record.provenance.slice
    move = move_of(executions, store.root.parent)
    if move is None:
        return record
    return replace(record, provenance=replace(record.provenance, slice=tuple(map(move.execution, executions))))


def recipe_of(record: RunRecord, store: Store) -> Recipe:
    """Return what a replay of a run executes.

    Parameters
    ----------
    record : RunRecord
        With its provenance.
    store : Store
        That it is in.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        The run cannot be replayed: it is running, it has no slice, or its code was not kept.

    Examples
    --------
    >>> len(recipe_of(*recorded("baseline")).steps)  # doctest: +SKIP
    4
    """
    _checked(record)
    return _recipe(record, store, located(record, store).provenance.slice)


def recipe_of_log(record: RunRecord, store: Store) -> Recipe:
    """Return what a replay of all that ran before a run executes.

    Parameters
    ----------
    record : RunRecord
    store : Store

    Returns
    -------
    Recipe
        Cells that only set up the display or install packages are left out, and those whose code was not kept.

    Raises
    ------
    InputError
        As for :func:`recipe_of`.
    """
    executions = _checked(record)
    inside = {execution.sequence for execution in executions}
    log = _session(executions, store)
    kept = [found for found in log if found.sequence in inside or (found.source is not None and not _is_idle(found))]
    return _recipe(record, store, kept)


def _session(executions: Sequence[CellExecution], store: Store) -> Sequence[CellExecution]:
    """Return all that ran until the last of a run's executions, as if it had run where the folder is now."""
    last = executions[-1]
    log = store.session_executions(last.session, last.sequence)
    move = move_of(log, store.root.parent)
    return log if move is None else tuple(map(move.execution, log))


def _recipe(record: RunRecord, store: Store, executions: Sequence[CellExecution]) -> Recipe:
    environment = record.provenance.environment
    variables = environment.get("variables")
    folder = _folder(record, store, executions)
    return Recipe(
        run_id=record.info.run_id,
        run_name=record.info.run_name,
        experiment=record.info.experiment_name,
        steps=tuple(_step(execution, record, store) for execution in executions),
        target=_target(record, store),
        folder=folder,
        variables=dict(variables) if isinstance(variables, dict) else {},
        absent=tuple(sorted(_written_first(executions) | left_behind(folder, executions, _session(executions, store)))),
        params=dict(record.data.params),
        notebook=record.info.source.name,
        curves=_has_curves(record, store),
    )


def _has_curves(record: RunRecord, store: Store) -> bool:
    # Not by `store.sql`: it would load pandas, half a second, for one number.
    query = "select 1 from metrics where run_id = ? and count > 1 limit 1"
    return store.read(lambda connection: connection.execute(query, [record.info.run_id]).fetchone()) is not None


def _checked(record: RunRecord) -> tuple[CellExecution, ...]:
    """Return the slice of a run that can be replayed."""
    executions = slice_of(record, "replay")
    own = executions[-1]
    ended_s = (record.info.end_time or 0) / 1000
    if ended_s > own.start_us / 1e6 + own.duration_s + _SLACK_S.get(record.info.source.kind, _SLACK_OF_CELL_S):
        raise InputError(
            f"run {record.info.run_name!r} went on after {own.label}, where it began: other cells "
            "have ended it or gone on with it. What can be replayed are runs that end in the cell that they began in."
        )
    return executions


def _is_idle(execution: CellExecution) -> bool:
    """Tell whether a cell only does what a replay must not, or need not, do again."""
    tree = read_cell(execution).tree
    if tree is None:
        return False
    magics = [magic_of(node) for node in tree.body]
    return all(magic is not None and is_notebook_only(magic) for magic in magics)


# --- steps ------------------------------------------------------------------------------------------------------


def _step(execution: CellExecution, record: RunRecord, store: Store) -> Step:
    step = Step(
        sequence=execution.sequence,
        execution_count=execution.execution_count,
        source=execution.source or "",
        folder=execution.folder,
        raised=execution.outcome == "error",
        interrupted=execution.outcome == "interrupted",
        duration_s=execution.duration_s,
    )
    if execution.run_id is None:
        return step
    if execution.run_id == record.info.run_id:
        return replace(step, tracked=_tracked(record, execution, store))
    try:
        return replace(step, tracked=_tracked(store.run(execution.run_id), execution, store))
    except RunNotFoundError:
        # Removed since for good: the cell runs all the same.
        return step


def _tracked(record: RunRecord, execution: CellExecution, store: Store) -> TrackedStep:
    code = read_cell(execution).code
    return TrackedStep(
        name=record.info.run_name,
        seed=record.info.seed,
        states=store.generator_states(record.info.run_id),
        metrics=tuple(_named(record.data.metrics, code)),
    )


def _named(metrics: Iterable[str], code: CellCode | None) -> list[str]:
    """Return the metrics that are names of the cell: they may have been asked for on its first line."""
    if code is None:
        return []
    known = code.binds | frozenset(code.reads)
    return [key for key in metrics if key in known]


def _target(record: RunRecord, store: Store) -> Target:
    info = record.info
    position = 0
    if info.source.kind != "cell":
        alike = [
            found.info.run_id
            for found in store.runs_of_execution(info.run_id)
            if found.info.source.kind == info.source.kind
            and (info.source.kind != "function" or found.info.run_name == info.run_name)
        ]
        position = alike.index(info.run_id) if info.run_id in alike else 0
    return Target(kind=info.source.kind, name=info.run_name, position=position)


# --- files ------------------------------------------------------------------------------------------------------


def _folder(record: RunRecord, store: Store, executions: Sequence[CellExecution]) -> str:
    """Return where the replay begins: where the first cell ran, else where the notebook or the store is."""
    known = [execution.folder for execution in executions if execution.folder is not None]
    if known:
        return known[0]
    notebook = record.info.source.name
    if notebook and Path(notebook).is_absolute():
        return str(Path(notebook).parent)
    return str(store.root.parent)


def _written_first(executions: Sequence[CellExecution]) -> set[str]:
    """Return the files that the cells wrote without having read them before: they made them."""
    seen: set[str] = set()
    found: set[str] = set()
    for execution in executions:
        read = {name for name in execution.reads if name.startswith("file:")}
        seen |= read
        written = {name for name in (*execution.binds, *execution.changes) if name.startswith("file:")}
        found |= written - seen
        seen |= written
    return {name[5:] for name in found}

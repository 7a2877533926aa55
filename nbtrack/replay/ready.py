"""What every replay that is not a verification begins with: the run, its recipe, and whether it can run at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError, ReplayError
from nbtrack.provenance.relevance import is_timer
from nbtrack.records import RunRecord
from nbtrack.replay.engine.recipes import recipe_of
from nbtrack.replay.outcome import Into, Outcome
from nbtrack.replay.recipe import Recipe
from nbtrack.replay.verdict.preflight import files_read, packages_imported
from nbtrack.replay.verdict.timers import longest_s, timers_of
from nbtrack.replay.verdict.words import lacking_reasons
from nbtrack.store.references import recorded

if TYPE_CHECKING:
    from nbtrack.store.store import Store


@dataclass(frozen=True, slots=True)
class Ready:
    """A run that can be replayed.

    Attributes
    ----------
    record : RunRecord
    store : Store
    recipe : Recipe
    metrics : dict of str to float
        Those that do not measure time.
    """

    record: RunRecord
    store: Store
    recipe: Recipe
    metrics: dict[str, float]

    @property
    def named(self) -> str:
        """What the run is called in messages."""
        return f"run {self.record.info.run_name!r}"


def ready(run: Any) -> Ready:
    """Find a run and make sure, before anything runs, that nothing is missing that its replay needs.

    Parameters
    ----------
    run : str, Run or ActiveRun

    Returns
    -------
    Ready

    Raises
    ------
    InputError
        The run cannot be replayed.
    RunNotFoundError
        There is no such run.
    ReplayError
        Files or packages are not here.
    """
    record, store = recorded(run)
    recipe = recipe_of(record, store)
    executions = record.provenance.slice
    lacking = lacking_reasons(files_read(executions, recipe), packages_imported(record, executions))
    if lacking:
        raise ReplayError(f"run {record.info.run_name!r} {lacking[0].sentence}")
    timers = timers_of(record.data.metrics, [step.source for step in recipe.steps], longest_s(record, recipe))
    metrics = {key: value for key, value in record.data.metrics.items() if key not in timers and not is_timer(key)}
    return Ready(record, store, recipe, metrics)


def with_metrics(found: Ready) -> Ready:
    """Return the same, or say that there is nothing to compare.

    Raises
    ------
    InputError
        The run has no metrics.
    """
    if not found.metrics:
        raise InputError(
            f"{found.named} has no metrics beside times: there is nothing to compare. Let its cell bind a computed "
            "number, or call nbtrack.log_metric, and run it again."
        )
    return found


def recorded_run(found: Ready, outcome: Outcome, into: Into, known: frozenset[str]) -> str | None:
    """Return the id of the run that a replay left in the store, named and tagged as it was to be.

    Parameters
    ----------
    found : Ready
    outcome : Outcome
    into : Into
    known : frozenset of str
        Children that the parent had before.

    Returns
    -------
    str or None
        None where the replay did not come as far as the run.
    """
    run_id = outcome.run_id
    if run_id is None and into.parent_run_id is not None:
        # It failed within the run: nobody could be told the run's id any more.
        new = [record.info for record in found.store.children(into.parent_run_id) if record.info.run_id not in known]
        same = [info for info in new if info.source.kind == found.record.info.source.kind]
        run_id = same[-1].run_id if same else None
        if run_id is not None and into.tags:
            found.store.append_event({"t": "tags", "run": run_id, "v": dict(into.tags)})
    if run_id is not None and into.run_name and found.record.info.source.kind != "cell":
        # A function's runs and a block's are named by the code.
        found.store.append_event({"t": "name", "run": run_id, "name": into.run_name})
    return run_id

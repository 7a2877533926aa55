"""The runs that user code means by names, ids or run objects, with everything that the store has of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbtrack.errors import InputError
from nbtrack.records import RunRecord
from nbtrack.store.handle import Run
from nbtrack.store.reading import current_store
from nbtrack.store.store import Store


def recorded(run: Any) -> tuple[RunRecord, Store]:
    """Return a run's record, with its provenance, and the store that it is in.

    Parameters
    ----------
    run : str, RunRecord, Run or ActiveRun
        As text its id, the beginning of it, or its name.

    Returns
    -------
    (RunRecord, Store)

    Raises
    ------
    InputError
        It is none of these.
    RunNotFoundError
        There is no such run.
    """
    (found,) = recorded_runs([run])
    return found


def recorded_runs(runs: Iterable[Any]) -> list[tuple[RunRecord, Store]]:
    """Return the records of runs, with their provenance, and the stores that they are in: each store is read once.

    Parameters
    ----------
    runs : iterable of str, RunRecord, Run or ActiveRun
        Each as for :func:`recorded`.

    Returns
    -------
    list of (RunRecord, Store)
        In the same order.

    Raises
    ------
    InputError
        One is none of these.
    RunNotFoundError
        There is no such run.
    """
    places = [(run, current_store()) if isinstance(run, RunRecord) else _place(run) for run in runs]
    known: dict[tuple[int, str], RunRecord] = {}
    for store in {id(store): store for _, store in places}.values():
        mine = [what for what, where in places if where is store and isinstance(what, str)]
        if mine:
            known |= {(id(store), name): record for name, record in zip(mine, store.each_run(mine), strict=True)}
    return [(what if isinstance(what, RunRecord) else known[id(store), what], store) for what, store in places]


def _place(run: Any) -> tuple[str, Store]:
    if isinstance(run, str):
        return run, current_store()
    # A page of runs comes without their slices, and an active run knows only its own side: the store has it all.
    if isinstance(run, Run):
        return run.info.run_id, run.store
    store, run_id = getattr(run, "store", None), getattr(run, "run_id", None)
    if isinstance(store, Store) and isinstance(run_id, str):
        return run_id, store
    raise InputError(
        f"a run is asked for, not a {type(run).__name__}; accepted: an id, the beginning of an id, a name, or a run "
        "as nbtrack.get_run gives it."
    )

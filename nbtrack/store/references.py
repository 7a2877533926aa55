"""The run that user code means by a name, an id or a run object, with everything that the store has of it."""

from __future__ import annotations

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
    if isinstance(run, str):
        return current_store().run(run), current_store()
    if isinstance(run, RunRecord):
        return run, current_store()
    # A page of runs comes without their slices, and an active run knows only its own side: the store has it all.
    if isinstance(run, Run):
        return run.store.run(run.info.run_id), run.store
    store, run_id = getattr(run, "store", None), getattr(run, "run_id", None)
    if isinstance(store, Store) and isinstance(run_id, str):
        return store.run(run_id), store
    raise InputError(
        f"a run is asked for, not a {type(run).__name__}; accepted: an id, the beginning of an id, a name, or a run "
        "as nbtrack.get_run gives it."
    )

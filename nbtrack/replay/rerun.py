"""``nbtrack.rerun``: the same slice with other params, as a new run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError, ReplayError
from nbtrack.replay.engine.player import play
from nbtrack.replay.outcome import Into, Progress
from nbtrack.replay.params.setting import settable_params, with_params
from nbtrack.replay.ready import ready, recorded_run
from nbtrack.replay.recipe import Recipe
from nbtrack.replay.seeds.reseeding import with_seed
from nbtrack.store.handle import Run

if TYPE_CHECKING:
    from nbtrack.records import RunRecord

RERUN_TAG = "nbtrack.rerun_of"


def rerun(
    run: str | Run | RunRecord | Any,
    params: Mapping[str, Any] | None = None,
    /,
    *,
    name: str | None = None,
    timeout_s: float | None = None,
    watch: Callable[[Progress], None] | None = None,
    cancelled: threading.Event | None = None,
    **more: Any,
) -> Run:
    """Run what a run depends on again with other params, in a fresh kernel, and record it as a new run.

    A param's new value stands where the run's code sets it: in an assignment, in an item or a keyword, in the call of
    a ``@track`` function. Everything else is as it was recorded, seeds and the states of generators included. The new
    run is a child of the old one. This kernel's state is not touched.

    Parameters
    ----------
    run : str, Run or ActiveRun
        As text its id, the beginning of it, or its name.
    params : mapping, optional
        Params and values; those whose names hold dots, as ``{"cfg.lr": 0.5}``.
    name : str, optional
        Of the new run; default the old one's with ``-rerun``.
    timeout_s : float, optional
        Default ten times what the cells took, and at least a minute.
    watch : callable, optional
        Called with a :class:`~nbtrack.replay.outcome.Progress` several times a second, from another thread.
    cancelled : threading.Event, optional
        Set it from elsewhere to stop.
    **more
        More params. ``seed`` sets another seed everywhere, where the run has no param of that name.

    Returns
    -------
    Run
        The new run.

    Raises
    ------
    InputError
        The run cannot be replayed, or a param cannot be set; says which ones can.
    ReplayError
        The cells did not come to their end with these params. The failed run is recorded all the same.
    RunNotFoundError
        There is no such run.

    Examples
    --------
    >>> nbtrack.rerun("baseline", C=0.5).metrics  # doctest: +SKIP
    {'accuracy': 0.9777777777777777}
    """
    if name is not None and not name.strip():
        raise InputError("name is empty; accepted: a text, or leave it out.")
    found = ready(run)
    recipe = changed(found.recipe, {**(params or {}), **more})
    into = Into(
        store=str(found.store.root),
        parent_run_id=found.record.info.run_id,
        run_name=name or f"{found.record.info.run_name}-rerun",
        tags={RERUN_TAG: found.record.info.run_id},
    )
    known = frozenset(child.info.run_id for child in found.store.children(found.record.info.run_id))
    outcome = play(recipe, timeout_s=timeout_s, into=into, watch=watch, cancelled=cancelled)
    run_id = recorded_run(found, outcome, into, known)
    if outcome.failure is not None:
        where = "" if run_id is None else f" It is recorded as run {run_id[:8]}."
        message = outcome.failure.message.rstrip(".")
        raise ReplayError(f"the rerun of {found.named} did not come to its end: {message}.{where}")
    if run_id is None:
        raise ReplayError(f"the rerun of {found.named} came to its end, but started no run this time.")
    for name, value in {**(params or {}), **more}.items():
        recorded = found.store.run(run_id).typed_params.get(name, value)
        if not _is_same(recorded, value):
            text = (
                f"{name} was set to {value!r} for the rerun, and is {recorded!r} in it: the code changes it further on."
            )
            found.store.append_event({"t": "warning", "run": run_id, "text": text})
    return Run(found.store.run(run_id), found.store)


def _is_same(recorded: Any, value: Any) -> bool:
    """Tell whether a param is recorded as it was set; lists, tuples and sets are recorded alike."""
    if isinstance(value, list | tuple | set | frozenset) and isinstance(recorded, list):
        return len(recorded) == len(value)
    return str(recorded) == str(value) or recorded == value


def changed(recipe: Recipe, params: Mapping[str, Any]) -> Recipe:
    """Return a recipe with other params, and with another seed where ``seed`` is none of them.

    Raises
    ------
    InputError
        A param cannot be set.
    """
    if "seed" in params and "seed" not in recipe.params and "seed" not in settable_params(recipe):
        recipe = with_seed(recipe, params["seed"])
        params = {key: value for key, value in params.items() if key != "seed"}
    return with_params(recipe, params)

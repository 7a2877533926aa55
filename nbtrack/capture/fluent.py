"""The functions that act on the active run, named and behaving as in MLflow's fluent API."""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from nbtrack.capture import active, artifacts
from nbtrack.capture.adoption import adopted
from nbtrack.capture.experiment import check_name, current_experiment, name_of
from nbtrack.capture.run import ActiveRun, existing_run
from nbtrack.capture.seeds import seed_everything
from nbtrack.errors import RunActiveError, RunNotFoundError
from nbtrack.notebook import source_name
from nbtrack.records import Source
from nbtrack.store.handle import Run
from nbtrack.store.reading import current_store

P = ParamSpec("P")
R = TypeVar("R")


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    *,
    experiment: str | None = None,
    seed: int | None = None,
) -> ActiveRun:
    """Start a run, or go on with a recorded one; it is the active run until it ends.

    Use it as a context manager, or end it with :func:`end_run`. Inside a ``%%track`` cell the new run is a child of
    the cell's run.

    Parameters
    ----------
    run_id : str, optional
        Go on with this recorded run.
    experiment_id : str, optional
        Default: the experiment set, else the notebook's or script's name.
    run_name : str, optional
        Default: a made-up name.
    nested : bool
        Allow another run to be active: the new one becomes its child.
    parent_run_id : str, optional
        Become a child of this run, which need not be active.
    tags : mapping, optional
    description : str, optional
        The run's note.
    experiment : str, optional
        The experiment by name.
    seed : int, optional
        Seed all generators and record it.

    Returns
    -------
    ActiveRun

    Raises
    ------
    RunActiveError
        A run is active and ``nested`` is not set.
    RunNotFoundError
        There is no recorded run ``run_id``.

    Examples
    --------
    >>> with nbtrack.start_run(run_name="baseline") as run:  # doctest: +SKIP
    ...     nbtrack.log_metric("accuracy", 0.97)
    """
    blocking = active.blocking_run()
    if blocking is not None and not nested and blocking.source.kind != "cell":
        raise RunActiveError(
            f"run {blocking.run_name!r} ({blocking.run_id[:8]}) is still active. End it with nbtrack.end_run(), or "
            "start this one as its child: nbtrack.start_run(nested=True)."
        )
    if run_id is not None:
        run = _resume(run_id)
        if seed is not None:
            seed_everything(seed)
    else:
        around = active.active_run() if blocking is not None else None
        run = new_run(
            experiment=_experiment(experiment, experiment_id, around),
            name=run_name,
            parent=parent_run_id or (around.run_id if around else None),
            seed=seed,
            source=Source(kind="block", name=source_name()),
        )
    active.enter(run)
    if tags:
        run.set_tags(tags)
    if description is not None:
        run.set_note(description)
    return run


def new_run(**identity: Any) -> ActiveRun:
    """Record the start of a new run without making it the active one."""
    return ActiveRun(current_store(), **adopted(identity)).begin()


def _experiment(name: str | None, identity: str | None, around: ActiveRun | None) -> str:
    if name is not None:
        return check_name(name)
    if identity is not None:
        return name_of(str(identity))
    return around.experiment if around else current_experiment()


def _resume(run_id: str) -> ActiveRun:
    running = next((run for run in active.open_runs() if run.run_id == run_id), None)
    if running is not None:
        raise RunActiveError(f"run {running.run_name!r} is already active here; there is nothing to go on with.")
    store = current_store()
    try:
        record = store.run(run_id)
    except RunNotFoundError as error:
        raise RunNotFoundError(
            f"{error} A new run is given a name by nbtrack.start_run(run_name={run_id!r})."
        ) from None
    if record.info.lifecycle_stage == "deleted":
        raise RunNotFoundError(
            f"run {record.info.run_name!r} is deleted; nbtrack.restore_run({record.info.run_id!r}) brings it back."
        )
    return existing_run(store, record)


def end_run(status: str = "FINISHED") -> None:
    """End the active run; without one nothing happens.

    The run of a ``%%track`` cell or a ``@track`` function is not ended by this: it ends with its cell or call.

    Parameters
    ----------
    status : str
        ``finished``, ``failed`` or ``interrupted``; MLflow's FINISHED, FAILED and KILLED are understood.

    Examples
    --------
    >>> nbtrack.end_run()  # doctest: +SKIP
    """
    run = active.active_run()
    if run is not None and run.source.kind == "block":
        run.end(status)


def last_active_run() -> Run | None:
    """Return the run most recently started in this process, as it stands now.

    Returns
    -------
    Run or None
        None before the first run.

    Examples
    --------
    >>> nbtrack.last_active_run().data.metrics  # doctest: +SKIP
    {'accuracy': 0.97}
    """
    run = active.last_run()
    return None if run is None else Run(run.record(), run.store, own=True)


def _on_active_run(method: Callable[Concatenate[ActiveRun, P], R]) -> Callable[P, R]:
    """Make the module-level function of a run's method: it acts on the active run, or like MLflow starts one."""

    @functools.wraps(method)
    def function(*args: P.args, **kwargs: P.kwargs) -> R:
        return method(active.active_run() or start_run(), *args, **kwargs)

    signature = inspect.signature(method)
    function.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    function.__qualname__ = method.__name__
    function.__module__ = __name__
    return function


log_param = _on_active_run(ActiveRun.log_param)
log_params = _on_active_run(ActiveRun.log_params)
log_metric = _on_active_run(ActiveRun.log_metric)
log_metrics = _on_active_run(ActiveRun.log_metrics)
set_tag = _on_active_run(ActiveRun.set_tag)
set_tags = _on_active_run(ActiveRun.set_tags)
delete_tag = _on_active_run(ActiveRun.delete_tag)
log_artifact = _on_active_run(ActiveRun.log_artifact)
log_artifacts = _on_active_run(ActiveRun.log_artifacts)
log_text = _on_active_run(ActiveRun.log_text)
log_dict = _on_active_run(ActiveRun.log_dict)
log_figure = _on_active_run(ActiveRun.log_figure)
log_input = _on_active_run(ActiveRun.log_input)
log_image = _on_active_run(ActiveRun.log_image)
log_table = _on_active_run(ActiveRun.log_table)


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Return the address of the active run's artifacts, or of one of them.

    Parameters
    ----------
    artifact_path : str, optional

    Returns
    -------
    str
    """
    base = (active.active_run() or start_run()).info.artifact_uri
    return f"{base}/{artifacts.check_path(artifact_path)}" if artifact_path else base


def delete_run(run_id: str) -> None:
    """Mark a run as deleted; :func:`restore_run` brings it back until ``nbtrack gc`` removes it for good.

    Parameters
    ----------
    run_id : str
        As for :func:`nbtrack.get_run`.

    Raises
    ------
    RunNotFoundError
        There is no such run.
    """
    _set_stage(run_id, "deleted")


def restore_run(run_id: str) -> None:
    """Bring a deleted run back.

    Parameters
    ----------
    run_id : str

    Raises
    ------
    RunNotFoundError
        There is no such run.
    """
    _set_stage(run_id, "active")


def _set_stage(run_id: str, stage: str) -> None:
    store = current_store()
    store.append_event({"t": "stage", "run": store.run(run_id, unique=True).info.run_id, "stage": stage})


@atexit.register
def _end_open_runs() -> None:
    """End what is still open when the process ends by itself: failed if an exception ended it."""
    error = getattr(sys, "last_value", None) if not hasattr(sys, "ps1") and "IPython" not in sys.modules else None
    pid = os.getpid()
    for run in active.open_runs():
        if run.process_id == pid:
            run.end(error=error)

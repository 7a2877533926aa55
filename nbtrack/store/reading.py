"""The reading functions of the public API, over the store in use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlparse

from nbtrack.config import configure, find_store_root, settings
from nbtrack.errors import ExperimentNotFoundError, InputError
from nbtrack.records import REPLICATE_TAG, Experiment, RunRecord
from nbtrack.store.handle import Run
from nbtrack.store.store import Store, open_store

if TYPE_CHECKING:
    import pandas as pd

_VIEW_TYPES = {1: "active", 2: "deleted", 3: "all"}


def current_store() -> Store:
    """Return the store in use: the one set, else the nearest ``.nbtrack`` folder upwards, else a new one here."""
    return open_store(find_store_root())


def set_store(path: str | os.PathLike[str]) -> Path:
    """Use the store in this folder from now on, in this process and in those that it starts.

    Parameters
    ----------
    path : path
        The store's folder; made when the first value is written.

    Returns
    -------
    Path
        The folder, absolute.

    Examples
    --------
    >>> nbtrack.set_store("/data/team/.nbtrack")  # doctest: +SKIP
    """
    root = Path(path).expanduser().absolute()
    configure(store=str(root))
    # Worker processes of joblib or multiprocessing must find the same store.
    os.environ["NBTRACK_STORE"] = str(root)
    return root


def set_tracking_uri(uri: str | os.PathLike[str]) -> None:
    """Use a folder as the store: MLflow's name for :func:`set_store`.

    Parameters
    ----------
    uri : str or path
        A folder, or a ``file:`` address of one.

    Raises
    ------
    InputError
        The address is one of a server or of another database: nbtrack's store is a folder.
    """
    text = os.fspath(uri)
    scheme = urlparse(text).scheme
    if scheme == "file":
        text = unquote(urlparse(text).path)
    elif len(scheme) > 1:
        raise InputError(
            f"tracking URI is {text!r}; accepted: a folder, as 'runs/.nbtrack'. nbtrack has no server: leave the call "
            "out to use the .nbtrack folder beside the notebook."
        )
    set_store(text)


def get_tracking_uri() -> str:
    """Return the address of the store's folder, as MLflow's function of this name.

    Returns
    -------
    str
        A ``file:`` address.
    """
    return find_store_root().as_uri()


def runs(
    where: str = "",
    order_by: Sequence[str] | str = (),
    limit: int | None = None,
    *,
    experiment: str | Sequence[str] | None = None,
    deleted: bool = False,
) -> pd.DataFrame:
    """Return the runs as a table, the newest first.

    Parameters
    ----------
    where : str
        MLflow's filter grammar, with ``or``, ``not`` and parentheses besides.
    order_by : str or sequence of str
        As ``"metrics.accuracy DESC"``.
    limit : int, optional
        At most so many runs.
    experiment : str or sequence of str, optional
        Only these experiments; default all.
    deleted : bool
        Only deleted runs, in place of the others.

    Returns
    -------
    pandas.DataFrame
        ``run_id, run_name, experiment, status, start_time (UTC), duration_s``, then a column ``params.x`` (typed),
        ``metrics.y`` and ``tags.z`` for each name that some run has, and at the end among others ``hazard_count``,
        ``hazard_severity``, ``hazards``, the list of their labels, and ``verdict``.

    Raises
    ------
    FilterError
        The filter or the order cannot be read.

    Examples
    --------
    >>> nbtrack.runs("metrics.rmse < 60 and params.model = 'ridge'", "metrics.rmse", 10)  # doctest: +SKIP
    """
    return current_store().runs_frame(
        where, _names(order_by) or (), limit, 0, _names(experiment), "deleted" if deleted else "active"
    )


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = 1,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: Literal["pandas", "list"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> pd.DataFrame | list[Run]:
    """Search runs, as ``mlflow.search_runs``: in the experiment that was set, or in all when none was.

    Parameters
    ----------
    experiment_ids, experiment_names : sequence of str, optional
        Only these experiments.
    filter_string : str
        As ``"metrics.rmse < 1 and params.model = 'rf' and tags.stage LIKE '%draft%'"``.
    run_view_type : int
        1 active, 2 deleted, 3 all: MLflow's ``ViewType``.
    max_results : int
    order_by : sequence of str, optional
        As ``["metrics.rmse ASC"]``; default the newest first.
    output_format : str
        ``pandas`` or ``list``.
    search_all_experiments : bool
        Search all of them whatever was set.

    Returns
    -------
    pandas.DataFrame or list of Run
        The table has MLflow's columns: params are texts there, as in MLflow. :func:`runs` has them typed.

    Raises
    ------
    FilterError
        The filter or the order cannot be read.

    Examples
    --------
    >>> nbtrack.search_runs(filter_string="params.model = 'rf'", order_by=["metrics.rmse"])  # doctest: +SKIP
    """
    if output_format not in ("pandas", "list"):
        raise InputError(f"output_format is {output_format!r}; accepted: 'pandas' or 'list'.")
    store = current_store()
    names = list(experiment_names or ())
    if experiment_ids:
        known = {item.experiment_id: item.name for item in store.experiments("all")}
        names += [known[str(item)] for item in experiment_ids if str(item) in known]
    if not names and not experiment_ids and not search_all_experiments:
        names = _names(settings().experiment) or []
    if not names and experiment_ids:
        records: list[RunRecord] = []
    else:
        lifecycle = _VIEW_TYPES.get(run_view_type, "active")
        records = store.runs(filter_string, order_by or (), max_results, 0, names or None, lifecycle)
    if output_format == "list":
        return [Run(record, store, whole=False) for record in records]
    return _mlflow_frame(records)


def _mlflow_frame(records: Sequence[RunRecord]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for record in records:
        info = record.info
        row: dict[str, Any] = {
            "run_id": info.run_id,
            "experiment_id": info.experiment_id,
            "status": info.status,
            "artifact_uri": info.artifact_uri,
            "start_time": pd.Timestamp(info.start_time, unit="ms", tz="UTC"),
            "end_time": pd.NaT if info.end_time is None else pd.Timestamp(info.end_time, unit="ms", tz="UTC"),
        }
        row |= {f"metrics.{key}": value for key, value in record.data.metrics.items()}
        row |= {f"params.{key}": value for key, value in record.data.params.items()}
        row |= {f"tags.{key}": value for key, value in record.data.tags.items()}
        row["tags.mlflow.runName"] = info.run_name
        rows.append(row)
    first = ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
    return pd.DataFrame(rows, columns=None if rows else first)


def get_run(run_id: str) -> Run:
    """Return one recorded run.

    Parameters
    ----------
    run_id : str
        The id, its first four or more characters, or a run name: the latest run that has it.

    Returns
    -------
    Run

    Raises
    ------
    RunNotFoundError
        There is none, or more than one.

    Examples
    --------
    >>> nbtrack.get_run("baseline").data.metrics  # doctest: +SKIP
    {'accuracy': 0.9722}
    """
    store = current_store()
    return Run(store.run(run_id), store)


def own_runs(where: str) -> str:
    """Return a filter that leaves out replays of other runs, where none was given.

    Parameters
    ----------
    where : str
        A filter; empty for none.

    Returns
    -------
    str

    Examples
    --------
    >>> own_runs("metrics.accuracy > 0.9")
    'metrics.accuracy > 0.9'
    """
    return where or f"tags.`{REPLICATE_TAG}` IS NULL"


def count_replays(store: Store, where: str, experiments: Sequence[str] | None, lifecycle: str) -> int:
    """Return how many replays of other runs :func:`own_runs` leaves out.

    Parameters
    ----------
    store : Store
    where : str
        The filter that was given.
    experiments : sequence of str or None
    lifecycle : str

    Returns
    -------
    int
    """
    return 0 if where else store.count_runs(f"tags.`{REPLICATE_TAG}` IS NOT NULL", experiments, lifecycle)


def sql(query: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> pd.DataFrame:
    """Run a DuckDB query over the store, read-only.

    The views are ``experiments``, ``runs``, ``params``, ``metrics``, ``metric_points``, ``tags``, ``artifacts``,
    ``inputs``, ``hazards``, ``undecided_hazards``, ``slices``, ``cell_executions``, ``environments``,
    ``generator_states``, ``sources`` and ``problems``.

    Parameters
    ----------
    query : str
    parameters : sequence or dict, optional
        Values for ``?`` or ``$name`` in the query.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> nbtrack.sql("select experiment, count(*) as runs from runs group by all")  # doctest: +SKIP
    """
    return current_store().sql(query, parameters)


def search_experiments(view_type: int = 1) -> list[Experiment]:
    """Return the store's experiments.

    Parameters
    ----------
    view_type : int
        1 active, 2 deleted, 3 all: MLflow's ``ViewType``.

    Returns
    -------
    list of Experiment

    Examples
    --------
    >>> [experiment.name for experiment in nbtrack.search_experiments()]  # doctest: +SKIP
    ['digits']
    """
    return current_store().experiments(_VIEW_TYPES.get(view_type, "active"))


def get_experiment_by_name(name: str) -> Experiment | None:
    """Return an experiment, or None where there is none, as in MLflow.

    Parameters
    ----------
    name : str

    Returns
    -------
    Experiment or None

    Examples
    --------
    >>> nbtrack.get_experiment_by_name("digits").experiment_id  # doctest: +SKIP
    '175113917523951'
    """
    return next((found for found in current_store().experiments("all") if found.name == name), None)


def get_experiment(experiment_id: str) -> Experiment:
    """Return an experiment by its id.

    Parameters
    ----------
    experiment_id : str

    Returns
    -------
    Experiment

    Raises
    ------
    ExperimentNotFoundError
        There is none.
    """
    known = current_store().experiments("all")
    for found in known:
        if found.experiment_id == str(experiment_id):
            return found
    listed = ", ".join(f"{item.experiment_id} ({item.name})" for item in known) or "none yet"
    raise ExperimentNotFoundError(f"there is no experiment with id {experiment_id!r}; known: {listed}.")


def _names(value: str | Sequence[str] | None) -> list[str] | None:
    if value is None:
        return None
    return [value] if isinstance(value, str) else list(value)

"""Every read of the store: functions over an open connection that give records and tables, never a live cursor."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError
from nbtrack.records import REPLICATE_TAG, Experiment, MetricRange, RunRecord
from nbtrack.store import executions, frames, lookup, provenance_rows, rows, selection

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

VIEWS = (
    "experiments",
    "runs",
    "params",
    "metrics",
    "metric_points",
    "tags",
    "artifacts",
    "inputs",
    "hazards",
    "undecided_hazards",
    "slices",
    "cell_executions",
    "verifications",
    "verification_metrics",
    "environments",
    "generator_states",
    "sources",
    "problems",
)
"""The documented views."""

_HELP = f"The views are {', '.join(VIEWS)}. Example: select run_name, params from runs"  # noqa: S608 - a message


def runs(
    connection: duckdb.DuckDBPyConnection,
    where: str = "",
    order_by: Sequence[str] | str = (),
    limit: int | None = None,
    offset: int = 0,
    experiment_names: Sequence[str] | None = None,
    lifecycle: str = "active",
) -> list[RunRecord]:
    """Return runs as records, the newest first unless an order is given.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    where : str
        As :func:`nbtrack.store.filters.compile_filter` takes it.
    order_by : str or sequence of str
        As :func:`nbtrack.store.filters.compile_order` takes it.
    limit : int, optional
        At most so many runs.
    offset : int
        Leave out so many runs at the start.
    experiment_names : sequence of str, optional
        Only these experiments; default all.
    lifecycle : str
        ``active``, ``deleted`` or ``all``; runs of a deleted experiment count as deleted. A filter that names
        ``lifecycle`` decides by itself when this is ``active``.

    Returns
    -------
    list of RunRecord

    Raises
    ------
    FilterError
        The filter or the order cannot be read.
    InputError
        ``limit``, ``offset`` or ``lifecycle`` is not accepted.

    Examples
    --------
    >>> runs(connection, "metrics.rmse < 60", "metrics.rmse", limit=10)  # doctest: +SKIP
    """
    return rows.records(
        connection, selection.page(connection, where, order_by, limit, offset, experiment_names, lifecycle)
    )


def runs_frame(
    connection: duckdb.DuckDBPyConnection,
    where: str = "",
    order_by: Sequence[str] | str = (),
    limit: int | None = None,
    offset: int = 0,
    experiment_names: Sequence[str] | None = None,
    lifecycle: str = "active",
) -> pd.DataFrame:
    """Return runs as a table, a column for every param, metric and tag that one of them has.

    Parameters
    ----------
    connection, where, order_by, limit, offset, experiment_names, lifecycle
        As for :func:`runs`.

    Returns
    -------
    pandas.DataFrame
        ``run_id, run_name, experiment, status, start_time, duration_s``, then ``params.x`` (typed), ``metrics.y`` and
        ``tags.z`` in order of their names, then ``end_time, parent_run_id, seed, note, user, lifecycle_stage,
        hazard_count, hazard_severity, hazards, verdict``. A count that is missing: what the run depends on was not
        looked at; a verdict: it was never replayed.

    Examples
    --------
    >>> runs_frame(connection)[["params.C", "metrics.accuracy"]]  # doctest: +SKIP
    """
    page = selection.page(connection, where, order_by, limit, offset, experiment_names, lifecycle)
    return frames.runs_frame(connection, page)


def count_runs(
    connection: duckdb.DuckDBPyConnection,
    where: str = "",
    experiment_names: Sequence[str] | None = None,
    lifecycle: str = "active",
) -> int:
    """Return how many runs there are.

    Parameters
    ----------
    connection, where, experiment_names, lifecycle
        As for :func:`runs`.

    Returns
    -------
    int
    """
    return selection.count(connection, where, experiment_names, lifecycle)


def run(connection: duckdb.DuckDBPyConnection, ref: str, *, unique: bool = False) -> RunRecord:
    """Return one run with all that its numbers depend on, deleted ones included.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    ref : str
        The id, its first four or more characters, or a name: the latest run that has it.
    unique : bool
        Do not choose between runs of the same name.

    Returns
    -------
    RunRecord

    Raises
    ------
    RunNotFoundError
        There is none, with near ones named; or more than one, all named.

    Examples
    --------
    >>> run(connection, "calm-otter-417").info.status  # doctest: +SKIP
    'finished'
    """
    run_ix = lookup.run_ix(connection, ref, unique=unique)
    return provenance_rows.completed(connection, run_ix, rows.records(connection, [run_ix])[0])


def generator_states(connection: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, str]:
    """Return the states that a run's generators had at its start.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_id : str
        As for :func:`run`.

    Returns
    -------
    dict of str to str
        By stream, as they were recorded: base64.

    Raises
    ------
    RunNotFoundError
        There is no such run.
    """
    return provenance_rows.generator_states(connection, lookup.run_ix(connection, run_id))


def runs_of_execution(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[RunRecord]:
    """Return the runs that began within the same execution of a cell as this one, itself and deleted ones included.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_id : str
        As for :func:`run`.

    Returns
    -------
    list of RunRecord
        In order of start; the run alone where its execution is not known.

    Raises
    ------
    RunNotFoundError
        There is no such run.
    """
    run_ix = lookup.run_ix(connection, run_id)
    return rows.records(connection, executions.runs_of_execution(connection, run_ix))


def children(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[RunRecord]:
    """Return the active runs that have this one as their parent, in the order in which they started.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_id : str
        Full id.

    Returns
    -------
    list of RunRecord
    """
    query = "select run_ix from base.runs where parent = ? and stage = 'active' order by start_us, run_ix"
    return rows.records(connection, [row[0] for row in connection.execute(query, [run_id]).fetchall()])


def history(connection: duckdb.DuckDBPyConnection, run_id: str, key: str | None = None) -> pd.DataFrame:
    """Return the points of one run.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_id : str
        As for :func:`run`.
    key : str, optional
        One metric; default all.

    Returns
    -------
    pandas.DataFrame
        ``key, step, timestamp, value``, in that order; points of the same step and time as they were logged.

    Raises
    ------
    RunNotFoundError
        There is no such run.
    """
    chosen = [lookup.run_ix(connection, run_id)]
    return frames.points_frame(connection, chosen, None if key is None else [key]).drop(columns="run_id")


def experiments(connection: duckdb.DuckDBPyConnection, lifecycle: str = "active") -> list[Experiment]:
    """Return the experiments, by name.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    lifecycle : str
        ``active``, ``deleted`` or ``all``.

    Returns
    -------
    list of Experiment
    """
    selection.check_lifecycle(lifecycle)
    found = connection.execute(
        "select experiment_id, name, stage, tags from base.experiments where ? in ('all', stage) order by name",
        [lifecycle],
    ).fetchall()
    return [Experiment(identity, name, stage, tags=tags or {}) for identity, name, stage, tags in found]


def metric_ranges(
    connection: duckdb.DuckDBPyConnection,
    experiment_name: str,
    exclude_run_id: str | None = None,
    begun_before_us: int | None = None,
) -> dict[str, MetricRange]:
    """Return what the finished, active runs of an experiment reached in each metric, replays of others apart.

    Replays of a run under other seeds do not count: the best of them is luck.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    experiment_name : str
    exclude_run_id : str, optional
        Leave this run out.
    begun_before_us : int, optional
        And those that began at this time or later, in microseconds since 1970.

    Returns
    -------
    dict of str to MetricRange
        Extremes of the last values that are finite, and the latest run's value. A metric that never was finite is
        left out.
    """
    found = connection.execute(
        """
        select entry.key, min(entry.value) filter (isfinite(entry.value)),
               max(entry.value) filter (isfinite(entry.value)), arg_max(entry.value, {'start': start_us, 'ix': run_ix})
        from (
            select run_ix, start_us, unnest(map_entries(metrics)) as entry
            from base.runs
            where experiment = ? and stage = 'active' and status = 'finished' and run_id is distinct from ?
                and tags[?] is null and start_us < coalesce(?, 9223372036854775807)
        )
        group by entry.key
        having count(*) filter (isfinite(entry.value)) > 0
        order by entry.key
        """,
        [experiment_name, exclude_run_id, REPLICATE_TAG, begun_before_us],
    ).fetchall()
    return {key: MetricRange(low, high, previous) for key, low, high, previous in found}


def sql(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Run a query of the user's over the views.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Read-only.
    query : str
        DuckDB's SQL.
    parameters : sequence or mapping, optional
        Values for ``?`` or ``$name``.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        DuckDB refuses the query; its message is given.

    Examples
    --------
    >>> sql(connection, "select status, count(*) as runs from runs group by all")  # doctest: +SKIP
    """
    import duckdb

    values: Any = dict(parameters) if isinstance(parameters, Mapping) else list(parameters or ())
    try:
        # Only some releases say None for a query without a statement in it.
        result: Any = connection.execute(query, values)
        if result is None or result.description is None:
            raise InputError(f"the query is empty. {_HELP}")
        with warnings.catch_warnings():
            # DuckDB's own use of pandas, which its user can do nothing about.
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", message="The inplace keyword")
            frame: pd.DataFrame = result.df()
            return frame
    except duckdb.Error as error:
        raise InputError(f"the query cannot be run: {error}\n{_HELP}") from error

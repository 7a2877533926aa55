"""``runs``, ``best``, ``show``, ``hazards`` and ``status``: verbs that read the store."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from typing import Any, Literal

from nbtrack.capture import active
from nbtrack.capture.experiment import current_experiment
from nbtrack.directions import better_direction
from nbtrack.errors import OptionError, RunNotFoundError
from nbtrack.magics.common import chosen, say
from nbtrack.store.reading import count_replays, current_store, own_runs
from nbtrack.widgets import hazards as hazards_shown
from nbtrack.widgets import table
from nbtrack.widgets.inline import Shown
from nbtrack.widgets.rundetail.show import RunDetail

_PAGE = 20


def runs(found: Namespace, shell: Any) -> Shown:
    """Show the run table."""
    del shell
    store = current_store()
    experiments = [found.experiment] if found.experiment else None
    lifecycle = "deleted" if found.deleted else "active"
    where = " ".join(found.where)
    records = store.runs(own_runs(where), found.order_by, found.limit, 0, experiments, lifecycle)
    total = store.count_runs(own_runs(where), experiments, lifecycle)
    replays = count_replays(store, where, experiments, lifecycle)
    now = time.time()
    return Shown(
        table.runs_html(records, now, total=total, replays=replays),
        table.runs_text(records, now, total=total, replays=replays),
    )


def runs_options(parser: ArgumentParser) -> None:
    """Accept what :func:`runs` takes."""
    add = parser.add_argument
    add("where", nargs="*", help="a filter, as: metrics.accuracy > 0.9 and params.model = 'rf'")
    add("--order-by", action="append", default=[], metavar="O", help="as 'metrics.accuracy DESC'")
    add("--limit", "-n", type=int, default=_PAGE, metavar="N", help="at most so many runs")
    add("--deleted", action="store_true", help="the deleted runs")
    _experiment_option(parser)


def best(found: Namespace, shell: Any) -> Shown:
    """Show the runs with the best values of a metric."""
    direction: Literal["lower", "higher"] | None = (
        "lower" if found.lowest else "higher" if found.highest else better_direction(found.metric)
    )
    if direction is None:
        raise OptionError(
            f"the name {found.metric!r} does not say whether a lower or a higher value is better; add --lowest or "
            "--highest."
        )
    experiment = None if found.all else found.experiment or current_experiment(shell.user_ns)
    key = f"metrics.`{found.metric}`"
    order = [f"{key} {'ASC' if direction == 'lower' else 'DESC'}"]
    store = current_store()
    # The best of many seeds is luck.
    where = f"{key} IS NOT NULL and {own_runs('')}"
    records = store.runs(where, order, found.n, 0, [experiment] if experiment else None)
    if not records:
        where = f"in experiment {experiment!r}; add --all to look in all of them" if experiment else "in the store"
        raise RunNotFoundError(f"no run has a metric {found.metric!r} {where}.")
    now = time.time()
    ways: dict[str, Literal["lower", "higher"]] = {found.metric: direction}
    return Shown(table.runs_html(records, now, best=ways), table.runs_text(records, now, best=ways))


def best_options(parser: ArgumentParser) -> None:
    """Accept what :func:`best` takes."""
    add = parser.add_argument
    add("metric", help="name of the metric")
    add("-n", type=int, default=5, metavar="N", help="how many runs")
    add("--lowest", action="store_true", help="a lower value is better")
    add("--highest", action="store_true", help="a higher value is better")
    add("--all", action="store_true", help="of all experiments")
    _experiment_option(parser)


def _experiment_option(parser: ArgumentParser) -> None:
    parser.add_argument("--experiment", "-e", metavar="E", help="only runs of this experiment")


def show(found: Namespace, shell: Any) -> RunDetail:
    """Show everything about a run; its note and tags can be edited there."""
    del shell
    return RunDetail(chosen(found.run), current_store())


def hazards(found: Namespace, shell: Any) -> Shown:
    """Say why a run's numbers may not come back, and what to do."""
    del shell
    record = chosen(found.run)
    return Shown(hazards_shown.hazards_html(record), hazards_shown.hazards_text(record))


def status(found: Namespace, shell: Any) -> str:
    """Say which store and experiment are in use, and which runs are open."""
    del found
    store = current_store()
    open_runs = [f"{run.run_name} ({run.run_id[:8]})" for run in active.open_runs()]
    lines = [
        f"store       {store.root}",
        f"mode        {store.mode}",
        f"experiment  {current_experiment(shell.user_ns)}",
        f"runs        {store.count_runs()}",
        f"open runs   {', '.join(open_runs) or 'none'}",
    ]
    return say("\n".join(lines + store.pop_notices()))

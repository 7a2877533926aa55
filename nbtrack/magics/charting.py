"""``%nbtrack chart``: metrics over steps or time."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from nbtrack.errors import OptionError
from nbtrack.widgets.charts.chart import Chart
from nbtrack.widgets.charts.curves import chart


def chart_options(parser: ArgumentParser) -> None:
    """Accept what :func:`show_chart` takes."""
    add = parser.add_argument
    add("metric", nargs="*", help="names of metrics; default those that change over steps")
    add("--runs", "-r", action="append", metavar="RUN", help="a name or id, may be given again; or a filter")
    add("--x", default="step", metavar="X", help="step, time, or relative: the time since each run's start")
    add("--smooth", type=float, default=0.0, metavar="W", help="0 to below 1: weight of a moving average")
    add("--log", action="store_true", help="a logarithmic y axis")
    add("--group", metavar="G", help="a param or tag: one line for the runs of each value")
    add("--live", action="store_true", help="follow runs that are still running, and show finer points when zoomed")
    add("--limit", "-n", type=int, default=20, metavar="N", help="at most so many runs of a filter or an experiment")


def show_chart(found: Namespace, shell: Any) -> Chart:
    """Show metrics over steps or time, a line per run."""
    del shell
    runs = found.runs
    if runs is not None and len(runs) == 1:
        runs = runs[0]
    try:
        return chart(
            runs,
            found.metric or None,
            found.x,
            smooth=found.smooth,
            log=found.log,
            group=found.group,
            live=found.live,
            limit=found.limit,
        )
    except ValueError as error:
        raise OptionError(str(error)) from error

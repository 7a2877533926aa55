"""``nbtrack.chart``: metrics of runs over steps or time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from nbtrack.errors import InputError
from nbtrack.store.choosing import chosen_runs
from nbtrack.widgets.charts.arguments import check_between, check_log, check_smooth, check_x, names_of
from nbtrack.widgets.charts.chart import Chart, Drawing
from nbtrack.widgets.charts.fields import field_of
from nbtrack.widgets.charts.figure import spec
from nbtrack.widgets.charts.follow import LiveChart
from nbtrack.widgets.charts.lines import Plot
from nbtrack.widgets.charts.picture import heading, picture, words
from nbtrack.widgets.charts.request import Request

if TYPE_CHECKING:
    from nbtrack.store.handle import Run


def chart(
    runs: str | Run | Sequence[Any] | Any | None = None,
    metrics: str | Sequence[str] | None = None,
    x: Literal["step", "time", "relative"] = "step",
    *,
    smooth: float = 0.0,
    log: bool | Literal["x", "y", "xy"] = False,
    group: str | None = None,
    between: tuple[Any, Any] | None = None,
    live: bool = False,
    limit: int = 20,
) -> Chart:
    """Return a chart of metrics over steps or time: a panel for each metric, a line for each run.

    However many points there are, the lowest and the highest of each narrow stretch are drawn, so that no peak is lost.

    Parameters
    ----------
    runs : str, Run, ActiveRun, pandas.DataFrame, sequence of these, optional
        A name, an id or its beginning; a run; a filter, as ``"params.model = 'rf'"``; a table of :func:`nbtrack.runs`.
        Default: the experiment of the latest run.
    metrics : str or sequence of str, optional
        Default: all that have more than one point, up to twelve.
    x : str
        ``step``; ``time``, by this machine's clock; ``relative``, the time since each run's start.
    smooth : float
        From 0, none, to below 1: an exponential moving average with this weight of what came before, over the points
        that are drawn. The curve itself stays behind it, faintly.
    log : bool or str
        A logarithmic y axis, or which ones: ``x``, ``y``, ``xy``.
    group : str, optional
        A param, a tag, ``experiment`` or ``status``: runs with the same value become one line, their mean, in a band
        from the lowest to the highest of them.
    between : (float, float) or (datetime, datetime), optional
        Only this range of x, as finely as the whole: steps, datetimes, or time since the start in the axis's unit.
    live : bool
        Follow runs that are still running, of this kernel or another, and read finer points where the chart is zoomed.
        The cell is not held up. One chart at a time is live; a new one leaves the one before standing still. Without
        names, runs that begin in the next ten minutes join. Where widgets cannot be shown the chart stands still.
    limit : int
        At most so many runs of a filter or an experiment, the newest.

    Returns
    -------
    Chart
        Shown where it is a cell's last value; ``.figure`` is plotly's, ``.save("loss.svg")`` writes it to a file.

    Raises
    ------
    InputError
        An argument is not accepted, or there is nothing to show.
    RunNotFoundError
        There is no such run.

    Examples
    --------
    >>> nbtrack.chart(["baseline", "second"], "loss", smooth=0.9, log=True)  # doctest: +SKIP
    >>> nbtrack.chart("metrics.accuracy > 0.9", group="params.model")  # doctest: +SKIP
    """
    asked = request(runs, metrics, x, smooth=smooth, log=log, group=group, limit=limit)
    if not live:
        return Chart(drawing(asked.plot(check_between(between))))
    if between is not None:
        raise InputError("a live chart shows all that there is, and more where it is zoomed; leave between out.")
    return LiveChart(asked, drawing)


def request(
    runs: Any, metrics: Any, x: Any, *, smooth: Any = 0.0, log: Any = False, group: Any = None, limit: Any = 20
) -> Request:
    """Check what a chart was asked for; parameters and errors as :func:`chart`.

    Returns
    -------
    Request
    """
    x, smooth, log, keys = check_x(x), check_smooth(smooth), check_log(log), _keys(metrics)
    chosen = chosen_runs(runs, limit)
    if group is not None and not isinstance(group, str):
        raise InputError(f"group is {group!r}; accepted: a param, a tag, 'experiment' or 'status', as text.")
    if group is not None and all(field_of(record, group) is None for record in chosen.records):
        params = sorted({key for record in chosen.records for key in record.typed_params})
        raise InputError(
            f"no run has a param or tag {group!r}; the runs' params: {', '.join(params[:12]) or 'none'}. Also "
            "accepted: 'experiment', 'status'."
        )
    return Request(chosen, keys, x, smooth, log, group)


def drawing(plot: Plot) -> Drawing:
    """Return curves as something that a :class:`Chart` shows."""
    return Drawing(heading(plot), lambda: spec(plot), lambda: picture(plot), lambda: words(plot), plot.notes)


def _keys(metrics: Any) -> tuple[str, ...] | None:
    if metrics is None:
        return None
    # As filters and columns have it, too.
    return tuple(dict.fromkeys(key.removeprefix("metrics.") for key in names_of(metrics, "metrics", "'loss'")))

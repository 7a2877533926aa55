"""``nbtrack.compare``: what differs between recorded runs, and whether that is more than other seeds make."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError, NbtrackError
from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.difference import compared
from nbtrack.store.references import recorded_runs

if TYPE_CHECKING:
    from nbtrack.records import RunRecord
    from nbtrack.replay.engine.crowd import Executor
    from nbtrack.store.handle import Run
    from nbtrack.store.store import Store
    from nbtrack.widgets.charts.chart import Chart


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RunComparison(Comparison):
    """What differs between recorded runs; a notebook shows it side by side, with files, code and curves.

    Attributes
    ----------
    records : tuple of RunRecord
        The runs with all that was known of them, the baseline first.
    stores : tuple of Store
        Where each of them is.

    Examples
    --------
    >>> found = nbtrack.compare("baseline", "second")  # doctest: +SKIP
    >>> found.to_frame()["sentence"].tolist()  # doctest: +SKIP
    ['C: 0.1 → 1.0', 'accuracy: 0.9444 → 0.9722, +0.0278, better']
    """

    records: tuple[RunRecord, ...] = field(default=())
    stores: tuple[Store, ...] = field(default=())

    def to_html(self, *, with_curves: bool = True) -> str:
        """Return the comparison side by side, as HTML that needs nothing to run.

        Parameters
        ----------
        with_curves : bool
            False leaves the pictures of curves out.

        Returns
        -------
        str
            At most 300 kB, with inline style alone.
        """
        from nbtrack.widgets.compared.view import comparison_html

        return comparison_html(self.records, self.stores, self, with_curves=with_curves)

    def curves(self) -> Chart | None:
        """Return the runs' curves as a chart; None where no metric has more than one point.

        Returns
        -------
        Chart or None
        """
        from nbtrack.widgets.charts.chart import Chart
        from nbtrack.widgets.charts.curves import drawing
        from nbtrack.widgets.compared.curves import curves_of
        from nbtrack.widgets.compared.sides import side_by_side

        plot = curves_of(side_by_side(self.records, self.stores, self))
        return None if plot is None else Chart(drawing(plot))

    def _ipython_display_(self) -> None:
        """Show it with curves to zoom and point at below it, where a front end draws them."""
        from nbtrack.widgets.frontend.onscreen import is_live

        chart = None
        if is_live():
            try:
                chart = self.curves()
            except (NbtrackError, OSError):
                # The store is busy or gone: the static form says so where the curves would be.
                chart = None
        if chart is None:
            # IPython takes this as: there is another form, show that.
            raise NotImplementedError
        from IPython.display import display

        # Two outputs; whoever draws no figures, as GitHub, takes the picture that the second one has.
        display({"text/plain": str(self), "text/html": self.to_html(with_curves=False)}, raw=True)
        display(chart)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        del include, exclude
        return {"text/plain": str(self), "text/html": self.to_html()}

    def __reduce__(self) -> tuple[Any, ...]:
        # A store is of this process; what was found is not.
        return Comparison, (self.runs, self.differences, dict(self.same), self.replication)


def compare(
    a: str | Run | RunRecord | Any,
    b: str | Run | RunRecord | Any,
    *more: Any,
    replicate: int | Iterable[int] | None = None,
    executor: Executor | None = None,
    workers: int | None = None,
    timeout_s: float | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> RunComparison:
    """Return what differs between runs, what can explain a difference in their metrics first.

    Compared are params, the code that the runs depend on (cell by cell, as unified diffs), data, seeds and generators,
    imported packages, hazards, Python and platform, git, metrics and tags. What a run does not know is said to be
    unknown, never to be equal.

    With ``replicate``, two runs are replayed under other seeds as well, the same for both, and each metric is said to
    differ by more than the seeds make, or not.

    Parameters
    ----------
    a : str, Run or ActiveRun
        The baseline; as text its id, the beginning of it, or its name.
    b : str, Run or ActiveRun
        What is compared with it.
    *more
        More runs to compare with the baseline.
    replicate : int or iterable of int, optional
        Under how many other seeds to replay both, or under which.
    executor, workers, timeout_s, watch
        For these replays, as for :func:`nbtrack.replicate`.

    Returns
    -------
    RunComparison
        A notebook shows it side by side, with code, files and curves. ``print`` it, or take its ``differences``,
        ``replication``, ``to_frame()``, ``to_dict()`` or ``to_html()``.

    Raises
    ------
    RunNotFoundError
        There is no such run.
    InputError
        The runs are not different ones, or more than two are to be replayed.
    ReplayError
        Fewer than two replays of a run came to their end.

    Examples
    --------
    >>> print(nbtrack.compare("baseline", "second"))  # doctest: +SKIP
    >>> print(nbtrack.compare("baseline", "second", replicate=10).replication)  # doctest: +SKIP
    +0.021 accuracy: likely real (p = 0.002, 10 seeds)
    """
    records, stores = zip(*recorded_runs((a, b, *more)), strict=True)
    plain = compared(records)
    found = RunComparison(plain.runs, plain.differences, plain.same, records=records, stores=stores)
    if replicate is None:
        return found
    if more:
        raise InputError("more than two runs are given; accepted with replicate: a baseline and one other run.")
    from nbtrack.replay.replicate import compare_seeds

    seeds = compare_seeds(a, b, seeds=replicate, executor=executor, workers=workers, timeout_s=timeout_s, watch=watch)
    return replace(found, replication=seeds)

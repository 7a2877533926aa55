"""The curves of compared runs, overlaid: a small panel for each metric that has more than one point."""

from __future__ import annotations

from dataclasses import replace

from nbtrack.directions import better_direction
from nbtrack.store.choosing import Chosen
from nbtrack.store.curves import sizes
from nbtrack.widgets.charts.lines import Plot
from nbtrack.widgets.charts.request import Request
from nbtrack.widgets.compared.sides import Sides
from nbtrack.widgets.format import count

MOST_METRICS = 8
_HINT = "nbtrack.chart shows those that you name."


def curves_of(sides: Sides) -> Plot | None:
    """Read the curves of the runs.

    Parameters
    ----------
    sides : Sides

    Returns
    -------
    Plot or None
        None where no metric has more than one point.

    Raises
    ------
    StoreError
        A store cannot be read.
    """
    chosen = Chosen(tuple(zip(sides.records, sides.stores, strict=True)))
    runs: dict[str, int] = {}
    for store, ids in chosen.by_store():
        for found in store.read(lambda connection, ids=ids: sizes(connection, ids)):  # type: ignore[misc]
            if found.points > 1:
                runs[found.key] = runs.get(found.key, 0) + 1
    if not runs:
        return None
    # What most of the runs have comes first where not all can be shown, and what says which way is good.
    kept = sorted(sorted(runs), key=lambda key: (-runs[key], better_direction(key) is None))[:MOST_METRICS]
    plot = Request(chosen, tuple(sorted(kept))).plot(lenient=True)
    return plot if len(runs) == len(kept) else replace(plot, notes=(*plot.notes, _note(len(kept), len(runs))))


def with_fewer(plot: Plot, amount: int) -> Plot:
    """Return a plot with the first of its panels alone, and a note that says so.

    Parameters
    ----------
    plot : Plot
    amount : int

    Returns
    -------
    Plot
    """
    notes = [note for note in plot.notes if not note.endswith(_HINT)]
    return replace(plot, panels=plot.panels[:amount], notes=(*notes, f"{count(amount, 'metric')} of more; {_HINT}"))


def _note(shown: int, amount: int) -> str:
    return f"{shown} of {amount} metrics with curves; {_HINT}"

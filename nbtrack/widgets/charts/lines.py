"""The curves of a chart before anybody draws them: in the chart's units, smoothed, grouped, named and coloured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from nbtrack.widgets.charts.units import Units
from nbtrack.widgets.format import count

if TYPE_CHECKING:
    from nbtrack.store.curves import Curve

    Floats: TypeAlias = Any

# So that the means of a group's runs can be taken at the same places.
_GRID = 500
_BREAK = 1.5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel.

    Attributes
    ----------
    identity : str
        A run's id, or a group's name: lines of the same identity are one thing in all panels.
    name : str
    place : int
        Decides the colour.
    x, y : array of float
        NaN in ``y`` is a gap.
    raw_x, raw_y : array of float or None
        The curve that ``x, y`` is a smoothed form of.
    low, high : array of float or None
        Of a band around ``y``.
    odd : tuple of (float, float, str)
        Where a value is not finite: x, the y to mark it at, and the value in words.
    """

    identity: str
    name: str
    place: int
    x: Floats
    y: Floats
    raw_x: Floats = None
    raw_y: Floats = None
    low: Floats = None
    high: Floats = None
    odd: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """The lines of one metric."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything that a chart of curves shows.

    Attributes
    ----------
    panels : tuple of Panel
    x_title : str
    is_date : bool
        Whether x are milliseconds of this machine's clock since 1970.
    log_x, log_y : bool
    notes : tuple of str
        What is not shown, as plain sentences.
    """

    panels: tuple[Panel, ...]
    x_title: str = "step"
    is_date: bool = False
    log_x: bool = False
    log_y: bool = False
    notes: tuple[str, ...] = ()

    def names(self) -> dict[str, Line]:
        """Return one line of each identity, in order of their places."""
        found = {line.identity: line for panel in self.panels for line in reversed(panel.lines)}
        return dict(sorted(found.items(), key=lambda item: item[1].place))


def smoothed(values: Sequence[float] | Floats, weight: float, start: float | None = None) -> Floats:
    """Return an exponential moving average that begins at the first value.

    Parameters
    ----------
    values : sequence of float
        Finite.
    weight : float
        Of what came before, from 0 to below 1.
    start : float, optional
        The average so far; default: there is none, and the first values count fully.

    Returns
    -------
    array of float

    Examples
    --------
    >>> smoothed([1.0, 2.0, 2.0], 0.5).round(3).tolist()
    [1.0, 1.667, 1.857]
    """
    import numpy as np

    found = np.empty(len(values))
    average, total = (0.0, 0.0) if start is None else (start, 1.0)
    for index, value in enumerate(values):
        average = average * weight + (1 - weight) * float(value)
        total = total * weight + 1 - weight
        found[index] = average / total
    return found


def line_of(curve: Curve, name: str, place: int, units_: Units, smooth: float) -> Line:
    """Return a run's curve as a line.

    Parameters
    ----------
    curve : Curve
    name : str
    place : int
    units_ : Units
    smooth : float
        0 for none.

    Returns
    -------
    Line
    """
    import numpy as np

    x, y = units_.shown(curve.x, curve.run_id), curve.y
    odd = tuple(_marks(curve, x, y, units_))
    if not smooth or not len(curve.mean):
        return Line(curve.run_id, name, place, x, y, odd=odd)
    mean_x, mean = with_gaps(units_.shown(curve.mean_x, curve.run_id), smoothed(curve.mean, smooth), x[np.isnan(y)])
    return Line(curve.run_id, name, place, mean_x, mean, raw_x=x, raw_y=y, odd=odd)


def with_gaps(x: Floats, y: Floats, holes: Floats) -> tuple[Floats, Floats]:
    """Break a line where, for more than the usual distance of its points, there is nothing but holes.

    Parameters
    ----------
    x, y : array of float
        ``x`` ascending.
    holes : array of float
        Places where a value was not finite.

    Returns
    -------
    (array of float, array of float)
    """
    import numpy as np

    if len(x) < 2 or not len(holes):
        return x, y
    steps = np.diff(x)
    inside = np.searchsorted(holes, x[1:], side="left") > np.searchsorted(holes, x[:-1], side="right")
    at = np.flatnonzero(inside & (steps > _BREAK * np.median(steps)))
    return np.insert(x, at + 1, (x[at] + x[at + 1]) / 2), np.insert(y, at + 1, np.nan)


def _marks(curve: Curve, x: Floats, y: Floats, units_: Units) -> Iterable[tuple[float, float, str]]:
    """Yield a mark at the last finite value before each stretch that is not finite."""
    import numpy as np

    finite = np.flatnonzero(np.isfinite(y))
    if not len(finite):
        return
    last = -1
    for place, value in curve.odd:
        shown = float(units_.shown([place], curve.run_id)[0])
        before = int(np.searchsorted(x[finite], shown, side="right")) - 1
        height = float(y[finite[max(before, 0)]])
        if before != last:
            yield shown, height, "NaN" if math.isnan(value) else "+inf" if value > 0 else "-inf"
        last = before


def grouped(
    lines: Sequence[tuple[str, Line]], smooth: float, places: Mapping[str, int] | None = None
) -> tuple[Line, ...]:
    """Return a line for each group: the mean of its runs, in a band from the lowest to the highest of them.

    Parameters
    ----------
    lines : sequence of (str, Line)
        Each with its group; ``x, y`` the means of stretches.
    smooth : float
        0 for none; applied to each run first.
    places : mapping of str to int, optional
        The groups' places; default: in order of first appearance.

    Returns
    -------
    tuple of Line
        In order of the places.
    """
    import numpy as np

    groups: dict[str, list[Line]] = {}
    for group, line in lines:
        groups.setdefault(group, []).append(line)
    found = []
    places = places or {group: place for place, group in enumerate(groups)}
    for group, members in sorted(groups.items(), key=lambda item: places[item[0]]):
        mine = [line for line in members if len(line.x)]
        if not mine:
            continue
        grid = _grid(mine)
        table = np.vstack(
            [
                np.interp(grid, line.x, smoothed(line.y, smooth) if smooth else line.y, left=np.nan, right=np.nan)
                for line in mine
            ]
        )
        there = np.isfinite(table)
        # At each place of the grid at least one run is there, unless the runs lie apart.
        some = there.any(axis=0)
        grid, table, there = grid[some], table[:, some], there[:, some]
        # Divided first: the sum of huge values may not be finite.
        mean = np.where(there, table / there.sum(axis=0), 0.0).sum(axis=0)
        low, high = np.nanmin(table, axis=0), np.nanmax(table, axis=0)
        several = len(mine) > 1
        name = f"{group} · {count(len(members), 'run')}"
        found.append(
            Line(group, name, places[group], grid, mean, low=low if several else None, high=high if several else None)
        )
    return tuple(found)


def _grid(lines: Sequence[Line]) -> Floats:
    import numpy as np

    places = np.unique(np.concatenate([line.x for line in lines]))
    if len(places) <= _GRID:
        return places
    return np.linspace(places[0], places[-1], _GRID)

"""A run's metrics against those of the experiment's earlier runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from nbtrack.directions import better_direction
from nbtrack.records import MetricRange
from nbtrack.views import CardView
from nbtrack.widgets.format import number

# Of the values compared, and of a difference too small to be seen in those.
_VALUE_DIGITS, _DIGITS = 4, 2
# Two values closer than this, relative to their size, differ by rounding alone: 0.8 - 0.9 is -0.09999999999999998.
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Delta:
    """A difference: where it points, how much, and whether that is good.

    Attributes
    ----------
    glyph : str
        ``▲``, ``▼`` or ``=``.
    amount : str
        With its sign; empty where the values are the same.
    word : str
        ``better``, ``worse``, ``same``, or empty where the metric's name does not say which way is good.
    """

    glyph: str
    amount: str
    word: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.glyph, self.amount, self.word)))


def delta(value: float, reference: float, direction: Literal["lower", "higher"] | None) -> Delta | None:
    """Return how a value differs from another.

    Parameters
    ----------
    value, reference : float
    direction : str or None
        Which way is good.

    Returns
    -------
    Delta or None
        None where one of the two is NaN or infinite.

    Examples
    --------
    >>> str(delta(0.98, 0.97, "higher")), str(delta(0.98, 0.97, None)), str(delta(1, 1, None))
    ('▲ +0.01 better', '▲ +0.01', '= same')
    """
    if not (math.isfinite(value) and math.isfinite(reference)):
        return None
    change = value - reference
    if abs(change) <= _SAME * max(abs(value), abs(reference)):
        return Delta("=", "", "same")
    amount = _amount(abs(change), max(abs(value), abs(reference)))
    word = "" if direction is None else "better" if (change > 0) == (direction == "higher") else "worse"
    return Delta("▲" if change > 0 else "▼", ("+" if change > 0 else "-") + amount, word)


def _amount(change: float, larger: float) -> str:
    """Return a difference as exact as the values that it is between are shown, where that leaves anything of it."""
    if change == int(change) or not 1e-4 <= larger < 1e9:
        return number(change, _DIGITS)
    decimals = max(_VALUE_DIGITS - 1 - math.floor(math.log10(larger)), 1)
    shown = f"{change:,.{decimals}f}".rstrip("0").rstrip(".")
    return shown if shown != "0" else number(change, _DIGITS)


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric as the card has it.

    Attributes
    ----------
    key : str
    value : float
    best, previous : Delta or None
        Against the best of the experiment's earlier runs, and against the latest of them.
    known : MetricRange or None
        What it is compared with.
    """

    key: str
    value: float
    best: Delta | None = None
    previous: Delta | None = None
    known: MetricRange | None = None


def metric_lines(view: CardView) -> list[MetricLine]:
    """Compare a run's metrics with those of the experiment's earlier runs.

    Parameters
    ----------
    view : CardView

    Returns
    -------
    list of MetricLine
        In the order in which the run has them.
    """
    # A run that did not finish is no bar for later ones, so it does not set one.
    counts = view.run.info.status in ("finished", "running")
    return [_compared(key, value, view.ranges.get(key), counts) for key, value in view.run.data.metrics.items()]


def _compared(key: str, value: float, known: MetricRange | None, counts: bool) -> MetricLine:
    if known is None:
        return MetricLine(key, value)
    direction = better_direction(key)
    previous = None if known.previous is None else delta(value, known.previous, direction)
    return MetricLine(key, value, _against_best(value, known, direction, counts), previous, known)


def _against_best(
    value: float, known: MetricRange, direction: Literal["lower", "higher"] | None, counts: bool
) -> Delta | None:
    if direction is None:
        return None
    found = delta(value, known.maximum if direction == "higher" else known.minimum, direction)
    if found is None or found.word == "worse":
        return found
    if found.word == "same":
        return Delta("=", "", "best so far")
    return Delta("★", found.amount, "new best") if counts else found

"""Numbers along an axis of a picture: where they stand, and round places for ticks."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from nbtrack.widgets.format import number

_ROUND_S = (1e-3, 0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


class Scale:
    """Numbers along an axis: where they stand, and where to put ticks.

    Parameters
    ----------
    low, high : float
        What is to be shown.
    start, end : float
        Where these stand, in pixels.
    kind : str
        ``linear``, ``log`` or ``date`` (milliseconds).
    """

    def __init__(self, low: float, high: float, start: float, end: float, kind: str = "linear") -> None:
        self.kind = kind
        if kind == "log":
            low, high = math.log10(low), math.log10(high)
        if not low < high:
            # One value only: in the middle of an axis.
            room = 0.5 if kind == "log" else abs(low) * 0.05 or 1.0
            low, high = low - room, high + room
        self._low, self._high, self._start, self._end = low, high, start, end

    def at(self, value: float) -> float:
        """Return where a value stands."""
        if self.kind == "log":
            value = math.log10(value)
        # Halves, for the distance between the two ends of the float range is not finite.
        share = (value / 2 - self._low / 2) / (self._high / 2 - self._low / 2)
        return self._start + share * (self._end - self._start)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Return about so many places with their labels."""
        if self.kind == "log":
            return self._decades(most)
        step = _round_step((self._high / 2 - self._low / 2) / most * 2, self.kind)
        if not math.isfinite(step) or step <= 0:
            return []
        first = math.ceil(self._low / step - 1e-9)
        values = [(first + index) * step for index in range(3 * most)]
        inside = [value for value in values if value <= self._high + step * 1e-9]
        if self.kind == "date":
            return [(self.at(value), _moment(value, step)) for value in inside]
        return [(self.at(value), tick_text(value, step)) for value in inside]

    def _decades(self, most: int) -> list[tuple[float, str]]:
        first, last = math.ceil(self._low - 1e-9), math.floor(self._high + 1e-9)
        every = max(1, math.ceil((last - first + 1) / most))
        powers = [10.0**power for power in range(first, last + 1, every) if -300 < power < 300]
        if len(powers) < 3:
            powers = [
                digit * 10.0**power
                for power in range(first - 1, last + 1)
                for digit in ((1, 2, 5) if len(powers) < 2 else (1, 3))
                if self._low - 1e-9 <= math.log10(digit * 10.0**power) <= self._high + 1e-9
            ]
        return [(self.at(value), number(value)) for value in powers]


def _round_step(rough: float, kind: str) -> float:
    if kind == "date":
        fitting = [second * 1e3 for second in _ROUND_S if second * 1e3 >= rough]
        return fitting[0] if fitting else 86_400_000 * _round_step(rough / 86_400_000, "linear")
    if not rough > 0 or not math.isfinite(rough):
        return math.nan
    power = 10.0 ** math.floor(math.log10(rough))
    return next((size * power for size in (1, 2, 2.5, 5, 10) if size * power >= rough * (1 - 1e-9)), 10 * power)


def tick_text(value: float, step: float) -> str:
    """Return a tick's label with the decimals that its distance to the next one needs."""
    if abs(value) < step * 1e-6:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return number(value)
    decimals = max(0, 2 - math.floor(math.log10(step) + 1e-9))
    shown = f"{value:,.{min(decimals, 9)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _moment(value_ms: float, step_ms: float) -> str:
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value_ms)
    if step_ms >= 86_400_000:
        return f"{when:%Y-%m-%d}"
    if step_ms >= 60_000:
        return f"{when:%b} {when.day}, {when:%H:%M}" if not (when.hour or when.minute) else f"{when:%H:%M}"
    return f"{when:%H:%M:%S}" if step_ms >= 1000 else f"{when:%H:%M:%S.%f}"[:-3]

"""The arguments of charts, each checked with a sentence that says what is accepted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from nbtrack.errors import InputError
from nbtrack.widgets.charts.units import X


def names_of(value: Any, argument: str, example: str) -> list[str]:
    """Return one name or several as a list, or say what is accepted."""
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else []
    if not names or not all(isinstance(name, str) and name for name in names):
        raise InputError(
            f"{argument} is {value!r}; accepted: a name, or a list of names. Example: {argument}={example}"
        )
    return names


def check_smooth(value: Any) -> float:
    """Return the weight of smoothing, or say what is accepted."""
    if value is None or value is False:
        return 0.0
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1:
        return float(value)
    raise InputError(f"smooth is {value!r}; accepted: a number from 0 to below 1. Example: smooth=0.9")


def check_log(value: Any) -> str:
    """Return which axes are logarithmic, or say what is accepted."""
    if value is None or value is False:
        return ""
    if value is True:
        return "y"
    if value in ("x", "y", "xy"):
        return str(value)
    raise InputError(f"log is {value!r}; accepted: True, False, 'x', 'y', 'xy'.")


def check_x(value: Any) -> X:
    """Return what x is, or say what is accepted."""
    if value in ("step", "time", "relative"):
        return value  # type: ignore[no-any-return]
    raise InputError(f"x is {value!r}; accepted: 'step', 'time', 'relative'.")


def _clock_ms(when: datetime) -> float:
    """Return a moment as milliseconds of this machine's clock, as the axis of time has them."""
    local = when.astimezone().replace(tzinfo=None) if when.tzinfo is not None else when
    return local.replace(tzinfo=UTC).timestamp() * 1e3


def check_between(value: Any) -> tuple[float, float] | None:
    """Return a range of x, or say what is accepted."""
    if value is None:
        return None
    try:
        low, high = (_clock_ms(end) if isinstance(end, datetime) else float(end) for end in value)
    except (TypeError, ValueError):
        low = high = math.nan
    if not low < high or math.isinf(low) or math.isinf(high):
        raise InputError(f"between is {value!r}; accepted: two numbers, the lower one first. Example: between=(0, 500)")
    return low, high

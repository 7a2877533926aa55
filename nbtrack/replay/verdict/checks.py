"""Whether metrics came back: each with what was recorded, what was replayed and how they compare."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence

from nbtrack.replay.outcome import Outcome
from nbtrack.verification import MetricCheck, Verdict

# Beyond it every float is an integer.
_LARGEST_INTEGER = 2.0**53

Curve = tuple[Sequence[int], Sequence[float]]


def check_metrics(
    recorded: Mapping[str, float],
    curves: Mapping[str, Curve],
    outcome: Outcome,
    rtol: float,
    timers: frozenset[str] = frozenset(),
) -> tuple[MetricCheck, ...]:
    """Compare the metrics of a run with those of its replay.

    Parameters
    ----------
    recorded : mapping of str to float
        Last values.
    curves : mapping of str to (sequence of int, sequence of float)
        Steps and values of the metrics that have more than one point.
    outcome : Outcome
    rtol : float
        Relative tolerance.
    timers : frozenset of str
        Metrics that measure time.

    Returns
    -------
    tuple of MetricCheck
        In the order of ``recorded``.

    Examples
    --------
    >>> [check.outcome for check in check_metrics({"a": 0.1}, {}, Outcome(metrics={"a": 0.1}), 1e-9)]
    ['exact']
    """
    return tuple(_check(key, value, curves.get(key), outcome, rtol, timers) for key, value in recorded.items())


def _check(
    key: str, value: float, curve: Curve | None, outcome: Outcome, rtol: float, timers: frozenset[str]
) -> MetricCheck:
    replayed = outcome.metrics.get(key)
    if replayed is None:
        return MetricCheck(key=key, recorded=value, replayed=None, outcome="missing")
    pairs = [(value, replayed)]
    if curve is not None:
        steps, values = outcome.curves.get(key, ((), ()))
        if list(steps) != list(curve[0]):
            pairs.append((0.0, 1.0))
        pairs += zip(curve[1], values, strict=False)
    if all(_same_bits(*pair) for pair in pairs):
        return MetricCheck(key=key, recorded=value, replayed=replayed, outcome="exact")
    if all(_close(*pair, rtol) for pair in pairs):
        return MetricCheck(key=key, recorded=value, replayed=replayed, outcome="close")
    return MetricCheck(key=key, recorded=value, replayed=replayed, outcome="timer" if key in timers else "different")


def _same_bits(a: float, b: float) -> bool:
    return struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))


def _close(a: float, b: float, rtol: float) -> bool:
    if _same_bits(a, b) or a == b:
        return True
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    if a.is_integer() and b.is_integer() and max(abs(a), abs(b)) < _LARGEST_INTEGER:
        # Numbers of things: there is no nearly.
        return False
    return abs(a - b) <= rtol * max(abs(a), abs(b))


def verdict_of(checks: Iterable[MetricCheck]) -> Verdict:
    """Return what the checks of a replay that came to its end amount to.

    Parameters
    ----------
    checks : iterable of MetricCheck

    Returns
    -------
    str
        ``diverged`` also where nothing but measured times could be compared.
    """
    words = {check.outcome for check in checks} - {"timer"}
    if not words or words & {"different", "missing"}:
        return "diverged"
    return "within_tolerance" if "close" in words else "reproduced"


def differing(first: Outcome, second: Outcome, but: Iterable[str] = (), rtol: float = 0.0) -> list[str]:
    """Return the metrics that two replays gave otherwise.

    Parameters
    ----------
    first, second : Outcome
    but : iterable of str
        Metrics that do not count.
    rtol : float
        Relative tolerance: what differs by no more does not explain what differs by more. By 0, bits alone count.

    Returns
    -------
    list of str
    """
    left_out = set(but)
    found = []

    def same(a: float, b: float) -> bool:
        return _close(a, b, rtol) if rtol else _same_bits(a, b)

    for key in {**first.metrics, **second.metrics}:
        if key in left_out:
            continue
        a, b = first.metrics.get(key), second.metrics.get(key)
        if a is None or b is None or not same(a, b):
            found.append(key)
        elif key in first.curves and key in second.curves:
            values, others = first.curves[key][1], second.curves[key][1]
            if len(values) != len(others) or not all(map(same, values, others)):
                found.append(key)
    return found

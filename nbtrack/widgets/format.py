"""Values as people read them: numbers, times and sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

_DIGITS = 4
_MOST_DECIMALS = 6
_PLAIN_BELOW = 1e9
_SCIENTIFIC_BELOW = 1e-4


def number(value: float, digits: int = _DIGITS) -> str:
    """Return a number with the digits that matter.

    Parameters
    ----------
    value : float
    digits : int
        Significant digits of a number that is not whole.

    Returns
    -------
    str

    Examples
    --------
    >>> [number(value) for value in (0.97222, 1.2e-05, 1797, 54.2, 1234.567, float("nan"))]
    ['0.9722', '1.2e-05', '1,797', '54.2', '1,234.6', 'nan']
    """
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < _PLAIN_BELOW:
        return f"{int(value):,}"
    rounded = float(f"{value:.{digits - 1}e}")
    if not _SCIENTIFIC_BELOW <= abs(rounded) < _PLAIN_BELOW:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_trim(mantissa)}e{exponent}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(rounded))), 1)
    return _trim(f"{value:,.{decimals}f}")


def _trim(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def column(values: Sequence[float]) -> list[str]:
    """Return the numbers of one column, with the same number of decimals where their sizes allow it.

    Parameters
    ----------
    values : sequence of float

    Returns
    -------
    list of str

    Examples
    --------
    >>> column([0.9, 0.97222, 0.5])
    ['0.9000', '0.9722', '0.5000']
    >>> column([0.97222, 0.97223])
    ['0.97222', '0.97223']
    """
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    fractions = any(math.isfinite(value) and value != int(value) for value in values)
    if not sizes or not fractions or max(sizes) >= _PLAIN_BELOW:
        return [number(value) for value in values]
    largest, smallest = math.floor(math.log10(max(sizes))), math.floor(math.log10(min(sizes)))
    decimals = max(_DIGITS - 1 - largest, min(_DIGITS - 2 - smallest, _DIGITS), 1)
    if 1 - smallest > min(decimals + 2, _MOST_DECIMALS):
        return [number(value) for value in values]
    apart = len(set(values))
    while decimals < _MOST_DECIMALS and len({f"{value:.{decimals}f}" for value in values}) < apart:
        decimals += 1
    shown = [f"{value:,.{decimals}f}" if math.isfinite(value) else str(value) for value in values]
    while decimals > 1 and all(text.endswith("0") for text in shown if text[-1].isdigit()):
        decimals -= 1
        shown = [text[:-1] if text[-1].isdigit() else text for text in shown]
    return shown


def align(texts: Sequence[str], digit: str = "\u2007", point: str = "\u2008") -> list[str]:
    """Pad numbers on their right, so that right-aligned their decimal points stand above one another.

    Parameters
    ----------
    texts : sequence of str
    digit, point : str
        What is as wide as a digit and as a decimal point; plain blanks in a fixed-width face.

    Returns
    -------
    list of str

    Examples
    --------
    >>> align(["0.97", "12", "3.5"], " ", " ")
    ['0.97', '12   ', '3.5 ']
    """
    tails = [_tail(text) for text in texts]
    longest = max(map(len, tails), default=0)
    has_point = any("." in tail for tail in tails)
    padded = []
    for text, tail in zip(texts, tails, strict=True):
        # Words like nan have no point to stand under another.
        missing = longest - len(tail) if any(map(str.isdigit, text)) else 0
        lacks_point = has_point and "." not in tail and missing > 0
        padded.append(text + point * lacks_point + digit * (missing - lacks_point))
    return padded


def _tail(text: str) -> str:
    """Return what follows the whole part of a number; texts like ``nan`` are all whole part."""
    end = next((i for i, char in enumerate(text) if char == "." or (char == "e" and i and text[i - 1].isdigit())), None)
    return "" if end is None else text[end:]


def duration(seconds: float | None) -> str:
    """Return a span of time.

    Parameters
    ----------
    seconds : float or None

    Returns
    -------
    str
        Empty for None.

    Examples
    --------
    >>> [duration(seconds) for seconds in (0.34, 4.2, 185, 7260, 200_000)]
    ['340 ms', '4.2 s', '3 min 05 s', '2 h 01 min', '2 d 07 h']
    """
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def age(then_s: float, now_s: float) -> str:
    """Return how long ago something was.

    Parameters
    ----------
    then_s, now_s : float
        Seconds since the epoch.

    Returns
    -------
    str
        A date once it is more than a week.

    Examples
    --------
    >>> [age(0, now_s) for now_s in (3, 45, 130, 7300, 90_000)]
    ['just now', '45 s ago', '2 min ago', '2 h ago', '1 d ago']
    """
    passed = now_s - then_s
    if passed < 10:
        return "just now"
    for limit_s, size_s, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (7 * 86400, 86400, "d")):
        if passed < limit_s:
            return f"{passed // size_s:.0f} {unit} ago"
    return moment(then_s)[:10]


def moment(then_s: float, local: bool = True) -> str:
    """Return a point in time, in the zone of this machine.

    Parameters
    ----------
    then_s : float
        Seconds since the epoch.
    local : bool
        False: in UTC.

    Returns
    -------
    str

    Examples
    --------
    >>> moment(0, local=False)
    '1970-01-01 00:00:00 UTC'
    """
    time = datetime.fromtimestamp(then_s, UTC)
    time = time.astimezone() if local else time
    offset = time.strftime("%z")
    zone = "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"
    return f"{time:%Y-%m-%d %H:%M:%S} {zone}"


def size(size_bytes: int) -> str:
    """Return a number of bytes.

    Parameters
    ----------
    size_bytes : int

    Returns
    -------
    str

    Examples
    --------
    >>> [size(size_bytes) for size_bytes in (12, 3_400, 1_250_000)]
    ['12 B', '3.4 kB', '1.2 MB']
    """
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.95:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def count(amount: int, noun: str) -> str:
    """Return an amount with its noun.

    Parameters
    ----------
    amount : int
    noun : str
        In the singular.

    Returns
    -------
    str

    Examples
    --------
    >>> count(1, "run"), count(1200, "run")
    ('1 run', '1,200 runs')
    """
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"

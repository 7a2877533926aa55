"""The record of one metric point: 32 bytes, the last four of which say that the rest is whole.

The check is a polynomial hash modulo a prime: cheap on one record in plain Python, and on a hundred thousand in
NumPy. It is never 0, so a preallocated, still empty record is told from a written one, and a torn or flipped one from
both.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

RECORD_BYTES = 32
SEGMENT_BYTES = 1 << 20
PRIME = 2**32 - 5
_PAYLOAD = struct.Struct("<qqdI")
_CHECK = struct.Struct("<I")
_LOOK_AHEAD = 64
pack_payload = _PAYLOAD.pack
"""Packs step, time, value and series: what the check is of."""
pack_into = struct.Struct("<28sI").pack_into
"""Writes payload and check at a place of a map."""
_DTYPE = [("step", "<i8"), ("ts_us", "<i8"), ("value", "<f8"), ("series", "<u4"), ("check", "<u4")]


def check_of(payload: bytes) -> bytes:
    """Return the check of a record's first 28 bytes."""
    return _CHECK.pack(int.from_bytes(payload, "little") % PRIME + 1)


def pack(step: int, ts_us: int, value: float, series: int) -> bytes:
    """Return a point's record.

    Parameters
    ----------
    step : int
    ts_us : int
        Microseconds since the epoch.
    value : float
    series : int
        The journal's number for a run and metric.

    Returns
    -------
    bytes
        32 of them.

    Examples
    --------
    >>> len(pack(0, 1, 0.5, 0))
    32
    """
    payload = pack_payload(step, ts_us, value, series)
    return payload + check_of(payload)


def read(file: Path, start: int) -> np.ndarray[Any, Any]:
    """Return the records of a segment from number ``start`` on, with what is empty or broken among them.

    Parameters
    ----------
    file : Path
    start : int
        Number of records to leave out.

    Returns
    -------
    numpy.ndarray
        Structured: step, ts_us, value, series, check.
    """
    with file.open("rb") as stream:
        stream.seek(start * RECORD_BYTES)
        return unpacked(stream.read())


def unpacked(content: bytes) -> np.ndarray[Any, Any]:
    """Return the records in these bytes, with what is empty among them.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    numpy.ndarray
        As :func:`read` gives them.
    """
    import numpy as np

    return np.frombuffer(content[: len(content) - len(content) % RECORD_BYTES], dtype=_DTYPE)


def good(records: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Tell of each record whether its check fits.

    Parameters
    ----------
    records : numpy.ndarray
        As :func:`read` gives them.

    Returns
    -------
    numpy.ndarray of bool
    """
    import numpy as np

    words = records.view("<u4").reshape(len(records), RECORD_BYTES // 4)
    total = np.zeros(len(records), dtype=np.uint64)
    for place in range(7):
        total += words[:, place].astype(np.uint64) * np.uint64(pow(2, 32 * place, PRIME)) % np.uint64(PRIME)
    return np.asarray(total % np.uint64(PRIME) + np.uint64(1) == words[:, 7])


def written(records: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Tell of each record whether it has anything in it.

    Parameters
    ----------
    records : numpy.ndarray
        As :func:`read` gives them.

    Returns
    -------
    numpy.ndarray of bool
    """
    import numpy as np

    return np.asarray(records.view("<u4").reshape(len(records), RECORD_BYTES // 4).any(axis=1))


def is_written(file: Path, number: int) -> bool:
    """Tell whether a segment has anything from record ``number`` on; the very next places may be gaps.

    Parameters
    ----------
    file : Path
    number : int

    Returns
    -------
    bool
    """
    try:
        with file.open("rb", buffering=0) as stream:
            stream.seek(number * RECORD_BYTES)
            content = stream.read(_LOOK_AHEAD * RECORD_BYTES)
    except FileNotFoundError:
        return False
    # A check is never 0; without one, a record does not count yet.
    return any(content[place::RECORD_BYTES].strip(b"\0") for place in range(RECORD_BYTES - 4, RECORD_BYTES))

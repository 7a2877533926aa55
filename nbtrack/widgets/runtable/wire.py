"""Columns as bytes for the browser: numbers as they are, texts as codes into a list of words.

============  =============================================================================================
``k``         what ``data`` holds, a value per run
============  =============================================================================================
``f``         float64; NaN where there is none. ``nan`` lists the runs whose value really is NaN
``t``         uint8, uint16 or uint32: 0 where there is none, else one more than the place in ``words``
``h``         16 bytes: an id of 32 hexadecimal digits
============  =============================================================================================
"""

from __future__ import annotations

import re
from typing import Any

# From here on a float64 no longer tells whole numbers apart.
_EXACT = 2**53
_ID = re.compile(r"[0-9a-f]{32}\Z")


def encoded(values: Any, *, is_number: bool, is_id: bool = False) -> dict[str, Any]:
    """Return a column for the browser.

    Parameters
    ----------
    values : numpy.ma.MaskedArray
        Numbers or texts, masked where there is none.
    is_number : bool
        Texts are to be read as numbers; where one of them is none, all stay texts.
    is_id : bool
        The values are ids of runs.

    Returns
    -------
    dict
        ``k``, ``data`` as bytes, and what ``k`` needs besides.
    """
    import numpy as np

    mask = np.ma.getmaskarray(values)
    if values.dtype != object:
        return _numbers(np.asarray(values.filled(0) if mask.any() else values, dtype=np.float64), mask)
    texts = np.array(values.data, dtype=object)
    texts[mask] = None
    if is_id:
        raw = _ids(texts)
        if raw is not None:
            return {"k": "h", "data": raw}
    return _texts(texts, is_number)


def _numbers(numbers: Any, mask: Any) -> dict[str, Any]:
    import numpy as np

    real = np.flatnonzero(np.isnan(numbers) & ~mask)
    numbers = np.where(mask, np.nan, numbers)
    spec: dict[str, Any] = {"k": "f", "data": numbers.astype("<f8").tobytes()}
    return spec | {"nan": real.tolist()} if len(real) else spec


def _ids(texts: Any) -> bytes | None:
    if not all(text is not None and _ID.match(text) for text in texts):
        return None
    return bytes.fromhex("".join(texts))


def _texts(texts: Any, is_number: bool) -> dict[str, Any]:
    import numpy as np
    import pandas as pd

    codes, words = pd.factorize(texts)
    if is_number:
        read = _read(words)
        if read is not None:
            numbers = np.append(np.asarray(read, dtype=np.float64), np.nan)[codes]
            return _numbers(numbers, codes < 0)
    size = "u1" if len(words) < 2**8 else "<u2" if len(words) < 2**16 else "<u4"
    return {"k": "t", "data": (codes + 1).astype(size).tobytes(), "words": [str(word) for word in words]}


def _read(words: Any) -> list[float] | None:
    """Return the texts as numbers; None where one is no number, or more exact than a float is."""
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return None
    return None if any(abs(number) >= _EXACT and number.is_integer() for number in numbers) else numbers


def packed(chunk: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Return a chunk of columns with its bytes taken out, for a message that carries them beside.

    Parameters
    ----------
    chunk : dict
        With ``columns``: columns by id, as :func:`encoded` returns them.

    Returns
    -------
    (dict, list of bytes)
        In place of ``data`` there is ``b``, the place in the list.
    """
    buffers: list[bytes] = []
    columns = {}
    for name, spec in chunk["columns"].items():
        columns[name] = {key: value for key, value in spec.items() if key != "data"} | {"b": len(buffers)}
        buffers.append(spec["data"])
    return chunk | {"columns": columns}, buffers

"""Fingerprints of data: shape, types and a hash of the content, so that a changed input can be told."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtrack.errors import InputError

_MAX_HASHED_BYTES = 256 * 1024 * 1024
_SAMPLED_ROWS = 100_000
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is known of a piece of data.

    Attributes
    ----------
    digest : str
        SHA-256 in hex, of the content or of a sample of it; empty where only the shape was looked at.
    kind : str
        ``DataFrame``, ``Series``, ``ndarray``, ``file``, or another class of table or array.
    schema : dict
        Types by column, or the type of the elements.
    profile : dict
        Shape or size; ``sampled_rows`` (``sampled_elements``, ``sampled_bytes``) where the hash is of a sample.
    """

    digest: str
    kind: str
    schema: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)


def fingerprint(data: Any) -> Fingerprint:
    """Return the fingerprint of a table, an array or a file.

    Parameters
    ----------
    data : pandas.DataFrame, pandas.Series, numpy.ndarray or path

    Returns
    -------
    Fingerprint

    Raises
    ------
    InputError
        It is none of these, or there is no such file.

    Examples
    --------
    >>> import numpy as np
    >>> fingerprint(np.arange(3)).profile
    {'shape': [3]}
    """
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and isinstance(data, pandas.DataFrame | pandas.Series):
        return of_pandas(data)
    if numpy is not None and isinstance(data, numpy.ndarray):
        return of_array(data)
    if isinstance(data, str | os.PathLike):
        return of_file(Path(data))
    raise InputError(
        f"a {type(data).__name__} has no fingerprint; accepted: a DataFrame, a Series, a NumPy array, or a file's path."
    )


def of_pandas(data: Any, step: int | None = None, shape: list[int] | None = None) -> Fingerprint:
    """Return the fingerprint of a DataFrame or a Series: of every ``step``-th row, by default of all if it is small."""
    import pandas as pd

    table = data.to_frame() if isinstance(data, pd.Series) else data
    profile: dict[str, Any] = {"shape": shape or list(data.shape)}
    if step is None:
        is_large = int(table.memory_usage(index=True, deep=False).sum()) > _MAX_HASHED_BYTES
        step = max(len(table) // _SAMPLED_ROWS, 1) if is_large else 1
    hashed = table
    if step > 1:
        # Evenly spread and always the same rows, so that equal data has equal samples.
        hashed = table.iloc[::step]
        profile["sampled_rows"] = len(hashed)
    hasher = hashlib.sha256(repr((profile["shape"], [str(name) for name in table.columns])).encode())
    try:
        hasher.update(pd.util.hash_pandas_object(hashed, index=True).to_numpy().tobytes())
    except TypeError:
        # Cells that hold lists or other unhashable things.
        hasher.update(hashed.to_json(default_handler=str).encode())
    schema = {str(name): str(dtype) for name, dtype in table.dtypes.items()}
    return Fingerprint(hasher.hexdigest(), type(data).__name__, schema, profile)


def of_array(data: Any, step: int | None = None) -> Fingerprint:
    """Return the fingerprint of an array: of every ``step``-th element, by default of all if it is small."""
    import numpy as np

    profile: dict[str, Any] = {"shape": list(data.shape)}
    hashed = data
    if step is not None and step > 1:
        hashed = data.flat[::step]
        profile["sampled_elements"] = len(hashed)
    elif step is None and data.nbytes > _MAX_HASHED_BYTES:
        hashed = data[:: max(len(data) // _SAMPLED_ROWS, 1)]
        profile["sampled_rows"] = len(hashed)
    hasher = hashlib.sha256(repr((data.shape, str(data.dtype))).encode())
    if data.dtype.hasobject:
        hasher.update(repr(hashed.tolist()).encode())
    else:
        hasher.update(np.ascontiguousarray(hashed).view(np.uint8).data if hashed.size else b"")
    return Fingerprint(hasher.hexdigest(), "ndarray", {"dtype": str(data.dtype)}, profile)


def of_file(path: Path) -> Fingerprint:
    """Return the fingerprint of a file, all of it."""
    hasher = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                hasher.update(chunk)
            size_bytes = stream.tell()
    except OSError as error:
        raise InputError(f"{path} cannot be read as an input: {error.strerror}.") from error
    return Fingerprint(hasher.hexdigest(), "file", {}, {"size_bytes": size_bytes})

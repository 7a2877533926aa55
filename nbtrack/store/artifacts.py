"""Artifact contents by their hash: the same bytes are kept once, however many runs log them."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

from nbtrack.errors import StoreError

ADDRESS = "nbtrack-artifacts:/"
"""Beginning of the address of a run's artifacts; the run's id follows."""
_CHUNK_BYTES = 1 << 20


def add(folder: Path, source: Path | bytes) -> tuple[str, int]:
    """Keep a copy of a file or of bytes.

    Parameters
    ----------
    folder : Path
        The store's artifact folder.
    source : Path or bytes

    Returns
    -------
    (str, int)
        SHA-256 in hex, and size in bytes.

    Raises
    ------
    StoreError
        The file cannot be read or its copy not written.
    """
    temporary = folder / f"{uuid.uuid4().hex}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        digest, size_bytes = _copy(source, temporary)
        target = file_of(folder, digest)
        if target.exists():
            # Young again, so that a clean-up under way leaves it alone.
            os.utime(target)
        else:
            target.parent.mkdir(exist_ok=True)
            temporary.replace(target)
    except OSError as error:
        what = "the artifact" if isinstance(source, bytes) else str(source)
        raise StoreError(f"{what} could not be kept: {error.strerror or error}. Nothing was recorded.") from error
    finally:
        temporary.unlink(missing_ok=True)
    return digest, size_bytes


def file_of(folder: Path, digest: str) -> Path:
    """Return where the content of this hash is kept.

    Parameters
    ----------
    folder : Path
        The store's artifact folder.
    digest : str
        SHA-256 in hex.

    Returns
    -------
    Path
    """
    return folder / digest[:2] / digest


def _copy(source: Path | bytes, target: Path) -> tuple[str, int]:
    hasher = hashlib.sha256()
    size_bytes = 0
    with target.open("wb") as copy:
        if isinstance(source, bytes):
            copy.write(source)
            return hashlib.sha256(source).hexdigest(), len(source)
        with source.open("rb") as original:
            while chunk := original.read(_CHUNK_BYTES):
                hasher.update(chunk)
                copy.write(chunk)
                size_bytes += len(chunk)
    return hasher.hexdigest(), size_bytes

"""Digests of files, as the recorder takes them and a replay compares them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

MAX_HASHED_BYTES = 64 << 20


class FileDigests:
    """Digests of files, found anew only where time or size have changed.

    Attributes
    ----------
    hashed_bytes : int
        How much was looked at so far.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int, str]] = {}
        self.hashed_bytes = 0

    def digest(self, path: str, most_bytes: int = MAX_HASHED_BYTES) -> str | None:
        """Return the digest of a file's content.

        Parameters
        ----------
        path : str
        most_bytes : int
            Of a larger one time and size stand for the content.

        Returns
        -------
        str or None
            None where there is no such file.
        """
        try:
            found = os.stat(path)  # noqa: PTH116 - a Path for each would cost
            known = self._known.get(path)
            if known is not None and known[:2] == (found.st_mtime_ns, found.st_size):
                return known[2]
            if found.st_size > most_bytes:
                digest = f"{found.st_mtime_ns} {found.st_size}"
            else:
                digest = hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
                self.hashed_bytes += found.st_size
        except (OSError, ValueError):
            return None
        self._known[path] = (found.st_mtime_ns, found.st_size, digest)
        return digest

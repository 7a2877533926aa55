"""Which files the notebook's cells open, seen through Python's audit events."""

from __future__ import annotations

import contextlib
import hashlib
import os
import site
import sys
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR
MAX_HASHED_BYTES = 64 << 20
# A cell may go through a folder of a million images: so many of its files are kept.
_MAX_FILES = 1000
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/usr/", "/etc/", "/lib/", "/bin/")
_HIDDEN = (
    "/.nbtrack/",
    "/.ipython/",
    "/.cache/",
    "/.config/",
    "/.git/",
    "/.ipynb_checkpoints/",
    "/.jupyter/",
    "/site-packages/",
    "/dist-packages/",
)

_listening: FileLog | None = None
_hooked = False


class FileLog:
    """The files that were opened since :meth:`begin`.

    Parameters
    ----------
    ignored : callable
        Returns the folder whose files are none of the notebook's: the store.

    Attributes
    ----------
    read, written : dict of str to None
        Absolute paths, in order.
    """

    def __init__(self, ignored: Any) -> None:
        self.read: dict[str, None] = {}
        self.written: dict[str, None] = {}
        self._ignored = ignored

    def begin(self) -> None:
        """Listen; an audit hook cannot be taken away, so there is one, which does nothing while nobody listens."""
        global _listening, _hooked  # noqa: PLW0603 - as said
        self.read, self.written = {}, {}
        if not _hooked:
            sys.addaudithook(_hook)
            _hooked = True
        _listening = self

    def end(self) -> None:
        """Listen no longer."""
        global _listening  # noqa: PLW0603 - the hook is one for the process
        if _listening is self:
            _listening = None
        # Not while the user's cell waits for its file.
        if self.read or self.written:
            ignored = self._ignored() + os.sep
            self.read = {path: None for path in self.read if not path.startswith(ignored)}
            self.written = {path: None for path in self.written if not path.startswith(ignored)}

    def take(self, path: Any, mode: Any, flags: Any) -> None:
        """Take note of a file that is being opened."""
        if type(path) is bytes:
            path = os.fsdecode(path)
        if type(path) is not str or path.endswith(".ipynb"):
            return
        full = _source_file(os.path.abspath(path))  # noqa: PTH100 - a Path for each open would cost
        if not is_local(full):
            return
        writes = any(char in mode for char in "wax+") if type(mode) is str else bool(int(flags or 0) & _WRITING)
        if len(self.read) + len(self.written) >= _MAX_FILES:
            return
        (self.written if writes else self.read)[full] = None
        if writes and type(mode) is str and ("+" in mode or "a" in mode):
            self.read[full] = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening is not None and event == "open":
        # An audit hook that raises would break the user's open().
        with contextlib.suppress(Exception):
            _listening.take(*arguments)


def _source_file(path: str) -> str:
    """Return the source of a compiled module."""
    if not path.endswith(".pyc"):
        return path
    folder, _, name = path.rpartition("/__pycache__/")
    return f"{folder}/{name.partition('.')[0]}.py" if folder else path


def _prefixes() -> tuple[str, ...]:
    found = {str(Path(os.__file__).parent)}
    found |= {*site.getsitepackages(), site.getusersitepackages(), sys.prefix + "/lib", sys.base_prefix + "/lib"}
    found |= {str(Path(__file__).parents[1])}
    return tuple(path + os.sep for path in found if path)


_FOREIGN = _prefixes() + _SYSTEM


def is_local(path: str) -> bool:
    """Tell whether a file is the user's own rather than of Python or an installed library."""
    return not (path.startswith(_FOREIGN) or any(part in path for part in _HIDDEN))


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

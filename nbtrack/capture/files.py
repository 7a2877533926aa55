"""Which files the notebook's cells open, seen through Python's audit events."""

from __future__ import annotations

import contextlib
import os
import site
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR
# A database may be written by any later statement on a connection that stays open.
_MAX_DATABASES = 20
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
    """What was done with files since :meth:`begin`.

    Parameters
    ----------
    ignored : callable
        Returns the folder whose files are none of the notebook's: the store.

    Attributes
    ----------
    read : dict of str to None
        Absolute paths of what was there before and was opened, or removed, in order. What the cell itself had written
        before it read it does not count.
    written, removed : dict of str to None
        What was written and is there, and what was there and is no longer.
    made : dict of str to None
        Folders that were not there before.
    """

    def __init__(self, ignored: Any) -> None:
        self._ignored = ignored
        # Connections stay open from cell to cell: what the files of databases looked like when a cell ended.
        self._databases: dict[str, tuple[int, ...]] = {}
        self._clear()

    def _clear(self) -> None:
        self.read: dict[str, None] = {}
        self.written: dict[str, None] = {}
        self.removed: dict[str, None] = {}
        self.made: dict[str, None] = {}

    def begin(self) -> None:
        """Listen; an audit hook cannot be taken away, so there is one, which does nothing while nobody listens."""
        global _listening, _hooked  # noqa: PLW0603 - as said
        self._clear()
        if not _hooked:
            sys.addaudithook(_hook)
            _hooked = True
        _listening = self

    def end(self) -> None:
        """Listen no longer."""
        global _listening  # noqa: PLW0603 - the hook is one for the process
        if _listening is self:
            _listening = None
        for path, stamp in list(self._databases.items()):
            now = _stamp(path)
            if now != stamp and path not in self.removed:
                self._write(path, keeps=stamp != ())
            self._databases[path] = now
        # Not while the user's cell waits for its file.
        if self.read or self.written or self.removed or self.made:
            ignored = self._ignored() + os.sep
            for found in (self.read, self.written, self.removed, self.made):
                for path in [path for path in found if path.startswith(ignored)]:
                    del found[path]

    def opened(self, path: Any, mode: Any, flags: Any) -> None:
        """Take note of a file that is being opened."""
        full = _own_path(path)
        if full is None or full.endswith(".ipynb"):
            return
        if type(mode) is str:
            writes, keeps = any(char in mode for char in "wax+"), "w" not in mode
        else:
            flags = int(flags or 0)
            writes, keeps = bool(flags & _WRITING), not flags & os.O_TRUNC
        if writes:
            self._write(full, keeps=keeps and os.path.exists(full))  # noqa: PTH110 - a Path for each would cost
        elif os.path.exists(full):  # noqa: PTH110
            self._read(full)

    def moved(self, source: Any, target: Any, *folders: Any) -> None:
        """Take note of a file that is being renamed: how many libraries write theirs."""
        first, second = _own_path(source, folders[:1]), _own_path(target, folders[1:])
        if first is not None and os.path.lexists(first):
            self._remove(first)
            if second is not None:
                self._write(second, keeps=False)

    def gone(self, path: Any, folder: Any = -1) -> None:
        """Take note of a file or a folder that is being removed."""
        full = _own_path(path, (folder,))
        if full is not None and os.path.lexists(full):
            self._remove(full)

    def folder(self, path: Any, _: Any = None, folder: Any = -1) -> None:
        """Take note of a folder that is being made."""
        full = _own_path(path, (folder,))
        if full is not None and not os.path.lexists(full) and self._has_room():
            self.made[full] = None

    def linked(self, _: Any, target: Any, *folders: Any) -> None:
        """Take note of another name that a file is given."""
        full = _own_path(target, folders[-1:])
        if full is not None and not os.path.lexists(full):
            self._write(full, keeps=False)

    def connected(self, address: Any) -> None:
        """Take note of a database that is being opened: it is read, and written where it has changed afterwards."""
        if type(address) in (str, bytes):
            text = os.fsdecode(address)
            address = text.removeprefix("file:").partition("?")[0] if text.startswith("file:") else text
        full = _own_path(address) if address != ":memory:" else None
        if full is not None and len(self._databases) < _MAX_DATABASES:
            self._databases.setdefault(full, _stamp(full))
            if self._databases[full]:
                self._read(full)

    def _read(self, full: str) -> None:
        if full not in self.written and self._has_room():
            self.read[full] = None

    def _write(self, full: str, *, keeps: bool) -> None:
        if keeps:
            self._read(full)
        if self._has_room():
            self.written[full] = None
            self.removed.pop(full, None)

    def _remove(self, full: str) -> None:
        was_made = full in self.made or (full in self.written and full not in self.read)
        self.made.pop(full, None)
        self.written.pop(full, None)
        if not was_made and self._has_room():
            self.read[full] = self.removed[full] = None

    def _has_room(self) -> bool:
        return len(self.read) + len(self.written) + len(self.made) < _MAX_FILES


_HANDLERS: dict[str, Callable[..., None]] = {
    "os.rename": FileLog.moved,
    "os.remove": FileLog.gone,
    "os.rmdir": FileLog.gone,
    "shutil.rmtree": FileLog.gone,
    "os.mkdir": FileLog.folder,
    "os.link": FileLog.linked,
    "os.symlink": FileLog.linked,
    "sqlite3.connect": FileLog.connected,
}


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening is None:
        return
    if event == "open":
        # An audit hook that raises would break the user's open().
        with contextlib.suppress(Exception):
            _listening.opened(*arguments)
        return
    handler = _HANDLERS.get(event)
    if handler is not None:
        with contextlib.suppress(Exception):
            handler(_listening, *arguments)


def _own_path(path: Any, folders: tuple[Any, ...] = ()) -> str | None:
    """Return a path in full if it is one of the user's own; None also for one that is relative to an open folder."""
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    if type(path) is bytes:
        path = os.fsdecode(path)
    if type(path) is not str or not path or any(type(folder) is int and folder >= 0 for folder in folders):
        return None
    full = _source_file(os.path.abspath(path))  # noqa: PTH100 - a Path for each open would cost
    return full if is_local(full) else None


def _stamp(path: str) -> tuple[int, ...]:
    """Return what shows that a database was written, also where it goes to a log beside it first."""
    found: list[int] = []
    for name in (path, path + "-wal"):
        with contextlib.suppress(OSError, ValueError):
            status = os.stat(name)  # noqa: PTH116 - as above
            found += (status.st_mtime_ns, status.st_size)
    return tuple(found)


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

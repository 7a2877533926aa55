"""Python's own functions for files, told where things are; for the kernel of a replay, which nobody else uses."""

from __future__ import annotations

import builtins
import functools
import io
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from enum import IntEnum
from typing import Any, Self
from urllib.parse import quote, unquote

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Python's own import system goes its own way, and finds modules where they are.
_UNTOUCHED = frozenset({"posix", "nt", "_io", "_sqlite3", "importlib._bootstrap", "importlib._bootstrap_external"})


class Use(IntEnum):
    """What is done with a path."""

    READ = 0
    """It is looked at."""
    WRITE = 1
    """What is there is changed."""
    REPLACE = 2
    """Something else is put there."""
    ENTRY = 3
    """Its entry in the folder is made or removed, whatever it leads to."""
    ENTER = 4
    """It becomes the working directory."""


Place = Callable[[Any, Use], Any]
Order = Callable[[Any], Mapping[str, int]]
StandsIn = Callable[[Any], bool]
Apart = Callable[[], AbstractContextManager[None]]
_Function = Callable[..., Any]

# What each function takes as paths: names of arguments in order, and how they are used.
_PATHS: Mapping[str, tuple[tuple[str, Use], ...]] = {
    **dict.fromkeys(("stat", "lstat", "access", "readlink", "statvfs", "getxattr", "listxattr"), (("path", Use.READ),)),
    **dict.fromkeys(("mkdir", "remove", "unlink", "mkfifo", "mknod"), (("path", Use.ENTRY),)),
    **dict.fromkeys(("rmdir", "truncate", "chmod", "lchmod", "chown", "lchown", "utime"), (("path", Use.WRITE),)),
    **dict.fromkeys(("setxattr", "removexattr", "chflags"), (("path", Use.WRITE),)),
    **dict.fromkeys(("rename", "replace"), (("src", Use.ENTRY), ("dst", Use.ENTRY))),
    "link": (("src", Use.WRITE), ("dst", Use.ENTRY)),
    "symlink": (("src", Use.READ), ("dst", Use.ENTRY)),
    "chdir": (("path", Use.ENTER),),
}


def redirect(place: Place, order: Order, stands_in: StandsIn, apart: Apart) -> None:
    """Replace the functions of ``os``, ``io``, ``shutil`` and ``sqlite3`` that take paths, and ``open`` itself.

    Parameters
    ----------
    place : callable
        Returns where a path is, given what is done with it.
    order : callable
        Returns in which order a folder lists what it holds, by name; empty where the system's order will do.
    stands_in : callable
        Tells whether a path is a link that stands for a file or folder: whoever asks is not to see that it is one.
    apart : callable
        Returns a context in which everything is seen as it is.
    """
    import sqlite3

    made: dict[int, tuple[_Function, _Function]] = {}

    def replace(module: Any, name: str, make: Callable[[_Function], _Function]) -> None:
        function = getattr(module, name)
        replacement = functools.wraps(function)(make(function))
        made[id(function)] = (function, replacement)
        setattr(module, name, replacement)
        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if function in able:
                able.add(replacement)

    for name, paths in _PATHS.items():
        if hasattr(os, name):
            replace(os, name, functools.partial(_with_places, place, paths))
    replace(os, "open", functools.partial(_os_open, place))
    replace(os, "listdir", functools.partial(_listdir, place, order))
    replace(os, "scandir", functools.partial(_scandir, place, order, stands_in))
    replace(os, "stat", functools.partial(_stat, place, stands_in))
    replace(os, "lstat", functools.partial(_lstat, os.stat))
    replace(shutil, "rmtree", functools.partial(_rmtree, place, apart))
    replace(builtins, "open", functools.partial(_open, place))
    replace(sqlite3, "connect", functools.partial(_connect, place))
    _spread(made)
    assert io.open is builtins.open


def _spread(made: Mapping[int, tuple[_Function, _Function]]) -> None:
    """Replace the functions where a module has them under a name of its own: ``from io import open as io_open``."""
    for module_name, module in list(sys.modules.items()):
        names = getattr(module, "__dict__", None)
        if module_name in _UNTOUCHED or type(names) is not dict:
            continue
        for name, value in list(names.items()):
            found = made.get(id(value))
            if found is not None and found[0] is value:
                names[name] = found[1]


def writes(mode: Any, flags: Any) -> bool:
    """Tell whether a file is opened to be written.

    Parameters
    ----------
    mode : object
        As ``open`` takes it; else the flags tell.
    flags : object

    Returns
    -------
    bool
    """
    if type(mode) is str:
        return any(char in mode for char in "wax+")
    return bool(int(flags or 0) & _WRITING)


def database_file(address: Any) -> tuple[str, str | None] | None:
    """Read what ``sqlite3.connect`` is given.

    Parameters
    ----------
    address : object

    Returns
    -------
    tuple of (str, str or None), or None
        The file, and the query of an address that is a ``file:`` one; None where there is no file.
    """
    if not isinstance(address, str | bytes | os.PathLike):
        return None
    text = os.fsdecode(address)
    if not text or text == ":memory:" or "mode=memory" in text or text.startswith("file::memory:"):
        return None
    if not text.startswith("file:"):
        return text, None
    path, _, query = text.partition("?")
    return unquote(path.removeprefix("file:").removeprefix("//")), query


def reads_only(query: str | None) -> bool:
    """Tell whether the query of a database's address says that it is only read."""
    return query is not None and any(word in query for word in ("mode=ro", "immutable=1"))


def _with_places(place: Place, paths: tuple[tuple[str, Use], ...], function: _Function) -> _Function:
    def placed(*args: Any, **kwargs: Any) -> Any:
        if kwargs and any(kwargs.get(name) is not None for name in ("dir_fd", "src_dir_fd", "dst_dir_fd")):
            return function(*args, **kwargs)
        given = list(args)
        for index, (name, use) in enumerate(paths):
            if index < len(given):
                given[index] = place(given[index], use)
            elif name in kwargs:
                kwargs[name] = place(kwargs[name], use)
        return function(*given, **kwargs)

    return placed


def _open(place: Place, function: _Function) -> _Function:
    def open(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> Any:  # noqa: A001 - it is called that
        if kwargs.get("opener") is None:
            replaces = type(mode) is str and "w" in mode
            file = place(file, Use.REPLACE if replaces else Use.WRITE if writes(mode, 0) else Use.READ)
        return function(file, mode, *args, **kwargs)

    return open


def _os_open(place: Place, function: _Function) -> _Function:
    def placed(path: Any, flags: int, *args: Any, dir_fd: int | None = None, **kwargs: Any) -> Any:
        if dir_fd is None:
            path = place(path, Use.WRITE if flags & _WRITING else Use.READ)
        return function(path, flags, *args, dir_fd=dir_fd, **kwargs)

    return placed


def _listdir(place: Place, order: Order, function: _Function) -> _Function:
    def placed(path: Any = None) -> Any:
        found = function(place(path, Use.READ))
        known = order(path)
        return sorted(found, key=lambda name: known.get(os.fsdecode(name), len(known))) if known else found

    return placed


def _scandir(place: Place, order: Order, stands_in: StandsIn, function: _Function) -> _Function:
    def placed(path: Any = None) -> Any:
        found = function(place(path, Use.READ))
        known = order(path)
        if not known:
            return found
        with found:
            entries = sorted(found, key=lambda entry: known.get(os.fsdecode(entry.name), len(known)))
        return _Entries([_Entry(entry) if entry.is_symlink() and stands_in(entry.path) else entry for entry in entries])

    return placed


def _stat(place: Place, stands_in: StandsIn, function: _Function) -> _Function:
    def placed(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> Any:
        if dir_fd is not None:
            return function(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        path = place(path, Use.READ)
        if follow_symlinks:
            return function(path)
        found = function(path, follow_symlinks=False)
        return function(path) if stat.S_ISLNK(found.st_mode) and stands_in(path) else found

    return placed


def _lstat(told: _Function, function: _Function) -> _Function:
    def placed(path: Any, *, dir_fd: int | None = None) -> Any:
        if dir_fd is not None:
            return function(path, dir_fd=dir_fd)
        return told(path, follow_symlinks=False)

    return placed


def _rmtree(place: Place, apart: Apart, function: _Function) -> _Function:
    def placed(path: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("dir_fd") is None:
            path = place(path, Use.WRITE)
            if place(path, Use.ENTRY) == path:
                # Links are removed, not what they lead to.
                with apart():
                    return function(path, *args, **kwargs)
        return function(path, *args, **kwargs)

    return placed


class _Entry:
    """An entry of a folder that is a link, as if it were what it leads to."""

    def __init__(self, entry: os.DirEntry[Any]) -> None:
        self._entry = entry
        self.name, self.path = entry.name, entry.path

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return repr(self._entry)

    def is_symlink(self) -> bool:
        """Return False."""
        return False

    def is_junction(self) -> bool:
        """Return False."""
        return False

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a folder."""
        del follow_symlinks
        return self._entry.is_dir()

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a file."""
        del follow_symlinks
        return self._entry.is_file()

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return what the system knows of it."""
        del follow_symlinks
        return self._entry.stat()

    def inode(self) -> int:
        """Return its number on the disk."""
        return self._entry.stat().st_ino


class _Entries:
    """What ``os.scandir`` gives, in another order."""

    def __init__(self, entries: Iterable[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> _Entries:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give no more."""
        self._entries = iter(())


def _connect(place: Place, function: _Function) -> _Function:
    def connect(database: Any, *args: Any, **kwargs: Any) -> Any:
        found = database_file(database)
        if found is not None:
            file, query = found
            moved = place(file, Use.READ if reads_only(query) else Use.WRITE)
            if moved != file:
                database = moved if query is None else f"file:{quote(moved)}?{query}"
        return function(database, *args, **kwargs)

    return connect

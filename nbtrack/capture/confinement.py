"""Keeps a replay from writing the user's files, inside the replay's own kernel.

Python's own functions for files are told where things are in the mirror that
:mod:`nbtrack.replay.engine.sandbox` has made: absolute paths below a mirrored folder lead there for reading and for
writing, other paths once somebody writes to them. An audit hook sees what goes another way, and raises where the user's
own file would be written. What libraries written in C and subprocesses do by themselves is not seen by either; relative
paths lead them into the mirror all the same, where small files are copies. Where the system is a Linux that has
Landlock, they are refused to write elsewhere; where it has not, ``!rm /home/ada/data.csv`` does what it says.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbtrack.capture.landlock import forbid_writing_elsewhere
from nbtrack.capture.recordedpaths import record_as
from nbtrack.capture.redirection import Use, database_file, reads_only, redirect, writes
from nbtrack.errors import InputError, ReplayWriteError
from nbtrack.mirror import Mirror

# Of audit events: which arguments are paths, which are the open folders that those are relative to, and their use.
_EVENTS: Mapping[str, tuple[tuple[int, int | None, Use], ...]] = {
    "open": ((0, None, Use.WRITE),),
    "os.remove": ((0, 1, Use.ENTRY),),
    "os.rmdir": ((0, 1, Use.WRITE),),
    "os.mkdir": ((0, 2, Use.ENTRY),),
    "os.rename": ((0, 2, Use.ENTRY), (1, 3, Use.ENTRY)),
    "os.link": ((0, 2, Use.WRITE), (1, 3, Use.ENTRY)),
    "os.symlink": ((1, 2, Use.ENTRY),),
    "os.truncate": ((0, None, Use.WRITE),),
    "os.chmod": ((0, 2, Use.WRITE),),
    "os.chown": ((0, 3, Use.WRITE),),
    "os.utime": ((0, 3, Use.WRITE),),
    "os.setxattr": ((0, None, Use.WRITE),),
    "os.removexattr": ((0, None, Use.WRITE),),
    "shutil.rmtree": ((0, 1, Use.WRITE),),
    "sqlite3.connect": ((0, None, Use.WRITE),),
}
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - others' programs write there
_CACHES = (
    ".cache .config .matplotlib .ipython .jupyter .local/share/jupyter .local/share/nbtrack .local/share/Trash .keras "
    ".torch .nv .triton .theano .astropy .numba AppData Library/Caches Library/Jupyter"
).split()


_confinement: _Confinement | None = None


def confine(allowed: Sequence[str], mirrors: Mapping[str, str], *, system: bool = True) -> bool:
    """Keep this process from writing anywhere but to a scratch folder; for good, since an audit hook stays.

    Parameters
    ----------
    allowed : sequence of str
        Folders and files that may be written: the scratch folder, the store that a run is recorded in. The folder for
        temporary files, devices, and the caches of libraries in the home directory may be written in any case.
    mirrors : mapping of str to str
        Mirrored folders and their mirrors, that of the root among them, as ``Sandbox.mirrors`` has them.
    system : bool
        Also ask the operating system to refuse.

    Returns
    -------
    bool
        Whether the operating system refuses, too: then it holds for subprocesses and for libraries written in C.

    Raises
    ------
    InputError
        The process is confined already.

    Examples
    --------
    >>> confine([str(sandbox.scratch)], sandbox.mirrors)  # doctest: +SKIP
    True
    """
    global _confinement  # noqa: PLW0603 - an audit hook cannot be taken away: there is one
    if _confinement is not None:
        raise InputError("this process is already confined; a replay is confined once, before its first cell.")
    _confinement = _Confinement(allowed, mirrors)
    redirect(_confinement.place, _confinement.order, _confinement.stands_in, _confinement.apart)
    record_as(_confinement.mirror.original)
    sys.addaudithook(_hook)
    return system and forbid_writing_elsewhere(_confinement.places + _confinement.shared())


def redirected() -> tuple[str, ...]:
    """Return the files of the user's that cells would have written, and wrote to the scratch folder instead.

    Returns
    -------
    tuple of str
        Absolute paths, in the order of their first writing.
    """
    return () if _confinement is None else tuple(_confinement.redirected)


class _Confinement:
    """Where things are for a replay, and where it may write."""

    def __init__(self, allowed: Sequence[str], mirrors: Mapping[str, str]) -> None:
        self.mirror = Mirror(mirrors[os.path.abspath(os.sep)])  # noqa: PTH100
        self.places = [*allowed, self.mirror.root, tempfile.gettempdir(), *_devices(), *_home_caches()]
        self.redirected: dict[str, None] = {}
        self._inside = self.mirror.root + os.sep
        self._allowed = _prefixes(self.places)
        # Absolute paths below these are looked up in the mirror.
        self._mirrored = _prefixes(folder for folder in mirrors if Path(folder).parent != Path(folder))
        # Folders of the mirror that hold what is their own, and links.
        self._opened: set[str] = set()
        self._busy = threading.local()
        self._lock = threading.RLock()

    def shared(self) -> list[str]:
        """Return the system's folders for temporary files, where programs keep what they need to run at all."""
        found = map(os.path.realpath, _TEMPORARY)
        return [place for place in found if not any(folder.startswith(place + os.sep) for folder in self._mirrored)]

    def place(self, path: Any, use: Use) -> Any:
        """Return where a path is for the replay, made ready for being written where it is to be."""
        if type(path) is not str:
            if isinstance(path, bytes):
                return os.fsencode(self.place(os.fsdecode(path), use))
            if not isinstance(path, os.PathLike):
                return path
            named = os.fspath(path)
            moved = self.place(named, use)
            return path if moved == named else moved
        if getattr(self._busy, "now", False) or not path or "\0" in path:
            return path
        if use is Use.READ and not os.path.isabs(path):  # noqa: PTH117 - a Path for each would cost
            # It is in the mirror, as the working directory is.
            return path
        self._busy.now = True
        try:
            return self._place(path, use)
        finally:
            self._busy.now = False

    def _place(self, path: str, use: Use) -> str:
        full = os.path.abspath(path)  # noqa: PTH100 - as above
        if use is Use.READ:
            return self.mirror.inside(full) if self._is_mirrored(full) else path
        inside = full.startswith(self._inside)
        if not inside and self._is_allowed(full):
            return path
        original = self.mirror.original(full)
        if inside and use is not Use.ENTER and self._is_own(full):
            self.redirected[original] = None
            return path
        above = os.path.dirname(original)  # noqa: PTH120
        with self._lock:
            if use is Use.ENTER:
                self._also_mirrored(original)
                return self.mirror.open_up(original)
            self._also_mirrored(above)
            self.redirected[original] = None
            if use is Use.ENTRY:
                self.mirror.open_up(above)
                return self.mirror.inside(original)
            moved = self.mirror.own(original, content=use is Use.WRITE)
            self._opened.add(os.path.dirname(moved))  # noqa: PTH120
            return moved

    def _is_own(self, full: str) -> bool:
        """Tell whether a path of the mirror is known to be no link, so that there is nothing to find out."""
        return os.path.dirname(full) in self._opened and not os.path.islink(full)  # noqa: PTH114, PTH120

    def _also_mirrored(self, folder: str) -> None:
        if not _is_below(folder, self._mirrored):
            self._mirrored = (*self._mirrored, *_prefixes([folder]))

    def _is_mirrored(self, full: str) -> bool:
        return _is_below(full, self._mirrored) and not full.startswith(self._inside) and not self._is_allowed(full)

    def _is_allowed(self, full: str) -> bool:
        """Tell whether a place may be written: of mirrored folders and free ones, the nearest decides."""
        free = max((len(place) for place in self._allowed if _is_below(full, (place,))), default=0)
        return free > max((len(folder) for folder in self._mirrored if _is_below(full, (folder,))), default=0)

    def check(self, path: Any, folder: Any, use: Use) -> None:
        """Raise where a write would change a file of the user's."""
        if getattr(self._busy, "now", False) or not isinstance(path, str | bytes | os.PathLike):
            return
        self._busy.now = True
        try:
            full = _full(os.fsdecode(path), folder)
            if self._is_own(full) or self._is_harmless(full, use):
                return
            if full.startswith(self._inside):
                # By a function that was not told: a link in the mirror becomes a copy under its hands.
                with self._lock:
                    self.mirror.own(self.mirror.original(full))
                if self._is_harmless(full, use):
                    return
        except ValueError:
            # It is no path: the function will say so.
            return
        finally:
            self._busy.now = False
        raise ReplayWriteError(
            f"a replay changes no files outside of its scratch folder, and the cell was about to change "
            f"{self.mirror.original(full)!r}."
        )

    def _is_harmless(self, full: str, use: Use) -> bool:
        real = os.path.realpath(full)
        if use is Use.ENTRY:
            real = str(Path(os.path.realpath(Path(full).parent)) / Path(full).name)
        return real.startswith(self._inside) or self._is_allowed(real) or f"{os.sep}__pycache__{os.sep}" in real

    def stands_in(self, path: Any) -> bool:
        """Tell whether a path is a link of the mirror's own making, so that the user's folder has no link there."""
        if getattr(self._busy, "now", False):
            return False
        with self.apart():
            full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
            if not full.startswith(self._inside):
                return False
            try:
                return os.readlink(full) == self.mirror.original(full)  # noqa: PTH115
            except OSError:
                return False

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Let this thread see everything as it is."""
        before = getattr(self._busy, "now", False)
        self._busy.now = True
        try:
            yield
        finally:
            self._busy.now = before

    def order(self, path: Any) -> Mapping[str, int]:
        """Return the order in which the original of a mirrored folder lists what it holds: code may depend on it."""
        if type(path) is int or getattr(self._busy, "now", False):
            return {}
        self._busy.now = True
        try:
            full = os.path.abspath("." if path is None else os.fsdecode(path))  # noqa: PTH100
            if full.startswith(self._inside) or self._is_mirrored(full):
                names = os.listdir(self.mirror.original(full))
                return {name: index for index, name in enumerate(names)}
        except (OSError, ValueError):
            # The cells have made it themselves.
            return {}
        finally:
            self._busy.now = False
        return {}


def _full(path: str, folder: Any) -> str:
    """Return the absolute form of a path, which may be relative to an open folder."""
    if type(folder) is int and folder >= 0 and not os.path.isabs(path):  # noqa: PTH117
        return str(Path(os.path.realpath(f"/proc/self/fd/{folder}")) / path)
    return os.path.abspath(path)  # noqa: PTH100


def _prefixes(places: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for place in places:
        for form in (os.path.abspath(place), os.path.realpath(place)):  # noqa: PTH100
            found[form.rstrip("\\/") + os.sep] = None
    return tuple(found)


def _is_below(full: str, prefixes: tuple[str, ...]) -> bool:
    return full.startswith(prefixes) or (full + os.sep) in prefixes


def _devices() -> list[str]:
    return ["/dev", "/proc"] if os.name == "posix" else []


def _home_caches() -> Iterator[str]:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none
    yield from (str(home / name) for name in _CACHES)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        if os.environ.get(name):
            yield os.environ[name]


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    used = _EVENTS.get(event)
    if used is None or _confinement is None:
        return
    if event == "open" and not writes(arguments[1], arguments[2]):
        return
    if event == "sqlite3.connect":
        found = database_file(arguments[0])
        if found is not None and not reads_only(found[1]):
            _confinement.check(found[0], None, Use.WRITE)
        return
    for place, folder, use in used:
        _confinement.check(arguments[place], None if folder is None else arguments[folder], use)

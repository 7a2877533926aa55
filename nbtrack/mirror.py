"""A folder below which every path leads to what it leads to outside, by links, until a part of it is made its own.

A replay works in such a mirror: what it reads is what the run read, and what it writes stays in the mirror.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

LEFT_OUT = frozenset({".nbtrack", "__pycache__", ".ipynb_checkpoints"})
"""What is never in a mirror: nbtrack's own folder, and what others make anew by themselves."""

Make = Callable[["os.DirEntry[str]", str], bool]


class Mirror:
    r"""The mirror of a tree of folders.

    Parameters
    ----------
    root : str
        An empty folder; ``root/home/ada`` stands for ``/home/ada``, ``root/C/Users`` for ``C:\\Users``.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        # A mirror does not hold itself.
        self._scratch = str(Path(self.root).parent)

    def inside(self, original: str) -> str:
        """Return where a path is in the mirror.

        Parameters
        ----------
        original : str
            An absolute path.

        Returns
        -------
        str
        """
        drive, rest = os.path.splitdrive(original)
        return os.path.join(self.root, drive.replace(":", "").strip("\\/"), rest.strip("\\/")).rstrip("\\/")  # noqa: PTH118

    def original(self, path: str) -> str:
        """Return what a path in the mirror stands for; another path as it is.

        Parameters
        ----------
        path : str

        Returns
        -------
        str
        """
        if path != self.root and not path.startswith(self.root + os.sep):
            return path
        rest = path[len(self.root) :].lstrip("\\/")
        if os.name != "nt":
            return os.sep + rest
        drive, _, below = rest.partition(os.sep)  # pragma: no cover - Windows
        return f"{drive}:{os.sep}{below}" if len(drive) == 1 else f"{os.sep}{os.sep}{rest}"  # pragma: no cover

    def open_up(self, folder: str, make: Make | None = None) -> str:
        """Make the mirror of a folder, and of all folders above it, real ones that hold links to what is there.

        Parameters
        ----------
        folder : str
            An absolute path, outside.
        make : callable, optional
            As :meth:`fill` takes it, for what the folder itself holds.

        Returns
        -------
        str
            The folder's mirror; where there is no such folder, or no longer in the mirror, it is not made.
        """
        # The user's own links are links in the mirror as well; what they lead to is opened up.
        folder = os.path.realpath(folder)
        mirrored = self.inside(folder)
        if _is_folder(mirrored) or not os.path.isdir(folder):  # noqa: PTH112 - as everywhere here, on texts
            return mirrored
        above, name = os.path.split(folder)
        if above != folder:
            was_open = _is_folder(self.inside(above))
            self.open_up(above)
            if was_open and name not in LEFT_OUT and not os.path.lexists(mirrored):
                # It was there, and was removed.
                return mirrored
        self.fill(folder, mirrored, make)
        return mirrored

    def fill(self, folder: str, mirrored: str, make: Make | None = None) -> None:
        """Make one folder of the mirror, with a link to everything that the original holds.

        Parameters
        ----------
        folder, mirrored : str
        make : callable, optional
            Given an entry and its place in the mirror, makes something else there and returns True, or False.
        """
        if os.path.islink(mirrored):  # noqa: PTH114
            os.unlink(mirrored)  # noqa: PTH108
        os.makedirs(mirrored, exist_ok=True)  # noqa: PTH103
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            return
        linked = []
        for entry in entries:
            if entry.name not in LEFT_OUT and entry.path != self._scratch:
                target = os.path.join(mirrored, entry.name)  # noqa: PTH118
                if entry.is_symlink():
                    self.link(entry.path, target)
                    linked.append((entry.path, target))
                elif make is None or not make(entry, target):
                    _lead(entry.path, target)
        for original, target in linked:
            if os.path.exists(original) and not os.path.exists(target):  # noqa: PTH110
                # It leads through something that the mirror does not have.
                with contextlib.suppress(OSError):
                    os.unlink(target)  # noqa: PTH108
                    os.symlink(os.path.realpath(original), target)  # noqa: PTH211

    def link(self, original: str, mirrored: str) -> None:
        """Have a path of the mirror lead to what it stands for; where the system has no links for us, to a copy.

        Parameters
        ----------
        original, mirrored : str
        """
        target = original
        with contextlib.suppress(OSError):
            target = os.readlink(original)  # noqa: PTH115
            target = self.inside(target) if os.path.isabs(target) else target  # noqa: PTH117
        _lead(target, mirrored, original)

    def own(self, path: str, *, content: bool = True) -> str:
        """Make a path of the mirror its own, so that writing there changes nothing outside.

        Parameters
        ----------
        path : str
            An absolute path, outside.
        content : bool
            What is there is to be there still; else it is about to be replaced.

        Returns
        -------
        str
            Where it is in the mirror.
        """
        path = os.path.realpath(path)
        self.open_up(os.path.dirname(path))  # noqa: PTH120
        mirrored = self.inside(path)
        if not os.path.islink(mirrored) or os.path.realpath(mirrored).startswith(self.root + os.sep):  # noqa: PTH114
            return mirrored
        if os.path.isdir(mirrored):  # noqa: PTH112
            self.fill(path, mirrored)
        elif content and os.path.exists(mirrored):  # noqa: PTH110
            kept = f"{mirrored}.nbtrack-{os.getpid()}"
            shutil.copy2(mirrored, kept)
            os.replace(kept, mirrored)  # noqa: PTH105
        else:
            os.unlink(mirrored)  # noqa: PTH108
        return mirrored


def _lead(target: str, mirrored: str, original: str | None = None) -> None:
    try:
        os.symlink(target, mirrored)  # noqa: PTH211
    except OSError:
        if not os.path.lexists(mirrored):
            _copy(original or target, mirrored)


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _copy(original: str, mirrored: str) -> None:  # pragma: no cover - Windows without the right to make links
    with contextlib.suppress(OSError):
        if not os.path.isdir(original):  # noqa: PTH112
            shutil.copy2(original, mirrored)
        elif sys.platform == "win32":
            import _winapi

            _winapi.CreateJunction(original, mirrored)
        else:
            shutil.copytree(original, mirrored, symlinks=True)

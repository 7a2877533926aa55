"""The folder that a replay works in: a mirror of the working directory, so that no file of the user's is written."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nbtrack.mirror import Mirror

# Copies may be written by anybody, a library in C or a shell; beyond this a replay would wait for them.
MOST_FILES = 2000
MOST_BYTES = 64 << 20
# Folders are real ones, for who does not go through links; of datasets with a million images not all.
MOST_ENTRIES = 2_000
_MOST_SECONDS = 5.0
# Large, never written by a notebook, and looked for by tools.
_LINKED = frozenset({".git", ".venv", "venv", ".hg", ".tox", "node_modules", "site-packages"})


class Sandbox:
    """A mirror of a working directory and of what is around it.

    Small files are copies; large ones, and everything beyond the first thousands, are links to the originals, which
    :mod:`nbtrack.capture.confinement` replaces by copies when somebody writes there. Folders above the working
    directory hold links, so that ``../data/x.csv`` is what it was.

    Parameters
    ----------
    folder : str
        The working directory.
    scratch : Path
        An empty folder outside of it, which goes when the sandbox is closed.
    absent : collection of str
        Absolute paths of files and folders that are not to be there: what the slice itself made. A folder goes only
        if nothing else is in it.
    kept : collection of str
        Absolute paths of files and folders that stay links to the originals, however small they are.

    Examples
    --------
    >>> import tempfile
    >>> work, scratch = tempfile.mkdtemp(), tempfile.mkdtemp()
    >>> _ = Path(work, "data.csv").write_text("a")
    >>> with Sandbox(work, Path(scratch)) as sandbox:
    ...     mirrored = sandbox.folder(None) / "data.csv"
    ...     print(mirrored.read_text(), sandbox.original(str(mirrored)) == str(Path(work, "data.csv")))
    a True
    """

    def __init__(self, folder: str, scratch: Path, *, absent: Collection[str] = (), kept: Collection[str] = ()) -> None:
        self.scratch = Path(os.path.realpath(scratch))
        root = self.scratch / "root"
        root.mkdir(parents=True)
        self.temporary = self.scratch / "tmp"
        self.temporary.mkdir()
        self._mirror = Mirror(str(root))
        self._main = os.path.abspath(folder)  # noqa: PTH100 - under the name that it was recorded with
        self._kept = frozenset(os.path.realpath(path) for path in kept)
        self._folders: dict[str, Path] = {}
        self.folder(None)
        # What is in a folder goes before the folder.
        for path in sorted({os.path.realpath(path) for path in absent}, key=len, reverse=True):
            self._take_out(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def mirrors(self) -> Mapping[str, str]:
        """What stands for what: each mirrored folder and its mirror, and the root of everything else."""
        root = os.path.abspath(os.sep)  # noqa: PTH100
        return {folder: str(mirrored) for folder, mirrored in self._folders.items()} | {root: self._mirror.root}

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables for the kernel: temporary files go to the scratch folder, too."""
        return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.temporary))

    def folder(self, original: str | None) -> Path:
        """Return the mirror of a working directory, which is made where there was none yet.

        Parameters
        ----------
        original : str or None
            None is the sandbox's own.

        Returns
        -------
        Path
            Where the folder does not exist outside, its mirror need not exist either: a cell may make it.
        """
        full = self._main if original is None else os.path.abspath(original)  # noqa: PTH100
        known = self._folders.get(full)
        if known is not None:
            return known
        if self._folder_above(full) is not None:
            return Path(self._mirror.open_up(full))
        mirrored = Path(_Filling(self._mirror, self._kept).fill(full))
        if mirrored.is_dir():
            self._folders[full] = mirrored
        return mirrored

    def original(self, path: str | os.PathLike[str]) -> str:
        """Return what a path in the mirror stands for; another path as it is.

        Parameters
        ----------
        path : path

        Returns
        -------
        str
        """
        return self._mirror.original(os.fspath(path))

    def close(self) -> None:
        """Remove the scratch folder with everything in it; the originals that links lead to stay."""
        shutil.rmtree(self.scratch, onerror=_remove_again)
        # What a process that has not ended yet still writes there goes with it.
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _take_out(self, path: str) -> None:
        above = os.path.dirname(path)  # noqa: PTH120
        if not os.path.isdir(above):  # noqa: PTH112
            return
        opened = self._mirror.open_up(above)
        if self._folder_above(above) is None:
            # Its absolute path is to lead to the mirror as well, where it is not.
            self._folders[above] = Path(opened)
        mirrored = self._mirror.inside(path)
        with contextlib.suppress(OSError):
            if os.path.islink(mirrored) and os.path.isdir(path):  # noqa: PTH112, PTH114
                # Only an empty folder goes.
                self._mirror.open_up(path)
            if os.path.isdir(mirrored):  # noqa: PTH112
                os.rmdir(mirrored)  # noqa: PTH106
            else:
                os.unlink(mirrored)  # noqa: PTH108

    def _folder_above(self, path: str) -> str | None:
        """Return the mirrored folder that a path is in, or is."""
        return next(
            (folder for folder in self._folders if (path + os.sep).startswith(folder.rstrip(os.sep) + os.sep)), None
        )


class _Filling:
    """Fills the mirror of a folder with folders and copies, nearest first, until that would take too long."""

    def __init__(self, mirror: Mirror, kept: frozenset[str]) -> None:
        self._mirror = mirror
        self._kept = kept
        self._entries = self._files = self._size_bytes = 0
        self._deadline = time.monotonic() + _MOST_SECONDS
        self._waiting: list[tuple[str, str]] = []

    def fill(self, folder: str) -> str:
        """Make the mirror of a folder, and of what is in it."""
        mirrored = self._mirror.open_up(folder, self._make)
        while self._waiting:
            self._mirror.fill(*self._waiting.pop(0), self._make)
        return mirrored

    def _make(self, entry: os.DirEntry[str], target: str) -> bool:
        if entry.path in self._kept or entry.name in _LINKED or time.monotonic() > self._deadline:
            return False
        if entry.is_dir():
            return self._make_folder(entry.path, target)
        try:
            status = entry.stat()
            small = self._files < MOST_FILES and self._size_bytes + status.st_size <= MOST_BYTES
            if not (small and stat.S_ISREG(status.st_mode)):
                return False
            self._files += 1
            self._size_bytes += status.st_size
            shutil.copy2(entry.path, target)
        except OSError:
            # It may be read by nobody, or there is no more room.
            with contextlib.suppress(OSError):
                os.unlink(target)  # noqa: PTH108
            return False
        return True

    def _make_folder(self, folder: str, target: str) -> bool:
        try:
            with os.scandir(folder) as found:
                count = sum(1 for _ in itertools.islice(found, MOST_ENTRIES + 1))
            if self._entries + count > MOST_ENTRIES:
                return False
            os.mkdir(target)  # noqa: PTH102
        except OSError:
            return False
        self._entries += count
        self._waiting.append((folder, target))
        return True


def _remove_again(function: Callable[..., Any], path: str, _: Any) -> None:
    """Remove what could not be removed: a file that is read-only, or in a folder that is."""
    with contextlib.suppress(OSError):
        if not os.path.islink(path):  # noqa: PTH114
            os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
        os.chmod(os.path.dirname(path), stat.S_IRWXU)  # noqa: PTH101, PTH120
        if function is os.scandir or function is os.open or function is os.lstat:
            shutil.rmtree(path, ignore_errors=True)
        else:
            function(path)

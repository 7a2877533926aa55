"""Where things are in a store's folder."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAPPED = "mmap+flock"
"""Points go through a memory map, and locks are ``flock``."""
APPENDED = "append+lockfile"
"""Points are appended, and locks are files: for folders that cannot do better."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one store.

    Attributes
    ----------
    root : Path
        The store's folder.
    """

    root: Path

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.root / "nbtrack.duckdb"

    @property
    def log(self) -> Path:
        """DuckDB's own, of what is committed and not in its file yet; mostly not there."""
        return self.root / "nbtrack.duckdb.wal"

    @property
    def undo(self) -> Path:
        """What a checkpoint writes over; there while one is under way, or was when its process died."""
        return self.root / "nbtrack.duckdb.undo"

    @property
    def journals(self) -> Path:
        """Folder of the journals."""
        return self.root / "journal"

    @property
    def set_aside(self) -> Path:
        """Folder of what could not be read from a journal."""
        return self.journals / "set_aside"

    @property
    def artifacts(self) -> Path:
        """Folder of the artifacts, by content hash."""
        return self.root / "artifacts"

    @property
    def lock(self) -> Path:
        """The lock that merges take alone and reads take together."""
        return self.root / "lock"

    @property
    def gate(self) -> Path:
        """The lock that keeps a stream of readers from starving a merge."""
        return self.root / "gate"

    @property
    def merged(self) -> Path:
        """A note on what the last merge covered, so that a reader can tell without opening the database."""
        return self.root / "merged.json"

    def events(self, journal: str) -> Path:
        """The event lines of a journal."""
        return self.journals / f"{journal}.ev"

    def points(self, journal: str, number: int) -> Path:
        """A segment of the points of a journal."""
        return self.journals / f"{journal}.{number:06d}.pts"

    def owner(self, journal: str) -> Path:
        """The file that names a journal's owner, where files cannot be locked."""
        return self.journals / f"{journal}.owner"

    def spares(self, journal: str) -> list[Path]:
        """Segments of a journal that were made ahead."""
        return sorted(self.journals.glob(f"{journal}.*.spare"))

    def make(self) -> None:
        """Make the folders, with a ``.gitignore`` so that a store is not committed by accident.

        Raises
        ------
        OSError
            The folder cannot be written.
        """
        self.journals.mkdir(parents=True, exist_ok=True)
        self.artifacts.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError), (self.root / ".gitignore").open("x", encoding="utf-8") as file:
            file.write("*\n")

    def segments(self) -> Iterator[tuple[str, list[int]]]:
        """Give every journal's id with the numbers of its segments."""
        found: dict[str, list[int]] = {}
        try:
            names = os.listdir(self.journals)
        except FileNotFoundError:
            return
        for name in names:
            journal, *rest = name.split(".")
            if rest == ["ev"]:
                found.setdefault(journal, [])
            elif len(rest) == 2 and rest[0].isdecimal() and rest[1] == "pts":
                found.setdefault(journal, []).append(int(rest[0]))
        for journal, numbers in sorted(found.items()):
            yield journal, sorted(numbers)


def user_data_folder() -> Path:
    """Return the folder for a user's data on this platform: the store's home when its own folder is read-only.

    Returns
    -------
    Path
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "nbtrack"

"""What can be told of a replay before anything runs: files and packages that are missing or have changed."""

from __future__ import annotations

import ast
import glob
import importlib.metadata
import itertools
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbtrack.provenance.filedigests import MAX_HASHED_BYTES, FileDigests
from nbtrack.provenance.python import as_python, parse
from nbtrack.provenance.surroundings_difference import distribution_of, modules_imported, plain_name
from nbtrack.records import CellExecution, RunRecord
from nbtrack.replay.recipe import Recipe

_MAX_PATH_CHARS = 500
_MAX_TEXT_CHARS, _MAX_WORDS, _MAX_MATCHES = 20_000, 200, 1000
_WORDS = re.compile(r"[^\s'\"`(),;=<>\[\]]+")
_PATTERN = re.compile(r"[*?]")
_LISTING = re.compile(r"\b(?:listdir|scandir|iterdir|glob|rglob|walk)\b")
_ENVIRON = re.compile(r"""(?:environ(?:\.get\(|\[)|getenv\()\s*(?P<quote>["'])(?P<name>[^"'\n]{1,200})(?P=quote)""")


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that the slice read, as it was then and as it is now.

    Attributes
    ----------
    path : str
    execution_count : int or None
        ``In[n]`` of the first cell that read it.
    recorded, present : str or None
        Digests; None where that is not known, or it is not there.
    """

    path: str
    execution_count: int | None
    recorded: str | None
    present: str | None

    @property
    def is_missing(self) -> bool:
        """Whether it is not there any more."""
        return self.present is None

    @property
    def is_changed(self) -> bool:
        """Whether it is known to hold something else."""
        return self.recorded is not None and self.present is not None and self.recorded != self.present


def files_read(executions: Sequence[CellExecution], recipe: Recipe) -> list[ReadFile]:
    """Return the files that a slice reads and does not make itself.

    Parameters
    ----------
    executions : sequence of CellExecution
    recipe : Recipe

    Returns
    -------
    list of ReadFile
        In the order in which they are read.
    """
    found: dict[str, ReadFile] = {}
    made = set(recipe.absent)
    for execution in executions:
        for name in execution.reads:
            path = name[5:]
            if not name.startswith("file:") or path in found or path in made:
                continue
            recorded = execution.digests.get(name)
            present = file_digest(path, recorded)
            if present is None and name in execution.binds:
                # The cell itself has removed it, and may do so only where it is there.
                continue
            found[path] = ReadFile(path, execution.execution_count, recorded, present)
        made |= {name[5:] for name in (*execution.binds, *execution.changes) if name.startswith("file:")}
    return list(found.values())


def file_digest(path: str, like: str | None) -> str | None:
    """Return the digest of a file's content as the recorder makes it, or None where there is no such file."""
    # Of a large file, or at the end of a cell's budget, time and size stood for the content.
    return FileDigests().digest(path, 0 if like is not None and " " in like else MAX_HASHED_BYTES)


@dataclass(frozen=True, slots=True)
class Package:
    """A package that a slice imports, as it was recorded and as it is installed here.

    Attributes
    ----------
    name, recorded : str
    present : str or None
        None where it is not installed.
    """

    name: str
    recorded: str
    present: str | None


def packages_imported(record: RunRecord, executions: Sequence[CellExecution]) -> list[Package]:
    """Return the installed packages that a slice imports by name.

    Parameters
    ----------
    record : RunRecord
    executions : sequence of CellExecution

    Returns
    -------
    list of Package
    """
    packages = record.provenance.environment.get("packages")
    recorded = {plain_name(name): (name, str(version)) for name, version in _mapping(packages).items()}
    found: dict[str, Package] = {}
    for module in modules_imported(executions):
        known = recorded.get(distribution_of(module))
        if known is not None and known[0] not in found:
            found[known[0]] = Package(known[0], known[1], installed_version(known[0]))
    return list(found.values())


def installed_version(distribution: str) -> str | None:
    """Return the version of a distribution that is installed here, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def variables_read(executions: Iterable[CellExecution]) -> tuple[str, ...]:
    """Return the environment variables that cells read by name, and that none of them sets.

    Parameters
    ----------
    executions : iterable of CellExecution

    Returns
    -------
    tuple of str
    """
    sources = [execution.source or "" for execution in executions]
    found = dict.fromkeys(match["name"] for source in sources for match in _ENVIRON.finditer(source))
    return tuple(name for name in found if not any(_sets(source, name) for source in sources))


def _sets(source: str, name: str) -> bool:
    return re.search(rf"""environ\[(["']){re.escape(name)}\1\]\s*=[^=]""", source) is not None


def named_since(executions: Iterable[CellExecution], recipe: Recipe, ended_s: float) -> list[str]:
    """Return the files that code names, and the folders that it names and lists, that were written after a moment.

    Parameters
    ----------
    executions : iterable of CellExecution
    recipe : Recipe
    ended_s : float
        Seconds since the epoch.

    Returns
    -------
    list of str
        Paths, those that the cells make themselves left out.
    """
    found: dict[str, None] = {}
    for execution in executions:
        tree = parse(as_python(execution.source or ""))
        lists, folder = _LISTING.search(execution.source or "") is not None, execution.folder or recipe.folder
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for path in _named(node.value, folder):
                    if path not in recipe.absent and _written_after(path, ended_s, folder if lists else None):
                        found[path] = None
    return list(found)


def _named(text: str, folder: str) -> Iterator[str]:
    """Yield the paths that a text may name: by itself, by a word of it as in a query, by a pattern."""
    words = [text, *_WORDS.findall(text)[:_MAX_WORDS]] if len(text) < _MAX_TEXT_CHARS else []
    for word in dict.fromkeys(words):
        if not 0 < len(word) < _MAX_PATH_CHARS or "\0" in word:
            continue
        path = os.path.join(folder, os.path.expanduser(word))  # noqa: PTH111, PTH118 - may be no path
        if _PATTERN.search(word) and "**" not in word:
            yield from itertools.islice(glob.iglob(path), _MAX_MATCHES)  # noqa: PTH207
        else:
            yield path


def _written_after(path: str, moment_s: float, around: str | None) -> bool:
    """Tell whether a file has been written; where folders count, but for the one around all, what is in one too."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
        counts = stat.S_ISREG(status.st_mode) or (
            around is not None and stat.S_ISDIR(status.st_mode) and not os.path.samefile(path, around)  # noqa: PTH121
        )
    except (OSError, ValueError):
        return False
    return counts and status.st_mtime > moment_s

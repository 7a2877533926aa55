"""Files that a session's cells left behind without Python having seen it: a replay must not find them there.

Libraries write files in C, and cells start programs that do. A number that is kept in such a file would come back
from it though nothing was computed again. When a file was last written says which cell it was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nbtrack.records import CellExecution
from nbtrack.replay.outcome import Failure
from nbtrack.replay.recipe import Recipe

_MAX_SEARCHED = 5_000
_SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", ".nbtrack", "__pycache__", ".ipynb_checkpoints"})
# A file's time may stand behind the clock by a tick of the system's.
_TICK_S = 0.02
_PROGRAMS = re.compile(
    r"(?m)^\s*(?:[\w, ]+=\s*)?!|^%%(?:bash|sh|script|system|!)|%(?:run|system|sx)\b|"
    r"\b(?:subprocess|Popen|os\.system|os\.popen|os\.spawn|papermill)\b"
)
# What comes from elsewhere is data, and need not be there a second time.
_FETCHING = re.compile(r"\b(?:wget|curl|kaggle|gdown|gsutil|aws|rclone|rsync|scp|dvc|unzip|git\s+(?:clone|lfs|pull))\b")
_NETWORK_ERRORS = frozenset(
    "URLError HTTPError ConnectionError ConnectTimeout ConnectError ReadTimeout Timeout gaierror MaxRetryError "
    "SSLError ProxyError RemoteDisconnected ConnectionRefusedError ConnectionResetError TimeoutError "
    "LocalEntryNotFoundError OfflineModeIsEnabled ClientConnectorError NewConnectionError".split()
)
_CACHES = re.compile(r"cache|XDG_|expanduser|home\(\)|\bHOME\b", re.IGNORECASE)
_OF_LIBRARIES = frozenset(
    "huggingface torch pip uv matplotlib fontconfig seaborn jedi mesa_shader_cache nvidia numba clip ms-playwright "
    "black ruff mypy pre-commit jupyter ipython thumbnails".split()
)


def left_behind(folder: str, executions: Sequence[CellExecution], session: Sequence[CellExecution]) -> set[str]:
    """Return the files that were last written while a cell of the session ran, as far as a replay must make them anew.

    Parameters
    ----------
    folder : str
        Where the replay begins.
    executions : sequence of CellExecution
        What is replayed.
    session : sequence of CellExecution
        All that ran until the last of them.

    Returns
    -------
    set of str
    """
    observed = [execution for execution in session if execution.observed]
    read = {name[5:] for execution in executions for name in execution.reads if name.startswith("file:")}
    found = set()
    for path, changed_s in _times(_files(folder, _SKIPPED)):
        makers = list(_running(observed, changed_s))
        if path.endswith(".ipynb") or not makers:
            continue
        if any(_has_fetched(execution) for execution in makers):
            continue
        if path not in read or any(_PROGRAMS.search(execution.source or "") for execution in makers):
            found.add(path)
    asking = [execution for execution in observed if _CACHES.search(execution.source or "")]
    for cache in _caches() if asking else ():
        for path, changed_s in _times(_files(cache, _OF_LIBRARIES)):
            if any(_running(asking, changed_s)):
                found.add(path)
    return found


def with_downloads(recipe: Recipe, executions: Sequence[CellExecution], failure: Failure) -> Recipe:
    """Return a recipe that finds what a cell had fetched, where fetching it again has failed.

    Parameters
    ----------
    recipe : Recipe
    executions : sequence of CellExecution
        What its steps were.
    failure : Failure
        Of its replay.

    Returns
    -------
    Recipe
        The same where it was not the network that failed, or where nothing had been fetched.
    """
    if failure.error not in _NETWORK_ERRORS:
        return recipe
    fetched = {
        name[5:]
        for execution in executions
        if execution.execution_count == failure.execution_count
        for name in execution.binds
        if name.startswith("file:")
    }
    kept = tuple(path for path in recipe.absent if path not in fetched)
    return recipe if kept == recipe.absent else replace(recipe, absent=kept)


def _running(executions: Iterable[CellExecution], moment_s: float) -> Iterator[CellExecution]:
    for execution in executions:
        begin_s = execution.start_us / 1e6
        if begin_s - _TICK_S <= moment_s <= begin_s + execution.duration_s + _TICK_S:
            yield execution


def _has_fetched(execution: CellExecution) -> bool:
    return _FETCHING.search(execution.source or "") is not None


def _caches() -> list[str]:
    return [os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())]


def _times(entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[str, float]]:
    for number, entry in enumerate(entries):
        if number >= _MAX_SEARCHED:
            return
        try:
            yield entry.path, entry.stat().st_mtime
        except OSError:
            continue


def _files(folder: str, skipped: frozenset[str]) -> Iterator[os.DirEntry[str]]:
    pending = [folder]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in skipped:
                            pending.append(entry.path)
                    elif entry.is_file():
                        yield entry
        except OSError:
            continue

"""Settings: one frozen value, read from the environment and the nearest ``pyproject.toml``.

Order: an explicit call (:func:`configure`) > ``NBTRACK_*`` environment variable > ``[tool.nbtrack]`` in the
nearest ``pyproject.toml`` upwards > default. Unknown keys are refused with the accepted ones listed.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbtrack.errors import SettingError

STORE_FOLDER = ".nbtrack"
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set, with the defaults.

    Attributes
    ----------
    store : str or None
        Folder of the store. None: the nearest ``.nbtrack`` upwards, else one in the working directory.
    experiment : str or None
        Experiment of new runs. None: the notebook's or script's name.
    card : bool
        Show the run card under a tracked cell.
    live : bool
        Show the live panel while a tracked cell runs, the live run table for ``%nbtrack``, and live charts.
    code : bool
        Keep the source of tracked cells and functions.
    merge_interval_s : float
        Seconds between two merges of the journals into the database.
    """

    store: str | None = None
    experiment: str | None = None
    card: bool = True
    live: bool = True
    code: bool = True
    merge_interval_s: float = 1.0


_KINDS: dict[str, type] = {
    "store": Path,
    "experiment": str,
    "card": bool,
    "live": bool,
    "code": bool,
    "merge_interval_s": float,
}
_explicit: dict[str, Any] = {}
# What no call changes: a replay's cells must not send runs into the store that they name.
_pinned: dict[str, str] = {}


def _convert(key: str, value: Any, origin: str) -> Any:
    kind = _KINDS.get(key)
    if kind is None:
        known = ", ".join(field.name for field in fields(Settings))
        raise SettingError(f"{origin}: unknown setting {key!r}. Accepted: {known}.")
    if kind is bool:
        text = str(value).lower()
        if text in _TRUE | _FALSE:
            return text in _TRUE
        raise SettingError(f"{origin}: {key} is {value!r}; accepted: true or false.")
    if kind is float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = -1.0
        if number > 0:
            return number
        raise SettingError(f"{origin}: {key} is {value!r}; accepted: a number of seconds above 0.")
    return str(Path(value).expanduser()) if kind is Path else str(value)


def _from_pyproject(start: Path) -> dict[str, Any]:
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        try:
            table = _tool_table(file, file.stat().st_mtime_ns)
        except OSError:
            continue
        if table is not None:
            origin = f"[tool.nbtrack] in {file}"
            found = {key: _convert(key, value, origin) for key, value in table.items()}
            if found.get("store"):
                found["store"] = str(folder / found["store"])
            return found
    return {}


@lru_cache(maxsize=32)
def _tool_table(file: Path, mtime_ns: int) -> dict[str, Any] | None:  # noqa: ARG001 - a changed file is read again
    try:
        tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    table = tools.get("nbtrack") if isinstance(tools, dict) else None
    return table if isinstance(table, dict) else None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read ``NBTRACK_<SETTING>``; other ``NBTRACK_`` names are left alone, they may belong to another tool."""
    return {
        key: _convert(key, environ[name], name)
        for key in _KINDS
        if (name := f"NBTRACK_{key.upper()}") in environ and environ[name] != ""
    }


def settings() -> Settings:
    """Return the settings in force now.

    Returns
    -------
    Settings
        Explicit calls over environment over ``pyproject.toml`` over defaults.

    Raises
    ------
    SettingError
        A key is unknown or a value is not accepted.

    Examples
    --------
    >>> from nbtrack.config import settings
    >>> settings().merge_interval_s
    1.0
    """
    return Settings(**{**_from_pyproject(Path.cwd()), **_from_environment(os.environ), **_explicit})


def configure(**changes: Any) -> Settings:
    """Set settings for this process; ``None`` takes an earlier call back.

    Parameters
    ----------
    **changes
        Names and values of :class:`Settings`.

    Returns
    -------
    Settings
        The settings now in force.

    Raises
    ------
    SettingError
        A key is unknown or a value is not accepted; nothing is changed then.

    Examples
    --------
    >>> configure(card=False).card
    False
    >>> configure(card=None).card
    True
    """
    checked = {
        key: None if value is None and key in _KINDS else _convert(key, value, "configure()")
        for key, value in changes.items()
    }
    for key, value in checked.items():
        if value is None:
            _explicit.pop(key, None)
        else:
            _explicit[key] = value
    return settings()


def pin_store(path: Path) -> None:
    """Have everything go to one store, whatever :func:`configure` is told.

    Parameters
    ----------
    path : Path
    """
    _pinned["store"] = str(path)


def find_store_root(start: Path | None = None) -> Path:
    """Return the folder of the store: the one set, else the nearest ``.nbtrack`` upwards, else a new one here.

    Parameters
    ----------
    start : Path, optional
        Where to look from; default the working directory.

    Returns
    -------
    Path
        Absolute path; the folder may not exist yet.

    Examples
    --------
    >>> find_store_root().name  # doctest: +SKIP
    '.nbtrack'
    """
    chosen = _pinned.get("store") or settings().store
    if chosen:
        return Path(chosen).absolute()
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / STORE_FOLDER).is_dir():
            return folder / STORE_FOLDER
    return here / STORE_FOLDER

"""Locks and signs of life where files cannot be locked: files that only one process can make, with their maker's name.

A maker on this machine is asked after by its process id; one on another machine is taken for gone when its file was
not touched for a while. DuckDB has a lock of its own beneath, so the worst that a misjudged lock can do is an error
that is tried again.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
import uuid
from functools import cache
from pathlib import Path
from typing import Self

STALE_LOCK_S = 600.0
_BREAKING_S = 10.0
STALE_OWNER_S = 600.0
HEARTBEAT_S = 30.0
_held_here: set[str] = set()


class LockFile:
    """A held lock; :meth:`close` gives it back."""

    def __init__(self, path: Path, token: str) -> None:
        self.path = path
        self.token = token

    def close(self) -> None:
        """Give the lock back."""
        if self.token in _held_here:
            with contextlib.suppress(OSError):
                self.path.unlink()
            _held_here.discard(self.token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def try_lock(path: Path) -> LockFile | None:
    """Take the lock if it is free or its holder is gone.

    Parameters
    ----------
    path : Path

    Returns
    -------
    LockFile or None
        None while somebody holds it.
    """
    token = uuid.uuid4().hex
    # Before the file is there: a file of this process whose token is not held was left by an interrupted call.
    _held_here.add(token)
    try:
        if _create(path, token):
            return LockFile(path, token)
    except BaseException:
        _held_here.discard(token)
        raise
    _held_here.discard(token)
    _break_if_stale(path)
    return None


def write_owner(path: Path) -> None:
    """Name this process as the owner of what the file stands for.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path.write_text(_identity(""), encoding="utf-8")


def owner_is_gone(path: Path) -> bool:
    """Tell whether the process that a file names no longer runs.

    Parameters
    ----------
    path : Path
        Written by :func:`write_owner`.

    Returns
    -------
    bool
        Also when there is no such file.
    """
    return _is_stale(path, STALE_OWNER_S)


def process_is_gone(pid: int, born: str | None = None) -> bool:
    """Tell whether a process of this machine no longer runs.

    Parameters
    ----------
    pid : int
    born : str, optional
        When it started, in the system's own words; a different one means that the number was given anew.
    """
    if sys.platform == "win32":
        return _windows_process_is_gone(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    now = _born(pid)
    return born is not None and now is not None and born != now


def forget_held() -> None:
    """In a forked child: the locks are the parent's."""
    _held_here.clear()


def _create(path: Path, token: str) -> bool:
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    except PermissionError:
        # Windows says so while the file is being deleted.
        return False
    try:
        os.write(file, _identity(token).encode())
    finally:
        os.close(file)
    return True


def _break_if_stale(path: Path) -> None:
    if not _stale(path, STALE_LOCK_S):
        return
    # One at a time: between a look at the lock and its removal, nobody may break it as well and take it anew.
    breaking = path.with_name(f"{path.name}.breaking")
    try:
        os.close(os.open(breaking, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except OSError:
        with contextlib.suppress(OSError):
            if time.time() - breaking.stat().st_mtime > _BREAKING_S:
                # Whoever was at it died.
                breaking.unlink()
        return
    try:
        # One that has just been given back may be somebody's again by now.
        if _stale(path, STALE_LOCK_S):
            with contextlib.suppress(OSError):
                path.unlink()
    finally:
        with contextlib.suppress(OSError):
            breaking.unlink()


def _is_stale(path: Path, stale_after_s: float) -> bool:
    """Tell whether what a file names is gone; also when there is no such file."""
    return _stale(path, stale_after_s) is not False


def _stale(path: Path, stale_after_s: float) -> bool | None:
    """Tell whether what a file names is gone; None when there is no such file."""
    try:
        age_s = time.time() - path.stat().st_mtime
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError:
        return False
    try:
        known = json.loads(text)
        pid, host = int(known["pid"]), str(known["host"])
    except (ValueError, KeyError, TypeError):
        # Made a moment ago and not written yet, or by a process that died in between.
        return age_s > HEARTBEAT_S
    if host != _host():
        return age_s > stale_after_s
    if pid == os.getpid():
        token = known.get("token")
        return bool(token) and token not in _held_here
    return process_is_gone(pid, known.get("born"))


def _identity(token: str) -> str:
    pid = os.getpid()
    return json.dumps({"pid": pid, "host": _host(), "born": _born(pid), "token": token})


@cache
def _host() -> str:
    return socket.gethostname()


def _born(pid: int) -> str | None:
    """Return when a process started, as Linux tells it; None elsewhere."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The command's name, in parentheses, may hold spaces.
    fields = stat.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else None


def _windows_process_is_gone(pid: int) -> bool:  # pragma: no cover - on Windows alone
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - mypy on other systems knows no windll
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return True
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value != 259  # STILL_ACTIVE

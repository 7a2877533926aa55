"""Opening the DuckDB file for the length of one merge or one query, and saying in our words why that fails."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nbtrack.errors import StoreBusyError, StoreCorruptError, StoreError, StoreReadOnlyError, StoreVersionError
from nbtrack.store import checkpoint, schema
from nbtrack.store.layout import Layout

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

# Jitter for retries; the user's own generator must not be drawn from.
_jitter = random.Random()  # noqa: S311 - nothing secret
_BUSY = ("lock on file", "conflicting lock", "different configuration", "already attached", "used by another process")
_NO_ROOM = ("no space left", "quota exceeded", "file too large")
_NEWER = ("version number", "storage version", "newer version")
_READ_ONLY = ("permission denied", "read-only file system")
_CORRUPT = (
    "corrupt",
    "not a valid duckdb database",
    "could not read enough bytes",
    "replaying wal",
    "deserialize",
    "checksum",
    "is a directory",
)


def call(layout: Layout, function: Callable[[duckdb.DuckDBPyConnection], T], *, read_only: bool, timeout_s: float) -> T:
    """Open the database, call a function with the connection, and close it; the caller holds the store's lock.

    Parameters
    ----------
    layout : Layout
    function : callable
        Must not keep anything that holds the connection.
    read_only : bool
    timeout_s : float
        How long to wait for another program that has the file open.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    StoreError
        The file cannot be opened; see :func:`explained`.
    """
    connection = _connect(layout, read_only, timeout_s)
    try:
        _set_up(connection, read_only)
        result = function(connection)
        if not read_only:
            _checkpoint(connection, layout)
    except RuntimeError as error:
        _let_interrupts_through(error)
        raise
    finally:
        connection.close()
    return result


@contextmanager
def opened(layout: Layout, *, read_only: bool, timeout_s: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database for a ``with``; parameters and errors as :func:`call`.

    Yields
    ------
    duckdb.DuckDBPyConnection
    """
    connection = _connect(layout, read_only, timeout_s)
    try:
        _set_up(connection, read_only)
        yield connection
        if not read_only:
            _checkpoint(connection, layout)
    except RuntimeError as error:
        _let_interrupts_through(error)
        raise
    finally:
        connection.close()


def _connect(layout: Layout, read_only: bool, timeout_s: float) -> duckdb.DuckDBPyConnection:
    if not read_only:
        checkpoint.repair(layout)
        if not layout.database.exists():
            _create(layout)
    return _open(layout, layout.database, read_only, time.monotonic() + timeout_s)


def _set_up(connection: duckdb.DuckDBPyConnection, read_only: bool) -> None:
    # Times are instants; the machine's zone must not change what a query gives.
    connection.execute("set timezone = 'UTC'")
    if not read_only:
        connection.execute(checkpoint.AT_CLOSE)


def _checkpoint(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Bring what was committed from DuckDB's log into its file, and close the database."""
    if layout.log.exists():
        with checkpoint.kept(connection, layout):
            connection.execute("checkpoint")
            connection.close()


def _let_interrupts_through(error: RuntimeError) -> None:
    """Raise the user's interrupt of a cell, for which DuckDB raises an error of another kind."""
    if str(error) == "Query interrupted":
        raise KeyboardInterrupt from None


def call_empty(function: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    """Call a function with an empty store in memory: what there is to read where nothing was written yet.

    Parameters
    ----------
    function : callable

    Returns
    -------
    object
        What the function returns.
    """
    with opened_empty() as connection:
        return function(connection)


@contextmanager
def opened_empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty store in memory for a ``with``.

    Yields
    ------
    duckdb.DuckDBPyConnection
    """
    import duckdb

    connection = duckdb.connect()
    try:
        connection.execute("set timezone = 'UTC'")
        schema.upgrade(connection, Layout(Path()))
        yield connection
    finally:
        connection.close()


def _create(layout: Layout) -> None:
    """Make the database under another name first: half a file, left by a process that died, would never open."""
    hidden = layout.database.with_name(f"{layout.database.name}.new")
    for leftover in (hidden, hidden.with_name(f"{hidden.name}.wal")):
        leftover.unlink(missing_ok=True)
    connection = _open(layout, hidden, False, 0.0)
    try:
        schema.upgrade(connection, layout)
    finally:
        connection.close()
    hidden.replace(layout.database)


def _open(layout: Layout, file: Path, read_only: bool, deadline: float) -> duckdb.DuckDBPyConnection:
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {"threads": 2}
    if not read_only:
        config |= {"storage_compatibility_version": schema.STORAGE_VERSION, **checkpoint.BY_ITSELF}
    wait_s = 0.002
    while True:
        try:
            return duckdb.connect(str(file), read_only=read_only, config=config)
        except duckdb.Error as error:
            reason = explained(error, layout)
            if not isinstance(reason, StoreBusyError) or time.monotonic() >= deadline:
                raise reason from error
        time.sleep(wait_s * (0.5 + _jitter.random()))
        wait_s = min(wait_s * 1.7, 0.2)


def explained(error: duckdb.Error, layout: Layout) -> StoreError:
    """Return what an error of DuckDB's about the file means for the user, and what to do.

    Parameters
    ----------
    error : duckdb.Error
    layout : Layout

    Returns
    -------
    StoreError
        Busy, out of room, of a newer version, read-only, corrupt, or else the error as it is.
    """
    text = str(error)
    low, first = text.lower(), text.splitlines()[0] if text else repr(error)
    file = layout.database
    if any(sign in low for sign in _BUSY):
        return StoreBusyError(
            f"another program holds {file}: {_holder(text)}. Close it there; values go on being kept in the journals "
            "meanwhile."
        )
    if any(sign in low for sign in _NO_ROOM):
        return StoreError(
            f"the disk is full: {file} cannot take what the journals hold, which keep it. Make room in {layout.root}."
        )
    if any(sign in low for sign in _NEWER):
        return StoreVersionError(
            f"{file} was written by a newer DuckDB ({first}). Install it: pip install --upgrade duckdb."
        )
    if any(sign in low for sign in _READ_ONLY):
        return StoreReadOnlyError(
            f"{file} cannot be opened: {first}. Check who may read and write it, or name another folder: "
            "nbtrack.set_store('/path/to/folder')."
        )
    if any(sign in low for sign in _CORRUPT):
        return StoreCorruptError(
            f"{file} cannot be read: {first}. Move it away (mv {file.name} {file.name}.broken, and {file.name}.wal if "
            "it is there); a new one is made, and what the journals still hold is kept."
        )
    return StoreError(f"{file} cannot be used: {text}")


def _holder(text: str) -> str:
    start = text.find("Conflicting lock is held in")
    return text[start:].partition(". See")[0].splitlines()[0] if start >= 0 else "a program on this machine"

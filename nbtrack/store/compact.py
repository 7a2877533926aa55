"""Writing the database anew, without the room that deleted rows leave behind: DuckDB's own files never shrink."""

from __future__ import annotations

import contextlib
import os
import uuid
from typing import TYPE_CHECKING

from nbtrack.errors import StoreError
from nbtrack.store.layout import Layout
from nbtrack.store.schema import STORAGE_VERSION

if TYPE_CHECKING:
    import duckdb

_WORTH_SHARE = 0.25
_SUFFIX = ".compact"


def compact(connection: duckdb.DuckDBPyConnection, layout: Layout) -> bool:
    """Replace the database's file by a smaller one, when a quarter of it or more is free.

    The points come to lie in order of run and metric, so that reading one series reads little else. Either the old
    file or the new one is there at any moment.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Open for writing, under the exclusive lock; close it next, it holds the old file.
    layout : Layout

    Returns
    -------
    bool
        Whether the file was replaced.

    Raises
    ------
    StoreError
        The new file cannot be written; it is removed, and the old one stays.
    """
    import duckdb

    remove_remains(layout)
    if _free_share(connection) < _WORTH_SHARE:
        return False
    file = layout.database.with_name(f"{layout.database.name}.{uuid.uuid4().hex}{_SUFFIX}")
    try:
        _copy(connection, str(file))
        _settle(file)
        file.replace(layout.database)
    except PermissionError:
        # Windows replaces no file that is open; the room is used again by later runs.
        return False
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StoreError(
            f"what was deleted is gone, but {layout.database} could not be written anew to make it smaller: {error}. "
            "Free some space on the disk and run nbtrack gc again."
        ) from error
    finally:
        file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    return True


def remove_remains(layout: Layout) -> int:
    """Remove what killed compactions left; under the exclusive lock nobody else is at one.

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    int
        Bytes freed.
    """
    freed = 0
    for file in layout.root.glob(f"{layout.database.name}.*{_SUFFIX}*"):
        freed += file.stat().st_size
        file.unlink(missing_ok=True)
    return freed


def _free_share(connection: duckdb.DuckDBPyConnection) -> float:
    total, free = connection.execute("select total_blocks, free_blocks from pragma_database_size()").fetchall()[0]
    return free / total if total else 0.0


def _copy(connection: duckdb.DuckDBPyConnection, file: str) -> None:
    import duckdb

    quoted = file.replace("'", "''")
    connection.execute(f"attach '{quoted}' as compacted (storage_version '{STORAGE_VERSION}')")
    try:
        name = connection.execute("select current_database()").fetchall()[0][0].replace('"', '""')
        connection.execute(f'copy from database "{name}" to compacted (schema)')
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'base'"
        ).fetchall()
        for (table,) in tables:
            order = " order by run_ix, key_ix, rowid" if table == "points" else ""
            connection.execute(f"insert into compacted.base.{table} select * from base.{table}{order}")  # noqa: S608
        connection.execute("checkpoint compacted")
    finally:
        with contextlib.suppress(duckdb.Error):
            # What failed before says more than that this fails too.
            connection.execute("detach compacted")


def _settle(file: os.PathLike[str]) -> None:
    """Have the file on the disk before it takes the old one's place."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

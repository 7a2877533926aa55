"""Writing the database's file so that its process may be killed at any moment of it.

DuckDB's checkpoint writes new blocks beside those in use, and at last a header that names them. Blocks of metadata are
the exception: what is new goes to free places of blocks that the last header names, which are written as a whole. Half
of one, after ``kill -9``, on a full disk or without power, has a wrong checksum, and the file cannot be opened again.
So these blocks are kept in a file of their own until the checkpoint is done, and put back by whoever writes next where
it was not; what was committed is still in DuckDB's log then.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from nbtrack.store.layout import Layout

if TYPE_CHECKING:
    import duckdb

BY_ITSELF = {"checkpoint_threshold": "1TB"}
"""With this setting, and :data:`AT_CLOSE`, DuckDB never checkpoints by itself."""
AT_CLOSE = "pragma disable_checkpoint_on_shutdown"

# On Windows nobody can read a file that DuckDB writes; nothing is kept there.
_DUCKDB_ALONE = os.name == "nt"
# The file's own header and two of the database, of which the one with the higher count is in use.
_HEADERS_BYTES = 3 * 4096
_PLACE = struct.Struct("<QQ")
_SUM = struct.Struct("<I")


@contextmanager
def kept(connection: duckdb.DuckDBPyConnection, layout: Layout) -> Iterator[None]:
    """Keep what a checkpoint writes over, for a ``with`` around it; where that fails, it stays for :func:`repair`.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Open for writing. Close it inside of the ``with`` if it is not needed any more: where a file is closed, all
        locks end that its process has on it, DuckDB's, too.
    layout : Layout
    """
    if _DUCKDB_ALONE:
        yield
        return
    with layout.database.open("rb") as file:
        _keep(file, _places(connection), layout)
        yield
    layout.undo.unlink(missing_ok=True)


def _places(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Return where blocks of metadata are in the file, and how long they are."""
    # Joined, they would take longer than all else here.
    blocks = connection.execute("select block_id from pragma_metadata_info()").fetchall()
    size_bytes = connection.execute("select block_size from pragma_database_size()").fetchall()[0][0]
    return [(_HEADERS_BYTES + number * size_bytes, size_bytes) for (number,) in blocks]


def _keep(file: BinaryIO, places: list[tuple[int, int]], layout: Layout) -> None:
    content = bytearray(file.read(_HEADERS_BYTES))
    for offset, size_bytes in places:
        file.seek(offset)
        block = file.read(size_bytes)
        content += _PLACE.pack(offset, len(block)) + block
    content += _SUM.pack(zlib.crc32(content))
    with layout.undo.open("wb") as undo:
        undo.write(content)
        undo.flush()
        os.fsync(undo.fileno())


def repair(layout: Layout) -> None:
    """Put back what a checkpoint wrote over that did not come to its end.

    Parameters
    ----------
    layout : Layout
        Nobody else has the store's lock, and this process has not opened the database.
    """
    if not layout.undo.exists():
        return
    content = layout.undo.read_bytes() if layout.database.exists() else b""
    body, checksum = content[: -_SUM.size], content[-_SUM.size :]
    # Otherwise it was not written to its end, and the checkpoint had not begun.
    if checksum == _SUM.pack(zlib.crc32(body)):
        _put_back(body, layout)
    layout.undo.unlink(missing_ok=True)


def _put_back(body: bytes, layout: Layout) -> None:
    with layout.database.open("r+b") as file:
        if file.read(_HEADERS_BYTES) != body[:_HEADERS_BYTES]:
            # The checkpoint was done: it ends with a new header.
            return
        position = _HEADERS_BYTES
        while position < len(body):
            offset, size_bytes = _PLACE.unpack_from(body, position)
            position += _PLACE.size
            file.seek(offset)
            file.write(body[position : position + size_bytes])
            position += size_bytes
        file.flush()
        os.fsync(file.fileno())

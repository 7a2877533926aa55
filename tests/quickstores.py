"""Stores at less than half the cost: an empty database is made once and copied, and no one merges what is read by no one.

Making one takes longer than most tests. The tests of the store itself make theirs (``tests/store/conftest.py``), as do
all processes that tests start.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from nbtrack.store import database, schema
from nbtrack.store.layout import Layout

_make: Callable[[Layout], None] = database._create
_made: dict[tuple[object, str], bytes] = {}


def create(layout: Layout) -> None:
    """Put an empty database where a new store needs it, in place of ``database._create``."""
    layout.database.with_name("copied").write_bytes(empty())
    layout.database.with_name("copied").replace(layout.database)


def empty() -> bytes:
    """Return an empty database as it is made now: tests may have other migrations."""
    kind = (schema.MIGRATIONS, schema.STORAGE_VERSION)
    if kind not in _made:
        with tempfile.TemporaryDirectory() as folder:
            layout = Layout(Path(folder))
            _make(layout)
            _made[kind] = layout.database.read_bytes()
    return _made[kind]


def forget_pending() -> None:
    """Have every open store of this process close without a last merge: what a test did not read, no one will."""
    from nbtrack.store import store

    for one in store._stores.values():
        one._merge = lambda timeout_s: True  # type: ignore[method-assign]

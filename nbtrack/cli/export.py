"""``export``: the runs as a file."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from nbtrack.cli.output import tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.store import export as files
from nbtrack.widgets.format import count


def export(found: Namespace) -> int:
    """Write the runs to a file."""
    store = existing_store(found)
    path = Path(found.path).expanduser()
    written = files.export(store, path, where=found.where, file_format=found.format, force=found.force)
    print(f"{count(written, 'run')} written to {path}")
    tell_notices(store)
    return 0

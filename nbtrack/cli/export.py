"""``export``: the runs as a file, or what one run depends on as a notebook or script."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from nbtrack.cli.listing import named_run
from nbtrack.cli.output import tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.errors import InputError
from nbtrack.replay.exporting import export as slices
from nbtrack.store import export as files
from nbtrack.widgets.format import count


def export(found: Namespace) -> int:
    """Write the runs, or what one depends on, to a file."""
    store = existing_store(found)
    path = Path(found.path).expanduser()
    if found.format is None and path.suffix.lower() in slices.SUFFIXES:
        if found.where:
            raise InputError("--where chooses among all runs; a notebook or script is of one: nbtrack export RUN PATH.")
        record = named_run(store, found.run)
        slices.export(record.info.run_id, path, overwrite=found.force)
        print(f"what {record.info.run_name} ({record.info.run_id[:8]}) depends on is written to {path}")
        tell_notices(store)
        return 0
    if found.run is not None:
        raise InputError(f"one run goes to a path in {' or '.join(slices.SUFFIXES)}, not to {path.name!r}.")
    written = files.export(store, path, where=found.where, file_format=found.format, force=found.force)
    print(f"{count(written, 'run')} written to {path}")
    tell_notices(store)
    return 0

"""``export``: the runs as a file or page, or what one run depends on as a notebook or script."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from nbtrack.cli.listing import named_run
from nbtrack.cli.output import tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.errors import InputError
from nbtrack.replay.exporting import export as slices
from nbtrack.store import export as files
from nbtrack.store.store import Store
from nbtrack.widgets.format import count, size
from nbtrack.widgets.page import write as pages


def export(found: Namespace) -> int:
    """Write the runs, or what one depends on, to a file."""
    store = existing_store(found)
    path = Path(found.path).expanduser()
    if found.format == pages.FORMAT or (found.format is None and path.suffix.lower() in pages.SUFFIXES):
        return _export_page(found, store, path)
    if found.runs or found.limit is not None:
        raise InputError("--runs and --limit are for a page of runs: nbtrack export html runs.html --runs A B.")
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


def _export_page(found: Namespace, store: Store, path: Path) -> int:
    # As in: nbtrack export html runs.html, and: nbtrack export baseline baseline.html.
    named = [] if found.run in (None, pages.FORMAT) else [found.run]
    limit = pages.LIMIT if found.limit is None else found.limit
    written = pages.write_page(
        store, path, runs=[*named, *found.runs], where=found.where, limit=limit, force=found.force
    )
    print(f"{written.words} written to {path} ({size(written.size_bytes)})")
    if written.runs < written.total:
        print(f"--limit {written.total} writes all of them, --where chooses among them")
    tell_notices(store)
    return 0

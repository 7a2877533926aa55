"""``gc`` and ``version``."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

import nbtrack
from nbtrack.cli.output import print_json, tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.store import maintenance
from nbtrack.store.maintenance import GcReport
from nbtrack.widgets.format import count, size

_NOUNS = {
    "runs": "run",
    "experiments": "experiment",
    "points": "metric point",
    "executions": "cell execution",
    "sources": "source text",
    "environments": "environment",
    "generator_states": "generator state",
    "artifacts": "artifact file",
    "backups": "old backup",
    "leftovers": "half-written file",
}


def gc(found: Namespace) -> int:
    """Remove what was deleted, for good."""
    store = existing_store(found)
    report = maintenance.gc(store, dry_run=found.dry_run)
    if found.json:
        print_json(asdict(report))
    else:
        _print(report)
    tell_notices(store)
    return 0


def _print(report: GcReport) -> None:
    parts = [count(getattr(report, field), noun) for field, noun in _NOUNS.items() if getattr(report, field)]
    if parts:
        print(f"{'would remove' if report.dry_run else 'removed'} {', '.join(parts)}: {size(report.freed_bytes)} freed")
    else:
        print("nothing to remove")
    if report.still_running:
        print(f"{count(report.still_running, 'deleted run')} kept: still running")


def version(found: Namespace) -> int:
    """Print nbtrack's version."""
    if found.json:
        print_json({"nbtrack": nbtrack.__version__})
    else:
        print(f"nbtrack {nbtrack.__version__}")
    return 0

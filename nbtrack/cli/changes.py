"""``tag``, ``note``, ``delete`` and ``restore``: words on runs, and tidying up."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from nbtrack.capture.options import read_tags
from nbtrack.cli.output import tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.records import RunRecord
from nbtrack.store.store import Store


def tag(found: Namespace) -> int:
    """Set tags on a run; an empty value takes a tag away."""
    tags: dict[str, str | None] = {key: value or None for key, value in read_tags(found.tags).items()}
    return _change(found, [found.run], {"t": "tags", "v": tags}, "tagged")


def note(found: Namespace) -> int:
    """Set a run's note; an empty text takes it away."""
    return _change(found, [found.run], {"t": "note", "text": " ".join(found.text)}, "noted")


def delete(found: Namespace) -> int:
    """Mark runs as deleted; ``gc`` removes them for good."""
    return _change(found, found.run, {"t": "stage", "stage": "deleted"}, "deleted")


def restore(found: Namespace) -> int:
    """Bring deleted runs back."""
    return _change(found, found.run, {"t": "stage", "stage": "active"}, "restored")


def _change(found: Namespace, references: list[str], event: dict[str, Any], done: str) -> int:
    store = existing_store(found)
    # All of them are found before the first is changed: a typing error changes nothing.
    records = store.each_run(references, unique=True)
    for record in records:
        store.append_event({**event, "run": record.info.run_id})
    store.flush()
    _report(store, records, done)
    return 0


def _report(store: Store, records: list[RunRecord], done: str) -> None:
    for record in records:
        print(f"{done} {record.info.run_name} ({record.info.run_id[:8]})")
    tell_notices(store)

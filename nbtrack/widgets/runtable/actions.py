"""What can be done with the runs that are selected in a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nbtrack.errors import InputError
from nbtrack.provenance.difference import compared
from nbtrack.store.store import Store
from nbtrack.widgets import detail, html
from nbtrack.widgets.format import count

_SHORT = 8


def show(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything about a run as HTML."""
    del message
    record = store.run(ids[0])
    history, children = store.history(ids[0]), store.children(ids[0])
    return {"title": record.info.run_name, "html": detail.run_html(record, history, children, time.time())}


def compare(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs between runs as HTML; the first one selected is what the others are compared with."""
    del message
    if len(ids) < 2:
        raise InputError("one run is nothing to compare; select two or more.")
    found = compared([store.run(run_id) for run_id in ids])
    names = ", ".join(info.run_name for info in found.runs[:4]) + (", …" if len(found.runs) > 4 else "")
    return {"title": f"compared: {names}", "html": str(html.el("pre", html.verbatim(str(found))))}


def tag(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Set a tag, ``key=value``; an empty value takes it away."""
    text = str(message.get("text", ""))
    key, equals, value = (part.strip() for part in text.partition("="))
    if not key:
        raise InputError("a tag is a name, or a name and a value as stage=candidate.")
    tags = {key: None if equals and not value else value}
    for run_id in ids:
        store.append_event({"t": "tags", "run": run_id, "v": tags})
    return {"said": f"tag set on {count(len(ids), 'run')}"}


def note(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Put a note on runs."""
    for run_id in ids:
        store.append_event({"t": "note", "run": run_id, "text": str(message.get("text", ""))})
    return {"said": f"note set on {count(len(ids), 'run')}"}


def archive(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Mark runs as deleted."""
    del message
    for run_id in ids:
        store.append_event({"t": "stage", "run": run_id, "stage": "deleted"})
    return {"said": f"{count(len(ids), 'run')} archived; %nbtrack restore {ids[0][:_SHORT]} brings one back"}


def restore(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Bring deleted runs back."""
    del message
    for run_id in ids:
        store.append_event({"t": "stage", "run": run_id, "stage": "active"})
    return {"said": f"{count(len(ids), 'run')} restored"}


ACTIONS: dict[str, Callable[[Store, Sequence[str], Mapping[str, Any]], dict[str, Any]]] = {
    "show": show,
    "compare": compare,
    "tag": tag,
    "note": note,
    "archive": archive,
    "restore": restore,
}
"""What the table's buttons do, by name."""

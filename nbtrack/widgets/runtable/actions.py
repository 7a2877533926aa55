"""What can be done with the runs that are selected in a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nbtrack.errors import InputError
from nbtrack.store import curves as store_curves
from nbtrack.store import frames, grid
from nbtrack.store.handle import Run
from nbtrack.store.store import Store
from nbtrack.widgets.charts.bars import bars
from nbtrack.widgets.charts.curves import chart as curves_of
from nbtrack.widgets.compared.view import comparison_html
from nbtrack.widgets.detail.view import detail_html
from nbtrack.widgets.format import count

_SHORT = 8
# More lines in one picture are not told apart.
_MOST_DRAWN = 20
_MOST_COMPARED = 12


def show(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything about a run as HTML."""
    del message
    record = store.run(ids[0])
    return {"title": record.info.run_name, "html": detail_html(record, store)}


def compare(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs between runs as HTML; the first one selected is what the others are compared with."""
    del message
    if len(ids) < 2:
        raise InputError("one run is nothing to compare; select two or more.")
    records = store.each_run(ids[:_MOST_COMPARED])
    title = f"compared: {_named([record.info.run_name for record in records], len(ids))}"
    return {"title": title, "html": comparison_html(records, store)}


def chart(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the curves of runs as a picture; of metrics that have one value each, bars."""
    del message
    runs = [Run(record, store) for record in store.each_run(ids[:_MOST_DRAWN])]
    sizes = store.read(lambda connection: store_curves.sizes(connection, list(ids[:_MOST_DRAWN])))
    if not sizes:
        raise InputError("the runs have no metrics to draw.")
    drawn = curves_of(runs) if any(size.points > 1 for size in sizes) else bars(runs=runs)
    title = f"chart: {_named([run.info.run_name for run in runs], len(ids))}"
    return {"title": title, "html": drawn.static_html()}


def export(store: Store, ids: Sequence[str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return runs as a CSV file for the browser to keep."""
    del message
    frame = store.read(lambda connection: frames.runs_frame(connection, grid.numbers_in_order(connection, ids)))
    content = frame.to_csv(index=False).encode("utf-8", "replace")
    return {
        "file": {"name": "runs.csv", "type": "text/csv;charset=utf-8"},
        "bits": content,
        "said": f"{count(len(frame), 'run')} exported",
    }


def _named(names: Sequence[str], total: int, most: int = 4) -> str:
    rest = total - min(len(names), most)
    return ", ".join(names[:most]) + (f" and {rest} more" if rest else "")


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
    "chart": chart,
    "tag": tag,
    "note": note,
    "export": export,
    "archive": archive,
    "restore": restore,
}
"""What the table's buttons do, by name."""

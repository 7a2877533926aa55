"""``note``, ``tag``, ``delete``, ``restore``, ``seed``, ``experiment`` and ``export``: verbs that change or write."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from nbtrack.capture.experiment import current_experiment, set_experiment
from nbtrack.capture.fluent import delete_run, restore_run
from nbtrack.capture.options import read_tags
from nbtrack.capture.seeds import check_seed, seed_everything
from nbtrack.errors import OptionError
from nbtrack.magics.common import chosen, named, say
from nbtrack.records import RunRecord
from nbtrack.replay.exporting.export import SUFFIXES
from nbtrack.replay.exporting.export import export as export_slice
from nbtrack.store import export as export_runs
from nbtrack.store.reading import current_store
from nbtrack.widgets.format import count, size
from nbtrack.widgets.page import write as pages


def note(found: Namespace, shell: Any) -> str:
    """Put a note on a run, the latest one unless --run names another."""
    del shell
    record = chosen(found.run)
    _change(record, {"t": "note", "text": " ".join(found.text)})
    return say(f"note set on {named(record)}")


def note_options(parser: ArgumentParser) -> None:
    """Accept what :func:`note` takes."""
    _run_option(parser)
    parser.add_argument("text", nargs="+")


def tag(found: Namespace, shell: Any) -> str:
    """Set tags on a run, the latest one unless --run names another."""
    del shell
    record = chosen(found.run)
    tags: dict[str, str | None] = {**read_tags(text for text in found.tags if not text.endswith("="))}
    tags |= {text[:-1]: None for text in found.tags if text.endswith("=")}
    _change(record, {"t": "tags", "v": tags})
    return say(f"tags set on {named(record)}")


def tag_options(parser: ArgumentParser) -> None:
    """Accept what :func:`tag` takes."""
    _run_option(parser)
    parser.add_argument("tags", nargs="+", metavar="k=v", help="an empty value takes the tag away")


def _run_option(parser: ArgumentParser) -> None:
    parser.add_argument("--run", "-r", metavar="RUN", help="id, its beginning, or name; default the latest run")


def delete(found: Namespace, shell: Any) -> str:
    """Delete runs; restore brings them back."""
    del shell
    for run in found.run:
        delete_run(run)
    return say(f"deleted {', '.join(found.run)}; bring back with %nbtrack restore")


def restore(found: Namespace, shell: Any) -> str:
    """Bring deleted runs back."""
    del shell
    for run in found.run:
        restore_run(run)
    return say(f"restored {', '.join(found.run)}")


def seed(found: Namespace, shell: Any) -> str:
    """Seed random, NumPy and PyTorch."""
    del shell
    return say(f"seeded with {seed_everything(check_seed(found.seed))}")


def seed_options(parser: ArgumentParser) -> None:
    """Accept what :func:`seed` takes."""
    parser.add_argument("seed", help="0 to 4294967295")


def experiment(found: Namespace, shell: Any) -> str:
    """Set the experiment of the runs that follow, or say which it is."""
    if found.name:
        set_experiment(found.name)
    return say(f"experiment {current_experiment(shell.user_ns)}")


def experiment_options(parser: ArgumentParser) -> None:
    """Accept what :func:`experiment` takes."""
    parser.add_argument("name", nargs="?")


def export(found: Namespace, shell: Any) -> str:
    """Write the runs to a file: csv, json, parquet, html; or what one run depends on: ipynb or py."""
    del shell
    words = [found.path, *found.where]
    if Path(found.path).suffix.lower() in pages.SUFFIXES:
        limit = pages.LIMIT if found.limit is None else found.limit
        where = " ".join(found.where)
        page = pages.write_page(
            current_store(), Path(found.path), runs=found.runs, where=where, limit=limit, force=found.force
        )
        return say(f"{page.words} written to {found.path} ({size(page.size_bytes)})")
    if found.runs or found.limit is not None:
        raise OptionError("--runs and --limit are for a page of runs: %nbtrack export runs.html --runs A B.")
    path = Path(words[-1])
    if path.suffix.lower() in SUFFIXES:
        if len(words) > 2:
            raise OptionError("accepted: %nbtrack export [RUN] PATH, where PATH ends in .ipynb or .py.")
        record = chosen(words[0] if len(words) > 1 else None)
        written = export_slice(record.info.run_id, path, overwrite=found.force)
        return say(f"what {named(record)} depends on is written to {written}")
    path = Path(found.path)
    exported = export_runs.export(current_store(), path, where=" ".join(found.where), force=found.force)
    return say(f"{count(exported, 'run')} written to {path}")


def export_options(parser: ArgumentParser) -> None:
    """Accept what :func:`export` takes."""
    add = parser.add_argument
    add("path", help="ends in .csv, .json, .parquet or .html; RUN PATH where it ends in .ipynb or .py")
    add("where", nargs="*", help="a filter")
    add("--runs", nargs="+", default=[], metavar="RUN", help="for .html: these, and how they differ")
    add("--limit", "-n", type=int, metavar="N", help="for .html: at most so many runs; default 50")
    add("--force", action="store_true", help="replace an existing file")


def _change(record: RunRecord, event: dict[str, Any]) -> None:
    current_store().append_event({**event, "run": record.info.run_id})

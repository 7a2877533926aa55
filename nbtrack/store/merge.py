"""Folding every process's journals into the database: exactly once, by whoever gets the lock.

The marks, how far each journal is read, are written in the transaction that writes what was read. Files are deleted
after the commit that covers them; marks of files that are gone are deleted by the next merge.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from nbtrack.errors import StoreError
from nbtrack.store import database, fold, provenance_tables, schema, series, tables, tails
from nbtrack.store.changes import Changes
from nbtrack.store.layout import Layout
from nbtrack.store.locks import StoreLock
from nbtrack.store.tables import fetch
from nbtrack.store.tails import LIFE_PART, Tail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Phase = Literal["open", "transaction", "commit", "close", "unlink", "done"]


def _no_watch(phase: Phase) -> None:
    """Do nothing; tests put a function here that kills the process in a phase of their choice."""


watch: Callable[[Phase], None] = _no_watch


def merge(
    layout: Layout,
    lock: StoreLock,
    *,
    timeout_s: float,
    database_timeout_s: float = 5.0,
    tell: Callable[[str], None] = lambda _: None,
) -> bool:
    """Fold all journals into the database.

    Parameters
    ----------
    layout : Layout
    lock : StoreLock
    timeout_s : float
        How long to wait for the lock.
    database_timeout_s : float
        How long to wait for another tool that holds the database.
    tell : callable
        Takes plain sentences for the user.

    Returns
    -------
    bool
        False when the lock was not to be had.

    Raises
    ------
    StoreError
        The database cannot be opened or written, or is of a newer version; the journals are as they were.
    """
    with lock.exclusive(timeout_s) as held:
        if not held:
            return False
        while not _merge_once(layout, lock.by_flock, database_timeout_s, tell):
            pass
    return True


def _merge_once(layout: Layout, by_flock: bool, timeout_s: float, tell: Callable[[str], None]) -> bool:
    import duckdb

    def work(connection: DuckDBPyConnection) -> tuple[list[Tail], bool]:
        schema.upgrade(connection, layout)
        found = _Merge(connection, layout, by_flock).run()
        watch("close")
        return found

    watch("open")
    try:
        found, complete = database.call(layout, work, read_only=False, timeout_s=timeout_s)
    except duckdb.Error as error:
        raise database.explained(error, layout) from error
    except OSError as error:
        raise StoreError(f"the journals could not be merged ({error}); they are kept as they are.") from error
    watch("unlink")
    # Only after the commit that covered them. What cannot be deleted now (on Windows, while it is open) is later.
    for tail in found:
        for file in tail.done:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
        if tail.broken:
            tell(_notice(layout, tail))
    _note_merged(layout, found)
    watch("done")
    return complete


class _Merge:
    """One merge, from the marks to the commit."""

    def __init__(self, connection: DuckDBPyConnection, layout: Layout, by_flock: bool) -> None:
        self.connection = connection
        self.layout = layout
        self.by_flock = by_flock
        self.now_us = time.time_ns() // 1000
        self.changes = Changes()
        self.marks: dict[tuple[str, int], int] = {}

    def run(self) -> tuple[list[Tail], bool]:
        found = fetch(self.connection, "select journal, part, position from base.marks")
        self.marks = {(journal, part): position for journal, part, position in found}
        now, complete = tails.read_tails(self.layout, self.marks, self.by_flock)
        if self.load(now):
            # A process may log to a run whose start stands in a journal that was read a moment before it was written.
            now, complete = tails.read_tails(self.layout, self.marks, self.by_flock)
            self.load(now)
        if self.load_orphans(now) or any(tail.moved for tail in now):
            watch("transaction")
            self.connection.execute("begin")
            self.write(now)
            watch("commit")
            self.connection.execute("commit")
        return now, complete

    def load(self, now: list[Tail]) -> bool:
        """Load the rows that events and points name; tell whether they name a run that never started."""
        series.load_series(self.connection, now)
        events = [event for tail in now for event in tail.events]
        run_ids = {str(event["run"]) for event in events if event.get("run")}
        run_ids |= {run_id for tail in now for run_id, _ in tail.series.values()}
        names = {str(event.get("name")) for event in events if str(event.get("t")).startswith("experiment")}
        names |= {str(event.get("experiment") or "Default") for event in events if event.get("t") == "run"}
        tables.load_named(self.connection, self.changes, run_ids, names)
        started = {str(event.get("run")) for event in events if event.get("t") == "run"}
        return bool(run_ids - started - set(self.changes.runs))

    def load_orphans(self, now: list[Tail]) -> bool:
        """Load the open runs of processes that are gone; tell whether there are any."""
        alive = [tail.journal for tail in now if not tail.gone]
        where = "status = 'running' and (owner is null or owner not in (select unnest(?::varchar[])))"
        tables.load_runs(self.connection, self.changes, where, alive)
        return any(row["status"] == "running" and row["owner"] not in alive for row in self.changes.runs.values())

    def write(self, now: list[Tail]) -> None:
        changes = self.changes
        fold.apply(changes, [(tail.journal, event) for tail in now for event in tail.events])
        self.note_signs_of_life(now)
        self.crash_orphans(now)
        tables.number_runs(self.connection, changes)
        run_ixs = {run_id: row["run_ix"] for run_id, row in changes.runs.items()}
        series.note_series(self.connection, now)
        batch = series.place(self.connection, now, run_ixs)
        with_new_points = series.write(self.connection, batch) if batch is not None else []
        self.set_aside(now)
        tables.write(self.connection, changes, with_new_points)
        provenance_tables.write(self.connection, changes)
        self.write_marks(now)

    def note_signs_of_life(self, now: list[Tail]) -> None:
        for tail in now:
            # One that lives was seen alive just now.
            latest = self.marks.get((tail.journal, LIFE_PART), 0) if tail.gone else self.now_us
            for event in tail.events:
                ts_us = event.get("ts")
                if isinstance(ts_us, int) and ts_us <= self.now_us:
                    latest = max(latest, ts_us)
            for records in tail.records:
                past = records["ts_us"][records["ts_us"] <= self.now_us]
                latest = max(latest, int(past.max()) if len(past) else 0)
            tail.marks[LIFE_PART] = latest

    def crash_orphans(self, now: list[Tail]) -> None:
        alive = {tail.journal for tail in now if not tail.gone}
        last_seen_us = {journal: position for (journal, part), position in self.marks.items() if part == LIFE_PART}
        last_seen_us |= {tail.journal: tail.marks[LIFE_PART] for tail in now}
        for run_id, row in self.changes.runs.items():
            if row["status"] == "running" and row["owner"] not in alive:
                fold.crash(row, last_seen_us.get(row["owner"], 0))
                self.changes.touched.add(run_id)

    def set_aside(self, now: list[Tail]) -> None:
        """Keep what could not be read, and name it."""
        for tail in now:
            for name, content in tail.broken.items():
                self.layout.set_aside.mkdir(exist_ok=True)
                file = self.layout.set_aside / f"{name}.{self.now_us}.bad"
                file.write_bytes(content)
                self.changes.problem(
                    f"{len(content)} bytes of {name} could not be read and were set aside as {file.name}; all else was "
                    "kept",
                    journal=tail.journal,
                    detail=str(file),
                )

    def write_marks(self, now: list[Tail]) -> None:
        """Replace the marks of the journals that are there, and drop those whose files are gone."""
        present = {tail.journal for tail in now}
        known = present | {journal for journal, _ in self.marks}
        for table, journals in (("marks", known), ("journal_series", known - present)):
            tables.delete(self.connection, table, "journal", "varchar", sorted(journals))
        parts = [
            {"journal": tail.journal, "part": part, "position": position}
            for tail in now
            for part, position in tail.marks.items()
        ]
        tables.insert(self.connection, "marks", {"journal": "varchar", "part": "integer", "position": "bigint"}, parts)


def _notice(layout: Layout, tail: Tail) -> str:
    size_bytes = sum(len(content) for content in tail.broken.values())
    return (
        f"a journal of the store was damaged: {size_bytes} bytes of {', '.join(tail.broken)} could not be read and are "
        f"kept in {layout.set_aside}. All else of it is in the store; nbtrack.sql('from problems') has the details."
    )


# --- the note of what is covered ------------------------------------------------------------------------------------


def _note_merged(layout: Layout, now: list[Tail]) -> None:
    """Note what was covered; only a hint, so a failure to write it costs a needless merge and nothing else."""
    note = {tail.journal: {str(part): end for part, end in tail.marks.items()} for tail in now if not tail.gone}
    hidden = layout.merged.with_name(f"{layout.merged.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        hidden.write_text(json.dumps(note), encoding="utf-8")
        hidden.replace(layout.merged)


def read_merged(layout: Layout) -> dict[str, dict[str, int]]:
    """Return what the last merge covered, as far as is known.

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    dict of str to dict of str to int
        Journal to part to position.
    """
    try:
        found = json.loads(layout.merged.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

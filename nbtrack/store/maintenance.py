"""Looking after a store: ``check`` finds what is wrong, ``gc`` removes for good what was deleted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.errors import StoreBusyError
from nbtrack.store import artifacts, compact, tails
from nbtrack.store.database import opened
from nbtrack.store.health import Finding, check
from nbtrack.store.layout import Layout
from nbtrack.store.selection import DELETED

if TYPE_CHECKING:
    import duckdb

    from nbtrack.store.store import Store

__all__ = ["Finding", "GcReport", "check", "gc"]

YOUNG_S = 3600.0
"""Files younger than this are left alone: a process may have written one and not yet said which run it belongs to."""
BACKUP_S = 7 * 24 * 3600.0
"""Backups of the database from before an upgrade are kept so long."""

_LOCK_TIMEOUT_S = 30.0
_HIDDEN = ".gone"
# A run that still runs would go on sending points that nobody could place.
_DOOMED = f"{DELETED} and status <> 'running'"
_DOOMED_IX = f"(select run_ix from base.runs where {_DOOMED})"  # noqa: S608 - ours
_EMPTY_EXPERIMENT = f"stage = 'deleted' and name not in (select experiment from base.runs where not ({_DOOMED}))"  # noqa: S608 - ours
# Cells go with the last run of their session, those of a run with it; a session that may still be under way keeps all,
# for a run to come may depend on them. Whoever writes its journal is alive.
_GONE_CELL = f"""
    session not in (select session from base.cell_executions where list_contains($live::varchar[], owner))
    and (session, sequence) not in (select session, sequence from base.slices where run_ix not in {_DOOMED_IX})
    and (
        coalesce(run_id in (select run_id from base.runs where {_DOOMED}), false)
        or session not in (
            select session from base.slices where run_ix not in {_DOOMED_IX}
            union all
            select session from base.cell_executions join base.runs using (run_id) where run_ix not in {_DOOMED_IX}
        )
    )
"""  # noqa: S608 - ours
_CODE_IN_USE = f"""
    select code from base.runs where not ({_DOOMED}) and code is not null
    union all
    select source from base.cell_executions where source is not null and not ({_GONE_CELL})
"""  # noqa: S608 - ours
_ENVIRONMENTS_IN_USE = f"select environment from base.runs where not ({_DOOMED}) and environment is not null"  # noqa: S608 - ours
_STATES_IN_USE = f"select hash from base.run_generators where run_ix not in {_DOOMED_IX}"  # noqa: S608 - ours
_UNSPOKEN = "not list_contains($spoken::varchar[], hash)"
# By table: what is kept by its hash and used by nobody. A run that names it may be about to start.
_UNUSED = {
    "sources": f"hash not in ({_CODE_IN_USE}) and {_UNSPOKEN}",
    "environments": f"hash not in ({_ENVIRONMENTS_IN_USE}) and {_UNSPOKEN}",
    "generator_states": f"hash not in ({_STATES_IN_USE}) and {_UNSPOKEN}",
}
_OF_RUNS = (
    "points",
    "series",
    "artifacts",
    "inputs",
    "hazards",
    "undecided_hazards",
    "slices",
    "run_generators",
    "verifications",
    "runs",
)


@dataclass(frozen=True, slots=True)
class GcReport:
    """What :func:`gc` removed, or would remove.

    Attributes
    ----------
    dry_run : bool
        Nothing was removed.
    runs, experiments, points, executions, sources, environments, generator_states : int
        Rows, for good.
    artifacts : int
        Files that no run has.
    backups : int
        Old copies of the database.
    leftovers : int
        Half-written files of processes that are gone.
    still_running : int
        Deleted runs that were kept because they are running.
    freed_bytes : int
        By how much less the store takes; of a dry run the files alone, for the database's share is known only after.
    """

    dry_run: bool
    runs: int = 0
    experiments: int = 0
    points: int = 0
    executions: int = 0
    sources: int = 0
    environments: int = 0
    generator_states: int = 0
    artifacts: int = 0
    backups: int = 0
    leftovers: int = 0
    still_running: int = 0
    freed_bytes: int = 0


def gc(store: Store, dry_run: bool = False) -> GcReport:
    """Remove for good the deleted runs and experiments with all they have, and files that no run has.

    Other processes may go on writing: their values wait in the journals meanwhile.

    Parameters
    ----------
    store : Store
    dry_run : bool
        Only count.

    Returns
    -------
    GcReport

    Raises
    ------
    StoreBusyError
        Other processes kept the store busy.
    StoreError
        The database cannot be opened.

    Examples
    --------
    >>> gc(store, dry_run=True).runs  # doctest: +SKIP
    3
    """
    if dry_run:
        with store.reading() as connection:
            counts, known = _survey(connection, *_spoken_of(store.layout))
        return _with_files(GcReport(dry_run=True, **counts), store.layout, known)
    # What was logged, restored or deleted until now must count.
    store.flush()
    with store.lock.exclusive(_LOCK_TIMEOUT_S) as held:
        if not held:
            raise StoreBusyError(
                f"the store {store.root} was in use for {_LOCK_TIMEOUT_S:.0f} s by other processes; try again."
            )
        return _collect(store.layout)


def _collect(layout: Layout) -> GcReport:
    before_bytes = _size_bytes(layout.database)
    with opened(layout, read_only=False, timeout_s=_LOCK_TIMEOUT_S) as connection:
        spoken, live = _spoken_of(layout)
        counts, known = _survey(connection, spoken, live)
        _delete_rows(connection, spoken, live)
    # Opened again: what was deleted is in the file by now, and not in a log that would go with the new file.
    with opened(layout, read_only=False, timeout_s=_LOCK_TIMEOUT_S) as connection:
        compact.compact(connection, layout)
    # Where little was deleted the file may even grow; the next runs use that room.
    freed_bytes = max(before_bytes - _size_bytes(layout.database), 0)
    _bring_back(layout, known)
    return _with_files(GcReport(dry_run=False, freed_bytes=freed_bytes, **counts), layout, known)


def _with_files(report: GcReport, layout: Layout, known: set[str]) -> GcReport:
    """Remove the files that nobody needs, and add them to the report."""
    freed_bytes = report.freed_bytes
    removed: dict[str, Any] = {}
    for kind, files in (
        ("artifacts", _unreferenced(layout, known)),
        ("backups", _backups(layout)),
        ("leftovers", _leftovers(layout)),
    ):
        sizes = [size for size in (_remove(file, report.dry_run, kind) for file in files) if size is not None]
        removed[kind] = len(sizes)
        freed_bytes += sum(sizes)
    return replace(report, freed_bytes=freed_bytes, **removed)


# --- rows -----------------------------------------------------------------------------------------------------------


def _survey(
    connection: duckdb.DuckDBPyConnection, spoken: list[str], live: list[str]
) -> tuple[dict[str, int], set[str]]:
    """Count what is to go, and name the artifacts that stay."""

    def number(query: str) -> int:
        return int(connection.execute(query, _values(query, spoken, live)).fetchall()[0][0])

    kept = f"select distinct hash from base.artifacts where run_ix not in {_DOOMED_IX}"  # noqa: S608 - ours
    counts = {
        "runs": number(f"select count(*) from base.runs where {_DOOMED}"),  # noqa: S608
        "still_running": number(f"select count(*) from base.runs where {DELETED} and status = 'running'"),  # noqa: S608
        "points": number(f"select count(*) from base.points where run_ix in {_DOOMED_IX}"),  # noqa: S608
        "experiments": number(f"select count(*) from base.experiments where {_EMPTY_EXPERIMENT}"),  # noqa: S608
        "executions": number(f"select count(*) from base.cell_executions where {_GONE_CELL}"),  # noqa: S608
        **{table: number(f"select count(*) from base.{table} where {unused}") for table, unused in _UNUSED.items()},  # noqa: S608
    }
    return counts, {row[0] for row in connection.execute(kept).fetchall()}


def _delete_rows(connection: duckdb.DuckDBPyConnection, spoken: list[str], live: list[str]) -> None:
    connection.execute("begin")
    try:
        for table, gone in (*_UNUSED.items(), ("cell_executions", _GONE_CELL)):
            query = f"delete from base.{table} where {gone}"  # noqa: S608 - ours
            connection.execute(query, _values(query, spoken, live))
        connection.execute(
            f"create temp table doomed as select run_ix, run_id from base.runs where {_DOOMED}"  # noqa: S608
        )
        connection.execute("delete from base.problems where run_id in (select run_id from doomed)")
        for table in _OF_RUNS:
            connection.execute(f"delete from base.{table} where run_ix in (select run_ix from doomed)")  # noqa: S608
        # After the runs: an experiment goes with its last one.
        connection.execute(f"delete from base.experiments where {_EMPTY_EXPERIMENT}")  # noqa: S608
        connection.execute("drop table doomed")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _values(query: str, spoken: list[str], live: list[str]) -> dict[str, list[str]]:
    """Return the values for a query's names; DuckDB refuses more than it has."""
    return {name: values for name, values in (("spoken", spoken), ("live", live)) if f"${name}" in query}


def _spoken_of(layout: Layout) -> tuple[list[str], list[str]]:
    """Return the hashes of code, environments and states that journals speak of, and the journals.

    A run that names them may be about to start.
    """
    found, journals = set(), []
    for journal, _ in layout.segments():
        journals.append(journal)
        try:
            lines = layout.events(journal).read_bytes().split(b"\n")
        except FileNotFoundError:
            continue
        for line in lines:
            event = tails.parse_line(line) if b'"hash"' in line else None
            if event and event.get("t") in ("source", "environment", "generator_state"):
                found.add(str(event.get("hash")))
    return list(found), journals


# --- files ----------------------------------------------------------------------------------------------------------


def _bring_back(layout: Layout, known: set[str]) -> None:
    """Undo what a clean-up was at when it was killed, right where it looked again."""
    for file in layout.artifacts.glob(f"*/*{_HIDDEN}"):
        target = artifacts.file_of(layout.artifacts, file.name.partition(".")[0])
        if target.name in known and not target.exists():
            file.rename(target)


def _unreferenced(layout: Layout, known: set[str]) -> Iterator[Path]:
    for file in sorted(layout.artifacts.glob("*.part")):
        if _age_s(file) > YOUNG_S:
            yield file
    for file in sorted(layout.artifacts.glob("*/*")):
        if file.name not in known and _age_s(file) > YOUNG_S:
            yield file


def _backups(layout: Layout) -> Iterator[Path]:
    for file in sorted(layout.root.glob(f"{layout.database.name}.*.bak")):
        # The copy keeps the times of the original; when it was made is when its inode changed.
        if time.time() - max(file.stat().st_ctime, file.stat().st_mtime) > BACKUP_S:
            yield file


def _leftovers(layout: Layout) -> Iterator[Path]:
    """Give files of journals whose events are gone, or never came to be."""
    for pattern in ("*.spare", "*.new", "*.owner", "*.probe", ".flock-*"):
        for file in sorted(layout.journals.glob(pattern)):
            if not layout.events(file.name.partition(".")[0]).exists() and _age_s(file) > YOUNG_S:
                yield file


def _remove(file: Path, dry_run: bool, kind: str) -> int | None:
    """Remove a file; gives its size, or None where it is not to be removed after all."""
    try:
        size = file.stat().st_size
        if dry_run:
            return size
        if kind != "artifacts":
            file.unlink()
            return size
        # Out of sight first, then asked again: a process that logs the same content just now makes it young, and
        # after the move it finds nothing and writes its own copy.
        hidden = file.with_name(f"{file.name}.{os.getpid()}{_HIDDEN}")
        file.rename(hidden)
        if _age_s(hidden) <= YOUNG_S:
            hidden.replace(file)
            return None
        hidden.unlink()
    except FileNotFoundError:
        return None
    return size


def _age_s(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size_bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0

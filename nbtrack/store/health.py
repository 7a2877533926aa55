"""What ``nbtrack doctor`` looks at in a store: findings, each with what to do. Nothing is changed."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nbtrack.errors import StoreBusyError, StoreError
from nbtrack.store import artifacts, points
from nbtrack.store.database import opened
from nbtrack.store.holders import flock_holders, owner_of
from nbtrack.store.layout import Layout
from nbtrack.store.locks import StoreLock, owner_is_gone, supports_flock
from nbtrack.store.merge import read_merged
from nbtrack.store.schema import MIGRATIONS, version_of
from nbtrack.store.tails import EVENTS_PART

if TYPE_CHECKING:
    import duckdb

Level = Literal["ok", "warn", "error"]

_LEAST_DUCKDB = (1, 5, 3)
_LOW_DISK_BYTES = 200 << 20
_TIMEOUT_S = 5.0
_LISTED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    level : str
        ``ok``, ``warn`` or ``error``.
    what : str
        What was found, in plain words.
    remedy : str
        What to do; empty where nothing need be done.
    """

    level: Level
    what: str
    remedy: str = ""


def check(store_root: Path) -> list[Finding]:
    """Look a store over.

    Parameters
    ----------
    store_root : Path
        The store's folder.

    Returns
    -------
    list of Finding
        Never empty; in the order in which one would look.

    Examples
    --------
    >>> [finding.what for finding in check(root) if finding.level != "ok"]  # doctest: +SKIP
    []
    """
    layout = Layout(Path(store_root))
    duck = _duckdb()
    if not layout.root.is_dir():
        return [Finding("warn", f"there is no store at {layout.root}", "it is made by the first run tracked"), duck]
    writable = _folder(layout)
    by_flock = writable.level != "error" and layout.journals.is_dir() and supports_flock(layout.journals)
    by_flock = by_flock or (writable.level == "error" and os.name == "posix")
    findings = [writable, *_disk(layout), duck]
    if writable.level != "error":
        findings.append(_mode(layout, by_flock))
    findings += [*_locks(layout), *_journals(layout, by_flock), *_set_aside(layout)]
    if duck.level != "error":
        findings += _database(layout, by_flock)
    return [*findings, *_backups(layout)]


def _folder(layout: Layout) -> Finding:
    probe = layout.root / f"{uuid.uuid4().hex}.probe"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Finding(
            "error",
            f"the store {layout.root} cannot be written: {error.strerror}",
            "its runs can be read; new ones go to a store in your user data folder. Ask for write permission, or "
            "name another folder: nbtrack.set_store('/path/to/folder')",
        )
    return Finding("ok", f"the store {layout.root} can be written")


def _disk(layout: Layout) -> Iterator[Finding]:
    free = shutil.disk_usage(layout.root).free
    if free < _LOW_DISK_BYTES:
        yield Finding("warn", f"the disk has only {_size(free)} left", "free some space; nbtrack gc may help")


def _duckdb() -> Finding:
    try:
        import duckdb
    except ImportError as error:
        return Finding("error", f"DuckDB cannot be imported: {error}", "pip install --upgrade duckdb")
    version = tuple(int(part) for part in duckdb.__version__.split(".")[:3] if part.isdecimal())
    if version < _LEAST_DUCKDB:
        needed = ".".join(map(str, _LEAST_DUCKDB))
        return Finding("error", f"DuckDB is {duckdb.__version__}; nbtrack needs {needed}", "pip install -U duckdb")
    return Finding("ok", f"DuckDB {duckdb.__version__}")


def _mode(layout: Layout, by_flock: bool) -> Finding:
    if by_flock and hasattr(os, "posix_fallocate"):
        return Finding("ok", "values are written through a memory map, locks are flock (mmap+flock)")
    return Finding(
        "warn",
        f"the folder {layout.root} has no flock: values are appended and locks are files (append+lockfile), "
        "which is slower",
        "where that matters, put the store on a local disk: nbtrack.set_store('/local/folder')",
    )


def _locks(layout: Layout) -> Iterator[Finding]:
    for file, use in ((layout.lock, "is merging or reading"), (layout.gate, "is about to merge or read")):
        pids = flock_holders(file)
        if pids:
            yield Finding("ok", f"{_processes(pids)} {use} the store right now")
    owner = owner_of(layout.lock.with_suffix(".owner"))
    if owner:
        yield Finding("ok", f"{owner} holds the lock file right now")


def _journals(layout: Layout, by_flock: bool) -> Iterator[Finding]:
    """Say whose journals there are, and how much of them waits to be merged."""
    merged = read_merged(layout)
    alive, owners, gone, events_bytes, waiting_points = 0, set[str](), 0, 0, 0
    for journal, numbers in layout.segments():
        file = layout.events(journal)
        if _is_gone(layout, journal, by_flock):
            gone += 1
        else:
            alive += 1
            owners |= {f"process {pid}" for pid in flock_holders(file)}
            owners |= {owner for owner in [owner_of(file.with_suffix(".owner"))] if owner}
        known = merged.get(journal, {})
        events_bytes += max(_size_of(file) - known.get(str(EVENTS_PART), 0), 0)
        for number in numbers:
            waiting_points += _waiting(layout.points(journal, number), known.get(str(number), 0))
    if not alive and not gone:
        yield Finding("ok", "no journal: everything is in the database")
        return
    whose = f" ({', '.join(sorted(owners))})" if owners else ""
    parts = [f"{alive} of running processes{whose}"] if alive else []
    parts += [f"{gone} of processes that are gone"] if gone else []
    waiting = f"{_size(events_bytes)} of events and {waiting_points:,} points wait to be merged"
    if not events_bytes and not waiting_points:
        waiting = "nothing waits to be merged"
    remedy = "the next read merges what is left of them, as: nbtrack ls" if gone else ""
    yield Finding("ok", f"journals: {', '.join(parts)}; {waiting}", remedy)


def _is_gone(layout: Layout, journal: str, by_flock: bool) -> bool:
    file = layout.events(journal)
    if by_flock and file.exists() and not os.access(file, os.R_OK | os.W_OK):
        # Whoever may not write it cannot ask for its lock.
        return False
    return owner_is_gone(file, by_flock)


def _waiting(file: Path, start: int) -> int:
    try:
        return int(points.good(points.read(file, start)).sum())
    except FileNotFoundError:
        return 0


def _set_aside(layout: Layout) -> Iterator[Finding]:
    found = sorted(layout.set_aside.glob("*")) if layout.set_aside.is_dir() else []
    if found:
        size = _size(sum(_size_of(file) for file in found))
        yield Finding(
            "warn",
            f"{len(found)} damaged parts of journals ({size}) were set aside in {layout.set_aside}; all else was kept",
            "see what they were with nbtrack sql 'from problems'; delete the files when you do not need them",
        )


def _backups(layout: Layout) -> Iterator[Finding]:
    found = sorted(layout.root.glob(f"{layout.database.name}.*.bak"))
    if found:
        size = _size(sum(_size_of(file) for file in found))
        names = ", ".join(file.name for file in found)
        yield Finding(
            "ok", f"{size} of copies from before an upgrade: {names}", "nbtrack gc removes those of a week ago"
        )


# --- the database ---------------------------------------------------------------------------------------------------


def _database(layout: Layout, by_flock: bool) -> list[Finding]:
    if not layout.database.exists():
        return [Finding("ok", "no database yet: the first read makes it from the journals")]
    with StoreLock(layout, by_flock).shared(_TIMEOUT_S) as held:
        if not held:
            return [Finding("warn", "the store is being merged; the database was not looked at", "try again")]
        if layout.undo.exists():
            what = f"a process was killed while it wrote {layout.database}"
            return [Finding("warn", what, "nothing is lost: the next read puts it right, as nbtrack runs does")]
        try:
            with opened(layout, read_only=True, timeout_s=_TIMEOUT_S) as connection:
                version = _version(connection)
                if version.level == "error":
                    return [version]
                return [
                    version,
                    *_runs(connection, layout, by_flock),
                    *_artifacts(connection, layout),
                    *_problems(connection),
                ]
        except StoreBusyError as error:
            return [Finding("warn", str(error), "close the program that holds the database, or wait for it to end")]
        except StoreError as error:
            return [Finding("error", str(error), "until then values are kept in the journals")]


def _version(connection: duckdb.DuckDBPyConnection) -> Finding:
    version, ours = version_of(connection), len(MIGRATIONS)
    if version > ours:
        remedy = "pip install --upgrade nbtrack"
        return Finding("error", f"the store is of version {version}, and this nbtrack knows up to {ours}", remedy)
    if version < ours:
        what = f"the store is of version {version}, and this nbtrack writes {ours}"
        return Finding("error" if version == 0 else "warn", what, "the next read upgrades it, and keeps a copy")
    return Finding("ok", f"the store is of version {version}, as this nbtrack writes")


def _runs(connection: duckdb.DuckDBPyConnection, layout: Layout, by_flock: bool) -> Iterator[Finding]:
    total, deleted = connection.execute(
        "select count(*), count(*) filter (stage = 'deleted') from base.runs"
    ).fetchall()[0]
    remedy = "nbtrack gc removes the deleted ones for good" if deleted else ""
    yield Finding("ok", f"{total:,} runs, {deleted:,} of them deleted", remedy)
    running = connection.execute(
        "select name, run_id, owner from base.runs where status = 'running' order by start_us desc"
    ).fetchall()
    orphans = [row for row in running if row[2] is None or _is_gone(layout, row[2], by_flock)]
    living = [row for row in running if row not in orphans]
    if living:
        yield Finding(
            "ok", f"{len(living)} running: {_listed([f'{name} ({run_id[:8]})' for name, run_id, _ in living])}"
        )
    if orphans:
        names = _listed([f"{name} ({run_id[:8]})" for name, run_id, _ in orphans])
        what = f"{len(orphans)} runs are marked as running, but their process is gone: {names}"
        yield Finding("warn", what, "the next read marks them as crashed: nbtrack ls")


def _artifacts(connection: duckdb.DuckDBPyConnection, layout: Layout) -> Iterator[Finding]:
    rows = connection.execute(
        "select hash, any_value(size_bytes), min(name || ': ' || path) "
        "from base.artifacts join base.runs using (run_ix) group by hash"
    ).fetchall()
    missing, damaged = [], []
    for digest, size_bytes, where in rows:
        try:
            if artifacts.file_of(layout.artifacts, digest).stat().st_size != size_bytes:
                damaged.append(where)
        except OSError:
            missing.append(where)
    known = {row[0] for row in rows}
    extra = [file for file in layout.artifacts.glob("*/*") if file.name not in known]
    if missing:
        what = f"the files of {len(missing)} artifacts are missing: {_listed(missing)}"
        yield Finding("error", what, f"put {layout.artifacts} back from a copy, or log them again")
    if damaged:
        what = f"the files of {len(damaged)} artifacts have another size than was logged: {_listed(damaged)}"
        yield Finding("error", what, f"put {layout.artifacts} back from a copy, or log them again")
    if not missing and not damaged:
        yield Finding("ok", f"{len(rows):,} artifact files, all there")
    if extra:
        size = _size(sum(_size_of(file) for file in extra))
        yield Finding(
            "ok", f"{len(extra)} artifact files ({size}) belong to no run", "nbtrack gc removes them after an hour"
        )


def _problems(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    texts = [row[0] for row in connection.execute("select text from base.problems order by ts_us desc").fetchall()]
    if texts:
        what = f"{len(texts)} problems were noted; the latest: {texts[0]}"
        yield Finding("warn", what, "see them all: nbtrack sql 'from problems order by time desc'")


# --- words ----------------------------------------------------------------------------------------------------------


def _processes(pids: list[int]) -> str:
    return f"process {pids[0]}" if len(pids) == 1 else f"processes {', '.join(map(str, pids))}"


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    return ", ".join(texts[:_LISTED]) + more


def _size(size_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0

"""What may happen to the world between a run and its replay."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playing import run_id

_LATER_S = 60.0


def rewrite(path: str, content: str) -> Callable[[], None]:
    """Another program writes a file."""

    def after() -> None:
        Path(path).write_text(content)
        # Later, as far as files can tell: a session takes no time at all here.
        later_s = time.time() + _LATER_S
        os.utime(path, (later_s, later_s))

    return after


def remove(path: str) -> Callable[[], None]:
    """Another program removes a file."""
    return lambda: Path(path).unlink()


def both(*changes: Callable[[], None]) -> Callable[[], None]:
    """Several things happen."""

    def after() -> None:
        for change in changes:
            change()

    return after


def grow(path: str) -> Callable[[], None]:
    """Another program adds a row to the table ``t`` of a database."""

    def after() -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("INSERT INTO t VALUES (5)")
        connection.close()

    return after


def forget(word: str, run: str = "T") -> Callable[[], None]:
    """The run's slice lacks the executions whose source holds a word."""

    def after() -> None:
        from nbtrack.store.references import recorded
        from nbtrack.store.verifications import correct_slice

        record, store = recorded(run_id(run))
        executions = record.provenance.slice
        kept = [execution for execution in executions if word not in (execution.source or "")]
        assert 0 < len(kept) < len(executions), (word, [execution.source for execution in executions])
        correct_slice(store, record, kept)

    return after


def installed(package: str, version: str) -> Callable[[], None]:
    """The runs were recorded with another version of a package."""

    def after() -> None:
        changed = _change_facts(lambda facts: facts["packages"].update({package: version}))
        assert changed, f"no run was recorded with {package}"

    return after


def _change_facts(change: Callable[[dict[str, Any]], None]) -> int:
    import duckdb

    import nbtrack
    from nbtrack.store import store as stores

    nbtrack.runs()
    stores.close_all()
    file = next(Path(".nbtrack").glob("*.duckdb"))
    with duckdb.connect(str(file)) as connection:
        rows = connection.execute("SELECT hash, facts FROM base.environments").fetchall()
        for key, text in rows:
            facts = json.loads(text)
            change(facts)
            connection.execute("UPDATE base.environments SET facts = ? WHERE hash = ?", [json.dumps(facts), key])
    return len(rows)

"""Finding the one run that is meant by an id, the id's beginning, or a name."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nbtrack.errors import InputError, RunNotFoundError

if TYPE_CHECKING:
    import duckdb

_MIN_PREFIX = 4
_LISTED = 5
_NEAR_POOL = 2000


def run_ix(connection: duckdb.DuckDBPyConnection, ref: str, *, unique: bool = False) -> int:
    """Return the number of the run that is meant.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    ref : str
        Full id, first four or more characters of one, or a name. Where active runs and deleted ones fit, an active
        one is meant; of several of the same name, the latest.
    unique : bool
        Do not choose between runs of the same name.

    Returns
    -------
    int

    Raises
    ------
    RunNotFoundError
        There is none, with near ones named; or more than one, with these named.
    InputError
        ``ref`` is no text.
    """
    if not isinstance(ref, str):
        raise InputError(f"the run is {ref!r}; accepted: its id, the beginning of its id, or its name, as text.")
    found = connection.execute(
        """
        select run_ix, run_id, name, experiment, start_us, stage from base.runs
        where run_id = $ref or name = $ref or (length($prefix) >= $least and starts_with(run_id, $prefix))
        order by start_us desc, run_ix desc
        """,
        {"ref": ref, "prefix": ref.strip().lower(), "least": _MIN_PREFIX},
    ).fetchall()
    whole = [row for row in found if row[1] == ref.strip().lower()]
    active = [row for row in found if row[5] == "active"]
    for fitting in (whole, active, found):
        if len(fitting) == 1:
            return int(fitting[0][0])
    if active and not unique and all(row[2] == ref for row in active):
        # A notebook that is run again names its runs again.
        return int(active[0][0])
    if found:
        fitting = active or found
        listed = "; ".join(_described(*row[1:5]) for row in fitting[:_LISTED])
        more = f"; and {len(fitting) - _LISTED} more" if len(fitting) > _LISTED else ""
        raise RunNotFoundError(
            f"{ref!r} means {len(fitting)} runs: {listed}{more}. Give more characters of the id of the one you mean."
        )
    raise RunNotFoundError(_not_found(connection, ref))


def _described(run_id: str, name: str, experiment: str, start_us: int) -> str:
    started = datetime.fromtimestamp(start_us / 1e6, UTC)
    return f"{name!r} {run_id[:8]} in {experiment!r}, started {started:%Y-%m-%d %H:%M:%S} UTC"


def _not_found(connection: duckdb.DuckDBPyConnection, ref: str) -> str:
    recent = connection.execute(
        "select run_id, name, experiment, start_us from base.runs where stage = 'active' "
        "order by start_us desc, run_ix desc limit ?",
        [_NEAR_POOL],
    ).fetchall()
    message = f"there is no run {ref!r}"
    if not recent:
        return f"{message}; the store has no runs yet."
    wanted = ref.strip().lower()
    if wanted and len(wanted) < _MIN_PREFIX and any(row[0].startswith(wanted) for row in recent):
        return f"{message}; give at least {_MIN_PREFIX} characters of an id, or a run's whole name."
    by_word = {word: row for row in reversed(recent) for word in (row[1].lower(), row[0][: max(len(wanted), 8)])}
    words = [word for word in by_word if wanted and wanted in word][:3]
    words += difflib.get_close_matches(wanted, by_word, n=3, cutoff=0.7)
    near = list(dict.fromkeys(by_word[word] for word in words))[:3]
    if near:
        return f"{message}. Near: {'; '.join(_described(*row) for row in near)}."
    return (
        f"{message}; accepted: an id, its first {_MIN_PREFIX} or more characters, or a run's name. The latest run is "
        f"{_described(*recent[0])}."
    )

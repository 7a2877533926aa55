"""The runs that user code means by names, ids, run objects, a table of runs, a filter, or nothing at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError, RunNotFoundError
from nbtrack.records import RunRecord
from nbtrack.store import lookup, query, rows
from nbtrack.store.handle import Run
from nbtrack.store.reading import current_store
from nbtrack.store.store import Store

if TYPE_CHECKING:
    import duckdb

_FILTER = re.compile(r"[=<>]|\b(like|ilike|in|is|not)\b", re.IGNORECASE)
_ACCEPTED = (
    "accepted: a run's name or id, a run as nbtrack.get_run gives it, a list of these, a filter as "
    "\"params.model = 'rf'\", a table as nbtrack.runs gives it, or nothing for the latest experiment"
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Runs, and the stores that they are in.

    Attributes
    ----------
    runs : tuple of (RunRecord, Store)
        In the order asked for; the oldest first where none was, so that a new run does not change the others' places.
    note : str
        What was left out, as a sentence; empty where nothing was.
    again : callable or None
        Of a filter or an experiment: returns the runs that it means now. None: the runs were named.
    """

    runs: tuple[tuple[RunRecord, Store], ...]
    note: str = ""
    again: Callable[[], Chosen] | None = field(default=None, compare=False)

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """The runs alone."""
        return tuple(record for record, _ in self.runs)

    def by_store(self) -> list[tuple[Store, list[str]]]:
        """Return each store with the ids of its runs."""
        found: dict[int, tuple[Store, list[str]]] = {}
        for record, store in self.runs:
            found.setdefault(id(store), (store, []))[1].append(record.info.run_id)
        return list(found.values())

    def renewed(self) -> Chosen:
        """Return the runs as their stores have them now; those that are gone are left out, and others may have come."""
        if self.again is not None:
            return self.again()
        known: dict[str, tuple[RunRecord, Store]] = {}
        for store, ids in self.by_store():
            for record in store.read_again(lambda connection, ids=ids: _still_there(connection, ids)):  # type: ignore[misc]
                known[record.info.run_id] = (record, store)
        ids_in_order = (record.info.run_id for record in self.records)
        return Chosen(tuple(known[run_id] for run_id in ids_in_order if run_id in known), self.note)


def chosen_runs(runs: Any = None, limit: int = 20) -> Chosen:
    """Return the runs that are meant.

    Parameters
    ----------
    runs : str, Run, RunRecord, ActiveRun, pandas.DataFrame, iterable of these, or None
        Text is a run's name, its id or the beginning of it, or else a filter. None: the experiment of the latest run.
    limit : int
        At most so many runs, the newest, of a filter or an experiment; runs that are named all count.

    Returns
    -------
    Chosen

    Raises
    ------
    RunNotFoundError
        There is no such run.
    InputError
        It is none of these, or no run fits.

    Examples
    --------
    >>> [record.info.run_name for record in chosen_runs("metrics.accuracy > 0.9").records]  # doctest: +SKIP
    ['baseline']
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InputError(f"limit is {limit!r}; accepted: a whole number from 1. Example: limit=50")
    if runs is None:
        return _latest_experiment(limit)
    if isinstance(runs, str):
        return _named_or_filtered(runs, limit)
    if hasattr(runs, "columns") and "run_id" in runs.columns:
        runs = list(runs["run_id"])
    if isinstance(runs, Iterable) and not isinstance(runs, (bytes, dict)):
        references = list(runs)
        if not references:
            raise InputError(f"the list of runs is empty; {_ACCEPTED}.")
        return _resolved(references)
    return _resolved([runs])


def _resolved(references: list[Any]) -> Chosen:
    where = [_place(reference) for reference in references]
    found: dict[str, tuple[RunRecord, Store]] = {}
    for store in {id(store): store for store, _ in where}.values():
        mine = [name for other, name in where if other is store]
        records = store.read(
            lambda connection, mine=mine: rows.records(connection, [lookup.run_ix(connection, name) for name in mine])  # type: ignore[misc]
        )
        found |= {name: (record, store) for name, record in zip(mine, records, strict=True)}
    unique = {found[name][0].info.run_id: found[name] for _, name in where}
    return Chosen(tuple(unique.values()))


def _place(reference: Any) -> tuple[Store, str]:
    if isinstance(reference, str):
        return current_store(), reference
    if isinstance(reference, RunRecord):
        return current_store(), reference.info.run_id
    if isinstance(reference, Run):
        return reference.store, reference.info.run_id
    store, run_id = getattr(reference, "store", None), getattr(reference, "run_id", None)
    if isinstance(store, Store) and isinstance(run_id, str):
        return store, run_id
    raise InputError(f"a run is asked for, not a {type(reference).__name__}; {_ACCEPTED}.")


def _named_or_filtered(text: str, limit: int) -> Chosen:
    try:
        return _resolved([text])
    except RunNotFoundError:
        if not _FILTER.search(text):
            raise
    found = _filtered(current_store(), text, limit)
    if not found.runs:
        raise InputError(f"no run fits the filter {text!r}. Example of one: \"params.model = 'rf'\"")
    return found


def _filtered(store: Store, text: str, limit: int) -> Chosen:
    records, total = _page(store, text, limit, None)
    return Chosen(
        _oldest_first(records, store), _left_out(len(records), total, ""), partial(_filtered, store, text, limit)
    )


def _page(store: Store, where: str, limit: int, experiment: str | None) -> tuple[list[RunRecord], int]:
    """Return the newest runs and how many there are, in one look: a chart that follows runs takes it often."""
    names = None if experiment is None else [experiment]

    def look(connection: duckdb.DuckDBPyConnection) -> tuple[list[RunRecord], int]:
        records = query.runs(connection, where, (), limit, 0, names)
        total = len(records) if len(records) < limit else query.count_runs(connection, where, names)
        return records, total

    return store.read(look)


def _latest_experiment(limit: int) -> Chosen:
    store = current_store()
    newest = store.runs(limit=1)
    if not newest:
        raise InputError("the store has no runs yet; put %%track on top of a cell and run it.")
    return _experiment(store, newest[0].info.experiment_name, limit)


def _experiment(store: Store, name: str, limit: int) -> Chosen:
    records, total = _page(store, "", limit, name)
    note = _left_out(len(records), total, f" of experiment {name!r}")
    return Chosen(_oldest_first(records, store), note, partial(_experiment, store, name, limit))


def _oldest_first(records: list[RunRecord], store: Store) -> tuple[tuple[RunRecord, Store], ...]:
    return tuple((record, store) for record in reversed(records))


def _left_out(shown: int, total: int, where: str) -> str:
    if shown >= total:
        return ""
    return f"The newest {shown:,} of {total:,} runs{where}; name those you want, or give limit={min(total, 5 * shown)}."


def _still_there(connection: duckdb.DuckDBPyConnection, ids: list[str]) -> list[RunRecord]:
    found = connection.execute(
        "select run_ix from base.runs where run_id in (select unnest(?::varchar[]))", [ids]
    ).fetchall()
    return rows.records(connection, [row[0] for row in found])

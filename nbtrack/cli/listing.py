"""``ls``, ``show``, ``hazards`` and ``sql``: reading the store."""

from __future__ import annotations

import csv
import sys
import time
from argparse import Namespace
from typing import Any

from nbtrack.cli.output import columns, print_json, print_rows, tell_notices
from nbtrack.cli.stores import existing_store
from nbtrack.errors import ExperimentNotFoundError, InputError, RunNotFoundError
from nbtrack.records import RunRecord
from nbtrack.report import hazard_facts, is_checked, plain, report, run_facts
from nbtrack.store.query import VIEWS
from nbtrack.store.query import sql as query_frame
from nbtrack.store.reading import count_replays, own_runs
from nbtrack.store.store import Store
from nbtrack.widgets import table
from nbtrack.widgets.detail.facts import gather
from nbtrack.widgets.detail.text import detail_text
from nbtrack.widgets.hazards import hazards_text

PAGE = 50

_EXPERIMENTS = """
    select e.name as experiment, count(r.run_id) as runs, max(r.start_time) as latest_run, e.experiment_id,
        e.lifecycle_stage, e.tags
    from experiments e left join runs r on r.experiment = e.name and r.lifecycle_stage = 'active'
    where e.lifecycle_stage = $stage
    group by all order by latest_run desc nulls last, experiment
"""


def ls(found: Namespace) -> int:
    """Print the run table, or the experiments."""
    store = existing_store(found)
    if found.experiments:
        _experiments(store, found)
    else:
        _runs(store, found)
    tell_notices(store)
    return 0


def _runs(store: Store, found: Namespace) -> None:
    experiments = _known_experiments(store, found.experiment)
    lifecycle = "deleted" if found.deleted else "active"
    # A reader of JSON wants what it asked for; a person wants a page.
    limit = found.limit if found.limit is not None or found.json else PAGE
    where = found.where if found.json else own_runs(found.where)
    records = store.runs(where, found.order_by, limit, 0, experiments, lifecycle)
    if found.json:
        print_json([run_facts(record) for record in records])
        return
    total = store.count_runs(where, experiments, lifecycle)
    replays = count_replays(store, found.where, experiments, lifecycle)
    print(table.runs_text(records, time.time(), total=total, width=columns(), replays=replays))


def _known_experiments(store: Store, names: list[str]) -> list[str] | None:
    """Return the names, refusing what would silently give an empty table."""
    if not names:
        return None
    known = [experiment.name for experiment in store.experiments("all")]
    for name in names:
        if name not in known:
            raise ExperimentNotFoundError(f"there is no experiment {name!r}; known: {', '.join(known) or 'none yet'}.")
    return names


def _experiments(store: Store, found: Namespace) -> None:
    header, rows = _fetch(store, _EXPERIMENTS, {"stage": "deleted" if found.deleted else "active"})
    if found.json:
        print_json([dict(zip(header, row, strict=True)) for row in rows])
    else:
        print_rows(["experiment", "runs", "latest run (UTC)", "id"], [row[:4] for row in rows])


def show(found: Namespace) -> int:
    """Print everything about one run."""
    store = existing_store(found)
    record = named_run(store, found.run)
    if found.json:
        children = store.children(record.info.run_id)
        print_json(report(record) | {"children": [child.info.run_id for child in children]})
    else:
        print(detail_text(gather(record, store)))
    tell_notices(store)
    return 0


def hazards(found: Namespace) -> int:
    """Print why a run's numbers may not come back."""
    store = existing_store(found)
    record = named_run(store, found.run)
    if found.json:
        provenance = record.provenance
        print_json(
            {
                "run_id": record.info.run_id,
                "name": record.info.run_name,
                "hazards_checked": is_checked(provenance),
                "hazards": [hazard_facts(hazard) for hazard in provenance.hazards],
                "unknown": provenance.unknown,
            }
        )
    else:
        print(hazards_text(record))
    tell_notices(store)
    return 0


def named_run(store: Store, reference: str | None) -> RunRecord:
    """Return the run that was named, else the newest one.

    Parameters
    ----------
    store : Store
    reference : str or None
        Id, its beginning, or name.

    Returns
    -------
    RunRecord

    Raises
    ------
    RunNotFoundError
        There is none.
    """
    if reference is not None:
        return store.run(reference)
    newest = store.runs(limit=1)
    if not newest:
        raise RunNotFoundError("the store has no run yet.")
    return store.run(newest[0].info.run_id)


def sql(found: Namespace) -> int:
    """Print what a query gives."""
    store = existing_store(found)
    header, rows = _fetch(store, sys.stdin.read() if found.query == "-" else found.query)
    if found.json:
        print_json([dict(zip(header, row, strict=True)) for row in rows])
    elif found.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([plain(value) for value in row] for row in rows)
    else:
        print_rows(header, rows)
        print(f"({len(rows):,} row{'' if len(rows) == 1 else 's'})")
    tell_notices(store)
    return 0


def _fetch(store: Store, query: str, parameters: dict[str, Any] | None = None) -> tuple[list[str], list[list[Any]]]:
    """Return the columns' names and the rows, with NaN and NULL still told apart."""
    import duckdb

    with store.reading() as connection:
        try:
            cursor = connection.execute(query, parameters)
            description = getattr(cursor, "description", None)
            if not description:
                raise InputError('the query gives nothing; accepted: one SQL query, as "select * from runs".')
            header = [str(column[0]) for column in description]
            if any("TIME ZONE" in str(column[1]) for column in description):
                # As plain Python values these need pytz, which nothing else here needs.
                frame = query_frame(connection, query, parameters).astype(object)
                return header, [list(row) for row in frame.itertuples(index=False, name=None)]
            return header, [list(row) for row in cursor.fetchall()]
        except duckdb.Error as error:
            # DuckDB's own lines point below the query, which one line of ours cannot.
            reason = str(error).partition("\n\nLINE ")[0]
            raise InputError(f"the query cannot be run: {reason}. The views are {', '.join(VIEWS)}.") from error

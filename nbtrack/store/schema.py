"""The tables and views of the database, as an ordered list of named migrations.

Base tables are in the schema ``base`` and use small integers for runs and keys; the views in ``main`` hide that and
are what users read. No table has an index or a primary key: a bulk append would cost three times as much, and no read
gets faster.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from nbtrack.errors import StoreError, StoreVersionError
from nbtrack.store.checkpoint import kept
from nbtrack.store.layout import Layout

if TYPE_CHECKING:
    import duckdb

_TABLES = """
create table base.experiments(experiment_id varchar, name varchar, stage varchar, tags map(varchar, varchar));
create table base.runs(
    run_ix integer, run_id varchar, experiment varchar, name varchar, status varchar, start_us bigint, end_us bigint,
    parent varchar, seed bigint, username varchar, source_kind varchar, source_name varchar, cell_id varchar,
    execution_count bigint, code varchar, error_type varchar, error_message varchar, error_traceback varchar,
    note varchar, warnings varchar[], stage varchar, owner varchar,
    params map(varchar, varchar), param_types map(varchar, varchar), tags map(varchar, varchar),
    metrics map(varchar, double)
);
create table base.keys(key_ix integer, key varchar);
create table base.points(run_ix integer, key_ix integer, step bigint, ts_us bigint, value double);
create table base.series(
    run_ix integer, key_ix integer, last_step bigint, last_ts_us bigint, last_value double, minimum double,
    maximum double, points bigint
);
create table base.sources(hash varchar, text varchar);
create table base.artifacts(run_ix integer, path varchar, hash varchar, size_bytes bigint, media_type varchar);
create table base.marks(journal varchar, part integer, position bigint);
create table base.journal_series(journal varchar, number bigint, run_id varchar, key varchar);
create table base.problems(ts_us bigint, run_id varchar, journal varchar, text varchar, detail varchar);
"""

_VIEWS = """
create view experiments as
    select experiment_id, name, stage as lifecycle_stage, tags from base.experiments;
create view runs as
    select run_id, name as run_name, experiment, status, make_timestamp(start_us) as start_time,
           make_timestamp(end_us) as end_time, (end_us - start_us) / 1e6 as duration_s, params, metrics, tags, seed,
           note, warnings, parent as parent_run_id, source_kind, source_name, cell_id, execution_count,
           username as user, error_type, error_message, stage as lifecycle_stage
    from base.runs;
create view params as
    select run_id, entry.key as key, entry.value as value, param_types[entry.key] as type
    from (select run_id, param_types, unnest(map_entries(params)) as entry from base.runs);
create view tags as
    select run_id, entry.key as key, entry.value as value
    from (select run_id, unnest(map_entries(tags)) as entry from base.runs);
create view metrics as
    select run_id, key, last_value as value, last_step as step, minimum as min, maximum as max, points as count
    from base.series join base.runs using (run_ix) join base.keys using (key_ix);
create view metric_points as
    select run_id, key, step, make_timestamp(ts_us) as timestamp, value
    from base.points join base.runs using (run_ix) join base.keys using (key_ix);
create view artifacts as
    select run_id, path, hash, size_bytes, media_type from base.artifacts join base.runs using (run_ix);
create view sources as select hash, text from base.sources;
create view problems as select make_timestamp(ts_us) as time, run_id, journal, text, detail from base.problems;
"""

_INPUTS = """
create table base.inputs(
    run_ix integer, name varchar, digest varchar, source varchar, schema varchar, profile varchar, context varchar
);
create view inputs as
    select run_id, inputs.name, digest, source, "schema", profile, context
    from base.inputs join base.runs using (run_ix);
"""

# What a page of runs shows or filters by stands with the run; the rest is read for one run at a time.
_PROVENANCE = """
alter table base.runs add column hazard_count integer;
alter table base.runs add column hazard_severity varchar;
alter table base.runs add column hazards varchar[];
alter table base.runs add column hazards_checked boolean;
alter table base.runs add column environment varchar;
create table base.cell_executions(
    session varchar, sequence bigint, execution_count bigint, cell_id varchar, source varchar, start_us bigint,
    duration_s double, outcome varchar, observed boolean, reads varchar[], binds varchar[], changes varchar[],
    deletes varchar[], run_id varchar, owner varchar
);
create table base.hazards(
    run_ix integer, position integer, label varchar, severity varchar, names varchar[], executions bigint[],
    sentence varchar, remedy varchar
);
create table base.undecided_hazards(run_ix integer, label varchar, reason varchar);
create table base.slices(run_ix integer, position integer, session varchar, sequence bigint);
create table base.environments(hash varchar, facts varchar);
create table base.generator_states(hash varchar, stream varchar, state varchar);
create table base.run_generators(run_ix integer, stream varchar, hash varchar);
create view cell_executions as
    select session, sequence, execution_count, cell_id, source, make_timestamp(start_us) as start_time, duration_s,
           outcome, observed, reads, binds, changes, deletes, run_id
    from base.cell_executions;
create view hazards as
    select run_id, position, label, severity, names, executions, sentence, remedy
    from (select run_ix, run_id from base.runs) join base.hazards using (run_ix);
create view undecided_hazards as
    select run_id, label, reason from base.undecided_hazards join base.runs using (run_ix);
create view slices as
    select s.run_id, s.position, session, sequence, c.execution_count, c.cell_id, c.source
    from (select run_id, position, session, sequence from base.slices join base.runs using (run_ix)) s
    left join base.cell_executions c using (session, sequence);
create view environments as select hash, facts from base.environments;
create view generator_states as
    select run_id, g.stream, g.hash, s.state
    from base.run_generators g join base.runs using (run_ix) left join base.generator_states s on s.hash = g.hash;
drop view runs;
create view runs as
    select run_id, name as run_name, experiment, status, make_timestamp(start_us) as start_time,
           make_timestamp(end_us) as end_time, (end_us - start_us) / 1e6 as duration_s, params, metrics, tags, seed,
           note, warnings, parent as parent_run_id, source_kind, source_name, cell_id, execution_count,
           username as user, error_type, error_message, stage as lifecycle_stage, hazard_count, hazard_severity,
           coalesce(hazards, []) as hazards, coalesce(hazards_checked, false) as hazards_checked, environment
    from base.runs;
"""

# The latest verdict stands with the run. Numbers that JSON lacks are texts in the facts, which the cast reads.
_VERIFICATIONS = """
alter table base.cell_executions add column folder varchar;
alter table base.cell_executions add column digests map(varchar, varchar);
alter table base.runs add column verdict varchar;
create table base.verifications(
    run_ix integer, verification_id varchar, start_us bigint, verdict varchar, sentence varchar, duration_s double,
    kernel_s double, cells_s double, recorded_s double, rtol double, replays bigint, cells bigint,
    slice_corrected boolean, memory_bytes bigint, facts varchar
);
create view verifications as
    select run_id, verification_id, make_timestamp(v.start_us) as time, v.verdict, sentence,
           json_extract_string(facts, '$.reasons[0].label') as reason, duration_s, kernel_s, cells_s, recorded_s, rtol,
           replays, cells, slice_corrected, memory_bytes, facts
    from base.verifications v join (select run_ix, run_id from base.runs) using (run_ix);
create view verification_metrics as
    select run_id, verification_id, key, recorded, replayed, outcome, replayed - recorded as difference
    from (
        select run_id, verification_id, json_extract_string(metric, '$.key') as key,
               try_cast(json_extract_string(metric, '$.recorded') as double) as recorded,
               try_cast(json_extract_string(metric, '$.replayed') as double) as replayed,
               json_extract_string(metric, '$.outcome') as outcome
        from (
            select run_ix, verification_id, unnest(json_extract(facts, '$.metrics[*]')) as metric
            from base.verifications
        ) join base.runs using (run_ix)
    );
drop view cell_executions;
create view cell_executions as
    select session, sequence, execution_count, cell_id, source, make_timestamp(start_us) as start_time, duration_s,
           outcome, observed, reads, binds, changes, deletes, run_id, folder, digests
    from base.cell_executions;
drop view runs;
create view runs as
    select run_id, name as run_name, experiment, status, make_timestamp(start_us) as start_time,
           make_timestamp(end_us) as end_time, (end_us - start_us) / 1e6 as duration_s, params, metrics, tags, seed,
           note, warnings, parent as parent_run_id, source_kind, source_name, cell_id, execution_count,
           username as user, error_type, error_message, stage as lifecycle_stage, hazard_count, hazard_severity,
           coalesce(hazards, []) as hazards, coalesce(hazards_checked, false) as hazards_checked, environment, verdict
    from base.runs;
"""

MIGRATIONS: tuple[tuple[str, str], ...] = (
    ("runs, metrics and artifacts", _TABLES + _VIEWS),
    ("inputs", _INPUTS),
    ("provenance", _PROVENANCE),
    ("verifications", _VERIFICATIONS),
)
"""Names and SQL, oldest first; a store's version is how many of them it has. Only ever add at the end."""

STORAGE_VERSION = "v1.5.0"
"""Files are written so that DuckDB 1.5 and 2.0 both read and write them."""


def version_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many migrations a database has had; 0 for a new one.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection

    Returns
    -------
    int
    """
    import duckdb

    try:
        # All of it: what is left half read would keep the connection from taking a table of ours.
        found = connection.execute("select coalesce(max(version), 0) from base.migrations").fetchall()
    except duckdb.CatalogException:
        # Asking the catalog first would cost every merge and every read some milliseconds.
        return 0
    return int(found[0][0])


def is_current(connection: duckdb.DuckDBPyConnection, layout: Layout) -> bool:
    """Tell whether an open database has all migrations.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    layout : Layout

    Returns
    -------
    bool

    Raises
    ------
    StoreVersionError
        It has migrations that this nbtrack does not know.
    """
    version = version_of(connection)
    if version <= len(MIGRATIONS):
        return version == len(MIGRATIONS)
    raise StoreVersionError(
        f"the store {layout.root} is of version {version}; this nbtrack knows up to {len(MIGRATIONS)}. It was "
        "written by a newer nbtrack: pip install --upgrade nbtrack. Until then values go on being kept in its "
        "journals."
    )


def upgrade(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Bring a database to the present version: all pending migrations in one transaction, a backup before.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Open for writing.
    layout : Layout

    Raises
    ------
    StoreVersionError
        A newer nbtrack wrote the store.
    StoreError
        No backup can be made; nothing was changed.
    """
    if is_current(connection, layout):
        return
    version = version_of(connection)
    if version:
        with kept(connection, layout):
            connection.execute("checkpoint")
        _back_up(layout, version)
    connection.execute("begin")
    try:
        connection.execute("create schema if not exists base")
        connection.execute(
            "create table if not exists base.migrations(version integer, name varchar, applied_at timestamp)"
        )
        for number, (name, statements) in enumerate(MIGRATIONS[version:], start=version + 1):
            connection.execute(statements)
            connection.execute(
                "insert into base.migrations values (?, ?, make_timestamp(epoch_us(now())))", [number, name]
            )
        connection.execute("commit")
    except BaseException:
        # What failed says more than that there is nothing left to roll back.
        with contextlib.suppress(Exception):
            connection.execute("rollback")
        raise


def backup_of(layout: Layout, version: int) -> Path:
    """Return the file that keeps the database as it was at ``version``."""
    return layout.database.with_name(f"{layout.database.name}.v{version}.bak")


def _back_up(layout: Layout, version: int) -> None:
    backup = backup_of(layout, version)
    half = backup.with_name(f"{backup.name}.half")
    try:
        shutil.copy2(layout.database, half)
        half.replace(backup)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise StoreError(
            f"the store {layout.root} must be brought up from version {version}, and no copy of it could be made first "
            f"({error.strerror or error}). Make room for {backup} and try again; nothing was changed."
        ) from error

"""Writing a store's runs to files that other programs read: CSV, JSON, Parquet."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nbtrack.errors import InputError, StoreError
from nbtrack.store import export_json, frames, selection

if TYPE_CHECKING:
    import duckdb

    from nbtrack.store.store import Store

FORMATS = ("csv", "json", "parquet")
"""Accepted formats, which are also the endings by which a path says its own."""

_RUN_COLUMNS = """
    run_id, name as run_name, experiment, status, make_timestamptz(start_us) as start_time,
    make_timestamptz(end_us) as end_time, (end_us - start_us) / 1e6 as duration_s, seed, note, username as user,
    parent as parent_run_id, source_kind, source_name, cell_id, execution_count, code as source_hash, error_type,
    error_message, error_traceback, stage as lifecycle_stage, hazard_count, hazard_severity, environment,
    verdict
"""
_VERIFICATION_COLUMNS = """
    v.verdict, sentence, duration_s, kernel_s, cells_s, recorded_s, rtol, replays, cells, slice_corrected, memory_bytes
"""
# In place of the views, whose rows hold no number of the run by which to choose.
_TABLES = {
    "runs": f"select {_RUN_COLUMNS}, coalesce(hazards, []) as hazards, warnings, params, metrics, tags "  # noqa: S608
    "from page join base.runs using (run_ix) order by place",
    "params": "select run_id, entry.key as key, entry.value as value, param_types[entry.key] as type "
    "from (select place, run_id, param_types, unnest(map_entries(params)) as entry "
    "from page join base.runs using (run_ix)) order by place",
    "metrics": "select run_id, key, last_value as value, last_step as step, minimum as min, maximum as max, "
    "points as count from page join base.runs using (run_ix) join base.series using (run_ix) "
    "join base.keys using (key_ix) order by place, key",
    "points": "select run_id, key, step, make_timestamptz(ts_us) as timestamp, value "
    "from page join base.runs using (run_ix) join base.points p using (run_ix) join base.keys using (key_ix) "
    "order by place, key, step, ts_us, p.rowid",
    "tags": "select run_id, entry.key as key, entry.value as value "
    "from (select place, run_id, unnest(map_entries(tags)) as entry from page join base.runs using (run_ix)) "
    "order by place",
    "artifacts": "select run_id, path, hash, size_bytes, media_type "
    "from page join base.runs using (run_ix) join base.artifacts using (run_ix) order by place, path",
    "inputs": 'select run_id, i.name, digest, source, "schema", profile, context '
    "from page join base.runs using (run_ix) join base.inputs i using (run_ix) order by place",
    "hazards": "select run_id, position, label, severity, names, executions, sentence, remedy "
    "from page join base.runs using (run_ix) join base.hazards h using (run_ix) order by place, position",
    "undecided_hazards": "select run_id, label, reason "
    "from page join base.runs using (run_ix) join base.undecided_hazards using (run_ix) order by place, label",
    "slices": "select run_id, position, session, sequence "
    "from page join base.runs using (run_ix) join base.slices using (run_ix) order by place, position",
    "cell_executions": f"""
        select session, sequence, execution_count, cell_id, source as source_hash,
               make_timestamptz(start_us) as start_time, duration_s, outcome, observed,
               reads, binds, changes, deletes, run_id, folder, digests
        from base.cell_executions where {export_json.OF_SLICES} order by session, sequence
    """,  # noqa: S608
    "verifications": f"""
        select run_id, verification_id, make_timestamptz(v.start_us) as time, {_VERIFICATION_COLUMNS}, facts
        from page join base.runs using (run_ix) join base.verifications v using (run_ix)
        order by place, v.start_us, verification_id
    """,  # noqa: S608
    "verification_metrics": "select m.* from page join base.runs using (run_ix) "
    "join verification_metrics m using (run_id) order by place, verification_id, key",
    "environments": "select hash, facts from base.environments "
    "where hash in (select environment from page join base.runs using (run_ix)) order by hash",
    "generator_states": "select run_id, g.stream, g.hash, s.state from page join base.runs using (run_ix) "
    "join base.run_generators g using (run_ix) left join base.generator_states s on s.hash = g.hash "
    "order by place, g.stream",
    "sources": f"select hash, text from base.sources where hash in ({export_json.CODE}) order by hash",  # noqa: S608
    "experiments": "select experiment_id, name, stage as lifecycle_stage, tags from base.experiments "
    "where name in (select experiment from page join base.runs using (run_ix)) order by name",
}
# Maps have no form of their own in CSV; they are in the tables beside.
_CSV_TABLES = {
    **_TABLES,
    "runs": f"select {_RUN_COLUMNS}, array_to_string(warnings, chr(10)) as warnings, "  # noqa: S608
    "array_to_string(hazards, ', ') as hazards "
    "from page join base.runs using (run_ix) order by place",
    "experiments": _TABLES["experiments"].replace(", tags", ", to_json(tags) as tags"),
    "hazards": _TABLES["hazards"].replace(
        " names, executions,", " to_json(names) as names, to_json(executions) as executions,"
    ),
    "cell_executions": _TABLES["cell_executions"]
    .replace(
        " reads, binds, changes, deletes,",
        " to_json(reads) as reads, to_json(binds) as binds, to_json(changes) as changes, to_json(deletes) as deletes,",
    )
    .replace(", digests", ", to_json(digests) as digests"),
}


def export(
    store: Store,
    path: Path,
    *,
    where: str = "",
    experiment_names: Sequence[str] | None = None,
    lifecycle: str = "active",
    file_format: str | None = None,
    force: bool = False,
) -> int:
    """Write runs to a file or folder, which appears whole or not at all.

    Parameters
    ----------
    store : Store
    path : Path
        ``x.csv``: one table, a run a row, as :func:`nbtrack.runs` gives it. ``x.json``: one file with everything
        about the runs but their artifacts' contents, described in itself. ``x.parquet``: a folder with a Parquet file
        for runs, params, metrics, points, tags, artifacts, inputs, hazards, slices, cell_executions, verifications,
        verification_metrics, environments, generator_states, sources, experiments and more. Another name with
        ``file_format="csv"``: a folder with the same tables as CSV.
    where : str
        As for :func:`nbtrack.runs`.
    experiment_names : sequence of str, optional
        Only these experiments.
    lifecycle : str
        ``active``, ``deleted`` or ``all``.
    file_format : str, optional
        ``csv``, ``json`` or ``parquet``; default: as the path's ending says.
    force : bool
        Replace what is there. A folder is replaced only when it holds nothing but an earlier export.

    Returns
    -------
    int
        How many runs were written.

    Raises
    ------
    InputError
        The format is not known, or there is something at ``path``.
    FilterError
        The filter cannot be read.
    StoreError
        The file cannot be written.

    Examples
    --------
    >>> export(store, Path("best.csv"), where="metrics.accuracy > 0.9")  # doctest: +SKIP
    12
    """
    path = Path(path).expanduser()
    kind = _format_of(path, file_format)
    as_folder = kind == "parquet" or (kind == "csv" and path.suffix.lower() != ".csv")
    check_target(path, as_folder, force)
    with store.reading() as connection:
        page = selection.page(connection, where, (), None, 0, experiment_names, lifecycle)
        with written_aside(path) as target:
            if as_folder:
                target.mkdir()
                _write_tables(connection, page, target, kind)
            elif kind == "csv":
                frame = frames.runs_frame(connection, page)
                frame["hazards"] = frame["hazards"].map(", ".join)
                with target.open("w", encoding="utf-8", newline="") as stream:
                    frame.to_csv(stream, index=False)
            else:
                with target.open("w", encoding="utf-8") as stream:
                    export_json.write(connection, page, stream)
    return len(page)


def _format_of(path: Path, file_format: str | None) -> str:
    kind = (file_format or path.suffix.removeprefix(".")).lower()
    if kind not in FORMATS:
        what = f"the format is {file_format!r}" if file_format else f"{path.name!r} does not say a format"
        raise InputError(f"{what}; accepted: {', '.join(FORMATS)}. Example: runs.csv, or runs.json, or runs.parquet")
    return kind


def check_target(path: Path, as_folder: bool, force: bool) -> None:
    """Refuse a place that an export cannot or must not go to.

    Parameters
    ----------
    path : Path
    as_folder : bool
        Whether the export is a folder.
    force : bool
        Replace what is there.

    Raises
    ------
    InputError
        There is something at ``path``, or no folder to put it in.
    """
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent}; make it first: mkdir -p '{path.parent}'")
    if not path.exists() and not path.is_symlink():
        return
    if not force:
        raise InputError(f"{path} is already there; choose another name, or replace it with force (--force).")
    if path.is_dir() != as_folder:
        what = "a folder and the export is a file" if path.is_dir() else "a file and the export is a folder"
        raise InputError(f"{path} is {what}; choose another name.")
    if as_folder:
        ours = {f"{table}.{kind}" for table in _TABLES for kind in FORMATS}
        strange = sorted(entry.name for entry in path.iterdir() if entry.name not in ours)
        if strange:
            raise InputError(f"{path} holds more than an export ({strange[0]!r}) and is not replaced; choose another.")


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` to write to, and move what was written into place.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path

    Raises
    ------
    StoreError
        It cannot be written.
    """
    import duckdb

    mark = uuid.uuid4().hex[:12]
    target, old = (path.with_name(f".{path.name}.{mark}.{end}") for end in ("part", "old"))
    try:
        yield target
        if path.is_dir() and not path.is_symlink():
            # A folder cannot be renamed onto one that is not empty.
            path.rename(old)
            try:
                target.rename(path)
            except OSError:
                old.rename(path)
                raise
        else:
            target.replace(path)
    except (OSError, duckdb.IOException) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(f"{path} cannot be written: {reason}. Nothing there was changed.") from error
    finally:
        for rest in (target, old):
            _remove(rest)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _write_tables(connection: duckdb.DuckDBPyConnection, page: Sequence[int], folder: Path, kind: str) -> None:
    options = "format parquet, compression zstd" if kind == "parquet" else "format csv, header true"
    with frames.registered(connection, page):
        for table, query in (_TABLES if kind == "parquet" else _CSV_TABLES).items():
            file = os.fspath(folder / f"{table}.{kind}").replace("'", "''")
            connection.execute(f"copy ({query}) to '{file}' ({options})")

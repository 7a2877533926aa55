"""Executions of cells, read back: those of a slice or of a whole session, and the runs that began within one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbtrack.records import CellExecution

if TYPE_CHECKING:
    import duckdb

_COLUMNS = """
    session, sequence, execution_count, cell_id, s.text, start_us, duration_s, outcome, observed, reads, binds, changes,
    deletes, run_id, folder, digests
"""


def session_executions(
    connection: duckdb.DuckDBPyConnection, session: str, upto_sequence: int
) -> tuple[CellExecution, ...]:
    """Return the executions of a session, tracked or not, with their sources.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    session : str
    upto_sequence : int
        The last one that is wanted.

    Returns
    -------
    tuple of CellExecution
        In order.
    """
    found = connection.execute(
        f"""
        select {_COLUMNS}
        from base.cell_executions left join base.sources s on s.hash = cell_executions.source
        where session = ? and sequence <= ?
        order by sequence
        """,  # noqa: S608 - ours
        [session, upto_sequence],
    ).fetchall()
    return tuple(_execution(row) for row in found)


def runs_of_execution(connection: duckdb.DuckDBPyConnection, run_ix: int) -> list[int]:
    """Return the runs that began within the same execution of a cell as this one, itself included.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_ix : int

    Returns
    -------
    list of int
        ``run_ix`` in order of start; this one alone where its execution is not known.
    """
    # A slice ends with the execution that the run belongs to.
    found = connection.execute(
        """
        with own as (select session, sequence from base.slices where run_ix = ? order by position desc limit 1),
        near as (
            select run_ix, position from base.slices where (session, sequence) in (select session, sequence from own)
        )
        select run_ix from near join base.runs using (run_ix)
        where not exists (from base.slices s where s.run_ix = near.run_ix and s.position > near.position)
        order by start_us, run_ix
        """,
        [run_ix],
    ).fetchall()
    return [row[0] for row in found] or [run_ix]


def of_slice(connection: duckdb.DuckDBPyConnection, run_ix: int) -> tuple[CellExecution, ...]:
    """Return the executions that a run depends on, with their sources.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    run_ix : int

    Returns
    -------
    tuple of CellExecution
        In order.
    """
    found = connection.execute(
        f"""
        select {_COLUMNS}
        from (select position, session, sequence from base.slices where run_ix = ?) m
        left join base.cell_executions using (session, sequence)
        left join base.sources s on s.hash = cell_executions.source
        order by m.position
        """,  # noqa: S608 - ours
        [run_ix],
    ).fetchall()
    return tuple(_execution(row) for row in found)


def _execution(row: tuple[Any, ...]) -> CellExecution:
    session, sequence, execution_count, cell_id, text, start_us, duration_s, outcome, observed, *rest = row
    if start_us is None:
        # The execution itself is not in the store (yet); that it is one of the slice still counts.
        return CellExecution(
            session=session, sequence=sequence, execution_count=None, cell_id=None, source=None, start_us=0,
            observed=False,
        )  # fmt: skip
    *names, run_id, folder, digests = rest
    reads, binds, changes, deletes = (tuple(part or ()) for part in names)
    return CellExecution(
        session=session,
        sequence=sequence,
        execution_count=execution_count,
        cell_id=cell_id,
        source=text,
        start_us=start_us,
        duration_s=duration_s,
        outcome=outcome,
        observed=observed,
        reads=reads,
        binds=binds,
        changes=changes,
        deletes=deletes,
        run_id=run_id,
        folder=folder,
        digests=digests or {},
    )

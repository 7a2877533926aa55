"""The slice of a run that something is to be done with, or why that cannot be."""

from __future__ import annotations

from nbtrack.errors import InputError
from nbtrack.records import CellExecution, RunRecord

_WHY = {
    "function": "it is a call of a @track function that no notebook's cell made",
    "block": "it was started by start_run where no notebook's cell was watched",
    "cell": "nobody watched which cells it depends on",
}


def slice_of(record: RunRecord, doing: str) -> tuple[CellExecution, ...]:
    """Return the executions that a run depends on, with their code.

    Parameters
    ----------
    record : RunRecord
        With its provenance.
    doing : str
        What is to be done: ``export``, ``replay``.

    Returns
    -------
    tuple of CellExecution
        In order, at least one.

    Raises
    ------
    InputError
        The run is running, has no slice, or its code was not kept.
    """
    named, executions = f"run {record.info.run_name!r}", record.provenance.slice
    if record.info.status == "running":
        raise InputError(f"{named} is still running; {doing} it once it has ended.")
    if not executions:
        raise InputError(
            f"{named} has no slice: {_WHY[record.info.source.kind]}. What can be {doing}ed are runs of a notebook's "
            "cells, recorded after %load_ext nbtrack."
        )
    lacking = [execution.label for execution in executions if execution.source is None]
    if lacking:
        raise InputError(
            f"the code of {', '.join(lacking)}, which {named} depends on, was not kept. Leave out --no-code, and "
            "nbtrack.configure(code=False), and run it again."
        )
    return executions

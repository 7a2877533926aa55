"""``nbtrack.export``: a run's slice as a clean notebook or script."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.errors import InputError, RunNotFoundError
from nbtrack.replay.exporting.document import notebook_text
from nbtrack.replay.exporting.plan import Plan, plan
from nbtrack.replay.exporting.script import script_text
from nbtrack.store.references import recorded

if TYPE_CHECKING:
    from nbtrack.records import RunRecord
    from nbtrack.store.handle import Run
    from nbtrack.store.store import Store

_FORMS: dict[str, Callable[[Plan], str]] = {".ipynb": notebook_text, ".py": script_text}
SUFFIXES = tuple(_FORMS)
"""What a path of an exported slice ends in."""


def export(run: str | Run | RunRecord | Any, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write what a run depends on as a clean notebook or script: params, imports, seed, then the cells in order.

    Params that the run's cells set once, to a literal, come first, where they can be changed; a notebook has them in a
    cell tagged ``parameters``. Imports follow where moving them changes nothing. Everything else stays in the order in
    which it ran, each cell under its ``In[n]``.

    Parameters
    ----------
    run : str, Run or ActiveRun
        A run of a ``%%track`` cell; as text its id, the beginning of it, or its name.
    path : path
        Ends in ``.ipynb`` or ``.py``.
    overwrite : bool
        Replace an existing file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        The path ends otherwise or exists, or the run has no slice, or its code was not kept.
    RunNotFoundError
        There is no such run.

    Examples
    --------
    >>> nbtrack.export("baseline", "baseline.ipynb")  # doctest: +SKIP
    PosixPath('baseline.ipynb')
    """
    target = Path(path).expanduser()
    write = _FORMS.get(target.suffix.lower())
    if write is None:
        raise InputError(f"the path is {str(path)!r}; accepted: one that ends in {' or '.join(SUFFIXES)}.")
    if target.exists() and not overwrite:
        raise InputError(f"{target} exists; name another file, or replace it: overwrite=True, or --force.")
    record, store = recorded(run)
    text = write(plan(record, _seeds(record, store)))
    half = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        half.write_text(text, encoding="utf-8", errors="replace")
        half.replace(target)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise InputError(f"{target} cannot be written: {error.strerror or error}.") from error
    return target


def _seeds(record: RunRecord, store: Store) -> dict[str, int | None]:
    """Return the seeds of the earlier runs that the slice goes through."""
    found: dict[str, int | None] = {}
    for run_id in {item.run_id for item in record.provenance.slice if item.run_id} - {record.info.run_id}:
        try:
            found[run_id] = store.run(run_id).info.seed
        except RunNotFoundError:
            # Removed since for good.
            found[run_id] = None
    return found

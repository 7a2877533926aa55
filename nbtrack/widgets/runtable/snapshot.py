"""All runs of a table as the browser has them, and what has changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbtrack.widgets.runtable.wire import encoded


@dataclass(slots=True)
class Snapshot:
    """Columns of runs.

    Attributes
    ----------
    numbers : numpy.ndarray
        ``run_ix``, rising.
    columns : dict of str to numpy.ma.MaskedArray
        Values by the column's id, in the same order.
    """

    numbers: Any
    columns: dict[str, Any]


def changed_rows(before: Snapshot, after: Snapshot) -> Any | None:
    """Return the places at which two snapshots differ.

    Parameters
    ----------
    before, after : Snapshot
        With the same columns.

    Returns
    -------
    numpy.ndarray or None
        Places in ``after``; None where runs went away or came in between, so that all must be sent again.
    """
    import numpy as np

    old, new = len(before.numbers), len(after.numbers)
    if old > new or not np.array_equal(before.numbers, after.numbers[:old]):
        return None
    differs = np.zeros(new, dtype=bool)
    differs[old:] = True
    for name, values in after.columns.items():
        differs[:old] |= _differs(before.columns[name], values[:old])
    return np.flatnonzero(differs)


def _differs(before: Any, after: Any) -> Any:
    import numpy as np

    gone, missing = np.ma.getmaskarray(before), np.ma.getmaskarray(after)
    unequal = np.asarray(before.data != after.data, dtype=bool)
    if before.dtype.kind == "f" and after.dtype.kind == "f":
        unequal &= ~(np.isnan(before.data) & np.isnan(after.data))
    # Below a mask there is whatever was there.
    return (gone != missing) | (unequal & ~gone & ~missing)


def chunk(columns: dict[str, Any], numeric: frozenset[str], rows: Any = None) -> dict[str, Any]:
    """Return columns, or some rows of them, for the browser.

    Parameters
    ----------
    columns : dict of str to numpy.ma.MaskedArray
    numeric : frozenset of str
        Ids of the columns that hold numbers.
    rows : numpy.ndarray, optional
        Places; default all.

    Returns
    -------
    dict
        ``columns``: by id, as :func:`nbtrack.widgets.runtable.wire.encoded` returns them.
    """
    return {
        "columns": {
            name: encoded(values if rows is None else values[rows], is_number=name in numeric, is_id=name == "run_id")
            for name, values in columns.items()
        }
    }

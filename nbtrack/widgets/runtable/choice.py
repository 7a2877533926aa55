"""Which columns a run table shows before anybody has chosen, and how a person's choice is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbtrack.directions import better_direction
from nbtrack.errors import InputError
from nbtrack.store.filter_fields import near
from nbtrack.store.grid_columns import GridColumn, split
from nbtrack.widgets.runtable import small

MOST_SHOWN = 24
KINDS = ("all", "metrics", "params", "tags")
"""Words for many columns at once."""
_FIRST, _LAST = ("run_name", "status"), ("start_time", "duration_s")
# Params that say nothing where all runs agree.
_ONLY_WHERE_DIFFERENT = ("param", "tag")


def shown_at_first(columns: Sequence[GridColumn], page: Mapping[str, Any], has_curves: bool = False) -> list[str]:
    """Return the ids of the columns that are shown before anybody has chosen.

    Parameters
    ----------
    columns : sequence of GridColumn
        All there are.
    page : mapping of str to numpy.ma.MaskedArray
        Values of some runs, by column.
    has_curves : bool
        Whether some metric has more than one point.

    Returns
    -------
    list of str
        Which run it is and what is thought of it; then metrics, those first whose names say what is good; then params
        that differ. What else every run has comes last: in a notebook few columns are in sight.
    """
    by_id = {column.id: column for column in columns}
    judged = [name for name in ("hazards", "verdict") if by_id[name].runs]
    last = [*_LAST, "experiment"] if _differs(page["experiment"]) else [*_LAST]
    metrics = sorted(
        (column for column in columns if column.kind == "metric"), key=lambda it: better_direction(it.key) is None
    )
    params = [column.id for column in columns if column.kind == "param" and _differs(page[column.id])]
    if not any(column.kind == "param" for column in columns) and by_id["seed"].runs:
        params.append("seed")
    room = max(MOST_SHOWN - len(params), MOST_SHOWN // 2)
    chosen = [column.id for column in metrics[:room]]
    return [*_FIRST, *judged, *[small.COLUMN] * has_curves, *chosen, *params[: MOST_SHOWN - len(chosen)], *last]


def _differs(values: Any) -> bool:
    return len({None if value is None else str(value) for value in values.tolist()}) > 1


def chosen(wanted: Sequence[str], columns: Sequence[GridColumn], has_curves: bool = False) -> list[str]:
    """Return the ids of the columns that a person asked for, the run's name always first.

    Parameters
    ----------
    wanted : sequence of str
        Ids of columns, a kind as ``"metrics"``, or ``"all"``.
    columns : sequence of GridColumn
        All there are.
    has_curves : bool
        Whether some metric has more than one point.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        There is no such column.
    """
    known = [column.id for column in columns]
    found = ["run_name"]
    for name in wanted:
        if not isinstance(name, str):
            raise InputError(f"columns holds {name!r}; accepted: names, as ['status', 'metrics.accuracy'].")
        if name == "all":
            found += [small.COLUMN] * has_curves
            found += [column for column in known if column not in ("run_id", "parent", "user")]
        elif name in KINDS:
            found += [column for column in known if column.startswith(f"{name}.")]
        elif name in known:
            found.append(name)
        elif name == small.COLUMN:
            found += [name] * has_curves
        else:
            split(name)
            hint = near(name, known)
            # Of a store without runs nobody can say what they will have.
            if "." in name and any("." in column for column in known):
                raise InputError(f"no run here has {name!r}. {hint}The columns are: {_listed(known)}.")
            found.append(name)
    return list(dict.fromkeys(found))


def _listed(names: Sequence[str], most: int = 20) -> str:
    rest = len(names) - most
    return ", ".join([*names[:most], *([f"and {rest} more"] if rest > 0 else [])])


def described(columns: Sequence[GridColumn]) -> list[dict[str, Any]]:
    """Return columns as the browser is told of them."""
    return [
        {
            "id": column.id,
            "kind": column.kind,
            "key": column.key,
            "type": column.type,
        }
        | ({"better": better_direction(column.key)} if column.kind == "metric" else {})
        for column in columns
    ]

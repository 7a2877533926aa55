"""Rows of a table whose runs stay in the kernel: nested runs below their parents, or runs below their groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Group:
    """Runs with the same value.

    Attributes
    ----------
    key : str
        What the browser names it by.
    value : str, float or None
    members : numpy.ndarray
        Numbers of its runs, in the table's order.
    """

    key: str
    value: Any
    members: Any


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What stands in the rows.

    Attributes
    ----------
    entries : numpy.ndarray
        A run's number, or -1 for the first group, -2 for the second, …
    depths : numpy.ndarray or None
        How far each is set in; None: none is.
    children : mapping of int to int
        How many runs there are below a run that has some.
    groups : tuple of Group
    open_runs : frozenset of int
        Numbers of the runs whose children are shown.
    """

    entries: Any
    depths: Any = None
    children: Mapping[int, int] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    open_runs: frozenset[int] = frozenset()

    def runs_in(self, start: int, stop: int) -> Any:
        """Return the numbers of the runs in some rows; the row of a group stands for all its runs."""
        import numpy as np

        parts = [
            self.groups[-1 - entry].members if entry < 0 else np.array([entry], dtype=np.int32)
            for entry in self.entries[start:stop].tolist()
        ]
        return np.array(list(dict.fromkeys(np.concatenate(parts).tolist())) if parts else [], dtype=np.int32)


def in_groups(order: Any, codes: Any, values: list[Any], open_keys: Collection[str]) -> Arrangement:
    """Arrange runs by a value of theirs, the group of the first run first.

    Parameters
    ----------
    order : numpy.ndarray
        Numbers of the runs.
    codes : numpy.ndarray
        For each, the place of its value in ``values``.
    values : list
    open_keys : collection of str
        Keys of the groups whose runs are shown.

    Returns
    -------
    Arrangement
    """
    import numpy as np

    present, first = np.unique(codes, return_index=True)
    by_code = np.argsort(codes, kind="stable")
    bounds = np.append(np.searchsorted(codes[by_code], present), len(codes))
    groups, entries, depths = [], [], []
    for at in np.argsort(first, kind="stable").tolist():
        value = values[int(present[at])]
        group = Group("" if value is None else f"={value}", value, order[by_code[bounds[at] : bounds[at + 1]]])
        groups.append(group)
        entries.append(np.array([-len(groups)], dtype=np.int32))
        depths.append(np.zeros(1, dtype="u1"))
        if group.key in open_keys:
            entries.append(group.members)
            depths.append(np.ones(len(group.members), dtype="u1"))
    empty = np.zeros(0, dtype=np.int32)
    return Arrangement(
        np.concatenate(entries) if entries else empty, np.concatenate(depths) if depths else None, groups=tuple(groups)
    )


def in_families(order: Any, child: Any, parent: Any, open_runs: frozenset[int]) -> Arrangement:
    """Arrange nested runs below their parents, where those are among the runs.

    Parameters
    ----------
    order : numpy.ndarray
        Numbers of the runs.
    child, parent : numpy.ndarray
        Numbers of runs, and of the run that each belongs to.
    open_runs : frozenset of int
        Numbers of the runs whose children are shown.

    Returns
    -------
    Arrangement
    """
    import numpy as np

    if not len(child) or not len(order):
        return Arrangement(order)
    place_of = np.full(int(max(order.max(), child.max(), parent.max())) + 1, -1, dtype=np.int64)
    place_of[order] = np.arange(len(order))
    known = (place_of[child] >= 0) & (place_of[parent] >= 0) & (child != parent)
    above = np.full(len(order), -1, dtype=np.int64)
    above[place_of[child[known]]] = place_of[parent[known]]
    if not known.any():
        return Arrangement(order)
    parents, counts = np.unique(above[above >= 0], return_counts=True)
    children = dict(zip(order[parents].tolist(), counts.tolist(), strict=True))
    pieces: list[tuple[Any, int]] = []

    def put(places: Any, depth: int) -> None:
        start = 0
        is_open = [at for at, number in enumerate(order[places].tolist()) if number in opened] if opened else []
        for at in is_open:
            pieces.append((places[start : at + 1], depth))
            put(np.flatnonzero(above == places[at]), depth + 1)
            start = at + 1
        pieces.append((places[start:], depth))

    opened = open_runs & children.keys()
    put(np.flatnonzero(above < 0), 0)
    depths = [np.full(len(places), min(depth, _DEEPEST), dtype="u1") for places, depth in pieces]
    return Arrangement(
        order[np.concatenate([places for places, _ in pieces])], np.concatenate(depths), children, open_runs=opened
    )


def summaries(groups: Sequence[Any], columns: Mapping[str, Any]) -> list[dict[str, list[float]]]:
    """Return what metrics come to in groups.

    Parameters
    ----------
    groups : sequence of numpy.ndarray
        Of each, the places of its runs in the columns.
    columns : mapping of str to numpy.ndarray
        Values as float64.

    Returns
    -------
    list of dict
        For each group: by column mean, lowest and highest of the finite values, and how many there are.
    """
    import numpy as np

    found: list[dict[str, list[float]]] = []
    for places in groups:
        told = {}
        for name, column in columns.items():
            values = column[places]
            values = values[np.isfinite(values)]
            if len(values):
                told[name] = [float(values.mean()), float(values.min()), float(values.max()), len(values)]
        found.append(told)
    return found

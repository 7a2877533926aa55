"""Pages of a table whose runs stay in the kernel: sorted and filtered, in groups or families, a screen at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbtrack.store import grid
from nbtrack.store.grid import GridView
from nbtrack.store.grid_memory import GridMemory
from nbtrack.store.layout import Layout
from nbtrack.widgets.runtable import arranged, question
from nbtrack.widgets.runtable.arranged import Arrangement

if TYPE_CHECKING:
    import duckdb

_MOST_OPEN = 10_000


class Pages:
    """What the browser asks of many runs.

    What was found for one page is kept for the others of the same question, and the columns that runs are sorted and
    grouped by for other questions, as long as nothing was merged into the store.

    Parameters
    ----------
    layout : Layout
        Of the store.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._stamp: tuple[int, ...] = ()
        self._memory: GridMemory | None = None
        self._order: tuple[Any, Any] = (None, None)
        self._arrangement: tuple[Any, Arrangement | None] = (None, None)
        self._families: tuple[Any, Any] | None = None

    def begin(self, connection: duckdb.DuckDBPyConnection, view: GridView, numbers: Any) -> Arrangement:
        """Keep the order that the table begins with, and return its rows."""
        self._renew()
        self._order = (view, numbers)
        return self._arranged(connection, view, {"sort": [list(pair) for pair in view.sort]})

    def marks(self, connection: duckdb.DuckDBPyConnection, base: GridView, found: Arrangement, ids: Any) -> list[Any]:
        """Return what is special about the first rows, without groups: as many as there are ids."""
        return self._marks(connection, base, found, found.entries[: len(ids)], 0, ids, [])

    def prepare(self, connection: duckdb.DuckDBPyConnection, view: GridView, wanted: Sequence[str]) -> None:
        """Read columns that are likely to be asked for."""
        self._renew()
        if self._families is None:
            self._families = grid.families(connection)
        self._remember(connection, view, wanted)

    def lacks(self, wanted: Sequence[str]) -> list[str]:
        """Return which of these columns are not kept, though there is room for them."""
        if self._memory is None:
            return list(wanted)
        return [name for name in wanted if not self._memory.has([name])] if self._memory.has_room else []

    def page_at_hand(self, base: GridView, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the rows that a message asks for where no database is needed for them, as :meth:`page` does."""
        memory, asked, group = self._memory, question.view_of(message, base), question.group_of(message)
        if memory is None or self._families is None or grid.change_stamp(self._layout) != self._stamp:
            return None
        needed = ["run_id", *question.column_ids(message, "columns"), *(column for column, _ in asked.sort)]
        is_filtered = not (_is_all(base, asked) or self._order[0] == asked or self._can_search(base, asked))
        opens_runs = group is None and bool(message.get("open"))
        if is_filtered or opens_runs or not memory.has([*needed, *([group] if group else [])]):
            return None
        return self.page(None, base, message)

    def page(
        self, connection: duckdb.DuckDBPyConnection | None, base: GridView, message: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the rows that a message asks for; without a connection where everything is kept.

        Returns
        -------
        dict
            ``values``: columns, masked where a row is a group's; ``offset``, ``size``, how many rows there are,
            ``matched``, how many runs; ``marks``, what is special about rows: ``[row in the page, depth, runs below,
            key to open it by, is open]``, and of a group its value and what its metrics come to.
        """
        found = self._arranged(connection, base, message)
        order = self._sorted(connection, base, message)
        offset = question.whole(message, "offset")
        entries = found.entries[offset : offset + question.whole(message, "limit", question.MOST_RUNS)]
        wanted = question.column_ids(message, "columns")
        values = self._values(connection, entries, list(dict.fromkeys(("run_id", *wanted))))
        return {
            "values": values,
            "count": len(entries),
            "offset": offset,
            "size": len(found.entries),
            "matched": len(order),
            "groups": len(found.groups),
            "marks": self._marks(connection, base, found, entries, offset, values["run_id"], wanted),
        }

    def _values(self, connection: duckdb.DuckDBPyConnection | None, entries: Any, wanted: list[str]) -> dict[str, Any]:
        if self._memory is not None and self._memory.has(wanted):
            return self._memory.values(entries, wanted)
        return grid.values(_there(connection), entries, wanted)

    def numbers(self, connection: duckdb.DuckDBPyConnection, base: GridView, message: Mapping[str, Any]) -> Any:
        """Return the numbers of the runs in the rows from ``start`` to ``stop``, or of all that fit."""
        if message.get("all") is True:
            return self._sorted(connection, base, message)
        start, stop = question.whole(message, "start"), question.whole(message, "stop")
        return self._arranged(connection, base, message).runs_in(start, stop)

    # --- which runs, in which order -------------------------------------------------------------------------------

    def _renew(self) -> None:
        stamp = grid.change_stamp(self._layout)
        if stamp != self._stamp:
            self._stamp = stamp
            self._memory, self._families = None, None
            self._order = self._arrangement = (None, None)

    def _remember(
        self, connection: duckdb.DuckDBPyConnection | None, view: GridView, wanted: Sequence[str]
    ) -> GridMemory:
        if self._memory is None:
            self._memory = GridMemory(grid.run_numbers(_there(connection), replace(view, sort=())))
        if not self._memory.has(wanted):
            self._memory.load(_there(connection), wanted, view.numbers)
        return self._memory

    def _sorted(self, connection: duckdb.DuckDBPyConnection | None, base: GridView, message: Mapping[str, Any]) -> Any:
        self._renew()
        asked = question.view_of(message, base)
        if self._order[0] != asked:
            self._order = (asked, self._find(connection, base, asked))
        return self._order[1]

    def _find(self, connection: duckdb.DuckDBPyConnection | None, base: GridView, asked: GridView) -> Any:
        columns = [column for column, _ in asked.sort]
        if self._memory is None or not (
            self._memory.has(columns) or all(column.startswith("metrics.") for column in columns)
        ):
            return grid.run_numbers(_there(connection), asked)
        if not self._memory.has(columns):
            self._memory.load(_there(connection), columns, base.numbers)
        if _is_all(base, asked):
            return self._memory.order(asked.sort)
        if self._can_search(base, asked):
            return self._memory.order(asked.sort, self._memory.holding(asked.words, asked.looked_in))
        return self._memory.order(asked.sort, grid.run_numbers(_there(connection), replace(asked, sort=())))

    def _can_search(self, base: GridView, asked: GridView) -> bool:
        """Tell whether all that is asked for is words, and where these may be is kept."""
        without = replace(asked, quick=base.quick, searched=base.searched)
        return _is_all(base, without) and self._memory is not None and self._memory.has_texts(asked.looked_in)

    def _arranged(
        self, connection: duckdb.DuckDBPyConnection | None, base: GridView, message: Mapping[str, Any]
    ) -> Arrangement:
        order = self._sorted(connection, base, message)
        opened = question.texts(message, "open", _MOST_OPEN)
        group = question.group_of(message)
        asked = (self._order[0], group, opened)
        if self._arrangement[0] == asked and self._arrangement[1] is not None:
            return self._arrangement[1]
        if group is not None:
            memory = self._remember(connection, base, [group])
            codes, values = memory.codes(group)
            places = memory.places(order)
            found = arranged.in_groups(order[places >= 0], codes[places[places >= 0]], values, opened)
        else:
            if self._families is None:
                self._families = grid.families(_there(connection))
            runs = grid.numbers_of(_there(connection), sorted(opened)) if opened else frozenset()
            found = arranged.in_families(order, *self._families, runs)
        self._arrangement = (asked, found)
        return found

    # --- what is special about rows -------------------------------------------------------------------------------

    def _marks(
        self,
        connection: duckdb.DuckDBPyConnection | None,
        base: GridView,
        found: Arrangement,
        entries: Any,
        offset: int,
        ids: Any,
        wanted: Sequence[str],
    ) -> list[Any]:
        if found.depths is None:
            return []
        depths = found.depths[offset : offset + len(entries)].tolist()
        groups = [found.groups[-1 - entry] for entry in entries.tolist() if entry < 0]
        told = iter(self._summaries(connection, base, groups, wanted))
        marks: list[Any] = []
        for place, (entry, depth) in enumerate(zip(entries.tolist(), depths, strict=True)):
            if entry < 0:
                group = found.groups[-1 - entry]
                # Its runs stand below it: the next row is set in.
                is_open = _is_set_in(found, offset + place + 1)
                marks.append(
                    [place, 0, len(group.members), group.key, is_open, {"value": group.value, "means": next(told)}]
                )
            elif depth or entry in found.children:
                below = found.children.get(entry, 0)
                key = ids[place] if below else None
                marks.append([place, depth, below, key, entry in found.open_runs])
        return marks

    def _summaries(
        self, connection: duckdb.DuckDBPyConnection | None, base: GridView, groups: Sequence[Any], wanted: Sequence[str]
    ) -> list[dict[str, list[float]]]:
        if not groups:
            return []
        numeric = [column for column in wanted if column.startswith("metrics.") or column == "duration_s"]
        memory = self._remember(connection, base, numeric)
        columns = {column: memory.floats(column) for column in numeric}
        return arranged.summaries([memory.places(group.members) for group in groups], columns)


def _is_all(base: GridView, asked: GridView) -> bool:
    return replace(asked, sort=base.sort) == base


def _is_set_in(found: Arrangement, row: int) -> bool:
    return row < len(found.entries) and bool(found.entries[row] >= 0) and bool(found.depths[row])


def _there(connection: duckdb.DuckDBPyConnection | None) -> duckdb.DuckDBPyConnection:
    """Return the connection; without one, only what is kept may be asked for."""
    assert connection is not None, "the rows were said to be at hand"
    return connection

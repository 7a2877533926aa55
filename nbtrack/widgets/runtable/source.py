"""The table's half in the kernel: what the store has, as the browser asks for it.

Any thread may call it: messages of the browser come in the kernel's main thread or in another one beside the running
cell, the watcher has a thread of its own. A lock puts them one behind the other; each reads through a connection that
lives for one call.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbtrack.directions import better_direction
from nbtrack.errors import InputError
from nbtrack.records import RunRecord
from nbtrack.store import grid, grid_columns, rows
from nbtrack.store.grid import GridView
from nbtrack.store.store import Store
from nbtrack.widgets.runtable import choice, question
from nbtrack.widgets.runtable.snapshot import Snapshot, changed_rows, chunk

if TYPE_CHECKING:
    import duckdb

IN_BROWSER = 50_000
"""Up to so many runs live in the browser; of more it is sent what is on the screen."""
_AT_ONCE, _PAGE, _SAMPLE = 1_000, 28, 1_000
STILL_RUNS = 20
"""So many runs are in the picture that the notebook keeps."""
_HIDDEN = ("run_id", "parent")


class RunSource:
    """Runs and columns of one table.

    Parameters
    ----------
    store : Store
    view : GridView
        Which runs, and the order at first.
    columns : sequence of str or str, optional
        As :func:`nbtrack.widgets.runtable.choice.chosen` takes them.
    in_browser : int, optional
        Up to so many runs are kept in the browser; default :data:`IN_BROWSER`.
    """

    def __init__(
        self, store: Store, view: GridView, columns: Sequence[str] | str | None = None, in_browser: int | None = None
    ) -> None:
        self.store = store
        self.view = view
        self._wanted = columns
        self._in_browser = IN_BROWSER if in_browser is None else in_browser
        self._lock = threading.RLock()
        self._stamp: tuple[int, ...] = ()
        self._revision = 0
        self._total = 0
        self.first: list[RunRecord] = []
        self._columns: tuple[grid_columns.GridColumn, ...] = ()
        self._shown: list[str] = []
        self._snapshot: Snapshot | None = None
        self._page: Mapping[str, Any] = {}
        self._order: tuple[Any, Any] = (None, None)

    @property
    def total(self) -> int:
        """How many runs the table has, whatever is typed into its filters."""
        return self._total

    # --- what is sent unasked -----------------------------------------------------------------------------------

    def start(self) -> dict[str, Any]:
        """Return what the table shows at once: the first runs, or all of a few.

        Returns
        -------
        dict

        Raises
        ------
        FilterError
            The filter cannot be read.
        InputError
            There is no such column.
        """
        with self._lock:
            self._stamp = grid.change_stamp(self.store.layout)
            return self.store.read(self._start)

    def _start(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        import numpy as np

        numbers = grid.run_numbers(connection, self.view)
        self._total = len(numbers)
        sample = _SAMPLE if self._total > _SAMPLE else None
        self._columns = grid_columns.columns(connection, self.view.base(), sample)
        self.view = replace(self.view, numbers=grid_columns.numeric(self._columns))
        few = self._total <= min(_AT_ONCE, self._in_browser)
        page = np.sort(numbers) if few else numbers[:_PAGE]
        values = grid.values(connection, page, [column.id for column in self._columns] + ["parent"])
        if self._wanted is None:
            self._shown = choice.shown_at_first(self._columns, values)
        else:
            self._shown = choice.chosen(self._wanted, self._columns)
        kept = {name: values[name] for name in dict.fromkeys((*_HIDDEN, *self._shown))}
        if few:
            self._snapshot = Snapshot(page, kept)
        # What is on the screen until the browser says something else.
        self._page = {"columns": self._shown, "sort": [list(pair) for pair in self.view.sort], "limit": _PAGE}
        self._order = (self._question({}), numbers)
        self.first = rows.records(connection, numbers[:STILL_RUNS].tolist())
        return self._meta() | {"first": self._packed(kept, len(page)), "all": few}

    def late(self) -> dict[str, Any] | None:
        """Return what the table is better with, and need not wait for: all the runs, or facts about them.

        Returns
        -------
        dict or None
            None where :meth:`start` gave everything.
        """
        with self._lock:
            if self._snapshot is not None:
                return None
            if self._total <= self._in_browser:
                return self.store.read(self._everything)
            return {"facts": self.store.read(self._facts)}

    def poll(self) -> dict[str, Any] | None:
        """Return what is to be told to the browser since the last time: None if nothing has changed.

        Returns
        -------
        dict or None
        """
        stamp = grid.change_stamp(self.store.layout)
        if stamp == self._stamp:
            return None
        with self._lock:
            self._stamp = stamp
            return self.store.read(self._changes)

    def _changes(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any] | None:
        before = self._snapshot
        self._order = (None, None)
        if before is None:
            self._total = len(grid.run_numbers(connection, replace(self.view, sort=())))
            return {"page": self._page_of(connection, self._page)}
        news = self._new_columns(connection)
        now = self._take(connection, before.columns)
        places = changed_rows(before, now)
        if places is not None and not len(places):
            self._snapshot = now
            return {"news": news} if news else None
        if places is None or len(places) > len(now.numbers) // 2:
            return self._everything(connection)
        self._snapshot, self._total = now, len(now.numbers)
        self._revision += 1
        packed = chunk(now.columns, self.view.numbers, places)
        return {
            "rows": packed | {"at": places.tolist(), "count": len(now.numbers)},
            "revision": self._revision,
            "news": news,
        }

    def _new_columns(self, connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
        """Learn of columns that no run had before; return them all if there are any."""
        found = grid_columns.columns(connection, self.view.base(), _SAMPLE)
        known = {column.id: column for column in self._columns}
        if all(column.id in known and (known[column.id].runs or not column.runs) for column in found):
            return []
        self._columns = tuple({**known, **{column.id: column for column in found}}.values())
        self.view = replace(self.view, numbers=grid_columns.numeric(self._columns))
        return choice.described(self._columns)

    # --- answers ------------------------------------------------------------------------------------------------

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a question of the browser's.

        Parameters
        ----------
        message : mapping
            ``op`` says what is asked: ``hello``, ``page``, ``columns``, ``match``, ``ids`` or ``differing``.

        Returns
        -------
        dict

        Raises
        ------
        NbtrackError
            The question cannot be answered; the message is for the person at the table.
        """
        with self._lock:
            if message.get("op") == "hello" and message.get("revision") == self._revision:
                return {}
            if message.get("op") == "hello" and self._snapshot is None:
                return self._meta()
            return self.store.read(lambda connection: self._answer(connection, message))

    def _answer(self, connection: duckdb.DuckDBPyConnection, message: Mapping[str, Any]) -> dict[str, Any]:
        op = message.get("op")
        if op == "hello":
            return self._everything(connection)
        if op == "page":
            self._page = message
            return self._page_of(connection, message)
        if op == "columns":
            return self._more_columns(connection, question.column_ids(message, "columns"))
        if op == "match":
            return self._match(connection, message)
        if op == "ids":
            start, stop = question.whole(message, "start"), question.whole(message, "stop")
            return {"ids": grid.run_ids(connection, self._sorted(connection, message)[start:stop])}
        if op == "differing":
            wanted = question.column_ids(message, "columns")
            return {"columns": grid.differing(connection, question.view_of(message, self.view).condition(), wanted)}
        raise InputError(f"the table was asked {op!r}, which it does not know. Run the cell again.")

    def _page_of(self, connection: duckdb.DuckDBPyConnection, message: Mapping[str, Any]) -> dict[str, Any]:
        numbers = self._sorted(connection, message)
        offset = question.whole(message, "offset")
        page = numbers[offset : offset + question.whole(message, "limit", question.MOST_RUNS)]
        wanted = dict.fromkeys(("run_id", *question.column_ids(message, "columns")))
        values = grid.values(connection, page, list(wanted))
        return self._packed(values, len(page)) | {
            "offset": offset,
            "matched": len(numbers),
            "total": self._total,
            "key": message.get("key"),
        }

    def _sorted(self, connection: duckdb.DuckDBPyConnection, message: Mapping[str, Any]) -> Any:
        """Return the runs that fit, in order: found once for all pages of the same question."""
        asked = self._question(message)
        if self._order[0] != asked:
            self._order = (asked, grid.run_numbers(connection, asked))
        return self._order[1]

    def _question(self, message: Mapping[str, Any]) -> GridView:
        return question.view_of(message, self.view) if message else self.view

    def _more_columns(self, connection: duckdb.DuckDBPyConnection, wanted: list[str]) -> dict[str, Any]:
        if self._snapshot is None:
            raise InputError("the runs of this table are not in the browser. Run the cell again.")
        numbers = self._snapshot.numbers
        values = grid.values(connection, numbers, wanted)
        self._snapshot.columns.update(values)
        self._shown = list(dict.fromkeys([*self._shown, *wanted]))
        return self._packed(values, len(numbers)) | {"revision": self._revision}

    def _match(self, connection: duckdb.DuckDBPyConnection, message: Mapping[str, Any]) -> dict[str, Any]:
        import numpy as np

        fitting = grid.run_numbers(connection, question.view_of({"expression": message.get("expression")}, self.view))
        if self._snapshot is None:
            return {"matched": len(fitting)}
        return {
            "bits": np.isin(self._snapshot.numbers, fitting).astype("u1").tobytes(),
            "revision": self._revision,
            "matched": len(fitting),
        }

    # --- parts of messages --------------------------------------------------------------------------------------

    def _meta(self) -> dict[str, Any]:
        return {
            "revision": self._revision,
            "total": self._total,
            "columns": choice.described(self._columns),
            "shown": self._shown,
            "sort": [list(pair) for pair in self.view.sort],
            "deleted": self.view.lifecycle == "deleted",
            "local": self._total <= self._in_browser,
        }

    def _everything(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        self._new_columns(connection)
        kept = self._snapshot.columns if self._snapshot is not None else dict.fromkeys((*_HIDDEN, *self._shown))
        now = self._take(connection, kept)
        self._snapshot, self._total = now, len(now.numbers)
        self._revision += 1
        return self._meta() | {"first": self._packed(now.columns, len(now.numbers)), "all": True}

    def _take(self, connection: duckdb.DuckDBPyConnection, columns: Mapping[str, Any]) -> Snapshot:
        import numpy as np

        numbers = np.sort(grid.run_numbers(connection, replace(self.view, sort=())))
        return Snapshot(numbers, grid.values(connection, numbers, list(columns)))

    def _facts(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        condition = self.view.base()
        self._columns = grid_columns.columns(connection, condition)
        self.view = replace(self.view, numbers=grid_columns.numeric(self._columns))
        ways = {column.key: better_direction(column.key) for column in self._columns if column.kind == "metric"}
        shown = {f"metrics.{key}" for key in ways} & set(self._shown)
        directions = {key: way for key, way in ways.items() if way is not None and f"metrics.{key}" in shown}
        best = grid.best_values(connection, condition, directions)
        return {
            "columns": choice.described(self._columns),
            "best": {f"metrics.{key}": value for key, value in best.items()},
        }

    def _packed(self, values: dict[str, Any], count: int) -> dict[str, Any]:
        return chunk(values, self.view.numbers) | {"count": count}

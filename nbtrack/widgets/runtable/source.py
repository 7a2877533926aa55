"""The table's half in the kernel: what the store has, as the browser asks for it.

Any thread may call it: messages of the browser come in the kernel's main thread or in another one beside the running
cell, the watcher has a thread of its own. A lock puts them one behind the other; each reads through a connection that
lives for one call.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from nbtrack.errors import InputError
from nbtrack.records import RunRecord
from nbtrack.store import grid, grid_curves, rows
from nbtrack.store.grid import GridView
from nbtrack.store.grid_columns import split, type_of
from nbtrack.store.store import Store
from nbtrack.widgets.runtable import question, small
from nbtrack.widgets.runtable.columns import Columns
from nbtrack.widgets.runtable.paging import Pages
from nbtrack.widgets.runtable.snapshot import Snapshot, changed_rows, chunk

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

IN_BROWSER = 50_000
"""Up to so many runs live in the browser; of more it is sent what is on the screen."""
_AT_ONCE, _PAGE, _SAMPLE = 1_000, 28, 1_000
_AT_A_TIME = 4
_QUIET_S = 1.0
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
        self._view = view
        self._columns = Columns(columns)
        self._in_browser = IN_BROWSER if in_browser is None else in_browser
        self._lock = threading.RLock()
        self._stamp: tuple[int, ...] = ()
        self._revision = 0
        self._total = 0
        self.first: list[RunRecord] = []
        self._snapshot: Snapshot | None = None
        self._page: Mapping[str, Any] = {}
        self._pages = Pages(store.layout)
        self._asked_s = -math.inf
        self._drawn: tuple[str, list[str]] = ("", [])

    @property
    def total(self) -> int:
        """How many runs the table has, whatever is typed into its filters."""
        return self._total

    @property
    def wanted(self) -> list[str] | None:
        """Ids of the columns that a person asked for; None where nobody did."""
        return self._columns.wanted

    @property
    def are_named(self) -> bool:
        """Whether these were asked for one by one, and not by kind."""
        return self._columns.are_named

    @property
    def view(self) -> GridView:
        """Which runs, and the order at first; with what is known of the columns."""
        return replace(self._view, numbers=self._columns.numbers)

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
        # What the newest of many have is enough to begin with: the facts about all of them come late.
        newest = (self._numbers(connection) if self.view.sort else numbers)[:_SAMPLE]
        self._columns.begin(connection, self.view.base(), newest)
        few = self._total <= min(_AT_ONCE, self._in_browser)
        laid_out = None if few else self._pages.begin(connection, self.view, numbers)
        page = np.sort(numbers) if laid_out is None else laid_out.entries[:_PAGE]
        values = grid.values(connection, page, [*self._columns.ids, "parent"])
        self._columns.show_at_first(values)
        kept = {name: values[name] for name in dict.fromkeys((*_HIDDEN, *self._columns.read))}
        if few:
            self._snapshot = Snapshot(page, kept)
        # What is on the screen until the browser says something else.
        self._page = {"columns": self._columns.read, "sort": [list(pair) for pair in self.view.sort], "limit": _PAGE}
        self.first = rows.records(connection, numbers[:STILL_RUNS].tolist())
        if self._columns.has_curves_shown:
            self._drawn = (self._columns.curves[0], grid.run_ids(connection, numbers[:_PAGE]))
        first = self._packed(kept, len(page))
        if laid_out is not None:
            marks = self._pages.marks(connection, self.view, laid_out, values["run_id"])
            first |= {"size": len(laid_out.entries), "marks": marks}
        return self._meta() | {"first": first, "all": few}

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
                return self._ask(self._everything)
            return {"facts": self._ask(lambda connection: self._columns.facts(connection, self.view.base()))}

    def curves(self, changed: Sequence[str] | None = None) -> dict[str, Any] | None:
        """Return the curves of the rows that are likely to be on the screen: they are drawn before they are asked for.

        Parameters
        ----------
        changed : sequence of str, optional
            Ids of the runs that have changed; default those last drawn.

        Returns
        -------
        dict or None
            None where no curves are shown.
        """
        with self._lock:
            metric, ids = self._drawn
            ids = list(ids if changed is None else changed)[: small.MOST_RUNS]
            if not metric or not ids:
                return None
            found = self._ask(lambda connection: grid_curves.small_curves(connection, ids, split(metric)[1]))
            return {"curves": {"metric": metric, "ids": ids} | small.packed(ids, found)}

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
            return self._ask(self._changes)

    def prepare(self) -> bool:
        """Read some of what is shown of many runs, so that no question about it needs the database.

        Returns
        -------
        bool
            Whether there is more to read. In between, others get their turn.
        """
        with self._lock:
            if self._snapshot is not None or not self._total or self._total <= self._in_browser:
                return False
            lacking = self._pages.lacks(self._in_likely_order())
            # Who is at work at the table is not to wait for what may never be asked.
            if time.monotonic() - self._asked_s < _QUIET_S:
                return bool(lacking)
            if lacking:
                part = lacking[:_AT_A_TIME]
                self._ask(lambda connection: self._pages.prepare(connection, self.view, part))
            return len(lacking) > _AT_A_TIME

    def _in_likely_order(self) -> list[str]:
        """Return the columns shown, first what is sorted by, then what words are looked for in."""
        numbers = self._columns.numbers

        def place(column: str) -> int:
            if column.startswith("metrics."):
                return 0
            return 1 if type_of(column) == "text" and column not in numbers else 2

        return sorted(("run_id", *self._columns.read), key=place)

    def _changes(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any] | None:
        before = self._snapshot
        if before is None:
            self._total = len(self._numbers(connection))
            return {"page": self._page_of(connection, self._page)}
        numbers = self._numbers(connection)
        news = self._columns.news(connection, numbers[:_SAMPLE])
        now = _taken(connection, numbers, before.columns)
        places = changed_rows(before, now)
        if places is not None and not len(places):
            self._snapshot = now
            return {"news": news} if news else None
        if places is None or len(places) > len(now.numbers) // 2:
            return self._with_all(now)
        self._snapshot, self._total = now, len(now.numbers)
        self._revision += 1
        packed = chunk(now.columns, self.view.numbers, places)
        return {
            "rows": packed | {"at": places.tolist(), "count": len(now.numbers)},
            "revision": self._revision,
            "news": news,
            "changed": [str(run_id) for run_id in now.columns["run_id"][places].tolist()],
        }

    def _numbers(self, connection: duckdb.DuckDBPyConnection) -> Any:
        """Return ``run_ix`` of all runs, the newest first."""
        return grid.run_numbers(connection, replace(self.view, sort=()))

    def _ask(self, function: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Read the store; where runs of one that is gone are in the browser, they stay."""
        return self.store.read_again(function) if self._total else self.store.read(function)

    # --- answers ------------------------------------------------------------------------------------------------

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a question of the browser's.

        Parameters
        ----------
        message : mapping
            ``op`` says what is asked: ``hello``, ``page``, ``columns``, ``match``, ``ids``, ``differing``,
            ``values`` or ``curves``.

        Returns
        -------
        dict

        Raises
        ------
        NbtrackError
            The question cannot be answered; the message is for the person at the table.
        """
        self._asked_s = time.monotonic()
        with self._lock:
            if message.get("op") == "hello" and message.get("revision") == self._revision:
                return {}
            if message.get("op") == "hello" and self._snapshot is None:
                return self._meta()
            at_hand = self._pages.page_at_hand(self.view, message) if message.get("op") == "page" else None
            if at_hand is not None:
                self._page = message
                return self._paged(at_hand, message)
            return self._ask(lambda connection: self._answer(connection, message))

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
            return {"ids": grid.run_ids(connection, self._pages.numbers(connection, self.view, message))}
        if op == "values":
            numbers = sorted(grid.numbers_of(connection, sorted(question.texts(message, "ids", question.MOST_RUNS))))
            wanted = ["run_id", *question.column_ids(message, "columns")]
            return self._packed(grid.values(connection, numbers, wanted), len(numbers))
        if op == "curves":
            return self._curves_of(connection, message)
        if op == "differing":
            wanted = question.column_ids(message, "columns")
            return {"columns": grid.differing(connection, question.view_of(message, self.view).condition(), wanted)}
        raise InputError(f"the table was asked {op!r}, which it does not know. Run the cell again.")

    def _page_of(self, connection: duckdb.DuckDBPyConnection, message: Mapping[str, Any]) -> dict[str, Any]:
        return self._paged(self._pages.page(connection, self.view, message), message)

    def _paged(self, found: dict[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
        values, amount = found.pop("values"), found.pop("count")
        return self._packed(values, amount) | found | {"total": self._total, "key": message.get("key")}

    def _curves_of(self, connection: duckdb.DuckDBPyConnection, message: Mapping[str, Any]) -> dict[str, Any]:
        (metric,) = question.column_ids({"columns": [message.get("metric")]}, "columns")
        ids = question.listed(message, "ids", small.MOST_RUNS)
        self._drawn = (metric, ids)
        return small.packed(ids, grid_curves.small_curves(connection, ids, split(metric)[1]))

    def _more_columns(self, connection: duckdb.DuckDBPyConnection, wanted: list[str]) -> dict[str, Any]:
        if self._snapshot is None:
            raise InputError("the runs of this table are not in the browser. Run the cell again.")
        numbers = self._snapshot.numbers
        values = grid.values(connection, numbers, wanted)
        self._snapshot.columns.update(values)
        self._columns.show(wanted)
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
            "columns": self._columns.described(),
            "shown": self._columns.shown,
            "sort": [list(pair) for pair in self.view.sort],
            "deleted": self.view.lifecycle == "deleted",
            "local": self._total <= self._in_browser,
        }

    def _everything(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        numbers = self._numbers(connection)
        self._columns.news(connection, numbers[:_SAMPLE])
        kept = self._snapshot.columns if self._snapshot is not None else dict.fromkeys((*_HIDDEN, *self._columns.read))
        return self._with_all(_taken(connection, numbers, kept))

    def _with_all(self, now: Snapshot) -> dict[str, Any]:
        self._snapshot, self._total = now, len(now.numbers)
        self._revision += 1
        return self._meta() | {"first": self._packed(now.columns, len(now.numbers)), "all": True}

    def _packed(self, values: dict[str, Any], count: int) -> dict[str, Any]:
        return chunk(values, self.view.numbers) | {"count": count}


def _taken(connection: duckdb.DuckDBPyConnection, numbers: Any, columns: Iterable[str]) -> Snapshot:
    import numpy as np

    numbers = np.sort(numbers)
    return Snapshot(numbers, grid.values(connection, numbers, list(columns)))

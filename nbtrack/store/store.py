"""One store as this process sees it: append events, append points, query."""

from __future__ import annotations

import atexit
import os
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nbtrack.errors import StoreError, StoreReadOnlyError
from nbtrack.records import CellExecution, Experiment, Lifecycle, MetricRange, RunRecord
from nbtrack.store import database, executions, portable, query, schema
from nbtrack.store.layout import APPENDED, MAPPED, user_data_folder
from nbtrack.store.locks import supports_flock
from nbtrack.store.merge import read_merged
from nbtrack.store.tails import is_pending
from nbtrack.store.writer import LOCK_TIMEOUT_S, StoreWriter

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

T = TypeVar("T")


class Store(StoreWriter):
    """One store folder; made by :func:`open_store`, one object per folder and process.

    Writing returns once the value is in a journal. Reading merges what is pending and opens the database, read-only,
    for the length of one query.

    Attributes
    ----------
    root : Path
    mode : str
        ``mmap+flock``, or ``append+lockfile`` where the folder does not support the former.

    Examples
    --------
    >>> store = open_store(Path(".nbtrack"))  # doctest: +SKIP
    >>> store.append_point(run_id, "loss", 0, 1_760_000_000_000_000, 0.5)  # doctest: +SKIP
    """

    def read(self, function: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Merge what is pending, and call a function with the database open, read-only, under the shared lock.

        Parameters
        ----------
        function : callable
            Takes the connection, which is closed afterwards; must not keep anything that holds it.

        Returns
        -------
        object
            What the function returns.

        Raises
        ------
        StoreError
            The database cannot be read.
        """

        def work(connection: duckdb.DuckDBPyConnection) -> tuple[bool, T | None]:
            current = schema.is_current(connection, self.layout)
            return current, function(connection) if current else None

        with self._using_database:
            if not self._is_there():
                return database.call_empty(function)
            self._merge_pending()
            while True:
                with self.lock.shared(LOCK_TIMEOUT_S) as held:
                    if not held:
                        raise self._busy(LOCK_TIMEOUT_S)
                    current, result = database.call(self.layout, work, read_only=True, timeout_s=LOCK_TIMEOUT_S)
                if current:
                    return result  # type: ignore[return-value] # the function's own, which may be None
                # Of an older schema: a merge brings it up, or says why it cannot.
                self.flush(LOCK_TIMEOUT_S)

    def read_again(self, function: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Read as :meth:`read` does, for whoever has had something from the store: one that is gone is not empty.

        Parameters
        ----------
        function : callable
            Takes the connection, which is closed afterwards; must not keep anything that holds it.

        Returns
        -------
        object
            What the function returns.

        Raises
        ------
        StoreError
            The store's folder is gone, or the database cannot be read.
        """
        self.check_there()
        found = self.read(function)
        # It may have gone meanwhile.
        self.check_there()
        return found

    def check_there(self) -> None:
        """Refuse what makes sense only with what the store had.

        Raises
        ------
        StoreError
            The store's folder is gone.
        """
        if not self._is_there():
            raise StoreError(
                f"the store {self.root} is gone; what is shown is what it held. Bring the folder back, or run the cell "
                "again for what there is now."
            )

    def _merge_pending(self) -> None:
        self._catch_up()
        exists = self.layout.database.exists()
        torn = self.layout.undo.exists()
        if exists and not torn and not is_pending(self.layout, read_merged(self.layout), self.lock.by_flock):
            return
        try:
            merged = self._merge(LOCK_TIMEOUT_S)
        except (StoreError, OSError) as error:
            # What cannot be written now (a full disk) can still be read as it was, if it can be read at all.
            if not exists:
                raise
            self._notices.fail(str(error))
            return
        if not merged and not exists:
            raise self._busy(LOCK_TIMEOUT_S)
        self._tell_keeper()

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Merge what is pending and open the database, read-only, under the shared lock; see also :meth:`read`.

        Yields
        ------
        duckdb.DuckDBPyConnection

        Raises
        ------
        StoreError
            The database cannot be read.
        """
        with self._using_database:
            if not self._is_there():
                with database.opened_empty() as connection:
                    yield connection
                return
            self._merge_pending()
            while True:
                with self.lock.shared(LOCK_TIMEOUT_S) as held:
                    if not held:
                        raise self._busy(LOCK_TIMEOUT_S)
                    with database.opened(self.layout, read_only=True, timeout_s=LOCK_TIMEOUT_S) as connection:
                        if schema.is_current(connection, self.layout):
                            yield connection
                            return
                self.flush(LOCK_TIMEOUT_S)

    def _is_there(self) -> bool:
        """Whether anything was ever written: reading alone makes no store."""
        return self.layout.journals.exists() or self.layout.database.exists()

    def sql(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Run a query over the views."""
        return self.read(lambda connection: query.sql(connection, statement, parameters))

    def runs(
        self,
        where: str = "",
        order_by: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
        experiment_names: Sequence[str] | None = None,
        lifecycle: Lifecycle | str = "active",
    ) -> list[RunRecord]:
        """Return runs, the newest first unless an order is given."""
        return self.read(
            lambda connection: query.runs(connection, where, order_by, limit, offset, experiment_names, lifecycle)
        )

    def runs_frame(
        self,
        where: str = "",
        order_by: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
        experiment_names: Sequence[str] | None = None,
        lifecycle: Lifecycle | str = "active",
    ) -> pd.DataFrame:
        """Return runs as a table."""
        return self.read(
            lambda connection: query.runs_frame(connection, where, order_by, limit, offset, experiment_names, lifecycle)
        )

    def count_runs(
        self, where: str = "", experiment_names: Sequence[str] | None = None, lifecycle: Lifecycle | str = "active"
    ) -> int:
        """Return how many runs there are."""
        return self.read(lambda connection: query.count_runs(connection, where, experiment_names, lifecycle))

    def run(self, run_id: str, *, unique: bool = False) -> RunRecord:
        """Return one run by its id, the id's beginning, or its name: the latest that has it, unless it must be one."""
        return self.read(lambda connection: query.run(connection, run_id, unique=unique))

    def each_run(self, references: Sequence[str], *, unique: bool = False) -> list[RunRecord]:
        """Return several runs in their order, each as :meth:`run` does, from one look into the store."""
        return self.read(lambda connection: [query.run(connection, name, unique=unique) for name in references])

    def generator_states(self, run_id: str) -> dict[str, str]:
        """Return the states of a run's generators at its start, by stream, as they were recorded."""
        return self.read(lambda connection: query.generator_states(connection, run_id))

    def session_executions(self, session: str, upto_sequence: int) -> tuple[CellExecution, ...]:
        """Return the executions of a session up to and including one, in order, with their sources."""
        return self.read(lambda connection: executions.session_executions(connection, session, upto_sequence))

    def runs_of_execution(self, run_id: str) -> list[RunRecord]:
        """Return the runs that began within the same execution of a cell as this one, in order of start."""
        return self.read(lambda connection: query.runs_of_execution(connection, run_id))

    def children(self, run_id: str) -> list[RunRecord]:
        """Return the runs that have this one as their parent."""
        return self.read(lambda connection: query.children(connection, run_id))

    def history(self, run_id: str, key: str | None = None) -> pd.DataFrame:
        """Return the points of a run."""
        return self.read(lambda connection: query.history(connection, run_id, key))

    def experiments(self, lifecycle: Lifecycle | str = "active") -> list[Experiment]:
        """Return the experiments."""
        return self.read(lambda connection: query.experiments(connection, lifecycle))

    def metric_ranges(
        self, experiment_name: str, exclude_run_id: str | None = None, begun_before_us: int | None = None
    ) -> dict[str, MetricRange]:
        """Return the extremes and the latest value of each metric over an experiment's finished runs."""
        return self.read(
            lambda connection: query.metric_ranges(connection, experiment_name, exclude_run_id, begun_before_us)
        )


_stores: dict[Path, Store] = {}
_opening = threading.RLock()


def open_store(root: Path) -> Store:
    """Return the store in this folder, one object per folder and process.

    The folder is made when the first value is written. One that cannot be written is replaced by one in the user's
    data directory, with a notice that names both.

    Parameters
    ----------
    root : Path

    Returns
    -------
    Store

    Raises
    ------
    StoreReadOnlyError
        Neither folder can be written.
    """
    known = _stores.get(root)
    if known is not None:
        return known
    with _opening:
        if root not in _stores:
            _stores[root] = _open(root)
        return _stores[root]


def _open(root: Path) -> Store:
    try:
        return Store(root, _mode(root))
    except OSError as error:
        reason = error.strerror or str(error)
    stand_in = user_data_folder()
    try:
        mode = _mode(stand_in)
    except OSError as error:
        raise StoreReadOnlyError(
            f"neither {root} ({reason}) nor {stand_in} ({error.strerror}) can be written. Name a folder that can: "
            "nbtrack.set_store('/path/to/folder')."
        ) from error
    notice = f"the store {root} cannot be written ({reason}); runs go to {stand_in} instead."
    return Store(stand_in, mode, [notice])


def _mode(root: Path) -> str:
    """Find out by trying how a store can work in a folder; in the nearest one above, while it is not made yet."""
    place = root
    while not place.exists():
        place = place.parent
    if place != root:
        # In there a folder must be possible.
        trial = place / f".nbtrack-{uuid.uuid4().hex}"
        trial.mkdir()
        trial.rmdir()
    return MAPPED if supports_flock(place) else APPENDED


def _pause_all() -> None:
    for store in list(_stores.values()):
        store.pause()


def _go_on_all() -> None:
    for store in list(_stores.values()):
        store.go_on()


def _begin_all_in_child() -> None:
    global _opening  # noqa: PLW0603 - the parent's lock may be held by a thread that the child does not have
    _opening = threading.RLock()
    portable.forget_held()
    for store in list(_stores.values()):
        store.begin_in_child()


@atexit.register
def close_all() -> None:
    """Close every store of this process."""
    for store in list(_stores.values()):
        store.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_pause_all, after_in_parent=_go_on_all, after_in_child=_begin_all_in_child)

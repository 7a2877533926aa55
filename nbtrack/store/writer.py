"""The writing half of a store: values go into this process's journal at once, and into the database soon after."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbtrack.errors import StoreBusyError, StoreError
from nbtrack.store import artifacts
from nbtrack.store.journal import Journal, Mark
from nbtrack.store.layout import MAPPED, Layout
from nbtrack.store.locks import StoreLock
from nbtrack.store.merge import merge
from nbtrack.store.notices import Notices
from nbtrack.store.rounds import Rounds

LOCK_TIMEOUT_S = 30.0
"""How long a read or a flush waits for other processes' merges."""
_KEEPER_PATIENCE_S = 0.3


class StoreWriter:
    """Appends events and points to a store, and merges them in the background; standard library only until then.

    Attributes
    ----------
    root : Path
    mode : str
        ``mmap+flock``, or ``append+lockfile`` where the folder does not support the former.
    """

    def __init__(self, root: Path, mode: str, notices: Sequence[str] = ()) -> None:
        self.layout = Layout(root)
        self.root = root
        self.mode = mode
        by_flock = mode == MAPPED
        self.lock = StoreLock(self.layout, by_flock)
        self._notices = Notices(notices)
        self._journal = Journal(self.layout, by_flock, self._wake, self._notices.add)
        self._rounds = Rounds(self.layout, by_flock, self._journal, self._merge_in_background, self._notices)
        # Held while DuckDB works for this store: a fork in the middle of that would leave the child a broken DuckDB.
        self._using_database = threading.RLock()

    # --- writing ------------------------------------------------------------------------------------------------

    def append_event(self, event: Mapping[str, Any]) -> None:
        """Write one event to this process's journal.

        Parameters
        ----------
        event : mapping
            ``t`` names its kind; ``ts``, microseconds since the epoch, is added.

        Raises
        ------
        InputError
            It holds what cannot be written as JSON.
        StoreError
            Nothing can be written, and too much waits in memory already.
        """
        self._journal.append_event(event)

    def append_point(self, run_id: str, key: str, step: int, ts_us: int, value: float) -> None:
        """Write one point of a metric to this process's journal.

        Parameters
        ----------
        run_id, key : str
        step : int
        ts_us : int
            Microseconds since the epoch.
        value : float

        Raises
        ------
        MetricError
            A number is out of range.
        StoreError
            Nothing can be written, and too much waits in memory already.
        """
        self._journal.append_point(run_id, key, step, ts_us, value)

    def points_since(self, mark: Mark | None) -> tuple[Mark, bytes]:
        """Return the points that this process has written behind a mark, as :meth:`Journal.points_since` does."""
        return self._journal.points_since(mark)

    def series_of(self, run_id: str) -> dict[int, str]:
        """Return the metrics of a run by the numbers that they have in :meth:`points_since`."""
        return self._journal.series_of(run_id)

    def add_artifact(self, source: Path | bytes) -> tuple[str, int]:
        """Keep a copy of a file or of bytes, by its hash.

        Returns
        -------
        (str, int)
            SHA-256 in hex, and size in bytes.
        """
        return artifacts.add(self.layout.artifacts, source)

    def artifact_file(self, digest: str) -> Path:
        """Return the file that keeps the content of this hash."""
        return artifacts.file_of(self.layout.artifacts, digest)

    def artifacts_uri(self, run_id: str) -> str:
        """Return the address of a run's artifacts, as shown to the user."""
        return f"{artifacts.ADDRESS}{run_id}"

    @property
    def journal_id(self) -> str:
        """What this process writes to; another one after a fork, or after the store's folder was deleted."""
        return self._journal.id

    def pop_notices(self) -> list[str]:
        """Return the sentences that the user has not been told yet."""
        return self._notices.pop()

    # --- merging ------------------------------------------------------------------------------------------------

    def on_merge(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called, in the background thread, after a merge of anybody's journals is seen."""
        self._rounds.listen(listener)

    def flush(self, timeout_s: float = LOCK_TIMEOUT_S) -> None:
        """Fold every journal into the database now.

        Parameters
        ----------
        timeout_s : float
            How long to wait for other processes' merges and reads.

        Raises
        ------
        StoreBusyError
            Others kept the store busy all the time.
        StoreError
            The database cannot be opened or written; the journals keep everything.
        """
        self._catch_up()
        if not self._merge(timeout_s):
            raise self._busy(timeout_s)
        self._tell_keeper()

    def _merge(self, timeout_s: float) -> bool:
        with self._using_database:
            self.layout.make()
            return merge(self.layout, self.lock, timeout_s=timeout_s, tell=self._notices.add)

    def _merge_in_background(self) -> bool:
        return self._merge(_KEEPER_PATIENCE_S)

    def _catch_up(self) -> None:
        """Write what waits in memory, in a thread of its own: an interrupt here must not have a value written twice."""
        if self._journal.is_behind:
            thread = threading.Thread(target=self._journal.catch_up, name="nbtrack-catch-up", daemon=True)
            thread.start()
            thread.join()

    def _wake(self) -> None:
        self._rounds.keeper.wake()

    def _tell_keeper(self) -> None:
        """After a merge outside the keeper's thread: its listeners want to know."""
        if self._journal.is_started or self._rounds.has_listeners:
            self._wake()

    def _busy(self, timeout_s: float) -> StoreBusyError:
        return StoreBusyError(
            f"the store {self.root} was kept busy by other processes for {timeout_s:.0f} s; try again, or see who it "
            "is: nbtrack doctor. Values go on being kept in the journals."
        )

    # --- life ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop the background thread and give the journal up; runs that are still open become ``crashed``.

        What is not merged yet is merged at once if that is quick, else by whoever looks next.
        """
        self._rounds.keeper.stop()
        self._journal.catch_up()
        was_started = self._journal.is_started
        self._journal.close()
        # Loading DuckDB now would take longer than the next reader takes to merge.
        if was_started and "duckdb" in sys.modules:
            try:
                self._merge(0.0)
            except (StoreError, OSError) as error:
                self._notices.fail(str(error))
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._rounds.reset()

    def pause(self) -> None:
        """Before a fork: have no thread of ours run, and none inside DuckDB."""
        self._rounds.keeper.stop()
        self._using_database.acquire(timeout=LOCK_TIMEOUT_S)

    def go_on(self) -> None:
        """After a fork, in the parent."""
        self._using_database.release()
        self._start_afresh()
        if self._journal.is_started:
            self._wake()

    def begin_in_child(self) -> None:
        """After a fork, in the child: leave the parent's journal alone, and begin a new one."""
        self._using_database = threading.RLock()
        self._journal.abandon()
        self._start_afresh()

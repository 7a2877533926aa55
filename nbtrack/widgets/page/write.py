"""Writing the page of runs to a file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbtrack.errors import InputError
from nbtrack.store.export import check_target, written_aside
from nbtrack.store.reading import own_runs
from nbtrack.store.store import Store
from nbtrack.widgets.format import count
from nbtrack.widgets.page.page import Content, page
from nbtrack.widgets.text import clean, cut

SUFFIXES = (".html", ".htm")
FORMAT = "html"
LIMIT = 50
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Written:
    """What a page came to: how many runs are on it, of how many that were meant, and its size."""

    runs: int
    total: int
    size_bytes: int

    @property
    def words(self) -> str:
        """As ``50 of 213 runs``."""
        return count(self.runs, "run") if self.runs >= self.total else f"{self.runs:,} of {count(self.total, 'run')}"


def write_page(
    store: Store, path: Path, *, runs: Sequence[str] = (), where: str = "", limit: int = LIMIT, force: bool = False
) -> Written:
    """Write runs as one HTML page that needs nothing else; it appears whole or not at all.

    Parameters
    ----------
    store : Store
    path : Path
        Ends in ``.html``.
    runs : sequence of str
        Names, ids or their beginnings: these, in this order, and how they differ. Default: those that fit ``where``.
    where : str
        As for :func:`nbtrack.runs`.
    limit : int
        At most so many runs, the newest.
    force : bool
        Replace a file that is there.

    Returns
    -------
    Written

    Raises
    ------
    InputError
        The path ends otherwise, there is something at it, or both runs and a filter are given.
    RunNotFoundError
        There is no such run.
    FilterError
        The filter cannot be read.
    StoreError
        The file cannot be written.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"the page is to go to {path.name!r}; accepted: a name that ends in .html. Example: runs.html")
    if runs and where:
        raise InputError("runs are named and a filter is given; accepted: one of the two.")
    if not 1 <= limit <= _MOST:
        raise InputError(f"limit is {limit}; accepted: a whole number from 1 to {_MOST:,}. Example: --limit 100")
    check_target(path, False, force)
    content = _content(store, runs, where, limit)
    size_bytes = 0
    with written_aside(path) as target, target.open("wb") as stream:
        for piece in page(content, store):
            size_bytes += stream.write(piece.encode("utf-8", "replace"))
    return Written(len(content.records), content.total, size_bytes)


def _content(store: Store, runs: Sequence[str], where: str, limit: int) -> Content:
    if runs:
        records = {record.info.run_id: record for record in map(store.run, runs)}
        return Content(tuple(records.values()), len(records), is_named=True, now_s=time.time())
    chosen = own_runs(where)
    found = store.runs(chosen, limit=limit)
    total = len(found) if len(found) < limit else store.count_runs(chosen)
    about = f"where {cut(clean(where), 200)}" if where else ""
    return Content(tuple(found), total, about=about, now_s=time.time())

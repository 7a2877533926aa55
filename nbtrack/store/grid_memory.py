"""Columns of all runs of a large table, kept in memory: sorted and grouped again without reading them again.

They are a copy: whoever keeps one looks at :func:`nbtrack.store.grid.change_stamp` before each use.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from nbtrack.store import grid
from nbtrack.store.grid_columns import type_of

if TYPE_CHECKING:
    import duckdb

_MOST_BYTES = 200_000_000
_TEXT_BYTES = 160


class GridMemory:
    """Columns of runs.

    Parameters
    ----------
    numbers : numpy.ndarray
        ``run_ix`` of the runs, the newest first.
    """

    def __init__(self, numbers: Any) -> None:
        import numpy as np

        self.numbers = numbers
        self._by_number = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._by_number]
        self._columns: dict[str, _Column] = {}

    @property
    def size_bytes(self) -> int:
        """About how much memory the columns take."""
        return sum(column.size_bytes for column in self._columns.values())

    def places(self, numbers: Any) -> Any:
        """Return where in the columns the runs with these numbers are; -1 for one that is not there."""
        import numpy as np

        if not len(self._sorted):
            return np.full(len(numbers), -1)
        found = np.minimum(np.searchsorted(self._sorted, numbers), len(self._sorted) - 1)
        return np.where(self._sorted[found] == numbers, self._by_number[found], -1)

    def has(self, wanted: Sequence[str]) -> bool:
        """Tell whether these columns are here."""
        return all(name in self._columns for name in wanted)

    def load(self, connection: duckdb.DuckDBPyConnection, wanted: Sequence[str], numbers: frozenset[str]) -> None:
        """Read the columns that are not here yet; those used longest ago go where they take too much memory.

        Parameters
        ----------
        connection : duckdb.DuckDBPyConnection
        wanted : sequence of str
            Ids of columns.
        numbers : frozenset of str
            Params that are compared as numbers.
        """
        missing = [name for name in dict.fromkeys(wanted) if name not in self._columns]
        if missing:
            values = grid.values(connection, self.numbers, missing)
            for name in missing:
                self._columns[name] = _column(connection, name, values[name], name in numbers)
        for name in wanted:
            self._columns[name] = self._columns.pop(name)
        for name in list(self._columns):
            if self.size_bytes <= _MOST_BYTES or name in wanted:
                break
            del self._columns[name]

    def order(self, sort: Sequence[tuple[str, bool]], fitting: Any = None) -> Any:
        """Return the numbers of runs in an order, as :func:`nbtrack.store.grid.run_numbers` does.

        Parameters
        ----------
        sort : sequence of (str, bool)
            Columns that are here, and whether descending; then the newest first.
        fitting : numpy.ndarray, optional
            Numbers of the runs that are wanted; default all.

        Returns
        -------
        numpy.ndarray
        """
        import numpy as np

        order = np.arange(len(self.numbers))
        if fitting is not None:
            order = np.sort(self.places(fitting))
            order = order[order >= 0]
        for name, descending in reversed(sort):
            for key in self._columns[name].keys(descending):
                order = order[np.argsort(key[order], kind="stable")]
        return self.numbers[order]

    def has_texts(self, wanted: Sequence[str]) -> bool:
        """Tell whether these columns are here, and hold texts."""
        return all(isinstance(self._columns.get(name), _Words) for name in wanted)

    def holding(self, words: Sequence[str], wanted: Sequence[str]) -> Any:
        """Return the numbers of the runs that have each of these words somewhere, as a table's quick search finds them.

        Parameters
        ----------
        words : sequence of str
            In small letters, without spaces.
        wanted : sequence of str
            Columns of texts that are here; a word may be in any of them.

        Returns
        -------
        numpy.ndarray
        """
        import numpy as np

        columns = [self._columns[name] for name in wanted]
        found = np.ones(len(self.numbers), dtype=bool)
        for word in words:
            found &= np.logical_or.reduce([column.holds(word) for column in columns])
        return self.numbers[found]

    def values(self, numbers: Any, wanted: Sequence[str]) -> dict[str, Any]:
        """Return columns that are here of some runs, as :func:`nbtrack.store.grid.values` does.

        Parameters
        ----------
        numbers : numpy.ndarray
        wanted : sequence of str

        Returns
        -------
        dict of str to numpy.ma.MaskedArray
        """
        places = self.places(numbers)
        return {name: self._columns[name].taken(places) for name in wanted}

    @property
    def has_room(self) -> bool:
        """Whether more columns can be kept without one having to go."""
        return self.size_bytes < _MOST_BYTES // 2

    def codes(self, name: str) -> tuple[Any, list[Any]]:
        """Return a column as codes into a list of its values; the code of what is missing is that of None."""
        return self._columns[name].coded()

    def floats(self, name: str) -> Any:
        """Return a column of numbers as float64, NaN where there is none."""
        return self._columns[name].floats()


class _Column:
    size_bytes: int

    def keys(self, descending: bool) -> list[Any]:
        """Return what to sort by, the least important key first."""
        raise NotImplementedError

    def coded(self) -> tuple[Any, list[Any]]:
        raise NotImplementedError

    def floats(self) -> Any:
        raise NotImplementedError

    def holds(self, word: str) -> Any:
        """Return of each run whether its text has a word in it."""
        raise NotImplementedError

    def taken(self, places: Any) -> Any:
        """Return the values at these places; of -1, none."""
        raise NotImplementedError


class _Numbers(_Column):
    def __init__(self, values: Any) -> None:
        import numpy as np

        self._missing = np.ma.getmaskarray(values)
        self._values = np.asarray(values.filled(0), dtype=np.float64)
        self.size_bytes = 9 * len(self._values)

    def keys(self, descending: bool) -> list[Any]:
        import numpy as np

        nan = np.isnan(self._values)
        key = np.where(nan | self._missing, 0.0, -self._values if descending else self._values)
        # What is missing comes last either way, and NaN just before it.
        last = np.where(self._missing, 2, np.where(nan, 1, 0)).astype("u1")
        return [key, last] if last.any() else [key]

    def coded(self) -> tuple[Any, list[Any]]:
        import numpy as np

        values, codes = np.unique(np.where(self._missing, 0.0, self._values), return_inverse=True)
        return np.where(self._missing, len(values), codes), [*values.tolist(), None]

    def floats(self) -> Any:
        import numpy as np

        return np.where(self._missing, np.nan, self._values)

    def taken(self, places: Any) -> Any:
        import numpy as np

        return np.ma.array(self._values[places], mask=self._missing[places] | (places < 0))


class _Words(_Column):
    """Texts as codes; ``numbers`` is each word as the database reads it as a number, NaN where it is none."""

    def __init__(self, codes: Any, words: list[str], numbers: Any, is_number: bool) -> None:
        import numpy as np

        self._codes = np.where(codes < 0, len(words), codes)
        self._words = words
        self._numbers = numbers
        self._is_number = is_number
        self.size_bytes = 8 * len(codes) + _TEXT_BYTES * len(words)
        # One text to look through: what is looked for has no line break in it.
        lowered = list(map(str.lower, words))
        self._lines = "\n".join(lowered)
        self._ends = [end + number for number, end in enumerate(accumulate(map(len, lowered)), 1)]

    def keys(self, descending: bool) -> list[Any]:
        import numpy as np

        by_text = sorted(range(len(self._words)), key=self._words.__getitem__, reverse=descending)
        if self._numbers is not None:
            sign = -1 if descending else 1
            by_text.sort(key=lambda at: (False, sign * self._numbers[at]) if self._reads(at) else (True, 0.0))
        rank = np.empty(len(self._words) + 1, dtype=np.int32)
        rank[by_text] = np.arange(len(self._words))
        rank[-1] = len(self._words)
        return [rank[self._codes]]

    def _reads(self, at: int) -> bool:
        return bool(self._numbers[at] == self._numbers[at])

    def coded(self) -> tuple[Any, list[Any]]:
        values: list[Any] = list(self._words)
        if self._is_number and all(self._reads(at) for at in range(len(values))):
            values = [float(number) for number in self._numbers]
        return self._codes, [*values, None]

    def floats(self) -> Any:
        import numpy as np

        numbers = self._numbers if self._numbers is not None else np.full(len(self._words), np.nan)
        return np.append(numbers, np.nan)[self._codes]

    def holds(self, word: str) -> Any:
        import numpy as np

        hits = np.zeros(len(self._words) + 1, dtype=bool)
        at = self._lines.find(word)
        while at >= 0:
            line = bisect_right(self._ends, at)
            hits[line] = True
            at = self._lines.find(word, self._ends[line])
        return hits[self._codes]

    def taken(self, places: Any) -> Any:
        import numpy as np

        codes = np.where(places < 0, len(self._words), self._codes[places])
        texts = np.empty(len(codes), dtype=object)
        texts[:] = [self._words[code] if code < len(self._words) else None for code in codes.tolist()]
        return np.ma.array(texts, mask=codes == len(self._words))


def _column(connection: duckdb.DuckDBPyConnection, name: str, values: Any, is_number: bool) -> _Column:
    import numpy as np
    import pandas as pd

    if values.dtype != object:
        return _Numbers(values)
    texts = np.array(values.data, dtype=object)
    texts[np.ma.getmaskarray(values)] = None
    codes, words = pd.factorize(texts)
    numbers = None
    if type_of(name) == "text" and (is_number or name.startswith(("params.", "tags."))):
        # What counts as a number, the database says: it is asked in both cases.
        read: Any = connection.execute(
            "select try_cast(unnest(?::varchar[]) as double) as number", [[str(word) for word in words]]
        ).fetchnumpy()["number"]
        numbers = np.asarray(np.ma.filled(np.ma.asarray(read, dtype=np.float64), np.nan))
    return _Words(codes, list(map(str, words.tolist())), numbers, is_number)

"""What the metrics of a run under way were until now, in few numbers each: for the sparklines of the live panel.

The points are read from the map that they were written to, so that whoever logs them does not pay for it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nbtrack.store.points import unpacked

if TYPE_CHECKING:
    from nbtrack.capture.run import ActiveRun

_MOST_STRETCHES = 64


class Trail:
    """One metric: the means of stretches of equal length, which are joined in pairs where they become too many.

    Attributes
    ----------
    lowest, highest : float
        Of the finite values; infinite before the first.

    Examples
    --------
    >>> trail = Trail()
    >>> trail.extend([3.0, 2.0, 1.0])
    >>> trail.trend(), trail.lowest
    ((3.0, 2.0, 1.0), 1.0)
    """

    def __init__(self) -> None:
        self.lowest, self.highest = math.inf, -math.inf
        self._means: list[float] = []
        self._stride = 1
        # Of the stretch that is not full yet.
        self._open = 0.0
        self._count = 0

    def extend(self, values: Any) -> None:
        """Add values; those that are not finite are left out.

        Parameters
        ----------
        values : array-like of float
        """
        import numpy as np

        values = np.asarray(values, dtype=float)
        values = values[np.isfinite(values)]
        if not len(values):
            return
        self.lowest = min(self.lowest, float(values.min()))
        self.highest = max(self.highest, float(values.max()))
        # A sum of huge values may be infinite, which the trend leaves out.
        with np.errstate(all="ignore"):
            head, rest = np.split(values, [min(self._stride - self._count, len(values))])
            self._fill(float(head.sum()), len(head))
            whole = len(rest) // self._stride * self._stride
            self._means += rest[:whole].reshape(-1, self._stride).mean(axis=1).tolist()
            self._fill(float(rest[whole:].sum()), len(rest) - whole)
        while len(self._means) > _MOST_STRETCHES:
            self._join()

    def _fill(self, total: float, count: int) -> None:
        self._open += total
        self._count += count
        if self._count == self._stride:
            self._means.append(self._open / self._count)
            self._open, self._count = 0.0, 0

    def _join(self) -> None:
        if len(self._means) % 2:
            self._open += self._means.pop() * self._stride
            self._count += self._stride
        pairs = zip(self._means[::2], self._means[1::2], strict=True)
        self._means = [first / 2 + second / 2 for first, second in pairs]
        self._stride *= 2

    def trend(self) -> tuple[float, ...]:
        """Return the means so far, the newest of which may be of a shorter stretch."""
        newest = [self._open / self._count] if self._count else []
        means = (mean for mean in (*self._means, *newest) if math.isfinite(mean))
        # Means are rounded: those of equal values must not look like a course.
        return tuple(min(max(mean, self.lowest), self.highest) for mean in means)


class Trails:
    """The trails of one run at a time.

    Parameters
    ----------
    run : ActiveRun
        Its points count from now on.

    Attributes
    ----------
    by_key : dict of str to Trail
    first_step : int
        The least that was seen of 0 and 1, with which people begin to count.
    """

    def __init__(self, run: ActiveRun) -> None:
        self._store = run.store
        self._mark, _ = run.store.points_since(None)
        self.turn_to(run)

    def turn_to(self, run: ActiveRun) -> None:
        """Go on with another run of the same store, or with none of its own points known.

        Parameters
        ----------
        run : ActiveRun
        """
        self._run = run
        self.by_key: dict[str, Trail] = {}
        self.first_step = 1
        self._keys: dict[int, str] = {}
        self._sampled: dict[str, tuple[int, float]] = {}

    def update(self) -> None:
        """Take in what was logged since."""
        self._mark, content = self._store.points_since(self._mark)
        newest = self._run.newest_points()
        if content:
            self._take(content, len(newest))
        for key, point in newest.items():
            # Where points are not mapped, or a forked child logs them: what is seen from time to time.
            if key not in self.by_key or (not content and self._sampled.get(key) != point):
                self._trail(key).extend([point[1]])
        self._sampled = newest

    def _take(self, content: bytes, metrics: int) -> None:
        import numpy as np

        if len(self._keys) < metrics:
            self._keys = self._store.series_of(self._run.run_id)
        records = unpacked(content)
        # Of a write that an interrupt cut off there is no check.
        records = records[records["check"] != 0]
        present = set(np.unique(records["series"]).tolist())
        for number in present & self._keys.keys():
            own = records[records["series"] == number]
            self.first_step = min(self.first_step, max(int(own["step"].min()), 0))
            self._trail(self._keys[number]).extend(own["value"])

    def _trail(self, key: str) -> Trail:
        return self.by_key.setdefault(key, Trail())

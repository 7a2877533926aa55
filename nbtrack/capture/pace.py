"""How fast a loop gets on, and how long it will go on."""

from __future__ import annotations

_MOST_MARKS = 64
# What the rate is of: the latest part of the time, so that a slow beginning is forgotten and a short pause is not all.
_SHARE = 0.25


class Pace:
    """Counts seen now and then.

    Parameters
    ----------
    begun_s : float
        When the count was 0, by the clock that :meth:`see` is told.

    Examples
    --------
    >>> pace = Pace(0.0)
    >>> for second in range(1, 11):
    ...     pace.see(second, 2 * second)
    >>> pace.rate_per_s(10.0), pace.remaining_s(10.0, 60)
    (2.0, 20.0)
    """

    def __init__(self, begun_s: float) -> None:
        self._marks: list[tuple[float, int]] = [(begun_s, 0)]

    def see(self, now_s: float, count: int) -> None:
        """Take note of a count; one that is less than before begins anew.

        Parameters
        ----------
        now_s : float
        count : int
        """
        if count < self._marks[-1][1]:
            self._marks = [(now_s, count)]
        elif count > self._marks[-1][1]:
            self._marks.append((now_s, count))
            if len(self._marks) > _MOST_MARKS:
                self._marks = [*self._marks[:-1:2], self._marks[-1]]

    def rate_per_s(self, now_s: float) -> float | None:
        """Return counts a second, lately; None before there are any.

        Parameters
        ----------
        now_s : float

        Returns
        -------
        float or None
        """
        if len(self._marks) < 2:
            return None
        horizon_s = now_s - (now_s - self._marks[0][0]) * _SHARE
        then_s, before = next((mark for mark in self._marks[-2::-1] if mark[0] <= horizon_s), self._marks[0])
        latest_s, count = self._marks[-1]
        spent_s = latest_s - then_s
        if now_s - latest_s > 2 * spent_s / (count - before):
            # It stands still.
            spent_s = now_s - then_s
        return (count - before) / spent_s if spent_s > 0 else None

    def remaining_s(self, now_s: float, total: int) -> float | None:
        """Return the seconds until the count is ``total``, at the present rate; None where there is none.

        Parameters
        ----------
        now_s : float
        total : int

        Returns
        -------
        float or None
        """
        rate = self.rate_per_s(now_s)
        latest_s, count = self._marks[-1]
        if not rate:
            return None
        left = max(total - count, 0)
        # Of the step that is under way a part is over.
        return max(left / rate - (now_s - latest_s), max(left - 1, 0) / rate)

"""Which change made the difference between two runs: frozen dataclasses that say it in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from nbtrack.findings.wording import counted, cut, short, signed, table, wrapped
from nbtrack.report import plain

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 0.05
"""Effects add up where their sum misses the whole difference by at most so much of it."""
_MOST_METRICS, _MOST_UNTRIED = 4, 6
_WIDEST, _KEY = 56, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs between two runs and can be changed alone.

    Attributes
    ----------
    kind : str
        ``param``, ``code``, ``seed`` or ``order``.
    key : str
        The param's name, or the cell as ``In[3]``.
    words : str
        As ``C: 0.1 → 1.0``.
    """

    kind: Literal["param", "code", "seed", "order"]
    key: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A replay of the baseline with some of the changes.

    Attributes
    ----------
    changes : tuple of int
        Positions of the changes; none for the baseline itself.
    metrics : dict of str to float
    failure : str
        Why it did not come to its end; empty where it did.
    """

    changes: tuple[int, ...]
    metrics: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What each change between two runs does to the metrics.

    Attributes
    ----------
    a_id, a_name, b_id, b_name : str
        The baseline and the other run.
    a, b : dict of str to float
        Their metrics that differ, as recorded.
    changes : tuple of Change
    trials : tuple of Trial
        Replays, the baseline's first.
    beyond : tuple of str
        Sentences about what differs and cannot be replayed: data, packages, the platform.
    untried : tuple of str
        What the budget left out.
    interrupted : bool
    duration_s : float

    Examples
    --------
    >>> print(nbtrack.explain("baseline", "second"))  # doctest: +SKIP
    """

    a_id: str
    a_name: str
    b_id: str
    b_name: str
    a: Mapping[str, float]
    b: Mapping[str, float]
    changes: tuple[Change, ...] = ()
    trials: tuple[Trial, ...] = ()
    beyond: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()
    interrupted: bool = False
    duration_s: float = 0.0

    @property
    def replays(self) -> int:
        """How many times cells were replayed."""
        return len(self.trials)

    def trial(self, *changes: int) -> Trial | None:
        """Return the replay with just these changes, or None where it was not tried."""
        return next((found for found in self.trials if found.changes == tuple(sorted(changes))), None)

    def effect(self, key: str, *changes: int) -> float:
        """Return what changes do to a metric together, against the baseline; NaN where that is not known."""
        found = self.trial(*changes)
        if found is None or key not in found.metrics or key not in self.a:
            return math.nan
        return found.metrics[key] - self.a[key]

    def together(self, key: str) -> float:
        """Return what all changes do to a metric; NaN where that is not known."""
        return self.effect(key, *range(len(self.changes)))

    def reached(self, key: str) -> bool:
        """Tell whether the baseline with all changes gives the other run's metric."""
        whole = self.together(key)
        goal = self.b[key]
        if math.isnan(whole):
            found = self.trial(*range(len(self.changes)))
            return found is not None and math.isnan(goal) and math.isnan(found.metrics.get(key, 0.0))
        return math.isclose(self.a[key] + whole, goal, rel_tol=1e-9, abs_tol=1e-12)

    def adds_up(self, key: str) -> bool | None:
        """Tell whether the effects of the changes alone make up that of all; None where that is not known."""
        alone = [self.effect(key, place) for place in range(len(self.changes))]
        whole = self.together(key)
        if math.isnan(whole) or any(map(math.isnan, alone)):
            return None
        scale = max(abs(whole), *map(abs, alone), 0.0)
        return abs(math.fsum(alone) - whole) <= TOLERANCE * scale

    # --- in words ---------------------------------------------------------------------------------------------------

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it comes to, for each metric, and what a reader should know beside."""
        found = [self._of_metric(key) for key in self.a] if self.changes else []
        if not self.changes:
            found.append("Nothing differs between the two runs that can be replayed.")
        found += self.beyond
        if self.interrupted:
            found.append("Interrupted: only what was done by then is told.")
        if self.untried:
            more = len(self.untried) - _MOST_UNTRIED
            shown = ", ".join(self.untried[:_MOST_UNTRIED]) + (f", and {more} more" if more > 0 else "")
            found.append(f"Not tried, for the budget: {shown}.")
        return tuple(found)

    def _of_metric(self, key: str) -> str:
        difference = f"{signed(self.b[key] - self.a[key])} {key}"
        whole = self.together(key)
        named = [(self.effect(key, place), change.words) for place, change in enumerate(self.changes)]
        if math.isnan(whole):
            found = self.trial(*range(len(self.changes)))
            why = f": {found.failure}" if found is not None and found.failure else ""
            return f"{difference}: what all changes do together is not known{why}."
        if not self.reached(key):
            rest = f"all changes together give {signed(whole)}"
            return f"{difference}: {rest}, so something else differs that the replays do not have."
        if len(named) == 1:
            return f"{difference}: {named[0][1]}."
        known = [item for item in named if not math.isnan(item[0])]
        acting = sorted((item for item in known if abs(item[0]) > 1e-12), key=lambda item: -abs(item[0]))
        if self.adds_up(key) and acting:
            largest = acting[0]
            share = 100 * largest[0] / whole if whole else math.nan
            if len(acting) == 1:
                return f"{difference}: {largest[1]} alone makes it."
            if 50 <= share <= 100:
                return f"{difference}: {largest[1]} makes {share:.0f} % of it."
            parts = ", ".join(f"{words} {signed(effect)}" for effect, words in acting[:3])
            return f"{difference}: {parts}."
        if self.adds_up(key) is None:
            return f"{difference}: not every change could be tried alone."
        pair = self._strongest_pair(key)
        if pair is not None:
            return f"{difference}: the effects do not add up; {pair}."
        return f"{difference}: the effects of the changes alone do not add up to it; they act together."

    def _strongest_pair(self, key: str) -> str | None:
        found: list[tuple[float, str]] = []
        for trial in self.trials:
            if len(trial.changes) == 2 and len(self.changes) >= 2:
                first, second = trial.changes
                extra = self.effect(key, first, second) - self.effect(key, first) - self.effect(key, second)
                if not math.isnan(extra):
                    words = f"{self.changes[first].key} and {self.changes[second].key}"
                    found.append((extra, f"{words} together give {signed(extra)} beyond what each gives alone"))
        found = [item for item in found if abs(item[0]) > 1e-12]
        return max(found, key=lambda item: abs(item[0]))[1] if found else None

    def rows(self) -> list[tuple[str, list[float], str]]:
        """Return what was tried, as words, the effect on each metric and a remark: each change, then combinations."""
        found = []
        for place, change in enumerate(self.changes):
            found.append((change.words, [self.effect(key, place) for key in self.a], self._remark((place,))))
        everything = tuple(range(len(self.changes)))
        for trial in self.trials:
            if 1 < len(trial.changes) < len(everything):
                effects = [self.effect(key, *trial.changes) for key in self.a]
                found.append((self._named(trial.changes), effects, self._remark(trial.changes)))
        if len(everything) > 1:
            found.append(("all together", [self.together(key) for key in self.a], self._remark(everything)))
        return found

    def _named(self, changes: Sequence[int]) -> str:
        return " + ".join(self.changes[place].key for place in changes)

    def _remark(self, changes: tuple[int, ...]) -> str:
        found = self.trial(*changes)
        if found is None:
            return "not tried"
        return found.failure

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values; NaN and the infinities as texts.

        Returns
        -------
        dict
        """
        found = asdict(self)
        effects = [
            {"change": words, "effects": dict(zip(self.a, values, strict=True)), "remark": remark}
            for words, values, remark in self.rows()
        ]
        told: dict[str, Any] = plain({**found, "effects": effects, "sentences": self.sentences})
        return told

    def to_frame(self) -> pd.DataFrame:
        """Return the table: a row for each change and combination, a column for each metric.

        Returns
        -------
        pandas.DataFrame
            ``change``, the metrics' names, and ``remark``.
        """
        import pandas as pd

        rows = [[words, *effects, remark] for words, effects, remark in self.rows()]
        frame = pd.DataFrame(rows, columns=["change", *self.a, "remark"])
        return frame.astype(dict.fromkeys(self.a, "float64"))

    def lines(self) -> list[str]:
        """Return the same as lines of text."""
        keys = list(self.a)[:_MOST_METRICS]
        values = ", ".join(f"{key} {short(self.a[key])} → {short(self.b[key])}" for key in keys)
        more = len(self.a) - len(keys)
        lines = [f"{self.b_name} ({self.b_id[:8]}) against {self.a_name} ({self.a_id[:8]}): {values}"]
        if more > 0:
            lines[0] += f", and {counted(more, 'more metric')}"
        if self.changes:
            rows = [["change", *(cut(key, _KEY) for key in keys), ""]]
            for words, effects, remark in self.rows():
                shown = ["" if math.isnan(effect) else signed(effect) for effect in effects[: len(keys)]]
                rows.append([cut(words, _WIDEST), *shown, cut(remark, _WIDEST)])
            lines += ["", *table(rows, left={0, len(keys) + 1})]
        return [*wrapped(lines[:1]), *lines[1:], "", *wrapped(self.sentences)]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        del cycle
        printer.text(str(self))

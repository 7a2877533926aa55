"""What came of replaying a run under other seeds: frozen dataclasses that say it in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from nbtrack.findings.wording import counted, cut, short, table, wrapped
from nbtrack.report import plain

if TYPE_CHECKING:
    import pandas as pd

FEW = 5
"""With fewer replays nobody can tell luck."""
_EDGE_PERCENT = 10.0
_KEY = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """One replay under another seed.

    Attributes
    ----------
    seed : int
    run_id : str or None
        The run that it is recorded as; None where it did not come so far.
    metrics : dict of str to float
    failure : str
        Why it did not come to its end; empty where it did.
    """

    seed: int
    run_id: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpread:
    """What other seeds make of a metric.

    Attributes
    ----------
    key : str
    original : float
        The run's own value.
    n : int
        Replays that gave it.
    mean, sd : float
        NaN where there are too few.
    low, high : float
        Where the mean lies with 95 % confidence.
    below, equal, above : int
        How many replays gave less than the run, the same, and more.
    direction : str or None
        ``lower`` or ``higher`` is better; None where the name does not say.
    constant : bool
        All replays gave the same.
    fixed : bool
        There are seeds that could not be varied.
    """

    key: str
    original: float
    n: int
    mean: float
    sd: float
    low: float
    high: float
    below: int
    equal: int
    above: int
    direction: Literal["lower", "higher"] | None = None
    constant: bool = False
    fixed: bool = False

    @property
    def percentile(self) -> float:
        """Where the run stands among the replays, from 0, the worst, to 100, the best; of values where that is open."""
        known = self.below + self.equal + self.above
        if not known:
            return math.nan
        beaten = self.above if self.direction == "lower" else self.below
        return 100 * (beaten + self.equal / 2) / known

    @property
    def luck(self) -> Literal["lucky", "unlucky", "typical", "at the edge", ""]:
        """What the percentile says of the run; empty where nothing can be said."""
        if self.n < FEW or self.constant or math.isnan(self.percentile):
            return ""
        high, low = self.percentile >= 100 - _EDGE_PERCENT, self.percentile <= _EDGE_PERCENT
        if self.direction is None:
            return "at the edge" if high or low else "typical"
        return "lucky" if high else "unlucky" if low else "typical"

    @property
    def sentence(self) -> str:
        """The same in words."""
        shown = short(self.original)
        if not self.n:
            return f"{self.key}: no replay gave a number"
        seeds = counted(self.n, "other seed")
        if self.constant and self.n > 1:
            if self.equal != self.n:
                hint = ": verify the run" if self.n >= FEW else ""
                return f"{self.key}: {shown} in the run, and {short(self.mean)} under all {seeds}{hint}"
            if self.fixed:
                return f"{self.key}: {shown} under all {seeds}, but not all that seeds it could be varied"
            if self.n < FEW:
                return f"{self.key}: {shown} under all {seeds}, too"
            return f"{self.key} does not depend on the seed: {shown} under all {seeds}"
        if math.isnan(self.original):
            return f"{self.key} is nan in the run, and {short(self.mean)} ± {short(self.sd)} under other seeds"
        if self.n < FEW:
            return f"{self.key}: {shown} in the run; {seeds} {'is' if self.n == 1 else 'are'} too few to tell luck"
        if self.direction is None:
            stands = f"is above {self.below} of {seeds}"
        else:
            stands = f"is better than {self.above if self.direction == 'lower' else self.below} of {seeds}"
        return f"{self.key}: {shown} {stands}: {self.luck}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """What other seeds make of a run.

    Attributes
    ----------
    run_id, run_name : str
        The run.
    parent_run_id : str
        The run whose children the replays are.
    replicates : tuple of Replicate
        In the order of the seeds.
    metrics : tuple of MetricSpread
        In the order in which the run has them; those that measure time are left out.
    seeding : tuple of str
        Sentences: which seeds were varied, and which could not be.
    varied : bool
        The code sets seeds that were varied.
    interrupted : bool
        It was interrupted before all replays were done.
    duration_s : float

    Examples
    --------
    >>> found = nbtrack.replicate("baseline", seeds=10)  # doctest: +SKIP
    >>> found.metrics[0].sentence  # doctest: +SKIP
    'accuracy: 0.9722 is better than 9 of 10 other seeds: lucky'
    """

    run_id: str
    run_name: str
    parent_run_id: str
    replicates: tuple[Replicate, ...]
    metrics: tuple[MetricSpread, ...]
    seeding: tuple[str, ...] = ()
    varied: bool = False
    interrupted: bool = False
    duration_s: float = 0.0

    @property
    def good(self) -> tuple[Replicate, ...]:
        """The replays that came to their end."""
        return tuple(found for found in self.replicates if not found.failure)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values; NaN and the infinities as texts.

        Returns
        -------
        dict
        """
        found = asdict(self)
        for metric, values in zip(self.metrics, found["metrics"], strict=True):
            values |= {"percentile": metric.percentile, "luck": metric.luck, "sentence": metric.sentence}
        told: dict[str, Any] = plain(found)
        return told

    def to_frame(self) -> pd.DataFrame:
        """Return the replays as a table.

        Returns
        -------
        pandas.DataFrame
            A row for each, with ``seed``, ``run_id``, ``failure`` and a column ``metrics.…`` for each metric.
        """
        import pandas as pd

        keys = [metric.key for metric in self.metrics]
        rows = [
            [found.seed, found.run_id, found.failure, *(found.metrics.get(key, math.nan) for key in keys)]
            for found in self.replicates
        ]
        frame = pd.DataFrame(rows, columns=["seed", "run_id", "failure", *(f"metrics.{key}" for key in keys)])
        return frame.astype(dict.fromkeys([f"metrics.{key}" for key in keys], "float64"))

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the same as lines of text."""
        lines = wrapped([f"{self.run_name} ({self.run_id[:8]}) under {counted(len(self.replicates), 'other seed')}"])
        lines.append("")
        header = ["", "run", "mean", "sd", "95 % interval", "n", "percentile"]
        rows = [
            [
                cut(metric.key, _KEY),
                short(metric.original),
                short(metric.mean),
                short(metric.sd),
                "" if math.isnan(metric.low) else f"{short(metric.low)} to {short(metric.high)}",
                str(metric.n),
                f"{metric.percentile:.0f}" if metric.luck else "",
            ]
            for metric in self.metrics
        ]
        lines += table([header, *rows])
        lines += ["", *wrapped(metric.sentence for metric in self.metrics)]
        return [*lines, "", *wrapped(self.notes())]

    def notes(self) -> list[str]:
        """Return what a reader should know beside the figures, in sentences."""
        notes = list(self.seeding)
        failed = [found for found in self.replicates if found.failure]
        if self.interrupted:
            notes.append("Interrupted: only what was done by then counts.")
        if failed:
            first = f"seed {failed[0].seed}: {failed[0].failure}"
            notes.append(f"{len(failed)} of {counted(len(self.replicates), 'replay')} failed, as {first}")
        notes.append(f"The replays are the children of run {self.parent_run_id[:8]}.")
        return notes

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        del cycle
        printer.text(str(self))

"""Whether two runs differ by more than their seeds make: frozen dataclasses that say it in words."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nbtrack.findings.replication import Replication
from nbtrack.findings.wording import counted, shown_p, signed, wrapped
from nbtrack.report import plain

_LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTest:
    """Whether two runs differ in a metric by more than their seeds make.

    Attributes
    ----------
    key : str
    a, b : float
        Means over the seeds; NaN where there is none.
    difference : float
        ``b - a``.
    p : float
        How often chance alone gives as large a difference; NaN where nothing can be said.
    n : int
        Seeds.
    paired : bool
        Both runs were replayed under the same seeds, and compared seed by seed.
    smallest : float
        The smallest ``p`` that so few seeds can give.
    constant : bool
        Neither run's metric depends on the seed.
    """

    key: str
    a: float
    b: float
    difference: float
    p: float
    n: int
    paired: bool
    smallest: float = 0.0
    constant: bool = False

    @property
    def verdict(self) -> Literal["likely real", "within noise", "open"]:
        """What the test comes to."""
        if self.constant:
            return "likely real" if self.difference else "within noise"
        if math.isnan(self.p):
            return "open"
        if self.p < _LEVEL:
            return "likely real"
        return "within noise" if self.smallest < _LEVEL else "open"

    @property
    def sentence(self) -> str:
        """The same in words, as ``+0.021 accuracy: likely real (p = 0.002, 10 seeds)``."""
        seeds = counted(self.n, "seed")
        change = f"{signed(self.difference)} {self.key}"
        if self.constant:
            if not self.difference:
                return f"{self.key}: the same in both, under {seeds}"
            return f"{change}: likely real (neither run's depends on the seed, {seeds})"
        if self.verdict == "likely real":
            return f"{change}: likely real (p {shown_p(self.p)}, {seeds})"
        if self.verdict == "within noise":
            return f"{self.key}: within noise (p {shown_p(self.p)}, {seeds})"
        if math.isnan(self.p):
            return f"{self.key}: too few replays gave a number to say ({seeds})"
        return f"{self.key}: too few seeds to say ({seeds}; the smallest p they can give is {self.smallest:.2g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedComparison:
    """Whether two runs differ by more than their seeds make.

    Attributes
    ----------
    tests : tuple of SeedTest
        For each metric that both have.
    a, b : Replication
        What other seeds make of each.
    """

    tests: tuple[SeedTest, ...]
    a: Replication
    b: Replication

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values.

        Returns
        -------
        dict
        """
        tests = [{**asdict(test), "verdict": test.verdict, "sentence": test.sentence} for test in self.tests]
        told: dict[str, Any] = plain({"tests": tests})
        return {**told, "a": self.a.to_dict(), "b": self.b.to_dict()}

    def lines(self) -> list[str]:
        """Return what it comes to, as lines of text."""
        lines = [test.sentence for test in self.tests] or ["The two runs have no metric in common."]
        paired = any(test.paired for test in self.tests)
        lines.append("Seed by seed." if paired else "Not seed by seed: the code of one sets no seed.")
        for found in (self.a, self.b):
            lines += [f"{found.run_name}: {note}" for note in found.notes()]
        return lines

    def __str__(self) -> str:
        return "\n".join(wrapped(self.lines()))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        del cycle
        printer.text(str(self))

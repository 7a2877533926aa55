"""What is known of a replay that did not give the metrics, and what follows from it directly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbtrack.provenance.streams import STREAMS, title
from nbtrack.records import CellExecution, Hazard, RunRecord
from nbtrack.replay.outcome import Outcome
from nbtrack.replay.verdict.checks import differing
from nbtrack.replay.verdict.passing import passing_names
from nbtrack.replay.verdict.preflight import Package, ReadFile
from nbtrack.verification import MetricCheck, Reason

SHOWN = 5
"""How many things a sentence names."""
_GLOBAL = frozenset(map(title, STREAMS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known when a reason is sought.

    Attributes
    ----------
    record : RunRecord
    executions : sequence of CellExecution
        What was replayed, in order.
    checks : sequence of MetricCheck
        Of the first replay.
    replays : sequence of Outcome
        That came to their end, the first one first; all of the same cells.
    files : sequence of ReadFile
    packages : sequence of Package
    named_since : sequence of str
        Files that the code names and that were written since the run ended.
    rtol : float
        Relative tolerance of the checks.
    """

    record: RunRecord
    executions: Sequence[CellExecution]
    checks: Sequence[MetricCheck]
    replays: Sequence[Outcome]
    files: Sequence[ReadFile]
    packages: Sequence[Package]
    named_since: Sequence[str] = ()
    rtol: float = 0.0

    @property
    def diverged(self) -> list[str]:
        """The metrics that did not come back."""
        return [check.key for check in self.checks if check.outcome in ("different", "missing")]

    @property
    def timers(self) -> list[str]:
        """The metrics that nobody expects to come back."""
        return [check.key for check in self.checks if check.outcome == "timer"]

    @property
    def wavering(self) -> list[str]:
        """The metrics that two replays gave otherwise, by more than the tolerance."""
        first, *others = self.replays
        found = dict.fromkeys(key for other in others for key in differing(first, other, self.timers, self.rtol))
        return [key for key in found if key in self.record.data.metrics]

    def hazards(self, label: str) -> list[Hazard]:
        """Return the hazards of a label, of the recorded run and of its replays."""
        found = [hazard for hazard in self.record.provenance.hazards if hazard.label == label]
        known = {(hazard.executions, hazard.sentence) for hazard in found}
        for replay in self.replays:
            for told in replay.hazards:
                hazard = Hazard(
                    label=str(told["label"]),
                    severity="medium",
                    names=tuple(told["names"]),
                    executions=tuple(told["executions"]),
                    sentence=str(told["sentence"]),
                    remedy="",
                )
                if hazard.label == label and not found and (hazard.executions, hazard.sentence) not in known:
                    known.add((hazard.executions, hazard.sentence))
                    found.append(hazard)
        return found

    def unseeded(self) -> list[Hazard]:
        """Return the hazards of generators without a seed, but for those whose states were put back."""
        return [hazard for hazard in self.hazards("unseeded_rng") if not is_put_back(hazard, self.executions)]

    def blames_chance(self) -> bool:
        """Tell whether the recorded run itself is known to hang on chance, or on the moment."""
        known = {hazard.label for hazard in self.record.provenance.hazards}
        return "volatile_input" in known or ("unseeded_rng" in known and bool(self.unseeded()))

    def wavers(self) -> bool:
        """Tell whether replays differ from each other, in metrics or in what cells read."""
        return bool(self.wavering) or next(self.wavering_reads(), None) is not None

    def wavering_reads(self) -> Iterator[tuple[int, str]]:
        """Yield steps and names that they read otherwise from replay to replay."""
        first, *others = self.replays
        for other in others:
            for step, (ours, theirs) in enumerate(zip(first.trail, other.trail, strict=False)):
                for name in sorted(ours.keys() & theirs.keys()):
                    if ours[name] != theirs[name]:
                        yield step, name


@dataclass(frozen=True, slots=True)
class Way:
    """Where the replay left the recorded way.

    Attributes
    ----------
    step : int or None
        The first step that read something else; None where the digests do not tell.
    names : tuple of str
        What it read otherwise.
    compared : int
        How many digests could be compared.
    """

    step: int | None
    names: tuple[str, ...]
    compared: int

    @classmethod
    def of(cls, evidence: Evidence) -> Way:
        """Compare what the steps read with what they read when they were recorded; but for times and places."""
        compared = 0
        passing = passing_names([execution.source or "" for execution in evidence.executions])
        for step, (execution, trail) in enumerate(zip(evidence.executions, evidence.replays[0].trail, strict=False)):
            both = [name for name in execution.digests if name in trail and name not in passing]
            compared += len(both)
            other = tuple(name for name in both if execution.digests[name] != trail[name])
            if other:
                return cls(step, other, compared)
        return cls(None, (), compared)

    def told(self, executions: Sequence[CellExecution]) -> tuple[str, ...]:
        """Return it as evidence."""
        if self.step is None:
            return ()
        names = ", ".join(shown_name(name) for name in self.names[:SHOWN])
        return (f"{executions[self.step].label} read something else than when it was recorded: {names}.",)


def reason_of(hazard: Hazard, seen: str) -> Reason:
    """Return a hazard as the reason, with what speaks for it."""
    return Reason(
        label=hazard.label,
        sentence=hazard.sentence,
        evidence=(seen,),
        names=hazard.names,
        executions=hazard.executions,
    )


def shown_name(name: str) -> str:
    """Return a variable's name as a sentence calls it."""
    return name[5:] if name.startswith("file:") else name


def is_put_back(hazard: Hazard, executions: Sequence[CellExecution]) -> bool:
    """Tell whether an unseeded generator does a replay no harm: its state was recorded with each run that drew from it.

    Parameters
    ----------
    hazard : Hazard
    executions : sequence of CellExecution
        What is replayed.

    Returns
    -------
    bool
    """
    restored = {execution.execution_count for execution in executions if execution.run_id is not None}
    return _GLOBAL.issuperset(hazard.names) and restored.issuperset(hazard.executions)

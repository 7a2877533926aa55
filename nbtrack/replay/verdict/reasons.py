"""Why a replay did not give the metrics: causes that the evidence supports, the most likely one first.

A cause counts only where it can explain what was seen. What differs from replay to replay comes of chance or of the
moment; what every replay gives alike, and only the recorded run gave otherwise, comes of something that has changed
since. Where the digests of values were recorded, they say at which cell the replay left the recorded way.
"""

from __future__ import annotations

from nbtrack.replay.verdict.chance_reasons import nondeterministic, of_chance
from nbtrack.replay.verdict.change_reasons import changed_files, interrupted, of_change
from nbtrack.replay.verdict.evidence import Evidence, Way
from nbtrack.verification import Reason


def reasons_of(evidence: Evidence) -> tuple[Reason, ...]:
    """Return why the metrics did not come back.

    Parameters
    ----------
    evidence : Evidence
        Of at least one replay that came to its end.

    Returns
    -------
    tuple of Reason
        At least one; ``unknown`` where nothing explains it.
    """
    if not evidence.diverged:
        return (_only_timers(evidence),)
    chance = list(of_chance(evidence)) if evidence.wavers() else []
    wavering = [key for key in evidence.diverged if key in evidence.wavering]
    if wavering:
        found = chance or [*interrupted(evidence)] or [nondeterministic(evidence)]
        if len(wavering) < len(evidence.diverged):
            found += [*changed_files(evidence), *of_change(evidence)]
    else:
        # All replays agree. What cells read otherwise each time may be a clock that nothing hangs on; a metric may
        # be too coarse for chance to show. A file that has changed is certain.
        found = [*changed_files(evidence), *chance, *of_change(evidence)]
        if not found and evidence.wavers():
            found = [nondeterministic(evidence)]
    return tuple(found) or (_unknown(evidence),)


def _only_timers(evidence: Evidence) -> Reason:
    names = tuple(evidence.timers)
    return Reason(
        label="volatile_input",
        sentence="Nothing but times is measured, and they are others each time.",
        evidence=(f"Taken for times, by the code that measures them or by name: {', '.join(names)}.",),
        names=names,
    )


def _unknown(evidence: Evidence) -> Reason:
    way = Way.of(evidence)
    seen = [f"{len(evidence.replays)} replays gave the same."] if len(evidence.replays) > 1 else []
    if way.step is None and way.compared:
        seen.append("As far as values were recorded, the cells read the same as then.")
    return Reason(
        label="unknown",
        sentence="Nothing that is recorded explains it: the same cells, data, packages and seeds give something else.",
        evidence=(*seen, *way.told(evidence.executions)),
    )

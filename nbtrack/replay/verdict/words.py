"""Verdicts in plain words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nbtrack.records import RunRecord
from nbtrack.replay.outcome import Failure
from nbtrack.replay.verdict.evidence import is_put_back
from nbtrack.replay.verdict.preflight import Package, ReadFile
from nbtrack.verification import MetricCheck, Reason, Verdict

_CURED = frozenset(
    "stale_input edited_cell deleted_cell out_of_order skipped_cell reexecuted_non_idempotent partial_execution "
    "rng_state_carryover".split()
)
_SHOWN = 3


def sentence_of(verdict: Verdict, checks: Sequence[MetricCheck], cells: int) -> str:
    """Return the verdict of a replay that came to its end.

    Parameters
    ----------
    verdict : str
        ``reproduced``, ``within_tolerance`` or ``diverged``.
    checks : sequence of MetricCheck
    cells : int
        How many were replayed.

    Returns
    -------
    str

    Examples
    --------
    >>> check = MetricCheck(key="accuracy", recorded=0.5, replayed=0.5, outcome="exact")
    >>> sentence_of("reproduced", [check], 3)
    'reproduced: accuracy came back bit for bit from 3 cells.'
    """
    compared = [check for check in checks if check.outcome != "timer"]
    timers = [check.key for check in checks if check.outcome == "timer"]
    beside = f" Not compared: {_listed(timers)}, which measures time." if timers else ""
    if len(timers) > 1:
        beside = beside.replace("measures", "measure")
    where = f"{cells} cell" if cells == 1 else f"{cells} cells"
    if verdict == "reproduced":
        what = compared[0].key if len(compared) == 1 else f"all {len(compared)} metrics"
        return f"reproduced: {what} came back bit for bit from {where}.{beside}"
    if verdict == "within_tolerance":
        close = [check for check in compared if check.outcome == "close"]
        most = max(_relative(check) for check in close)
        amount = f"by at most {most:.1g} of its value" if most else "at some of its steps"
        return f"reproduced within tolerance: {_listed([c.key for c in close])} differs {amount}.{beside}"
    gone = [check for check in compared if check.outcome in ("different", "missing")]
    if not gone:
        return f"diverged: nothing but measured times could be compared.{beside}"
    back = len(compared) - len(gone)
    rest = f" {back} of {len(compared)} metrics came back." if back else ""
    changes = [_change(check) for check in gone[:_SHOWN]]
    more = f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
    return f"diverged: {', '.join(changes)}{more}.{rest}{beside}"


def _change(check: MetricCheck) -> str:
    if check.replayed is None:
        return f"{check.key} was {check.recorded:.6g} and is missing"
    if check.recorded == check.replayed:
        return f"{check.key} ends at the same {check.recorded:.6g}, but not its points before"
    old, new = f"{check.recorded:.6g}", f"{check.replayed:.6g}"
    if old == new:
        old, new = repr(check.recorded), repr(check.replayed)
    return f"{check.key} {old} → {new}"


def _relative(check: MetricCheck) -> float:
    if check.replayed is None or check.recorded == check.replayed:
        return 0.0
    return abs(check.recorded - check.replayed) / max(abs(check.recorded), abs(check.replayed))


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:_SHOWN], *([f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


_RESTORED = "It comes back because the state that the generator had then was put back."
_LUCKY = (
    "It came back in every replay all the same: the state that a generator had when the run began was put back, or "
    "what is drawn hardly matters to these metrics."
)


def notes_of(record: RunRecord, verdict: Verdict) -> tuple[str, ...]:
    """Return what to add where the cells give the number, and the notebook as it stands, or another run, may not.

    Parameters
    ----------
    record : RunRecord
    verdict : str

    Returns
    -------
    tuple of str
    """
    if verdict not in ("reproduced", "within_tolerance"):
        return ()
    hazards = record.provenance.hazards
    found = []
    told = ", ".join(hazard.label for hazard in hazards if hazard.label in _CURED)
    if told:
        found.append(
            f"It comes back from the cells as they ran. The notebook as it stood then does not give it: {told}."
        )
    for hazard in hazards:
        if hazard.label == "volatile_input":
            found.append(f"{hazard.sentence} It came back all the same, and need not at another time.")
        elif hazard.label == "unseeded_rng":
            found.append(f"{hazard.sentence} {_RESTORED if is_put_back(hazard, record.provenance.slice) else _LUCKY}")
    return tuple(found)


def lacking_reasons(files: Sequence[ReadFile], packages: Sequence[Package]) -> tuple[Reason, ...]:
    """Return why a replay cannot even begin.

    Parameters
    ----------
    files : sequence of ReadFile
    packages : sequence of Package

    Returns
    -------
    tuple of Reason
        Empty where nothing is missing.
    """
    gone = [file for file in files if file.is_missing]
    absent = [package for package in packages if package.present is None]
    found = []
    if absent:
        named = " ".join(f"{package.name}=={package.recorded}" for package in absent)
        found.append(
            Reason(
                label="missing_package",
                sentence=f"could not run: {_listed([p.name for p in absent])} not installed here. "
                f"Type: pip install {named}",
                evidence=tuple(f"{package.name} was {package.recorded}." for package in absent),
                names=tuple(package.name for package in absent),
            )
        )
    if gone:
        verb = "is" if len(gone) == 1 else "are"
        found.append(
            Reason(
                label="missing_file",
                sentence=f"could not run: {_listed([Path(file.path).name for file in gone])} {verb} not there "
                "any more.",
                evidence=tuple(f"In[{file.execution_count}] read {file.path}." for file in gone),
                names=tuple(file.path for file in gone),
                executions=tuple(sorted({f.execution_count for f in gone if f.execution_count is not None})),
            )
        )
    return tuple(found)


def could_not_run(
    failure: Failure, files: Sequence[ReadFile], packages: Sequence[Package], variables: Sequence[str]
) -> tuple[Reason, ...]:
    """Return why a replay did not come to its end.

    Parameters
    ----------
    failure : Failure
    files : sequence of ReadFile
    packages : sequence of Package
    variables : sequence of str
        Environment variables that the cells read and do not set.

    Returns
    -------
    tuple of Reason
        The failure itself first, then what has changed since and may be behind it.
    """
    asked = [name for name in variables if name not in os.environ]
    executions = () if failure.execution_count is None else (failure.execution_count,)
    last = next((line.strip() for line in reversed(failure.detail.splitlines()) if line.strip()), "")
    found = [
        Reason(
            label=failure.kind,
            sentence=failure.message[:1].upper() + failure.message[1:] + ".",
            evidence=(last,) if last and last not in failure.message else (),
            executions=executions,
        )
    ]
    if asked:
        verb = "is" if len(asked) == 1 else "are"
        found.append(
            Reason(
                label="environment",
                sentence=f"The environment variable {_listed(asked)}, which the cells read, {verb} not set here.",
                names=tuple(asked),
            )
        )
    changed = [file.path for file in files if file.is_changed]
    if changed:
        label = "module_changed" if all(path.endswith(".py") for path in changed) else "data_changed"
        found.append(
            Reason(
                label=label,
                sentence=f"{_listed([Path(path).name for path in changed])} changed since the run was recorded.",
                names=tuple(changed),
            )
        )
    other = [package for package in packages if package.present not in (None, package.recorded)]
    if other:
        words = ", ".join(f"{package.name} {package.recorded} → {package.present}" for package in other)
        found.append(
            Reason(
                label="package_changed",
                sentence=f"Packages have other versions here: {words}.",
                names=tuple(package.name for package in other),
            )
        )
    return tuple(found)

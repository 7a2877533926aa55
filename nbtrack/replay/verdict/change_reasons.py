"""Why every replay gives something else than the recorded run: what has changed since."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from nbtrack.provenance.surroundings_difference import distribution_of, plain_name
from nbtrack.replay.verdict.evidence import SHOWN, Evidence, Way, reason_of
from nbtrack.replay.verdict.preflight import installed_version, variables_read
from nbtrack.verification import Reason

_ADDRESS = re.compile(r"""https?://[^\s"'<>)]{3,200}""")
_MACHINE = {"python": "Python", "platform": "platform", "machine": "machine", "cpu": "CPU", "gpus": "GPUs"}


def of_change(evidence: Evidence) -> list[Reason]:
    """Return what may have changed since the run was recorded, beside the files that it read."""
    return [
        *_rewritten(evidence),
        *_changed_packages(evidence),
        *(list(interrupted(evidence)) or _changed_already(evidence)),
        *_chance_without_trace(evidence),
        *_changed_moment(evidence),
        *_changed_surroundings(evidence),
        *_files_named(evidence),
        *_network(evidence),
    ]


def changed_files(evidence: Evidence) -> Iterator[Reason]:
    """Yield that files which the cells read are known to have changed since."""
    changed = [file for file in evidence.files if file.is_changed and not _is_packaged(file.path, evidence)]
    for label, kind in (("data_changed", "data"), ("module_changed", "module")):
        files = [file for file in changed if file.path.endswith(".py") == (kind == "module")]
        if not files:
            continue
        names = ", ".join(Path(file.path).name for file in files[:SHOWN])
        verb = "has" if len(files) == 1 else "have"
        what = "The module" if kind == "module" else "The file"
        yield Reason(
            label=label,
            sentence=f"{what}{'s' if len(files) > 1 else ''} {names} {verb} changed since the run was recorded.",
            evidence=(
                *(f"{file.path}: its content was {_short(file.recorded)}, and is {_short(file.present)}." for file in
                  files[:SHOWN]),
                *Way.of(evidence).told(evidence.executions),
            ),
            names=tuple(file.path for file in files),
            executions=tuple(sorted({file.execution_count for file in files if file.execution_count is not None})),
        )  # fmt: skip


def _is_packaged(path: str, evidence: Evidence) -> bool:
    """Tell whether a module is of a package that has another version here: then that is what has changed."""
    other = {
        plain_name(package.name) for package in evidence.packages if package.present not in (None, package.recorded)
    }
    return path.endswith(".py") and any(distribution_of(part.removesuffix(".py")) in other for part in Path(path).parts)


def _changed_packages(evidence: Evidence) -> Iterator[Reason]:
    named = {package.name: (package.recorded, package.present) for package in evidence.packages}
    changed = {name: pair for name, pair in named.items() if pair[1] is not None and pair[0] != pair[1]}
    recorded = evidence.record.provenance.environment.get("packages")
    if not changed and isinstance(recorded, Mapping):
        # Not imported by name, but imported all the same.
        others = evidence.replays[0].facts.get("packages", {})
        for name in recorded.keys() & others.keys():
            present = installed_version(name)
            if present is not None and present != recorded[name]:
                changed[name] = (str(recorded[name]), present)
    if changed:
        words = ", ".join(f"{name} {old} → {new}" for name, (old, new) in sorted(changed.items())[:SHOWN])
        yield Reason(
            label="package_changed",
            sentence=f"Packages have other versions here: {words}.",
            evidence=tuple(
                f"{name} was {old} when the run was recorded, and is {new} here." for name, (old, new) in
                sorted(changed.items())
            ),
            names=tuple(sorted(changed)),
        )  # fmt: skip


def _rewritten(evidence: Evidence) -> Iterator[Reason]:
    """Yield files that a cell read as they were before it wrote them itself: nobody has kept what they were."""
    known = {file.path for file in evidence.files}
    for execution in evidence.executions:
        own = {*execution.binds, *execution.changes}
        paths = [name[5:] for name in execution.reads if name.startswith("file:") and name in own and name[5:] in known]
        if paths:
            names = ", ".join(Path(path).name for path in paths[:SHOWN])
            yield Reason(
                label="data_changed",
                sentence=f"{execution.label} has itself changed {names}, which it began with: a replay begins with "
                "what it made of it.",
                evidence=Way.of(evidence).told(evidence.executions),
                names=tuple(paths),
                executions=() if execution.execution_count is None else (execution.execution_count,),
            )
            return


def interrupted(evidence: Evidence) -> Iterator[Reason]:
    """Yield that cells were interrupted."""
    stopped = [execution for execution in evidence.executions if execution.outcome == "interrupted"]
    if stopped:
        counts = tuple(execution.execution_count for execution in stopped if execution.execution_count is not None)
        names = ", ".join(execution.label for execution in stopped)
        yield Reason(
            label="partial_execution",
            sentence=f"{names} was interrupted while it ran, and where cannot be repeated.",
            evidence=("The replay interrupted it after about the same time, if it still ran then.",),
            executions=counts,
        )


def _changed_already(evidence: Evidence) -> Iterator[Reason]:
    for hazard in evidence.hazards("external_changed"):
        yield reason_of(hazard, "It was so already when the run ended.")


def _chance_without_trace(evidence: Evidence) -> Iterator[Reason]:
    """Yield generators that nobody seeded though the replays agree, as scores of few rows may."""
    if not evidence.wavers():
        for hazard in evidence.unseeded():
            seen = f"{len(evidence.replays)} replays happen to agree; what was drawn is not recorded."
            yield reason_of(hazard, seen)


def _changed_moment(evidence: Evidence) -> Iterator[Reason]:
    for hazard in evidence.hazards("volatile_input"):
        yield reason_of(hazard, "The replay ran at another time, in another process.")


def _changed_surroundings(evidence: Evidence) -> Iterator[Reason]:
    asked = variables_read(evidence.executions)
    if asked:
        state = [f"{name} is {'set' if name in os.environ else 'not set'} where it was replayed" for name in asked]
        yield Reason(
            label="environment",
            sentence=f"It reads environment variables, which may have been others: {', '.join(asked)}.",
            evidence=(f"{'; '.join(state)}. Their values are not recorded.",),
            names=asked,
        )
    recorded, here = evidence.record.provenance.environment, evidence.replays[0].facts
    other = {
        words: (recorded[key], here[key])
        for key, words in _MACHINE.items()
        if recorded.get(key) and here.get(key) and recorded[key] != here[key]
    }
    if other:
        yield Reason(
            label="environment",
            sentence=f"It ran on another machine or Python: {', '.join(other)}.",
            evidence=tuple(f"{words}: {old} then, {new} here." for words, (old, new) in other.items()),
            names=tuple(other),
        )


def _files_named(evidence: Evidence) -> Iterator[Reason]:
    """Yield files that the code names, which libraries may read without Python's knowing, written since."""
    newer = [path for path in evidence.named_since if path not in {file.path for file in evidence.files}]
    if newer:
        names = ", ".join(Path(path).name for path in newer[:SHOWN])
        yield Reason(
            label="data_changed",
            sentence=f"{names}, which the code names, was written since the run was recorded.",
            evidence=tuple(f"{path}: its time is later than the run's end." for path in newer[:SHOWN]),
            names=tuple(newer),
        )


def _network(evidence: Evidence) -> Iterator[Reason]:
    found = dict.fromkeys(
        match[0] for execution in evidence.executions for match in _ADDRESS.finditer(execution.source or "")
    )
    if found:
        names = ", ".join([*found][:SHOWN])
        yield Reason(
            label="environment",
            sentence=f"It names addresses on the network, whose content is not recorded: {names}.",
            names=tuple(found),
        )


def _short(digest: str | None) -> str:
    return (digest or "")[:10]

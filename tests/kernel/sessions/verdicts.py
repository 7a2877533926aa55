"""Compares what nbtrack told of a session with the truth, and puts it into words and figures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from model import Case


@dataclass(slots=True)
class Verdict:
    """How well one session was understood.

    Attributes
    ----------
    case : Case
    missing : str or None
        Why there is no report at all.
    labels : set of str
        What was told.
    faults : list of str
        What is wrong, in words; empty for a pass.
    slice : tuple of int or None
    """

    case: Case
    missing: str | None = None
    labels: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    slice: tuple[int, ...] | None = None
    details: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.missing is None and not self.faults

    @property
    def failed(self) -> bool:
        """Whether this is a failure that is not known."""
        return not self.passed and self.case.known_failure is None

    @property
    def false_labels(self) -> set[str]:
        return self.labels - self.case.labels - self.case.also

    @property
    def missed_labels(self) -> set[str]:
        return set(self.case.labels) - self.labels

    @property
    def slice_exact(self) -> bool:
        return not self.case.slices or self.slice in self.case.slices


def judge(case: Case, facts: dict[str, Any]) -> Verdict:
    """Compare what was told with the truth."""
    verdict = Verdict(case)
    if "broken" in facts:
        verdict.missing = f"the driver broke: {facts['broken'].strip()}"
        return verdict
    report = facts["report"]
    if "missing" in report:
        verdict.missing = report["missing"]
        return verdict
    verdict.labels = {hazard["label"] for hazard in report.get("hazards", [])}
    counts = [item["execution_count"] for item in report.get("slice", [])]
    verdict.slice = tuple(counts)
    if verdict.false_labels:
        verdict.faults.append(f"false alarm: {_words(verdict.false_labels)}")
    if verdict.missed_labels:
        verdict.faults.append(f"missed: {_words(verdict.missed_labels)}")
    if not verdict.slice_exact:
        verdict.faults.append(f"slice {counts}, right: {' or '.join(str(list(one)) for one in case.slices)}")
    if case.unknown is not None and not case.unknown <= set(report.get("unknown", {})):
        verdict.faults.append(f"not said to be unknown: {_words(case.unknown - set(report.get('unknown', {})))}")
    for what, right in (("params", case.params), ("metrics", case.metrics)):
        told = report.get(what, {})
        if right is not None and not _equal(told, right):
            verdict.faults.append(f"{what} {told}, right: {right}")
    if facts.get("problems"):
        verdict.faults.append(f"nbtrack's own defects: {[text for text, _ in facts['problems']]}")
    verdict.details = _details(facts)
    return verdict


def _details(facts: dict[str, Any]) -> list[str]:
    report = facts["report"]
    lines = [
        f"{hazard['label']}: {hazard.get('sentence', '')} (names {list(hazard.get('names', ()))}, "
        f"executions {list(hazard.get('executions', ()))}) -> {hazard.get('remedy', '')}"
        for hazard in report.get("hazards", [])
    ]
    lines += [f"unknown {label}: {why}" for label, why in report.get("unknown", {}).items()]
    lines += [
        f"[{item['count']}]{'' if item['ok'] else '!'} {item['id']}: {' ⏎ '.join(item['source'].splitlines())}"
        for item in facts.get("log", [])
    ]
    for text, detail in facts.get("problems", []):
        lines += [text, *str(detail).splitlines()]
    return lines


def _equal(told: dict[str, Any], right: dict[str, Any]) -> bool:
    if set(told) != set(right):
        return False
    return all(
        told[key] == value
        or (
            isinstance(value, float)
            and isinstance(told[key], int | float)
            and math.isclose(told[key], value, rel_tol=1e-9)
        )
        for key, value in right.items()
    )


def _words(labels: Any) -> str:
    return ", ".join(sorted(labels))


def text(verdicts: list[Verdict], verbose: bool = False) -> str:
    """What failed, case by case, and the figures of all."""
    lines: list[str] = []
    for verdict in verdicts:
        if verdict.passed:
            if verdict.case.known_failure:
                lines.append(f"PASSES NOW {verdict.case.name} (known failure: {verdict.case.known_failure})")
            continue
        word = "known" if verdict.case.known_failure else "FAIL"
        lines.append(f"{word} {verdict.case.name}")
        faults = verdict.faults or [verdict.missing or ""]
        lines += [
            f"    {line}" for fault in faults for line in (fault.splitlines() if verbose else fault.splitlines()[-1:])
        ]
        if verbose:
            lines += [f"      | {line}" for line in verdict.details]
            lines += [f"      ~ {verdict.case.why}"] if verdict.case.why else []
    return "\n".join([*lines, figures(verdicts)])


def figures(verdicts: list[Verdict]) -> str:
    """Precision, recall and F1 of labels, exactness of slices, false alarms on clean sessions."""
    told = [verdict for verdict in verdicts if verdict.missing is None]
    right = sum(len(verdict.labels & verdict.case.labels) for verdict in told)
    false = sum(len(verdict.false_labels) for verdict in told)
    missed = sum(len(verdict.missed_labels) for verdict in told)
    clean = [verdict for verdict in told if not verdict.case.labels]
    sliced = [verdict for verdict in told if verdict.case.slices]
    lines = [
        f"labels: precision {_ratio(right, right + false)}, recall {_ratio(right, right + missed)}, "
        f"F1 {_ratio(2 * right, 2 * right + false + missed)} ({right} right, {false} false, {missed} missed)",
        f"slices: {_ratio(sum(verdict.slice_exact for verdict in sliced), len(sliced))} exact of {len(sliced)}",
        f"false alarms on clean sessions: {sum(bool(verdict.false_labels) for verdict in clean)} of {len(clean)}",
        f"passed: {sum(verdict.passed for verdict in verdicts)} of {len(verdicts)}",
    ]
    if len(told) < len(verdicts):
        lines.append(f"NO REPORT from {len(verdicts) - len(told)}: {next(v.missing for v in verdicts if v.missing)}")
    return "\n".join(lines)


def by_label(verdicts: list[Verdict]) -> str:
    """How often each hazard was told rightly, wrongly and not at all."""
    lines = []
    for label in sorted({label for verdict in verdicts for label in verdict.labels | verdict.case.labels}):
        right = sum(label in verdict.labels & verdict.case.labels for verdict in verdicts)
        false = sum(label in verdict.false_labels for verdict in verdicts)
        missed = sum(label in verdict.missed_labels for verdict in verdicts)
        lines.append(f"{label:28} right {right:3}  false {false:3}  missed {missed:3}")
    return "\n".join(lines)


def oracle_text(cases: list[Case], facts: dict[str, Any]) -> str:
    """What is wrong with the cases themselves."""
    lines = []
    for case in cases:
        for fault in facts[case.name].get("contradictions", []) or (
            [facts[case.name]["broken"]] if "broken" in facts[case.name] else []
        ):
            lines.append(f"CASE {case.name}: {fault}")
    return "\n".join(lines or ["the oracle agrees with all cases"])


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"

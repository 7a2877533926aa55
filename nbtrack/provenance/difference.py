"""Comparing runs: a pure function over what the store has of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nbtrack.errors import InputError
from nbtrack.provenance import code_difference, fact_difference, surroundings_difference
from nbtrack.provenance.comparison import Comparison
from nbtrack.provenance.differences import RANKS, UNKNOWN_RANK, Difference
from nbtrack.provenance.pairing import Both, Findings
from nbtrack.records import RunRecord

_COMPARERS = (
    code_difference.of_code,
    fact_difference.of_params,
    fact_difference.of_data,
    fact_difference.of_seeds,
    surroundings_difference.of_packages,
    fact_difference.of_hazards,
    surroundings_difference.of_environment,
    surroundings_difference.of_git,
    fact_difference.of_metrics,
    fact_difference.of_tags,
)


def compared(records: Sequence[RunRecord]) -> Comparison:
    """Compare runs with the first of them.

    Parameters
    ----------
    records : sequence of RunRecord
        With their provenance and inputs; at least two, all different.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        There is nothing to compare.
    """
    ids = [record.info.run_id for record in records]
    if len(ids) < 2 or len(set(ids)) < len(ids):
        named = ", ".join(repr(record.info.run_name) for record in records)
        raise InputError(f"the runs to compare are {named or 'none'}; accepted: two or more different runs.")
    baseline, *others = records
    differences: list[Difference] = []
    same: list[set[tuple[str, str]]] = []
    for other in others:
        both = Both(baseline, other)
        findings = Findings(other.info.run_id)
        for comparer in _COMPARERS:
            comparer(both, findings)
        differences += findings.differences
        same.append(findings.same)
    everywhere = set.intersection(*same)
    counts = {kind: sum(1 for found, _ in everywhere if found == kind) for kind in RANKS}
    return Comparison(
        tuple(record.info for record in records),
        tuple(sorted(_ranked(differences), key=lambda change: change.rank)),
        {kind: number for kind, number in counts.items() if number},
    )


def _ranked(differences: Iterable[Difference]) -> Iterable[Difference]:
    for change in differences:
        if change.state == "unknown":
            yield replace(change, rank=UNKNOWN_RANK)
        else:
            yield change if change.rank else replace(change, rank=RANKS[change.kind])

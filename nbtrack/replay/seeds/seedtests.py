"""Testing whether the metrics of two runs differ by more than their seeds make."""

from __future__ import annotations

from collections.abc import Iterator

from nbtrack.findings.replication import FEW, Replication
from nbtrack.findings.seedtest import SeedTest
from nbtrack.replay.statistics import paired_test, spread, two_sample_test

_LEAST = 2


def seed_tests(a: Replication, b: Replication) -> Iterator[SeedTest]:
    """Test for each metric that two runs have whether it differs by more than their seeds make.

    Parameters
    ----------
    a, b : Replication
        Under the same seeds.

    Yields
    ------
    SeedTest
    """
    known = {metric.key: metric for metric in b.metrics}
    for metric in a.metrics:
        if metric.key not in known:
            continue
        values = [
            {found.seed: found.metrics[metric.key] for found in side.good if metric.key in found.metrics}
            for side in (a, b)
        ]
        common = sorted(values[0].keys() & values[1].keys())
        paired = a.varied and b.varied and len(common) >= _LEAST
        if paired:
            sides = [[side[seed] for seed in common] for side in values]
            test = paired_test(*sides)
        else:
            sides = [list(side.values()) for side in values]
            test = two_sample_test(*sides)
        figures = [spread(side) for side in sides]
        constant = all(part.constant and not part.left_out and part.n >= FEW for part in figures)
        yield SeedTest(
            key=metric.key,
            a=figures[0].mean,
            b=figures[1].mean,
            difference=test.difference,
            p=test.p,
            n=test.n,
            paired=paired,
            smallest=test.smallest,
            constant=constant,
        )

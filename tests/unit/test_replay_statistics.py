"""Spread, standing and permutation tests, against SciPy and in the corners."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from scipy import stats

from nbtrack.replay.statistics import paired_test, spread, standing, two_sample_test

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [10, 20, 40])
def test_the_interval_is_that_of_scipy(seed: int, n: int) -> None:
    values = np.random.default_rng(seed).gamma(2.0, 0.1, n) + 0.5
    found = spread(values.tolist())
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=seed).confidence_interval
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.sd == pytest.approx(values.std(ddof=1), rel=1e-12)
    # Both are drawn: they agree up to what drawing leaves open.
    tolerance = 0.25 * values.std(ddof=1) / math.sqrt(n)
    assert found.low == pytest.approx(theirs.low, abs=tolerance)
    assert found.high == pytest.approx(theirs.high, abs=tolerance)


def test_the_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    hits = 0
    for _ in range(100):
        found = spread(generator.normal(3.0, 1.0, 12).tolist())
        hits += found.low <= 3.0 <= found.high
    assert 84 <= hits <= 100


def test_figures_come_out_the_same_and_leave_the_users_generators_alone() -> None:
    values = np.random.default_rng(0).normal(size=30).tolist()
    states = random.getstate(), np.random.get_state()[1].tolist()
    assert spread(values) == spread(values)
    assert paired_test(values[:15], values[15:]) == paired_test(values[:15], values[15:])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states


def test_few_and_odd_numbers() -> None:
    none, one, two = spread([]), spread([0.5]), spread([0.5, 0.7])
    assert (none.n, none.constant) == (0, False)
    assert math.isnan(none.mean)
    assert (one.n, one.mean, one.constant) == (1, 0.5, True)
    assert math.isnan(one.sd)
    assert two.mean == pytest.approx(0.6)
    assert 0.5 <= two.low <= two.high <= 0.7
    same = spread([0.1] * 5)
    assert (same.mean, same.sd, same.low, same.high, same.constant) == (0.1, 0.0, 0.1, 0.1, True)
    odd = spread([NAN, 1.0, INF, 3.0, -INF])
    assert (odd.n, odd.mean, odd.left_out) == (2, 2.0, 3)
    huge = spread([1e308, 1.7e308, 1.2e308])
    assert huge.mean == pytest.approx(1.3e308)
    assert 1e308 <= huge.low <= huge.mean <= huge.high <= 1.7e308
    assert not spread([1e-9, 2e-9]).constant
    assert spread([1e6 + 1e-9, 1e6]).constant


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [3, 8, 12])
def test_the_paired_test_is_that_of_scipy(seed: int, n: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=n), generator.normal(0.5, 1.0, size=n)
    theirs = stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(y - x, axis=axis), permutation_type="samples", vectorized=True
    )
    found = paired_test(a.tolist(), b.tolist())
    assert found.exact
    assert found.difference == pytest.approx((b - a).mean())
    assert found.p == pytest.approx(theirs.pvalue)
    assert found.smallest == 2.0 ** (1 - n)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sizes", [(3, 3), (4, 7), (6, 6)])
def test_the_two_sample_test_is_that_of_scipy(seed: int, sizes: tuple[int, int]) -> None:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=sizes[0]), generator.normal(0.5, 1.0, size=sizes[1])
    found = two_sample_test(a.tolist(), b.tolist())
    # SciPy doubles the smaller tail where the sizes differ; the sum of squares about the mean does not.
    distance = lambda x, y, axis: np.abs(y.mean(axis=axis) - x.mean(axis=axis))  # noqa: E731
    theirs = stats.permutation_test((a, b), distance, vectorized=True, alternative="greater", n_resamples=10**6)
    assert found.exact
    assert found.p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("seed", range(3))
def test_larger_samples_are_drawn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=30), generator.normal(0.4, 1.0, size=30)
    found, pair = two_sample_test(a.tolist(), b.tolist()), paired_test(a.tolist(), b.tolist())
    assert not found.exact
    assert found.p == pytest.approx(stats.ttest_ind(a, b).pvalue, abs=0.03)
    assert pair.p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.03)
    far = two_sample_test(a.tolist(), (b + 100).tolist())
    assert far.p == far.smallest == 1 / 10_001


def test_no_difference_is_no_evidence() -> None:
    assert paired_test([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]).p == 1.0
    assert two_sample_test([0.1] * 4, [0.1] * 4).p == 1.0
    # A constant shift is as clear as so few pairs can be.
    shifted = paired_test([0.1] * 10, [0.2] * 10)
    assert shifted.p == shifted.smallest == 2.0**-9


def test_too_few_numbers_say_nothing() -> None:
    for found in (paired_test([], []), paired_test([1.0], [2.0]), two_sample_test([1.0], [2.0, 3.0])):
        assert math.isnan(found.p)
    assert math.isnan(paired_test([NAN, 1.0], [1.0, INF]).difference)
    assert paired_test([NAN, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]).n == 3


def test_where_a_number_stands() -> None:
    assert standing(5.0, [1.0, 2.0, 3.0]).percentile == 100
    assert standing(0.0, [1.0, 2.0, 3.0]).percentile == 0
    assert standing(2.0, [1.0, 2.0, 3.0, NAN]) == standing(2.0, [3.0, 2.0, 1.0])
    assert math.isnan(standing(NAN, [1.0]).percentile)
    assert math.isnan(standing(1.0, []).percentile)
    assert standing(1.0, [1.0, 1.0]).percentile == 50

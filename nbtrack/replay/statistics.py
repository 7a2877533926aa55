"""What a handful of numbers says: their spread, and whether two handfuls differ by more than chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DRAWS = 10_000
_MOST_EXACT = 2**12
_CONFIDENCE = 0.95
_LARGE = 1e150
# Of a generator of our own: the same figures every time, and the user's draws are left alone.
_SEED = 20_240_229


@dataclass(frozen=True, slots=True)
class Spread:
    """What a handful of numbers says of what they were drawn from.

    Attributes
    ----------
    n : int
        How many there are that are finite.
    mean : float
        NaN where there is none.
    sd : float
        Of the sample; NaN where there are fewer than two.
    low, high : float
        Where the mean lies with 95 % confidence, by the bootstrap; NaN where there are fewer than two.
    left_out : int
        How many are NaN or infinite.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float
    left_out: int = 0

    @property
    def constant(self) -> bool:
        """Whether all numbers are the same, up to rounding."""
        return self.n > 0 and (self.n == 1 or self.sd <= 1e-12 * max(abs(self.mean), 1e-300))


def spread(values: Sequence[float]) -> Spread:
    """Return mean, standard deviation and the 95 % interval of the mean.

    Parameters
    ----------
    values : sequence of float
        NaN and the infinities are left out, and counted.

    Returns
    -------
    Spread

    Examples
    --------
    >>> found = spread([1.0, 2.0, 3.0])
    >>> found.n, found.mean, found.sd
    (3, 2.0, 1.0)
    """
    finite = [float(value) for value in values if math.isfinite(value)]
    left_out = len(values) - len(finite)
    if not finite:
        return Spread(0, math.nan, math.nan, math.nan, math.nan, left_out)
    if max(map(abs, finite)) > _LARGE:
        # Their sum, or the squares of it, would be infinite.
        small = spread([value / _LARGE for value in finite])
        parts = [part * _LARGE for part in (small.mean, small.sd, small.low, small.high)]
        return Spread(small.n, parts[0], parts[1], parts[2], parts[3], left_out)
    mean = _mean(finite)
    if len(finite) < 2:
        return Spread(1, mean, math.nan, math.nan, math.nan, left_out)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in finite) / (len(finite) - 1))
    if min(finite) == max(finite):
        return Spread(len(finite), finite[0], 0.0, finite[0], finite[0], left_out)
    return Spread(len(finite), mean, sd, *_interval(finite), left_out)


def _mean(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)


def _interval(values: list[float]) -> tuple[float, float]:
    """Return the bias-corrected and accelerated bootstrap interval of the mean."""
    import numpy as np

    found = np.asarray(values, dtype=np.float64)
    middle, scale = found.mean(), np.abs(found - found.mean()).max()
    found = (found - middle) / scale
    generator = np.random.default_rng(_SEED)
    means = np.sort(_resampled(generator, found))
    mean = found.mean()
    below = (np.count_nonzero(means < mean) + 0.5 * np.count_nonzero(means == mean)) / len(means)
    tails = [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2]
    if 0 < below < 1:
        normal = _Normal()
        bias = normal.quantile(float(below))
        # Leaving one out moves the mean by its distance from it: the jackknife of a mean in closed form.
        distances = found - mean
        power = float((distances**2).sum()) ** 1.5
        acceleration = float((distances**3).sum()) / (6 * power) if power else 0.0
        tails = [_corrected(normal, bias, acceleration, tail) for tail in tails]
    low, high = (float(value) for value in np.quantile(means, tails))
    return float(middle + low * scale), float(middle + high * scale)


def _resampled(generator: np.random.Generator, values: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    rows = max(1, 2_000_000 // len(values))
    found = []
    for start in range(0, _DRAWS, rows):
        picked = generator.integers(0, len(values), size=(min(rows, _DRAWS - start), len(values)))
        found.append(values[picked].mean(axis=1))
    return np.concatenate(found)


class _Normal:
    """The standard normal distribution."""

    def __init__(self) -> None:
        from statistics import NormalDist

        self._of = NormalDist()

    def quantile(self, share: float) -> float:
        return self._of.inv_cdf(share)

    def share(self, quantile: float) -> float:
        return self._of.cdf(quantile)


def _corrected(normal: _Normal, bias: float, acceleration: float, tail: float) -> float:
    reach = bias + normal.quantile(tail)
    return min(max(normal.share(bias + reach / (1 - acceleration * reach)), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a number stands among others.

    Attributes
    ----------
    below, equal, above : int
        How many of the others are smaller, the same, and larger.
    percentile : float
        0 to 100: how many are smaller, of equal ones the half; NaN where there are none.
    """

    below: int
    equal: int
    above: int
    percentile: float


def standing(value: float, others: Sequence[float]) -> Standing:
    """Return where a number stands among others.

    Parameters
    ----------
    value : float
    others : sequence of float
        Those that are NaN do not count.

    Returns
    -------
    Standing

    Examples
    --------
    >>> standing(0.9, [0.7, 0.8, 0.9, 0.95]).percentile
    62.5
    """
    known = [other for other in others if not math.isnan(other)]
    if not known or math.isnan(value):
        return Standing(0, 0, 0, math.nan)
    below, equal = sum(other < value for other in known), sum(other == value for other in known)
    percentile = 100 * (below + equal / 2) / len(known)
    return Standing(below, equal, len(known) - below - equal, percentile)


@dataclass(frozen=True, slots=True)
class Permutation:
    """A permutation test of the difference of two means.

    Attributes
    ----------
    difference : float
        Of the means; NaN where one has no finite number.
    p : float
        How often chance alone gives a difference this large, either way; NaN where there are too few numbers to say.
    n : int
        How many pairs, or of the smaller sample how many numbers.
    paired : bool
    exact : bool
        All permutations were looked at, not 10,000 drawn ones.
    smallest : float
        The smallest ``p`` that so few numbers can give.
    """

    difference: float
    p: float
    n: int
    paired: bool
    exact: bool
    smallest: float


def paired_test(first: Sequence[float], second: Sequence[float]) -> Permutation:
    """Test whether the pairs' differences have a mean other than zero, by flipping their signs.

    Parameters
    ----------
    first, second : sequence of float
        Of the same length. Pairs with a number that is not finite are left out.

    Returns
    -------
    Permutation

    Examples
    --------
    >>> paired_test([1.0, 2.0, 3.0], [2.0, 3.5, 4.25]).p
    0.25
    """
    import numpy as np

    pairs = zip(first, second, strict=True)
    differences = [b - a for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    found = np.asarray([value for value in differences if math.isfinite(value)], dtype=np.float64)
    n = len(found)
    smallest = min(2.0 ** (1 - n), 1.0) if n else math.nan
    difference = _mean(found.tolist()) if n else math.nan
    if n < 2:
        return Permutation(difference, math.nan, n, True, True, smallest)
    exact = 2**n <= _MOST_EXACT
    if exact:
        signs = np.asarray(list(itertools.product((1.0, -1.0), repeat=n)))
    else:
        signs = np.random.default_rng(_SEED).choice([1.0, -1.0], size=(_DRAWS, n))
        smallest = 1 / (_DRAWS + 1)
    return Permutation(
        difference, _share(np.abs(signs @ found), abs(found.sum()), found, exact), n, True, exact, smallest
    )


def two_sample_test(first: Sequence[float], second: Sequence[float]) -> Permutation:
    """Test whether two samples have different means, by dealing their numbers out anew.

    Parameters
    ----------
    first, second : sequence of float
        Those that are not finite are left out.

    Returns
    -------
    Permutation

    Examples
    --------
    >>> two_sample_test([1.0, 2.0, 3.0], [11.0, 12.0, 13.0]).p
    0.1
    """
    import numpy as np

    a, b = ([float(value) for value in values if math.isfinite(value)] for values in (first, second))
    n = min(len(a), len(b))
    difference = _mean(b) - _mean(a) if n else math.nan
    ways = math.comb(len(a) + len(b), len(b)) if n else 0
    smallest = min((2 if len(a) == len(b) else 1) / ways, 1.0) if n else math.nan
    if n < 2:
        return Permutation(difference, math.nan, n, False, True, smallest)
    found = np.asarray([*a, *b], dtype=np.float64)
    found = found - found.mean()
    exact = ways <= _MOST_EXACT
    if exact:
        chosen = np.asarray(list(itertools.combinations(range(len(found)), len(b))))
    else:
        generator = np.random.default_rng(_SEED)
        order = generator.permuted(np.tile(np.arange(len(found)), (_DRAWS, 1)), axis=1)
        chosen, smallest = order[:, : len(b)], 1 / (_DRAWS + 1)
    # The sum of one side decides the difference of the means.
    sums = np.abs(found[chosen].sum(axis=1))
    p = _share(sums, abs(found[len(a) :].sum()), found, exact)
    return Permutation(difference, p, n, False, exact, smallest)


def _share(drawn: Any, observed: float, values: Any, exact: bool) -> float:
    """Return how often chance gives as much as was observed; sums that differ by rounding alone are the same."""
    import numpy as np

    slack = 1e-12 * float(np.abs(values).sum())
    count = int(np.count_nonzero(drawn >= observed - slack))
    # A drawn permutation might have been the observed one: it counts among them, and no p is ever zero.
    return count / len(drawn) if exact else (count + 1) / (len(drawn) + 1)

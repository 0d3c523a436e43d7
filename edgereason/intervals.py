"""Shares, differences and spreads, each with its uncertainty: pure functions of counts and numbers.

In: Wilson and Clopper-Pearson intervals, the paired difference of two runs on the same items, quantiles.
Not in: records and tables (report).
Invariant: no share without its n and interval, and no sample of nothing: an empty one is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """`count` of `n`, with a two-sided interval at `level`."""

    count: int
    n: int
    low: float
    high: float
    level: float = 0.95

    @property
    def share(self) -> float:
        """Count over n; nan for n = 0."""
        return self.count / self.n if self.n else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Spread of n numbers."""

    n: int
    median: float
    p90: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Share right in the second run minus share right in the first, on the same n items.

    p_value: McNemar's exact test, two-sided, on the items where the runs disagree.
    """

    n: int
    only_first: int
    only_second: int
    difference: float
    low: float
    high: float
    p_value: float
    level: float = 0.95


def wilson(count: int, n: int, level: float = 0.95) -> Proportion:
    """The share with Wilson's score interval (Wilson 1927): sound for accuracies, also near 0 and 1."""
    _check_counts(count, n)
    if n == 0:
        return Proportion(count=0, n=0, low=0.0, high=1.0, level=level)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = count / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if count == 0 else centre - half
    high = 1.0 if count == n else centre + half
    return Proportion(count=count, n=n, low=low, high=high, level=level)


def clopper_pearson(count: int, n: int, level: float = 0.95) -> Proportion:
    """The share with the exact interval (Clopper and Pearson 1934), never narrower than it says: for promises."""
    _check_counts(count, n)
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else _bisect(lambda p: 1 - binomial_at_most(count - 1, n, p) < tail)
    high = 1.0 if count == n else _bisect(lambda p: binomial_at_most(count, n, p) > tail)
    return Proportion(count=count, n=n, low=low, high=high, level=level)


def binomial_at_most(count: int, n: int, p: float) -> float:
    """P(X <= count) for X of n trials with chance p, summed exactly in logarithms."""
    if count < 0 or count >= n:
        return 0.0 if count < 0 else 1.0
    if p <= 0.0 or p >= 1.0:
        return 1.0 if p <= 0.0 else 0.0
    k = np.arange(count + 1)
    log_terms = _log_choose(n)[: count + 1] + k * math.log(p) + (n - k) * math.log1p(-p)
    peak = float(log_terms.max())
    return min(1.0, math.exp(peak + math.log(float(np.exp(log_terms - peak).sum()))))


def paired_difference(first: Sequence[bool], second: Sequence[bool], level: float = 0.95) -> Difference:
    """How much more often the second run is right than the first on the same items.

    The interval is the adjusted Wald one for paired shares (Bonett and Price 2012, eq. 6): it stays honest where the
    runs hardly ever disagree, which a bootstrap of the pairs does not.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"two runs over the same items are needed, got {len(first)} and {len(second)}")
    n = len(first)
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    p_first, p_second = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    centre = p_second - p_first
    half = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt((p_first + p_second - centre * centre) / (n + 2))
    return Difference(
        n=n,
        only_first=only_first,
        only_second=only_second,
        difference=(only_second - only_first) / n,
        low=max(-1.0, centre - half),
        high=min(1.0, centre + half),
        p_value=mcnemar(only_first, only_second),
        level=level,
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value that disagreements fall this unevenly by chance (McNemar 1947, binomial form)."""
    return min(1.0, 2 * binomial_at_most(min(only_first, only_second), only_first + only_second, 0.5))


def quantiles(values: Sequence[float]) -> Quantiles | None:
    """Median, 90th and 99th percentile (linear interpolation) and maximum; None for no values."""
    if not values:
        return None
    median, p90, p99, most = (float(x) for x in np.quantile(np.asarray(values, float), [0.5, 0.9, 0.99, 1.0]))
    return Quantiles(n=len(values), median=median, p90=p90, p99=p99, most=most)


def _log_choose(n: int) -> npt.NDArray[np.float64]:
    """log(n choose k) for k = 0..n."""
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    result: npt.NDArray[np.float64] = log_factorial[n] - log_factorial - log_factorial[::-1]
    return result


def _bisect(is_below: Callable[[float], bool]) -> float:
    """The p in [0, 1] up to which `is_below` holds, to the last few bits."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if is_below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _check_counts(count: int, n: int) -> None:
    """Refuse counts that are no share."""
    if not 0 <= count <= n:
        raise ValueError(f"count must lie in 0..n, got {count} of {n}")

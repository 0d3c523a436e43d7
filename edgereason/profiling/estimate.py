"""Repeated timings to one number with its interval: the median, and order statistics around it. Pure.

The interval holds the median of whatever the timings are drawn from in 95 % of cases, whatever its shape, if they are
independent. Timings of one visit are not quite; so a cell needs several visits, spread over the run, before it counts
as tight.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

TIGHT = 0.05  # half-width of the interval over the median: no more repeats are needed
WIDE = 0.15  # from here on the number is marked unreliable
LEAST_VISITS = 4
ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds of one cell. low_s, high_s: of the 95 % interval of the median; None below six timings."""

    median_s: float
    low_s: float | None
    high_s: float | None
    n: int
    visits: int

    @property
    def half_width(self) -> float:
        """Of the interval, over the median; infinite where there is none."""
        if self.low_s is None or self.high_s is None or not self.median_s:
            return math.inf
        return (self.high_s - self.low_s) / 2 / self.median_s

    @property
    def is_tight(self) -> bool:
        """Whether more repeats would tell little."""
        return self.visits >= LEAST_VISITS and self.half_width <= TIGHT

    @property
    def is_reliable(self) -> bool:
        """Whether the interval is narrow enough to plan with the median."""
        return self.half_width <= WIDE


def estimate(visits: Sequence[Sequence[float]]) -> Estimate:
    """The estimate from the timings of some visits, at least one of which holds a timing."""
    seconds = sorted(value for visit in visits for value in visit)
    rank = interval_rank(len(seconds))
    return Estimate(
        median_s=statistics.median(seconds),
        low_s=seconds[rank - 1] if rank else None,
        high_s=seconds[-rank] if rank else None,
        n=len(seconds),
        visits=sum(1 for visit in visits if visit),
    )


@functools.cache
def interval_rank(n: int) -> int:
    """r such that the r-th smallest and r-th largest of n hold the median with 95 % confidence; 0: n is too small.

    The largest r with P(Bin(n, 1/2) < r) <= 2.5 %.
    """
    below, rank = 0.0, 0
    for count in range(n // 2):
        below += math.comb(n, count) / 2**n
        if below > ALPHA / 2:
            break
        rank = count + 1
    return rank

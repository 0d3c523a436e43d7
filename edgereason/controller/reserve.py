"""How much time to keep back for closing: a bound from how long closings took, or a margin that is labelled as one.

A score is the natural logarithm of the seconds from the last moment at which another action was possible (the commit
point) to the end of the closing, over the seconds predicted for it. Two bounds hold together: an order statistic of the
recorded scores, which is exceeded by at most a share `miss_rate` of closings like these with 95 % confidence (a
one-sided tolerance limit: Wilks 1941), and a tracked quantile, which follows drift (Gibbs and Candes 2021, eq. 2).
Pure. Not in: what a closing is predicted to take (costs), keeping scores (profiling.closings).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgereason.intervals import binomial_at_most

MISS_RATE = 0.01  # unless the caller names another
PROVISIONAL_FACTOR = 1.3  # until enough closings are known; an answer in hand makes a thin margin enough
FIRST_CLOSINGS = 20  # from these on the margin is over what closings take here, not over what was predicted
FIRST_QUANTILE = 0.9  # of them; one that met a stall is the watchdog's business
CONFIDENCE = 0.95
AIM = 0.6  # the tracked quantile aims at this part of the miss rate
TRACKER_STEP = 0.05
MOST_FACTOR = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Seconds to keep back over seconds predicted, and what that rests on."""

    factor: float
    closings: int
    needed: int  # closings without which the factor is provisional
    miss_rate: float

    @property
    def is_provisional(self) -> bool:
        """Whether too few closings were recorded for a bound with 95 % confidence."""
        return self.closings < self.needed

    @property
    def words(self) -> str:
        """The promise, in words."""
        if self.is_provisional:
            return (
                f"time to close is kept by a provisional factor of {self.factor:.2f}: {self.closings} of the "
                f"{self.needed} closings that a bound needs were recorded here"
            )
        return (
            f"on this device, model and power mode at most {self.miss_rate:.2g} of the deadline-limited requests come "
            f"back late (95 % confidence; {self.closings} closings), provided that closings behave as those recorded"
        )


def exceedances_allowed(n: int, miss_rate: float) -> int | None:
    """The most of n recorded closings that may lie above a bound which a share `miss_rate` exceeds: the largest r with
    P(Bin(n, miss_rate) <= r) <= 5 %. None where n is too small for any.
    """
    if binomial_at_most(0, n, miss_rate) > 1 - CONFIDENCE:
        return None
    allowed = 0
    while binomial_at_most(allowed + 1, n, miss_rate) <= 1 - CONFIDENCE:
        allowed += 1
    return allowed


def closings_needed(miss_rate: float) -> int:
    """The least number of closings for which a bound with 95 % confidence exists: 299 at 1 %."""
    return math.ceil(math.log(1 - CONFIDENCE) / math.log1p(-miss_rate))


def tracked(scores: Sequence[float], miss_rate: float) -> float:
    """The quantile that follows the scores: up by a step where one exceeds it, down by a little where none does.

    It begins at the provisional factor over what the first closings took: a prediction that is off by as much every
    time, as one that counts a pass for each forced token, is put right by them and not by thousands.
    """
    first = sorted(scores[:FIRST_CLOSINGS])
    is_known = len(first) == FIRST_CLOSINGS
    level = math.log(PROVISIONAL_FACTOR) + (first[math.ceil(FIRST_QUANTILE * FIRST_CLOSINGS) - 1] if is_known else 0.0)
    for score in scores[FIRST_CLOSINGS if is_known else 0 :]:
        level += TRACKER_STEP * ((score > level) - AIM * miss_rate)
    return level


def reserve_of(scores: Sequence[float], miss_rate: float) -> Reserve:
    """The reserve that these closings, oldest first, call for."""
    allowed = exceedances_allowed(len(scores), miss_rate)
    floor = math.log(PROVISIONAL_FACTOR) if len(scores) < FIRST_CLOSINGS else -math.inf
    level = max(tracked(scores, miss_rate), floor)
    if allowed is not None:
        level = max(level, sorted(scores, reverse=True)[allowed])
    return Reserve(
        factor=min(MOST_FACTOR, math.exp(level)),
        closings=len(scores),
        needed=closings_needed(miss_rate),
        miss_rate=miss_rate,
    )


def exceeded_reserve(scores: Sequence[float], miss_rate: float) -> Reserve:
    """What every closing like these exceeds, as if the share that may be missed were 1: what a reserve is worth."""
    factor = math.exp(min(scores, default=0.0))
    return Reserve(factor=factor, closings=len(scores), needed=closings_needed(miss_rate), miss_rate=miss_rate)

"""A quick timing that follows what requests really take: coarse on first use, better with every request.

Each request adds one number for each width that it ran long enough: its mean pass without the longest. From three
numbers on their median counts; widths that no request ran are moved by the same factor as the nearest one that was,
since contexts, neighbours and clocks change all of them together.
Invariant: the quick timing itself stays as it was; what is planned with is made of both.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from edgereason.profiling.predict import along
from edgereason.profiling.quick import write_costs
from edgereason.types import PassCosts

KEPT_REQUESTS = 31
LEAST_REQUESTS = 3
LEAST_PASSES = 8  # of a width in one request
Tallies = Mapping[int, tuple[int, float, float]]  # rows -> passes, seconds of all, seconds of the longest


def observed(costs: PassCosts, passes: Tallies) -> PassCosts:
    """The costs with one request more; what is timed in it is not touched."""
    windows = dict(costs.observed)
    for rows, (count, seconds, longest_s) in passes.items():
        if count >= LEAST_PASSES and rows > 0:
            mean_s = (seconds - longest_s) / (count - 1)
            if mean_s > 0:
                windows[rows] = (*windows.get(rows, ()), mean_s)[-KEPT_REQUESTS:]
    return replace(costs, observed=windows)


def settled(costs: PassCosts) -> PassCosts:
    """What to plan with: medians of requests where there are enough, the timing moved as they were elsewhere."""
    known = {rows: statistics.median(w) for rows, w in costs.observed.items() if len(w) >= LEAST_REQUESTS}
    if not known:
        return costs
    line = tuple(zip(costs.rows, costs.pass_s, strict=True))
    factors = {rows: seconds / along(line, rows) for rows, seconds in known.items()}
    widths = sorted({*costs.rows, *known})
    return replace(
        costs,
        rows=tuple(widths),
        pass_s=tuple(along(line, rows) * factors[_nearest(rows, factors)] for rows in widths),
        provenance={**costs.provenance, "requests": max(map(len, costs.observed.values()))},
    )


def _nearest(rows: int, factors: Mapping[int, float]) -> int:
    """The width with a factor that is nearest by ratio; the narrower of two."""
    return min(factors, key=lambda other: (abs(math.log(other / rows)), other))


class CostBook:
    """The costs that one engine's requests are planned with, kept at `path` (None: not kept)."""

    def __init__(self, costs: PassCosts, path: Path | None) -> None:
        self._costs, self._path = costs, path
        self._is_changed = False

    def learn(self, passes: Tallies) -> PassCosts:
        """Take one request in; what to plan the next one with."""
        after = observed(self._costs, passes)
        self._is_changed |= after != self._costs
        self._costs = after
        return settled(after)

    def keep(self) -> None:
        """Write what was learnt; a place that cannot be written was noted when it was first tried."""
        if self._path is not None and self._is_changed:
            write_costs(self._path, self._costs)
            self._is_changed = False

"""What a device profile says that calls of an engine take, with a noise as wide as the profile's own.

Passes over rows and context are interpolated (profiling.predict); forced and ragged tokens go by the profile's cells of
these kinds, as multiples of a pass; prompts by their length. Pure but for the draws, which are a function of the seed.
"""

from __future__ import annotations

import functools
import math
import random
import statistics

from edgereason.profiling.cells import Cell
from edgereason.profiling.predict import (
    along,
    beside_share,
    context_read,
    host_seconds,
    pass_seconds,
    prefill_seconds,
)
from edgereason.profiling.profile import CellCost, DeviceProfile

CONTEXT_STEP = 16  # tokens; contexts closer than this are priced as one
MEDIAN_WIDTH = 1.96 * math.sqrt(math.pi / 2)  # half-width of a median's 95 % interval over sigma / sqrt(n), normal
NOISES = 4096


class ProfileTimes:
    """Seconds of passes and prompts on the device that was profiled."""

    def __init__(self, profile: DeviceProfile, seed: int = 0) -> None:
        self._medians = profile.medians()
        self._share = beside_share(self._medians)
        self.spread = spread_of(profile)
        self.passes_per_token = _passes_per_token(profile)
        self._noises = _noises(self.spread, seed)
        self._drawn = 0
        self.pass_s = functools.cache(self._pass_s)
        self.over_a_pass = functools.cache(self._over_a_pass)
        self.host_s = functools.cache(lambda rows: host_seconds(self._medians, rows))

    def noise(self) -> float:
        """A factor of median 1."""
        self._drawn = (self._drawn + 1) % NOISES
        return self._noises[self._drawn]

    def commit_s(self, rows: int, context: int, most: int, *, is_ragged: bool) -> float:
        """Seconds to append `most` tokens to each of `rows` rows, or to one of them, at so many tokens of context.

        With what the decode loop adds to a commit, since the clock of a simulation stands still in it.
        """
        one = self.pass_s(rows, context_read(context, rows, self._share) // CONTEXT_STEP)
        over = 1.0 if most == 1 else self.over_a_pass(rows, most, "ragged" if is_ragged else "forced")
        return one * over + self.host_s(rows)

    def prefill_s(self, done: int, tokens: int) -> float:
        """Seconds of `tokens` tokens of a prompt, after `done` that are there."""
        return max(0.0, self._prompt_s(done + tokens) - (self._prompt_s(done) if done else 0.0))

    def _prompt_s(self, tokens: int) -> float:
        return prefill_seconds(self._medians, tokens)

    def _pass_s(self, rows: int, step: int) -> float:
        return pass_seconds(self._medians, rows, (step * CONTEXT_STEP) + CONTEXT_STEP // 2)

    def _over_a_pass(self, rows: int, tokens: int, kind: str) -> float:
        """A commit of so many tokens over a pass, by the cells of the nearest width, else by the passes it needs."""
        cells = [cell for cell in self._medians if cell.kind == kind]
        if not cells:
            return 1.0 if rows == 1 or not self.passes_per_token else float(tokens)
        near = min({cell.rows for cell in cells}, key=lambda width: abs(math.log(width / rows)))
        line = [(1, 1.0), *sorted((cell.tokens, self._ratio(cell)) for cell in cells if cell.rows == near)]
        return along(tuple(line), tokens)

    def _ratio(self, cell: Cell) -> float:
        return self._medians[cell] / pass_seconds(self._medians, cell.rows, cell.context)


def spread_of(profile: DeviceProfile) -> float:
    """Standard deviation of the logarithm of a pass's seconds: what the intervals of the medians imply for one timing.

    The interval of a median of n timings is +-1.96 sqrt(pi / 2) sigma / sqrt(n), if they are nearly normal. The middle
    one of all decode cells; 0 where none has an interval.
    """
    found = [_sigma(cost) for cost in profile.costs if cost.cell.kind == "decode"]
    return statistics.median([sigma for sigma in found if math.isfinite(sigma)] or [0.0])


def _sigma(cost: CellCost) -> float:
    return cost.estimate.half_width * math.sqrt(cost.estimate.n) / MEDIAN_WIDTH


def _noises(spread: float, seed: int) -> list[float]:
    draw = random.Random(seed)
    return [math.exp(draw.gauss(0.0, spread)) for _ in range(NOISES)]


def _passes_per_token(profile: DeviceProfile) -> bool:
    """Whether forced tokens cost a pass each where several rows run; so it is taken to be where nothing says.

    An engine that does so may still run rows apart where that is fewer passes: one cell that says so is enough.
    """
    forced = [cost for cost in profile.costs if cost.cell.kind == "forced" and cost.cell.rows > 1]
    return not forced or any(cost.passes >= cost.cell.tokens for cost in forced)

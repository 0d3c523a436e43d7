"""Laws of the seconds of a simulated engine: those of the profile, with a noise as wide as the profile's own."""

from __future__ import annotations

import dataclasses
import math
import statistics

import pytest

from edgereason.profiling.cells import Cell
from edgereason.profiling.profile import CellCost, DeviceProfile
from edgereason.simulating.times import ProfileTimes, spread_of

from ..profiling.profiles import profile

DECODE = {Cell("decode", rows, context): 0.01 * rows for rows in (1, 4) for context in (0, 1000)}
FORCED = {Cell("forced", 4, 256, 4): 0.08, Cell("forced", 4, 256, 16): 0.20}
RAGGED = {Cell("ragged", 4, 256, 16): 0.12}


def with_passes(made: DeviceProfile, passes: int) -> DeviceProfile:
    """The profile where every forced cell took so many passes."""

    def cost_of(cost: CellCost) -> CellCost:
        return dataclasses.replace(cost, passes=passes) if cost.cell.kind == "forced" else cost

    return dataclasses.replace(made, costs=tuple(map(cost_of, made.costs)))


@pytest.mark.parametrize(("rows", "tokens", "seconds"), [(1, 1, 0.01), (4, 1, 0.04), (4, 4, 0.08), (4, 10, 0.14)])
def test_forced_tokens_take_what_their_cells_say(rows: int, tokens: int, seconds: float) -> None:
    """Between the cells a line."""
    times = ProfileTimes(profile({**DECODE, **FORCED, **RAGGED}))

    assert times.commit_s(rows, 256, tokens, is_ragged=False) == pytest.approx(seconds)


def test_ragged_tokens_have_cells_of_their_own() -> None:
    """One row that takes more than the others is cheaper than all of them."""
    times = ProfileTimes(profile({**DECODE, **FORCED, **RAGGED}))

    assert times.commit_s(4, 256, 16, is_ragged=True) == pytest.approx(0.12)


def test_without_cells_a_pass_a_token() -> None:
    """Where several rows run; one row takes its tokens in one pass."""
    times = ProfileTimes(profile(DECODE))

    assert times.commit_s(4, 256, 5, is_ragged=False) == pytest.approx(5 * 0.04)
    assert times.commit_s(1, 256, 5, is_ragged=False) == pytest.approx(0.01)


def test_the_profile_says_whether_forced_tokens_cost_a_pass_each() -> None:
    """One cell that took as many passes as tokens is enough; where nothing says, they do."""
    made = profile({**DECODE, **FORCED})

    assert [True, False, True] == [
        ProfileTimes(each).passes_per_token for each in (with_passes(made, 4), with_passes(made, 1), profile(DECODE))
    ]


def test_a_prompt_in_parts_takes_as_long_as_the_whole() -> None:
    """The later part costs what it adds."""
    prompts = {Cell("prefill", 1, 0, tokens): seconds for tokens, seconds in ((16, 0.1), (64, 0.2), (256, 1.0))}
    times = ProfileTimes(profile({**DECODE, **prompts}))

    assert times.prefill_s(0, 64) == pytest.approx(0.2)
    assert times.prefill_s(0, 100) + times.prefill_s(100, 156) == pytest.approx(times.prefill_s(0, 256))


def test_noise_is_as_wide_as_the_intervals_imply_and_a_function_of_the_seed() -> None:
    """An interval of 1 % on either side from ten timings; its middle is 1."""
    made = profile(DECODE)
    noises = [[times.noise() for _ in range(4000)] for times in (ProfileTimes(made, 5), ProfileTimes(made, 5))]
    logs = [math.log(noise) for noise in noises[0]]

    assert noises[0] == noises[1]
    assert spread_of(made) == pytest.approx(0.01 * math.sqrt(10) / 1.96 / math.sqrt(math.pi / 2))
    assert statistics.pstdev(logs) == pytest.approx(spread_of(made), rel=0.05)
    assert statistics.median(logs) == pytest.approx(0.0, abs=0.002)


def test_every_commit_takes_what_the_loop_adds() -> None:
    """Once, however many tokens are forced; the clock of a simulation stands still while the loop runs."""
    hosts = {Cell("host", 1, 256, 32): 0.001, Cell("host", 4, 256, 32): 0.004}
    times = ProfileTimes(profile({**DECODE, **FORCED, **hosts}))

    assert pytest.approx(0.011) == times.commit_s(1, 256, 1, is_ragged=False)
    assert pytest.approx(0.084) == times.commit_s(4, 256, 4, is_ragged=False)


def test_a_simulated_pass_comes_upon_the_tokens_of_other_rows() -> None:
    """Where a token beside costs all of an own one, four rows at 200 tokens pass as at 800."""
    at = {Cell("decode", rows, context): 0.01 * rows * (1 + context / 1000) for rows in (1, 4) for context in (0, 1000)}
    apart = {Cell("apart", 4, 0, 100): 0.04 * 1.4}

    assert pytest.approx(0.04 * 1.8, rel=0.01) == ProfileTimes(profile({**at, **apart})).commit_s(
        4, 200, 1, is_ragged=False
    )
    assert pytest.approx(0.04 * 1.2, rel=0.01) == ProfileTimes(profile(at)).commit_s(4, 200, 1, is_ragged=False)

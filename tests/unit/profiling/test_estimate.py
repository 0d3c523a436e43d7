"""The median and its interval."""

from __future__ import annotations

import math
import random

import pytest

from edgereason.profiling.estimate import estimate, interval_rank


@pytest.mark.parametrize(("n", "rank"), [(5, 0), (6, 1), (8, 1), (9, 2), (20, 6), (100, 40)])
def test_ranks_are_those_of_the_sign_test(n: int, rank: int) -> None:
    """Values from the tables of the sign test (Conover, Practical Nonparametric Statistics): 95 % two-sided."""
    assert rank == interval_rank(n)


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    """2,000 skewed samples of 15: at least 95 % less three standard errors."""
    draw = random.Random(0)
    true_median = math.log(2)
    held = 0
    for _ in range(2000):
        found = estimate([[draw.expovariate(1.0) for _ in range(15)]])
        assert found.low_s is not None
        assert found.high_s is not None
        held += found.low_s <= true_median <= found.high_s

    assert held / 2000 > 0.95 - 3 * math.sqrt(0.05 * 0.95 / 2000)


def test_few_timings_have_no_interval_and_are_not_trusted() -> None:
    """Five equal timings are still five."""
    found = estimate([[1.0] * 5])

    assert (1.0, None, None, False, False) == (
        found.median_s, found.low_s, found.high_s, found.is_tight, found.is_reliable,
    )  # fmt: skip


def test_few_visits_are_never_tight() -> None:
    """Timings of one visit depend on each other; further visits settle it."""
    assert [False] * 3 + [True] == [estimate([[1.0] * 10] * visits).is_tight for visits in range(1, 5)]


def test_a_stall_does_not_move_the_median() -> None:
    """One timing a thousand times as long."""
    assert 1.0 == estimate([[1.0] * 9, [1000.0]]).median_s


def test_wide_spread_is_unreliable() -> None:
    """Half of the timings twice the others."""
    assert not estimate([[1.0, 2.0] * 10, [1.0, 2.0] * 10]).is_reliable

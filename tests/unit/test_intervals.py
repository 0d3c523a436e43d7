"""Laws of shares, differences and quantiles."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgereason.intervals import (
    binomial_at_most,
    clopper_pearson,
    mcnemar,
    paired_difference,
    quantiles,
    wilson,
)

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_matches_published_values(count: int, n: int, low: float, high: float) -> None:
    """Newcombe's worked examples come out."""
    found = wilson(count, n)

    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (81, 263, 0.2527, 0.3676),  # Newcombe 1998, table I, method 5
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_clopper_pearson_matches_published_values(count: int, n: int, low: float, high: float) -> None:
    """Newcombe's worked examples come out."""
    found = clopper_pearson(count, n)

    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


@pytest.mark.parametrize("n", [1, 5, 299, 5000])
def test_clopper_pearson_at_zero_has_its_closed_form(n: int) -> None:
    """Nothing of n: the upper end is 1 - (alpha / 2) ** (1 / n), and the mirror image for everything."""
    none, every = clopper_pearson(0, n), clopper_pearson(n, n)

    assert none.high == pytest.approx(1 - 0.025 ** (1 / n), rel=1e-9)
    assert every.low == pytest.approx(0.025 ** (1 / n), rel=1e-9)
    assert (every.high, none.low) == (1.0, 0.0)


@settings(max_examples=50, deadline=None)
@given(COUNTS)
def test_intervals_hold_their_share_and_mirror(counts: tuple[int, int]) -> None:
    """The share lies inside, the ends lie in [0, 1], and failures have the mirrored interval of successes."""
    count, n = counts
    for interval in (wilson, clopper_pearson):
        found, mirrored = interval(count, n), interval(n - count, n)

        assert 0.0 <= found.low <= found.share <= found.high <= 1.0
        assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(COUNTS)
def test_clopper_pearson_ends_leave_exactly_the_tails(counts: tuple[int, int]) -> None:
    """At each end, so extreme a count has exactly 2.5 % chance."""
    count, n = counts
    found = clopper_pearson(count, n)

    if count > 0:
        assert 1 - binomial_at_most(count - 1, n, found.low) == pytest.approx(0.025, rel=1e-6)
    if count < n:
        assert binomial_at_most(count, n, found.high) == pytest.approx(0.025, rel=1e-6)


def test_wider_level_gives_wider_interval() -> None:
    """99 % contains 95 %."""
    for interval in (wilson, clopper_pearson):
        narrow, wide = interval(7, 50), interval(7, 50, 0.99)

        assert wide.low < narrow.low
        assert narrow.high < wide.high


@pytest.mark.parametrize("p", [0.0, 0.03, 0.5, 1.0])
def test_binomial_sum_matches_whole_numbers(p: float) -> None:
    """The sum in logarithms equals the sum of exact binomial coefficients."""
    for count in range(-1, 13):
        expected = sum(math.comb(12, k) * p**k * (1 - p) ** (12 - k) for k in range(count + 1))
        assert expected == pytest.approx(binomial_at_most(count, 12, p), abs=1e-12)


def test_share_of_nothing_is_unknown() -> None:
    """No items: any share is possible."""
    for interval in (wilson, clopper_pearson):
        found = interval(0, 0)
        assert (found.low, found.high, math.isnan(found.share)) == (0.0, 1.0, True)


@pytest.mark.parametrize(("count", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(count: int, n: int) -> None:
    """A count is between nothing and everything."""
    for interval in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match=r"0\.\.n"):
            interval(count, n)


@pytest.mark.parametrize(
    ("only_first", "only_second", "expected"), [(1, 8, 0.0390625), (8, 1, 0.0390625), (0, 0, 1.0), (5, 5, 1.0)]
)
def test_mcnemar_is_the_two_sided_sign_test(only_first: int, only_second: int, expected: float) -> None:
    """2 * P(X <= 1 of 9 at 1/2) = 20 / 512; even or no disagreement is no evidence."""
    assert expected == pytest.approx(mcnemar(only_first, only_second))


def test_paired_difference_matches_its_formula() -> None:
    """7 and 25 of 120 disagree: the adjusted interval worked by hand, and the exact p-value of 7 in 32."""
    first = [True] * 7 + [False] * 25 + [True] * 88
    second = [False] * 7 + [True] * 25 + [True] * 88
    found = paired_difference(first, second)
    p_first, p_second = 8 / 122, 26 / 122
    half = 1.959964 * math.sqrt((p_first + p_second - (p_second - p_first) ** 2) / 122)

    assert (found.n, found.only_first, found.only_second, found.difference) == (120, 7, 25, 0.15)
    assert (found.low, found.high) == pytest.approx((18 / 122 - half, 18 / 122 + half), abs=1e-6)
    assert found.p_value == pytest.approx(0.00210, abs=1e-5)


def test_paired_difference_turns_with_its_runs() -> None:
    """Swapping the runs turns the sign."""
    first, second = [True, True, False, True], [False, True, True, False]
    there, back = paired_difference(first, second), paired_difference(second, first)

    assert there.difference == -back.difference == -0.25
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_agreement_is_not_certainty() -> None:
    """Two runs that never disagree still have an interval of some width, that shrinks with n."""
    few, many = paired_difference([True] * 10, [True] * 10), paired_difference([True] * 1000, [True] * 1000)

    assert few.low < many.low < 0.0 < many.high < few.high
    assert few.p_value == 1.0


@pytest.mark.parametrize("runs", [([], []), ([True], [True, False])])
def test_runs_over_other_items_are_not_compared(runs: tuple[list[bool], list[bool]]) -> None:
    """Pairs need partners."""
    with pytest.raises(ValueError, match="same items"):
        paired_difference(*runs)


def test_quantiles_interpolate_and_know_their_n() -> None:
    """Of 0..100: median 50, 90, 99, 100."""
    found = quantiles([float(x) for x in reversed(range(101))])

    assert found is not None
    assert (found.n, found.median, found.p90, found.p99, found.most) == (101, 50.0, 90.0, 99.0, 100.0)


def test_nothing_has_no_quantiles() -> None:
    """No values: None, not a number."""
    assert quantiles([]) is None

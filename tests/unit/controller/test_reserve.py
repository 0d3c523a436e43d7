"""Laws of the closing reserve: the tabled exceedances, coverage by simulation, drift followed, margins labelled."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgereason.controller.reserve import (
    FIRST_CLOSINGS,
    PROVISIONAL_FACTOR,
    TRACKER_STEP,
    closings_needed,
    exceedances_allowed,
    reserve_of,
    tracked,
)

SCORES = st.lists(st.floats(-2, 2), max_size=400)


@pytest.mark.parametrize(("n", "allowed"), [(0, None), (298, None), (299, 0), (500, 1), (1000, 4), (2000, 12)])
def test_exceedances_at_one_percent(n: int, allowed: int | None) -> None:
    """As tables of tolerance limits have them."""
    assert allowed == exceedances_allowed(n, 0.01)


@pytest.mark.parametrize("miss_rate", [0.001, 0.01, 0.05, 0.2])
def test_a_bound_exists_from_the_stated_number_on(miss_rate: float) -> None:
    """And not for one closing fewer."""
    needed = closings_needed(miss_rate)
    assert exceedances_allowed(needed, miss_rate) is not None
    assert exceedances_allowed(needed - 1, miss_rate) is None


def test_few_closings_give_a_provisional_margin() -> None:
    """It says so, with how many are known and how many are needed."""
    made = reserve_of([-0.5] * 12, 0.01)
    assert (PROVISIONAL_FACTOR, True) == (pytest.approx(made.factor), made.is_provisional)
    assert "12 of the 299" in made.words


def test_the_promise_names_its_share_and_its_closings() -> None:
    """And what it takes for granted."""
    words = reserve_of([0.0] * 300, 0.01).words
    assert all(part in words for part in ("0.01", "300 closings", "95 %", "provided"))
    assert "guarantee" not in words


def test_the_bound_is_exceeded_as_seldom_as_promised() -> None:
    """Of 150 bounds from 500 heavy-tailed closings each, at most 5 % are exceeded by more than 1 % of closings."""
    rng = np.random.default_rng(0)
    bad = 0
    for _ in range(150):
        bound = math.log(reserve_of((0.3 * rng.standard_t(3, 500)).tolist(), 0.01).factor)
        bad += np.mean(0.3 * rng.standard_t(3, 20_000) > bound) > 0.01
    assert bad <= 0.05 * 150 + 3 * math.sqrt(150 * 0.05 * 0.95)


def test_the_tracked_quantile_follows_drift() -> None:
    """When closings take twice as long from one moment on, nearly all of them fit again soon after."""
    rng = np.random.default_rng(1)
    before = 0.1 * rng.standard_normal(500)
    after = math.log(2) + 0.1 * rng.standard_normal(300)
    level = tracked([*before, *after], 0.01)
    assert level > math.log(2)
    assert np.mean(after > level) < 0.2


@given(SCORES, st.floats(0.0, 3.0))
def test_slower_closings_never_shrink_the_reserve(scores: list[float], slower: float) -> None:
    """With every score higher by the same, it is at least as large."""
    assert reserve_of([score + slower for score in scores], 0.05).factor >= reserve_of(scores, 0.05).factor - 1e-9


@settings(deadline=None)
@given(st.integers(0, 800), st.floats(0.001, 0.5), st.floats(1.0, 3.0))
def test_more_closings_or_more_misses_never_allow_fewer_exceedances(n: int, miss_rate: float, more: float) -> None:
    """No exceedance allowed, and no bound at all, count as less than one."""
    allowed = [
        -1 if found is None else found
        for found in (
            exceedances_allowed(n, miss_rate),
            exceedances_allowed(n + 50, miss_rate),
            exceedances_allowed(n, min(0.5, more * miss_rate)),
        )
    ]
    assert allowed[0] <= min(allowed[1:])


@settings(deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=200, max_size=300), st.floats(0.05, 0.5), st.floats(0.3, 1.0))
def test_fewer_misses_never_keep_less(scores: list[float], miss_rate: float, fewer: float) -> None:
    """Where there are enough closings for both; but the tracked quantile moves in steps, and may stand one lower."""
    strict, loose = (reserve_of(scores, rate).factor for rate in (fewer * miss_rate, miss_rate))
    assert strict >= loose * math.exp(-TRACKER_STEP) - 1e-9


@pytest.mark.parametrize("off_by", [-1.0, 0.8])
def test_a_prediction_that_is_always_off_is_put_right_by_the_first_closings(off_by: float) -> None:
    """Closings that always take a third of what was predicted, or twice as much, get the margin over what they take;
    one stall among them changes nothing.
    """
    scores = [off_by] * (FIRST_CLOSINGS - 1) + [3.0]
    made = reserve_of(scores, 0.01)
    assert (PROVISIONAL_FACTOR * math.exp(off_by), True) == (pytest.approx(made.factor), made.is_provisional)
    assert PROVISIONAL_FACTOR == pytest.approx(reserve_of([min(off_by, 0.0)] * (FIRST_CLOSINGS - 1), 0.01).factor)

"""Pass costs between and beyond what was measured, and the pace of a running request."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.controller.costs import costs_at, forced_seconds, pass_seconds, seconds_of
from edgereason.controller.pace import RequestPace
from edgereason.testing import FakeClock
from edgereason.types import PassCosts, Work

COSTS = PassCosts(rows=(1, 2, 8), pass_s=(1.0, 2.0, 5.0), prefill_token_s=0.1, prefill_base_s=1.0, context=64)


def test_measured_widths_are_returned_as_measured() -> None:
    """The table is not forced onto a line."""
    assert [1.0, 2.0, 5.0] == [pass_seconds(COSTS, rows) for rows in (1, 2, 8)]


def test_between_and_beyond_it_is_linear() -> None:
    """Between widths it interpolates; past the widest the last slope goes on."""
    assert (3.5, 9.0) == (pass_seconds(COSTS, 5), pass_seconds(COSTS, 16))


def test_a_single_measured_width_is_assumed_to_scale_with_rows() -> None:
    """With nothing known of width, no row is free."""
    alone = PassCosts(rows=(1,), pass_s=(2.0,), prefill_token_s=0.0, prefill_base_s=0.0, context=64)

    assert (2.0, 8.0) == (pass_seconds(alone, 1), pass_seconds(alone, 4))


@given(rows=st.integers(1, 200))
def test_more_rows_never_cost_less(rows: int) -> None:
    """Costs rise with width."""
    assert pass_seconds(COSTS, rows) <= pass_seconds(COSTS, rows + 1)


def test_one_row_takes_forced_text_in_one_pass() -> None:
    """Nine tokens beyond the first cost one row what a prompt's do, never more than passes; else ten passes are run."""
    assert pytest.approx(1.9) == forced_seconds(COSTS, 10, 1, one_pass_per_token=True)
    assert pytest.approx(1.0) == forced_seconds(COSTS, 1, 1, one_pass_per_token=True)
    assert pytest.approx(20.0) == forced_seconds(COSTS, 10, 2, one_pass_per_token=True)
    assert pytest.approx(2.0 + 1.8) == forced_seconds(COSTS, 10, 2, one_pass_per_token=False)
    dear = replace(COSTS, prefill_token_s=50.0)
    assert pytest.approx(10.0) == forced_seconds(dear, 10, 1, one_pass_per_token=True)
    assert 0.0 == forced_seconds(COSTS, 0, 1, one_pass_per_token=True)


@given(tokens=st.integers(1, 40), rows=st.integers(1, 40), one_pass_per_token=st.booleans())
def test_forced_text_never_costs_less_than_a_pass_nor_less_for_more_rows(
    tokens: int, rows: int, one_pass_per_token: bool
) -> None:
    """Between one pass and one a token, rising with rows."""
    here, wider = (forced_seconds(COSTS, tokens, n, one_pass_per_token=one_pass_per_token) for n in (rows, rows + 1))
    assert pass_seconds(COSTS, rows) <= here <= tokens * pass_seconds(COSTS, rows) + 1e-9
    assert here <= wider + 1e-9


def pace(clock: FakeClock, due: float | None) -> RequestPace:
    """A pace whose closing takes ten passes, with no margin."""
    return RequestPace(
        clock=clock,
        costs=COSTS,
        due=lambda: due,
        forced_s=lambda rows, read: 4 * pass_seconds(COSTS, rows, read),
        answer_tokens=6,
        reserve_factor=lambda rows: 1.0,
        is_stopped=lambda: False,
    )


def test_closing_begins_when_its_passes_and_one_more_just_fit() -> None:
    """Ten passes of a second each and the one that is about to run."""
    clock = FakeClock()
    made = pace(clock, due=100.0)

    clock.advance(88.9)
    assert not made.must_close(1)
    clock.advance(0.2)
    assert made.must_close(1)
    assert made.must_close(2), "wider passes cost more, so closing is due earlier"


def test_a_slow_machine_closes_earlier() -> None:
    """Passes that take three times as long as predicted move the close forward."""
    clock = FakeClock()
    made = pace(clock, due=100.0)
    for _ in range(20):
        made.observe(Work(rows=1), 3.0)
    clock.advance(70.0)

    assert made.must_close(1)


def test_a_fast_machine_is_believed_slowly() -> None:
    """One quick pass moves the speed less than one slow pass does."""
    slow, fast = pace(FakeClock(), 1.0), pace(FakeClock(), 1.0)
    slow.observe(Work(rows=1), 1.5)
    fast.observe(Work(rows=1), 0.5)

    assert slow.drift - 1.0 > 1.0 - fast.drift > 0


def test_without_a_deadline_nothing_closes() -> None:
    """No deadline, no hurry."""
    clock = FakeClock(1e9)

    assert not pace(clock, due=None).must_close(64)


def test_a_closing_is_scored_once_against_what_was_predicted() -> None:
    """Eleven passes of a second were predicted for one row; twice that is a score of log 2."""
    clock = FakeClock()
    made = pace(clock, due=100.0)
    assert made.closing_score(is_whole=True) is None
    clock.advance(89.0)
    assert made.must_close(1)
    clock.advance(22.0)
    assert made.must_close(1)

    rows, score = made.closing_score(is_whole=True) or (0, 0.0)
    assert (1, pytest.approx(math.log(2))) == (rows, score)
    assert made.closing_score(is_whole=True) is None


def test_a_closing_that_was_stopped_counts_as_what_all_of_it_would_have_taken() -> None:
    """Eleven seconds were predicted; forced text and four passes, eight of them, took 24, so that all would take 33."""
    clock = FakeClock()
    made = pace(clock, due=100.0)
    clock.advance(89.0)
    assert made.must_close(1)
    clock.advance(12.0)
    for _ in range(4):
        clock.advance(3.0)
        made.observe(Work(rows=1), 3.0)

    assert (1, pytest.approx(math.log(3))) == made.closing_score(is_whole=False)
    clock.advance(-0.0)
    assert made.must_close(1)
    clock.advance(11.0)
    assert (1, pytest.approx(math.log(11 / (11 * made.drift)))) == made.closing_score(is_whole=True)


GRID = replace(COSTS, contexts=(100, 200), pass_at_s=((1.0, 2.0, 5.0), (2.0, 3.0, 6.0)))


def test_between_measured_contexts_passes_are_interpolated() -> None:
    """The nearest hold before the first; after the last the slope goes on; without a context the typical row counts."""
    at = [pass_seconds(GRID, 2, context) for context in (0, 100, 150, 200, 250)]
    assert [2.0, 2.0, 2.5, 3.0, 3.5] == pytest.approx(at)
    assert pass_seconds(COSTS, 2) == pass_seconds(GRID, 2) == pass_seconds(COSTS, 2, 1000)


def test_the_seconds_of_a_plan_are_its_prompt_and_its_passes() -> None:
    """A prompt of 10 tokens, three passes of two rows, two more of one; a prompt that is there costs nothing."""
    work = [Work(rows=2, passes=3, context=64), Work(rows=1, passes=2, context=68)]
    assert seconds_of(COSTS, 10, work) == pytest.approx(1.0 + 10 * 0.1 + 3 * 2.0 + 2 * 1.0)
    assert seconds_of(COSTS, 0, work) == pytest.approx(3 * 2.0 + 2 * 1.0)


def test_tokens_of_others_cost_their_share() -> None:
    """Two hundred tokens of others, read at a quarter of the price, are fifty of the row's own."""
    work = [Work(rows=2, passes=3, context=100, beside=200)]
    assert 3 * pass_seconds(GRID, 2, 150) == pytest.approx(seconds_of(replace(GRID, beside_share=0.25), 0, work))
    assert 3 * pass_seconds(GRID, 2, 100) == pytest.approx(seconds_of(GRID, 0, work))


def test_costs_of_rows_that_moved_apart() -> None:
    """Two rows of 60 tokens after a prompt of 40: as a row of 115 where a token of the other costs a quarter."""
    beside = replace(GRID, beside_share=0.25)
    made = costs_at(beside, 40, 60)
    assert (pass_seconds(GRID, 1, 100), pass_seconds(GRID, 2, 115)) == pytest.approx(made.pass_s[:2])
    assert pass_seconds(made, 2) == pytest.approx(2.15)
    assert COSTS is costs_at(COSTS, 40, 60)


def test_a_longer_row_is_no_slower_machine() -> None:
    """Passes that take what they should at their context leave the speed; closings are foreseen at that context."""
    clock = FakeClock()
    made = replace(pace(clock, due=100.0), costs=GRID, answer_tokens=4)
    clock.advance(100.0 - 5 * 1.9 - 4.0)
    assert not made.must_close(1)
    for _ in range(9):
        made.observe(Work(rows=1, context=190), 1.9)
    assert 1.0 == pytest.approx(made.drift)
    assert made.must_close(1)


def test_tokens_beyond_one_a_row_and_pass_cost_what_a_prompts_do() -> None:
    """A pass of one row that takes six tokens."""
    assert 1.0 + 5 * 0.1 == pytest.approx(seconds_of(COSTS, 0, [Work(rows=1, further_tokens=5)]))


@given(
    now=st.floats(0, 120), later=st.floats(0, 50), rows=st.integers(1, 40), more=st.integers(0, 8),
    passes=st.integers(0, 60), factor=st.floats(0.5, 5), drift=st.floats(0.2, 5), worse=st.floats(1, 3),
)  # fmt: skip
def test_whoever_must_close_must_still_with_less_room(
    now: float, later: float, rows: int, more: int, passes: int, factor: float, drift: float, worse: float
) -> None:
    """Later, wider, slower, with more passes to go or more kept back, closing is never put off."""

    def must(now: float, rows: int, passes: int, factor: float, drift: float) -> bool:
        made = replace(pace(FakeClock(now), due=100.0), answer_tokens=passes, reserve_factor=lambda rows: factor)
        made.drift = drift
        return made.must_close(rows)

    if must(now, rows, passes, factor, drift):
        assert must(now + later, rows + more, passes + more, worse * factor, worse * drift)


def test_a_pace_that_follows_nothing_stays_as_predicted() -> None:
    """However slow its passes are."""
    made = replace(pace(FakeClock(), due=100.0), follows=False)
    made.observe(Work(rows=1), 30.0)
    assert 1.0 == made.drift

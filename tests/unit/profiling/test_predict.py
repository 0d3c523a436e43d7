"""Predictions: exact where it was measured, between neighbours elsewhere, never absurd beyond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.controller.costs import pass_seconds as planned_seconds
from edgereason.profiling.cells import Cell
from edgereason.profiling.predict import (
    beside_share,
    host_seconds,
    pass_costs,
    pass_seconds,
    prefill_seconds,
)

from .profiles import profile

TABLE = {
    Cell("decode", 1, 64): 1.0,
    Cell("decode", 4, 64): 2.0,
    Cell("decode", 16, 64): 8.0,
    Cell("decode", 1, 1024): 3.0,
    Cell("decode", 4, 1024): 6.0,
    Cell("prefill", 1, 0, 16): 0.4,
    Cell("prefill", 1, 0, 256): 2.8,
    Cell("prefill", 1, 256, 32): 9.0,
}


@pytest.mark.parametrize("cell", [cell for cell in TABLE if cell.kind == "decode"])
def test_what_was_measured_is_predicted(cell: Cell) -> None:
    """No fit moves a measured point."""
    assert TABLE[cell] == pass_seconds(TABLE, cell.rows, cell.context)


def test_between_points_the_line_holds() -> None:
    """Over rows, over contexts, and over both."""
    assert pytest.approx(5.0) == pass_seconds(TABLE, 10, 64)
    assert pytest.approx(2.0) == pass_seconds(TABLE, 1, 544)
    assert pytest.approx((4 / 3 + 4.0) / 2) == pass_seconds(TABLE, 2, 544)


def test_beyond_the_grid_the_last_stretch_goes_on() -> None:
    """Wider than was measured, longer than was measured; before the start the first value holds."""
    assert pytest.approx(16.0) == pass_seconds(TABLE, 32, 64)
    assert pytest.approx(5.0) == pass_seconds(TABLE, 1, 1984)
    assert pytest.approx(1.0) == pass_seconds(TABLE, 1, 0)
    assert pytest.approx(5.2) == prefill_seconds(TABLE, 496)


def test_a_column_that_is_too_narrow_is_not_used() -> None:
    """Sixteen rows were timed at the short context alone; four at the long one say nothing about them."""
    assert 8.0 == pass_seconds(TABLE, 16, 1024)


def test_a_dip_is_kept_and_does_not_go_on_below() -> None:
    """Two rows that cost less than one are a finding; 64 rows that cost nothing would be none."""
    dip = {Cell("decode", 1, 64): 2.0, Cell("decode", 2, 64): 1.0}

    assert (1.0, 1.0) == (pass_seconds(dip, 2, 64), pass_seconds(dip, 64, 64))


@given(rows=st.integers(1, 200), context=st.integers(0, 100_000))
def test_no_prediction_is_below_the_cheapest_pass(rows: int, context: int) -> None:
    """Anywhere."""
    assert pass_seconds(TABLE, rows, context) >= 1.0


def test_without_prompts_a_token_is_taken_to_cost_a_pass() -> None:
    """The worst that a prompt can cost."""
    assert 10.0 == prefill_seconds({Cell("decode", 1, 64): 1.0}, 10)


def test_the_controller_gets_the_measured_widths() -> None:
    """At one context; the prompt as base and slope between the shortest length and the one that matters."""
    costs = pass_costs(profile(TABLE), 64)

    assert ((1, 4, 16), (1.0, 2.0, 8.0)) == (costs.rows, costs.pass_s)
    assert (pytest.approx(0.01), pytest.approx(0.24)) == (costs.prefill_token_s, costs.prefill_base_s)
    assert ("p", "measured") == (costs.provenance["profile"], costs.provenance["origin"])


def test_a_pass_is_planned_with_what_the_loop_adds() -> None:
    """Between and beyond the widths where it was timed a line; the engine's own times stay what they are."""
    hosts = {Cell("host", 1, 256, 32): 0.1, Cell("host", 8, 256, 32): 0.8}
    costs = pass_costs(profile({**TABLE, **hosts}), 64)

    assert (pytest.approx(1.1), pytest.approx(2.4), pytest.approx(9.6)) == costs.pass_s
    assert pytest.approx(3.1) == costs.pass_at_s[1][0]
    assert (1.0, 0.0) == (pass_seconds({**TABLE, **hosts}, 1, 64), host_seconds(TABLE, 4))


@pytest.mark.parametrize(("seconds", "share"), [(2.0, 0.0), (2.48, 0.25), (3.92, 1.0), (9.0, 1.0)])
def test_the_share_of_tokens_beside_is_where_the_time_lies(seconds: float, share: float) -> None:
    """Four rows of 64 and 120: between a pass at 184 tokens and one at 184 + 360; never beyond either."""
    at = {Cell("decode", 4, context): value for context, value in ((184, 2.0), (544, 3.92))}
    table = {Cell("decode", 1, 184): 1.0, Cell("decode", 1, 544): 1.0, **at, Cell("apart", 4, 64, 120): seconds}

    assert pytest.approx(share) == beside_share(table)
    assert 0.0 == beside_share(at)


def test_plans_count_what_other_rows_hold() -> None:
    """Where a token beside costs a quarter, four rows at 100 tokens pass as at 175; a row alone as at 100."""
    at = {Cell("decode", rows, context): rows * context / 100 for rows in (1, 4) for context in (100, 200, 400)}
    own, others = 4 * 1.0, 4 * 4.0
    costs = pass_costs(profile({**at, Cell("apart", 4, 50, 50): own + (4 * 2.5 - own) * 0.25}), 100)

    assert own < others
    assert (pytest.approx(0.25), (1.0, pytest.approx(7.0))) == (costs.beside_share, costs.pass_s)


def test_beyond_the_longest_context_noise_of_the_last_stretch_does_not_decide() -> None:
    """The slope of all of it goes on, and nothing falls below the last value."""
    noisy = {Cell("decode", 1, 64): 1.0, Cell("decode", 1, 564): 2.2, Cell("decode", 1, 664): 1.9}
    falling = {**noisy, Cell("decode", 1, 664): 0.9}
    costs = pass_costs(profile(noisy), 64)

    assert pytest.approx(1.0 + 0.9 * 1200 / 600) == pass_seconds(noisy, 1, 1264)
    assert pytest.approx(1.0 + 0.9 * 1200 / 600) == planned_seconds(costs, 1, 1264)
    assert pytest.approx(0.9) == pass_seconds(falling, 1, 10_000)
    assert pytest.approx(0.9) == planned_seconds(pass_costs(profile(falling), 64), 1, 10_000)

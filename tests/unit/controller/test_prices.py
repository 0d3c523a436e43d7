"""Laws of prices: dear time never buys a slower plan, free time buys the best, what nobody measured is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.controller.costs import joules_spent, pass_joules
from edgereason.controller.expected import Option
from edgereason.controller.plan import plan
from edgereason.controller.prices import DEFAULT_PER_SECOND, Price, check_enforceable, price_of, worth_most
from edgereason.errors import ConfigError
from edgereason.types import Budget
from tests.unit.controller.test_expected import RISING
from tests.unit.controller.test_plan import DIFFICULTY, HARD, costs, situation

# sums of small fractions are exact, so that equal worth is equal
EIGHTHS = st.integers(0, 800).map(lambda n: n / 8)
OPTIONS = st.lists(
    st.builds(
        Option,
        rows=st.integers(1, 8),
        think_tokens=st.integers(1, 512),
        accuracy=st.integers(0, 64).map(lambda n: n / 64),
        seconds=EIGHTHS,
    ),
    min_size=1,
)
METERED = replace(costs(), pass_j=tuple(0.01 * (1 + 0.3 * (rows - 1)) for rows in costs().rows))


def joules_of(option: Option) -> float:
    """Half a joule a second and row."""
    return option.seconds * option.rows / 2


@given(found=OPTIONS, price=EIGHTHS, more=EIGHTHS)
def test_a_higher_price_never_chooses_a_slower_plan(found: list[Option], price: float, more: float) -> None:
    """Nor a more accurate one that is not slower."""
    cheap, dear = (worth_most(found, Price(per_second=each), joules_of) for each in (price, price + more))
    assert dear.seconds <= cheap.seconds
    assert dear.accuracy <= cheap.accuracy


@given(found=OPTIONS, price=EIGHTHS, more=EIGHTHS)
def test_a_higher_price_of_energy_never_chooses_more_of_it(found: list[Option], price: float, more: float) -> None:
    """At the same price of time."""
    cheap, dear = (
        worth_most(found, Price(per_second=0.0, per_joule=each), joules_of) for each in (price, price + more)
    )
    assert joules_of(dear) <= joules_of(cheap)


@given(found=OPTIONS)
def test_at_no_price_the_most_accurate_is_taken(found: list[Option]) -> None:
    """Of equals, the fastest."""
    chosen = worth_most(found, Price(per_second=0.0), joules_of)
    assert chosen.accuracy == max(option.accuracy for option in found)
    assert chosen.seconds == min(option.seconds for option in found if option.accuracy == chosen.accuracy)


def planned(remaining_s: float | None = None, **budget: float) -> tuple[int, int, str]:
    """(rows, think tokens, reason) of a plan with curves."""
    here = situation(remaining_s, curves=RISING, budget=Budget(deadline_s=remaining_s, **budget), costs=METERED)
    made = plan(HARD, DIFFICULTY, here, seed=0)
    return made.rows[0].count, made.rows[0].think_tokens, made.reason


def test_without_a_deadline_time_has_the_default_price() -> None:
    """And the reason states it."""
    assert planned()[:2] == planned(price_per_second=DEFAULT_PER_SECOND)[:2]
    assert f"{DEFAULT_PER_SECOND:g} points a second (the default)" in planned()[2]


def test_a_price_narrows_and_shortens() -> None:
    """Free time is spent on votes, dear time on little, with and without a deadline."""
    for remaining_s in (None, 2.0):
        free, dear = (planned(remaining_s, price_per_second=price) for price in (0.0, 10_000.0))
        assert free[0] > dear[0] == 1
        assert free[1] > dear[1]


def test_energy_is_weighed_where_it_was_measured() -> None:
    """A price of joules alone narrows too, and the reason says what is expected."""
    assert planned(price_per_joule=100.0)[0] < planned(price_per_joule=0.0)[0]
    assert "J expected" in planned()[2]
    unmetered = plan(HARD, DIFFICULTY, situation(None, curves=RISING), seed=0)
    assert "joules not measured" in unmetered.reason


def test_under_a_deadline_time_is_free_unless_priced() -> None:
    """The rule of the cheapest within the tolerance stays."""
    assert (None, Price(per_second=2.0)) == (
        price_of(Budget(deadline_s=1.0)), price_of(Budget(deadline_s=1.0, price_per_second=2.0))
    )  # fmt: skip


@given(most=st.floats(0.5, 100.0), spent=st.floats(0.0, 0.5), has_curves=st.booleans())
def test_a_joule_cap_cannot_be_exceeded(most: float, spent: float, has_curves: bool) -> None:
    """Even if no row finishes early, passes times their joules stay within what is left."""
    here = situation(
        None, curves=RISING if has_curves else None, budget=Budget(max_joules=most), costs=METERED, spent_joules=spent
    )
    made = plan(HARD, DIFFICULTY, here, seed=0)
    passes = [(g.count, g.think_tokens + here.around(HARD.answer_tokens)) for g in made.rows]
    assert sum(count * pass_joules(METERED, rows) for rows, count in passes) <= most - spent + 1e-9


def test_what_cannot_be_kept_is_refused() -> None:
    """Joules where none were measured, a price where nobody knows what a second buys."""
    for budget in (Budget(max_joules=1.0), Budget(price_per_joule=1.0)):
        check_enforceable(budget, METERED, has_curves=True)
        with pytest.raises(ConfigError, match="not measured"):
            check_enforceable(budget, costs(), has_curves=True)
    with pytest.raises(ConfigError, match="accuracy profile"):
        check_enforceable(Budget(price_per_second=1.0), METERED, has_curves=False)
    check_enforceable(Budget(deadline_s=1.0, max_tokens=10), costs(), has_curves=False)


def test_joules_spent_are_those_of_prompt_and_passes() -> None:
    """None where none were measured."""
    table = replace(METERED, prefill_base_j=1.0, prefill_token_j=0.1)
    assert joules_spent(table, 10, {1: 5, 2: 10}) == pytest.approx(2.0 + 0.05 + 0.13)
    assert 0.0 == joules_spent(costs(), 10, {1: 5})

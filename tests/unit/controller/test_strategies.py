"""Each strategy's rule against its published formula, and its plans within every limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.controller.strategies import (
    CONFIDENCE,
    ESC_WINDOW,
    TABLE,
    begin,
    go_on,
    has_finisher,
    majority_chance,
    next_samples,
    next_window,
    strategy_of,
    top_two,
)
from edgereason.errors import ConfigError
from edgereason.types import STRATEGIES, Budget, Finish, Plan, Rollout
from tests.unit.controller.test_plan import DIFFICULTY, HARD, MARKERS, costs, situation

ANSWERS = st.lists(st.sampled_from(["1", "2", "3", None]), max_size=40)
NAMES = sorted(TABLE)


def rollout(answer: str | None, seed: int = 1, finish: Finish = "eos", thought: int = 20) -> Rollout:
    """A row that came to this answer."""
    return Rollout(
        row=seed, seed=seed, tokens=(), logprobs=(), entropies=(), forced=(), finish=finish, reasoning="", text="",
        answer=answer, canonical=answer, confidence=1.0, reasoning_tokens=thought,
    )  # fmt: skip


def started(name: str, remaining_s: float | None = None, **more: Any) -> Plan:
    """The first plan of a strategy."""
    budget = more.pop("budget", Budget(deadline_s=remaining_s))
    return begin(TABLE[name], HARD, DIFFICULTY, situation(remaining_s, budget=budget, **more), seed=0)


# ---------------------------------------------------------------- adaptive-consistency


def beta_integral(leader: int, rival: int, steps: int = 20_000) -> float:
    """The paper's ratio of integrals, by the midpoint rule."""
    xs = [(step + 0.5) / steps for step in range(steps)]
    mass = [x**leader * (1 - x) ** rival for x in xs]
    return math.fsum(mass[steps // 2 :]) / math.fsum(mass)


@pytest.mark.parametrize(("leader", "rival"), [(0, 0), (1, 0), (3, 0), (4, 0), (5, 1), (6, 1), (9, 3), (20, 19)])
def test_the_chance_of_a_majority_is_the_papers_integral(leader: int, rival: int) -> None:
    """The binomial sum is the Beta posterior's mass above one half."""
    assert majority_chance(leader, rival) == pytest.approx(beta_integral(leader, rival), abs=1e-6)


def test_adaptive_consistency_stops_first_at_the_published_states() -> None:
    """At 0.95: four to none, six to one, eight to two, nine to three, eleven to four."""
    first = [next(v for v in range(40) if majority_chance(v, rival) >= CONFIDENCE) for rival in range(5)]
    assert [4, 6, 8, 9, 11] == first


def one_by_one(answers: Sequence[str | None], most: int) -> int:
    """How many samples the paper's loop draws: one, then the rule, until it stops."""
    for drawn in range(1, most + 1):
        if majority_chance(*top_two(answers[:drawn])) >= CONFIDENCE:
            return drawn
    return most


@given(stream=st.lists(st.sampled_from(["1", "2", "3", None]), min_size=40, max_size=40), most=st.integers(1, 40))
def test_samples_drawn_together_are_those_drawn_one_by_one(stream: list[str | None], most: int) -> None:
    """Waves change when a sample is drawn, never whether."""
    drawn = 0
    while more := next_samples(stream[:drawn], most):
        drawn += more
    assert one_by_one(stream, most) == drawn


def test_adaptive_consistency_starts_with_four() -> None:
    """No fewer can end it."""
    assert (4, 3) == (next_samples((), 40), next_samples((), 3))


# ---------------------------------------------------------------- early-stopping self-consistency


def window_entropy(window: Sequence[str | None]) -> float:
    """Entropy of a window's answers."""
    shares = [window.count(answer) / len(window) for answer in set(window)]
    return -math.fsum(share * math.log(share) for share in shares)


@given(stream=st.lists(st.sampled_from(["1", "2"]), min_size=40, max_size=40), most=st.integers(1, 40))
def test_esc_stops_at_the_first_window_without_entropy(stream: list[str], most: int) -> None:
    """Windows of five in the order of their draws, or all samples where none agrees."""
    drawn = 0
    while more := next_window(stream[:drawn], most):
        drawn += more
    starts = range(0, most, ESC_WINDOW)
    agreed = [s for s in starts if window_entropy(stream[s : min(most, s + ESC_WINDOW)]) == 0]
    assert (min(most, agreed[0] + ESC_WINDOW) if agreed else most) == drawn


def test_a_window_without_answers_does_not_agree() -> None:
    """Five rows that cannot be read are no agreement."""
    assert (5, 0) == (next_window([None] * 5, 40), next_window([None] * 5 + ["1"] * 5, 40))


@given(answers=ANSWERS, most=st.integers(1, 40), name=st.sampled_from(NAMES))
def test_no_strategy_asks_for_more_rows_than_there_may_be(answers: list[str | None], most: int, name: str) -> None:
    """And what it asks for is never negative."""
    had = answers[:most]
    assert 0 <= TABLE[name].next_rows(had, most) <= most - len(had)


# ---------------------------------------------------------------- first finish


def test_the_first_row_to_finish_by_itself_ends_the_search() -> None:
    """A forced close, or an end without an answer, does not."""
    cases = [rollout("1"), rollout(None), rollout("1", finish="forced"), rollout("1", finish="deadline")]
    assert [True, False, False, False] == [has_finisher([case], 8) for case in cases]


# ---------------------------------------------------------------- plans


def test_the_table_has_every_name() -> None:
    """And nothing else; "auto" is the controller's own choice."""
    assert set(STRATEGIES) == {*TABLE, "auto"}
    assert all(name == TABLE[name].name and TABLE[name] is strategy_of(name) for name in NAMES)
    assert strategy_of("auto") is None


def test_an_unknown_strategy_is_refused_with_all_there_are() -> None:
    """The nearest one first."""
    with pytest.raises(ConfigError) as raised:
        strategy_of("majorty")
    assert "'majority'" in str(raised.value.hint)
    assert all(name in str(raised.value.hint) for name in STRATEGIES)


def test_without_a_deadline_each_starts_as_its_paper_does() -> None:
    """Rows, extensions, temperature, and whether the answer is opened by force."""
    plans = {name: started(name) for name in NAMES}
    assert {
        "single": 1, "majority": 16, "budget-forcing": 1, "elastic": 1, "first-finish": 16, "esc": 5,
        "adaptive-consistency": 4,
    } == {name: made.num_rows for name, made in plans.items()}  # fmt: skip
    assert {"budget-forcing"} == {name for name, made in plans.items() if made.extensions}
    assert {"budget-forcing"} == {name for name, made in plans.items() if made.sampling.temperature == 0}
    assert {"elastic"} == {name for name, made in plans.items() if not made.opens_answer}
    assert all(name in made.reason and name == made.strategy for name, made in plans.items())


@given(
    name=st.sampled_from(NAMES),
    remaining=st.none() | st.floats(0.0, 3.0),
    most_tokens=st.none() | st.integers(1, 5000),
    most_rows=st.integers(1, 64),
    prompt=st.integers(0, 1000),
)
def test_no_plan_exceeds_tokens_rows_context_or_time(
    name: str, remaining: float | None, most_tokens: int | None, most_rows: int, prompt: int
) -> None:
    """Whatever the strategy wants: the caps come first, and no row starts that could not think at all."""
    budget = Budget(deadline_s=remaining, max_tokens=most_tokens)
    here = situation(remaining, budget=budget, most_rows=most_rows, prompt_tokens=prompt)
    made = begin(TABLE[name], HARD, DIFFICULTY, here, seed=0)
    each = [g.think_tokens + here.around(HARD.answer_tokens) + made.extensions * len(MARKERS.extension)
            for g in made.rows]  # fmt: skip
    assert made.num_rows <= min(most_rows, HARD.max_rows)
    assert all(prompt + tokens <= here.context for tokens in each)
    if most_tokens is not None:
        assert sum(g.count * tokens for g, tokens in zip(made.rows, each, strict=True)) <= most_tokens
    if remaining is not None and made.rows:
        assert here.affordable(made.num_rows) > 0


def test_a_further_wave_needs_time_for_a_thought_as_long_as_the_longest() -> None:
    """With it the window comes; without, what there is votes."""
    rows = [rollout(answer, seed) for seed, answer in enumerate("12121", start=1)]
    more, none = (go_on(TABLE["esc"], started("esc"), HARD, situation(left), rows) for left in (5.0, 0.04))
    assert more is not None
    assert (10, None) == (more.num_rows, none)


def test_answers_are_judged_in_the_order_of_their_draws() -> None:
    """A row that finished late belongs to the window that it was drawn in."""
    made = started("esc")
    finished = [rollout("1", seed) for seed in (1, 3, 5)] + [rollout("2", 4), rollout("1", 2)]
    wider = go_on(TABLE["esc"], made, HARD, situation(None), finished)
    assert wider is not None
    agreeing = [rollout("1", seed) for seed in (9, 6, 10, 8, 7)]
    assert go_on(TABLE["esc"], wider, HARD, situation(None), [*agreeing, *finished]) is None


def test_a_further_wave_keeps_the_token_cap() -> None:
    """Thoughts are shortened to what is left; where that is less than the longest so far, none follow."""
    rows = [rollout(answer, seed, thought=20) for seed, answer in enumerate("12121", start=1)]
    left = {most: go_on(TABLE["esc"], started("esc"), HARD,
                        situation(None, budget=Budget(max_tokens=most), spent_tokens=100), rows)
            for most in (500, 250)}  # fmt: skip
    around = situation(None).around(HARD.answer_tokens)
    assert left[500] is not None
    assert 5 * (left[500].rows[-1].think_tokens + around) <= 400
    assert left[250] is None


def test_strategies_that_ask_once_ask_once() -> None:
    """However their rows came out."""
    for name in ("single", "majority", "budget-forcing", "elastic", "first-finish"):
        made = started(name)
        assert go_on(TABLE[name], made, HARD, situation(None), [rollout(None)] * made.num_rows) is None


def test_a_slow_device_starts_fewer_rows() -> None:
    """Where all rows together would leave no time for a token, as many as leave one start."""
    wide = started("majority", 0.2, costs=costs(slope=1.0))
    assert 1 <= wide.num_rows < 16
    assert "16 wanted" in wide.reason

"""Laws of plans by expected accuracy: no option outlasts its time, less never promises more, width follows cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgereason.controller.expected import (
    Option,
    accuracy_at,
    best,
    expected_seconds,
    open_share,
    options,
    own_curves,
    runner_up,
    shapes,
)
from edgereason.controller.plan import expected_options, next_round, plan, revise
from edgereason.profiling.accuracy import Curves, Share, hazard
from edgereason.types import GREEDY, Budget, Difficulty, Plan, RowGroup
from tests.unit.controller.test_plan import DIFFICULTY, HARD, costs, situation

POINTS = (8, 16, 32, 64, 128, 256)


def share(mean: float) -> Share:
    """A share whose interval does not matter."""
    return Share(mean=mean, low=mean, high=mean)


def curves(right: tuple[float, ...], gain: float, finished: tuple[float, ...]) -> Curves:
    """Curves whose vote of K is right `gain` more often for each doubling of K."""
    rows = (1, 2, 3, 4, 5, 6, 7, 8)
    votes = tuple(tuple(share(min(1.0, mean + gain * np.log2(k))) for mean in right) for k in rows)
    return Curves(
        n=100, samples=16, think_tokens=POINTS, right=tuple(map(share, right)), finished=finished,
        hazard=hazard([np.inf], POINTS), rows=rows, votes=votes, weighted=votes, direct=share(0.1), wait_gain=None,
        think_mean=60.0,
    )  # fmt: skip


RISING = curves((0.1, 0.2, 0.3, 0.5, 0.6, 0.6), 0.05, (0.0, 0.0, 0.1, 0.5, 0.9, 1.0))


def one_second(rows: int) -> float:
    """A pass takes a second however wide it is."""
    return 1.0


def to_the_end(rows: int, rounds: int) -> int:
    """Nothing but time limits a thought."""
    return 256


def test_one_row_takes_as_long_as_its_thought_is_open() -> None:
    """The expected seconds of a row at a second a pass are the expected tokens of its thought."""
    seconds = expected_seconds(RISING, 256, 1.0)
    assert seconds[-1] == pytest.approx(open_share(RISING, np.arange(256.0)).sum())


def test_what_is_open_is_priced_with_all_rows() -> None:
    """Rows of one question end together: the time left, not the expected time, says how far they can think."""
    (longest,) = [o for o in options(RISING, [(4, 1)], to_the_end, lambda rows: 0.5 * rows, lambda rows: 100.0)][-1:]
    assert (50, True) == (longest.think_tokens, longest.seconds < 100.0)


def test_without_thought_a_vote_is_the_direct_answer() -> None:
    """And between recorded points it goes in a line."""
    assert np.allclose([0.1, 0.1, 0.15, 0.6], accuracy_at(RISING, 1, [0, 8, 12, 1000]))


@given(left=st.floats(0.01, 400), rows=st.integers(1, 8), rounds=st.integers(1, 4))
def test_no_option_outlasts_its_time(left: float, rows: int, rounds: int) -> None:
    """Whatever is left, all rounds together."""
    for option in options(RISING, [(rows, rounds)], to_the_end, one_second, lambda rows: left, lambda rows: 3.0):
        assert option.seconds <= left
        assert option.rounds * option.think_tokens + 3 * (option.rounds - 1) <= left


def test_votes_come_at_once_or_in_equal_rounds() -> None:
    """As many at once as the engine has rows, and no more rounds than a few."""
    assert [(1, 1), (2, 2), (1, 4)] == shapes([1, 4], most_rows=2)
    assert [(6, 1), (3, 2), (2, 3)] == shapes([6], most_rows=64)


def test_rounds_are_taken_where_rows_do_not_fit_beside_each_other() -> None:
    """Too dear together, too many for the engine, for a context that they share or for the memory; else all at once."""
    at_once = {"curves": RISING, "costs": costs(0.02)}
    dear = costs(0.1)
    timed = zip(dear.rows, dear.pass_s, strict=True)
    dear = replace(dear, pass_s=tuple(pass_s * (8 if rows > 4 else 1) for rows, pass_s in timed))
    row_bytes = 40 + 128 + 60
    for more, most in (
        ({"most_rows": 4}, 4), ({"shared_context": 2 * 40 + 4 * (128 + 60)}, 4), ({"costs": dear}, 4),
        ({"free_bytes": 1000 * 4 * row_bytes, "row_token_bytes": 1000}, 4), ({}, 8),
    ):  # fmt: skip
        made = plan(HARD, DIFFICULTY, situation(30.0, **{**at_once, **more}), seed=0)
        assert (most, 8) == (made.rows[0].count, made.num_votes), more
        assert ("2 rounds of 4 rows" in made.reason) == (most == 4)
        assert made.bound_s is not None
        assert made.bound_s <= 30.0


@given(st.integers(1, 64), st.integers(0, 10**9), st.integers(1, 10**6))
def test_rows_of_a_plan_fit_the_memory(width: int, free: int, each: int) -> None:
    """Prompt, thought and what surrounds it, of all rows."""
    here = situation(None, free_bytes=free, row_token_bytes=each, context=10**9)
    think = here.most_think(width, 16)
    assert width * each * (40 + think + here.around(16)) <= free


def test_caps_are_those_of_all_rounds() -> None:
    """Tokens are not free again after a round; context and memory are."""
    capped = situation(None, budget=Budget(max_tokens=4000))
    assert capped.most_think(4, 16, 2) == capped.most_think(8, 16, 1)
    assert situation(None).most_think(4, 16, 2) == situation(None).most_think(4, 16, 1)


def test_a_round_follows_until_the_last_one_or_the_end_of_time() -> None:
    """With as many rows, which may think as long."""
    made = plan(HARD, DIFFICULTY, situation(30.0, curves=RISING, costs=costs(0.02), most_rows=4), seed=0)
    second = next_round(made, situation(15.0))
    assert second is not None
    assert (made.rows * 2, 8, 8) == (second.rows, second.num_rows, second.num_votes)
    assert next_round(second, situation(15.0)) is None
    assert next_round(made, situation(1e-6)) is None


@given(left=st.floats(0.01, 400), less=st.floats(0.1, 1.0))
def test_less_time_never_promises_more(left: float, less: float) -> None:
    """The best expected accuracy does not rise when the time shrinks."""
    tried = shapes(range(1, 9), 8)
    more = options(RISING, tried, to_the_end, one_second, lambda rows: left)
    fewer = options(RISING, tried, to_the_end, one_second, lambda rows: less * left)
    assert max((o.accuracy for o in fewer), default=0.0) <= max((o.accuracy for o in more), default=0.0) + 1e-12


def test_the_cheapest_of_those_that_are_nearly_as_good_is_taken() -> None:
    """Within the tolerance and no further."""
    found = [
        Option(rows=1, think_tokens=64, accuracy=0.6995, seconds=1.0),
        Option(rows=4, think_tokens=64, accuracy=0.7, seconds=3.0),
        Option(rows=1, think_tokens=8, accuracy=0.5, seconds=0.1),
    ]
    assert found[0] == best(found)
    assert found[1] == best(found, tolerance=0.0001) == runner_up(found, found[0])


def test_width_follows_cost() -> None:
    """Where further rows are nearly free they are taken; where each costs as much as the first, thought comes first."""
    wide, narrow = (
        plan(HARD, DIFFICULTY, situation(0.15, costs=costs(slope), curves=RISING), seed=0) for slope in (0.02, 1.0)
    )
    assert wide.num_rows > narrow.num_rows
    assert "right" in wide.reason
    assert wide.runner_up


def test_curves_that_do_not_rise_buy_nothing() -> None:
    """Where votes and longer thoughts are worth nothing, the shortest single thought is taken."""
    flat = curves((0.5,) * 6, 0.0, (0.0, 0.0, 0.1, 0.5, 0.9, 1.0))
    chosen = plan(HARD, DIFFICULTY, situation(1.0, curves=flat), seed=0)
    assert [(1, 8)] == [(group.count, group.think_tokens) for group in chosen.rows]


def test_more_rows_follow_only_where_they_are_expected_to_pay() -> None:
    """With time left over, a vote that gains nothing from further rows gets none."""
    flat = curves((0.5,) * 6, 0.0, (0.0, 0.0, 0.1, 0.5, 0.9, 1.0))
    made = Plan(profile="hard", rows=(RowGroup(count=1, think_tokens=64),), answer_tokens=16, sampling=GREEDY)
    widened = [revise(made, HARD, situation(2.0, curves=each), 30) for each in (RISING, flat, None)]
    assert [True, False, True] == [plan is not None for plan in widened]


@given(most=st.integers(20, 3000), spent=st.integers(0, 100), rows=st.integers(1, 16))
def test_a_plan_by_accuracy_keeps_the_token_cap_and_the_rows(most: int, spent: int, rows: int) -> None:
    """Rows times all that one may generate stays within what is left, and no more rows start than the engine holds."""
    made = plan(HARD, DIFFICULTY, situation(
        2.0, curves=RISING, budget=Budget(deadline_s=2.0, max_tokens=most), spent_tokens=spent, most_rows=rows
    ), seed=0)  # fmt: skip
    around = situation(None).around(HARD.answer_tokens)
    assert sum(group.count * (group.think_tokens + around) for group in made.rows) <= max(0, most - spent)
    assert made.num_rows <= rows


def test_a_token_cap_shortens_thoughts_rather_than_forbid_votes() -> None:
    """Where votes pay and thoughts are short, a cap that one whole thought would take is spent on several."""
    early = curves((0.5,) * 6, 0.05, (0.5, 0.9, 1.0, 1.0, 1.0, 1.0))
    made = plan(HARD, DIFFICULTY, situation(5.0, curves=early, budget=Budget(deadline_s=5.0, max_tokens=330)), seed=0)
    assert made.num_rows > 1


def predicted(right: tuple[float, ...], finished: tuple[float, ...]) -> Difficulty:
    """A difficulty that says this of a question, at the recorded points."""
    return replace(DIFFICULTY, think_tokens=(0, *POINTS), right=right, finished=(0.0, *finished))


def test_without_a_predicted_curve_the_mean_one_serves() -> None:
    """The prior predicts none."""
    assert own_curves(RISING, DIFFICULTY) is RISING
    assert own_curves(RISING, None) is RISING


def test_a_question_like_the_mean_has_the_mean_curves() -> None:
    """Votes and ends too; so a probe that knows nothing changes no plan."""
    own = own_curves(RISING, predicted((0.1, *(s.mean for s in RISING.right)), RISING.finished))
    for rows in RISING.rows:
        assert np.allclose(accuracy_at(RISING, rows, [0, *POINTS]), accuracy_at(own, rows, [0, *POINTS]))
    assert RISING.finished == own.finished


@given(right=st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7))
def test_one_row_has_the_predicted_chance_and_a_vote_gains_by_odds(right: list[float]) -> None:
    """Chances stay chances, a vote of one is the prediction, and no vote is worth less where none is on average."""
    own = own_curves(RISING, predicted(tuple(right), RISING.finished))
    table = np.array([[share.mean for share in row] for row in own.votes])
    assert np.allclose(np.clip(right[1:], 0.001, 0.999), table[0], atol=1e-6)
    assert ((table >= 0) & (table <= 1)).all()
    assert (np.diff(table, axis=0) >= -1e-9).all()


def test_the_plan_follows_the_question() -> None:
    """A question that long thought is predicted to solve gets it; one that nothing will solve, next to none."""
    ends = (0.0, 0.0, 0.0, 0.0, 0.1, 1.0)
    slow = predicted((0.01, 0.01, 0.02, 0.05, 0.1, 0.6, 0.95), ends)
    lost = predicted((0.01,) * 7, ends)
    thoughts = [
        plan(HARD, each, situation(0.5, curves=own_curves(RISING, each)), seed=0).rows[0].think_tokens
        for each in (slow, lost)
    ]
    assert [256, 8] == thoughts


@given(left=st.floats(0.01, 3.0), less=st.floats(0.1, 1.0), slope=st.floats(0.0, 1.0))
def test_a_shorter_deadline_never_predicts_more(left: float, less: float, slope: float) -> None:
    """Of what a plan can choose from, on any device, its reserve for closing included."""

    def promised(remaining_s: float) -> float:
        given = situation(remaining_s, costs=costs(slope), curves=RISING)
        return max((option.accuracy for option in expected_options(HARD, given)), default=0.0)

    assert promised(less * left) <= promised(left) + 1e-12


@given(left=st.floats(0.01, 3.0), slope=st.floats(0.0, 1.0), most=st.none() | st.integers(1, 3000))
@example(left=0.625, slope=1.0, most=None)  # two rounds
def test_a_plan_by_accuracy_keeps_its_budget(left: float, slope: float, most: int | None) -> None:
    """Tokens in the worst case; time in the worst case too: in each round all rows think to their limit, then close."""
    given = situation(left, costs=costs(slope), curves=RISING, budget=Budget(max_tokens=most))
    made = plan(HARD, DIFFICULTY, given, seed=0)
    for group in made.rows if expected_options(HARD, given) else ():
        thinking_s = made.rounds * group.think_tokens * given.pass_s(group.count)
        opening_s = given.drift * given.forced_s(group.count, len(given.markers.open_thought))
        waiting_s = (made.rounds - 1) * given.between_s(group.count)
        assert made.bound_s == pytest.approx(opening_s + thinking_s + waiting_s + made.closing_reserve_s)
        assert made.bound_s <= left + 1e-9
        each = group.think_tokens + given.around(HARD.answer_tokens)
        assert most is None or made.rounds * group.count * each <= most


def test_a_plan_says_whether_time_cut_it() -> None:
    """With little time it does, with much the profile or the curves decide; without a deadline nothing is cut."""
    by_accuracy = [plan(HARD, DIFFICULTY, situation(s, curves=RISING), seed=0) for s in (0.05, 30.0, None)]
    by_rule = [plan(HARD, DIFFICULTY, situation(s), seed=0) for s in (0.001, 0.05, 30.0, None)]
    assert [True, False, False] == [made.is_cut_by_time for made in by_accuracy]
    assert [True, True, False, False] == [made.is_cut_by_time for made in by_rule]


def test_one_row_is_greedy_and_a_vote_is_drawn() -> None:
    """A single row has nothing to vary for; rows that follow it are drawn, or they would all be the first again. With a
    profile that was named, its sampling holds.
    """
    flat, paying = (
        curves((0.5,) * 6, 0.0, (0.5, 0.9, 1.0, 1.0, 1.0, 1.0)),
        curves((0.5,) * 6, 0.05, (0.5,) * 5 + (1.0,)),
    )
    alone = plan(HARD, DIFFICULTY, situation(5.0, curves=flat, is_automatic=True), seed=7)
    named = plan(HARD, DIFFICULTY, situation(5.0, curves=flat), seed=7)
    together = plan(HARD, DIFFICULTY, situation(5.0, curves=paying, is_automatic=True), seed=7)
    wider = revise(alone, HARD, situation(5.0), longest_thought=5)

    assert (1, 0.0, 7) == (alone.num_rows, alone.sampling.temperature, alone.sampling.seed)
    assert "greedy" in alone.reason
    assert (1, HARD.temperature, False) == (named.num_rows, named.sampling.temperature, "greedy" in named.reason)
    assert (True, HARD.temperature) == (together.num_rows > 1, together.sampling.temperature)
    assert wider is not None
    assert (HARD.temperature, 7) == (wider.sampling.temperature, wider.sampling.seed)

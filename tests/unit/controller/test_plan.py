"""Laws of the plan: budgets are kept, thoughts come before width, the reason says what decided."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgereason.controller.costs import closing_passes, pass_seconds
from edgereason.controller.plan import WIDTHS, Situation, plan, revise
from edgereason.types import Budget, BudgetProfile, Difficulty, Markers, PassCosts, Plan

MARKERS = Markers(open_thought=(1, 2), thought_close=(3,), close_thought=(4, 3, 5), answer_opener=(6, 7))
HARD = BudgetProfile(name="hard", think_tokens=300, answer_tokens=16, max_rows=16)
DIFFICULTY = Difficulty(label="hard", probabilities={"easy": 0.0, "normal": 0.0, "hard": 1.0}, source="test")


def costs(slope: float = 0.3, pass_s: float = 1e-3) -> PassCosts:
    """A device on which each further row costs `slope` of the first."""
    rows = (1, 2, 4, 8, 16)
    return PassCosts(
        rows=rows,
        pass_s=tuple(pass_s * (1 + slope * (width - 1)) for width in rows),
        prefill_token_s=1e-4,
        prefill_base_s=1e-3,
        context=64,
    )


def situation(remaining_s: float | None, **more: Any) -> Situation:
    """What is left, with what is given replaced."""
    values: dict[str, Any] = {
        "budget": Budget(),
        "remaining_s": remaining_s,
        "costs": costs(),
        "markers": MARKERS,
        "prompt_tokens": 40,
        "context": 1024,
        "most_rows": 64,
        "spent_tokens": 0,
        "answer_tokens": 16,
    }
    return Situation(**{**values, **more})


def planned(remaining_s: float | None, profile: BudgetProfile = HARD, **more: Any) -> Plan:
    """A plan for the hard profile unless told otherwise."""
    return plan(profile, DIFFICULTY, situation(remaining_s, **more), seed=0)


def test_without_a_deadline_the_profile_alone_decides() -> None:
    """All rows and all think tokens of the profile."""
    assert [(16, 300)] == [(group.count, group.think_tokens) for group in planned(None).rows]


def test_rows_that_share_a_context_must_all_fit_it() -> None:
    """As many as find room beside two prompts, one that may still be held; a single row is cut to what is left."""
    prompt, around = situation(None).prompt_tokens, situation(None).around(HARD.answer_tokens)
    room = [2 * prompt + width * (300 + around) for width in (16, 8)]
    plans = [planned(None, shared_context=size) for size in (room[0], room[0] - 1, room[1], 2 * prompt + around + 70)]

    assert [(16, 300), (12, 300), (8, 300), (1, 70)] == [(p.num_rows, p.rows[0].think_tokens) for p in plans]


def test_a_short_deadline_leaves_one_row() -> None:
    """Where not even one thought can finish, one row thinks for as long as there is."""
    assert (1, 300) == (planned(0.2).num_rows, planned(0.2).rows[0].think_tokens)


def test_no_time_for_a_thought_is_no_rows() -> None:
    """Where the closing alone would not fit, nothing is started beside the direct answer."""
    assert () == planned(0.01).rows
    assert planned(0.01).predicted_s == 0.0


def test_a_flat_device_goes_wide_and_a_steep_one_stays_narrow() -> None:
    """At the same deadline the measured cost of width decides between parallel and sequential."""
    flat, steep = planned(0.8, costs=costs(slope=0.02)), planned(0.8, costs=costs(slope=0.9))

    assert (16, 1) == (flat.num_rows, steep.num_rows)
    assert f"3 rows would have had about {situation(0.8, costs=costs(slope=0.9)).affordable(3)} " in steep.runner_up
    assert situation(0.8, costs=costs(slope=0.9)).affordable(3) > 0


def test_the_reason_names_difficulty_profile_and_time() -> None:
    """The reason in words holds what decided."""
    reason = planned(0.5).reason

    assert all(part in reason for part in ("hard", "16 rows", "500 ms", "1.00 ms a pass"))


@given(
    remaining=st.floats(0.0, 10.0),
    slope=st.floats(0.0, 1.0),
    pass_s=st.floats(1e-4, 0.1),
    think=st.integers(0, 2000),
    rows=st.integers(1, 64),
)
def test_every_row_beyond_the_first_can_think_to_the_end(
    remaining: float, slope: float, pass_s: float, think: int, rows: int
) -> None:
    """Width is never bought with thoughts that cannot finish before the deadline, closing included."""
    profile = BudgetProfile(name="x", think_tokens=think, answer_tokens=16, max_rows=rows)
    table = costs(slope, pass_s)
    made = planned(remaining, profile=profile, costs=table, context=4096)

    assert made.num_rows <= rows
    if made.num_rows > 1:
        passes = made.rows[0].think_tokens + len(MARKERS.open_thought) + closing_passes(MARKERS, 16)
        assert passes * pass_seconds(table, made.num_rows) <= remaining + 1e-9


@given(most=st.integers(1, 5000), spent=st.integers(0, 100))
def test_a_token_budget_cannot_be_exceeded(most: int, spent: int) -> None:
    """Rows times everything that one of them may generate stays within what is left."""
    made = planned(None, budget=Budget(max_tokens=most), spent_tokens=spent)
    around = len(MARKERS.open_thought) + closing_passes(MARKERS, HARD.answer_tokens)

    assert sum(group.count * (group.think_tokens + around) for group in made.rows) <= max(0, most - spent)


@given(prompt=st.integers(0, 1000))
def test_a_thought_leaves_room_in_the_context(prompt: int) -> None:
    """Prompt, thought, closing and answer together fit."""
    made = planned(None, prompt_tokens=prompt)
    around = len(MARKERS.open_thought) + closing_passes(MARKERS, HARD.answer_tokens)

    assert all(prompt + group.think_tokens + around <= 1024 for group in made.rows)


@given(short=st.floats(0.001, 5.0), longer=st.floats(1.0, 4.0))
def test_more_time_never_narrows_the_plan(short: float, longer: float) -> None:
    """Rows are monotone in the time that remains."""
    assert planned(short).num_rows <= planned(short * longer).num_rows


def test_no_width_is_a_vote_of_two() -> None:
    """Two rows decide nothing that one does not."""
    assert 2 not in WIDTHS


def test_a_row_that_finished_early_makes_room_for_more() -> None:
    """What one thought really took decides how many more fit in the time left."""
    first = planned(0.5)
    wider = revise(first, HARD, situation(0.45), longest_thought=20)

    assert (1, 1) == (first.num_rows, first.rows[0].count)
    assert wider is not None
    assert 16 == wider.num_rows
    assert "20 tokens" in wider.reason


@given(remaining=st.floats(0.0, 2.0), longest=st.integers(1, 300), slope=st.floats(0.0, 1.0))
def test_widening_stays_within_the_time_left_and_the_profile(remaining: float, longest: int, slope: float) -> None:
    """Further rows could think half as long again as the longest so far, and close, before the deadline."""
    table = costs(slope)
    first = planned(0.5, costs=table)
    wider = revise(first, HARD, situation(remaining, costs=table), longest)

    if wider is not None:
        added = wider.num_rows - first.num_rows
        assert 2 <= added
        assert wider.num_rows <= HARD.max_rows
        assert 1.5 * longest * pass_seconds(table, added) <= remaining or longest * 1.5 > 300


def test_a_machine_that_has_become_slow_is_planned_for_as_slow() -> None:
    """Passes that take three times as long as measured leave a third of the think tokens."""
    usual, slow = situation(0.5), situation(0.5, drift=3.0)

    assert slow.affordable(4) < usual.affordable(4) / 2
    assert planned(1.5).num_rows > planned(1.5, drift=3.0).num_rows


def test_without_a_deadline_or_rows_there_is_nothing_to_revise() -> None:
    """Without a deadline the first plan was as wide as it may be."""
    assert revise(planned(None), HARD, situation(None), 20) is None
    assert revise(planned(0.001), HARD, situation(1.0), 20) is None


def test_the_prediction_is_passes_times_their_cost() -> None:
    """Thought, opening, closing and answer, at the width planned; without a deadline the whole thought."""
    made = planned(None)
    passes = 300 + len(MARKERS.open_thought) + closing_passes(MARKERS, 16)

    assert abs(made.predicted_s - passes * pass_seconds(costs(), 16)) < 1e-9


def test_a_cut_thought_is_predicted_as_long_as_there_is_time() -> None:
    """One row under a short deadline is predicted to end about when the time does, and the reason says so."""
    made = planned(0.2)

    assert 0.15 < made.predicted_s <= 0.2
    assert "allow 1 of about 1" in made.reason
    assert "1.00 ms a pass" in made.reason


def test_a_runner_up_that_has_no_time_has_no_tokens() -> None:
    """Never a negative number of think tokens."""
    assert "about 0 think tokens" in planned(0.03).runner_up


def test_further_rows_keep_the_profiles_limit_unless_tokens_are_short() -> None:
    """A longer thought than expected is not cut where only time is limited; where tokens are, it is."""
    first = planned(0.5)
    by_time = revise(first, HARD, situation(0.45), longest_thought=20)
    scarce = situation(0.45, budget=Budget(max_tokens=600), spent_tokens=100)
    by_tokens = revise(first, HARD, scarce, longest_thought=20)

    assert by_time is not None
    assert by_tokens is not None
    assert (300, 31) == (by_time.rows[-1].think_tokens, by_tokens.rows[-1].think_tokens)
    assert "600 tokens" in planned(0.5, budget=Budget(max_tokens=600)).reason

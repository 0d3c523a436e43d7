"""Strategies and rounds as they run, on scripted models: what starts, what stops it, that there is an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgereason.controller.strategies import MOST_WAITS
from edgereason.errors import ConfigError
from edgereason.profiling.accuracy import AccuracyProfile
from edgereason.runtime import Reasoner
from edgereason.testing import FakeClock
from edgereason.types import STRATEGIES, PassCosts, Result, Rollout
from tests.unit.controller.test_expected import RISING

Make = Callable[..., Reasoner]
DIRECT = {"<think>\n\n</think>\n\n\\boxed{": "3}<|im_end|>"}
AGREED = {"<think>\n": "1 + 1 = 2\n</think>\n\n\\boxed{2}<|im_end|>", **DIRECT}
SPLIT = {
    "<think>\n": {f"a{n}\n</think>\n\n\\boxed{{{n}}}<|im_end|>": 0.25 for n in range(4, 8)},
    **DIRECT,
}
ENDLESS = {"<think>\n": "on and on " * 300, "\\boxed{": "3}<|im_end|>"}
NAMED = [name for name in STRATEGIES if name != "auto"]


def asked(made: Reasoner, strategy: str, **options: Any) -> Result:
    """A question to be spent much on."""
    return made.ask("?", strategy=strategy, **{"profile": "hard", **options})


def thoughts(result: Result) -> list[Rollout]:
    """The rows that thought."""
    return [rollout for rollout in result.rollouts if not rollout.is_direct]


@pytest.mark.parametrize("strategy", NAMED)
def test_every_strategy_answers_without_a_deadline(reasoner: Make, strategy: str) -> None:
    """And the result says which one ran, and what it is."""
    result = asked(reasoner({**AGREED, "Wait": ", so it is\n</think>\n\n\\boxed{2}<|im_end|>"}), strategy)

    assert ("2", "complete", strategy) == (result.answer, result.finish, result.plan.strategy)
    assert strategy in result.plan.reason


@pytest.mark.parametrize("deadline", [0.06, 0.3])
@pytest.mark.parametrize("strategy", NAMED)
def test_every_strategy_answers_before_its_deadline(reasoner: Make, strategy: str, deadline: float) -> None:
    """Thoughts that never end are closed in time, in simulated time, and what closed votes."""
    made = reasoner(ENDLESS, pass_s=1e-3, slope=0.05, clock=FakeClock())
    result = asked(made, strategy, deadline=deadline)

    assert ("3", True) == (result.answer, result.deadline_met)
    assert "deadline" == result.finish or not thoughts(result)
    assert all(rollout.answer == "3" for rollout in thoughts(result))


def test_rows_by_strategy_where_all_agree(reasoner: Make) -> None:
    """One thought, a decided vote of 16, the first to finish, a window, and the fewest that can convince."""
    made = reasoner(AGREED)
    answered = {name: sum(row.answer is not None for row in thoughts(asked(made, name))) for name in NAMED}

    assert (1, 5, 4) == (answered["single"], answered["esc"], answered["adaptive-consistency"])
    assert 16 == len(thoughts(asked(made, "majority")))


def test_rows_by_strategy_where_nothing_agrees(reasoner: Make) -> None:
    """Windows and samples go on to the profile's rows, and all of them vote."""
    made = reasoner(SPLIT)
    for strategy in ("esc", "adaptive-consistency"):
        result = asked(made, strategy)
        rows = thoughts(result)
        most = max({row.answer for row in rows}, key=lambda answer: sum(row.answer == answer for row in rows))
        assert 16 == result.plan.num_rows == len(rows)
        assert sum(row.answer == result.answer for row in rows) == sum(row.answer == most for row in rows)


def test_strategies_draw_the_same_samples(reasoner: Make) -> None:
    """Row k of one is row k of another, so that they differ in what they spend alone."""
    made = reasoner(SPLIT)
    drawn = {name: {row.seed: row.answer for row in thoughts(asked(made, name))} for name in ("esc", "single")}

    assert drawn["single"].items() <= drawn["esc"].items()


def test_the_first_row_to_finish_wins(reasoner: Make) -> None:
    """The short thought's answer is returned, and longer ones are dropped where they stand."""
    script = {
        "<think>\n": {
            "a\n</think>\n\n\\boxed{8}<|im_end|>": 0.2,
            "b " * 60 + "\n</think>\n\n\\boxed{9}<|im_end|>": 0.8,
        },
        **DIRECT,
    }
    made = reasoner(script)
    first, vote = asked(made, "first-finish"), asked(made, "majority")

    assert ("8", "9") == (first.answer, vote.answer)
    assert {"eos", "decided"} == {row.finish for row in thoughts(first)}


def test_budget_forcing_sends_a_thought_on_until_its_waits_are_spent(reasoner: Make) -> None:
    """Greedy, "Wait" in place of every close, and an answer in the end."""
    script = {"<think>\n": "one\n</think>", "Wait": " more\n</think>\n\n\\boxed{5}<|im_end|>", **DIRECT}
    result = asked(reasoner(script), "budget-forcing")
    (row,) = thoughts(result)

    assert ("5", MOST_WAITS) == (result.answer, row.reasoning.count("Wait"))


def test_budget_forcing_closes_a_thought_at_its_limit(reasoner: Make) -> None:
    """The profile's think tokens, however often it was sent on."""
    result = asked(reasoner(ENDLESS), "budget-forcing", profile="normal")
    (row,) = thoughts(result)

    assert ("3", "forced") == (result.answer, row.finish)
    assert 384 == sum(not forced for forced in row.forced[: row.reasoning_tokens])


def test_elastic_leaves_the_answer_its_own_budget(reasoner: Make) -> None:
    """After the cut the model writes the answer itself, up to the answer's budget; others have it opened by force."""
    script = {"<think>\n": "on and on " * 300, "\n</think>\n\n": "So it is \\boxed{6}<|im_end|>", **DIRECT}
    script["\n\n\\boxed{"] = "7}<|im_end|>"
    made = reasoner(script)
    elastic, single = asked(made, "elastic"), asked(made, "single")

    assert ("6", "So it is") == (elastic.answer, elastic.text.partition(" \\")[0])
    assert "7" == single.answer


def test_a_token_cap_holds_for_every_strategy(reasoner: Make) -> None:
    """Whatever they would have liked to spend."""
    made = reasoner(SPLIT)
    for strategy in NAMED:
        for most in (40, 100, 400):
            assert asked(made, strategy, max_tokens=most).usage.completion_tokens <= most


def test_what_cannot_be_done_is_refused_when_asked(reasoner: Make) -> None:
    """An unknown strategy, a price beside a strategy, a price or joules that nothing here knows, no number."""
    made = reasoner(AGREED)
    refused: list[tuple[str, dict[str, Any]]] = [
        ("nope", {"strategy": "nope"}),
        ("fixes the plan", {"strategy": "esc", "price_per_second": 1.0}),
        ("accuracy profile", {"price_per_second": 1.0}),
        ("not measured", {"max_joules": 1.0}),
        ("not measured", {"price_per_joule": 1.0}),
        ("price_per_second", {"price_per_second": float("nan")}),
        ("max_joules", {"max_joules": 0.0}),
    ]
    for words, options in refused:
        with pytest.raises(ConfigError, match=words):
            made.ask("?", **options)
    assert "2" == made.ask("?").answer, "and it goes on"


TOLD = AccuracyProfile(provenance={}, all=RISING, bands={})


def test_rounds_follow_each_other_until_the_vote_is_decided(reasoner: Make) -> None:
    """An engine of two rows comes to five equal votes of eight in three rounds; the fourth could not change them."""
    result = reasoner(AGREED, max_rows=2, known={"accuracy": TOLD}).ask("1 + 1 = ?", profile="hard")

    assert (4, 8) == (result.plan.rounds, result.plan.rounds * result.plan.rows[0].count)
    assert {2} == {group.count for group in result.plan.rows}
    assert 5 <= len(thoughts(result)) <= 6
    assert len({rollout.seed for rollout in thoughts(result)}) == len(thoughts(result))
    assert "2" == result.answer


def test_rounds_end_in_time(reasoner: Make) -> None:
    """Whatever was planned: thoughts that never end are closed at the deadline, in the round that is under way."""
    made = reasoner(ENDLESS, max_rows=2, known={"accuracy": TOLD}, clock=FakeClock(), pass_s=0.01)
    result = made.ask("?", profile="hard", deadline=6.0)

    assert ("3", True) == (result.answer, result.deadline_met)
    assert result.plan.rounds > 1
    assert len(result.plan.rows) <= result.plan.rounds


def test_plans_price_rows_at_the_tokens_that_this_question_takes(reasoner: Make) -> None:
    """Sixteen rows are dear where all hold thousands of tokens, and cheap after the few that thoughts take here."""
    typical = PassCosts(
        rows=(1, 16), pass_s=(0.01, 2.0), prefill_token_s=0.0, prefill_base_s=0.01, context=4096,
    )  # fmt: skip
    grid = replace(typical, contexts=(64, 4096), pass_at_s=((0.01, 0.01), (0.01, 2.0)))
    rows = [
        reasoner(AGREED, known={"accuracy": TOLD, "costs": costs}, clock=FakeClock(), pass_s=0.01)
        .ask("1 + 1 = ?", profile="hard", deadline=6.0)
        .plan.rows[0]
        .count
        for costs in (typical, grid)
    ]

    assert 1 <= rows[0] < rows[1] == 8

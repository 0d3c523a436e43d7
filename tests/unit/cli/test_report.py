"""The JSON object and the lines for people, from a Result."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edgereason.cli import exits
from edgereason.cli.report import details, result_json, summary
from edgereason.errors import CancelledError, DeadlineError, DeadlineExceededError, EdgeReasonError, EngineMissingError
from edgereason.types import GREEDY, Difficulty, ModelInfo, Plan, Result, Rollout, RowGroup, Usage

ROLLOUT = Rollout(
    row=0, seed=0, tokens=(1, 2, 3), logprobs=(0.0,) * 3, entropies=(0.0,) * 3, forced=(False,) * 3, finish="eos",
    reasoning="30 + 5", text="35", answer="35", canonical="35", confidence=0.5, reasoning_tokens=2,
)  # fmt: skip
RESULT = Result(
    answer="35", text="\\boxed{35}", reasoning="30 + 5", confidence=0.5, deadline_s=0.5, elapsed_s=0.2124,
    deadline_met=True, load_s=0.1802, finish="complete",
    difficulty=Difficulty(label="easy", probabilities={"easy": 0.9, "normal": 0.1, "hard": 0.0}, source="prior"),
    plan=Plan(
        profile="easy", rows=(RowGroup(count=1, think_tokens=64),), answer_tokens=16, sampling=GREEDY,
        predicted_s=0.12, reason="one row is enough",
    ),
    usage=Usage(prompt_tokens=21, reasoning_tokens=40, completion_tokens=47), rollouts=(ROLLOUT,),
    model=ModelInfo(name="m", lineage="l", file="f"), engine="onnx", seed=0, shortest_feasible_s=0.03,
)  # fmt: skip
NONE = replace(RESULT, answer=None, text="", finish="deadline", deadline_s=0.001, elapsed_s=0.001, rollouts=())


def test_the_json_object_has_the_documented_keys() -> None:
    """Every key of the contract is there with its unit, and the object is plain JSON."""
    shown = json.loads(json.dumps(result_json(RESULT), allow_nan=False))

    assert (500, 212.4, 180.2) == (shown["deadline_ms"], shown["elapsed_ms"], shown["load_ms"])
    assert ("35", True, "easy") == (shown["answer"], shown["deadline_met"], shown["difficulty"]["label"])
    assert [{"count": 1, "think_tokens": 64}] == shown["plan"]["rows"]
    assert (120.0, None) == (shown["plan"]["predicted_ms"], shown["plan"]["bound_ms"])
    assert {"prompt_tokens": 21, "reasoning_tokens": 40, "completion_tokens": 47} == shown["usage"]
    row = {"answer": "35", "finish": "eos", "tokens": 3, "confidence": 0.5, "is_direct": False}
    assert [row] == shown["rollouts"]
    assert {"name": "m", "lineage": "l", "file": "f"} == shown["model"]


def test_without_answer_plan_or_deadline_the_keys_stay() -> None:
    """A degraded result has the same shape, with nulls."""
    bare = replace(NONE, plan=None, difficulty=None, deadline_s=None, deadline_met=None, shortest_feasible_s=None)

    assert result_json(RESULT).keys() == result_json(bare).keys()


def test_a_late_answer_is_called_late() -> None:
    """One line tells late from in time."""
    assert ", late" in summary(replace(RESULT, deadline_met=False))
    assert "late" not in summary(RESULT)


def test_details_name_the_plan_and_its_reason() -> None:
    """What was planned, and why, is told in words."""
    assert any("1 x 64 tokens" in line and "one row is enough" in line for line in details(RESULT))


@pytest.mark.parametrize(
    ("result", "options", "code"),
    [
        (RESULT, {}, 0),
        (replace(RESULT, deadline_met=False), {}, 0),
        (replace(RESULT, deadline_met=False), {"strict": True}, 124),
        (RESULT, {"strict": True}, 0),
        (NONE, {}, 124),
        (replace(NONE, finish="complete"), {}, 1),
        (replace(RESULT, answer=None, finish="abstained"), {}, 3),
        (replace(RESULT, finish="cancelled"), {"interrupted": True}, 130),
    ],
)
def test_results_have_their_exit_codes(result: Result, options: dict[str, bool], code: int) -> None:
    """Answered is 0, late only when strict, none in time 124, abstained 3, interrupted 130."""
    assert code == exits.of_result(result, **options)


@pytest.mark.parametrize(
    ("error", "code"),
    [(DeadlineError, 2), (EngineMissingError, 1), (DeadlineExceededError, 124), (CancelledError, 130)],
)
def test_errors_have_their_exit_codes(error: type[EdgeReasonError], code: int) -> None:
    """The caller's mistakes are 2, ours are 1."""
    assert code == exits.of_error(error("x"))

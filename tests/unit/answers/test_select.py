"""Voting and stopping: one law."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgereason.answers import MajorityVote
from edgereason.types import Rollout

CONFIDENCES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])  # exact in binary: sums have no rounding


def rollout(
    answer: str | None, confidence: float = 0.5, finished_s: float = 1.0, *, is_direct: bool = False, row: int = 0
) -> Rollout:
    """A finished row that answered so."""
    return Rollout(
        row=row, seed=row, tokens=(), logprobs=(), entropies=(), forced=(), finish="eos", reasoning="",
        text=answer or "", answer=answer, canonical=answer, confidence=confidence, reasoning_tokens=0,
        is_direct=is_direct, finished_s=finished_s,
    )  # fmt: skip


ROLLOUTS = st.builds(
    rollout,
    st.sampled_from(["a", "b", "c", None]),
    CONFIDENCES,
    st.sampled_from([1.0, 2.0, 3.0]),
    is_direct=st.booleans(),
    row=st.integers(0, 50),
)


def winner(rollouts: list[Rollout], vote: MajorityVote | None = None) -> str | None:
    """Who wins."""
    answer = (vote or MajorityVote()).select(rollouts)
    return answer.canonical if answer else None


def test_the_majority_wins() -> None:
    """Most votes win, whatever their confidence; the answer says who voted for it."""
    answer = MajorityVote().select([rollout("a", 1.0), rollout("b", 0.1), rollout(None), rollout("b", 0.2)])

    assert answer is not None
    assert ("b", "majority", (1, 3)) == (answer.canonical, answer.decided_by, answer.rollouts)
    assert {"b": 2.0, "a": 1.0} == answer.votes
    assert answer.confidence == pytest.approx((0.1 + 0.2) / 3)


def test_a_tie_goes_to_the_surer_then_to_the_earlier() -> None:
    """Ties: larger sum of confidences, then earliest finish."""
    surer = MajorityVote().select([rollout("a", 0.25, 1.0), rollout("b", 0.5, 2.0)])
    earlier = MajorityVote().select([rollout("a", 0.5, 2.0), rollout("b", 0.5, 1.0)])

    assert surer is not None
    assert earlier is not None
    assert ("b", "confidence") == (surer.canonical, surer.decided_by)
    assert ("b", "earliest") == (earlier.canonical, earlier.decided_by)


def test_direct_answers_count_only_where_no_thinking_row_has_one() -> None:
    """A thought answer silences any number of unthought ones; without it they decide."""
    direct = [rollout("a", is_direct=True)] * 3
    alone = MajorityVote().select([*direct, rollout(None)])

    assert "b" == winner([*direct, rollout("b")])
    assert alone is not None
    assert ("a", "direct") == (alone.canonical, alone.decided_by)


def test_no_answer_is_none() -> None:
    """Without an answer there is nothing to select."""
    assert winner([]) is None
    assert winner([rollout(None)]) is None


def test_the_text_is_that_of_the_surest_voter() -> None:
    """Equal forms written differently: the surest is shown."""
    rows = [replace(rollout("1/2", 0.2), answer="0.5"), replace(rollout("1/2", 0.9), answer="\\frac12")]
    answer = MajorityVote().select(rows)

    assert answer is not None
    assert ("\\frac12", "1/2") == (answer.text, answer.canonical)


def test_weights_change_the_vote() -> None:
    """The seam for weighted votes."""
    vote = MajorityVote(weight=lambda row: row.confidence)

    assert "a" == winner([rollout("a", 0.9), rollout("b", 0.25), rollout("b", 0.25)], vote)


def test_confidences_that_are_no_numbers_count_nothing() -> None:
    """A NaN does not spoil a tie."""
    assert "b" == winner([rollout("a", float("nan")), rollout("b", 0.25)])


@given(rollouts=st.lists(ROLLOUTS, max_size=8), seed=st.integers(0, 99))
def test_the_winner_does_not_depend_on_order(rollouts: list[Rollout], seed: int) -> None:
    """Shuffling the rollouts changes neither winner, nor text confidence, nor votes."""
    shuffled = random.Random(seed).sample(rollouts, len(rollouts))
    one, other = MajorityVote().select(rollouts), MajorityVote().select(shuffled)

    assert (one is None) == (other is None)
    if one and other:
        assert (one.canonical, one.confidence, one.votes, one.decided_by) == (
            other.canonical, other.confidence, other.votes, other.decided_by,
        )  # fmt: skip
        assert {rollouts[index].canonical for index in one.rollouts} == {one.canonical}


@settings(max_examples=400)
@given(finished=st.lists(ROLLOUTS, max_size=6), rest=st.lists(ROLLOUTS, max_size=4), is_weighted=st.booleans())
def test_a_decided_vote_is_never_changed(finished: list[Rollout], rest: list[Rollout], is_weighted: bool) -> None:
    """Once decided, no completion of the remaining rows gives another winner; finishing times included."""
    vote = MajorityVote(weight=lambda row: row.confidence) if is_weighted else MajorityVote()
    if vote.is_decided(finished, len(finished) + len(rest)):
        assert winner(finished, vote) == winner([*finished, *rest], vote)


@settings(max_examples=200)
@given(finished=st.lists(ROLLOUTS, max_size=5), running=st.integers(1, 3))
def test_an_open_vote_can_be_changed(finished: list[Rollout], running: int) -> None:
    """Where the vote is called open, some completion does change the winner, or ties it but for time."""
    if not MajorityVote().is_decided(finished, len(finished) + running):
        against = [[rollout(answer, 1.0, 0.0)] * running for answer in ("a", "b", "c", "new")]

        assert 1 < len({winner([*finished, *rest]) for rest in against})


@pytest.mark.parametrize(
    ("answers", "most_rows", "is_decided"),
    [
        ("aa", 3, True),
        ("aa", 4, False),
        ("aab", 4, False),
        ("aaab", 5, True),
        ("a", 1, True),
        ("a", 2, False),
        ("", 1, False),
        ("", 0, True),
    ],
)
def test_a_lead_that_cannot_be_caught_is_decided(answers: str, most_rows: int, is_decided: bool) -> None:
    """Of 3 rows 2 agreeing are enough; of 4 they are not."""
    rows = [rollout(answer) for answer in answers]

    assert is_decided == MajorityVote().is_decided(rows, most_rows)


def test_a_tie_that_confidence_already_breaks_is_decided() -> None:
    """Two sure votes against one row still running, which could only tie with two less sure ones."""
    rows = [rollout("a", 1.0), rollout("a", 1.0), rollout("b", 0.5)]

    assert MajorityVote().is_decided(rows, 4)
    assert not MajorityVote().is_decided([*rows[:2], rollout("b", 1.0)], 4)


def test_direct_answers_decide_nothing_while_a_row_thinks() -> None:
    """Any thinking row that still runs may overrule them."""
    assert not MajorityVote().is_decided([rollout("a", is_direct=True)] * 5, 6)

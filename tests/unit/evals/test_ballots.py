"""Rules see what they paid for: where each stops, what it then answers, how ways are held beside each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from edgereason.errors import RecordError
from edgereason.evals.ballots import ORDERS, Stop, Votes, beside, outcome, votes_of

POINTS = (8, 16)


def sample(answer: str | None, length: int = 10, early: str | None = "w", arm: str = "plain") -> dict[str, Any]:
    """A thought with an early answer at 8 tokens and an answer of two tokens; "R" is right."""
    return {
        "arm": arm, "finish": "eos", "forced": [False] * (length + 2), "reasoning_tokens": length,
        "canonical": answer, "correct": answer == "R", "confidence": 0.5,
        "cuts": [] if length <= 8 else [
            {"think_tokens": 8, "canonical": early, "correct": early == "R", "logprob": math.log(0.25)}
        ],
    }  # fmt: skip


def question(answers: str, **more: Any) -> dict[str, Any]:
    """One sample a letter; "-" gives no answer."""
    samples = [sample(None if answer == "-" else answer, **more) for answer in answers]
    return {"question_id": "q", "samples": [sample("R", length=0, arm="direct"), *samples]}


def at(votes: Votes, stop: Stop, rows: int, point: int = 1) -> tuple[float, float]:
    """(right, tokens) of the first question."""
    right, tokens = outcome(votes, np.array([point]), np.array([rows]), stop)
    return float(right.mean()), float(tokens.mean())


def test_a_vote_costs_all_its_rows() -> None:
    """At the last point a thought costs its length, at an earlier one what it was closed after; answers cost too."""
    votes = votes_of([question("RRRR")], POINTS)
    assert (1.0, 12.0) == at(votes, Stop(kind="all"), 1)
    assert (1.0, 24.0) == at(votes, Stop(kind="all"), 2)
    assert (0.0, 20.0) == at(votes, Stop(kind="all"), 2, point=0)
    assert (1.0, 2.0) == at(votes, Stop(kind="all"), 0)  # the direct answer


@pytest.mark.parametrize(
    ("stop", "rows"),
    [
        (Stop(kind="all"), 4),
        (Stop(kind="decided"), 3),  # 3 of 4
        (Stop(kind="esc", value=2), 2),
        (Stop(kind="esc", value=3), 3),
        (Stop(kind="adaptive", value=0.74), 1),  # P(Beta(2, 1) > 1/2) = .75
        (Stop(kind="adaptive", value=0.76), 2),
        (Stop(kind="adaptive", value=0.95), 4),
        (Stop(kind="sure", value=0.5), 1),
        (Stop(kind="sure", value=0.6), 3),
    ],
)
def test_agreement_stops_each_rule_where_it_says(stop: Stop, rows: int) -> None:
    """Eight samples of one mind, four rows at most."""
    assert (1.0, 12.0 * rows) == at(votes_of([question("RRRRRRRR")], POINTS), stop, 4)


@pytest.mark.parametrize("kind", ["decided", "esc", "adaptive"])
def test_disagreement_stops_none_early(kind: Any) -> None:
    """Eight answers of eight kinds; nor does silence."""
    for answers in ("Rabcdefg", "--------"):
        right, tokens = at(votes_of([question(answers)], POINTS), Stop(kind=kind, value=2 if kind == "esc" else 0.9), 4)
        assert 48.0 == tokens
        assert right < 1


def test_a_decided_vote_is_the_full_vote() -> None:
    """Rows that cannot change the leader change nothing but the cost."""
    rng = np.random.default_rng(0)
    votes = votes_of([question("".join(rng.choice(list("RRab"), 16))) for _ in range(40)], POINTS)
    place, rows = np.ones(40, int), np.full(40, 8)
    (full, cost), (early, less) = (outcome(votes, place, rows, Stop(kind=kind)) for kind in ("all", "decided"))
    assert (40, ORDERS) == full.shape
    assert np.array_equal(full, early)
    assert less.mean() < cost.mean()
    assert (less <= cost).all()


def test_too_few_samples_are_refused() -> None:
    """And a missing direct answer is named."""
    with pytest.raises(RecordError, match="two samples"):
        votes_of([question("R")], POINTS)
    with pytest.raises(RecordError, match="'q' has no direct answer"):
        votes_of([{**question("RR"), "samples": [sample("R"), sample("R")]}], POINTS)


def test_ways_are_held_beside_each_other_in_pairs() -> None:
    """The same right answers at half of the tokens: no difference, whatever questions are drawn."""
    rng = np.random.default_rng(1)
    right, tokens = rng.random((60, 4)), 10 + rng.random((60, 4))
    clusters = np.array([f"t{k % 12}" for k in range(60)])
    found = beside((right, tokens / 2), (right, tokens), clusters)
    assert np.allclose(0.0, found.right_less)
    assert np.allclose(0.5, found.saved)
    worse = beside((right - rng.random((60, 1)) / 5, tokens), (right, tokens), clusters)
    mean, low, high = worse.right_less
    assert low < mean < high < 0


def test_votes_are_no_wider_than_asked_for() -> None:
    """Nor than half of the samples: so that ways chosen on many samples can be judged on few."""
    assert [4, 2, 4] == [votes_of([question("RRRRRRRR")], POINTS, most_rows=most).width for most in (None, 2, 9)]

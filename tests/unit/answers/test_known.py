"""What is known of an answer: votes, confidences and thoughts as numbers, the same however the rollouts are ordered."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.answers.known import DIRECT, PROBE, VOTE, features
from edgereason.types import Difficulty, Rollout

ROW = Rollout(
    row=1, seed=1, tokens=(1, 2, 3, 4), logprobs=(0.0, -0.5, -0.1, -0.2), entropies=(0.0, 0.1, 0.2, 0.3),
    forced=(True, False, False, False), finish="eos", reasoning="", text="", answer="7", canonical="7",
    confidence=0.9, reasoning_tokens=3,
)  # fmt: skip
DIRECT_ROW = replace(ROW, row=0, is_direct=True, reasoning_tokens=0, confidence=0.6)
CURVE = Difficulty(
    label="easy", probabilities={}, source="probe", think_tokens=(0, 8, 16), right=(0.2, 0.4, 0.8), finished=(0, 0, 1)
)


def named(rollouts: list[Rollout], difficulty: Difficulty | None = None) -> dict[str, float]:
    """The features of a vote for 7 by name."""
    kind, values = features(rollouts, "7", difficulty)
    assert "vote" == kind
    return dict(zip(VOTE + PROBE, values, strict=False))


def test_a_direct_answer_is_judged_by_its_own_confidence() -> None:
    """Also where rows have thought and come to nothing."""
    lost = replace(ROW, answer=None, canonical=None, finish="deadline")
    for rollouts in ([DIRECT_ROW], [DIRECT_ROW, lost]):
        kind, values = features(rollouts, "7")
        assert ("direct", len(DIRECT)) == (kind, len(values))
        assert pytest.approx([math.log(0.6 / 0.4), math.log(0.6)]) == values


def test_votes_are_counted() -> None:
    """Three of four for the winner, one of them closed by force, one of five rows without an answer."""
    other = replace(ROW, canonical="8", answer="8")
    dropped = replace(ROW, canonical=None, answer=None, finish="decided")
    found = named([ROW, replace(ROW, finish="forced"), ROW, other, dropped])
    assert pytest.approx(math.log(3.5 / 1.5)) == found["logit_share"]
    assert (math.log(4), 2 / 5, 1 / 3) == (found["log_votes"], found["margin"], found["forced"])
    assert pytest.approx(math.log(0.9)) == found["mean_log_confidence"]
    assert pytest.approx((-0.3, -0.5)) == (found["thought_logprob"], found["least_thought_logprob"])


def test_the_direct_answer_speaks_for_or_against() -> None:
    """By its confidence."""
    against = replace(DIRECT_ROW, canonical="8", answer="8")
    found = [named([direct, ROW]) for direct in (DIRECT_ROW, against)]
    assert pytest.approx([0.6, 0.0, 0.0, 0.6]) == [
        each[name] for each in found for name in ("direct_agrees", "direct_differs")
    ]


def test_the_probe_is_asked_at_the_length_of_the_thoughts() -> None:
    """Between its points in a line, beyond them the last one; nothing where it predicts no curve."""
    found = [named([replace(ROW, reasoning_tokens=tokens)], CURVE)["probe_here"] for tokens in (4, 12, 99)]
    assert pytest.approx([math.log(p / (1 - p)) for p in (0.3, 0.6, 0.8)]) == found
    assert "probe_here" not in named([ROW], replace(CURVE, right=(), think_tokens=()))


@given(st.permutations([DIRECT_ROW, ROW, replace(ROW, confidence=0.3), replace(ROW, canonical="8"), ROW]))
def test_order_does_not_matter(rollouts: list[Rollout]) -> None:
    """To the last digit."""
    first = [DIRECT_ROW, ROW, replace(ROW, confidence=0.3), replace(ROW, canonical="8"), ROW]
    assert features(first, "7") == features(rollouts, "7")


@given(st.sampled_from([0.0, 1.0, math.nan, 1e-300]), st.sampled_from([-math.inf, 0.0, -1e9]))
def test_whatever_is_known_is_finite(confidence: float, logprob: float) -> None:
    """Broken confidences too."""
    odd = replace(ROW, confidence=confidence, logprobs=(0.0, logprob, logprob, logprob))
    for rollouts in ([odd], [replace(odd, is_direct=True)]):
        assert all(map(math.isfinite, features(rollouts, "7", CURVE)[1]))

"""The stand-in for a fitted probe: sure direct answers are easy, and nothing is claimed beyond that."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.probing.prior import DirectAnswerProbe
from edgereason.types import Difficulty, Evidence


def estimate(p: float | None) -> Difficulty:
    """The difficulty of a direct answer with this mean token probability."""
    logprob = None if p is None else math.log(p)
    return DirectAnswerProbe().estimate(Evidence(hidden=None, prompt_tokens=9, direct_logprob=logprob))


@pytest.mark.parametrize(("p", "label"), [(0.99, "easy"), (0.5, "normal"), (0.1, "hard"), (None, "normal")])
def test_the_surer_the_direct_answer_the_easier(p: float | None, label: str) -> None:
    """Labels follow the confidence of the direct answer."""
    assert label == estimate(p).label


@given(st.floats(1e-6, 1.0))
def test_probabilities_sum_to_one_and_the_label_is_the_likeliest(p: float) -> None:
    """They are a distribution, and say that they are not calibrated."""
    difficulty = estimate(p)

    assert math.isclose(1.0, sum(difficulty.probabilities.values()))
    assert max(difficulty.probabilities.values()) == difficulty.probabilities[difficulty.label]
    assert (False, None) == (difficulty.calibrated, difficulty.in_distribution)
    assert "uncalibrated" in difficulty.source

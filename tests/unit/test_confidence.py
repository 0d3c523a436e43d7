"""How sure the model was: the definitions against the formulas written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgereason import confidence


def distribution(seed: int, vocab_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Random logits of one row, and their log-probabilities in double precision, most likely first."""
    logits = np.random.default_rng(seed).normal(0, 3, (1, vocab_size)).astype(np.float32)
    exact = logits[0].astype(np.float64)
    exact = exact - exact.max() - math.log(np.exp(exact - exact.max()).sum())
    return logits, np.sort(exact)[::-1]


def logprobs_of(logits: np.ndarray) -> np.ndarray:
    """What the definitions make of the logits, most likely first."""
    maxima = logits.max(axis=1)
    normalizers = confidence.log_normalizers(maxima, np.exp(logits - maxima[:, None]).sum(axis=1))
    return -np.sort(-confidence.token_logprobs(logits, normalizers), axis=1)


@pytest.mark.parametrize("vocab_size", [2, 50, 5000])
def test_log_probabilities_are_exact(vocab_size: int) -> None:
    """Within what float32 can hold."""
    logits, exact = distribution(vocab_size, vocab_size)

    assert logprobs_of(logits)[0] == pytest.approx(exact, abs=2e-6)


def test_log_probabilities_are_never_above_zero() -> None:
    """Rounding cannot make a token more than certain."""
    logits = np.array([[88.7, -50.0, -60.0]], np.float32)

    assert logprobs_of(logits).max() <= 0


def test_entropy_over_all_tokens_is_the_entropy() -> None:
    """With every token a candidate nothing is lumped."""
    logits, exact = distribution(3, 20)
    expected = -(np.exp(exact) * exact).sum()

    assert confidence.entropies(logprobs_of(logits))[0] == pytest.approx(expected, abs=1e-5)


def test_entropy_lumps_what_is_no_candidate_into_one() -> None:
    """Candidates .5 and .25, and .25 for all the rest together."""
    logprobs = np.log(np.array([[0.5, 0.25]], np.float32))
    expected = -(0.5 * math.log(0.5) + 0.25 * math.log(0.25) + 0.25 * math.log(0.25))

    assert confidence.entropies(logprobs)[0] == pytest.approx(expected, abs=1e-6)


def test_entropy_of_certainty_is_zero() -> None:
    """Impossible candidates add nothing, and no number is undefined."""
    assert confidence.entropies(np.array([[0.0, -np.inf, -np.inf]], np.float32)) == [0.0]


def test_confidence_is_the_geometric_mean() -> None:
    """Of the tokens' probabilities."""
    assert confidence.confidence([math.log(0.5), math.log(0.125)]) == pytest.approx(0.25)
    assert confidence.mean_logprob([-1.0, -2.0]) == pytest.approx(-1.5)


def test_nothing_said_is_nothing_sure() -> None:
    """No tokens, no confidence."""
    assert confidence.confidence([]) == 0.0
    assert confidence.mean_logprob([]) == -math.inf

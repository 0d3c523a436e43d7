"""Heads find what was planted, weigh questions alike, and fold into one affine map."""

from __future__ import annotations

import numpy as np
import pytest

from edgereason.probing.heads import (
    FURTHEST_LOGIT,
    fit_hazard,
    fit_on_top,
    fit_reducer,
    fit_shares,
    fit_temperature,
    logit,
)
from edgereason.probing.readout import sigmoid, survival

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4000, 3))


def test_a_head_finds_the_planted_weights() -> None:
    """With shares as they are and little L2."""
    found = fit_shares(X, sigmoid(X @ np.array([1.0, -2.0, 0.0]) + 0.5)[:, None], c=100.0)
    assert np.allclose([1.0, -2.0, 0.0], found.weight[:, 0], atol=0.02)
    assert found.bias[0] == pytest.approx(0.5, abs=0.02)


def test_a_share_is_its_samples() -> None:
    """A question with 3 of 4 right weighs as four rows of a quarter each."""
    share = RNG.integers(0, 5, size=200) / 4
    rows = np.repeat(X[:200], 4, axis=0)
    truth = np.array([[k < 4 * each for k in range(4)] for each in share], float).ravel()
    one = fit_shares(X[:200], share[:, None], c=1.0)
    many = fit_shares(rows, truth[:, None], c=1.0, weights=np.full(800, 0.25))
    assert np.allclose(one.weight, many.weight, atol=1e-4)


def test_one_class_only_leaves_the_level() -> None:
    """No weights, and a level that is not certain."""
    found = fit_shares(X[:50], np.ones((50, 1)), c=1.0)
    assert not found.weight.any()
    assert 3 < found.bias[0] < FURTHEST_LOGIT


def test_a_reduced_head_unfolds() -> None:
    """On features as they come it gives the same logits; a constant feature does no harm."""
    features = np.hstack([X[:300] * [1, 50, 1e-3], np.ones((300, 1)), RNG.normal(size=(300, 2))])
    reducer = fit_reducer(features, 4, 2)
    head = fit_shares(reducer.apply(features), sigmoid(X[:300, :1]), c=1.0)
    flat = head.unreduced(reducer)
    assert np.allclose(head.logits(reducer.apply(features)), features @ flat.weight + flat.bias)
    assert (6, 4) == reducer.matrix.shape


def test_a_reducer_may_drop_the_state() -> None:
    """No direction of it kept: only the others are left."""
    assert (3, 1) == fit_reducer(X, 2, 0).matrix.shape


def test_a_hazard_finds_baseline_and_effect() -> None:
    """Simulated from its own model, with censoring at the end."""
    true = -1.0 + X[:, :1] + np.array([0.0, 0.5, -0.5])
    at_risk = np.hstack([np.ones((len(X), 1)), survival(true)[:, :-1]])
    found = fit_hazard(X, at_risk, at_risk * sigmoid(true), c=10.0)
    assert np.allclose([1.0, 0.0, 0.0], found.weight[:, 0], atol=0.03)
    assert np.allclose([-1.0, -0.5, -1.5], found.bias, atol=0.03)
    assert (found.weight == found.weight[:, :1]).all()


def test_what_is_on_top_is_what_the_offset_leaves() -> None:
    """The whole of a logit as offset leaves nothing; half of it leaves the other half."""
    logits = 2 * X[:, 0]
    share = sigmoid(logits)
    nothing, half = fit_on_top(X, share, logits, c=100.0), fit_on_top(X, share, X[:, 0], c=100.0)
    assert np.allclose(0, nothing.weight, atol=0.01)
    assert np.allclose([1.0, 0.0, 0.0], half.weight[:, 0], atol=0.02)
    level = fit_on_top(X[:, :0], share, logits - 1, c=1.0)
    assert level.bias[0] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(temperature: float) -> None:
    """Logits that are too large by a factor."""
    logits = 2 * X[:, 0]
    assert fit_temperature(temperature * logits, sigmoid(logits)) == pytest.approx(temperature, rel=0.01)


def test_logits_are_bounded() -> None:
    """Also of 0 and 1."""
    assert np.allclose([-FURTHEST_LOGIT, 0, FURTHEST_LOGIT], logit(np.array([0.0, 0.5, 1.0])))

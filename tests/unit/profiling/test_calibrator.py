"""Laws of the calibrated probability: what was fitted comes back from a file, and what was edited does not."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from edgereason.profiling.calibrator import KINDS, Calibrator, calibrator_of, fit_calibrator


@pytest.fixture(scope="module")
def drawn() -> dict[str, Any]:
    """Situations whose chances are known: sigmoid(2 x - 1), a second feature that says nothing and one that is flat."""
    rng = np.random.default_rng(0)
    features = {kind: np.column_stack([rng.normal(size=(4000, 2)), np.ones(4000)]) for kind in KINDS}
    chance = {kind: 1 / (1 + np.exp(1 - 2 * features[kind][:, 0])) for kind in KINDS}
    right = {kind: (rng.random(4000) < chance[kind]).astype(float) for kind in KINDS}
    return {"features": features, "right": right, "chance": chance}


@pytest.fixture(scope="module")
def model(drawn: dict[str, Any]) -> Calibrator:
    """Fitted on them."""
    return fit_calibrator(drawn["features"], drawn["right"], {kind: np.ones(4000) for kind in KINDS}, 4000)


def test_chances_that_are_logistic_are_found(model: Calibrator, drawn: dict[str, Any]) -> None:
    """Within what 4,000 draws allow."""
    found = [model.chance("vote", row) for row in drawn["features"]["vote"][:200].tolist()]
    assert np.abs(np.array(found) - drawn["chance"]["vote"][:200]).max() < 0.05


def test_situations_that_are_all_right_give_a_chance_below_one(drawn: dict[str, Any]) -> None:
    """A finite number, and no certainty."""
    ones = {kind: np.ones(4000) for kind in KINDS}
    chance = fit_calibrator(drawn["features"], ones, ones, 4000).chance("vote", [0.0, 0.0, 1.0])
    assert 0.99 < chance < 1


def test_weights_count_as_repetitions(drawn: dict[str, Any]) -> None:
    """A situation of weight 2 is two of weight 1."""
    few = {kind: drawn["features"][kind][:50] for kind in KINDS}
    right = {kind: drawn["right"][kind][:50] for kind in KINDS}
    heavy = fit_calibrator(few, right, {kind: np.full(50, 2.0) for kind in KINDS}, 50)
    twice = fit_calibrator(
        {kind: np.vstack([few[kind]] * 2) for kind in KINDS},
        {kind: np.tile(right[kind], 2) for kind in KINDS},
        {kind: np.ones(100) for kind in KINDS},
        50,
    )
    assert np.allclose(heavy.weights["vote"], twice.weights["vote"])


def test_a_file_gives_the_same_back(model: Calibrator) -> None:
    """To the bit, through JSON."""
    assert model == calibrator_of(json.loads(json.dumps(model.to_json())))


def test_an_edited_model_fails_its_own_test(model: Calibrator) -> None:
    """A weight, a test, too few tests, no numbers."""
    values = model.to_json()
    spoilt = [copy.deepcopy(values) for _ in range(4)]
    spoilt[0]["weights"]["vote"][0] += 0.01
    spoilt[1]["tests"]["direct"][0][1] += 0.01
    spoilt[2]["tests"] = {kind: [] for kind in KINDS}
    spoilt[3]["weights"]["vote"][0] = float("nan")
    for each in spoilt:
        with pytest.raises(ValueError, match="its own test"):
            calibrator_of(each)


def test_other_features_than_were_fitted_are_refused(model: Calibrator) -> None:
    """A probability of something else would be worse than none."""
    with pytest.raises(ValueError, match=r"zip|argument"):
        model.chance("vote", [0.0])

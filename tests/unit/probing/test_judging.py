"""Laws of folds and scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edgereason.probing.card import _contrasts
from edgereason.probing.examples import Examples
from edgereason.probing.judging import (
    auroc,
    auroc_within,
    calibration,
    each_left_out,
    folds_of,
    macro,
    mean_of,
    noise_ceiling,
    paired,
)
from edgereason.probing.report import contrasts

RNG = np.random.default_rng(0)
GROUPS = np.array([f"g{k % 7}" for k in range(100)])


@pytest.mark.parametrize("folds", [folds_of(GROUPS, 5), each_left_out(GROUPS)])
def test_folds_are_of_whole_groups_and_hold_each_question_once(folds: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """No group is on both sides."""
    assert list(range(100)) == sorted(np.concatenate([test for _, test in folds]).tolist())
    for train, test in folds:
        assert not set(GROUPS[train]) & set(GROUPS[test])


def test_the_auroc_counts_samples() -> None:
    """A share of 1/2 is one right and one wrong sample with the same score: chance. One class only is undefined."""
    assert 0.5 == auroc(np.zeros(4), np.full(4, 0.5))
    assert 1.0 == auroc(np.array([0.1, 0.9]), np.array([0.0, 1.0]))
    assert np.isnan(auroc(np.arange(3.0), np.ones(3)))
    assert {"a": 1.0} == auroc_within(np.arange(4.0), np.array([0, 1.0, 1, 1]), np.array(["a", "a", "b", "b"]))


def test_half_of_the_samples_cannot_be_beaten_by_knowing_the_chances() -> None:
    """The split-half figure lies between chance and what the true chances reach."""
    chance = RNG.random(500)
    right = (RNG.random((500, 8)) < chance[:, None]).astype(float)
    family = np.array(["a"] * 500)
    found = noise_ceiling(right, family)["a"]
    assert 0.7 < found < auroc(chance, right.mean(axis=1)) + 0.01


def test_intervals_cover_the_mean_of_clusters() -> None:
    """About as often as they say, a little less with ten clusters."""
    hits = 0
    for seed in range(200):
        estimate = macro(np.random.default_rng(seed).normal(size=10).tolist(), seed)
        assert estimate.low is not None
        assert estimate.high is not None
        hits += estimate.low <= 0 <= estimate.high
    assert 0.84 < hits / 200 < 0.98


def test_too_few_clusters_have_no_interval() -> None:
    """And none has no mean."""
    assert (2.0, None, 3) == (macro([1.0, 2.0, 3.0]).mean, macro([1.0, 2.0, 3.0]).low, macro([1.0, 2.0, 3.0]).n)
    assert np.isnan(macro([]).mean)
    assert mean_of(np.ones(4), np.array(["a", "a", "b", "b"])).low is None


def test_pairs_are_of_clusters_that_both_have() -> None:
    """The difference within each."""
    found = paired({"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4, "x": 9}, {"a": 0.2, "b": 0.3, "c": 0.4, "d": 0.5})
    assert (4, pytest.approx(0.1)) == (found.n, found.mean)


def test_true_chances_are_calibrated_and_others_are_not() -> None:
    """What chance alone would bring is taken off, over many draws."""
    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        chance = rng.random(2000)
        share = (rng.random(2000) < chance).astype(float)
        found.append(calibration(chance, share))
        assert calibration(np.sqrt(chance), share).debiased > 0.1
    assert np.mean([each.debiased for each in found]) < 0.6 * np.mean([each.error for each in found]) < 0.02
    assert 2000 == sum(found[0].n)


def test_contrast_pairs_are_judged_apart(make_examples: Callable[..., Examples]) -> None:
    """Only questions of such templates count; a score that orders them alone is seen to, and none is judged of none."""
    made = make_examples()
    assert contrasts(made, {"probe": made.features[:, 0]}, 0) is None
    names = np.array([name.replace("/1", "/contrast_order") for name in made.templates])
    paired_up = replace(made, templates=names)
    among = np.array(["contrast" in name for name in names])
    known = np.where(among, made.direct, 0.5)
    found = contrasts(paired_up, {"text": 0 * known, "probe": known}, 0)

    assert found is not None
    assert (int(among.sum()), 1.0, 0.5) == (found["n"], found["macro"]["probe"]["mean"], found["macro"]["text"]["mean"])
    assert 0.5 == found["gains"]["probe less text"]["mean"]
    card = "\n".join(_contrasts({"contrasts": {"direct": found, "long": None}}))
    assert f"| right without thought | {among.sum()} |" in card

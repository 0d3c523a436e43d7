"""A probe learns what the state says, says when that is nothing, and never sees what it is judged on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import numpy as np
import pytest

from edgereason.errors import RecordError
from edgereason.probing.card import card_text
from edgereason.probing.examples import Examples
from edgereason.probing.fit import Fitted, finishing, fit_readout, resampled, settling
from edgereason.probing.judging import auroc
from edgereason.probing.readout import probabilities
from edgereason.probing.report import adds_something, card_of

Make = Callable[..., Examples]
Fit = Callable[..., Fitted]


def test_a_state_that_knows_is_worth_having(make_examples: Make, quick_fit: Fit) -> None:
    """Families never fitted are told apart, the text alone is not, and the card says all of it."""
    examples = make_examples()
    steps: list[tuple[int, int]] = []
    fitted = quick_fit(examples, on_progress=lambda done, total: steps.append((done, total)))
    card = card_of(examples, fitted)

    assert adds_something(card)
    macro = card["auroc"]["long"]["macro"]
    assert macro["probe, family unseen"]["mean"] > 0.85 > 0.65 > macro["text, family unseen"]["mean"]
    assert card["adds"]["long"]["hidden state"]["low"] > 0 > card["adds"]["long"]["direct answer"]["low"]
    assert [(k + 1, 10) for k in range(10)] == steps
    chosen = card["policies"]
    assert chosen["probe"]["think_tokens"]["mean"] < chosen["always hard"]["think_tokens"]["mean"]
    text = card_text("x", {**json.loads(json.dumps(card)), "provenance": SOURCE, "microseconds": 50.0})
    assert all(family in text for family in ("f0", "f3", "**macro**", "always easy"))


def test_a_state_that_knows_nothing_is_not(make_examples: Make, quick_fit: Fit) -> None:
    """The same questions with the states of others."""
    examples = make_examples(signal=2.0)
    order = np.random.default_rng(1).permutation(len(examples.ids))
    card = card_of(examples, quick_fit(dataclasses.replace(examples, features=examples.features[order])))
    assert not adds_something(card)
    assert card["auroc"]["long"]["macro"]["probe"]["mean"] < 0.6


def test_predictions_do_not_see_the_labels_of_their_fold(make_examples: Make, quick_fit: Fit) -> None:
    """Turning a family's labels over changes nothing of what is predicted for it by the others."""
    examples = make_examples()
    own = examples.families == "f0"
    turned = dataclasses.replace(
        examples,
        direct=np.where(own, 1 - examples.direct, examples.direct),
        right=np.where(own[:, None, None], 1 - examples.right, examples.right),
        worth=np.where(own[:, None, None], 1 - examples.worth, examples.worth),
    )
    first, second = (quick_fit(each).families for each in (examples, turned))
    assert first is not None
    assert second is not None
    for name in ("curve", "hazard", "members", "rival", "on_top", "distance"):
        assert np.allclose(getattr(first, name)[own], getattr(second, name)[own]), name
        assert name == "distance" or not np.allclose(getattr(first, name)[~own], getattr(second, name)[~own])


def test_one_family_is_judged_by_templates(make_examples: Make, quick_fit: Fit) -> None:
    """There is nothing to leave out by family."""
    examples = make_examples(families=1, n=150)
    examples = dataclasses.replace(examples, templates=np.array([f"f0/{k % 6}" for k in range(150)]))
    card = card_of(examples, quick_fit(examples))
    assert ("templates", True) == (card["adds_on"], adds_something(card))


@pytest.mark.parametrize(("value", "word"), [(0.0, "wrong"), (1.0, "right")])
def test_one_class_only_is_refused(make_examples: Make, quick_fit: Fit, value: float, word: str) -> None:
    """With what is the matter."""
    examples = make_examples()
    with pytest.raises(RecordError, match=f"Direct answers are all {word}"):
        quick_fit(dataclasses.replace(examples, direct=np.full(len(examples.ids), value)))


def test_settling_is_being_right_from_there_on() -> None:
    """One that was right for a while has not settled; one that ends wrong never is at risk."""
    right = np.array([[[0, 1, 1], [1, 0, 1], [1, 1, 0]]], float)
    at_risk, events = settling(right)
    assert np.allclose([[2 / 3, 2 / 3, 1 / 3]], at_risk)
    assert np.allclose([[0, 1 / 3, 1 / 3]], events)


def test_caps_censor() -> None:
    """A thought without an end is at risk throughout and ends nowhere."""
    at_risk, events = finishing(np.array([[5.0, 20.0, np.inf]]), (8, 16, 32))
    assert np.allclose([[1, 2 / 3, 2 / 3]], at_risk)
    assert np.allclose([[1 / 3, 0, 1 / 3]], events)


def test_groups_are_resampled_whole() -> None:
    """Every question of a group has the same weight, and the groups' weights sum to their number."""
    groups = np.array(["a", "a", "b", "c", "c", "c"])
    for weights in resampled(groups, 20, seed=0):
        assert weights[0] == weights[1]
        assert weights[3] == weights[4] == weights[5]
        assert 3 == weights[0] + weights[2] + weights[3]


def test_scores_are_of_what_was_planted(make_examples: Make) -> None:
    """The fixture itself: the first direction of the state decides."""
    examples = make_examples()
    assert auroc(examples.features[:, 0], examples.long) > 0.85
    assert abs(auroc(examples.features[:, 1], examples.long) - 0.5) < 0.1


SOURCE = {
    "model": {"name": "x", "lineage": "y", "file": "z"}, "device": "d", "engine": "e", "engine_version": "1",
    "date": "2026-11-25T00:00:00", "seed": 0,
}  # fmt: skip


def test_a_readout_that_knows_nothing_says_the_rates() -> None:
    """Refits that all agree, whatever the label: the bias has the last word, and no profile gets a share of nothing."""
    members = np.tile([0.2, 0.9, 0.9], (400, 16, 1))
    label = np.repeat([[0, 0], [1, 1], [2, 2]], [280, 80, 40], axis=0)
    power, bias = fit_readout(members, label)

    assert np.allclose([0.7, 0.2, 0.1], probabilities(members, power, bias)[0], atol=0.02)

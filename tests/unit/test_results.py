"""What a result says of its answer: the calibrated chance that it is right, what that is made of, and abstaining."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgereason.answers.known import DIRECT, PROBE, VOTE
from edgereason.profiling.accuracy import AccuracyProfile, read_profile
from edgereason.profiling.calibrator import KINDS, Calibrator
from edgereason.runtime import Reasoner
from edgereason.types import Difficulty, Evidence

Make = Callable[..., Reasoner]
SHIPPED = Path(__file__).parents[2] / "profiles" / "accuracy" / "abacus.json"
THREE = {"<think>\n": "a</think>\\boxed{3}<|im_end|>", "<think>\n\n</think>\n\n\\boxed{": "3}<|im_end|>"}
KNOWN = Difficulty(
    label="easy", probabilities={"easy": 1.0, "normal": 0.0, "hard": 0.0}, source="told", in_distribution=True,
    calibrated=True, think_tokens=(0, 8, 64), right=(0.1, 0.5, 0.9), finished=(0.0, 0.1, 0.9),
)  # fmt: skip


def always(logit: float, kinds: tuple[int, int] = (len(DIRECT), len(VOTE))) -> Calibrator:
    """A calibration that gives every answer the same chance."""
    weights = {kind: (*[0.0] * size, logit) for kind, size in zip(KINDS, kinds, strict=True)}
    return Calibrator(weights=weights, tests={}, questions=123)


def accuracy_with(confidence: Calibrator | None) -> AccuracyProfile:
    """The bundled model's accuracy profile with this calibration."""
    return replace(read_profile(SHIPPED), confidence=confidence)


class Told:
    """A probe that tells of every question what it was told."""

    def __init__(self, difficulty: Difficulty) -> None:
        self.difficulty = difficulty

    def estimate(self, evidence: Evidence) -> Difficulty:
        """The same each time."""
        return self.difficulty


def test_confidence_is_the_calibrated_chance_where_there_is_one(reasoner: Make) -> None:
    """Without thought and with; a token statistic that says so where there is none, or where choices were given."""
    made = reasoner(THREE, known={"accuracy": accuracy_with(always(0.0))})
    for profile in ("direct", "normal"):
        result = made.ask("?", profile=profile)
        assert (0.5, "calibrated on 123 questions, by votes and token confidences") == (
            result.confidence, result.confidence_source
        )  # fmt: skip
    bare = reasoner(THREE).ask("?", profile="direct")
    assert "uncalibrated; `edgereason calibrate" in bare.confidence_source
    assert bare.rollouts[0].confidence == bare.confidence
    assert "choices were given" in made.ask("?", profile="direct", choices=("3", "4")).confidence_source


def test_the_probe_speaks_only_of_questions_that_it_knows(reasoner: Make) -> None:
    """Its calibration takes its curve; far from home the votes and tokens are left, and the source says so."""
    kinds = (len(DIRECT) + len(PROBE), len(VOTE) + len(PROBE))
    far = replace(KNOWN, in_distribution=False, calibrated=False)
    found = []
    for difficulty in (KNOWN, far):
        known = {
            "accuracy": accuracy_with(always(0.0)), "calibrator": always(2.0, kinds), "probe": Told(difficulty)
        }  # fmt: skip
        found.append(reasoner(THREE, known=known).ask("?", profile="normal"))
    assert [pytest.approx(0.881, abs=1e-3), 0.5] == [each.confidence for each in found]
    assert found[0].confidence_source.endswith("token confidences and the probe")
    assert found[1].confidence_source.endswith("far from those that the probe knows")
    alone = reasoner(THREE, known={"calibrator": always(2.0, kinds), "probe": Told(far)}).ask("?", profile="normal")
    assert alone.confidence_source.startswith("token statistic, uncalibrated: the question is far")


def test_abstaining_goes_by_the_calibrated_chance(reasoner: Make) -> None:
    """Not by how sure the tokens are."""
    made = reasoner(THREE, known={"accuracy": accuracy_with(always(0.0))})
    found = [made.ask("?", profile="direct", min_confidence=least) for least in (0.49, 0.51)]
    assert [("3", "complete"), (None, "abstained")] == [(each.answer, each.finish) for each in found]
    assert "confidence of 0.50, below 0.51" in found[1].notes[-1]


def test_the_plan_goes_by_the_curve_of_the_question(reasoner: Make) -> None:
    """Under a deadline, with an accuracy profile; a question that no thought will solve gets the least."""
    lost = replace(KNOWN, right=(0.01, 0.01, 0.01))
    known = [{"accuracy": accuracy_with(None), "probe": Told(each)} for each in (KNOWN, lost)]
    tokens = [
        reasoner(THREE, known=each).ask("?", profile="hard", deadline=5.0).plan.rows[0].think_tokens for each in known
    ]
    assert [64, 8] == [min(64, tokens[0]), tokens[1]]


def test_the_label_names_the_profile_and_limits_nothing_where_curves_are_known(reasoner: Make) -> None:
    """An easy question whose curve, or the mean one, says that votes pay gets them; by the profile that was asked for,
    or without an accuracy profile, the profile's limits hold.
    """
    unsure = replace(KNOWN, right=(0.1, 0.3, 0.6), finished=(0.0, 0.5, 0.99))
    known = {"accuracy": accuracy_with(None), "probe": Told(unsure)}
    free = reasoner(THREE, known=known).ask("?", deadline=9.0).plan
    asked = reasoner(THREE, known=known).ask("?", deadline=9.0, profile="easy").plan
    by_rule = reasoner(THREE, known={"probe": Told(unsure)}).ask("?", deadline=9.0).plan
    told = Told(replace(KNOWN, think_tokens=(), right=(), finished=(), calibrated=False))
    by_mean = reasoner(THREE, known={**known, "probe": told}).ask("?", deadline=9.0).plan

    assert ("easy",) * 4 == tuple(plan.profile for plan in (free, asked, by_rule, by_mean))
    assert (True, True) == (free.num_rows > 1, by_mean.num_rows > 1)
    assert (1, 1) == (asked.num_rows, by_rule.num_rows)


def test_a_lone_row_is_greedy_unless_a_profile_was_named(reasoner: Make) -> None:
    """What a caller's profile says of its sampling holds."""
    sure = replace(KNOWN, right=(0.1, 0.999, 0.999), finished=(0.0, 0.9, 1.0))
    known = {"accuracy": accuracy_with(None), "probe": Told(sure)}
    plans = [reasoner(THREE, known=known).ask("?", deadline=9.0, profile=name).plan for name in ("auto", "hard")]

    assert [(1, 0.0), (1, 0.7)] == [(each.rows[0].count, each.sampling.temperature) for each in plans]

"""Situations drawn from records follow the laws of a live request, and every question weighs alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from edgereason.answers.known import DIRECT, PROBE, VOTE
from edgereason.evals.confidences import NAMES, held_out, judged, reliability, with_probe
from edgereason.evals.situations import DRAWS, calibrator, chances, rollout_at, situations
from edgereason.profiling.calibrator import KINDS
from edgereason.protocols import Record
from edgereason.records import Cut, question_record, sample_record
from edgereason.types import Rollout

POINTS = (2, 4, 8)


def sample(seed: int, length: int, answer: str, early: str, *, confidence: float = 0.9, arm: str = "plain") -> Record:
    """A thought of `length` tokens behind a forced one; before that it would have answered `early`. "R" is right."""
    thought = length + 1
    rollout = Rollout(
        row=seed, seed=seed, tokens=tuple(range(thought + 2)), logprobs=(0.0, *[-0.1] * (thought + 1)),
        entropies=(0.1,) * (thought + 2), forced=(True, *[False] * (thought + 1)), finish="eos", reasoning="",
        text="", answer=answer, canonical=answer, confidence=confidence, reasoning_tokens=thought,
        is_direct=arm == "direct",
    )  # fmt: skip
    cuts = [
        Cut(think_tokens=p, answer=early, canonical=early, correct=early == "R", logprob=math.log(0.5))
        for p in POINTS[:-1]
        if p < length and arm == "plain"
    ]
    return sample_record(rollout, arm=arm, correct=answer == "R", cuts=cuts)


def record(number: int, *samples: Record) -> Record:
    """A question's record."""
    return question_record(question_id=f"q{number}", question="?", samples=samples, family="f", template=f"{number}")


@pytest.fixture(scope="module")
def many() -> list[Record]:
    """Questions whose samples are right as often as their confidence says; the direct answer tells nothing."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(60):
        level = float(rng.uniform(0.1, 0.9))
        samples = [
            sample(k + 1, int(rng.integers(1, 9)), "R" if rng.random() < level else "W", "W", confidence=level)
            for k in range(6)
        ]
        direct = sample(0, 0, "R" if rng.random() < 0.5 else "W", "", confidence=0.5, arm="direct")
        found.append(record(number, direct, *samples))
    return found


def test_a_thought_closed_early_is_its_early_answer() -> None:
    """With the tokens until there alone; one that ended before stays as it was."""
    long, short = sample(1, 6, "R", "W"), sample(1, 1, "R", "W")
    closed = rollout_at(long, 4)
    assert ("W", "forced", pytest.approx(0.5)) == (closed.canonical, closed.finish, closed.confidence)
    assert (5, 5, 5) == (closed.reasoning_tokens, len(closed.logprobs), len(closed.tokens))
    assert ("R", "eos") == (rollout_at(long, 8).canonical, rollout_at(long, 8).finish)
    assert ("R", "eos") == (rollout_at(short, 2).canonical, rollout_at(short, 2).finish)


def test_every_question_weighs_one(many: list[Record]) -> None:
    """Of each kind, and widths stay within half of the samples."""
    found = situations(many, POINTS)
    assert [60, 60 * DRAWS] == [len(found[kind].right) for kind in KINDS]
    for kind in KINDS:
        assert np.allclose(1.0, np.bincount(found[kind].question, found[kind].weights))
    assert {1, 2, 3} == set(found["vote"].votes.tolist())
    assert (len(DIRECT), len(VOTE)) == tuple(found[kind].features.shape[1] for kind in KINDS)


def test_the_same_seed_draws_the_same(many: list[Record]) -> None:
    """Another draws others."""
    first, again, other = (situations(many, POINTS, seed=seed)["vote"].features for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_rows_after_a_decision_have_no_answer() -> None:
    """Five that agree of eight leave at least one that never ended, as in a live request."""
    rows = [sample(k + 1, 1 + k % 5, "R", "R") for k in range(16)]
    found = situations([record(k, *rows) for k in range(20)], POINTS)["vote"]
    wide = found.votes == 8
    voted = np.exp(found.features[wide][:, VOTE.index("log_votes")]).round(6)
    assert wide.any()
    assert (voted < 8).all()
    assert (voted >= 5).all()


def test_chances_held_out_are_calibrated(many: list[Record]) -> None:
    """On questions that are right as often as they are sure, the chances come true, and better than the level alone."""
    found = situations(many, POINTS)
    templates = np.array([each["template"] for each in many])
    report = reliability(found, held_out(found, templates))[NAMES["vote"]]
    assert report["brier"] < report["brier_of_level"] - 0.02
    assert report["debiased"] < 0.15
    model = calibrator(found)
    assert model is not None
    assert (
        reliability(found, {kind: chances(model, found[kind], kind) for kind in KINDS})[NAMES["vote"]]["brier"] < 0.25
    )


def test_a_probe_that_knows_more_becomes_part_and_one_that_knows_nothing_does_not(many: list[Record]) -> None:
    """By the log-loss on templates left out."""
    rng = np.random.default_rng(1)
    share = np.array([[s["correct"] for s in each["samples"] if s["arm"] == "plain"] for each in many]).mean(axis=1)
    right = np.array([each["samples"][0]["correct"] for each in many], float)
    knows = np.column_stack([0.9 * right + 0.05, *[0.05 + 0.9 * share] * len(POINTS)])
    templates = np.array([each["template"] for each in many])
    models: list[Any] = [with_probe(many, POINTS, curve, templates) for curve in (knows, rng.random(knows.shape))]
    assert [True, False] == [model is not None for model, _ in models]
    assert [True, False] == [report["with_probe"] for _, report in models]
    assert len(VOTE) + len(PROBE) + 1 == len(models[0][0].weights["vote"])
    plain = calibrator(situations(many, POINTS))
    assert plain is not None
    assert set(NAMES.values()) == set(judged(many, POINTS, {"x": (plain, None)})["reliability"]["x"])


def test_questions_without_thoughts_calibrate_nothing() -> None:
    """No model rather than one of nothing."""
    direct = record(0, sample(0, 0, "R", "", arm="direct"))
    assert calibrator(situations([direct], POINTS)) is None

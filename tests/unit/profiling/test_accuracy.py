"""Laws of accuracy profiles, on records whose curves are known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgereason.errors import RecordError
from edgereason.profiling.accuracy import (
    LEAST_QUESTIONS,
    accuracy_profile,
    closed_at,
    curves,
    hazard,
    read_profile,
    share_of,
    think_length,
    write_profile,
)
from edgereason.profiling.calibrator import KINDS, fit_calibrator

POINTS = (8, 16, 32)


def sample(length: int, answer: str, cuts: tuple[str, ...] = (), *, seed: int = 1, **more: Any) -> dict[str, Any]:
    """A sample whose thought took `length` tokens behind two forced ones; "R" is right."""
    tokens = 2 + length + 3
    return {
        "arm": "plain",
        "seed": seed,
        "forced": [True, True] + [False] * (tokens - 2),
        "reasoning_tokens": 2 + length,
        "finish": "eos",
        "canonical": answer,
        "correct": answer == "R",
        "confidence": 0.5,
        "cuts": [
            {"think_tokens": point, "canonical": cut, "correct": cut == "R", "logprob": math.log(0.5)}
            for point, cut in zip(POINTS, cuts, strict=False)
        ],
        **more,
    }


def question(*samples: dict[str, Any], band: str = "easy") -> dict[str, Any]:
    """A question's record."""
    return {"samples": list(samples), "band": band}


def header() -> dict[str, Any]:
    """The header of a recording with cuts at 8 and 16 and its cap at 32."""
    return {"kind": "header", "model": {"lineage": "x"}, "settings": {"think_tokens": 32, "cuts": [8, 16]}, "n": 1}


def test_a_thought_that_ended_before_a_cut_counts_as_it_ended() -> None:
    """The early answer where there is one, else the last."""
    long, short = sample(20, "R", ("a", "b")), sample(5, "R")
    assert ["a", "b", "R"] == [closed_at(long, point)[0] for point in POINTS]
    assert ["R", "R", "R"] == [closed_at(short, point)[0] for point in POINTS]
    assert (20, 5) == (think_length(long), think_length(short))


def test_questions_weigh_alike() -> None:
    """A question's samples are averaged before questions are."""
    found = curves([question(sample(5, "R"), sample(5, "R", seed=2)), question(sample(5, "x"), sample(5, "R"))], POINTS)
    assert [0.75] * 3 == [share.mean for share in found.right]
    assert 5 == found.think_mean


def test_the_hazard_gives_the_finished_share_back() -> None:
    """Survival is the product of what the hazard leaves open; the cap censors."""
    lengths = [*range(1, 31), math.inf, math.inf]
    found = hazard(lengths, POINTS)
    finished = [np.mean(np.array(lengths) <= point) for point in POINTS]
    assert np.allclose(finished, 1 - np.cumprod(1 - np.array(found)))
    assert found[-1] < 1


def test_a_vote_of_one_is_one_sample_and_more_votes_help_a_majority() -> None:
    """Where each sample is right with chance .75, a vote of three is right more often, and never without a vote."""
    rng = np.random.default_rng(0)
    records = [
        question(*(sample(5, "R" if rng.random() < 0.75 else rng.choice(list("abcd")), seed=k) for k in range(8)))
        for _ in range(200)
    ]
    found = curves(records, POINTS)
    assert (1, 2, 3, 4) == found.rows
    assert found.votes[0][0].mean == pytest.approx(found.right[0].mean, abs=0.02)
    assert found.votes[2][0].mean > found.right[0].mean + 0.05


def test_ties_go_to_the_more_confident() -> None:
    """Two answers with a vote each: that of the surer sample wins, in both kinds of vote."""
    sure, unsure = sample(5, "R", confidence=0.9), sample(5, "x", seed=2, confidence=0.2)
    found = curves([question(sure, unsure, sure | {"seed": 3}, unsure | {"seed": 4})] * 3, POINTS)
    assert (1, 2) == found.rows
    assert found.votes[1][0].mean == found.weighted[1][0].mean > 0.7


def test_no_answer_is_no_vote() -> None:
    """Samples without an answer cannot win."""
    found = curves([question(sample(5, "R"), *(sample(5, None, seed=k, correct=False) for k in range(7)))] * 3, POINTS)
    assert found.votes[3][0].mean == pytest.approx(0.5, abs=0.1)


def test_waiting_is_compared_with_the_same_samples() -> None:
    """The gain pairs seeds."""
    waiting = sample(9, "R", arm="wait", seed=2)
    found = curves([question(sample(5, "R"), sample(5, "x", seed=2), waiting)] * 4, POINTS)
    assert found.wait_gain is not None
    assert 1.0 == found.wait_gain.mean


def test_intervals_hold_the_mean_and_stay_within_shares() -> None:
    """Also where all are right."""
    for values in ([1.0] * 30, [0.0] * 30, [0.0, 1.0] * 20):
        found = share_of(values)
        assert 0 <= found.low <= found.mean <= found.high <= 1
        assert found.low < found.high


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    """Written and read it is the same, to four decimals; bands with too few questions have no curves of their own."""
    records = [question(sample(5, "R"), sample(9, "x", ("a",), seed=2))] * LEAST_QUESTIONS
    records += [question(sample(5, "R"), sample(5, "R", seed=2), band="hard")]
    made = accuracy_profile(header(), records)
    write_profile(made, tmp_path / "p.json")
    read = read_profile(tmp_path / "p.json")

    assert ["easy"] == list(read.bands)
    assert read.all.right[0].mean == pytest.approx(made.all.right[0].mean, abs=1e-4)
    assert (read.all.think_tokens, read.provenance) == (made.all.think_tokens, made.provenance)


def test_too_few_questions_are_refused() -> None:
    """With the least number there must be."""
    with pytest.raises(RecordError, match="1 questions are too few") as raised:
        accuracy_profile(header(), [question(sample(5, "R"), sample(5, "R"))])
    assert str(LEAST_QUESTIONS) in raised.value.hint


@pytest.mark.parametrize(
    "spoil",
    [
        lambda values: values.pop("all"),
        lambda values: values.update(schema="other/1"),
        lambda values: values["all"]["right"].pop(),
        lambda values: values["all"]["votes"].pop(),
        lambda values: values["bands"].update(easy=3),
        lambda values: values["provenance"].pop("model"),
    ],
)
def test_a_damaged_profile_is_refused(tmp_path: Path, spoil: Any) -> None:
    """Whatever is missing or of the wrong size."""
    records = [question(sample(5, "R"), sample(9, "x", seed=2))] * LEAST_QUESTIONS
    write_profile(accuracy_profile(header(), records), tmp_path / "p.json")
    values = json.loads((tmp_path / "p.json").read_text())
    spoil(values)
    (tmp_path / "p.json").write_text(json.dumps(values))
    with pytest.raises(RecordError, match="no accuracy profile"):
        read_profile(tmp_path / "p.json")


def test_a_profile_keeps_the_calibration_of_confidences_and_refuses_an_edited_one(tmp_path: Path) -> None:
    """To the last digit; one of an earlier version has none."""
    records = [question(sample(4, "R"), sample(6, "W")) for _ in range(LEAST_QUESTIONS)]
    bare = accuracy_profile(header(), records)
    half = {kind: np.arange(20) % 2.0 for kind in KINDS}
    rows = {kind: np.random.default_rng(0).normal(size=(20, 2)) for kind in KINDS}
    made = replace(bare, confidence=fit_calibrator(rows, half, {kind: np.ones(20) for kind in KINDS}, 20))
    for profile in (bare, made):
        write_profile(profile, tmp_path / "p.json")
        assert profile.confidence == read_profile(tmp_path / "p.json").confidence
    values = json.loads((tmp_path / "p.json").read_text())
    values["confidence"]["weights"]["vote"][0] += 0.1
    (tmp_path / "p.json").write_text(json.dumps(values))
    with pytest.raises(RecordError, match="its own test"):
        read_profile(tmp_path / "p.json")
    del values["confidence"]
    (tmp_path / "p.json").write_text(json.dumps(values))
    assert read_profile(tmp_path / "p.json").confidence is None

"""Records to arrays: labels, halves, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from edgereason.errors import RecordError
from edgereason.probing.examples import LEAST_QUESTIONS, examples_of, text_counts
from edgereason.types import BudgetProfile, Evidence

POINTS = (8, 16, 32)


def profile(name: str, rows: int, think: int) -> BudgetProfile:
    """A budget profile."""
    return BudgetProfile(name=name, max_rows=rows, think_tokens=think, answer_tokens=8)


PROFILES = {
    "easy": profile("easy", 1, 8),
    "normal": profile("normal", 2, 20),
    "hard": profile("hard", 16, 640),
}
EVIDENCE = Evidence(
    hidden=np.zeros(3, np.float32), prompt_tokens=9, direct_logprob=-1.0, direct_entropy=1.0, first_logprob=-1.0,
    first_entropy=1.0,
)  # fmt: skip


def sample(length: int, answers: str, arm: str = "plain", finish: str = "eos") -> dict[str, Any]:
    """A sample that thought for `length` tokens; "R" is right, one letter a cut and the last for its own answer."""
    return {
        "arm": arm, "finish": finish, "forced": [False] * length, "reasoning_tokens": length,
        "canonical": answers[-1], "correct": answers[-1] == "R", "confidence": 0.5,
        "cuts": [{"think_tokens": point, "canonical": a, "correct": a == "R", "logprob": math.log(0.5)}
                 for point, a in zip(POINTS, answers[:-1], strict=False)],
    }  # fmt: skip


def question(number: int, samples: list[dict[str, Any]] | None = None, **more: Any) -> Mapping[str, Any]:
    """A question's record."""
    plain = samples or [sample(20, "xRR"), sample(5, "R"), sample(40, "xxx", finish="forced"), sample(30, "xxR")]
    return {
        "question_id": f"q{number}", "question": f"{number} + 1 = ?", "family": f"f{number % 2}",
        "template": f"t{number % 6}", "samples": [sample(0, "R" if number % 3 else "x", "direct"), *plain], **more,
    }  # fmt: skip


def test_labels_are_what_was_recorded() -> None:
    """Curve, lengths with censoring, profiles on either half of the samples."""
    made = examples_of([(question(k), EVIDENCE) for k in range(LEAST_QUESTIONS)], POINTS, PROFILES)
    assert [0.0, 1.0] == made.direct[:2].tolist()
    assert [[0, 1, 1], [1, 1, 1], [0, 0, 0], [0, 0, 1]] == made.right[0].tolist()
    assert [20, 5, np.inf, 30] == made.length[0].tolist()
    assert [0.25, 0.5, 0.75] == made.curve[0, 1:].tolist()
    assert [(1, 8), (2, 16), (2, 32)] == [(each.rows, each.think_tokens) for each in made.references]
    assert [0.5, 1.0] == made.worth[0, 1].tolist()[:2]  # samples 2 and 4: one of two at 8; at 16 the surer or first
    assert [8.0, 2 * 16.0, 2 * 26.0] == made.spent[0, 0].tolist()
    assert (LEAST_QUESTIONS, 3 + 5) == made.features.shape


def test_what_is_too_little_is_refused_with_the_least_there_must_be() -> None:
    """Questions, samples, templates; questions without evidence do not count."""
    few = [(question(k), EVIDENCE) for k in range(LEAST_QUESTIONS)]
    with pytest.raises(RecordError, match=f"at least {LEAST_QUESTIONS} are needed"):
        examples_of(few[1:], POINTS, PROFILES)
    with pytest.raises(RecordError, match=f"{LEAST_QUESTIONS - 1} questions"):
        examples_of([(few[0][0], Evidence(hidden=None, prompt_tokens=3)), *few[1:]], POINTS, PROFILES)
    with pytest.raises(RecordError, match="'q0' has 1 samples"):
        examples_of([(question(0, [sample(5, "R")]), EVIDENCE), *few[1:]], POINTS, PROFILES)
    with pytest.raises(RecordError, match="2 templates are too few"):
        examples_of([(question(k, template="t"), EVIDENCE) for k in range(LEAST_QUESTIONS)], POINTS, PROFILES)


def test_text_counts_tell_length_from_size() -> None:
    """Digits, numbers, operators and the largest number are counted apart."""
    short, long = text_counts("9999 * 3"), text_counts("1 + 2 + 3 + 4 + 5")
    assert long[3] > short[3]
    assert short[7] > long[7]
    assert 8 == len(short)
    assert all(map(math.isfinite, text_counts("")))
    assert all(map(math.isfinite, text_counts("9" * 400)))

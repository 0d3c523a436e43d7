"""What a probe looks at is the same from a live rollout and from its record."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgereason.probing.features import LEAST_LOGPROB, SCALARS, evidence_of, vector
from edgereason.types import Rollout

HIDDEN = np.arange(3, dtype=np.float32)


def direct(forced: tuple[bool, ...] = (True, False, False), logprobs: tuple[float, ...] = (0.0, -1.0, -3.0)) -> Rollout:
    """A direct answer."""
    return Rollout(
        row=0, seed=0, tokens=tuple(range(len(forced))), logprobs=logprobs, entropies=(0.0, 0.5, 1.5)[: len(forced)],
        forced=forced, finish="eos", reasoning="", text="", answer="1", canonical="1", confidence=0.5,
        reasoning_tokens=0, is_direct=True,
    )  # fmt: skip


def test_forced_tokens_say_nothing() -> None:
    """Means are over sampled tokens, and the first of these is the first."""
    found = evidence_of(HIDDEN, 20, direct())
    assert (-2.0, 1.0, -1.0, 0.5) == (
        found.direct_logprob,
        found.direct_entropy,
        found.first_logprob,
        found.first_entropy,
    )


def test_the_vector_is_the_state_then_the_scalars() -> None:
    """In the order of SCALARS; an impossible token is held at the least log-probability."""
    found = vector(evidence_of(HIDDEN, 20, direct(logprobs=(0.0, -1e9, -1e9))))
    assert found is not None
    assert [0, 1, 2] == found[:3].tolist()
    assert dict(zip(SCALARS, found[3:], strict=True)) == {
        "log_prompt_tokens": np.log(20),
        "direct_logprob": LEAST_LOGPROB,
        "direct_entropy": 1.0,
        "first_logprob": LEAST_LOGPROB,
        "first_entropy": 0.5,
    }


def test_without_a_sampled_token_there_is_no_vector() -> None:
    """No direct answer, one that was forced whole, or a state that is no number."""
    assert vector(evidence_of(HIDDEN, 20, None)) is None
    assert vector(evidence_of(HIDDEN, 20, direct(forced=(True, True, True)))) is None
    broken = dataclasses.replace(evidence_of(HIDDEN, 20, direct()), hidden=np.array([np.nan, 0, 0], np.float32))
    assert vector(broken) is None

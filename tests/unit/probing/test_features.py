"""What a probe looks at is the same from a live rollout and from its record."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from edgereason.probing.features import FURTHEST_LOG_ODDS, SCALARS, evidence_of, log_odds, vector
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
    """In the order of SCALARS; an impossible token is held at the furthest log-odds."""
    found = vector(evidence_of(HIDDEN, 20, direct(logprobs=(0.0, -1e9, -1e9))))
    assert found is not None
    assert [0, 1, 2] == found[:3].tolist()
    assert dict(zip(SCALARS, found[3:], strict=True)) == {
        "log_prompt_tokens": np.log(20),
        "direct_log_odds": -FURTHEST_LOG_ODDS,
        "direct_entropy": 1.0,
        "first_log_odds": -FURTHEST_LOG_ODDS,
        "first_entropy": 0.5,
    }


@pytest.mark.parametrize("chance", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_log_odds_are_those_of_the_chance(chance: float) -> None:
    """Within the bounds; what is sure or impossible lies on them."""
    assert math.log(chance / (1 - chance)) == pytest.approx(log_odds(math.log(chance)))
    assert (FURTHEST_LOG_ODDS, FURTHEST_LOG_ODDS) == (log_odds(0.0), log_odds(1e-9))
    assert -FURTHEST_LOG_ODDS == log_odds(-1e9)


def test_without_a_sampled_token_there_is_no_vector() -> None:
    """No direct answer, one that was forced whole, or a state that is no number."""
    assert vector(evidence_of(HIDDEN, 20, None)) is None
    assert vector(evidence_of(HIDDEN, 20, direct(forced=(True, True, True)))) is None
    broken = dataclasses.replace(evidence_of(HIDDEN, 20, direct()), hidden=np.array([np.nan, 0, 0], np.float32))
    assert vector(broken) is None

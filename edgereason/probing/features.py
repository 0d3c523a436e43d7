"""What a probe looks at: the state of the last prompt token, and how sure the model was of its direct answer.

In: the one definition of the evidence and of its order in a vector, for fitting and at run time. Not in: where states
come from (engine), what is made of them (heads, runtime).
Invariant: nothing here needs a further pass; all of it is there once a request has its answer in hand.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgereason.types import Evidence, Rollout

SCALARS = ("log_prompt_tokens", "direct_log_odds", "direct_entropy", "first_log_odds", "first_entropy")
FURTHEST_LOG_ODDS = 8.0  # nats; beyond, as good as sure or impossible

Floats = npt.NDArray[np.float64]


def evidence_of(hidden: npt.NDArray[np.float32], prompt_tokens: int, direct: Rollout | None) -> Evidence:
    """The evidence of a prompt and its direct answer; without the latter's values where nothing was sampled.

    hidden: float32 [d], the final normed state of the last prompt token.
    """
    sampled = [] if direct is None else [i for i, forced in enumerate(direct.forced) if not forced]
    if direct is None or not sampled:
        return Evidence(hidden=hidden, prompt_tokens=prompt_tokens)
    return Evidence(
        hidden=hidden,
        prompt_tokens=prompt_tokens,
        direct_logprob=float(np.mean([direct.logprobs[i] for i in sampled])),
        direct_entropy=float(np.mean([direct.entropies[i] for i in sampled])),
        first_logprob=float(direct.logprobs[sampled[0]]),
        first_entropy=float(direct.entropies[sampled[0]]),
    )


def log_odds(logprob: float) -> float:
    """The log-odds of an event by its log-probability, clipped.

    A logistic head is linear in log-odds: were the model's own probability right, it would be the head.
    """
    sure = -math.inf if logprob >= 0 else math.log(-math.expm1(logprob))  # log(1 - p)
    return min(FURTHEST_LOG_ODDS, max(-FURTHEST_LOG_ODDS, logprob - sure))


def vector(evidence: Evidence) -> Floats | None:
    """[d + 5]: the state, then SCALARS; None where there was no direct answer, or a value is no finite number."""
    if evidence.direct_logprob is None or evidence.first_logprob is None:
        return None
    assert evidence.direct_entropy is not None
    assert evidence.first_entropy is not None
    scalars = (
        math.log(max(1, evidence.prompt_tokens)),
        log_odds(evidence.direct_logprob),
        evidence.direct_entropy,
        log_odds(evidence.first_logprob),
        evidence.first_entropy,
    )
    found: Floats = np.concatenate([np.asarray(evidence.hidden, np.float64).ravel(), scalars])
    return found if np.isfinite(found).all() else None

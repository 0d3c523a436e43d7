"""What is known when an answer is returned: votes, token confidences, and the probe's estimate, as numbers.

In: the one definition of the features of a calibrated confidence, for fitting and at run time. Not in: the model that
makes a probability of them (profiling.calibrator).
Invariant: the features are functions of a request's rollouts, its answer and its difficulty, and of nothing else.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from edgereason.types import Difficulty, Rollout

DIRECT = ("logit_confidence", "log_confidence")
VOTE = (
    "logit_share",
    "log_votes",
    "margin",
    "forced",
    "logit_confidence",
    "mean_log_confidence",
    "direct_agrees",
    "direct_differs",
    "log_thought",
    "thought_logprob",
    "least_thought_logprob",
    "forced_logit_share",
    "forced_logit_confidence",
    "forced_least_thought_logprob",
)
PROBE = ("probe_direct", "probe_here", "probe_long")  # logits of the predicted curve
LEAST_LOG = -8.0  # nats; less sure is as good as not sure at all
LEAST = 1e-4  # of a probability before its logit is taken


def features(
    rollouts: Sequence[Rollout], canonical: str, difficulty: Difficulty | None = None
) -> tuple[str, list[float]]:
    """("direct" or "vote", the features DIRECT or VOTE, then PROBE where the difficulty is given and has a curve).

    canonical: of the answer that is returned; one that only the direct rollout has is a direct answer.
    """
    voters = [rollout for rollout in rollouts if not rollout.is_direct and rollout.canonical is not None]
    winners = [rollout for rollout in voters if rollout.canonical == canonical]
    direct = next((rollout for rollout in rollouts if rollout.is_direct and rollout.canonical is not None), None)
    if not winners:
        sure = direct.confidence if direct is not None else 0.0
        found = [_logit(sure), _log(sure)]
        return "direct", [*found, *_probe(difficulty, 0.0)]
    count = len(winners)
    votes = Counter(rollout.canonical for rollout in voters)
    second = max((each for answer, each in votes.items() if answer != canonical), default=0)
    log_sure = math.fsum(_log(rollout.confidence) for rollout in winners) / count
    sure, share = _logit(math.exp(log_sure)), _logit((count + 0.5) / (len(voters) + 1))
    forced = sum(rollout.finish != "eos" for rollout in winners) / count
    thought = math.fsum(rollout.reasoning_tokens for rollout in winners) / count
    logprob, least = _thoughts(winners)
    told = 0.0 if direct is None else math.exp(_log(direct.confidence))
    agrees = direct is not None and direct.canonical == canonical
    found = [
        *(share, math.log(len(voters)), (count - second) / sum(not rollout.is_direct for rollout in rollouts)),
        *(forced, sure, log_sure),
        *(told if agrees else 0.0, 0.0 if agrees else told),
        *(math.log1p(thought), logprob, least),
        *(forced * share, forced * sure, forced * least),
    ]
    return "vote", [*found, *_probe(difficulty, thought)]


def _thoughts(winners: Sequence[Rollout]) -> tuple[float, float]:
    """(mean, least) log-probability of the tokens of a thought, the mean over the winners'."""
    means, leasts = [], []
    for rollout in winners:
        thought = zip(rollout.logprobs[: rollout.reasoning_tokens], rollout.forced, strict=False)
        logs = [max(LEAST_LOG, logprob) for logprob, forced in thought if not forced] or [0.0]
        means.append(math.fsum(logs) / len(logs))
        leasts.append(min(logs))
    return math.fsum(means) / len(winners), math.fsum(leasts) / len(winners)


def _probe(difficulty: Difficulty | None, thought: float) -> list[float]:
    """Logits of the predicted chances without thought, after so much of it, and after a long one; nothing without."""
    if difficulty is None or not difficulty.right:
        return []
    return [_logit(difficulty.right[0]), _logit(_at(difficulty, thought)), _logit(difficulty.right[-1])]


def _at(difficulty: Difficulty, tokens: float) -> float:
    """The predicted curve at so many think tokens; linear between its points."""
    for (before, low), (after, high) in pairwise(zip(difficulty.think_tokens, difficulty.right, strict=True)):
        if tokens <= after:
            return low + (high - low) * max(0.0, tokens - before) / (after - before)
    return difficulty.right[-1]


def _logit(chance: float) -> float:
    within = min(1 - LEAST, max(LEAST, chance))
    return math.log(within / (1 - within))


def _log(chance: float) -> float:
    return max(LEAST_LOG, math.log(chance)) if chance > 0 else LEAST_LOG

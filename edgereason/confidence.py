"""How sure the model was: the one definition of token log-probability, entropy and answer confidence.

Everything here is a function of the model's own distribution, before temperature and filters, so that a value means the
same whatever the sampling was. Not here: calibrated probabilities of being right, which are not token statistics.
Invariant: stopping, pruning and voting use these functions and no others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_LOG_ZERO = np.float32(-1e4)  # stands for log 0: its exponential is 0, and 0 * log 0 is 0


def log_normalizers(maxima: npt.NDArray[np.float32], totals: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """log(sum(exp(logits))) of each row, from its largest logit and its sum of exp(logit - largest)."""
    return np.log(totals, dtype=np.float64) + maxima


def token_logprobs(logits: npt.NDArray[np.float32], normalizers: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Natural log-probabilities [n, k] of tokens with these logits [n, k], in rows with these normalizers [n]."""
    return np.minimum(logits - normalizers[:, None], 0.0).astype(np.float32)


def entropies(candidate_logprobs: npt.NDArray[np.float32]) -> list[float]:
    """Entropy in nats of each row: its candidates [n, k], and all other tokens lumped into one."""
    logs = np.maximum(candidate_logprobs, _LOG_ZERO)
    chances = np.exp(logs, dtype=np.float64)
    pairs = zip(np.add.reduce(chances, 1).tolist(), np.add.reduce(chances * logs, 1).tolist(), strict=True)
    return [max(0.0, -spread - _plogp(1.0 - known)) for known, spread in pairs]


def _plogp(chance: float) -> float:
    return chance * math.log(chance) if chance > 0 else 0.0


def mean_logprob(logprobs: Sequence[float]) -> float:
    """Mean natural log-probability of the tokens; minus infinity for none."""
    return math.fsum(logprobs) / len(logprobs) if logprobs else -math.inf


def confidence(logprobs: Sequence[float]) -> float:
    """Geometric mean probability of the tokens, in [0, 1]; 0 for none: nothing was said, so nothing is sure."""
    return math.exp(mean_logprob(logprobs))

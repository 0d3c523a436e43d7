"""From logits to curves, and from curves to easy, normal or hard: the cheapest profile nearly as good as the best.

In: what fitting, judging and the runtime must do alike. Not in: heads, records. numpy alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgereason.probing.features import Floats

TOLERANCE = 0.02  # of the chance of being right: what a cheaper profile may lose against the best
HOPELESS = 0.5  # chance of being right, below which even the best profile does not make a question easy
FAR = 0.05  # conformal p below which a question is far from what was fitted on
PRIOR_VOTES = 0.5  # added to each profile's count over the ensemble, so that none is impossible


def cheapest(worth: Floats, tolerance: float = TOLERANCE) -> npt.NDArray[np.int64]:
    """[...]: index of the first profile, cheapest first along the last axis, within `tolerance` of the best.

    A question that none of them is likely to get right (HOPELESS) is hard, and not easy because nothing helps.
    """
    best = worth.max(axis=-1)
    is_enough = worth >= best[..., None] - tolerance
    found: npt.NDArray[np.int64] = np.where(best < HOPELESS, worth.shape[-1] - 1, is_enough.argmax(axis=-1))
    return found


def log_counts(members: Floats, tolerance: float = TOLERANCE) -> Floats:
    """[n, 3]: logarithm of how often each profile is the cheapest good-enough one over an ensemble's chances of being
    right, members [n, B, 3].
    """
    chosen = cheapest(members, tolerance)
    counts = (chosen[..., None] == np.arange(members.shape[-1])).sum(axis=1) + PRIOR_VOTES
    found: Floats = np.log(counts / counts.sum(axis=-1, keepdims=True))
    return found


def probabilities(members: Floats, power: float, bias: Sequence[float] | Floats) -> Floats:
    """[n, 3]: the probability that each profile is the cheapest good-enough one.

    members: [n, B, 3]. power, bias [3]: counted shares are raised to the power and weighted by the exponential of the
    bias, as fitted on held-out labels; a power of 0 leaves how often each label occurs.
    """
    logits = power * log_counts(members) + np.asarray(bias, float)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: Floats = np.divide(weights, weights.sum(axis=-1, keepdims=True))
    return found


def sigmoid(logits: Floats) -> Floats:
    """Logits to probabilities."""
    found: Floats = np.divide(1.0, 1.0 + np.exp(-np.clip(logits, -50, 50)))
    return found


def survival(hazard_logits: Floats) -> Floats:
    """[n, T]: share still open after each bin."""
    found: Floats = (1 - sigmoid(hazard_logits)).cumprod(axis=1)
    return found


def hazard_curve(curve: Floats, settle_logits: Floats) -> Floats:
    """[n, T + 1]: from the direct level to that of a long thought, as answers that will be right become it.

    curve [n, T + 1]: probabilities, of which the first and the last are used; settle_logits [n, T].
    """
    direct, long = curve[:, :1], curve[:, -1:]
    return np.hstack([direct, direct + (long - direct) * (1 - survival(settle_logits))])


def conformal_p(distances: Floats, found: Floats) -> Floats:
    """[n]: share of held-out distances [m], rising, that are at least this large, itself counted (Vovk et al. 2005)."""
    larger = len(distances) - np.searchsorted(distances, found, side="left")
    p: Floats = (larger + 1) / (len(distances) + 1)
    return p

"""From logits to curves, and from curves to easy, normal or hard: the cheapest profile nearly as good as the best.

In: what fitting, judging and the runtime must do alike. Not in: heads, records. numpy alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgereason.probing.features import Floats

TOLERANCE = 0.02  # of the chance of being right: what a cheaper profile may lose against the best
FAR = 0.05  # conformal p below which a question is far from what was fitted on
PRIOR_VOTES = 0.5  # added to each profile's count over the ensemble, so that none is impossible


def cheapest(worth: Floats, tolerance: float = TOLERANCE) -> npt.NDArray[np.int64]:
    """[...]: index of the first profile, cheapest first along the last axis, within `tolerance` of the best."""
    is_enough = worth >= worth.max(axis=-1, keepdims=True) - tolerance
    found: npt.NDArray[np.int64] = is_enough.argmax(axis=-1)
    return found


def probabilities(members: Floats, power: float, tolerance: float = TOLERANCE) -> Floats:
    """[n, 3]: how often each profile is the cheapest good-enough one over an ensemble's chances of being right.

    members: [n, B, 3]. power: what the counted shares are raised to, as fitted on held-out labels.
    """
    chosen = cheapest(members, tolerance)
    counts = (chosen[..., None] == np.arange(members.shape[-1])).sum(axis=1) + PRIOR_VOTES
    powered = np.power(counts / counts.sum(axis=-1, keepdims=True), power)
    found: Floats = np.divide(powered, powered.sum(axis=-1, keepdims=True))
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

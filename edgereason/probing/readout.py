"""From curves to easy, normal or hard: which profile is the cheapest that is nearly as good as the best.

In: the one rule, for labels, held-out predictions and the runtime. Not in: heads, records. numpy alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgereason.probing.features import Floats

TOLERANCE = 0.02  # of the chance of being right: what a cheaper profile may lose against the best
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
    powered = (counts / counts.sum(axis=-1, keepdims=True)) ** power
    found: Floats = powered / powered.sum(axis=-1, keepdims=True)
    return found

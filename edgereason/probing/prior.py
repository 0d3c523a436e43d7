"""Difficulty without a fitted probe: how sure the model was of its direct answer.

With p the geometric mean probability of the direct answer's tokens, easy, normal and hard get p**2, 2p(1-p) and
(1-p)**2: both of two independent looks agree with the direct answer, one does, none does. A documented stand-in and
no calibrated estimate, as its source says; with no direct answer every profile is as likely as the next.
"""

from __future__ import annotations

import math

from edgereason.types import LABELS, Difficulty, Evidence, Label

PRIOR = "confidence of the direct answer, uncalibrated (`edgereason probe train` fits a probe)"


class DirectAnswerProbe:
    """Reads difficulty off the token probabilities of the direct answer; needs no fitting and knows no distribution."""

    def estimate(self, evidence: Evidence) -> Difficulty:
        """Uncalibrated probabilities that easy, normal or hard is the cheapest good-enough profile."""
        if evidence.direct_logprob is None:
            return _difficulty((1 / 3, 1 / 3, 1 / 3), "no direct answer to judge by", "normal")
        p = math.exp(min(0.0, evidence.direct_logprob))
        probabilities = (p * p, 2 * p * (1 - p), (1 - p) ** 2)
        label = LABELS[max(range(3), key=lambda i: probabilities[i])]
        return _difficulty(probabilities, PRIOR, label)


def _difficulty(probabilities: tuple[float, float, float], source: str, label: Label) -> Difficulty:
    return Difficulty(label=label, probabilities=dict(zip(LABELS, probabilities, strict=True)), source=source)

"""The fitted probe at work: evidence to a curve, probabilities of the profiles, and how far it is from home.

One product of a vector with a matrix; numpy alone. Far from what it was fitted on (Mahalanobis distance, conformal p
below FAR) the curve shrinks to the mean of the fitted questions and the probabilities to the prior's, in proportion.
"""

from __future__ import annotations

import contextlib

import numpy as np

from edgereason.errors import RecordError
from edgereason.probing.artifact import HINT, ProbeFile
from edgereason.probing.features import Floats, vector
from edgereason.probing.prior import DirectAnswerProbe
from edgereason.probing.readout import FAR, conformal_p, hazard_curve, probabilities, sigmoid, survival
from edgereason.protocols import Engine
from edgereason.types import LABELS, Difficulty, Evidence, ModelInfo

LEAST_COSINE = 0.99  # of hidden states of the same prompts, for another file of the lineage to pass for the fitted one
MOST_ERROR = 1e-3  # of an estimate against the stored one; float32 and other processors


class CurveProbe:
    """Estimates by a probe file; by the prior where there was no direct answer."""

    def __init__(self, probe: ProbeFile, name: str) -> None:
        self.file = probe
        self._name = name
        self._weight = probe.arrays["weight"].astype(np.float64)
        self._bias = probe.arrays["bias"].astype(np.float64)
        self._distances = probe.arrays["distances"].astype(np.float64)
        self._prior = DirectAnswerProbe()
        self.check()

    def check(self) -> None:
        """Compare estimates of the stored features with the stored estimates.

        Raises:
            RecordError: they differ.
        """
        found = self.outputs(self.file.arrays["test_features"].astype(np.float64))
        error = float(np.abs(found - self.file.arrays["test_outputs"]).max())
        if not error <= MOST_ERROR:
            raise RecordError(f"The probe {self._name!r} fails its own test by {error:.2g}.", hint=HINT)

    def outputs(self, features: Floats) -> Floats:
        """[n, T + 1 + T + 3 + 1]: right, finished, probabilities of the profiles, conformal p, before any shrinking.

        features: [n, F].
        """
        probe = self.file
        logits = features @ self._weight + self._bias
        curve, settle, finish, worth, place = (logits[:, part] for part in probe.columns)
        right = sigmoid(curve) if probe.form == "free" else hazard_curve(sigmoid(curve), settle)
        readout = probabilities(sigmoid(worth).reshape(len(logits), probe.members, 3), probe.power, probe.bias)
        p = conformal_p(self._distances, np.linalg.norm(place, axis=1))
        return np.column_stack([right, 1 - survival(finish), readout, p])

    def estimate(self, evidence: Evidence) -> Difficulty:
        """The difficulty of one question; a state of another size is judged by the prior."""
        prior = self._prior.estimate(evidence)
        features = vector(evidence)
        if features is None or len(features) != len(self._weight):
            return prior
        found, bins = self.outputs(features[None])[0], len(self.file.points)
        p = float(found[-1])
        trust = min(1.0, p / FAR)
        right = trust * found[: bins + 1] + (1 - trust) * self.file.arrays["mean_right"]
        finished = trust * found[bins + 1 : -4] + (1 - trust) * self.file.arrays["mean_finished"]
        shares = trust * found[-4:-1] + (1 - trust) * np.array([prior.probabilities[label] for label in LABELS])
        far = f", {1 - trust:.0%} by the prior: far from what it was fitted on (p = {p:.3f})" if trust < 1 else ""
        return Difficulty(
            label=LABELS[int(shares.argmax())],
            probabilities={label: float(share) for label, share in zip(LABELS, shares, strict=True)},
            source=f"probe {self._name!r}{far}",
            in_distribution=p >= FAR,
            calibrated=trust == 1,
            think_tokens=(0, *self.file.points),
            right=tuple(right.tolist()),
            finished=(0.0, *finished.tolist()),
        )


def check_fits(probe: ProbeFile, model: ModelInfo, engine: Engine) -> float:
    """The agreement of the model's states with those that the probe was fitted on; 1 for the very same file.

    Raises:
        RecordError: another lineage, or other weights.
    """
    hint = "Fit one for this model with `edgereason probe train`."
    if probe.lineage != model.lineage:
        raise RecordError(
            f"The probe is of lineage {probe.lineage!r}; {model.name!r} is of {model.lineage!r}.", hint=hint
        )
    if probe.provenance["model"].get("file") == model.file:
        return 1.0
    agreement = state_agreement(probe, engine)
    if agreement < LEAST_COSINE:
        raise RecordError(
            f"The probe was fitted on other weights: hidden states agree to {agreement:.3f}, less than {LEAST_COSINE}.",
            hint=hint,
        )
    return agreement


def state_agreement(probe: ProbeFile, engine: Engine) -> float:
    """The least cosine between this engine's states of the stored prompts and the stored ones; -1 for other sizes."""
    found = []
    for prompt, state in zip(probe.prompts, probe.arrays["states"], strict=True):
        with contextlib.closing(engine.prefill(prompt)) as prefix:
            hidden = prefix.hidden
        if hidden.shape != state.shape:
            return -1.0
        found.append(float(hidden @ state / max(1e-12, float(np.linalg.norm(hidden) * np.linalg.norm(state)))))
    return min(found, default=-1.0)

"""The calibrated probability of being right: a small logistic model of what is known when an answer is returned.

In: the model as plain numbers, its own test, fitting it, its part of a file. Not in: what the features are
(answers.known), which situations it is fitted on (evals.situations), which file it lies in (an accuracy profile; with
the probe's estimate among the features, a probe).
Invariant: what fails its own test is not used. numpy alone, so that recording needs no extra.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PENALTY = 1.0  # of squared weights of standardised features, over as many situations as questions
STEPS = 50  # of Newton's method at most
TESTS = 4  # situations whose probability is stored, of each kind
MOST_ERROR = 1e-6
FURTHEST_LOGIT = 8.0
KINDS = ("direct", "vote")  # the answer without thought, the answer of thinking rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrator:
    """P(right) = sigmoid(features @ weights + bias), for each of KINDS.

    weights: the last one is the bias; tests: features with the probability that they must give; questions: how many it
    was fitted on.
    """

    weights: Mapping[str, tuple[float, ...]]
    tests: Mapping[str, tuple[tuple[tuple[float, ...], float], ...]]
    questions: int

    def chance(self, kind: str, features: Sequence[float]) -> float:
        """The probability that the answer is right.

        Raises:
            ValueError: as many features as it was not fitted on.
        """
        *weights, bias = self.weights[kind]
        logit = bias + math.fsum(w * x for w, x in zip(weights, features, strict=True))
        return 1 / (1 + math.exp(-max(-FURTHEST_LOGIT, min(FURTHEST_LOGIT, logit))))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        tests = {kind: [[list(features), chance] for features, chance in each] for kind, each in self.tests.items()}
        return {"questions": self.questions, "weights": {k: list(w) for k, w in self.weights.items()}, "tests": tests}


def fit_calibrator(
    features: Mapping[str, Floats], right: Mapping[str, Floats], weights: Mapping[str, Floats], questions: int
) -> Calibrator:
    """The model of these situations: of each kind features [n, F], whether the answer was right [n], weights [n]."""
    fitted = {kind: _logistic(features[kind], right[kind], weights[kind]) for kind in KINDS}
    bare = Calibrator(weights=fitted, tests={}, questions=questions)
    places = {kind: np.linspace(0, len(features[kind]) - 1, TESTS).astype(int) for kind in KINDS}
    rows = {kind: [tuple(map(float, features[kind][k])) for k in places[kind]] for kind in KINDS}
    tests = {kind: tuple((row, bare.chance(kind, row)) for row in rows[kind]) for kind in KINDS}
    return Calibrator(weights=fitted, tests=tests, questions=questions)


def calibrator_of(values: Mapping[str, Any]) -> Calibrator:
    """The model in parsed JSON, after its own test.

    Raises:
        ValueError, KeyError, TypeError: it is none, or fails its test.
    """
    made = Calibrator(
        weights={kind: tuple(float(w) for w in values["weights"][kind]) for kind in KINDS},
        tests={
            kind: tuple(
                (tuple(float(x) for x in features), float(chance)) for features, chance in values["tests"][kind]
            )
            for kind in KINDS
        },
        questions=int(values["questions"]),
    )
    errors = [abs(made.chance(kind, features) - chance) for kind in KINDS for features, chance in made.tests[kind]]
    if len(errors) < len(KINDS) or not max(errors) <= MOST_ERROR:
        raise ValueError("the calibration of its confidence fails its own test")
    return made


def _logistic(features: Floats, right: Floats, weights: Floats) -> tuple[float, ...]:
    """Weights and bias on features as they come: logistic regression with L2 by Newton's method, on standardised ones.

    Half a right and half a wrong situation more keep it finite where all are alike.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0.0)
    rows = np.column_stack([(features - mean) * scale, np.ones(len(features))])
    rows = np.vstack([rows, np.tile(np.append(np.zeros(features.shape[1]), 1.0), (2, 1))])
    truth, weight = np.append(right, [0.0, 1.0]), np.append(weights, [0.5, 0.5])
    penalty = np.append(np.full(features.shape[1], PENALTY), 1e-9)
    found = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        gradient = rows.T @ (weight * (chance - truth)) + penalty * found
        curvature = (rows * (weight * chance * (1 - chance))[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        found -= step
        if np.abs(step).max() < 1e-8:
            break
    own = found[:-1] * scale
    return (*map(float, own), float(found[-1] - mean @ own))

"""The heads of a probe: logistic regressions with L2 on a standardised, reduced state; each folds into one affine map.

In: reduction, heads for shares, heads for discrete-time hazards, heads on another predictor's logit, temperatures.
Not in: which heads a probe has (fit), folds and scores (judging). Needs scikit-learn, the extra `[fit]`.
Invariant: a fitted head is `features @ weight + bias`, so that inference needs numpy alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from edgereason.probing.features import Floats
from edgereason.probing.readout import sigmoid

LEAST_SPREAD = 1e-6  # of a feature; one that never changes says nothing
BIN_SCALE = 10.0  # of the indicators of bins, so that L2 hardly holds the baseline hazard
FURTHEST_LOGIT = 8.0
SCALAR_SCALE = 30.0  # of the few features beside the state, so that L2 holds the state's hundreds and hardly them


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is searched: directions kept of the state, and the inverse strength of L2."""

    components: int
    c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reducer:
    """Standardised features, the state among them in its leading directions: (x - mean) @ matrix.

    mean [F]; matrix [F, k].
    """

    mean: Floats
    matrix: Floats

    def apply(self, features: Floats) -> Floats:
        """[n, F] to [n, k]."""
        reduced: Floats = (features - self.mean) @ self.matrix
        return reduced


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Logits as an affine map of reduced features: weight [k, m], bias [m]."""

    weight: Floats
    bias: Floats

    def logits(self, reduced: Floats) -> Floats:
        """[n, k] to [n, m]."""
        found: Floats = reduced @ self.weight + self.bias
        return found

    def unreduced(self, reducer: Reducer) -> Head:
        """The same map on features as they come."""
        weight = reducer.matrix @ self.weight
        return Head(weight=weight, bias=self.bias - reducer.mean @ weight)


def logit(share: Floats | float) -> Floats:
    """Probabilities to logits, at most FURTHEST_LOGIT from 0."""
    least = float(sigmoid(np.array(-FURTHEST_LOGIT)))
    clipped = np.clip(share, least, 1 - least)
    found: Floats = np.log(clipped / (1 - clipped))
    return found


def fit_reducer(features: Floats, hidden: int, components: int) -> Reducer:
    """The first `hidden` features standardised and turned into principal directions, the others standardised."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > LEAST_SPREAD, 1 / np.maximum(spread, LEAST_SPREAD), 0.0)
    kept = min(components, hidden, len(features) - 1)
    matrix = np.zeros((features.shape[1], kept + features.shape[1] - hidden))
    if kept:
        state = (features[:, :hidden] - mean[:hidden]) * scale[:hidden]
        matrix[:hidden, :kept] = scale[:hidden, None] * PCA(kept, svd_solver="full").fit(state).components_.T
    matrix[hidden:, kept:] = np.diag(SCALAR_SCALE * scale[hidden:])
    return Reducer(mean=mean, matrix=matrix)


def fit_shares(reduced: Floats, shares: Floats, c: float, weights: Floats | None = None) -> Head:
    """One head a column of shares [n, m]: a Bernoulli row a sample, all questions weighing alike (or as `weights`)."""
    each = [_fit_share(reduced, column, c, weights) for column in shares.T]
    return Head(weight=np.column_stack([w for w, _ in each]), bias=np.array([b for _, b in each]))


def _fit_share(reduced: Floats, share: Floats, c: float, weights: Floats | None) -> tuple[Floats, float]:
    """Two weighted rows a question, right and wrong, are its samples; where all are alike the level alone is left."""
    each = np.ones(len(share)) if weights is None else weights
    weight = np.concatenate([each * share, each * (1 - share)])
    used = weight > 0
    truth = np.repeat([1, 0], len(share))
    if len(set(truth[used])) < 2:
        level = (each @ share + 0.5) / (each.sum() + 1)
        return np.zeros(reduced.shape[1]), float(logit(level))
    model = LogisticRegression(C=c, solver="newton-cholesky", max_iter=100)
    model.fit(np.vstack([reduced, reduced])[used], truth[used], sample_weight=weight[used])
    return model.coef_[0], float(model.intercept_[0])


def fit_hazard(reduced: Floats, at_risk: Floats, events: Floats, c: float) -> Head:
    """A discrete-time hazard with a baseline of its own in each of T bins and proportional odds in the features.

    at_risk, events [n, T]: shares of a question's samples that entered a bin, and that ended in it (Singer and Willett
    1993). The head has T columns, which share their weights.
    """
    count, bins = at_risk.shape
    rows = np.hstack([np.repeat(reduced, bins, axis=0), np.tile(BIN_SCALE * np.eye(bins), (count, 1))])
    share = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0).ravel()
    entered = at_risk.ravel() > 0
    weight, bias = _fit_share(rows[entered], share[entered], c, at_risk.ravel()[entered])
    size = reduced.shape[1]
    baseline = np.clip(bias + BIN_SCALE * weight[size:], -FURTHEST_LOGIT, FURTHEST_LOGIT)
    return Head(weight=np.tile(weight[:size, None], (1, bins)), bias=baseline)


def fit_on_top(reduced: Floats, share: Floats, offset: Floats, c: float) -> Head:
    """A head of one column that is added to another predictor's logits [n], by penalised maximum likelihood."""

    def loss(values: Floats) -> tuple[float, Floats]:
        logits = offset + reduced @ values[:-1] + values[-1]
        residual = sigmoid(logits) - share
        total = float(np.sum(np.logaddexp(0, logits) - share * logits) + values[:-1] @ values[:-1] / (2 * c))
        return total, np.concatenate([reduced.T @ residual + values[:-1] / c, [residual.sum()]])

    found = minimize(loss, np.zeros(reduced.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return Head(weight=found[:-1, None], bias=found[-1:])


def fit_temperature(logits: Floats, share: Floats) -> float:
    """What logits [n] are to be divided by so that their log-loss is least (Guo et al. 2017), from 1/4 to 4."""

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float(np.mean(np.logaddexp(0, scaled) - share * scaled))

    return float(np.exp(minimize_scalar(loss, bounds=(-np.log(4), np.log(4)), method="bounded").x))

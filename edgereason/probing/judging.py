"""How good predictions are: folds of whole groups, losses, AUROC within families, calibration, intervals over clusters.

In: pure functions of predictions, shares and groups. Not in: models. Needs scikit-learn, the extra `[fit]`.
Invariant: a question's weight is 1 whatever its samples; intervals are taken over clusters, never over samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from edgereason.probing.features import Floats

Names = npt.NDArray[np.str_]
Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]  # training and test rows
RESAMPLES = 2000
LEAST_CLUSTERS = 4
BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over `n` clusters with its 95 % percentile bootstrap interval; None where the clusters are too few."""

    mean: float
    low: float | None
    high: float | None
    n: int


def folds_of(groups: Names, count: int) -> list[Fold]:
    """At most `count` folds of whole groups, of about equal size, the same each time."""
    found = GroupKFold(min(count, len(set(groups)))).split(np.zeros(len(groups)), groups=groups)
    return [(train, test) for train, test in found]


def each_left_out(groups: Names) -> list[Fold]:
    """One fold a group."""
    return [(np.flatnonzero(groups != group), np.flatnonzero(groups == group)) for group in sorted(set(groups))]


def log_loss(probability: Floats, share: Floats) -> Floats:
    """[...]: nats a question, the mean over its samples."""
    sure = np.clip(probability, 1e-6, 1 - 1e-6)
    found: Floats = -(share * np.log(sure) + (1 - share) * np.log(1 - sure))
    return found


def auroc(score: Floats, share: Floats) -> float:
    """The chance that a right sample's question scores above a wrong one's; nan where there is one class only."""
    if not 0 < share.sum() < len(share):
        return float("nan")
    truth, weight = np.repeat([1, 0], len(score)), np.concatenate([share, 1 - share])
    return float(roc_auc_score(truth, np.concatenate([score, score]), sample_weight=weight))


def auroc_within(score: Floats, share: Floats, families: Names) -> dict[str, float]:
    """The AUROC within each family; families where it is undefined are left out."""
    found = {str(name): auroc(score[families == name], share[families == name]) for name in sorted(set(families))}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def noise_ceiling(right: Floats, families: Names, seed: int = 0) -> dict[str, float]:
    """The AUROC within each family that half of a question's samples [n, S] reach on the other half, over 8 splits."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {}
    for _ in range(8):
        order = rng.permutation(right.shape[1])
        seen, judged = (right[:, part].mean(axis=1) for part in np.array_split(order, 2))
        for name, value in auroc_within(seen, judged, families).items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def macro(values: Mapping[str, float] | Sequence[float], seed: int = 0) -> Estimate:
    """The mean of values, one a cluster, every cluster weighing alike."""
    each = np.array(list(values.values()) if isinstance(values, Mapping) else values, float)
    if not len(each):
        return Estimate(mean=float("nan"), low=None, high=None, n=0)
    if len(each) < LEAST_CLUSTERS:
        return Estimate(mean=float(each.mean()), low=None, high=None, n=len(each))
    drawn = np.random.default_rng(seed).integers(len(each), size=(RESAMPLES, len(each)))
    low, high = np.quantile(each[drawn].mean(axis=1), [0.025, 0.975])
    return Estimate(mean=float(each.mean()), low=float(low), high=float(high), n=len(each))


def by_cluster(values: Floats, clusters: Names) -> dict[str, float]:
    """The mean value of each cluster."""
    return {str(name): float(values[clusters == name].mean()) for name in sorted(set(clusters))}


def paired(first: Mapping[str, float], second: Mapping[str, float], seed: int = 0) -> Estimate:
    """The mean of second less first, over the clusters that both have."""
    return macro([second[name] - first[name] for name in sorted(first.keys() & second.keys())], seed)


def mean_of(values: Floats, clusters: Names, seed: int = 0) -> Estimate:
    """The mean over questions [n], with its interval over clusters resampled whole."""
    names, place = np.unique(clusters, return_inverse=True)
    sums, sizes = np.bincount(place, values), np.bincount(place)
    mean = float(values.mean())
    if len(names) < LEAST_CLUSTERS:
        return Estimate(mean=mean, low=None, high=None, n=len(names))
    drawn = np.random.default_rng(seed).integers(len(names), size=(RESAMPLES, len(names)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    return Estimate(mean=mean, low=float(low), high=float(high), n=len(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Predicted and seen shares in bins of equally many questions.

    error: mean absolute difference, weighted by n; debiased: root of the mean squared difference less what chance
    alone would bring (Kumar et al. 2019, section 4).
    """

    predicted: tuple[float, ...]
    seen: tuple[float, ...]
    n: tuple[int, ...]
    error: float
    debiased: float


def calibration(probability: Floats, share: Floats, clusters: npt.NDArray[np.int64] | None = None) -> Calibration:
    """How probabilities [n] and shares [n] agree; what chance brings is counted over clusters [n], if given."""
    parts = [part for part in np.array_split(np.argsort(probability, kind="stable"), BINS) if len(part) > 1]
    predicted = np.array([probability[part].mean() for part in parts])
    seen = np.array([share[part].mean() for part in parts])
    sizes = np.array([len(part) for part in parts])
    each = np.arange(len(share)) if clusters is None else clusters
    chance = np.array([_variance(share[part] - probability[part], each[part]) for part in parts])
    squared = float(np.average((predicted - seen) ** 2 - chance, weights=sizes))
    return Calibration(
        predicted=tuple(predicted.tolist()),
        seen=tuple(seen.tolist()),
        n=tuple(sizes.tolist()),
        error=float(np.average(np.abs(predicted - seen), weights=sizes)),
        debiased=float(np.sqrt(max(0.0, squared))),
    )


def _variance(values: Floats, clusters: npt.NDArray[np.int64]) -> float:
    """Of the mean of values [n] that come in clusters [n] (linearised, as of a ratio)."""
    _, place = np.unique(clusters, return_inverse=True)
    sums = np.bincount(place, values - values.mean())
    count = len(sums)
    return float((sums**2).sum() / len(values) ** 2 * count / (count - 1)) if count > 1 else 0.0

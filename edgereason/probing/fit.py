"""Fitting a probe, and predicting every question from folds that left its group out.

In: the search, the folds, the heads, the choice between the two forms of the curve. Not in: what the predictions are
worth (report), the artifact. Needs scikit-learn, the extra `[fit]`.
Invariant: whatever is scaled, reduced, searched or fitted is so on a fold's training questions alone; one number a
head, its temperature, is fitted on the other folds' held-out predictions.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.covariance import LedoitWolf
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from edgereason.errors import RecordError
from edgereason.probing.examples import HINT, Examples, hidden_size
from edgereason.probing.features import SCALARS, Floats
from edgereason.probing.heads import (
    Head,
    Reducer,
    Settings,
    fit_hazard,
    fit_on_top,
    fit_reducer,
    fit_shares,
    fit_temperature,
)
from edgereason.probing.judging import Fold, each_left_out, folds_of, log_loss
from edgereason.probing.readout import cheapest, hazard_curve, probabilities, sigmoid, survival
from edgereason.probing.rival import SETTINGS as RIVALS
from edgereason.probing.rival import TextFeatures, rival_logits

ALL = 256  # of a small model; what a large one has beyond would make estimates slow
SEARCHED = ((0, 0.1), (32, 0.03), (64, 0.001), (64, 0.003), (ALL, 0.01), (ALL, 0.001))
GRID = tuple(Settings(components=k, c=c) for k, c in SEARCHED)  # as many as the rival's
TEMPLATE_FOLDS = 5
INNER_FOLDS = 3
MEMBERS = 16  # refits on resampled templates: what is not known of the profiles' worth
BLOCKS = ("nothing", "direct answer", "hidden state", "both")  # put on top of the rival's logit
RIDGE = 1e-3  # on the biases of the readout

OnProgress = Callable[[int, int], None]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Everything that is fitted on one set of questions; m = reduced features.

    curve [m, T + 1]: right without thought, and if closed at each point; settle [m, T]: hazard of an answer that will
    be right to become it for good; finish [m, T]: hazard of a thought to end by itself; members [m, 3 B]: worth of
    easy, normal, hard on resampled templates. centre [m], whiten [m, m]: Mahalanobis distance as the length of
    (reduced - centre) @ whiten, the covariance shrunk (Ledoit and Wolf 2004).
    """

    settings: Settings
    reducer: Reducer
    curve: Head
    settle: Head
    finish: Head
    members: Head
    centre: Floats
    whiten: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Predictions of questions that were left out, aligned with the examples; nan where one was in no test fold.

    curve [n, T + 1] logits; hazard [n, T + 1] probabilities of the other form; finish [n, T] share still open;
    members [n, B, 3] probabilities; distance [n]; rival [n, 2] and on_top [n, 4, 2] logits for direct and long;
    fold [n]: which one
    """

    curve: Floats
    hazard: Floats
    finish: Floats
    members: Floats
    distance: Floats
    rival: Floats
    on_top: Floats
    fold: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The heads on all questions, what goes with them, and the held-out predictions that say what they are worth.

    families is None where there are fewer than two.
    """

    heads: Heads
    form: str  # "free" or "hazard"
    losses: dict[str, float]  # of both, held out
    temperatures: Floats  # [T + 1]
    power: float
    bias: tuple[float, float, float]
    distances: Floats  # [n], rising, held out
    templates: HeldOut
    families: HeldOut | None


def fit(examples: Examples, seed: int = 0, on_progress: OnProgress | None = None) -> Fitted:
    """The probe of these examples.

    Raises:
        RecordError: direct answers, or answers after a long thought, are all right or all wrong.
    """
    for name, share in (("Direct answers", examples.direct), ("Answers after a long thought", examples.long)):
        if share.min() == share.max():
            raise RecordError(
                f"{name} are all {'right' if share.min() else 'wrong'}: nothing to tell apart.", hint=HINT
            )
    outer = {"templates": folds_of(examples.templates, TEMPLATE_FOLDS)}
    if len(set(examples.families)) > 1:
        outer["families"] = each_left_out(examples.families)
    total, done = sum(map(len, outer.values())) + 1, 0

    def step() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total)

    with warnings.catch_warnings(), threadpool_limits(1):  # small matrices: threads would wait for each other
        warnings.simplefilter("ignore", ConvergenceWarning)
        held = {name: predict_held_out(examples, folds, seed, step) for name, folds in outer.items()}
        every = np.arange(len(examples.ids))
        heads = fit_heads(examples, every, search(examples, every), seed)
    step()
    losses = form_losses(held["templates"], examples)
    power, bias = fit_readout(held["templates"].members, labels(examples))
    return Fitted(
        heads=heads,
        form=min(losses, key=lambda form: losses[form]),
        losses=losses,
        temperatures=temperatures(held["templates"].curve, examples.curve),
        power=power,
        bias=bias,
        distances=np.sort(held["templates"].distance),
        templates=held["templates"],
        families=held.get("families"),
    )


# ---------------------------------------------------------------- one set of questions


def fit_heads(examples: Examples, rows: Indices, settings: Settings, seed: int) -> Heads:
    """All heads on these questions."""
    reducer = fit_reducer(examples.features[rows], hidden_size(examples.features), settings.components)
    reduced = reducer.apply(examples.features[rows])
    spread = LedoitWolf().fit(reduced)
    worth = examples.worth[rows].mean(axis=1)
    members = [
        fit_shares(reduced, worth, settings.c, weights)
        for weights in resampled(examples.templates[rows], MEMBERS, seed)
    ]
    return Heads(
        settings=settings,
        reducer=reducer,
        curve=fit_shares(reduced, examples.curve[rows], settings.c),
        settle=fit_hazard(reduced, *settling(examples.right[rows]), settings.c),
        finish=fit_hazard(reduced, *finishing(examples.length[rows], examples.points), settings.c),
        members=Head(
            weight=np.hstack([member.weight for member in members]),
            bias=np.concatenate([member.bias for member in members]),
        ),
        centre=spread.location_,
        whiten=np.linalg.cholesky(spread.get_precision()),
    )


def settling(right: Floats) -> tuple[Floats, Floats]:
    """(at risk, events) [n, T] of samples [n, S, T] that end right: the point from which on they are right."""
    is_settled = np.cumprod(right[:, :, ::-1], axis=2)[:, :, ::-1]
    will = is_settled[:, :, -1:]
    before = np.concatenate([np.zeros_like(will), is_settled[:, :, :-1]], axis=2)
    return (will * (1 - before)).mean(axis=1), (will * (is_settled - before)).mean(axis=1)


def finishing(length: Floats, points: Sequence[int]) -> tuple[Floats, Floats]:
    """(at risk, events) [n, T] of thoughts that end by themselves at these lengths [n, S]; infinite: censored."""
    edges = np.array([0, *points], float)
    is_open = length[:, :, None] > edges[:-1]
    ends = is_open & (length[:, :, None] <= edges[1:])
    return is_open.mean(axis=1), ends.mean(axis=1)


def resampled(groups: npt.NDArray[np.str_], count: int, seed: int) -> list[Floats]:
    """Weights of the questions in `count` bootstraps of whole groups."""
    names, place = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names)) for _ in range(count)]
    return [each[place].astype(float) for each in drawn]


def distance(heads: Heads, reduced: Floats) -> Floats:
    """[n]: Mahalanobis distance from what was fitted on."""
    found: Floats = np.linalg.norm((reduced - heads.centre) @ heads.whiten, axis=1)
    return found


# ---------------------------------------------------------------- search and folds


def inner_schemes(examples: Examples, rows: Indices) -> list[list[Fold]]:
    """Folds of these questions by family, where there are enough, and by template; positions within `rows`.

    Questions will come of kinds that were fitted on and of others, so settings are judged on both.
    """
    groups = [examples.families[rows], examples.templates[rows]]
    return [folds_of(each, INNER_FOLDS) for each in groups if len(set(each)) >= INNER_FOLDS]


def targets(examples: Examples) -> Floats:
    """[n, 2]: right without thought, right after a long one."""
    return np.column_stack([examples.direct, examples.long])


def search(examples: Examples, rows: Indices) -> Settings:
    """The settings with the least log-loss on inner folds, over direct and long."""
    losses = np.zeros(len(GRID))
    shares = targets(examples)[rows]
    for train, test in itertools.chain(*inner_schemes(examples, rows)):
        for place, settings in enumerate(GRID):
            features = examples.features[rows]
            reducer = fit_reducer(features[train], hidden_size(features), settings.components)
            head = fit_shares(reducer.apply(features[train]), shares[train], settings.c)
            chance = sigmoid(head.logits(reducer.apply(features[test])))
            losses[place] += log_loss(chance, shares[test]).sum()
    return GRID[int(losses.argmin())]


def search_rival(examples: Examples, rows: Indices) -> tuple[Floats, list[int]]:
    """(held-out logits [n, 2] on the first inner folds, the settings chosen for direct and for long)."""
    shares, schemes = targets(examples)[rows], inner_schemes(examples, rows)
    found = np.zeros((len(schemes), len(RIVALS), len(rows), 2))
    for logits, folds in zip(found, schemes, strict=True):
        for train, test in folds:
            seen, unseen = _text(examples, rows[train], rows[test])
            for place, settings in enumerate(RIVALS):
                for target in (0, 1):
                    logits[place, test, target] = rival_logits(settings, seen, shares[train, target], unseen)
    best = log_loss(sigmoid(found), shares).mean(axis=(0, 2)).argmin(axis=0)
    return np.column_stack([found[0, best[target], :, target] for target in (0, 1)]), best.tolist()


def _text(examples: Examples, train: Indices, test: Indices) -> tuple[Floats, Floats]:
    """Text features of both, fitted on the first."""
    parts = [([examples.texts[i] for i in rows], examples.counts[rows]) for rows in (train, test)]
    made = TextFeatures(*parts[0])
    return made.apply(*parts[0]), made.apply(*parts[1])


def predict_held_out(examples: Examples, folds: Sequence[Fold], seed: int, step: Callable[[], None]) -> HeldOut:
    """Each test question as predicted by what was searched and fitted without its fold."""
    n, bins = len(examples.ids), len(examples.points)
    curve, hazard = np.full((n, bins + 1), np.nan), np.full((n, bins + 1), np.nan)
    finish, members = np.full((n, bins), np.nan), np.full((n, MEMBERS, 3), np.nan)
    rival, on_top = np.full((n, 2), np.nan), np.full((n, len(BLOCKS), 2), np.nan)
    far, fold = np.full(n, np.nan), np.full(n, -1)
    for number, (train, test) in enumerate(folds):
        heads = fit_heads(examples, train, search(examples, train), seed)
        reduced = heads.reducer.apply(examples.features[test])
        curve[test] = heads.curve.logits(reduced)
        hazard[test] = hazard_curve(sigmoid(curve[test]), heads.settle.logits(reduced))
        finish[test] = survival(heads.finish.logits(reduced))
        members[test] = sigmoid(heads.members.logits(reduced)).reshape(len(test), MEMBERS, 3)
        far[test] = distance(heads, reduced)
        rival[test], on_top[test] = _with_rival(examples, train, test, heads)
        fold[test] = number
        step()
    return HeldOut(
        curve=curve,
        hazard=hazard,
        finish=finish,
        members=members,
        distance=far,
        rival=rival,
        on_top=on_top,
        fold=fold,
    )


def _with_rival(examples: Examples, train: Indices, test: Indices, heads: Heads) -> tuple[Floats, Floats]:
    """(rival [n_test, 2], each block on top [n_test, 4, 2]); blocks learn beside the rival's held-out logits."""
    inner, chosen = search_rival(examples, train)
    shares = targets(examples)[train]
    seen, unseen = _text(examples, train, test)
    reduced = [heads.reducer.apply(examples.features[rows]) for rows in (train, test)]
    rival, on_top = np.zeros((len(test), 2)), np.zeros((len(test), len(BLOCKS), 2))
    for target in (0, 1):
        rival[:, target] = rival_logits(RIVALS[chosen[target]], seen, shares[:, target], unseen)
        for place, columns in enumerate(_columns(reduced[0].shape[1])):
            head = fit_on_top(reduced[0][:, columns], shares[:, target], inner[:, target], heads.settings.c)
            on_top[:, place, target] = rival[:, target] + head.logits(reduced[1][:, columns])[:, 0]
    return rival, on_top


def _columns(width: int) -> list[slice]:
    """The reduced features of each block; the scalars come last."""
    hidden = width - len(SCALARS)
    return [slice(0, 0), slice(hidden, None), slice(0, hidden), slice(None)]


# ---------------------------------------------------------------- what is fitted on held-out predictions


def temperatures(logits: Floats, shares: Floats) -> Floats:
    """[m]: one for each column of logits [n, m]."""
    return np.array([fit_temperature(logits[:, k], shares[:, k]) for k in range(logits.shape[1])])


def tempered(logits: Floats, shares: Floats, fold: Indices) -> Floats:
    """[n, m] probabilities, each fold's temperatures fitted on the other folds."""
    found = np.zeros_like(logits)
    for number in sorted(set(fold.tolist())):
        own = fold == number
        found[own] = sigmoid(logits[own] / temperatures(logits[~own], shares[~own]))
    return found


def form_losses(held: HeldOut, examples: Examples) -> dict[str, float]:
    """The held-out log-loss of both forms, the mean over direct and all points; neither with a temperature."""
    return {
        "free": float(log_loss(sigmoid(held.curve), examples.curve).mean()),
        "hazard": float(log_loss(held.hazard, examples.curve).mean()),
    }


def labels(examples: Examples) -> npt.NDArray[np.int64]:
    """[n, 2]: the cheapest good-enough profile, by either half of the samples."""
    return cheapest(examples.worth)


def fit_readout(members: Floats, label: npt.NDArray[np.int64]) -> tuple[float, tuple[float, float, float]]:
    """(power, bias) of the readout with the least log-loss on labels [n, 2]; the power is not negative.

    A label that hardly occurs keeps some weight (RIDGE), and hard's bias is 0.
    """
    is_label = (label[:, :, None] == np.arange(3)).mean(axis=1)

    def loss(values: Floats) -> float:
        chances = probabilities(members, values[0], (values[1], values[2], 0.0))
        fit = -float((is_label * np.log(chances + 1e-12)).sum(axis=1).mean())
        return fit + RIDGE * float((values[1:] ** 2).sum())

    found = minimize(loss, np.array([1.0, 0.0, 0.0]), method="L-BFGS-B", bounds=[(0.0, 3.0), (-6, 6), (-6, 6)]).x
    return float(found[0]), (float(found[1]), float(found[2]), 0.0)

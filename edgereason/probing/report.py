"""What held-out predictions are worth, as one plain object: the card of a probe, and the report of an evaluation.

In: tables by family, what the state adds to the text, calibration, policies and what confusions cost. Not in: fitting,
files, words. Needs scikit-learn, the extra `[fit]`.
Invariant: every figure comes from questions that what made the prediction had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.probing.examples import Examples
from edgereason.probing.features import SCALARS, Floats
from edgereason.probing.fit import BLOCKS, Fitted, HeldOut, labels, targets, tempered
from edgereason.probing.judging import (
    LEAST_CLUSTERS,
    auroc_within,
    by_cluster,
    calibration,
    log_loss,
    macro,
    mean_of,
    noise_ceiling,
    paired,
)
from edgereason.probing.prior import DirectAnswerProbe
from edgereason.probing.readout import FAR, conformal_p, probabilities, sigmoid
from edgereason.types import LABELS, Evidence

TARGETS = ("direct", "long")
CONTRAST = "contrast"  # how the templates of contrast pairs begin


def card_of(examples: Examples, fitted: Fitted) -> dict[str, Any]:
    """Everything that is said of a probe, but for where it comes from."""
    schemes = {"templates": fitted.templates, "families": fitted.families}
    held = fitted.families or fitted.templates
    curve = {name: held_curve(each, examples, fitted.form) for name, each in schemes.items() if each is not None}
    return {
        "questions": len(examples.ids),
        "samples": int(examples.right.shape[1]),
        "templates": len(set(examples.templates)),
        "families": sorted({str(name) for name in examples.families}),
        "folds": {name: int(each.fold.max()) + 1 for name, each in schemes.items() if each is not None},
        "references": [asdict(reference) for reference in examples.references],
        "settings": asdict(fitted.heads.settings),
        "form": fitted.form,
        "form_losses": fitted.losses,
        "auroc": {target: _aurocs(examples, fitted, curve, place) for place, target in enumerate(TARGETS)},
        "contrasts": {
            target: contrasts(examples, _scores(examples, fitted, curve, place), place)
            for place, target in enumerate(TARGETS)
        },
        "adds": adds(examples, held),
        "adds_on": "families" if fitted.families is not None else "templates",
        "calibration": {
            name: {target: asdict(calibration(chance[:, -place], examples.curve[:, -place]))
                   for place, target in enumerate(TARGETS)}
            for name, chance in curve.items()
        },
        "policies": policies(examples, choices(examples, fitted.templates, fitted)),
        "policies_unseen_families": policies(examples, choices(examples, held, fitted)),
        "confusions": confusions(examples, choices(examples, fitted.templates, fitted)["probe"]),
        "readout": readout(examples, fitted),
        "far": far(examples, fitted),
    }  # fmt: skip


def adds_something(card: Mapping[str, Any]) -> bool:
    """Whether the probe beats the text alone on what was held out, for direct or for long, in order or in log-loss.

    In order: its AUROC within families less the text's; in log-loss: what it saves on top of the text's logit. Either
    interval must lie above 0. Four looks: a useless probe passes in up to one of ten cases.
    """
    name = "probe less text, family unseen" if card["adds_on"] == "families" else "probe less text"
    gains = [card["auroc"][target]["gains"][name] for target in TARGETS]
    gains += [card["adds"][target]["both"] for target in TARGETS]
    return any(gain["low"] is not None and gain["low"] > 0 for gain in gains)


def held_curve(held: HeldOut, examples: Examples, form: str) -> Floats:
    """[n, T + 1]: held-out chances of being right, in the form that was kept; place 0 is direct, -1 is long."""
    return tempered(held.curve, examples.curve, held.fold) if form == "free" else held.hazard


# ---------------------------------------------------------------- telling apart


def _aurocs(examples: Examples, fitted: Fitted, curve: Mapping[str, Floats], place: int) -> dict[str, Any]:
    """A target's AUROC within each family: the text's, the direct answer's confidence's, the probe's, the ceiling."""
    share, families = targets(examples)[:, place], examples.families
    scores = _scores(examples, fitted, curve, place)
    found = {by: auroc_within(score, share, families) for by, score in scores.items()}
    if TARGETS[place] == "long":
        found["split-half ceiling"] = noise_ceiling(examples.right[:, :, -1], families)
    n = {str(name): int((families == name).sum()) for name in set(families)}
    level = by_cluster(share, families)
    gains = {"probe less text": paired(found["text"], found["probe"])}
    if fitted.families is not None:
        gains["probe less text, family unseen"] = paired(found["text, family unseen"], found["probe, family unseen"])
    return {
        "families": {name: {"n": n[name], "right": level[name], **{by: v.get(name) for by, v in found.items()}}
                     for name in sorted(n)},
        "macro": {by: asdict(macro(values)) for by, values in found.items()},
        "gains": {by: asdict(gain) for by, gain in gains.items()},
    }  # fmt: skip


def _scores(examples: Examples, fitted: Fitted, curve: Mapping[str, Floats], place: int) -> dict[str, Floats]:
    """[n] each: what orders the questions, held out by template and by family."""
    column = -place  # of a curve: 0 is direct, -1 is long
    found = {
        "text": fitted.templates.rival[:, place],
        "direct confidence": _sureness(examples),
        "probe": curve["templates"][:, column],
    }
    if fitted.families is not None:
        found["text, family unseen"] = fitted.families.rival[:, place]
        found["probe, family unseen"] = curve["families"][:, column]
    return found


def _sureness(examples: Examples) -> Floats:
    """[n]: log-odds of the direct answer."""
    found: Floats = examples.features[:, -len(SCALARS) + SCALARS.index("direct_log_odds")]
    return found


def contrasts(examples: Examples, scores: Mapping[str, Floats], place: int) -> dict[str, Any] | None:
    """AUROC among the contrast pairs alone: the same tokens, of which another arrangement is easy or hard.

    There a text's length and counts say nothing. None where there are no such questions, or they are all of one class.
    """
    chosen = np.array([str(name).split("/")[-1].startswith(CONTRAST) for name in examples.templates])
    share, families = targets(examples)[chosen, place], examples.families[chosen]
    found = {by: auroc_within(score[chosen], share, families) for by, score in scores.items()}
    if not any(found.values()):
        return None
    gains = {"probe less text": paired(found["text"], found["probe"])} if "text" in found else {}
    return {
        "n": int(chosen.sum()),
        "macro": {by: asdict(macro(values)) for by, values in found.items()},
        "gains": {by: asdict(gain) for by, gain in gains.items()},
    }


def adds(examples: Examples, held: HeldOut) -> dict[str, dict[str, Any]]:
    """Log-loss [nats a question] that each block saves on top of the text's logit; clusters are families, if enough."""
    enough = len(set(examples.families)) >= LEAST_CLUSTERS
    clusters = examples.families if enough else examples.templates
    found: dict[str, dict[str, Any]] = {}
    for place, target in enumerate(TARGETS):
        share = targets(examples)[:, place]
        losses = [log_loss(sigmoid(held.on_top[:, block, place]), share) for block in range(len(BLOCKS))]
        found[target] = {
            block: asdict(macro(by_cluster(losses[0] - losses[number], clusters)))
            for number, block in enumerate(BLOCKS)
            if number
        }
    return found


# ---------------------------------------------------------------- choosing


def choices(examples: Examples, held: HeldOut, fitted: Fitted) -> dict[str, npt.NDArray[np.int64]]:
    """[n] or [n, 2]: the profile that each policy takes; `oracle` has seen the other half of the samples."""
    prior = [DirectAnswerProbe().estimate(evidence) for evidence in _evidences(examples)]
    n = len(examples.ids)
    return {
        **{f"always {label}": np.full(n, place) for place, label in enumerate(LABELS)},
        "confidence of the direct answer": np.array([LABELS.index(each.label) for each in prior]),
        "probe": probabilities(held.members, fitted.power, fitted.bias).argmax(axis=1),
        "the other half's label": labels(examples)[:, ::-1],
    }


def _evidences(examples: Examples) -> list[Evidence]:
    logprobs = -np.logaddexp(0, -_sureness(examples))
    return [Evidence(hidden=None, prompt_tokens=0, direct_logprob=float(value)) for value in logprobs]


def _taken(values: Floats, chosen: npt.NDArray[np.int64]) -> Floats:
    """[n, 2]: the chosen profile's value on each half, of values [n, 2, 3] and choices [n] or [n, 2]."""
    each = np.broadcast_to(chosen[:, None] if chosen.ndim == 1 else chosen, values.shape[:2])
    found: Floats = np.take_along_axis(values, each[:, :, None], axis=2)[:, :, 0]
    return found


def policies(examples: Examples, chosen: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, dict[str, Any]]:
    """What each policy would have brought: right, think tokens, and both less those of `always hard`."""
    hard = chosen["always hard"]
    base = [_taken(values, hard).mean(axis=1) for values in (examples.worth, examples.spent)]
    found = {}
    for name, each in chosen.items():
        right, spent = (_taken(values, each).mean(axis=1) for values in (examples.worth, examples.spent))
        found[name] = {
            "right": asdict(mean_of(right, examples.templates)),
            "think_tokens": asdict(mean_of(spent, examples.templates)),
            "right_less_hard": asdict(mean_of(right - base[0], examples.templates)),
            "tokens_over_hard": float(spent.mean() / max(1e-9, base[1].mean())),
            "shares": [float((each == place).mean()) for place in range(3)],
        }
    return found


def confusions(examples: Examples, chosen: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """For each label (by one half) and choice: how many, and what the choice costs on the other half."""
    found = []
    for label in range(3):
        for choice in range(3):
            right, spent, n = [], [], 0
            for half in (0, 1):
                rows = (labels(examples)[:, half] == label) & (chosen == choice)
                other = 1 - half
                right.append(examples.worth[rows, other, choice] - examples.worth[rows, other, label])
                spent.append(examples.spent[rows, other, choice] - examples.spent[rows, other, label])
                n += int(rows.sum())
            found.append({
                "label": LABELS[label],
                "chosen": LABELS[choice],
                "share": n / (2 * len(chosen)),
                "right": float(np.concatenate(right).mean()) if n else None,
                "think_tokens": float(np.concatenate(spent).mean()) if n else None,
            })  # fmt: skip
    return found


def readout(examples: Examples, fitted: Fitted) -> dict[str, Any]:
    """How the probabilities of the profiles agree with labels by half of the samples, held out by template."""
    chance = probabilities(fitted.templates.members, fitted.power, fitted.bias)
    label = labels(examples)
    is_label = (label[:, :, None] == np.arange(3)).mean(axis=1)
    rates = is_label.mean(axis=0)
    return {
        "power": fitted.power,
        "bias": fitted.bias,
        "log_loss": float(-(is_label * np.log(chance)).sum(axis=1).mean()),
        "log_loss_of_rates": float(-(is_label * np.log(np.clip(rates, 1e-9, 1))).sum(axis=1).mean()),
        "agreement": float((chance.argmax(axis=1)[:, None] == label).mean()),
        "agreement_of_halves": float((label[:, 0] == label[:, 1]).mean()),
        "calibration": {name: asdict(calibration(chance[:, k], is_label[:, k])) for k, name in enumerate(LABELS)},
    }


def far(examples: Examples, fitted: Fitted) -> dict[str, float]:
    """The share of each family's questions that look far away to a probe that has not seen the family."""
    if fitted.families is None:
        return {}
    p = conformal_p(fitted.distances, fitted.families.distance)
    return by_cluster((p < FAR).astype(float), examples.families)


# ---------------------------------------------------------------- a probe on records it has not seen


def evaluation(examples: Examples, chances: Floats, shares: Floats, p_values: Floats) -> dict[str, Any]:
    """What a finished probe is worth on other questions: chances [n, T + 1] of being right, shares [n, 3] of the
    profiles, conformal p [n]."""
    families = examples.families
    chosen = {
        **{f"always {label}": np.full(len(families), place) for place, label in enumerate(LABELS)},
        "probe": shares.argmax(axis=1),
        "the other half's label": labels(examples)[:, ::-1],
    }
    found: dict[str, Any] = {"questions": len(families), "auroc": {}, "contrasts": {}, "calibration": {}}
    for place, target in enumerate(TARGETS):
        share = targets(examples)[:, place]
        within = {"probe": auroc_within(chances[:, -place], share, families)}
        if target == "long":
            within["split-half ceiling"] = noise_ceiling(examples.right[:, :, -1], families)
        found["auroc"][target] = {
            "families": {str(name): {"n": int((families == name).sum()), "right": float(share[families == name].mean()),
                                     **{by: v.get(str(name)) for by, v in within.items()}}
                         for name in sorted(set(families))},
            "macro": {by: asdict(macro(values)) for by, values in within.items()},
        }  # fmt: skip
        scores = {"direct confidence": _sureness(examples), "probe": chances[:, -place]}
        found["contrasts"][target] = contrasts(examples, scores, place)
        found["calibration"][target] = asdict(calibration(chances[:, -place], share))
    found["policies"] = policies(examples, chosen)
    found["far"] = by_cluster((p_values < FAR).astype(float), families)
    return found

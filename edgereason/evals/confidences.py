"""What a calibrated confidence is worth, and whether the probe's estimate belongs into it.

In: held-out probabilities by template, their Brier score and reliability, the choice. Not in: situations, the model.
Needs scikit-learn, the extra `[fit]`.
Invariant: every figure is of questions of templates that what predicted them had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.evals.situations import Floats, Situations, calibrator, chances, situations
from edgereason.probing.judging import Names, calibration, folds_of, log_loss, mean_of
from edgereason.profiling.calibrator import KINDS, Calibrator
from edgereason.protocols import Record
from edgereason.types import Difficulty

FOLDS = 5
NAMES = {"direct": "answers without thought", "vote": "answers of thinking rows"}


def with_probe(
    records: Sequence[Record], points: Sequence[int], curve: Floats, templates: Names, seed: int = 0
) -> tuple[Calibrator | None, dict[str, Any]]:
    """(what makes a probability of votes, tokens and the probe's estimate; its part of the card).

    None where the probe's estimate does not lower the log-loss on templates left out; the accuracy profile's then
    serves. curve [n, T + 1]: what was predicted of each question without its template.
    """
    predicted = [_difficulty(points, row) for row in curve.tolist()]
    found = {
        "votes and tokens": situations(records, points, seed=seed),
        "and the probe": situations(records, points, predicted, seed),
    }
    if any(calibrator(each) is None for each in found.values()):
        return None, {}
    held = {name: held_out(each, templates) for name, each in found.items()}
    report = {name: reliability(found[name], held[name]) for name in found}
    plain, more = found.values()
    losses = [_losses(each, held[name]) for name, each in found.items()]
    saved = mean_of(losses[0] - losses[1], templates[np.concatenate([plain[kind].question for kind in KINDS])])
    pays = saved.low is not None and saved.low > 0
    return (calibrator(more) if pays else None), {"reliability": report, "saved": asdict(saved), "with_probe": pays}


def judged(
    records: Sequence[Record],
    points: Sequence[int],
    models: Mapping[str, tuple[Calibrator, Sequence[Difficulty] | None]],
) -> dict[str, Any]:
    """The reliability of finished models on questions that they were not fitted on."""
    report = {}
    for name, (model, predicted) in models.items():
        found = situations(records, points, predicted)
        report[name] = reliability(found, {kind: chances(model, found[kind], kind) for kind in KINDS})
    return {"reliability": report}


def held_out(found: Mapping[str, Situations], templates: Names) -> dict[str, Floats]:
    """Of each kind [n]: probabilities by models that have not seen the question's template."""
    chance = {kind: np.full(len(found[kind].right), np.nan) for kind in KINDS}
    for train, test in folds_of(templates, FOLDS):
        model = calibrator({kind: _of(found[kind], train) for kind in KINDS})
        assert model is not None
        for kind in KINDS:
            own = np.isin(found[kind].question, test)
            chance[kind][own] = chances(model, _of(found[kind], test), kind)
    return chance


def reliability(found: Mapping[str, Situations], chance: Mapping[str, Floats]) -> dict[str, Any]:
    """Of each kind: level, Brier score, that of the level alone, log-loss, and calibration over questions."""
    report = {}
    for kind in KINDS:
        right, p = found[kind].right, chance[kind]
        report[NAMES[kind]] = {
            "situations": len(right),
            "right": float(right.mean()),
            "brier": float(np.mean((p - right) ** 2)),
            "brier_of_level": float(right.var()),
            "log_loss": float(log_loss(p, right).mean()),
            **asdict(calibration(p, right, found[kind].question)),
        }
    return report


def _losses(found: Mapping[str, Situations], chance: Mapping[str, Floats]) -> Floats:
    return np.concatenate([log_loss(chance[kind], found[kind].right) for kind in KINDS])


def _of(found: Situations, questions: npt.NDArray[np.int64]) -> Situations:
    """The situations of these questions."""
    own = np.isin(found.question, questions)
    return Situations(
        features=found.features[own], right=found.right[own], votes=found.votes[own], question=found.question[own]
    )


def _difficulty(points: Sequence[int], right: Sequence[float]) -> Difficulty:
    return Difficulty(label="easy", probabilities={}, source="held out", think_tokens=(0, *points), right=tuple(right))

"""Situations in which an answer is returned, drawn from recorded questions: what was known, and whether it was right.

In: subsets of a question's samples, closed at recorded points, decided and voted on by the laws of a live request.
Not in: what is known of one (answers.known), the model that is fitted on them (profiling.calibrator).
Invariant: all of a question's situations together weigh 1; which are drawn follows from the seed alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgereason.answers import MajorityVote
from edgereason.answers.known import features
from edgereason.profiling.accuracy import AccuracyProfile, think_length
from edgereason.profiling.calibrator import KINDS, Calibrator, fit_calibrator
from edgereason.protocols import Record
from edgereason.records import rollout_of
from edgereason.types import Difficulty, Rollout

DRAWS = 16  # situations of a question with thinking rows, besides the one with its direct answer alone
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situations:
    """n situations of one kind: features [n, F], right [n], votes [n], question [n]: the place of its record."""

    features: Floats
    right: Floats
    votes: npt.NDArray[np.int64]
    question: npt.NDArray[np.int64]

    @property
    def weights(self) -> Floats:
        """[n]: those of a question add up to 1."""
        found: Floats = np.divide(1.0, np.bincount(self.question)[self.question])
        return found


def situations(
    records: Sequence[Record],
    points: Sequence[int],
    difficulties: Sequence[Difficulty] | None = None,
    seed: int = 0,
) -> dict[str, Situations]:
    """What could have been known of these questions; of each kind one or DRAWS of every question that has an answer.

    Widths are drawn from 1 to half of the samples, in even steps of their logarithm; closing points from `points`, the
    last of which is the cap. difficulties: what was predicted of each question by a probe that had not seen it.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[list[float], bool, int, int]]] = {kind: [] for kind in KINDS}
    for place, record in enumerate(records):
        difficulty = None if difficulties is None else difficulties[place]
        direct = [(rollout_of(s), s["correct"]) for s in record["samples"] if s["arm"] == "direct"]
        plain = [sample for sample in record["samples"] if sample["arm"] == "plain"]
        most = max(1, len(plain) // 2)
        drawn = [(0, points[0]), *((_width(rng, most), int(rng.choice(points))) for _ in range(DRAWS))] if plain else []
        for width, point in drawn:
            chosen = [plain[k] for k in rng.permutation(len(plain))[:width]]
            rows = [*direct, *_thought(chosen, point)]
            rollouts = [rollout for rollout, _ in rows]
            answer = MajorityVote().select(rollouts)
            if answer is not None:
                kind, values = features(rollouts, answer.canonical, difficulty)
                found[kind].append((values, rows[answer.rollouts[0]][1], width, place))
    return {kind: _stacked(each) for kind, each in found.items()}


def calibrator(found: Mapping[str, Situations]) -> Calibrator | None:
    """The model of P(right) in these situations; None where there are none of a kind."""
    if not all(len(found[kind].right) for kind in KINDS):
        return None
    return fit_calibrator(
        {kind: found[kind].features for kind in KINDS},
        {kind: found[kind].right for kind in KINDS},
        {kind: found[kind].weights for kind in KINDS},
        len(set(found["vote"].question.tolist())),
    )


def calibrated(profile: AccuracyProfile, records: Sequence[Record]) -> AccuracyProfile:
    """The profile with what makes a probability of votes and token confidences, fitted on the same records."""
    found = situations([record for record in records if record["samples"]], profile.all.think_tokens)
    return replace(profile, confidence=calibrator(found))


def chances(model: Calibrator, found: Situations, kind: str) -> Floats:
    """[n]: the probabilities that the model gives."""
    return np.array([model.chance(kind, row) for row in found.features.tolist()])


def rollout_at(sample: Record, point: int) -> Rollout:
    """The rollout of a sample whose thought is closed after `point` think tokens; as it was where it ended before."""
    rollout = rollout_of(sample)
    cut = next((each for each in sample["cuts"] if each["think_tokens"] >= point), None)
    if cut is None:
        return rollout
    end = int(np.flatnonzero(~np.array(sample["forced"][: sample["reasoning_tokens"]]))[cut["think_tokens"] - 1]) + 1
    return replace(
        rollout,
        **{name: getattr(rollout, name)[:end] for name in ("tokens", "logprobs", "entropies", "forced")},
        answer=cut["answer"],
        canonical=cut["canonical"],
        confidence=0.0 if cut["logprob"] is None else math.exp(cut["logprob"]),
        finish="forced",
        reasoning_tokens=end,
    )


def _width(rng: np.random.Generator, most: int) -> int:
    return round(math.exp(rng.uniform(0.0, math.log(most + 0.49)))) if most > 1 else 1


def _thought(samples: Sequence[Record], point: int) -> list[tuple[Rollout, bool]]:
    """Rollouts of rows closed there and whether they are right, in the order in which they end; once decided, the
    others have no answer, as in a live request."""
    rows = []
    for sample in sorted(samples, key=lambda each: min(think_length(each), point)):
        cut = next((each for each in sample["cuts"] if each["think_tokens"] >= point), None)
        rows.append((rollout_at(sample, point), bool((cut or sample)["correct"])))
    vote = MajorityVote()
    for ended in range(1, len(rows)):
        if vote.is_decided([rollout for rollout, _ in rows[:ended]], len(rows)):
            dropped = [(replace(r, answer=None, canonical=None, finish="decided"), False) for r, _ in rows[ended:]]
            return [*rows[:ended], *dropped]
    return rows


def _stacked(rows: Sequence[tuple[list[float], bool, int, int]]) -> Situations:
    return Situations(
        features=np.array([values for values, _, _, _ in rows], float),
        right=np.array([right for _, right, _, _ in rows], float),
        votes=np.array([votes for _, _, votes, _ in rows], np.int64),
        question=np.array([place for _, _, _, place in rows], np.int64),
    )

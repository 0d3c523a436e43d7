"""Rollouts to an answer, and whether the rows still running could change it. One law for both.

The law: each rollout with an answer has one vote of some weight. Answers without thought count only where no thinking
rollout has one. Most weight wins; ties go to the larger sum of confidences, then to the earliest finish, then to the
text that sorts first. So the winner does not depend on the order of the rollouts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgereason.types import Answer, Rollout


def one_vote(rollout: Rollout) -> float:
    """Every rollout counts the same."""
    return 1.0


@dataclass(frozen=True, slots=True)
class _Tally:
    """What speaks for one canonical answer: its votes, and the indices of the rollouts that cast them."""

    canonical: str
    weight: float
    confidence: float
    finished_s: float
    indices: tuple[int, ...]

    @property
    def strength(self) -> tuple[float, float]:
        """What a row still running could add to."""
        return self.weight, self.confidence


@dataclass(frozen=True, slots=True)
class MajorityVote:
    """Majority over canonical answers (protocols.Selector).

    weight: a rollout's vote, from 0 to `most_weight`; what a running row could at most bring is part of `is_decided`.
    """

    weight: Callable[[Rollout], float] = one_vote
    most_weight: float = 1.0

    def select(self, rollouts: Sequence[Rollout]) -> Answer | None:
        """The winning answer, or None where no rollout has one.

        `confidence` is uncalibrated: the winner's share of all weight, each vote counted as far as it was confident.
        """
        tallies = self._tallies(rollouts)
        if not tallies:
            return None
        winner = tallies[0]
        total = math.fsum(tally.weight for tally in tallies)
        sure = math.fsum(self.weight(rollouts[index]) * _sure(rollouts[index]) for index in winner.indices)
        best = min(
            (rollouts[index] for index in winner.indices), key=lambda row: (-_sure(row), row.finished_s, row.row)
        )
        return Answer(
            text=best.answer or winner.canonical,
            canonical=winner.canonical,
            confidence=sure / total if total else 0.0,
            votes={tally.canonical: tally.weight for tally in tallies},
            rollouts=winner.indices,
            decided_by=_decided_by(tallies, is_direct=best.is_direct),
        )

    def is_decided(self, rollouts: Sequence[Rollout], most_rows: int) -> bool:
        """Whether no outcome of the rows still running (`most_rows` in all, finished ones included) changes the winner.

        The worst case: all of them give one other answer, with full weight and full confidence. A tie that only the
        time of finishing would break is open.
        """
        running = most_rows - len(rollouts)
        if running <= 0:
            return True
        thinking = [rollout for rollout in rollouts if not rollout.is_direct]
        tallies = self._tallies(thinking)
        if not tallies:
            return False
        best, *others = tallies
        strongest = max([(0.0, 0.0), *(tally.strength for tally in others)])
        return best.strength > (strongest[0] + running * self.most_weight, strongest[1] + running)

    def _tallies(self, rollouts: Sequence[Rollout]) -> list[_Tally]:
        """The votes for each answer, the winner first."""
        voters = [index for index, rollout in enumerate(rollouts) if rollout.canonical is not None]
        thinking = [index for index in voters if not rollouts[index].is_direct]
        by_answer: dict[str, list[int]] = defaultdict(list)
        for index in thinking or voters:
            by_answer[rollouts[index].canonical or ""].append(index)
        tallies = [self._tally(canonical, indices, rollouts) for canonical, indices in by_answer.items()]
        return sorted(tallies, key=lambda tally: (-tally.weight, -tally.confidence, tally.finished_s, tally.canonical))

    def _tally(self, canonical: str, indices: list[int], rollouts: Sequence[Rollout]) -> _Tally:
        """The sums of one answer; fsum, so that order does not matter in the last digit."""
        voters = [rollouts[index] for index in indices]
        return _Tally(
            canonical=canonical,
            weight=math.fsum(self.weight(voter) for voter in voters),
            confidence=math.fsum(_sure(voter) for voter in voters),
            finished_s=min(voter.finished_s for voter in voters),
            indices=tuple(indices),
        )


def _sure(rollout: Rollout) -> float:
    """The rollout's confidence within 0 and 1; what is not a number counts nothing."""
    return min(1.0, max(0.0, rollout.confidence)) if rollout.confidence == rollout.confidence else 0.0


def _decided_by(tallies: Sequence[_Tally], *, is_direct: bool) -> str:
    """What made the winner win."""
    if is_direct:
        return "direct"
    if len(tallies) == 1 or tallies[0].weight > tallies[1].weight:
        return "majority"
    return "confidence" if tallies[0].confidence > tallies[1].confidence else "earliest"

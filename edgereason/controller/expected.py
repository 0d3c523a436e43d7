"""What a plan should bring and take: expected accuracy and seconds of R rounds of K rows closed after t think tokens.

In: recorded curves and measured passes to options, and the choice among them; a question's own curves where a probe
predicts them. Not in: what is left to spend (plan), the prediction (probing).
The rows of one question end at about the same time: questions differ in how long they are thought about far more than
thoughts about one question do. So what is open after t tokens is priced with all of its rows alive.
Pure: the same inputs, the same choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgereason.profiling.accuracy import Curves, Share
from edgereason.types import Difficulty

LEAST_CHANCE = 0.001  # of being right, before its odds are taken
TOLERANCE = 0.001  # of accuracy: among options that are this close to the best, the cheapest is taken
MOST_ROUNDS = 4
Floats = npt.NDArray[np.float64]
Shape = tuple[int, int]  # rows at once, rounds of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """`rounds` times `rows` rows that think up to `think_tokens` tokens: expected share right, and expected seconds."""

    rows: int
    think_tokens: int
    accuracy: float
    seconds: float
    rounds: int = 1


def own_curves(mean: Curves, difficulty: Difficulty | None) -> Curves:
    """The curves of one question: those that the difficulty predicts for it; the mean ones where it predicts none.

    A vote of K multiplies the odds of one row closed there by as much as it does on average. Rows of one question go
    wrong together, so a vote is no binomial; maps of the predicted chance that were fitted for it did worse on
    questions left out (docs/log.md). The predicted shares have no intervals, and of votes there are only plain ones.
    """
    if difficulty is None or not difficulty.right:
        return mean
    direct, *right = difficulty.right
    points, finished = difficulty.think_tokens[1:], difficulty.finished[1:]
    alone, own = _log_odds([share.mean for share in mean.right]), _log_odds(right)
    gained = [_log_odds([share.mean for share in votes]) - alone for votes in mean.votes]
    voted = [own + np.interp(points, mean.think_tokens, each) for each in gained]
    left = 1 - np.array((0.0, *finished))
    return replace(
        mean,
        think_tokens=points,
        right=tuple(map(_share, right)),
        finished=finished,
        hazard=tuple((1 - left[1:] / np.maximum(left[:-1], LEAST_CHANCE)).tolist()),
        votes=tuple(tuple(map(_share, row)) for row in (1 / (1 + np.exp(-np.array(voted)))).tolist()),
        weighted=(),
        direct=_share(direct),
    )


def _log_odds(chances: Sequence[float]) -> Floats:
    within = np.clip(np.asarray(chances, float), LEAST_CHANCE, 1 - LEAST_CHANCE)
    found: Floats = np.log(within / (1 - within))
    return found


def _share(mean: float) -> Share:
    return Share(mean=mean, low=mean, high=mean)


def open_share(curves: Curves, steps: Floats) -> Floats:
    """Share of thoughts that are still open after so many tokens; linear between the recorded points."""
    share: Floats = np.interp(steps, (0, *curves.think_tokens), 1 - np.array((0.0, *curves.finished)))
    return share


def mean_place(curves: Curves) -> float:
    """Think tokens that a row has in the mean of all passes in which its thought is open."""
    steps = np.arange(curves.think_tokens[-1], dtype=float)
    still = open_share(curves, steps)
    return float(still @ steps / max(still.sum(), LEAST_CHANCE))


def expected_seconds(curves: Curves, tokens: int, pass_s: float) -> Floats:
    """[tokens + 1] expected seconds of decoding up to each number of think tokens, at so many seconds a pass."""
    return np.concatenate([[0.0], np.cumsum(open_share(curves, np.arange(tokens, dtype=float)) * pass_s)])


def accuracy_at(curves: Curves, rows: int, tokens: Sequence[float] | Floats) -> Floats:
    """Expected share right of a vote of `rows` that are closed there; of no rows, and of no thought, the direct one.

    A vote that is wider than any recorded counts as the widest.
    """
    votes = curves.votes[min(rows, curves.rows[-1]) - 1]
    direct = curves.direct.mean if curves.direct is not None else curves.right[0].mean
    return np.interp(tokens, (0, *curves.think_tokens), (direct, *(share.mean for share in votes)))


def shapes(votes: Iterable[int], most_rows: int) -> list[Shape]:
    """The ways to so many votes: all rows at once, where so many can be, or the same number in each of a few rounds."""
    return [
        (each // rounds, rounds)
        for each in votes
        for rounds in range(1, MOST_ROUNDS + 1)
        if each % rounds == 0 and each // rounds <= most_rows
    ]


def options(
    curves: Curves,
    shapes: Iterable[Shape],
    most_think: Callable[[int, int], int],
    pass_s: Callable[[int], float],
    left_s: Callable[[int], float],
    between_s: Callable[[int], float] = lambda rows: 0.0,
) -> list[Option]:
    """What can be had: each shape up to the recorded points, and up to where its time ends.

    Of a shape (rows, rounds): most_think: think tokens that each row may have; of so many rows: pass_s: seconds of a
    pass; left_s: seconds for their thoughts; between_s: seconds from the thoughts of one round to those of the next.
    """
    found, tried = [], tuple(shapes)
    times = {rows: (pass_s(rows), left_s(rows), between_s(rows)) for rows in {rows for rows, _ in tried}}
    reaches = {}
    for rows, rounds in tried:
        each_s, remaining_s, waiting_s = times[rows]
        thinking_s = remaining_s - (rounds - 1) * waiting_s
        reaches[rows, rounds] = int(min(most_think(rows, rounds), thinking_s / (rounds * each_s)))
    passes = expected_seconds(curves, max([0, *reaches.values()]), 1.0)  # once, for the longest
    for (rows, rounds), reach in reaches.items():
        each_s, _, waiting_s = times[rows]
        points = sorted({point for point in curves.think_tokens if point < reach} | {reach} if reach > 0 else ())
        seconds = (rounds * each_s * passes[points] + (rounds - 1) * waiting_s).tolist()
        right = accuracy_at(curves, rows * rounds, points).tolist()
        found += [
            Option(rows=rows, rounds=rounds, think_tokens=point, accuracy=accuracy, seconds=each)
            for point, accuracy, each in zip(points, right, seconds, strict=True)
        ]
    return found


def best(found: Sequence[Option], tolerance: float = TOLERANCE) -> Option:
    """The cheapest of those within `tolerance` of the most accurate."""
    most = max(option.accuracy for option in found)
    return min(
        (option for option in found if option.accuracy >= most - tolerance),
        key=lambda option: (option.seconds, option.rows * option.rounds, option.rounds),
    )


def runner_up(found: Sequence[Option], chosen: Option) -> Option | None:
    """The best option of another number of votes."""
    others = [option for option in found if option.rows * option.rounds != chosen.rows * chosen.rounds]
    return best(others) if others else None

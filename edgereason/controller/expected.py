"""What a plan should bring and take: expected accuracy and seconds of K rows that are closed after t think tokens.

In: recorded curves and measured passes to options, and the choice among them. Not in: what is left to spend (plan).
The rows of one question end at about the same time: questions differ in how long they are thought about far more than
thoughts about one question do. So what is open after t tokens is priced with all of its rows alive.
Pure: the same inputs, the same choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgereason.profiling.accuracy import Curves

TOLERANCE = 0.001  # of accuracy: among options that are this close to the best, the cheapest is taken
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """`rows` rows that think up to `think_tokens` tokens: expected share right, and expected seconds."""

    rows: int
    think_tokens: int
    accuracy: float
    seconds: float


def open_share(curves: Curves, steps: Floats) -> Floats:
    """Share of thoughts that are still open after so many tokens; linear between the recorded points."""
    share: Floats = np.interp(steps, (0, *curves.think_tokens), 1 - np.array((0.0, *curves.finished)))
    return share


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


def options(
    curves: Curves,
    widths: Iterable[int],
    most_think: Callable[[int], int],
    pass_s: Callable[[int], float],
    left_s: Callable[[int], float],
) -> list[Option]:
    """What can be had: each width up to the recorded points, and up to where its time ends.

    Of a width: most_think: think tokens that it may have; pass_s: seconds of a pass; left_s: seconds for thinking.
    """
    found = []
    reaches = {rows: int(min(most_think(rows), left_s(rows) / pass_s(rows))) for rows in widths}
    passes = expected_seconds(curves, max([0, *reaches.values()]), 1.0)  # once, for the longest
    for rows, reach in reaches.items():
        points = sorted({point for point in curves.think_tokens if point < reach} | {reach} if reach > 0 else ())
        for point, accuracy in zip(points, accuracy_at(curves, rows, points), strict=True):
            seconds = float(passes[point] * pass_s(rows))
            found.append(Option(rows=rows, think_tokens=point, accuracy=float(accuracy), seconds=seconds))
    return found


def best(found: Sequence[Option], tolerance: float = TOLERANCE) -> Option:
    """The cheapest of those within `tolerance` of the most accurate."""
    most = max(option.accuracy for option in found)
    return min(
        (option for option in found if option.accuracy >= most - tolerance),
        key=lambda option: (option.seconds, option.rows),
    )


def runner_up(found: Sequence[Option], chosen: Option) -> Option | None:
    """The best option of another width."""
    others = [option for option in found if option.rows != chosen.rows]
    return best(others) if others else None

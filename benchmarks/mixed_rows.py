"""Would rows of two lengths beat rows of one? The best plan of either kind, chosen on one half, judged on the other.

    python benchmarks/mixed_rows.py RECORDS

RECORDS come from `edgereason calibrate --samples 16`. Plans have one group of up to 8 rows, or two groups of up to 8
rows together; further rows cost a share of the first; the most accurate plan that ends in time if every row thinks to
its limit is chosen on one half of the questions and judged on the other, and the other way round. Gains are in points,
with half the width of their 95 % interval over questions.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgereason.profiling.accuracy import closed_at
from edgereason.records import read_header, read_records

MOST_ROWS, ORDERS, SAMPLES = 8, 12, 16
COSTS = (0.05, 0.2, 0.6, 1.0)
DEADLINES = (40, 80, 160, 320, 640, 1280)  # passes of one row
Group = tuple[int, int]  # rows, place of their think tokens
Early = tuple[str | None, bool, float]  # canonical answer, right, log-probability
Floats = npt.NDArray[np.float64]


def main() -> None:
    """Print a line a cost and deadline."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    path = parser.parse_args().records
    settings = read_header(path)["settings"]
    points = (*settings["cuts"], settings["think_tokens"])
    plain = [[s for s in each["samples"] if s["arm"] == "plain"] for each in read_records(path, "question")]
    questions = [
        [[closed_at(s, point) for point in points] for s in rows[:SAMPLES]] for rows in plain if len(rows) >= SAMPLES
    ]
    plans, num_uniform = plans_of(len(points))
    rng = np.random.default_rng(0)
    orders = [[rng.permutation(SAMPLES) for _ in range(ORDERS)] for _ in questions]
    right = np.array([
        [accuracy(plan, each, drawn) for each, drawn in zip(questions, orders, strict=True)] for plan in plans
    ])  # fmt: skip
    half = rng.permutation(len(questions))
    parts = half[: len(half) // 2], half[len(half) // 2 :]
    for cost in COSTS:
        seconds = np.array([passes(plan, points, cost) for plan in plans])
        for deadline in DEADLINES:
            gains = np.concatenate([
                gain(right, seconds <= deadline, num_uniform, *sides) for sides in (parts, parts[::-1])
            ])  # fmt: skip
            spread = 196 * gains.std(ddof=1) / math.sqrt(len(gains))
            print(f"further rows {cost:4.2f}, {deadline:5} passes: {100 * gains.mean():+.2f} +- {spread:.2f} points")


def plans_of(num_points: int) -> tuple[list[tuple[Group, ...]], int]:
    """All plans, those of one group first, and how many these are."""
    places = range(num_points)
    uniform: list[tuple[Group, ...]] = [((k, t),) for k in range(1, MOST_ROWS + 1) for t in places]
    mixed = [
        ((a, t), (b, u))
        for a in range(1, MOST_ROWS)
        for b in range(1, MOST_ROWS + 1 - a)
        for t in places
        for u in range(t)
    ]
    return [*uniform, *mixed], len(uniform)


def accuracy(plan: Sequence[Group], question: Sequence[Sequence[Early]], orders: Sequence[Sequence[int]]) -> float:
    """How often the plan's vote is right over the orders of a question's samples."""
    ends = [place for count, place in plan for _ in range(count)]
    return float(np.mean([is_right([question[k][t] for k, t in zip(order, ends, strict=False)]) for order in orders]))


def is_right(answers: Sequence[Early]) -> bool:
    """Whether the majority is right; ties go to the more confident answers."""
    score: dict[str, float] = {}
    right: dict[str, bool] = {}
    for answer, correct, logprob in answers:
        if answer is not None:
            score[answer] = score.get(answer, 0.0) + 1 + 1e-6 * math.exp(max(logprob, -700.0))
            right[answer] = correct
    return bool(score) and right[max(score, key=score.__getitem__)]


def passes(plan: Sequence[Group], points: Sequence[int], cost: float) -> float:
    """One-row passes until the last row has come to its limit."""
    ends = sorted(points[place] for count, place in plan for _ in range(count))
    steps = np.diff([0, *ends])
    return float(sum(step * (1 + cost * (len(ends) - 1 - k)) for k, step in enumerate(steps)))


def gain(
    right: Floats, fits: npt.NDArray[np.bool_], num_uniform: int, known: Sequence[int], judged: Sequence[int]
) -> Floats:
    """[n]: right by the best plan of all less right by the best of one group, both chosen on `known`."""
    chosen = np.where(fits, right[:, known].mean(axis=1), -1.0)
    found: Floats = right[chosen.argmax(), judged] - right[chosen[:num_uniform].argmax(), judged]
    return found


if __name__ == "__main__":
    main()

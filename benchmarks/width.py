"""Is the right width chosen on any device? Plans by expected accuracy against every fixed plan, on recorded rollouts.

    python benchmarks/width.py RECORDS --out benchmarks/results/width.json

RECORDS is a file of `edgereason calibrate`. A pass over K rows costs 1 + c (K - 1) of a pass over one, for c from .02
(a GPU that waits for memory) to .6 (a small CPU); deadlines are 1 to 30 times one median thought. Questions are split
in halves twenty times: curves of one half choose the plan, the other half judges it beside every fixed plan (rows x
think tokens), whose best is the best of many on the judged half itself. Must hold: within one point of it on average.
Rows leave as they finish; what is open when time ends is closed and votes, as in a live request.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgereason.controller.expected import best, options
from edgereason.profiling.accuracy import Curves, curves, think_length
from edgereason.protocols import Record
from edgereason.records import read_header, read_records

COSTS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
DEADLINES = (1, 1.5, 2.5, 4, 7, 11, 18, 30)  # median thoughts of one row
SPLITS = 20
SUBSETS = 8  # of each question's samples
CLOSING_PASSES = 12
WITHIN = 0.01
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """S samples of one question: think lengths [S] (infinite where the cap cut them), answers as numbers [S, 2 + cuts].

    Column 0 of the answers is the direct one, then those at the cuts, last the sample's own; -1 is none.
    """

    lengths: Floats
    answers: npt.NDArray[np.int64]
    sure: Floats  # as answers
    right: int  # the number of the right answer, -2 where none has it


def question_of(record: Record, cuts: Sequence[int]) -> Question:
    """The record's plain samples."""
    plain = [sample for sample in record["samples"] if sample["arm"] == "plain"]
    direct = next((sample for sample in record["samples"] if sample["arm"] == "direct"), None)
    said: list[list[tuple[str | None, bool, float]]] = []
    for sample in plain:
        row = [(None, False, 0.0) if direct is None else (direct["canonical"], direct["correct"], direct["confidence"])]
        for cut in cuts:
            found = next((each for each in sample["cuts"] if each["think_tokens"] >= cut), None)
            last = (sample["canonical"], sample["correct"], sample["confidence"])
            early = found and (found["canonical"], found["correct"], float(np.exp(found["logprob"] or -50.0)))
            row.append(early or last)
        said.append([*row, (sample["canonical"], sample["correct"], sample["confidence"])])
    numbers: dict[str | None, int] = {None: -1}
    for row in said:
        for answer, _, _ in row:
            numbers.setdefault(answer, len(numbers) - 1)
    right = next((numbers[answer] for row in said for answer, correct, _ in row if correct), -2)
    return Question(
        np.array([think_length(s) if s["finish"] == "eos" else np.inf for s in plain]),
        np.array([[numbers[answer] for answer, _, _ in row] for row in said]),
        np.array([[sure for _, _, sure in row] for row in said]),
        right,
    )


def reached(lengths: Floats, cost: float, seconds: float) -> Floats:
    """[R, T] steps that rows of these lengths [R, K, T] come to in so many one-row passes; infinite if all end."""
    ordered = np.sort(lengths, axis=1)
    width = lengths.shape[1]
    step = np.zeros((lengths.shape[0], lengths.shape[2]))
    left = np.full_like(step, seconds)
    for ended in range(width):
        pass_s = 1 + cost * (width - ended - 1)
        stretch = ordered[:, ended] - step
        made = np.minimum(stretch, np.floor(np.maximum(left, 0.0) / pass_s))
        step, left = step + made, np.where(made < stretch, -1.0, left - made * pass_s)
    return np.where(left >= 0, np.inf, step)


def accuracy(
    question: Question, chosen: npt.NDArray[np.int64], points: Sequence[int], cost: float, seconds: float
) -> Floats:
    """[T] how often a vote of the chosen samples [R, K] is right, with think tokens up to each of the points."""
    width = chosen.shape[1]
    limits = np.array(points, float)
    full = question.lengths[chosen][:, :, None]
    lengths = np.minimum(full, limits)
    step = reached(lengths, cost, seconds - CLOSING_PASSES * (1 + cost * (width - 1)))[:, None, :]
    closed_at = np.minimum(lengths, step)
    has_ended = full <= np.minimum(limits, step)
    column = np.where(has_ended, question.answers.shape[1] - 1, np.searchsorted(points[:-1], closed_at, side="right"))
    rows = chosen[:, :, None]
    answers, sure = question.answers[rows, column], question.sure[rows, column]
    kinds = np.arange(question.answers.max() + 1)
    ballots = answers[..., None] == kinds  # [R, K, T, A]
    scores = (ballots * (1 + 1e-6 * sure[..., None])).sum(axis=1)
    winner = np.where(scores.max(axis=-1) > 0, scores.argmax(axis=-1), -1)
    found: Floats = (winner == question.right).mean(axis=0)
    return found


def measured(path: Path) -> dict[str, object]:
    """Accuracies of all plans on all questions, judged split by split."""
    header = read_header(path)
    cuts, cap = header["settings"]["cuts"], header["settings"]["think_tokens"]
    points = (*cuts, cap)
    records = [record for record in read_records(path, "question") if record["samples"]]
    questions = [question_of(record, cuts) for record in records]
    samples = min(len(question.lengths) for question in questions)
    widths = range(1, samples // 2 + 1)
    median = float(np.median([min(length, cap) for question in questions for length in question.lengths]))
    rng = np.random.default_rng(0)
    orders = [np.array([rng.permutation(samples) for _ in range(SUBSETS)]) for _ in questions]
    table = np.array([
        [[[accuracy(q, order[:, :width], points, cost, times * median + CLOSING_PASSES)
           for q, order in zip(questions, orders, strict=True)] for width in widths] for times in DEADLINES]
        for cost in COSTS
    ])  # fmt: skip
    halves = [rng.permutation(len(questions)) for _ in range(SPLITS)]
    rows = []
    for split in halves:
        known, judged = split[: len(split) // 2], split[len(split) // 2 :]
        fitted = curves([records[k] for k in known], points)
        for i, cost in enumerate(COSTS):
            for j, times in enumerate(DEADLINES):
                rows.append({"c": cost, "deadline": times, **_judged(
                    fitted, table[i, j][:, judged].mean(axis=1), widths, points, cost, times * median
                )})  # fmt: skip
    return {"n": len(questions), "samples": samples, "median_thought": median, "source": header, **_summary(rows)}


def _judged(
    fitted: Curves, judged: Floats, widths: range, points: Sequence[int], cost: float, thinking: float
) -> dict[str, float]:
    """What the chosen plan, the best fixed one, and fixed widths of 1 and 8 come to on the judged half [K, T]."""

    def left(width: int) -> float:
        return thinking + CLOSING_PASSES - CLOSING_PASSES * (1 + cost * (width - 1))

    shapes = [(rows, 1) for rows in widths]
    found = options(fitted, shapes, lambda *shape: points[-1], lambda rows: 1 + cost * (rows - 1), left)
    chosen = best(found)
    place = int(np.searchsorted(points, chosen.think_tokens))
    return {
        "chosen": judged[chosen.rows - 1, place],
        "best": judged.max(),
        "rows": chosen.rows,
        "think_tokens": chosen.think_tokens,
        "one": judged[0, -1],
        "eight": judged[min(8, len(widths)) - 1, -1],
    }


def _summary(rows: list[dict[str, float]]) -> dict[str, object]:
    """Means over the splits with the spread of the mean difference, for every cost and deadline and over all."""
    cells = []
    for cost in COSTS:
        for times in DEADLINES:
            group = [row for row in rows if (row["c"], row["deadline"]) == (cost, times)]
            means = {name: float(np.mean([row[name] for row in group])) for name in ("chosen", "best", "one", "eight")}
            gaps = [row["chosen"] - row["best"] for row in group]
            low, high = np.quantile(gaps, [0.025, 0.975])
            widths = sorted({int(row["rows"]) for row in group})
            cells.append({
                "c": cost, "deadline": times, **{name: round(value, 4) for name, value in means.items()},
                "gap": round(float(np.mean(gaps)), 4), "low": round(float(low), 4), "high": round(float(high), 4),
                "rows": widths,
            })  # fmt: skip
    worst = min(cells, key=lambda cell: cell["gap"])
    return {"cells": cells, "worst": worst, "holds": bool(worst["gap"] >= -WITHIN)}


def main() -> None:
    """Print the table; exit code 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = measured(given.records)
    print("    c  deadline  chosen    best     gap [95 % of splits]   K = 1   K = 8  rows chosen")
    for cell in found["cells"]:  # type: ignore[attr-defined]
        print(
            f"{cell['c']:5.2f} {cell['deadline']:9} {cell['chosen']:7.3f} {cell['best']:7.3f} {cell['gap']:+7.3f} "
            f"[{cell['low']:+.3f}, {cell['high']:+.3f}] {cell['one']:7.3f} {cell['eight']:7.3f}  {cell['rows']}"
        )
    print(json.dumps({"worst": found["worst"], "holds": found["holds"]}))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(0 if found["holds"] else 1)


if __name__ == "__main__":
    main()

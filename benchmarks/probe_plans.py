"""Do plans by a question's own predicted curve beat plans by the mean curve? On recorded rollouts.

    python benchmarks/probe_plans.py PROBE FITTED JUDGED --out benchmarks/results/probe_plans.json

PROBE is a probe's folder (`edgereason probe train`), FITTED the records it was fitted on, from which the mean curves
come, JUDGED records that neither has seen. Costs of passes and deadlines are those of width.py, whose simulation judges
both: rows leave as they finish, and what is open when time ends is closed and votes. Per cell: accuracy of either plan,
their difference over the same questions and samples with its interval over templates, and the passes that each plan is
take. Should hold over all cells: more right, or fewer passes with at most half a point lost; by their intervals.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from width import CLOSING_PASSES, COSTS, DEADLINES, SUBSETS, Question, accuracy, question_of

from edgereason.controller.expected import Option, best, options, own_curves
from edgereason.evals.states import look_again, read_questions
from edgereason.loading import load_parts
from edgereason.probing.artifact import read_probe
from edgereason.probing.curve import CurveProbe, check_fits
from edgereason.probing.judging import mean_of
from edgereason.profiling.accuracy import Curves, curves
from edgereason.prompting import PromptOptions

MOST_LOST = 0.005
Floats = npt.NDArray[np.float64]


def chosen(known: Curves, widths: range, cap: int, cost: float, thinking: float) -> Option | None:
    """The plan by these curves, as a live request makes it; None where there is no time for any thought."""

    def left(width: int) -> float:
        return thinking + CLOSING_PASSES - CLOSING_PASSES * (1 + cost * (width - 1))

    found = options(known, [(rows, 1) for rows in widths], lambda *shape: cap, lambda rows: 1 + cost * (rows - 1), left)
    return best(found) if found else None


def brought(
    option: Option | None, question: Question, order: npt.NDArray[np.int64], points: tuple[int, ...], cost: float,
    seconds: float,
) -> tuple[float, float]:  # fmt: skip
    """(share right, passes that its thoughts take, counted in those of one row) of a plan on one question."""
    if option is None:
        return float(question.answers[0, 0] == question.right), 0.0

    rows = order[:, : option.rows]
    right = float(accuracy(question, rows, points, cost, seconds)[np.searchsorted(points, option.think_tokens)])
    lengths = np.minimum(question.lengths[rows], option.think_tokens)
    ordered = np.diff(np.sort(lengths, axis=1), axis=1, prepend=0)
    alive = np.arange(option.rows, 0, -1)
    return right, float((ordered * (1 + cost * (alive - 1))).sum(axis=1).mean())


def measured(folder: Path, fitted: Path, judged: Path, model: str) -> dict[str, Any]:
    """Both plans on every judged question, cost and deadline."""
    parts = load_parts(
        model, engine="auto", threads=1, device="cpu", profiles_dir=None, prompts=PromptOptions(),
        clock=time.perf_counter,
    )  # fmt: skip
    try:
        probe = CurveProbe(read_probe(folder), folder.name)
        check_fits(probe.file, parts.model, parts.engine)
        judged_on = read_questions([judged])
        seen = look_again(judged_on, parts)
    finally:
        parts.engine.close()
    known = read_questions([fitted])
    points = probe.file.points
    mean = curves(known.records, points)
    difficulties = [probe.estimate(each.evidence) for each in seen]
    own = [own_curves(mean, difficulty) for difficulty in difficulties]
    questions = [question_of(each.record, points[:-1]) for each in seen]
    templates = np.array([f"{each.record['family']}/{each.record['template']}" for each in seen])
    samples = min(len(question.lengths) for question in questions)
    lengths = [min(length, points[-1]) for question in questions for length in question.lengths]
    median = float(np.median(lengths))
    rng = np.random.default_rng(0)
    orders = [np.array([rng.permutation(samples) for _ in range(SUBSETS)]) for _ in questions]
    widths = range(1, samples // 2 + 1)
    cells, gaps, spared = [], [], []
    for cost in COSTS:
        for times in DEADLINES:
            thinking, seconds = times * median, times * median + CLOSING_PASSES
            common = chosen(mean, widths, points[-1], cost, thinking)
            each = [chosen(curve, widths, points[-1], cost, thinking) for curve in own]
            by_mean = np.array(
                [brought(common, q, o, points, cost, seconds) for q, o in zip(questions, orders, strict=True)]
            )
            by_own = np.array([
                brought(option, q, o, points, cost, seconds)
                for option, q, o in zip(each, questions, orders, strict=True)
            ])  # fmt: skip
            gaps.append(by_own[:, 0] - by_mean[:, 0])
            spared.append(by_own[:, 1] - by_mean[:, 1])
            gap = mean_of(gaps[-1], templates)
            rows = [0 if option is None else option.rows for option in each]
            cells.append({
                "c": cost, "deadline": times, "mean": by_mean[:, 0].mean(), "own": by_own[:, 0].mean(),
                "gap": gap.mean, "low": gap.low, "high": gap.high,
                "passes_mean": by_mean[:, 1].mean(), "passes_own": by_own[:, 1].mean(),
                "rows_mean": 0 if common is None else common.rows, "rows_own": np.bincount(rows).tolist(),
            })  # fmt: skip
    gap, more = mean_of(np.mean(gaps, axis=0), templates), mean_of(np.mean(spared, axis=0), templates)
    deadline = np.array([cell["deadline"] for cell in cells])
    by_deadline = {
        str(times): asdict(mean_of(np.mean(np.array(gaps)[deadline == times], axis=0), templates))
        for times in DEADLINES
    }
    assert gap.low is not None
    assert more.high is not None
    return {
        "n": len(seen),
        "median_thought": median,
        "source": judged_on.header,
        "probe": dict(probe.file.provenance),
        "cells": cells,
        "gap": asdict(gap),
        "passes": asdict(more),
        "by_deadline": by_deadline,
        "holds": gap.low > 0 or (gap.low > -MOST_LOST and more.high < 0),
    }


def main() -> None:
    """Print the table and what it comes to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("probe", type=Path)
    parser.add_argument("fitted", type=Path)
    parser.add_argument("judged", type=Path)
    parser.add_argument("-m", "--model", default="abacus")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = measured(given.probe, given.fitted, given.judged, given.model)
    print("    c  deadline  by mean  by own     gap [95 % over templates]  passes: mean, own")
    for cell in found["cells"]:
        print(
            f"{cell['c']:5.2f} {cell['deadline']:9} {cell['mean']:8.3f} {cell['own']:7.3f} {cell['gap']:+7.4f} "
            f"[{cell['low']:+.4f}, {cell['high']:+.4f}] {cell['passes_mean']:12.0f} {cell['passes_own']:6.0f}"
        )
    print(json.dumps({name: found[name] for name in ("gap", "passes", "by_deadline", "holds")}))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

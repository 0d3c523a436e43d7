"""How long does a plan take? Median and 99th percentile of `plan` over situations, with and without curves.

    python benchmarks/planning.py --out benchmarks/results/planning.json

What must hold on an idle machine: the 99th percentile is below 1 ms in every kind of situation. Situations are drawn at
random: deadlines log-uniform from 20 ms to 60 s, passes from 0.1 to 100 ms, prompts, caps, drift and profiles. Exit
code 1 when it does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgereason.controller.plan import Situation, plan
from edgereason.controller.strategies import TABLE, begin
from edgereason.loading import budget_profiles
from edgereason.profiling.accuracy import Curves, read_profile
from edgereason.profiling.device import device_name
from edgereason.records import provenance
from edgereason.types import Budget, BudgetProfile, Difficulty, Markers, ModelInfo, PassCosts, Plan

MOST_S = 1e-3
CURVES = Path(__file__).parents[1] / "profiles" / "accuracy" / "abacus.json"
MARKERS = Markers(open_thought=(1, 2), close_thought=(3, 4, 5), answer_opener=(6, 7, 8), direct=(1, 2, 3, 4))
DIFFICULTY = Difficulty(label="hard", probabilities={"easy": 0.1, "normal": 0.3, "hard": 0.6}, source="drawn")
WIDTHS = (1, 2, 4, 8, 16, 32)
PROFILES = budget_profiles()
Case = tuple[BudgetProfile, Situation]


def main() -> int:
    """Measure, print, and say by the exit code whether it holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=2000, help="situations of each kind (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the situations (default 0)")
    parser.add_argument("--cpu-time", action="store_true", help="count the thread's own time, for a busy machine")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    profile = read_profile(CURVES)
    clock = time.thread_time if options.cpu_time else time.perf_counter
    rng = np.random.default_rng(options.seed)
    kinds: dict[str, tuple[Curves | None, bool, Callable[[Case], Plan]]] = {
        "by accuracy, deadline": (profile.all, True, _planned),
        "by accuracy, price": (profile.all, False, _planned),
        "by rule, deadline": (None, True, _planned),
        "strategy majority": (None, True, lambda case: begin(TABLE["majority"], case[0], DIFFICULTY, case[1], 0)),
    }
    found = {
        name: timed([situation(rng, curves, has_deadline) for _ in range(options.n)], run, clock)
        for name, (curves, has_deadline, run) in kinds.items()
    }
    holds = all(figures["p99_s"] < MOST_S for figures in found.values())
    header = provenance(
        device=device_name(), engine="none", engine_version="", seed=options.seed, n=options.n,
        model=ModelInfo(**{name: str(profile.provenance["model"][name]) for name in ("name", "lineage", "file")}),
        settings={"limit_s": MOST_S, "cpu_time": options.cpu_time},
    )  # fmt: skip
    for name, figures in found.items():
        print(f"{name:<24} median {1e6 * figures['median_s']:7.0f} us, p99 {1e6 * figures['p99_s']:7.0f} us")
    line = json.dumps({"provenance": header.to_record(), "plans": found, "holds": holds})
    print(line)
    if options.out is not None:
        options.out.write_text(line + "\n", encoding="utf-8")
    return 0 if holds else 1


def situation(rng: np.random.Generator, curves: Curves | None, has_deadline: bool) -> Case:
    """A budget profile and what is left to plan with, drawn at random."""
    remaining_s = float(np.exp(rng.uniform(np.log(0.02), np.log(60)))) if has_deadline else None
    pass_s, slope = float(np.exp(rng.uniform(np.log(1e-4), np.log(0.1)))), float(rng.uniform(0.02, 0.5))
    costs = PassCosts(
        rows=WIDTHS,
        pass_s=tuple(pass_s * (1 + slope * (width - 1)) for width in WIDTHS),
        prefill_token_s=pass_s / 20,
        prefill_base_s=pass_s,
        context=256,
    )
    capped = rng.uniform() < 0.3
    return PROFILES[str(rng.choice(["easy", "normal", "hard"]))], Situation(
        budget=Budget(deadline_s=remaining_s, max_tokens=int(rng.integers(50, 5000)) if capped else None),
        remaining_s=remaining_s,
        costs=costs,
        markers=MARKERS,
        prompt_tokens=int(rng.integers(10, 300)),
        context=1024,
        most_rows=64,
        spent_tokens=16,
        answer_tokens=12,
        drift=float(rng.uniform(0.8, 2.0)),
        curves=curves,
    )


def timed(cases: list[Case], run: Callable[[Case], Plan], clock: Callable[[], float]) -> dict[str, float]:
    """Median and 99th percentile of seconds a plan, after a first one that does not count."""
    run(cases[0])
    seconds = []
    for case in cases:
        before = clock()
        run(case)
        seconds.append(clock() - before)
    return {"median_s": float(np.median(seconds)), "p99_s": float(np.quantile(seconds, 0.99)), "n": len(seconds)}


def _planned(case: Case) -> Plan:
    profile, here = case
    return plan(profile, DIFFICULTY, here, seed=0)


if __name__ == "__main__":
    sys.exit(main())

"""Is the promise about time kept by a device whose speed drifts and stalls? 20,000 requests in simulated time.

    python benchmarks/simulated_promise.py RECORDS --out benchmarks/results/simulated_promise.json

RECORDS come from `edgereason calibrate`. Deadlines are log-uniform between the bounds; the device becomes slower by up
to `--drift` and back every five simulated minutes; a recorded log of stalls and bursts is laid over each request at
random. Late means: its caller woke after the deadline. What must hold: of the requests that time ended, at most a share
`--miss-rate` is late, and at most 5 % return the answer in hand with rows still running, as in `edgereason profile
check`. Closings are learnt on the way, from none. Exit code 1 when it does not hold. `--mutate PART` switches one part
off that keeps deadlines, and the same check must then fail.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edgereason.evals.ledger import MOST_IN_HAND
from edgereason.evals.runner import item_seed
from edgereason.intervals import Proportion, clopper_pearson, quantiles, wilson
from edgereason.loading import open_device_profile
from edgereason.promise import MUTATIONS, Safeguards
from edgereason.records import Provenance
from edgereason.simulating.outcomes import Outcome, header_of, outcome_of
from edgereason.simulating.simulator import Simulator, read_recording
from edgereason.simulating.weather import Drifting, open_weather

DRIFT_PERIOD_S = 300.0


def main() -> int:
    """Run, print, and say by the exit code whether it holds."""
    options = parsed()
    simulator = Simulator(
        open_device_profile(options.device),
        read_recording(options.records),
        weather=Drifting(open_weather(options.stalls), options.drift, DRIFT_PERIOD_S),
        seed=options.seed,
        safeguards=MUTATIONS.get(options.mutate, Safeguards()),
    )
    outcomes: list[Outcome] = []
    for outcome, is_provisional in asked(simulator, options):
        outcomes.append(outcome)
        if len(outcomes) % 1000 == 0:
            print(f"{len(outcomes)}: {sum(o.is_late for o in outcomes)} late, {is_provisional=}", file=sys.stderr)
    found = summary(outcomes, options.miss_rate)
    header = header_of(simulator, n=options.n, seed=options.seed, settings=settings_of(options))
    print(text_of(found))
    print(json.dumps({"provenance": header.to_record(), **found}))
    if options.out is not None:
        write(options.out, header, found)
    return 0 if found["holds"] else 1


def parsed() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("records", type=Path)
    parser.add_argument("--device", default="agx-orin-64gb-r1-distill-qwen-1.5b-bf16", help="profile: file or name")
    parser.add_argument("--stalls", default="shared-cpu-bursts", help="log of stalls: file or name")
    parser.add_argument("--drift", type=float, default=1.5, help="slowest over fastest (default 1.5)")
    parser.add_argument("--n", type=int, default=20_000, help="requests (default 20000)")
    parser.add_argument("--seed", type=int, default=0, help="of everything (default 0)")
    parser.add_argument("--miss-rate", type=float, default=0.001, help="share promised (default 0.001)")
    parser.add_argument("--shortest", type=float, default=0.5, help="shortest deadline in seconds (default 0.5)")
    parser.add_argument("--longest", type=float, default=10.0, help="longest deadline in seconds (default 10)")
    parser.add_argument("--profile", default="hard", help="budget profile (default hard)")
    parser.add_argument("--mutate", choices=[*MUTATIONS], help="switch this off; the check must fail then")
    parser.add_argument("--out", type=Path, help="write the summary to this JSON file")
    return parser.parse_args()


def asked(simulator: Simulator, options: argparse.Namespace) -> Iterator[tuple[Outcome, bool]]:
    """Each request's outcome, and whether its plan's reserve was provisional."""
    draws = np.random.default_rng(options.seed).uniform(size=options.n)
    low, high = np.log(options.shortest), np.log(options.longest)
    questions = simulator.recording.questions
    for index, deadline_s in enumerate(np.exp(low + (high - low) * draws).tolist()):
        question = questions[index % len(questions)]
        result = simulator.ask(
            question,
            deadline=deadline_s,
            profile=options.profile,
            seed=item_seed(options.seed, index),
            options={"miss_rate": options.miss_rate},
        )
        yield outcome_of(question, result), result.plan is None or "provisional" in result.plan.promise


def settings_of(options: argparse.Namespace) -> dict[str, object]:
    """What else decides the numbers."""
    names = ("stalls", "drift", "miss_rate", "shortest", "longest", "profile", "mutate")
    return {name: getattr(options, name) for name in names} | {"drift_period_s": DRIFT_PERIOD_S}


def summary(outcomes: Sequence[Outcome], miss_rate: float) -> dict[str, object]:
    """Everything that is claimed, with n and intervals."""
    limited = [outcome for outcome in outcomes if outcome.is_limited]
    late = clopper_pearson(sum(outcome.is_late for outcome in limited), len(limited))
    in_hand = clopper_pearson(sum(outcome.is_in_hand for outcome in limited), len(limited))
    halves = (limited[: len(limited) // 2], limited[len(limited) // 2 :])
    overshoots_s = [outcome.elapsed_s - outcome.deadline_s for outcome in outcomes if outcome.is_late]
    used = quantiles([outcome.elapsed_s / outcome.deadline_s for outcome in limited])
    return {
        "late_of_limited": share_of(late),
        "late_of_limited_by_half": [share_of(clopper_pearson(sum(o.is_late for o in h), len(h))) for h in halves],
        "in_hand_of_limited": share_of(in_hand),
        "late_of_all": share_of(clopper_pearson(sum(o.is_late for o in outcomes), len(outcomes))),
        "right": share_of(wilson(sum(outcome.is_right for outcome in outcomes), len(outcomes))),
        "unanswered": sum(outcome.answer is None for outcome in outcomes),
        "used_by_limited": None if used is None else dataclasses.asdict(used),
        "most_overshoot_s": max(overshoots_s, default=0.0),
        "holds": bool(limited) and late.share <= miss_rate and in_hand.share <= MOST_IN_HAND,
    }


def share_of(share: Proportion) -> dict[str, object]:
    """A share in JSON's terms."""
    return {"share": share.share if share.n else None, **dataclasses.asdict(share)}


def text_of(found: dict[str, object]) -> str:
    """The summary for people."""
    return "\n".join(f"{name:<24} {value}" for name, value in found.items())


def write(path: Path, header: Provenance, found: dict[str, object]) -> None:
    """Provenance and summary."""
    path.write_text(json.dumps({"provenance": header.to_record(), **found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

"""How far does the latency model stray? Seconds predicted for the passes that ran, against the seconds they took.

    edgereason profile --engine onnx && edgereason profile --engine llama-cpp
    python benchmarks/latency_model.py --out benchmarks/results/latency_model.json

Out of sample: the device profile was measured before, on random tokens; the questions were never timed or trained on.
Each is asked with no deadline, under easy, normal and hard profiles in turn, so that rows leave as they finish. From
the passes actually run (by width, with the tokens that they read) and the length of the prompt the model predicts their
seconds, at the device's present speed: the median of taken over predicted in the five asks before. The error is
|predicted / taken - 1|; `plain` is the same without the present speed. Each is asked once more, and `floor` is how
far the passes of the two, which are the same work, differ: what a machine does not repeat no model of it predicts. What
must hold on an idle machine, for each engine: median at most 10 %, 90th percentile at most 25 %. Else exit code 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgereason.controller.costs import seconds_of
from edgereason.evals.runner import item_seed
from edgereason.evals.tasks import Item, load_task
from edgereason.intervals import binomial_at_most
from edgereason.profiling.device import device_name
from edgereason.records import provenance
from edgereason.runtime import Reasoner

TASK = "chain+story+sorting+logic"
ENGINES = ("onnx", "llama-cpp")
PROFILES = ("easy", "normal", "hard")
WINDOW = 5  # asks before, of which the present speed is the median
MOST_MEDIAN, MOST_P90 = 0.10, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. predicted_s, taken_s: of its prompt and passes; elapsed_s: of all of it, the text work included.

    passes_s, again_s: of its passes alone, and of the same passes when it was asked once more.
    """

    id: str
    profile: str
    rows: int
    passes: int
    predicted_s: float
    taken_s: float
    elapsed_s: float
    passes_s: float
    again_s: float
    speed: float = 1.0  # seconds taken over predicted, in the asks before

    @property
    def ratio(self) -> float:
        """Predicted at the present speed, over taken."""
        return self.speed * self.predicted_s / self.taken_s


def main() -> int:
    """Run, print, and say by the exit code whether it holds."""
    options = parsed()
    named = dict(entry.split("=", 1) for entry in options.device_profile)
    items = load_task(TASK, n=options.n, seed=options.seed).items
    found = [on_engine(engine, named.get(engine), items, options) for engine in options.engine or ENGINES]
    line = json.dumps({"engines": [{name: value for name, value in one.items() if name != "asks"} for one in found]})
    print(line)
    if options.out is not None:
        options.out.write_text(json.dumps({"engines": found}, indent=1) + "\n", encoding="utf-8")
    return 0 if all(one["holds"] for one in found) else 1


def parsed() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=200, help="questions for each engine (default 200)")
    parser.add_argument("--seed", type=int, default=2000, help="of questions and draws (default 2000)")
    parser.add_argument("--model", default="abacus", help="bundled name or path (default abacus)")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this one; may be repeated")
    parser.add_argument(
        "--device-profile", action="append", default=[], metavar="ENGINE=FILE",
        help="what `edgereason profile --save` wrote (default: the cached one)",
    )  # fmt: skip
    parser.add_argument(
        "--cpu-time", action="store_true",
        help="count the process's own time: on a busy machine, with engines of one thread, and a profile made likewise",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, help="write summary and every ask to this JSON file")
    return parser.parse_args()


def on_engine(
    engine: str, profile: str | None, items: Sequence[Item], options: argparse.Namespace
) -> dict[str, object]:
    """Ask every item and compare."""
    clock = time.process_time if options.cpu_time else time.perf_counter
    file = Path(profile) if profile else None
    with Reasoner.load(options.model, engine=engine, device_profile=file, clock=clock) as reasoner:
        source = reasoner.costs.provenance.get("profile")
        if source is None:
            sys.exit(f"No device profile holds here for {engine}: run `edgereason profile --engine {engine}` first.")
        reasoner.ask("1 + 1 = ?")  # what only the first request pays is no matter of passes
        asks = [ask(reasoner, item, PROFILES[k % len(PROFILES)], item_seed(options.seed, k))
                for k, item in enumerate(items)]  # fmt: skip
        info = reasoner.engine_info
        header = provenance(
            device=f"{device_name()}; {info.device}, {info.threads} threads", engine=info.name,
            engine_version=info.version, model=reasoner.model, seed=options.seed, n=len(asks),
            settings={"task": TASK, "device_profile": source, "cpu_time": options.cpu_time},
        )  # fmt: skip
    asks = at_present_speed(asks)
    figures = summary(asks)
    print(f"{engine}: {said(figures)}")
    return {"provenance": header.to_record(), **figures, "asks": [dataclasses.asdict(one) for one in asks]}


def ask(reasoner: Reasoner, item: Item, profile: str, seed: int) -> Ask:
    """Ask without a deadline, and predict what its prompt and passes took; then ask again."""
    costs = reasoner.costs
    result, again = (reasoner.ask(item.question, profile=profile, seed=seed, choices=item.choices) for _ in range(2))
    (prompt_s, _, _), (prefilled_s, _, _) = *result.trace.events("prompt"), *result.trace.events("prefilled")
    passes = result.trace.passes().values()
    passes_s, again_s = (sum(s for _, s, _ in each.trace.passes().values()) for each in (result, again))
    return Ask(
        id=item.id,
        profile=profile,
        rows=result.plan.num_rows if result.plan is not None else 0,
        passes=sum(count for count, _, _ in passes),
        predicted_s=seconds_of(costs, result.usage.prompt_tokens, result.trace.work()),
        taken_s=prefilled_s - prompt_s + passes_s,
        elapsed_s=result.elapsed_s,
        passes_s=passes_s,
        again_s=again_s,
    )


def at_present_speed(asks: Sequence[Ask]) -> list[Ask]:
    """Each with the speed that the asks before it show."""
    taken = [one.taken_s / one.predicted_s for one in asks]
    return [
        dataclasses.replace(one, speed=float(np.median(taken[max(0, k - WINDOW) : k])) if k else 1.0)
        for k, one in enumerate(asks)
    ]


def summary(asks: Sequence[Ask]) -> dict[str, object]:
    """Errors with their intervals, the bias, and whether it holds."""
    errors = sorted(abs(one.ratio - 1) for one in asks)
    whole = sorted(abs(one.speed * one.predicted_s / one.elapsed_s - 1) for one in asks)
    plain = sorted(abs(one.predicted_s / one.taken_s - 1) for one in asks)
    floor = sorted(abs(one.passes_s / one.again_s - 1) for one in asks)
    median, p90 = quantile_of(errors, 0.5), quantile_of(errors, 0.9)
    return {
        "n": len(asks),
        "median": median,
        "p90": p90,
        "floor_median": quantile_of(floor, 0.5),
        "floor_p90": quantile_of(floor, 0.9),
        "plain_median": quantile_of(plain, 0.5),
        "plain_p90": quantile_of(plain, 0.9),
        "plain_ratio": float(np.median([one.predicted_s / one.taken_s for one in asks])),
        "median_of_whole_request": quantile_of(whole, 0.5),
        "median_by_profile": {
            name: quantile_of(sorted(abs(one.ratio - 1) for one in asks if one.profile == name), 0.5)
            for name in PROFILES
            if any(one.profile == name for one in asks)
        },
        "holds": median["value"] <= MOST_MEDIAN and p90["value"] <= MOST_P90,
    }


def quantile_of(ordered: Sequence[float], level: float) -> dict[str, float]:
    """A quantile with its 95 % interval by order statistics; at the ends of the sample where n is too small for one."""
    n = len(ordered)
    below = sum(binomial_at_most(rank, n, level) <= 0.025 for rank in range(n))
    up_to = sum(binomial_at_most(rank, n, level) < 0.975 for rank in range(n))
    return {
        "value": float(np.quantile(ordered, level)),
        "low": ordered[max(0, below - 1)],
        "high": ordered[min(n - 1, up_to)],
    }


def said(figures: dict[str, object]) -> str:
    """The summary in one line."""
    parts = [f"{figures['n']} asks"]
    for name in ("median", "p90", "floor_median", "floor_p90", "plain_median", "plain_p90"):
        value = figures[name]
        assert isinstance(value, dict)
        parts.append(f"{name} {value['value']:.1%} (95 %: {value['low']:.1%} to {value['high']:.1%})")
    return ", ".join([*parts, f"predicted over taken {figures['plain_ratio']:.2f}"])


if __name__ == "__main__":
    sys.exit(main())

"""Is the promise about time kept? 2,000 live asks, deadlines log-uniform from 50 ms to 2 s, half beside a load.

    python benchmarks/deadlines.py --load --records promise.jsonl --out benchmarks/results/promise.json

The core is that of `edgereason profile check`; the exit code is 1 unless every bound is shown to hold. `--mutate PART`
switches one part off that keeps deadlines, and the same check must then fail. `--hard N` then asks N questions of the
hard band with 2 s and without thought: thinking must be right at least 15 points more often. `--perfect N` asks the
first N of all again with 75 % of the time and a clock that is never late: nothing is kept back, nothing is handed over,
and lateness is forgiven (so it gets a little more than 75 %). That must not be right more often, by the interval of the
difference.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from parts import usual_parts

from edgereason.evals.checking import TASK, Conditions, check
from edgereason.evals.ledger import Ask, ask_from
from edgereason.evals.runner import run
from edgereason.evals.tasks import load_task
from edgereason.intervals import Difference, paired_difference
from edgereason.loading import Parts, cache_folder
from edgereason.promise import MUTATIONS, Promise, Safeguards, setting_of
from edgereason.protocols import Record
from edgereason.records import read_records
from edgereason.runtime import Reasoner

PERFECT = Safeguards(reserve=False, watchdog=False)
LESS_TIME = 0.75
HARD_DEADLINE_S = 2.0
LEAST_GAIN = 0.15  # of accuracy, over the answer without thought
SAID = {
    "hard": f"hard band, {HARD_DEADLINE_S:g} s over no thought",
    "perfect": f"over a perfect clock with {LESS_TIME:.0%} of the time",
}


def main() -> int:
    """Run, print, and say by the exit code whether it holds."""
    options = parsed()
    conditions = Conditions(
        shortest_s=options.shortest, longest_s=options.longest, seed=options.seed, load=options.load
    )
    task = load_task(TASK, n=options.n, seed=options.seed)
    with tempfile.TemporaryDirectory() as folder:
        records = options.records or Path(folder) / "asks.jsonl"
        with Reasoner(lambda: parts_of(options, MUTATIONS.get(options.mutate), Path(folder))) as reasoner:
            ledger = check(task, reasoner, conditions, out=records)
            gains = {"hard": hard_gain(reasoner, options.hard, options.seed)} if options.hard else {}
        if options.perfect and not ledger.interrupted:
            less = replace(conditions, shortest_s=LESS_TIME * options.shortest, longest_s=LESS_TIME * options.longest)
            with Reasoner(lambda: parts_of(options, PERFECT, Path(folder))) as reasoner:
                first = replace(task, items=task.items[: options.perfect])
                check(first, reasoner, less, out=Path(folder) / "perfect.jsonl")
            perfect = asks_in(Path(folder) / "perfect.jsonl")
            gains["perfect"] = over_perfect(asks_in(records)[: len(perfect)], perfect)
    found = json.loads(ledger.to_json()) | {"mutated": options.mutate}
    found |= {f"{name}_gain": gain_of(gain) for name, gain in gains.items()}
    print(ledger.to_text())
    for name, gain in gains.items():
        print(f"{SAID[name]}: {gain.difference:+.3f} [{gain.low:.3f}, {gain.high:.3f}]")
    line = json.dumps(found)
    print(line)
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    holds = "hard" not in gains or gains["hard"].difference >= LEAST_GAIN
    return 0 if ledger.verdict == "kept" and holds and ("perfect" not in gains or gains["perfect"].high >= 0) else 1


def parsed() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=2000, help="asks (default 2000)")
    parser.add_argument("--seed", type=int, default=1000, help="of questions, deadlines, draws and load (default 1000)")
    parser.add_argument("--model", default="abacus", help="bundled name or path (default abacus)")
    parser.add_argument("--engine", default="auto", help="onnx or llama-cpp (default: what the model has)")
    parser.add_argument("--load", action="store_true", help="every second block of asks beside the load script")
    parser.add_argument("--shortest", type=float, default=0.05, help="shortest deadline in seconds (default 0.05)")
    parser.add_argument("--longest", type=float, default=2.0, help="longest deadline in seconds (default 2)")
    parser.add_argument("--mutate", choices=sorted(MUTATIONS), help="switch this part off; the check must then fail")
    parser.add_argument(
        "--hard", type=int, default=0, metavar="N", help="also N hard questions with and without thought"
    )
    parser.add_argument(
        "--perfect", type=int, default=0, metavar="N", help="also the first N with less time and a perfect clock"
    )
    parser.add_argument("--records", type=Path, help="keep every ask in this file, and go on where it ends")
    parser.add_argument("--out", type=Path, help="write what it came to, as JSON")
    return parser.parse_args()


def parts_of(options: argparse.Namespace, safeguards: Safeguards | None, folder: Path) -> Parts:
    """The model's parts; what is learnt without some of the safeguards goes into a copy, in `folder`."""
    parts = usual_parts(options.model, options.engine)
    if safeguards is None:
        return parts
    if (known := cache_folder("closings")).is_dir():
        shutil.copytree(known, folder / "closings", dirs_exist_ok=True)
    promise = Promise(folder / "closings", setting_of(parts.engine.info, parts.model))
    return replace(parts, safeguards=safeguards, book=None, promise=promise)


def asks_in(path: Path) -> list[Ask]:
    """The asks of a file."""
    return [ask_from(record) for record in read_records(path, "ask")]


def over_perfect(asks: Sequence[Ask], perfect: Sequence[Ask]) -> Difference:
    """How much more often the asks are right, late ones counted wrong, than those of the perfect clock, late or not."""
    return paired_difference([ask.correct for ask in perfect], [ask.correct and not ask.is_late for ask in asks])


def hard_gain(reasoner: Reasoner, n: int, seed: int) -> Difference:
    """How much more often hard questions are right within two seconds than without thought."""
    task = load_task(":".join((TASK, "hard")), n=n, seed=seed)
    direct = run(task, reasoner, seed=seed, profile="direct", on_progress=(without := Kept()).add)
    thinking = run(task, reasoner, seed=seed, deadline=HARD_DEADLINE_S, on_progress=(within := Kept()).add)
    assert direct.n == thinking.n == n, "interrupted"
    return paired_difference(without.right, within.right)


class Kept:
    """Whether each item was right and in time."""

    def __init__(self) -> None:
        self.right: list[bool] = []

    def add(self, done: int, total: int, record: Record) -> None:
        """Take the newest record in."""
        self.right.append(record["correct"] is True and record["deadline_met"] is not False)


def gain_of(gain: Difference) -> dict[str, float]:
    """The difference in JSON's terms."""
    return {"n": gain.n, "difference": gain.difference, "low": gain.low, "high": gain.high}


if __name__ == "__main__":
    sys.exit(main())

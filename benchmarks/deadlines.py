"""Are deadlines kept? Asks over deadlines that are log-uniform from 50 ms to 2 s, on questions never trained on.

    python benchmarks/deadlines.py --n 200 --out benchmarks/results/deadlines.json

What must hold on an idle machine: at least 99 % come back in time, and each has an answer when its deadline was at
least the shortest feasible one that its result announced. Time is measured here, around the call. `--load K` runs K
busy neighbour processes meanwhile. Exit code 1 when it does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgereason.answers import canonical
from edgereason.evals.runner import item_seed
from edgereason.evals.tasks import Item, load_task
from edgereason.intervals import Proportion, clopper_pearson, wilson
from edgereason.profiling.device import device_name
from edgereason.records import Provenance, provenance
from edgereason.runtime import Reasoner

TASK = "chain+story+sorting"
LEAST_IN_TIME = 0.99
QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question and what came of it; `elapsed_s` is the caller's."""

    id: str
    family: str
    band: str
    deadline_s: float
    elapsed_s: float
    reported_s: float
    shortest_feasible_s: float | None
    answer: str | None
    correct: bool
    finish: str
    rows: int

    @property
    def in_time(self) -> bool:
        """Whether the call returned by its deadline."""
        return self.elapsed_s <= self.deadline_s

    @property
    def feasible(self) -> bool:
        """Whether the deadline was at least the shortest feasible one announced."""
        return self.shortest_feasible_s is not None and self.deadline_s >= self.shortest_feasible_s


def main() -> int:
    """Run, print, and say by the exit code whether it holds."""
    options = parsed()
    items = load_task(TASK, n=options.n, seed=options.seed).items
    with Reasoner.load(options.model) as reasoner, busy_neighbours(options.load):
        asks = [
            ask(reasoner, item, deadline_s, item_seed(options.seed, index))
            for index, (item, deadline_s) in enumerate(zip(items, deadlines(options), strict=True))
        ]
        header = header_of(reasoner, options)
    found = summary(asks)
    print(text_of(found, asks))
    line = json.dumps({"provenance": header.to_record(), **found})
    print(line)
    if options.out is not None:
        write(options.out, header, found, asks)
    return 0 if found["holds"] else 1


def parsed() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=200, help="questions (default 200)")
    parser.add_argument("--seed", type=int, default=1000, help="of questions, deadlines and draws (default 1000)")
    parser.add_argument("--model", default="abacus", help="bundled name or path (default abacus)")
    parser.add_argument("--load", type=int, default=0, help="busy neighbour processes (default 0)")
    parser.add_argument("--shortest", type=float, default=0.05, help="shortest deadline in seconds (default 0.05)")
    parser.add_argument("--longest", type=float, default=2.0, help="longest deadline in seconds (default 2)")
    parser.add_argument("--out", type=Path, help="write summary and every ask to this JSON file")
    return parser.parse_args()


def deadlines(options: argparse.Namespace) -> list[float]:
    """Log-uniform draws between the shortest and the longest."""
    draws = np.random.default_rng(options.seed).uniform(size=options.n)
    low, high = np.log(options.shortest), np.log(options.longest)
    return [float(x) for x in np.exp(low + (high - low) * draws)]


def ask(reasoner: Reasoner, item: Item, deadline_s: float, seed: int) -> Ask:
    """Ask once, timed from outside."""
    entry = time.perf_counter()
    result = reasoner.ask(item.question, deadline=deadline_s, seed=seed, choices=item.choices)
    elapsed_s = time.perf_counter() - entry
    return Ask(
        id=item.id,
        family=item.family,
        band=item.band,
        deadline_s=deadline_s,
        elapsed_s=elapsed_s,
        reported_s=result.elapsed_s,
        shortest_feasible_s=result.shortest_feasible_s,
        answer=result.answer,
        correct=result.answer is not None and canonical(result.answer) == canonical(item.target),
        finish=result.finish,
        rows=0 if result.plan is None else result.plan.num_rows,
    )


@contextlib.contextmanager
def busy_neighbours(count: int) -> Iterator[None]:
    """Processes that do nothing but use a core each."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def header_of(reasoner: Reasoner, options: argparse.Namespace) -> Provenance:
    """Where these numbers come from."""
    info = reasoner.engine_info
    return provenance(
        device=f"{device_name()}; {info.device}, {info.threads} threads",
        engine=info.name,
        engine_version=info.version,
        model=reasoner.model,
        seed=options.seed,
        n=options.n,
        settings={
            "task": TASK,
            "load": options.load,
            "shortest_s": options.shortest,
            "longest_s": options.longest,
        },
    )


def summary(asks: Sequence[Ask]) -> dict[str, object]:
    """Everything that is claimed, with n and intervals."""
    feasible = [one for one in asks if one.feasible]
    in_time = clopper_pearson(sum(one.in_time for one in asks), len(asks))
    answered = clopper_pearson(sum(one.answer is not None for one in feasible), len(feasible))
    families = sorted({one.family for one in asks})
    return {
        "in_time": share_of(in_time),
        "answered_when_feasible": share_of(answered),
        "answered": share_of(wilson(sum(one.answer is not None for one in asks), len(asks))),
        "right": share_of(right(asks)),
        "right_by_family": {
            family: share_of(right([one for one in asks if one.family == family])) for family in families
        },
        "elapsed_over_deadline": quantiles_of([one.elapsed_s / one.deadline_s for one in asks]),
        "most_overshoot_s": max(one.elapsed_s - one.deadline_s for one in asks),
        "most_unreported_s": max(one.elapsed_s - one.reported_s for one in asks),
        "shortest_feasible_s": quantiles_of([one.shortest_feasible_s or 0.0 for one in asks]),
        "holds": in_time.share >= LEAST_IN_TIME and answered.count == answered.n,
    }


def right(asks: Sequence[Ask]) -> Proportion:
    """Right and in time."""
    return wilson(sum(one.correct and one.in_time for one in asks), len(asks))


def share_of(share: Proportion) -> dict[str, object]:
    """A share in JSON's terms."""
    return {"share": share.share if share.n else None, **dataclasses.asdict(share)}


def quantiles_of(values: Sequence[float]) -> dict[str, float]:
    """The quantiles by name."""
    return {f"{q:g}": float(x) for q, x in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)}


def text_of(found: dict[str, object], asks: Sequence[Ask]) -> str:
    """The summary for people, with every ask that broke it."""
    lines = []
    for name, value in found.items():
        entries = value.items() if name == "right_by_family" and isinstance(value, dict) else [(name, value)]
        lines += [f"{label:<24} {said(entry)}" for label, entry in entries]
    lines += [f"late: {one}" for one in asks if not one.in_time]
    lines += [f"no answer: {one}" for one in asks if one.feasible and one.answer is None]
    return "\n".join(lines)


def said(value: object) -> str:
    """A value in words."""
    if isinstance(value, dict) and "count" in value:
        return f"{value['count']} of {value['n']} (95 %: {value['low']:.4f} to {value['high']:.4f})"
    if isinstance(value, dict):
        return ", ".join(f"{float(name):.0%}: {number:.3f}" for name, number in value.items())
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def write(path: Path, header: Provenance, found: dict[str, object], asks: Sequence[Ask]) -> None:
    """Provenance, summary and every ask, one line each."""
    rows = ",\n".join(json.dumps(dataclasses.asdict(one)) for one in asks)
    head = json.dumps({"provenance": header.to_record(), **found}, indent=1)
    path.write_text(f'{head[:-2]},\n "asks": [\n{rows}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

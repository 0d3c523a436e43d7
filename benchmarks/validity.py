"""May the simulator be believed here? The same questions live and replayed, by deadline and strategy.

    edgereason profile --save here.json
    python benchmarks/validity.py RECORDS --device here.json --out benchmarks/results/validity.json

RECORDS come from `edgereason calibrate` with the model that runs live; the profile is that of this machine. Cells take
turns, each with a question of its own, so that what changes here in the meantime changes all of them and no request
finds its prompt in the one before. The replay goes at the machine's present speed: the middle one of taken over
predicted seconds of the passes in the latest live requests (`speed`; a shared machine is never as fast as in its
profile), and with what these requests took outside prompt and passes (`outside_s`: text, plan, result, waking the
caller), for which the clock of a simulation stands still. Live and replayed rows are draws of their own: the difference
of accuracies comes with its interval, which is wider than the gate in a single cell.
What must hold on an idle machine: accuracy over all cells within 2 points, and the median of the cells' errors of the
median time at most 5 %. Each cell says for itself whether it is within both. Exit code 1 when it does not hold.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from edgereason.answers import canonical
from edgereason.cli.durations import parse_duration
from edgereason.controller.costs import seconds_of
from edgereason.evals.runner import item_seed
from edgereason.profiling.device import device_name
from edgereason.profiling.profile import DeviceProfile, read_profile
from edgereason.protocols import Clock
from edgereason.records import Provenance, provenance
from edgereason.runtime import Reasoner
from edgereason.simulating.simulator import Question, Recording, Simulator, read_recording
from edgereason.simulating.weather import Calm
from edgereason.types import PassCosts, Result

PROFILE = "hard"  # the same live and replayed: records hold no states that a probe could judge
STRATEGIES = ("single", "majority", "esc")
MOST_POINTS = 0.02
MOST_TIME_ERROR = 0.05
WINDOW = 45  # live requests, of which the present speed is the middle one
Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One deadline with one strategy."""

    deadline_s: float
    strategy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One question in one cell. replayed_right: share of the replays; seconds as the caller sees them."""

    question_id: str
    live_right: bool
    replayed_right: float
    live_s: float
    replayed_s: float
    speed: float
    outside_s: float


class Present(Calm):
    """No weather but the speed that the latest live requests showed: seconds taken over seconds predicted."""

    def __init__(self) -> None:
        self._speeds: deque[float] = deque(maxlen=WINDOW)
        self._outside_s: deque[float] = deque(maxlen=WINDOW)

    @property
    def speed(self) -> float:
        """The middle one; 1 before there is any."""
        return statistics.median(self._speeds or [1.0])

    @property
    def outside_s(self) -> float:
        """Seconds of a request outside prompt and passes, the middle ones; 0 before there are any."""
        return statistics.median(self._outside_s or [0.0])

    def see(self, result: Result, live_s: float, costs: PassCosts) -> None:
        """Take in what a live request took, where it ran any pass."""
        taken_s = sum(seconds for _, seconds, _ in result.trace.passes().values())
        predicted_s = seconds_of(costs, 0, result.trace.work())
        if predicted_s:
            (prompt_s, _, _), (prefilled_s, _, _) = *result.trace.events("prompt"), *result.trace.events("prefilled")
            self._speeds.append(taken_s / predicted_s)
            self._outside_s.append(max(0.0, live_s - taken_s - (prefilled_s - prompt_s)))

    def done(self, begin_s: float, work_s: float) -> float:
        """After the work's own time at that speed."""
        return begin_s + work_s * self.speed


def main() -> int:
    """Run, print, and say by the exit code whether it holds."""
    options = parsed()
    cells = [Cell(deadline_s=each, strategy=name) for each in options.deadlines for name in STRATEGIES]
    recording, device = read_recording(options.records), read_profile(options.device)
    questions = drawn(recording.questions, options.n, options.seed)
    pairs = compared(questions, cells, recording, device, options)
    found = summary(pairs)
    header = header_of(recording, device, options)
    print(text_of(found))
    print(json.dumps({"provenance": header.to_record(), **found}))
    if options.out is not None:
        write(options.out, header, found, pairs)
    return 0 if found["holds"] else 1


def parsed() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("records", type=Path)
    parser.add_argument("--device", type=Path, required=True, help="profile of this machine and model")
    parser.add_argument(
        "--deadlines",
        type=lambda text: [parse_duration(part) for part in text.split(",")],
        default=[0.05, 0.15, 0.5],
        metavar="TIME,...",
        help="(default 50ms,150ms,500ms)",
    )
    parser.add_argument("--model", default="abacus", help="bundled name or path (default abacus)")
    parser.add_argument("--n", type=int, default=300, help="questions (default 300)")
    parser.add_argument("--replays", type=int, default=4, help="of each question and cell (default 4)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of questions, and of draws (default 0)")
    parser.add_argument(
        "--cpu-time", action="store_true", help="count this process's own time, on a busy machine; as the profile must"
    )
    parser.add_argument("--out", type=Path, help="write summary and every pair to this JSON file")
    return parser.parse_args()


def drawn(questions: Sequence[Question], n: int, seed: int) -> list[Question]:
    """`n` of the questions, without replacement."""
    order = np.random.default_rng(seed).permutation(len(questions))[:n]
    return [questions[int(place)] for place in order]


def compared(
    questions: Sequence[Question],
    cells: Sequence[Cell],
    recording: Recording,
    device: DeviceProfile,
    options: argparse.Namespace,
) -> dict[Cell, list[Pair]]:
    """Every question in every cell, live and replayed; both begin with no closings learnt."""
    pairs: dict[Cell, list[Pair]] = {cell: [] for cell in cells}
    present = Present()
    simulators = {
        cell: [
            Simulator(device, recording, weather=present, seed=options.seed + replay)  # of its own: it keeps a prompt
            for replay in range(options.replays)
        ]
        for cell in cells
    }
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        load = {
            "engine": device.bound_to.engine,
            "threads": device.bound_to.threads,
            "clock": clock_of(options),
        }
        with Reasoner.load(options.model, device_profile=options.device, **load) as reasoner:
            reasoner.ask(questions[0].text, deadline=1.0)  # the first request warms up
            for index in range(len(questions)):
                for place, cell in enumerate(cells):
                    asked = (index + place) % len(questions)
                    question = questions[asked]
                    pairs[cell].append(pair(reasoner, simulators[cell], present, cell, question, asked, options))
                if (index + 1) % 20 == 0:
                    print(f"{index + 1} of {len(questions)} questions", file=sys.stderr)
    return pairs


def pair(
    reasoner: Reasoner,
    simulators: Sequence[Simulator],
    present: Present,
    cell: Cell,
    question: Question,
    index: int,
    options: argparse.Namespace,
) -> Pair:
    """One question live, timed from outside, and replayed."""
    clock = clock_of(options)
    entry = clock()
    live = reasoner.ask(
        question.text,
        deadline=cell.deadline_s,
        profile=PROFILE,
        strategy=cell.strategy,
        seed=item_seed(options.seed, index),
        choices=question.choices,
    )
    live_s = clock() - entry
    present.see(live, live_s, reasoner.costs)
    outside_s = min(present.outside_s, cell.deadline_s / 2)
    replayed = [
        simulator.ask(
            question,
            deadline=cell.deadline_s - outside_s,
            profile=PROFILE,
            options={"strategy": cell.strategy},
            seed=item_seed(options.seed + 1 + replay, index),
        )
        for replay, simulator in enumerate(simulators)
    ]
    return Pair(
        question_id=question.id,
        live_right=is_right(question, live.answer),
        replayed_right=float(np.mean([is_right(question, each.answer) for each in replayed])),
        live_s=live_s,
        replayed_s=outside_s + float(np.median([each.elapsed_s for each in replayed])),
        speed=present.speed,
        outside_s=outside_s,
    )


def clock_of(options: argparse.Namespace) -> Clock:
    """What counts the time of live requests."""
    return time.process_time if options.cpu_time else time.perf_counter


def is_right(question: Question, answer: str | None) -> bool:
    """Whether the answer is the question's."""
    return answer is not None and canonical(answer) == canonical(question.target)


def header_of(recording: Recording, device: DeviceProfile, options: argparse.Namespace) -> Provenance:
    """Where these numbers come from."""
    return provenance(
        device=f"{device_name()}; {device.bound_to.engine_device}, {device.bound_to.threads} threads",
        engine=device.bound_to.engine,
        engine_version=device.bound_to.engine_version,
        model=recording.model,
        seed=options.seed,
        n=options.n,
        settings={
            "device_profile": device.name,
            "profile_date": device.header.get("date"),
            "recorded": recording.header["settings"].get("items", ""),
            "deadlines_s": options.deadlines,
            "profile": PROFILE,
            "strategies": STRATEGIES,
            "replays": options.replays,
            "cpu_time": options.cpu_time,
        },
    )


def summary(pairs: dict[Cell, list[Pair]]) -> dict[str, Any]:
    """Every cell, all of them together, and whether it holds."""
    cells: list[dict[str, Any]] = [{**dataclasses.asdict(cell), **compared_to(each)} for cell, each in pairs.items()]
    together = compared_to([each for cell in pairs.values() for each in cell])
    time_error = float(np.median([abs(cell["time_error"]) for cell in cells]))
    return {
        "cells": cells,
        "cells_within": sum(bool(cell["is_within"]) for cell in cells),
        "together": together,
        "median_time_error": time_error,
        "speed": float(np.median([each.speed for several in pairs.values() for each in several])),
        "outside_s": float(np.median([each.outside_s for several in pairs.values() for each in several])),
        "holds": abs(together["difference"]) <= MOST_POINTS and time_error <= MOST_TIME_ERROR,
    }


def compared_to(pairs: Sequence[Pair]) -> dict[str, float]:
    """Replayed beside live. The interval is a normal one over questions."""
    differences = np.array([each.replayed_right - each.live_right for each in pairs])
    half = Z * float(differences.std(ddof=1)) / math.sqrt(len(pairs)) if len(pairs) > 1 else math.inf
    points = float(differences.mean())
    live_s, replayed_s = np.median([each.live_s for each in pairs]), np.median([each.replayed_s for each in pairs])
    time_error = float(replayed_s / live_s - 1)
    return {
        "n": len(pairs),
        "live_right": float(np.mean([each.live_right for each in pairs])),
        "replayed_right": float(np.mean([each.replayed_right for each in pairs])),
        "difference": points,
        "difference_low": points - half,
        "difference_high": points + half,
        "live_median_s": float(live_s),
        "replayed_median_s": float(replayed_s),
        "time_error": time_error,
        "median_of_errors": float(np.median([abs(each.replayed_s / each.live_s - 1) for each in pairs])),
        "is_within": abs(points) <= MOST_POINTS and abs(time_error) <= MOST_TIME_ERROR,
    }


def text_of(found: dict[str, Any]) -> str:
    """A table for people."""
    lines = [
        f"{'deadline':>9} {'strategy':<10} {'live':>6} {'replay':>6} {'points (95 %)':>22} {'live s':>8} {'time':>7}"
    ]
    cells = found["cells"]
    for cell in [*cells, {"deadline_s": 0.0, "strategy": "all", **found["together"]}]:
        interval = f"({100 * cell['difference_low']:+.1f} to {100 * cell['difference_high']:+.1f})"
        points = f"{100 * cell['difference']:+.1f} {interval}"
        lines.append(
            f"{cell['deadline_s']:>9.3g} {cell['strategy']:<10} {cell['live_right']:>6.3f} "
            f"{cell['replayed_right']:>6.3f} {points:>22} {cell['live_median_s']:>8.3f} {cell['time_error']:>+7.1%}"
        )
    within = f"within 2 points and 5 %: {found['cells_within']} of {len(cells)} cells"
    time_error = f"median error of the cells' median times: {found['median_time_error']:.1%}"
    speed = (
        f"passes took {found['speed']:.2f} times as long as in the profile, a request {found['outside_s']:.4f} s beside"
    )
    return "\n".join([*lines, within, time_error, speed, f"holds: {found['holds']}"])


def write(path: Path, header: Provenance, found: dict[str, object], pairs: dict[Cell, list[Pair]]) -> None:
    """Provenance, summary and every pair, one line each."""
    rows = ",\n".join(
        json.dumps({**dataclasses.asdict(cell), **dataclasses.asdict(each)})
        for cell, several in pairs.items()
        for each in several
    )
    head = json.dumps({"provenance": header.to_record(), **found}, indent=1)
    path.write_text(f'{head[:-2]},\n "pairs": [\n{rows}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

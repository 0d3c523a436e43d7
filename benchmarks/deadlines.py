"""Is the promise about time kept, and not by giving up? Live asks on questions that the model was never trained on.

    python benchmarks/deadlines.py --n 2000 --out benchmarks/results/deadlines.json
    python benchmarks/deadlines.py --n 500 --mutate watchdog        # must fail; also: quantile, drift

*Promise*: deadlines log-uniform from 50 ms to 2 s, every other twenty asks beside bursts on all cores. Of the
deadline-limited requests at most 0.6 % may be late (upper limit of the 95 % interval at most 1 %), at most 2 % in a
regime; closings may not be seen to overrun more often than the miss rate of 1 %; with a feasible deadline there is
always an answer. *Not by giving up*: hard questions within 2 s are right at least 15 points more often than their
direct answers; rows that time closed were closed at a median of at least 75 % of the deadline; and the asks are right
at least as often as the same asks with 75 % of the time and a perfect clock (nothing is kept in reserve, and being late
is forgiven), to within the interval of the paired difference.
`--mutate` switches one part off, with which the promise must break. Exit code 1 where anything does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from unittest import mock

from edgereason.cli.check import DEFAULT_TASK, table
from edgereason.controller.pace import RequestPace
from edgereason.controller.reserve import Reserve
from edgereason.evals.ledger import Ask, Bounds, Draw, broken, keep_ledger, ledger, ledger_header, to_json
from edgereason.evals.tasks import load_task
from edgereason.intervals import paired_difference
from edgereason.promise import Promise
from edgereason.request import Request
from edgereason.runtime import Reasoner

LESS_TIME = 0.75
HARD_DEADLINE_S, HARD_GAIN = 2.0, 0.15
LEAST_CLOSING = 0.75
MUTATIONS = ("quantile", "watchdog", "drift")


def main() -> None:
    """Run, print, and say by the exit code whether it holds."""
    options = parsed()
    draw = Draw(seed=options.seed, load=True)
    with tempfile.TemporaryDirectory() as kept, Reasoner.load(options.model) as reasoner, mutated(options.mutate):
        header = ledger_header(load_task(DEFAULT_TASK, n=options.n, seed=options.seed), reasoner, draw)
        asks = asked(reasoner, DEFAULT_TASK, options.n, draw, Path(kept) / "asks.jsonl")
        lines = ledger(asks)
        found: dict[str, Any] = {"provenance": header.to_record(), "mutated": options.mutate, "promise": to_json(lines)}
        faults = broken(lines, Bounds())
        print(table(lines), flush=True)
        if options.mutate is None:
            more, sharp = not_given_up(reasoner, options, draw, asks)
            faults, found = faults + more, {**found, "not_by_giving_up": sharp}
    found = {**found, "broken": faults, "holds": not faults}
    print("\n".join(faults))
    print(json.dumps(found))
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(1 if faults else 0)


def parsed() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=2000, help="questions (default 2000)")
    parser.add_argument("--hard", type=int, default=200, help="hard questions within 2 s (default 200)")
    parser.add_argument("--seed", type=int, default=1000, help="of questions, deadlines and draws (default 1000)")
    parser.add_argument("--model", default="abacus", help="bundled name or path (default abacus)")
    parser.add_argument("--mutate", choices=MUTATIONS, help="switch this off; the promise must then break")
    parser.add_argument("--out", type=Path, help="write what was found to this JSON file")
    return parser.parse_args()


def asked(reasoner: Reasoner, task: str, n: int, draw: Draw, out: Path) -> list[Ask]:
    """The asks of a task; SystemExit where they were interrupted."""
    asks, is_whole = keep_ledger(load_task(task, n=n, seed=draw.seed), reasoner, draw, out=out)
    if not is_whole:
        raise SystemExit(130)
    return asks


def not_given_up(
    reasoner: Reasoner, options: argparse.Namespace, draw: Draw, asks: Sequence[Ask]
) -> tuple[list[str], dict[str, Any]]:
    """(what does not hold, the figures) of what the time was used for."""
    hard_task = "+".join(DEFAULT_TASK.split("+")) + ":hard"
    fixed = replace(draw, shortest_s=HARD_DEADLINE_S, longest_s=HARD_DEADLINE_S, load=False)
    less = replace(draw, shortest_s=LESS_TIME * draw.shortest_s, longest_s=LESS_TIME * draw.longest_s)
    with tempfile.TemporaryDirectory() as kept:
        hard = asked(reasoner, hard_task, options.hard, fixed, Path(kept) / "hard.jsonl")
        with mutated("quantile"), mutated("watchdog"):
            perfect = asked(reasoner, DEFAULT_TASK, options.n, less, Path(kept) / "less.jsonl")
    gain = paired_difference([ask.is_direct_right for ask in hard], [right_in_time(ask) for ask in hard])
    against = paired_difference([ask.is_right for ask in perfect], [right_in_time(ask) for ask in asks])
    closing = ledger(asks)[0].closing
    faults = []
    if gain.difference < HARD_GAIN:
        faults.append(f"hard questions within {HARD_DEADLINE_S:g} s gain {gain.difference:+.3f} over direct answers")
    if closing is None or closing < LEAST_CLOSING:
        faults.append(f"closing began at {closing} of the deadline, less than {LEAST_CLOSING}")
    if against.high < 0:
        faults.append(f"a perfect clock with {LESS_TIME:.0%} of the time is better by {-against.difference:.3f}")
    return faults, {
        "hard_less_direct": asdict(gain),
        "closing_began_at": closing,
        "less_perfect_clock": asdict(against),
    }


def right_in_time(ask: Ask) -> bool:
    """Whether it is right, late counted wrong."""
    return ask.is_right and not ask.is_late


@contextlib.contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """One part of what keeps the promise switched off.

    quantile: nothing is kept over what closing is predicted to take; watchdog: whoever waits gets the result when the
    worker has it; drift: the present speed is not followed.
    """

    def nothing_kept(self: Promise, rows: int, miss_rate: float) -> Reserve:
        return Reserve(factor=1.0, closings=0, needed=1, miss_rate=miss_rate)

    def no_speed(self: RequestPace, rows: int, passes: int, seconds: float) -> None:
        self._passes += passes if self._committed is not None else 0

    changes = {
        "quantile": [mock.patch.object(Promise, "reserve", nothing_kept)],
        "watchdog": [
            mock.patch.object(Request, "watch", return_value=None),
            mock.patch.object(Request, "wait_s", return_value=1.0),
        ],
        "drift": [mock.patch.object(RequestPace, "observe", no_speed)],
        None: [],
    }
    with contextlib.ExitStack() as stack:
        for change in changes[name]:
            stack.enter_context(change)
        yield


if __name__ == "__main__":
    main()

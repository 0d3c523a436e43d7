"""The ledger of the promise: which requests came back late, in which regime, and what the time was used for.

In: asking questions with drawn deadlines, their records, what the ledger says of them. Not in: the promise itself
(promise, controller.reserve), the neighbours beside which half may be asked (neighbours).
A request is *deadline-limited* where time ended it: rows were closed or dropped for the deadline, the answer in hand
was handed over, or it came back late. Of these alone the promise speaks. A closing is *overrun* where it had begun and
the answer in hand was handed over before it had ended: what was kept back for it was too little.
Invariant: time is taken around the call by the caller's clock; a question's record is on disk before the next is asked.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgereason.answers import canonical
from edgereason.controller.reserve import MISS_RATE
from edgereason.errors import ConfigError
from edgereason.evals.neighbours import neighbours
from edgereason.evals.runner import OnProgress, item_seed
from edgereason.evals.tasks import Item, Task
from edgereason.intervals import Proportion, clopper_pearson, wilson
from edgereason.profiling.contention import Neighbours
from edgereason.profiling.device import device_name
from edgereason.protocols import Clock, Record, never
from edgereason.records import Provenance, RecordWriter, provenance, read_records, request_record
from edgereason.runtime import Reasoner
from edgereason.trace import plain

Regime = Literal["calm", "busy"]
REGIMES: tuple[Regime, ...] = ("calm", "busy")
BLOCK = 20  # questions that are asked in a row with neighbours, or without


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Which deadlines are drawn, log-uniform in seconds; with `load`, every other block is asked beside neighbours."""

    shortest_s: float = 0.05
    longest_s: float = 2.0
    seed: int = 0
    load: bool = False
    miss_rate: float = MISS_RATE

    def __post_init__(self) -> None:
        if not 0 < self.shortest_s <= self.longest_s <= 3600:
            raise ConfigError(
                f"Deadlines from {self.shortest_s!r} to {self.longest_s!r} s: give two rising numbers above 0, "
                "at most 3600."
            )

    def deadlines(self, n: int) -> list[float]:
        """Seconds for n questions."""
        low, high = np.log(self.shortest_s), np.log(self.longest_s)
        found: list[float] = np.exp(np.random.default_rng(self.seed).uniform(low, high, n)).tolist()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What came of one request; `elapsed_s` is the caller's. closing_s: when time began to close its rows."""

    regime: Regime
    deadline_s: float
    elapsed_s: float
    shortest_feasible_s: float | None
    closing_s: float | None
    is_answered: bool
    is_right: bool
    is_direct_right: bool
    is_handed_over: bool
    is_ended_by_time: bool

    @property
    def is_late(self) -> bool:
        """Whether the call returned after its deadline."""
        return self.elapsed_s > self.deadline_s

    @property
    def is_limited(self) -> bool:
        """Whether time ended it."""
        return self.is_ended_by_time or self.is_late

    @property
    def is_overrun(self) -> bool:
        """Whether a closing had begun and did not end in time."""
        return self.is_handed_over and self.closing_s is not None

    @property
    def is_feasible(self) -> bool:
        """Whether the deadline was at least the shortest one announced."""
        return self.shortest_feasible_s is not None and self.deadline_s >= self.shortest_feasible_s

    @property
    def used(self) -> float:
        """Share of the deadline that had passed when the call returned."""
        return self.elapsed_s / self.deadline_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the ledger: n requests of a regime, of which `late.n` were deadline-limited.

    late, overrun, in_hand: of the deadline-limited (overrun: of those whose rows time began to close); right: of all,
    late counted wrong; answered: of those with a feasible deadline. used, closing: medians over the deadline-limited of
    the share of the deadline at the return, and at the moment when closing began.
    """

    regime: str
    n: int
    late: Proportion
    overrun: Proportion
    in_hand: Proportion
    right: Proportion
    direct: Proportion
    answered: Proportion
    used: float | None
    closing: float | None
    most_overshoot_s: float


def keep_ledger(
    task: Task,
    reasoner: Reasoner,
    draw: Draw,
    *,
    out: Path | None = None,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] = never,
    clock: Clock = time.perf_counter,
) -> tuple[list[Ask], bool]:
    """Ask every item with a drawn deadline; the asks, and False where it was interrupted before all were done.

    out: records are kept there, and items that are in it are not asked again.

    Raises:
        RecordError: `out` holds something else, or cannot be written. EdgeReasonError: as `Reasoner.ask`.
    """
    header, deadlines = ledger_header(task, reasoner, draw), draw.deadlines(len(task.items))
    asks: list[Ask] = []
    with contextlib.ExitStack() as stack:
        writer = None if out is None else stack.enter_context(RecordWriter(out, header))
        kept = {} if out is None else {record["question_id"]: record for record in read_records(out, "request")}
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        beside = stack.enter_context(contextlib.ExitStack())
        around, is_beside = Neighbours(), False
        for index, item in enumerate(task.items):
            found = kept.get(item.id)
            if found is None:
                if should_stop():
                    return asks, False
                wants = draw.load and index // BLOCK % 2 == 1
                if wants != is_beside:
                    beside.close()
                    is_beside = wants
                    if wants:
                        beside.enter_context(neighbours(draw.seed + index))
                regime: Regime = "busy" if around.are_busy() or is_beside else "calm"
                found = _asked(item, reasoner, draw, deadlines[index], item_seed(draw.seed, index), regime, clock)
                if writer is not None:
                    writer.append(found)
            asks.append(ask_of(found))
            if on_progress is not None:
                on_progress(len(asks), len(task.items), found)
    return asks, len(asks) == len(task.items)


def _asked(
    item: Item, reasoner: Reasoner, draw: Draw, deadline_s: float, seed: int, regime: Regime, clock: Clock
) -> Record:
    """Ask once, timed from outside; the record of the request."""
    entry = clock()
    result = reasoner.ask(item.question, deadline=deadline_s, seed=seed, choices=item.choices, miss_rate=draw.miss_rate)
    measured_s = clock() - entry
    return request_record(
        result,
        question_id=item.id,
        question=item.question,
        canonical=canonical(result.answer or "") or None,
        correct=item.is_right(result.answer),
        is_direct_right=any(rollout.is_direct and item.is_right(rollout.answer) for rollout in result.rollouts),
        regime=regime,
        measured_s=measured_s,
        **item.labels,
    )


def ask_of(record: Record) -> Ask:
    """What the ledger keeps of a request's record."""
    events = record["trace"]["events"]
    closed = [event["at_s"] for event in events if event["event"] == "closing" and event["why"] == "deadline"]
    return Ask(
        regime=record["regime"],
        deadline_s=record["deadline_s"],
        elapsed_s=record["measured_s"],
        shortest_feasible_s=record["shortest_feasible_s"],
        closing_s=min(closed, default=None),
        is_answered=record["answer"] is not None,
        is_right=bool(record["correct"]),
        is_direct_right=record["is_direct_right"],
        is_handed_over=any(event["event"] == "handed_over" for event in events),
        is_ended_by_time=record["finish"] == "deadline",
    )


# ---------------------------------------------------------------- what it says


def ledger(asks: Sequence[Ask]) -> list[Line]:
    """The line of all requests, then one for each regime that occurred."""
    groups = {regime: [ask for ask in asks if ask.regime == regime] for regime in REGIMES}
    return [_line("all", asks), *(_line(name, group) for name, group in groups.items() if group)]


def _line(regime: str, asks: Sequence[Ask]) -> Line:
    limited = [ask for ask in asks if ask.is_limited]
    closed = [ask for ask in limited if ask.closing_s is not None]
    feasible = [ask for ask in asks if ask.is_feasible]
    return Line(
        regime=regime,
        n=len(asks),
        late=clopper_pearson(sum(ask.is_late for ask in limited), len(limited)),
        overrun=clopper_pearson(sum(ask.is_overrun for ask in closed), len(closed)),
        in_hand=wilson(sum(ask.is_handed_over for ask in limited), len(limited)),
        right=wilson(sum(ask.is_right and not ask.is_late for ask in asks), len(asks)),
        direct=wilson(sum(ask.is_direct_right for ask in asks), len(asks)),
        answered=clopper_pearson(sum(ask.is_answered for ask in feasible), len(feasible)),
        used=_median([ask.used for ask in limited]),
        closing=_median([ask.closing_s / ask.deadline_s for ask in closed if ask.closing_s is not None]),
        most_overshoot_s=max((ask.elapsed_s - ask.deadline_s for ask in asks), default=0.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a ledger must hold: shares of the deadline-limited requests.

    most_late, most_late_high: late over all, and the upper limit of its 95 % interval; most_late_regime: in either
    regime; miss_rate: what closings are promised to overrun at most: the lower limit of either regime's interval may
    not lie above it.
    """

    most_late: float = 0.006
    most_late_high: float = 0.01
    most_late_regime: float = 0.02
    miss_rate: float = MISS_RATE


def broken(lines: Sequence[Line], bounds: Bounds) -> list[str]:
    """What does not hold, in words; empty where everything does."""
    everything, *regimes = lines
    found = []
    if everything.late.n and everything.late.share > bounds.most_late:
        found.append(f"late: {_said(everything.late)}, more than {bounds.most_late:.1%}")
    if everything.late.high > bounds.most_late_high:
        found.append(f"late: up to {everything.late.high:.2%} (95 %), more than {bounds.most_late_high:.1%}")
    for line in regimes:
        if line.late.n and line.late.share > bounds.most_late_regime:
            found.append(f"late, {line.regime}: {_said(line.late)}, more than {bounds.most_late_regime:.1%}")
        if line.overrun.low > bounds.miss_rate:
            found.append(f"closings overrun, {line.regime}: {_said(line.overrun)}, more than {bounds.miss_rate:.1%}")
    if everything.answered.count < everything.answered.n:
        found.append(f"answered where feasible: {_said(everything.answered)}, not all")
    return found


def to_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines in JSON's terms."""
    return [_with_shares(plain(line)) for line in lines]


def _with_shares(line: dict[str, Any]) -> dict[str, Any]:
    """A line whose counts have their share beside them."""
    return {
        name: {**value, "share": value["count"] / value["n"] if value["n"] else None}
        if isinstance(value, dict)
        else value
        for name, value in line.items()
    }


def _said(share: Proportion) -> str:
    return f"{share.count} of {share.n}"


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def ledger_header(task: Task, reasoner: Reasoner, draw: Draw) -> Provenance:
    """The provenance of a ledger."""
    info = reasoner.engine_info
    return provenance(
        device=f"{device_name()}; {info.device}, {info.threads} threads",
        engine=info.name,
        engine_version=info.version,
        model=reasoner.model,
        seed=draw.seed,
        n=len(task.items),
        settings={
            "task": task.name,
            "items": task.fingerprint,
            **{name: value for name, value in asdict(draw).items() if name != "seed"},
        },
    )

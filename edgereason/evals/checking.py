"""Asking again and again under deadlines, calm and beside the load, to see whether the promise about time is kept.

In: the run, its records, going on where an earlier run ended. Not in: what the rows come to (ledger), the load (load).
Invariant: every ask is on disk before the next one, and ask i has the same question, deadline, seed and load in every
run of the same settings, however many there are in all.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from edgereason.controller.reserve import MISS_RATE
from edgereason.errors import ConfigError
from edgereason.evals.families import FAMILIES
from edgereason.evals.ledger import Ask, Ledger, Regime, ask_from, ask_of, ask_record, ledger_of
from edgereason.evals.load import neighbours
from edgereason.evals.runner import item_seed
from edgereason.evals.tasks import Item, Task
from edgereason.profiling.contention import Neighbours
from edgereason.profiling.device import device_name
from edgereason.protocols import Clock, never
from edgereason.records import Provenance, RecordWriter, provenance, read_records
from edgereason.types import EngineInfo, ModelInfo, Result

TASK = "+".join(FAMILIES)  # in turn, of all bands
BLOCK = 50  # asks between one change of the load and the next
OnProgress = Callable[[int, int, Ask], None]  # asks done, asks in all, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is asked under: deadlines in seconds, log-uniform between two; beside the load in every second block.

    block: asks; those of one should take longer than the second after which neighbours are seen.
    """

    shortest_s: float = 0.05
    longest_s: float = 2.0
    seed: int = 0
    load: bool = False
    block: int = BLOCK
    miss_rate: float = MISS_RATE

    def __post_init__(self) -> None:
        if not 0 < self.shortest_s <= self.longest_s < math.inf:
            raise ConfigError(
                f"Deadlines from {self.shortest_s!r} to {self.longest_s!r} s are none.",
                hint="The shortest is above 0 and at most the longest.",
            )

    def deadlines(self, n: int) -> list[float]:
        """The first n deadlines; more of them begin with the same ones."""
        low, high = math.log(self.shortest_s), math.log(self.longest_s)
        draws = np.random.default_rng(self.seed).uniform(size=n)
        return [min(self.longest_s, max(self.shortest_s, math.exp(low + (high - low) * draw))) for draw in draws]

    def is_loaded(self, index: int) -> bool:
        """Whether ask `index` is asked beside the load."""
        return self.load and index // self.block % 2 == 1


class Reasoner(Protocol):
    """What is checked: the part of `edgereason.runtime.Reasoner` that a check needs."""

    @property
    def model(self) -> ModelInfo:
        """Which model answers."""

    @property
    def engine_info(self) -> EngineInfo:
        """What runs it."""

    def ask(self, question: str, *, deadline: float, seed: int, choices: Sequence[str], miss_rate: float) -> Result:
        """Answer one question."""


def check(
    task: Task,
    reasoner: Reasoner,
    conditions: Conditions,
    *,
    out: Path | None = None,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] = never,
    is_busy: Callable[[], bool] | None = None,
    clock: Clock = time.perf_counter,
) -> Ledger:
    """Ask every item once, timed here, around the call; with `out`, asks are kept, and kept ones not asked again.

    Ctrl-C and `should_stop` end the run early: the ledger then covers what is done and says so (`interrupted`).

    Raises:
        RecordError: `out` holds something else, is being written by another process, or cannot be written.
        EdgeReasonError: whatever the reasoner raises; what was asked before is kept.
    """
    header = header_of(task, reasoner, conditions)
    is_busy = is_busy or Neighbours().are_busy
    asks: list[Ask] = []
    with ExitStack() as stack:
        writer = None if out is None else stack.enter_context(RecordWriter(out, header))
        kept = () if out is None else map(ask_from, read_records(out, "ask"))
        asks += itertools.islice(kept, len(task.items))
        stack.enter_context(suppress(KeyboardInterrupt))
        for index, item, deadline_s, loaded in _to_do(task, conditions, begin=len(asks)):
            if should_stop():
                break
            regime: Regime = "busy" if is_busy() else "calm"
            entry = clock()
            result = reasoner.ask(
                item.question,
                deadline=deadline_s,
                seed=item_seed(conditions.seed, index),
                choices=item.choices,
                miss_rate=conditions.miss_rate,
            )
            elapsed_s = clock() - entry
            if result.finish == "cancelled":
                break
            ask = ask_of(item, result, deadline_s=deadline_s, elapsed_s=elapsed_s, regime=regime, loaded=loaded)
            if writer is not None:
                writer.append(ask_record(ask))
            asks.append(ask)
            if on_progress is not None:
                on_progress(len(asks), len(task.items), ask)
    return ledger_of(asks, header, miss_rate=conditions.miss_rate, interrupted=len(asks) < len(task.items))


def _to_do(task: Task, conditions: Conditions, begin: int) -> Iterator[tuple[int, Item, float, bool]]:
    """(index, item, deadline, whether beside the load) from `begin` on; the load works while its blocks are out."""
    deadlines = conditions.deadlines(len(task.items))
    rest = zip(range(begin, len(task.items)), task.items[begin:], deadlines[begin:], strict=True)
    for block, members in itertools.groupby(rest, key=lambda each: each[0] // conditions.block):
        loaded = conditions.is_loaded(block * conditions.block)
        with ExitStack() as stack:
            if loaded:
                stack.enter_context(neighbours(conditions.seed + block))
            for index, item, deadline_s in members:
                yield index, item, deadline_s, loaded


def header_of(task: Task, reasoner: Reasoner, conditions: Conditions) -> Provenance:
    """Where the numbers come from."""
    info = reasoner.engine_info
    return provenance(
        device=f"{device_name()}; {info.device}, {info.threads} threads",
        engine=info.name,
        engine_version=info.version,
        model=reasoner.model,
        seed=conditions.seed,
        n=len(task.items),
        settings={
            "task": task.name,
            "items": task.fingerprint,
            "shortest_s": conditions.shortest_s,
            "longest_s": conditions.longest_s,
            "load": conditions.load,
            "block": conditions.block,
            "miss_rate": conditions.miss_rate,
        },
    )

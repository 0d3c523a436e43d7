"""Asking a task's questions one by one and keeping what came back.

In: the run, its records, going on where an earlier run ended. Not in: which questions (tasks), what the numbers mean
(report), how a question is answered (the reasoner).
Invariant: every item's record is on disk before the next is asked, and no answered item is asked again into one file.
A failed one is: the last record of an item counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from edgereason.answers import canonical
from edgereason.errors import (
    ClosedError,
    ConfigError,
    ContextLengthError,
    DeadlineExceededError,
    EdgeReasonError,
    EngineError,
    QuestionError,
)
from edgereason.evals.report import Report, report_of
from edgereason.evals.tasks import Item, Task
from edgereason.profiling.device import device_name
from edgereason.protocols import Clock, Record, never
from edgereason.records import Provenance, RecordWriter, provenance, read_records, request_record
from edgereason.types import EngineInfo, ModelInfo, Result, Usage

OnProgress = Callable[[int, int, Record], None]  # items done, items in all, the newest record

_ITEM_FAULTS = (QuestionError, ContextLengthError, DeadlineExceededError, EngineError)


class Reasoner(Protocol):
    """What is judged: the part of `edgereason.runtime.Reasoner` that a run needs."""

    @property
    def model(self) -> ModelInfo:
        """Which model answers."""

    @property
    def engine_info(self) -> EngineInfo:
        """What runs it."""

    def ask(
        self,
        question: str,
        *,
        deadline: float | None,
        profile: str,
        seed: int,
        choices: Sequence[str],
        **further: Any,
    ) -> Result:
        """Answer one question."""


def run(
    task: Task,
    reasoner: Reasoner,
    *,
    n: int | None = None,
    seed: int = 0,
    deadline: float | None = None,
    profile: str = "auto",
    further: Mapping[str, object] = MappingProxyType({}),
    out: Path | None = None,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] = never,
    clock: Clock = time.perf_counter,
) -> Report:
    """Ask the first `n` items (all if None) and report; with `out`, records are kept, and kept items not asked again.

    further: other options of `ask`, as {"strategy": "esc"}; those that are None or "auto" are left to it.
    A question that cannot be answered becomes a record with `error`, counted wrong. Ctrl-C, a cancelled request and
    `should_stop` end the run early: the report then covers what is done and says so (`interrupted`).

    Raises:
        ConfigError: nothing to ask.
        EdgeReasonError: what the reasoner raises for reasons that would stop every other question too.
        RecordError: `out` holds something else, is being written by another process, or cannot be written.
    """
    items = task.items[:n]
    if not items:
        raise ConfigError(f"Task {task.name!r} with n = {n!r} has nothing to ask.", hint="Give n of at least 1.")
    named = {name: value for name, value in further.items() if value not in (None, "auto")}
    header = header_of(task, reasoner, n=len(items), seed=seed, deadline=deadline, profile=profile, further=named)
    ask = _Asking(reasoner, seed=seed, deadline=deadline, profile=profile, further=named, clock=clock)
    records: list[Record] = []
    with ExitStack() as stack:
        writer = None if out is None else stack.enter_context(RecordWriter(out, header))
        kept = {} if out is None else {r["question_id"]: r for r in read_records(out, "request") if not r["error"]}
        stack.enter_context(suppress(KeyboardInterrupt))
        for index, item in enumerate(items):
            record = kept.get(item.id) or (None if should_stop() else ask(index, item))
            if record is None:
                break
            if writer is not None and item.id not in kept:
                writer.append(record)
            records.append(record)
            if on_progress is not None:
                on_progress(len(records), len(items), record)
    return report_of(records, header, interrupted=len(records) < len(items))


def header_of(
    task: Task,
    reasoner: Reasoner,
    *,
    n: int,
    seed: int,
    deadline: float | None,
    profile: str,
    further: Mapping[str, object] = MappingProxyType({}),
) -> Provenance:
    """The provenance of a run."""
    info = reasoner.engine_info
    return provenance(
        device=f"{device_name()}; {info.device}",
        engine=info.name,
        engine_version=info.version,
        model=reasoner.model,
        seed=seed,
        n=n,
        settings={"task": task.name, "items": task.fingerprint, "deadline_s": deadline, "profile": profile, **further},
    )


def item_seed(seed: int, index: int) -> int:
    """The seed of an item's request: without it, all questions would be answered with the same draws."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))


class _Asking:
    """Asks one item with the run's settings and makes its record."""

    def __init__(
        self,
        reasoner: Reasoner,
        *,
        seed: int,
        deadline: float | None,
        profile: str,
        further: Mapping[str, object],
        clock: Clock,
    ) -> None:
        self._reasoner = reasoner
        self._seed = seed
        self._deadline = deadline
        self._profile = profile
        self._further = further
        self._clock = clock

    def __call__(self, index: int, item: Item) -> Record | None:
        """The item's record; None where the request was cancelled."""
        seed = item_seed(self._seed, index)
        entry = self._clock()
        error = None
        try:
            result = self._reasoner.ask(
                item.question,
                deadline=self._deadline,
                profile=self._profile,
                seed=seed,
                choices=item.choices,
                **self._further,
            )
        except Exception as raised:
            if _ends_the_run(raised):
                raise
            error = f"{type(raised).__name__}: {raised}"
            result = self._failed(seed, self._clock() - entry, error)
        if result.finish == "cancelled":
            return None
        form = canonical(result.answer or "") or None
        return request_record(
            result,
            question_id=item.id,
            question=item.question,
            canonical=form,
            correct=item.is_right(result.answer),
            error=error,
            **item.labels,
        )

    def _failed(self, seed: int, elapsed_s: float, error: str) -> Result:
        """The result of a request that raised: no answer, and why."""
        return Result(
            answer=None,
            text="",
            reasoning="",
            confidence=None,
            deadline_s=self._deadline,
            elapsed_s=elapsed_s,
            deadline_met=None if self._deadline is None else elapsed_s <= self._deadline,
            load_s=0.0,
            finish="abstained",
            difficulty=None,
            plan=None,
            usage=Usage(prompt_tokens=0, reasoning_tokens=0, completion_tokens=0),
            rollouts=(),
            model=self._reasoner.model,
            engine=self._reasoner.engine_info.name,
            seed=seed,
            notes=(error,),
        )


def _ends_the_run(error: Exception) -> bool:
    """Whether an error is no fault of its question: a wrong setting, a missing model, a closed engine."""
    return isinstance(error, ClosedError) or (
        isinstance(error, EdgeReasonError) and not isinstance(error, _ITEM_FAULTS)
    )

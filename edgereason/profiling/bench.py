"""Visits to cells: a warm-up that does not count, then a few timings. Through the engine's seam alone.

One prompt is held at a time and rows go on from it, as in a request. Each forced, ragged and closing timing starts from
rows of its own that have run one pass; so what it costs to set rows up is in none of them.
Invariant: whatever a visit opened is closed again, also when it is stopped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import psutil

from edgereason.errors import Aborted
from edgereason.profiling.cells import SAMPLES, START_PASSES, Cell
from edgereason.protocols import Batch, Clock, Engine, Prefix, Proposals, ShouldAbort
from edgereason.types import RowId, Sampling

SAMPLING = Sampling(temperature=0.7)  # as a thought is sampled
VISIT_S = 1.0  # a visit takes no further timing after this
WARM_S = 0.1  # of slower passes at the beginning, where they are not over before
WARM_TOKENS = 16  # of a prompt: a whole one would double the time of a long prefill


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What a request of this model does beside thinking: tokens forced at a close, answer tokens, a vote over rows.

    host: lets so many rows think on a prompt, and returns the seconds a pass that were spent outside the batch.
    """

    closing_tokens: int = 4
    answer_tokens: int = 24
    vote: Callable[[int], None] | None = None
    host: Callable[[Batch, Prefix, int], float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one visit found. passes: forward passes of one timing. bytes_per_row: of a memory cell alone."""

    seconds: tuple[float, ...] = ()
    warmup_s: float | None = None
    passes: int = 0
    bytes_per_row: float | None = None


class Bench:
    """An engine on the bench. Leaving the context frees what is held, not the engine."""

    def __init__(self, engine: Engine, workload: Workload, clock: Clock, should_abort: ShouldAbort) -> None:
        self._engine, self._workload, self._clock, self._should_abort = engine, workload, clock, should_abort
        self._prefix: Prefix | None = None
        self._passes = 0  # of the timing under way

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop_prefix()

    def visit(self, cell: Cell) -> Visit:
        """Time the cell a few times.

        Raises:
            Aborted: it was stopped; nothing of it counts.
        """
        if cell.kind == "memory":
            return Visit(bytes_per_row=self._bytes_per_row(cell))
        once = self._timer(cell)
        with contextlib.closing(once):
            warmup_s, began = next(once), self._clock()
            seconds = [next(once)]
            while len(seconds) < SAMPLES and self._clock() - began < VISIT_S:
                seconds.append(next(once))
        return Visit(seconds=tuple(seconds), warmup_s=warmup_s, passes=self._passes)

    def _timer(self, cell: Cell) -> Generator[float, None, None]:
        """Endless timings of the cell, the first of them a warm-up."""
        return {
            "decode": self._decode,
            "apart": self._apart,
            "forced": self._forced,
            "ragged": self._forced,
            "prefill": self._prefill,
            "closing": self._closing,
            "vote": self._vote,
            "host": self._host,
        }[cell.kind](cell)

    # -------------------------------------------------------------- one kind each

    def _decode(self, cell: Cell) -> Generator[float, None, None]:
        with self._rows(cell) as batch:
            yield from self._steps(batch)

    def _apart(self, cell: Cell) -> Generator[float, None, None]:
        with self._rows(cell) as batch:
            self._commit(batch, {row: self._ids(cell.tokens) for row in batch.rows})
            yield from self._steps(batch)

    def _forced(self, cell: Cell) -> Generator[float, None, None]:
        while True:
            with self._rows(cell) as batch:
                proposals = self._step(batch)
                counts = [cell.tokens if cell.kind == "forced" or not place else 1 for place in range(cell.rows)]
                pairs = zip(proposals.rows, proposals.tokens, counts, strict=True)
                given = {row: [token] * count for row, token, count in pairs}
                yield self._timed(lambda: self._commit(batch, given))  # noqa: B023 - called at once

    def _closing(self, cell: Cell) -> Generator[float, None, None]:
        while True:
            with self._rows(cell) as batch:
                self._step(batch)
                yield self._timed(lambda: self._close_rows(batch, cell.tokens))

    def _prefill(self, cell: Cell) -> Generator[float, None, None]:
        if not cell.context:
            self._drop_prefix()  # so that a shared context has room for another prompt
        base = self._prompt(cell.context) if cell.context else None
        yield self._timed(lambda: self._run_prompt(base, min(cell.tokens, WARM_TOKENS)))
        while True:
            yield self._timed(lambda: self._run_prompt(base, cell.tokens))

    def _vote(self, cell: Cell) -> Generator[float, None, None]:
        vote = self._workload.vote
        assert vote is not None, "a vote is only timed where there is one"
        while True:
            yield self._timed(lambda: vote(cell.rows))

    def _host(self, cell: Cell) -> Generator[float, None, None]:
        host = self._workload.host
        assert host is not None, "the loop is only timed where there is one"
        self._passes = 1
        while True:
            prefix = self._prompt(cell.context)
            with contextlib.closing(self._engine.batch()) as batch:
                if self._should_abort():
                    raise Aborted("stopped between two timings")
                yield host(batch, prefix, cell.rows)

    def _bytes_per_row(self, cell: Cell) -> float:
        """What the engine says it holds, or else what the process grew by, over the rows; a prompt is not counted."""
        engine, process = self._engine, psutil.Process()
        self._prompt(cell.context)

        def held() -> float:
            return float(getattr(engine, "held_bytes", process.memory_info().rss))

        before = held()
        with self._rows(cell) as batch:
            self._step(batch)
            return max(0.0, held() - before) / cell.rows

    # -------------------------------------------------------------- steps

    def _steps(self, batch: Batch) -> Generator[float, None, None]:
        """The first pass, and once passes are as fast as they become, one at a time."""
        began = self._clock()
        yield self._timed(lambda: self._step(batch))
        for _ in range(START_PASSES - 1):
            if self._clock() - began < WARM_S:
                self._step(batch)
        while True:
            yield self._timed(lambda: self._step(batch))

    def _timed(self, call: Callable[[], object]) -> float:
        self._passes = 0
        before = self._clock()
        call()
        return self._clock() - before

    def _step(self, batch: Batch) -> Proposals:
        """Every row takes what it proposes: one pass."""
        proposals = batch.propose()
        self._commit(batch, {row: [token] for row, token in zip(proposals.rows, proposals.tokens, strict=True)})
        return proposals

    def _close_rows(self, batch: Batch, answer_tokens: int) -> None:
        if self._workload.closing_tokens:
            self._commit(batch, {row: [1] * self._workload.closing_tokens for row in batch.rows})
        for _ in range(answer_tokens):
            self._step(batch)

    def _commit(self, batch: Batch, tokens: dict[RowId, list[int]]) -> None:
        self._passes += batch.commit(tokens, self._should_abort).count

    def _run_prompt(self, base: Prefix | None, tokens: int) -> None:
        done = len(base.tokens) if base is not None else 0
        self._engine.prefill(self._ids(done + tokens), self._should_abort, base=base).close()
        self._passes += -(-tokens // self._engine.info.prefill_chunk)

    # -------------------------------------------------------------- what is held

    @contextlib.contextmanager
    def _rows(self, cell: Cell) -> Iterator[Batch]:
        """Fresh rows on a prompt of the cell's length."""
        prefix = self._prompt(cell.context)
        with contextlib.closing(self._engine.batch()) as batch:
            batch.admit(prefix, SAMPLING, range(cell.rows))
            yield batch

    def _prompt(self, tokens: int) -> Prefix:
        """A prompt of that many tokens, kept until another length is needed."""
        if self._prefix is None or len(self._prefix.tokens) != tokens:
            self._drop_prefix()
            self._prefix = self._engine.prefill(self._ids(tokens), self._should_abort)
        return self._prefix

    def _ids(self, count: int) -> list[int]:
        return [index % max(1, self._engine.info.vocab_size - 1) for index in range(count)]

    def _drop_prefix(self) -> None:
        prefix, self._prefix = self._prefix, None
        if prefix is not None:
            prefix.close()

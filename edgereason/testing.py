"""Test doubles that ship: a clock that tests move, and an engine whose model is a pure function of the context.

FakeEngine keeps every law of a real engine (`check_engine` holds it to them) and draws with the real sampler. What it
does not do is compute: logits come from a function of the test's, and time passes only on a FakeClock.
Invariant: nothing in the package imports this module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgereason.contract import check_engine
from edgereason.engine import checks, sampling
from edgereason.errors import Aborted
from edgereason.protocols import Passes, Prefix, Proposals, ShouldAbort, never
from edgereason.simulating.clock import FakeClock
from edgereason.simulating.prompts import read_prompt, write_prompt
from edgereason.simulating.replay import ReplayEngine
from edgereason.types import EngineInfo, RowId, Sampling

__all__ = [
    "FakeBatch",
    "FakeClock",
    "FakeEngine",
    "FakePrefix",
    "ReplayEngine",
    "check_engine",
    "hashed_logits",
    "scripted",
]

Context = tuple[int, ...]
Floats = npt.NDArray[np.float32]
LogitsOf = Callable[[Context], Floats]


# ---------------------------------------------------------------- models that are functions


def hashed_floats(context: Context, count: int, salt: int = 0) -> Floats:
    """`count` numbers in [-1, 1) that depend on the whole context."""
    key = salt
    for token in context:
        key = sampling.mix(key ^ (token + 1))
    return np.array([2 * sampling.uniform(key, place) - 1 for place in range(count)], np.float32)


def hashed_logits(vocab_size: int, *, spread: float = 4.0) -> LogitsOf:
    """A model that says something different, and always the same, after every context."""

    def logits(context: Context) -> Floats:
        return np.asarray(spread * hashed_floats(context, vocab_size), dtype=np.float32)

    return logits


def scripted(
    script: Mapping[Context, Context | Mapping[Context, float]],
    vocab_size: int,
    *,
    otherwise: int = 0,
    leak: float = 1e-6,
) -> LogitsOf:
    """A model that follows a script: wherever a key ends the context, its continuation is what comes next.

    A value is one continuation, or several with weights: the draw then chooses at each token where they part, among
    those that agree with what the row has said so far. The key that ended last counts, the longer of two; when its
    continuations are used up (or the row was forced elsewhere) an earlier key may take over, and where none does,
    `otherwise` comes. `leak` is the probability spread evenly over the whole vocabulary.
    """
    rules = {key: value if isinstance(value, Mapping) else {value: 1.0} for key, value in script.items()}
    if not all(rules) or not all(map(len, rules.values())):
        raise ValueError("every key must hold a token, and every value a continuation")
    keys = sorted(rules, key=len, reverse=True)
    longest = max((len(line) for lines in rules.values() for line in lines), default=0)

    def chances(context: Context) -> dict[int, float]:
        for start in range(len(context), max(-1, len(context) - longest), -1):
            said = context[start:]
            for key in keys:
                if context[:start][-len(key) :] != key:
                    continue
                going = {a: w for a, w in rules[key].items() if len(a) > len(said) and a[: len(said)] == said}
                if going:
                    return _next_tokens(going, len(said))
        return {otherwise: 1.0}

    def logits(context: Context) -> Floats:
        probabilities = np.full(vocab_size, leak / vocab_size)
        for token, chance in chances(context).items():
            probabilities[token] += (1 - leak) * chance
        return np.asarray(np.log(probabilities), dtype=np.float32)

    return logits


def _next_tokens(lines: Mapping[Context, float], place: int) -> dict[int, float]:
    """Chance of each token at this place of the weighted lines."""
    total = sum(lines.values())
    chances: dict[int, float] = {}
    for line, weight in lines.items():
        chances[line[place]] = chances.get(line[place], 0.0) + weight / total
    return chances


# ---------------------------------------------------------------- the engine


@dataclass(eq=False)
class FakeEngine:
    """An engine without a model: logits and hidden state are pure functions of a row's context.

    pass_s(rows), prefill_s(tokens)   seconds that one decode pass, one prefill chunk, let pass on `clock`
    stalls                            further seconds at the n-th native call (prefill chunks and passes, from 0)
    on_call                           called after each native call with its number, for tests that act meanwhile
    """

    vocab_size: int = 64
    context: int = 512
    logits: LogitsOf | None = None  # None: hashed_logits(vocab_size)
    hidden_size: int = 16
    hidden: Callable[[Context], Floats] | None = None  # None: hashed
    max_rows: int = 64
    prefill_chunk: int = 256
    clock: FakeClock | None = None
    pass_s: Callable[[int], float] = lambda rows: 0.0
    prefill_s: Callable[[int], float] = lambda tokens: 0.0
    stalls: Mapping[int, float] = field(default_factory=dict)
    on_call: Callable[[int], None] = lambda call: None
    calls: int = field(default=0, init=False)
    open_handles: int = field(default=0, init=False)
    closed_handles: int = field(default=0, init=False)
    closed: bool = field(default=False, init=False)
    held_bytes: int = field(default=0, init=False)  # one for each token that an open handle holds

    @property
    def info(self) -> EngineInfo:
        """What it pretends to be."""
        return EngineInfo(
            name="fake", version="1", device="cpu", vocab_size=self.vocab_size, hidden_size=self.hidden_size,
            num_layers=1, context=self.context, max_rows=self.max_rows, fork="metadata", threads=1,
            prefill_chunk=self.prefill_chunk,
        )  # fmt: skip

    def prefill(
        self, tokens: Sequence[int], should_abort: ShouldAbort = never, *, base: Prefix | None = None
    ) -> FakePrefix:
        """A prefix of these tokens, after the time its chunks take."""
        checks.check_open(self.closed, "engine")
        if isinstance(base, FakePrefix):
            base.check_open()
        done = base.tokens if base else ()
        ids = checks.check_prompt(tokens, done, self.info)
        for start in range(len(done), len(ids), self.prefill_chunk):
            if should_abort():
                raise Aborted("the prefill was stopped")
            self.spend(self.prefill_s(min(self.prefill_chunk, len(ids) - start)))
        return FakePrefix(self, ids)

    def load_prefix(self, path: Path) -> FakePrefix:
        """The prefix that was saved there."""
        checks.check_open(self.closed, "engine")
        return FakePrefix(self, read_prompt(path, self.fingerprint()))

    def batch(self) -> FakeBatch:
        """An empty batch."""
        checks.check_open(self.closed, "engine")
        return FakeBatch(self)

    def close(self) -> None:
        """Close the engine; its handles can no longer be used."""
        self.closed = True

    def fingerprint(self) -> str:
        """Differs where the model differs: its answers after two contexts."""
        return np.concatenate([self.logits_of((0,)), self.logits_of((0, 1))]).tobytes().hex()

    def logits_of(self, context: Context) -> Floats:
        """float32 [vocab_size] after this context."""
        return np.asarray((self.logits or hashed_logits(self.vocab_size))(context), np.float32)

    def hidden_of(self, context: Context) -> Floats:
        """float32 [hidden_size] of the context's last token."""
        made = self.hidden(context) if self.hidden else hashed_floats(context, self.hidden_size, salt=1)
        return np.array(made, np.float32)

    def spend(self, seconds: float) -> None:
        """Let one native call's time pass."""
        call, self.calls = self.calls, self.calls + 1
        if self.clock:
            self.clock.advance(seconds + self.stalls.get(call, 0.0))
        self.on_call(call)


class FakePrefix:
    """A prompt that was prefilled."""

    def __init__(self, engine: FakeEngine, tokens: Context) -> None:
        self._engine, self._tokens, self._closed = engine, tokens, False
        self._hidden = engine.hidden_of(tokens)
        engine.open_handles += 1
        engine.held_bytes += len(tokens)

    @property
    def tokens(self) -> Context:
        """The prompt's ids."""
        self.check_open()
        return self._tokens

    @property
    def hidden(self) -> Floats:
        """The state of the last prompt token."""
        self.check_open()
        return self._hidden.copy()

    def save(self, path: Path) -> None:
        """Write the prompt's ids, bound to the model."""
        self.check_open()
        write_prompt(path, self._tokens, self._engine.fingerprint())

    def close(self) -> None:
        """Count the handle as closed, once."""
        if not self._closed:
            _count_closed(self._engine, len(self._tokens))
        self._closed = True

    def check_open(self) -> None:
        """ClosedError where this or its engine is closed."""
        checks.check_open(self._closed, "prefix")
        checks.check_open(self._engine.closed, "engine")


@dataclass
class _Row:
    context: Context
    sampling: Sampling
    seed: int


class FakeBatch:
    """Rows that decode together; `passes` is how many passes it ran."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine, self._closed = engine, False
        self._rows: dict[RowId, _Row] = {}
        self._next_id = 0
        self.passes = 0
        engine.open_handles += 1

    @property
    def rows(self) -> tuple[RowId, ...]:
        """The live rows."""
        self._check_open()
        return tuple(self._rows)

    def admit(self, prefix: Prefix, sampling: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        """One row per seed that continues the prefix."""
        self._check_open()
        checks.check_more_rows(len(self._rows), len(seeds), self._engine.info)
        context = prefix.tokens
        return tuple(self._add(_Row(context, sampling, seed)) for seed in seeds)

    def branch(self, row: RowId, sampling: Sampling, seed: int) -> RowId:
        """A row that continues this one."""
        self._check_open()
        checks.check_known([row], self._rows)
        checks.check_more_rows(len(self._rows), 1, self._engine.info)
        return self._add(_Row(self._rows[row].context, sampling, seed))

    def propose(self) -> Proposals:
        """One token a row, drawn by the real sampler."""
        self._check_open()
        rows = self._rows.values()
        vocab_size = self._engine.vocab_size
        columns = sampling.Rows.of(tuple(self._rows), [(row.sampling, row.seed) for row in rows], vocab_size)
        logits = np.array([self._engine.logits_of(row.context) for row in rows], np.float32)
        lengths = [len(row.context) for row in rows]
        return sampling.propose(columns, logits.reshape(len(rows), vocab_size), lengths)

    def keep(self, rows: Collection[RowId]) -> None:
        """Drop every other row."""
        self._check_open()
        checks.check_known(rows, self._rows)
        before = self._held()
        self._rows = {row: state for row, state in self._rows.items() if row in rows}
        self._engine.held_bytes += self._held() - before

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        """Append the tokens, letting the passes' time pass: one for a single row, else one a token of the longest."""
        self._check_open()
        lengths = {row: len(state.context) for row, state in self._rows.items()}
        named = checks.check_commit(tokens, lengths, self._engine.info)
        longest, width = max(map(len, named.values()), default=0), len(self._rows) if named else 0
        count = min(longest, 1) if width == 1 else longest
        for _ in range(count):
            if should_abort():
                self.close()
                raise Aborted("the commit was stopped")
            self._engine.spend(self._engine.pass_s(width))
            self.passes += 1
        for row, ids in named.items():
            self._rows[row].context += ids
            self._engine.held_bytes += len(ids)
        return Passes(count=count, rows=width)

    def length(self, row: RowId) -> int:
        """Tokens in the row's context."""
        return len(self._context(row))

    def hidden(self, row: RowId) -> Floats:
        """The state of the row's last token."""
        return self._engine.hidden_of(self._context(row))

    def close(self) -> None:
        """Count the handle as closed, once, and forget the rows."""
        if not self._closed:
            _count_closed(self._engine, self._held())
        self._closed = True
        self._rows = {}

    def _add(self, row: _Row) -> RowId:
        sampling.check_sampling(row.sampling)
        self._rows[self._next_id] = row
        self._engine.held_bytes += len(row.context)
        self._next_id += 1
        return self._next_id - 1

    def _held(self) -> int:
        return sum(len(row.context) for row in self._rows.values())

    def _context(self, row: RowId) -> Context:
        self._check_open()
        checks.check_known([row], self._rows)
        return self._rows[row].context

    def _check_open(self) -> None:
        checks.check_open(self._closed, "batch")
        checks.check_open(self._engine.closed, "engine")


def _count_closed(engine: FakeEngine, held: int) -> None:
    engine.open_handles -= 1
    engine.closed_handles += 1
    engine.held_bytes -= held

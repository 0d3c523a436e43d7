"""An engine without a model: rows say what was recorded, and calls take what a device profile says.

It keeps the engine seam (protocols), so the whole runtime runs on it unchanged. It has no hidden state:
records hold none, and a hash of the context stands in, which tells a probe nothing.
Invariant: a row's tokens are a function of its prompt, its seeds and what it was given; time passes by `spend` alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgereason.engine import checks
from edgereason.engine.sampling import check_sampling
from edgereason.errors import Aborted, EngineError
from edgereason.protocols import Passes, Prefix, Proposals, ShouldAbort, never
from edgereason.simulating.prompts import read_prompt, write_prompt
from edgereason.simulating.script import Follower, Script
from edgereason.simulating.times import ProfileTimes
from edgereason.types import EngineInfo, RowId, Sampling

Floats = npt.NDArray[np.float32]
Ids = tuple[int, ...]
HIDDEN_SIZE = 8


class ReplayEngine:
    """Serves recorded questions.

    scripts: by prompt; a prompt that goes on from a recorded one is a row of it that has said the rest. spend: lets so
    many undisturbed seconds of work pass.
    """

    def __init__(
        self, info: EngineInfo, scripts: Mapping[Ids, Script], times: ProfileTimes, spend: Callable[[float], None]
    ) -> None:
        self._info, self._scripts, self.times, self.spend = info, scripts, times, spend
        self._lengths = sorted({len(prompt) for prompt in scripts}, reverse=True)
        self._is_closed = False
        self.held_bytes = 0  # one for each token that an open handle holds

    @property
    def info(self) -> EngineInfo:
        """What it stands for."""
        return self._info

    def prefill(
        self, tokens: Sequence[int], should_abort: ShouldAbort = never, *, base: Prefix | None = None
    ) -> ReplayPrefix:
        """A prefix of these tokens, after the time that its chunks take."""
        self.check_open()
        done = base.tokens if base is not None else ()
        ids = checks.check_prompt(tokens, done, self.info)
        for start in range(len(done), len(ids), self.info.prefill_chunk):
            if should_abort():
                raise Aborted("the prefill was stopped")
            size = min(self.info.prefill_chunk, len(ids) - start)
            self.spend(self.times.noise() * self.times.prefill_s(start, size))
        return ReplayPrefix(self, ids)

    def load_prefix(self, path: Path) -> ReplayPrefix:
        """The prefix that was saved there."""
        self.check_open()
        return ReplayPrefix(self, read_prompt(path, self.fingerprint()))

    def batch(self) -> ReplayBatch:
        """An empty batch."""
        self.check_open()
        return ReplayBatch(self)

    def close(self) -> None:
        """Close the engine; its handles can no longer be used."""
        self._is_closed = True

    def check_open(self) -> None:
        """ClosedError where it is closed."""
        checks.check_open(self._is_closed, "engine")

    def fingerprint(self) -> str:
        """Differs where other questions were recorded."""
        return hashlib.sha256(repr(sorted(self._scripts)).encode()).hexdigest()

    def follower(self, tokens: Ids, sampling: Sampling, seed: int) -> Follower:
        """A row on this prompt, at its beginning.

        Raises:
            EngineError: the prompt begins with no recorded question.
        """
        for length in self._lengths:
            script = self._scripts.get(tokens[:length]) if length <= len(tokens) else None
            if script is not None:
                found = Follower(script, script.sample_of(sampling, seed))
                for token in tokens[length:]:
                    found.take(token)
                return found
        raise EngineError(
            f"The prompt of {len(tokens)} tokens is none of the {len(self._scripts)} that were recorded.",
            hint="Only recorded questions can be replayed.",
        )


def hidden_of(context: Sequence[int]) -> Floats:
    """A stand-in for the hidden state, float32 [HIDDEN_SIZE]: a hash of the context."""
    digest = hashlib.blake2b(np.asarray(context, np.int64).tobytes(), digest_size=4 * HIDDEN_SIZE).digest()
    return (np.frombuffer(digest, np.uint32) / np.float32(2**31) - 1).astype(np.float32)


class ReplayPrefix:
    """A prompt that was prefilled."""

    def __init__(self, engine: ReplayEngine, tokens: Ids) -> None:
        self._engine, self._tokens, self._is_closed = engine, tokens, False
        engine.held_bytes += len(tokens)

    @property
    def tokens(self) -> Ids:
        """The prompt's ids."""
        self._check_open()
        return self._tokens

    @property
    def hidden(self) -> Floats:
        """A stand-in that tells nothing."""
        self._check_open()
        return hidden_of(self._tokens)

    def save(self, path: Path) -> None:
        """Write the prompt's ids, bound to the records."""
        self._check_open()
        write_prompt(path, self._tokens, self._engine.fingerprint())

    def close(self) -> None:
        """Give back what it holds, once."""
        if not self._is_closed:
            self._engine.held_bytes -= len(self._tokens)
        self._is_closed = True

    def _check_open(self) -> None:
        checks.check_open(self._is_closed, "prefix")
        self._engine.check_open()


class _Row:
    """A row: where it is in its script, and all its tokens."""

    __slots__ = ("context", "follower")

    def __init__(self, context: list[int], follower: Follower) -> None:
        self.context, self.follower = context, follower


class ReplayBatch:
    """Rows that decode together."""

    def __init__(self, engine: ReplayEngine) -> None:
        self._engine, self._is_closed = engine, False
        self._rows: dict[RowId, _Row] = {}
        self._next_id = 0

    @property
    def rows(self) -> tuple[RowId, ...]:
        """The live rows."""
        self._check_open()
        return tuple(self._rows)

    def admit(self, prefix: Prefix, sampling: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        """One row per seed that continues the prefix."""
        self._check_open()
        check_sampling(sampling)
        checks.check_more_rows(len(self._rows), len(seeds), self._engine.info)
        tokens = prefix.tokens
        return tuple(self._add(list(tokens), self._engine.follower(tokens, sampling, seed)) for seed in seeds)

    def branch(self, row: RowId, sampling: Sampling, seed: int) -> RowId:
        """A row that continues this one, and goes on as it would: its sample is the only one that began so."""
        parent = self._row(row)
        check_sampling(sampling)
        checks.check_more_rows(len(self._rows), 1, self._engine.info)
        return self._add(list(parent.context), parent.follower.copy())

    def propose(self) -> Proposals:
        """What each row said next."""
        self._check_open()
        said = [row.follower.next for row in self._rows.values()]
        tokens, logprobs = [token for token, _, _ in said], [logprob for _, logprob, _ in said]
        return Proposals(
            rows=tuple(self._rows),
            tokens=tokens,
            logprobs=logprobs,
            entropies=[entropy for _, _, entropy in said],
            candidates=np.array(tokens, np.int64).reshape(len(said), 1),
            candidate_logprobs=np.array(logprobs, np.float32).reshape(len(said), 1),
        )

    def keep(self, rows: Collection[RowId]) -> None:
        """Drop every other row."""
        self._check_open()
        checks.check_known(rows, self._rows)
        for row in [row for row in self._rows if row not in rows]:
            self._engine.held_bytes -= len(self._rows.pop(row).context)

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        """Append the tokens, letting the time pass that this takes."""
        self._check_open()
        lengths = {row: len(state.context) for row, state in self._rows.items()}
        named = checks.check_commit(tokens, lengths, self._engine.info)
        if not named:
            return Passes(count=0, rows=0)
        sizes = [len(ids) for ids in named.values()]
        most, width = max(sizes), len(self._rows)
        times = self._engine.times
        is_ragged = min(sizes) < most or len(named) < width
        seconds = times.commit_s(width, sum(lengths.values()) // width, most, is_ragged=is_ragged)
        count = most if times.passes_per_token and width > 1 else 1
        for _ in range(count):
            if should_abort():
                self.close()
                raise Aborted("the commit was stopped")
            self._engine.spend(times.noise() * seconds / count)
        for row, ids in named.items():
            state = self._rows[row]
            state.context += ids
            for token in ids:
                state.follower.take(token)
            self._engine.held_bytes += len(ids)
        return Passes(count=count, rows=width)

    def length(self, row: RowId) -> int:
        """Tokens in the row's context."""
        return len(self._row(row).context)

    def hidden(self, row: RowId) -> Floats:
        """A stand-in that tells nothing."""
        return hidden_of(self._row(row).context)

    def close(self) -> None:
        """Forget the rows, once."""
        if not self._is_closed:
            self._engine.held_bytes -= sum(len(row.context) for row in self._rows.values())
        self._is_closed = True
        self._rows = {}

    def _add(self, context: list[int], follower: Follower) -> RowId:
        self._rows[self._next_id] = _Row(context, follower)
        self._engine.held_bytes += len(context)
        self._next_id += 1
        return self._next_id - 1

    def _row(self, row: RowId) -> _Row:
        self._check_open()
        checks.check_known([row], self._rows)
        return self._rows[row]

    def _check_open(self) -> None:
        checks.check_open(self._is_closed, "batch")
        self._engine.check_open()

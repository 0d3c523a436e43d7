"""Whether the laws have teeth: engines that break one law each are caught, and by that law."""

# ruff: noqa: D102 - each class says what it breaks; its methods are the seam's

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgereason.errors import Aborted, ContextLengthError
from edgereason.protocols import Passes, Prefix, Proposals, ShouldAbort, never
from edgereason.testing import FakeBatch, FakeEngine, FakePrefix, check_engine
from edgereason.types import RowId, Sampling


class DrawsAnew(FakeBatch):
    """Every proposal is another draw."""

    asked = 0

    def propose(self) -> Proposals:
        self.asked += 1
        for row in self._rows.values():
            row.seed += self.asked
        return super().propose()


class DrawsByPlace(FakeBatch):
    """A row's draw depends on where it stands among the others."""

    def propose(self) -> Proposals:
        seeds = [row.seed for row in self._rows.values()]
        for place, row in enumerate(self._rows.values()):
            row.seed += 1000 * place
        made = super().propose()
        for row, seed in zip(self._rows.values(), seeds, strict=True):
            row.seed = seed
        return made


class DrawsByArrivals(FakeBatch):
    """A row's draw depends on how many rows ever came."""

    def propose(self) -> Proposals:
        for row in self._rows.values():
            row.seed += 1000 * self._next_id
        made = super().propose()
        for row in self._rows.values():
            row.seed -= 1000 * self._next_id
        return made


class IgnoresSeeds(FakeBatch):
    """All rows draw the same."""

    def admit(self, prefix: Prefix, sampling: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        return super().admit(prefix, replace(sampling, seed=0), [0] * len(seeds))


class SeedsGreedy(FakeBatch):
    """Temperature 0 is only a low temperature."""

    def admit(self, prefix: Prefix, sampling: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        return super().admit(prefix, replace(sampling, temperature=sampling.temperature or 5.0), seeds)


class MovesUnnamedRows(FakeBatch):
    """A commit pads the rows that it does not name."""

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        most = max(map(len, tokens.values()), default=0)
        return super().commit({row: tokens.get(row) or [0] * most for row in self.rows}, should_abort)


class DropsForcedTokens(FakeBatch):
    """Only the first of several tokens counts."""

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        super().commit(tokens, should_abort)
        for row, ids in tokens.items():
            if len(ids) > 2:
                self._rows[row].context = (*self._rows[row].context[: -len(ids)], *ids[:1], *ids[:1] * (len(ids) - 1))
        return Passes(count=max(map(len, tokens.values()), default=0), rows=len(self._rows))


class SharesBranches(FakeBatch):
    """A branch is the same row under another name."""

    def branch(self, row: RowId, sampling: Sampling, seed: int) -> RowId:
        new = super().branch(row, sampling, seed)
        self._rows[new] = self._rows[row]
        return new


class KeepMixesRows(FakeBatch):
    """Survivors take over each other's context."""

    def keep(self, rows: Collection[RowId]) -> None:
        super().keep(rows)
        contexts = [row.context for row in self._rows.values()]
        for row, context in zip(self._rows.values(), contexts[1:] + contexts[:1], strict=True):
            row.context = context


class ReusesIds(FakeBatch):
    """An id that fell free is given out again."""

    def keep(self, rows: Collection[RowId]) -> None:
        super().keep(rows)
        self._next_id = max(self._rows, default=-1) + 1


class CommitsWhatFits(FakeBatch):
    """A commit that is refused has already changed the rows before."""

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        try:
            return super().commit(tokens, should_abort)
        except ContextLengthError:
            for row, ids in tokens.items():
                if len(ids) < 5:
                    self._rows[row].context += tuple(ids)
            raise


class SurvivesAborts(FakeBatch):
    """An aborted batch goes on."""

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        try:
            return super().commit(tokens, should_abort)
        except Aborted:
            self._closed = False
            raise


class NeverAborts(FakeBatch):
    """Nobody asks whether to stop."""

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        return super().commit(tokens)


class StaysOpen(FakeBatch):
    """Closing frees nothing."""

    def close(self) -> None:
        pass


class HiddenOfTheFirstRow(FakeBatch):
    """Hidden states of a batch are mixed up."""

    def hidden(self, row: RowId) -> Any:
        return super().hidden(next(iter(self._rows)))


class HiddenOfOtherSize(FakeEngine):
    """The declared size is not the size."""

    def hidden_of(self, context: tuple[int, ...]) -> Any:
        return super().hidden_of(context)[:-1]


class HiddenOfLastToken(FakeEngine):
    """The hidden state forgets the context."""

    def hidden_of(self, context: tuple[int, ...]) -> Any:
        return super().hidden_of((1,))


class ForgetsTheBase(FakeEngine):
    """A prefix with a base only knows what came after it."""

    def prefill(
        self, tokens: Sequence[int], should_abort: ShouldAbort = never, *, base: Prefix | None = None
    ) -> FakePrefix:
        made = super().prefill(tokens, should_abort, base=base)
        if base is not None:
            made._tokens = made._tokens[len(base.tokens) :]
        return made


class SharesOnePrefix(FakeEngine):
    """A new prefill overwrites the prefix before it."""

    last: FakePrefix | None = None

    def prefill(
        self, tokens: Sequence[int], should_abort: ShouldAbort = never, *, base: Prefix | None = None
    ) -> FakePrefix:
        made = super().prefill(tokens, should_abort, base=base)
        if self.last is not None:
            self.last._tokens = made._tokens
        self.last = made
        return made


class LoadsAnything(FakeEngine):
    """A damaged file is taken for an empty prompt."""

    def load_prefix(self, path: Path) -> FakePrefix:
        try:
            return super().load_prefix(path)
        except Exception:
            return FakePrefix(self, (0,))


class TakesAnyToken(FakeEngine):
    """Ids beyond the vocabulary are wrapped round."""

    def prefill(
        self, tokens: Sequence[int], should_abort: ShouldAbort = never, *, base: Prefix | None = None
    ) -> FakePrefix:
        return super().prefill([token % self.vocab_size for token in tokens], should_abort, base=base)


class Leaks(FakePrefix):
    """A closed prefix still holds its memory."""

    def close(self) -> None:
        self._closed = True


class SharpLogprobs(FakeBatch):
    """Log-probabilities are of the tempered distribution."""

    def propose(self) -> Proposals:
        made = super().propose()
        return replace(made, logprobs=[value / 2 for value in made.logprobs])


class DependsOnWidth(FakeBatch):
    """Logits differ with the number of rows."""

    def propose(self) -> Proposals:
        made = super().propose()
        shift = 0.01 * len(made.rows)
        return replace(
            made,
            logprobs=[value - shift for value in made.logprobs],
            candidate_logprobs=made.candidate_logprobs - np.float32(shift),
        )


def with_batch(kind: type[FakeBatch]) -> FakeEngine:
    """A fake engine with batches of this kind."""

    class Broken(FakeEngine):
        def batch(self) -> FakeBatch:
            super().batch().close()
            return kind(self)

    return Broken()


def with_leaking_prefix() -> FakeEngine:
    """A fake engine whose prefixes keep their memory."""

    class Broken(FakeEngine):
        def prefill(self, *args: Any, **options: Any) -> FakePrefix:
            made = super().prefill(*args, **options)
            made.__class__ = Leaks
            return made

    return Broken()


BROKEN = [
    (DrawsAnew, "proposing twice is the same"),
    (DrawsByPlace, "keep leaves survivors alone"),
    (DrawsByArrivals, "nobody changes another rows tokens"),
    (IgnoresSeeds, "seeds decide the draw"),
    (SeedsGreedy, "greedy needs no seed"),
    (MovesUnnamedRows, "ragged commits equal singles"),
    (DropsForcedTokens, "ragged commits equal singles"),
    (SharesBranches, "branch then commit"),
    (KeepMixesRows, "keep leaves survivors alone"),
    (ReusesIds, "keep leaves survivors alone"),
    (CommitsWhatFits, "an overflow changes nothing"),
    (SurvivesAborts, "an abort closes only its handle"),
    (NeverAborts, "an abort closes only its handle"),
    (StaysOpen, "an abort closes only its handle"),
    (HiddenOfTheFirstRow, "a batch of n equals n singles"),
    (SharpLogprobs, "proposals are well formed"),
    (DependsOnWidth, "a batch of n equals n singles"),
    (HiddenOfOtherSize, "hidden states are the rows own"),
    (HiddenOfLastToken, "hidden states are the rows own"),
    (ForgetsTheBase, "chunked equals whole"),
    (SharesOnePrefix, "chunked equals whole"),
    (LoadsAnything, "a saved prefix is the prefix"),
    (TakesAnyToken, "nonsense is refused"),
]


@pytest.mark.parametrize(("kind", "law"), BROKEN, ids=[kind.__name__ for kind, _ in BROKEN])
def test_an_engine_that_breaks_a_law_is_caught_by_it(kind: Any, law: str) -> None:
    """The error names the law."""
    engine = with_batch(kind) if issubclass(kind, FakeBatch) else kind()

    with pytest.raises(AssertionError, match=f"^{law}"):
        check_engine(engine)


def test_an_engine_that_leaks_is_caught() -> None:
    """Memory of a closed prefix must be given back."""
    with pytest.raises(AssertionError, match=r"^closed handles free their memory"):
        check_engine(with_leaking_prefix())

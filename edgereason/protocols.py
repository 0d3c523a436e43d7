"""The seams. Each is small, and exists because two implementations or a fake stand behind it.

An Engine knows tokens, not text, tasks or budgets; nothing in it ever rewinds. One thread owns an engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgereason.types import Answer, Difficulty, EngineInfo, Evidence, Rollout, RowId, Sampling

Clock = Callable[[], float]  # monotonic seconds; only differences mean anything
ShouldAbort = Callable[[], bool]


def never() -> bool:
    """The `should_abort` of a call that may always finish."""
    return False


@dataclass(slots=True)
class Proposals:
    """One sampled token for each live row, as columns aligned with `rows` (n rows, k candidates).

    Log-probabilities are of the untempered, untruncated distribution; entropies over the k candidates plus the
    lumped tail (see `edgereason.confidence`). Arrays are the caller's to keep.
    """

    rows: tuple[RowId, ...]
    tokens: list[int]
    logprobs: list[float]
    entropies: list[float]
    candidates: npt.NDArray[np.int64]  # [n, k], most probable first
    candidate_logprobs: npt.NDArray[np.float32]  # [n, k]


@dataclass(frozen=True, slots=True)
class Passes:
    """What a commit cost: how many forward passes the engine ran, and how wide each was."""

    count: int
    rows: int


class Prefix(Protocol):
    """A prefilled prompt: owns copies of its last logits and hidden state, and the keys and values."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """The prompt's ids."""

    @property
    def hidden(self) -> npt.NDArray[np.float32]:
        """Final normed hidden state of the last prompt token, float32 [d]."""

    def save(self, path: Path) -> None:
        """Write the prompt state to disk, bound to the model file.

        Raises:
            EngineError: the state cannot be written.
        """

    def close(self) -> None:
        """Free the memory; rows admitted from it live on. Closing twice is fine."""


class Batch(Protocol):
    """A set of rows that decode together. Row ids are stable and never reused within a batch."""

    @property
    def rows(self) -> tuple[RowId, ...]:
        """The live rows."""

    def admit(self, prefix: Prefix, sampling: Sampling, seeds: Sequence[int]) -> tuple[RowId, ...]:
        """Add one row per seed that continues `prefix`."""

    def branch(self, row: RowId, sampling: Sampling, seed: int) -> RowId:
        """Add a row that continues `row` from where it is now."""

    def propose(self) -> Proposals:
        """One sampled token for every live row; asking twice gives the same."""

    def keep(self, rows: Collection[RowId]) -> None:
        """Drop every other row and free its memory."""

    def commit(self, tokens: Mapping[RowId, Sequence[int]], should_abort: ShouldAbort = never) -> Passes:
        """Append tokens to rows (one or several each; rows not named stay as they are).

        Raises:
            Aborted: `should_abort` said so; the batch is closed.
            ContextLengthError: a row would outgrow the context; nothing was changed.
        """

    def length(self, row: RowId) -> int:
        """Tokens in the row's context, prompt included."""

    def hidden(self, row: RowId) -> npt.NDArray[np.float32]:
        """Hidden state of the row's last token, float32 [d], a copy."""

    def close(self) -> None:
        """Free everything; closing twice is fine."""


class Engine(Protocol):
    """Token ids in; hidden state and sampled proposals out. Logits never cross this seam."""

    @property
    def info(self) -> EngineInfo:
        """What it is and what it can do."""

    def prefill(
        self, tokens: Sequence[int], should_abort: ShouldAbort = never, *, base: Prefix | None = None
    ) -> Prefix:
        """Run a prompt in chunks. With `base`, whose tokens must begin `tokens`, only the rest is run.

        Raises:
            Aborted: `should_abort` said so.
            ContextLengthError: the prompt does not fit.
        """

    def load_prefix(self, path: Path) -> Prefix:
        """Read what `Prefix.save` wrote; raises RecordError for another model's or a damaged file."""

    def batch(self) -> Batch:
        """A new, empty batch."""

    def close(self) -> None:
        """Free the model; closing twice is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedToken:
    """A token that stands for a text as a whole, beside the pieces that a vocabulary builds words from.

    strips_left, strips_right: whether it takes the whitespace around it along; is_found: whether `Vocabulary.encode`
    finds it in plain text all the same.
    """

    id: int
    text: str
    is_special: bool = False
    strips_left: bool = False
    strips_right: bool = False
    is_found: bool = False


class Encoded(Protocol):
    """Ids of a text, and the stretch of characters that each stands for."""

    @property
    def ids(self) -> Sequence[int]:
        """The ids."""

    @property
    def offsets(self) -> Sequence[tuple[int, int]]:
        """(start, end) of each id in the text."""


class Vocabulary(Protocol):
    """What a model's files say about text, whichever file says it and whatever reads it.

    size            one more than the largest id
    added           every token that stands for a text as a whole, special or not
    harmless        ids that control nothing though they are added: what stands for unknown characters
    named_tokens    what a chat template may write: `bos_token`, `eos_token`, ...
    end_of_turn     ids that end a turn
    bos             what a prompt begins with; None where the model asks for nothing
    spaces_start, spaces_after_added   whether a blank is put before a text, and before what follows an added token
    chat_template   its source; None where the files have none
    source          the file, for messages
    """

    size: int
    added: Sequence[AddedToken]
    harmless: frozenset[int]
    named_tokens: Mapping[str, str]
    end_of_turn: frozenset[int]
    bos: int | None
    spaces_start: bool
    spaces_after_added: bool
    chat_template: str | None
    source: str

    def encode(self, text: str) -> Encoded:
        """Plain text, in which no special token is looked for."""

    def bytes_of(self, token: int) -> bytes:
        """What a token stands for; nothing for an id that is none."""


class Codec(Protocol):
    """Text to ids and back, for the stages that must not know a tokenizer library."""

    def encode(self, text: str, *, continues: bool = False) -> tuple[int, ...]:
        """Ids of plain text, which may go on from other text; never a control token, whatever the text says."""

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of ids, markers and control tokens left out; bytes of an unfinished character at the end dropped."""

    def ends_inside_character(self, tokens: Sequence[int]) -> bool:
        """Whether the ids end in the middle of a UTF-8 character."""


class Probe(Protocol):
    """Evidence to difficulty."""

    def estimate(self, evidence: Evidence) -> Difficulty:
        """Which profile this question needs."""


class Selector(Protocol):
    """Rollouts to an answer. Stopping and voting share one law."""

    def select(self, rollouts: Sequence[Rollout]) -> Answer | None:
        """The winning answer, or None where no rollout has one."""

    def is_decided(self, rollouts: Sequence[Rollout], most_rows: int) -> bool:
        """Whether no outcome of the rows still running, of `most_rows` in all, could change the winner."""


Record = dict[str, Any]

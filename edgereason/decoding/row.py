"""The bookkeeping of one row: what was decoded, which of it was forced, and which part is thought.

Only the loop writes here; policies read. A row holds no engine and no text.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from edgereason.types import Finish, RowId

Phase = Literal["thinking", "answering"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLimits:
    """What one row may spend, in tokens; `think` counts every thought block of the row together.

    opens_answer: whether the answer's opener is forced after a thought that is cut at its limit; at a deadline it is.
    cuts: after so many think tokens each, rising, a branch of the row is closed and asked for its answer.
    """

    think: int
    answer: int
    extensions: int = 0
    stop_at_box: bool = False  # stop at the brace that closes the answer, even in a row that closed by itself
    cut: Literal["forced", "context"] = "forced"  # what a thought that reaches its limit ends by
    opens_answer: bool = True
    cuts: tuple[int, ...] = ()


@dataclass(slots=True)
class Row:
    """One row as it runs. `pending` are forced tokens that are not committed yet.

    A row may be a branch of `parent`, whose first `inherited` tokens are then its own first ones.
    """

    id: RowId
    seed: int
    limits: RowLimits
    is_direct: bool = False
    phase: Phase = "thinking"
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    entropies: list[float] = field(default_factory=list)
    forced: list[bool] = field(default_factory=list)
    in_thought: list[bool] = field(default_factory=list)
    pending: deque[tuple[int, Phase]] = field(default_factory=deque)
    after_pending: Phase = "thinking"
    think_used: int = 0
    answer_start: int = 0
    answer_used: int = 0  # sampled since then
    was_opened: bool = False  # the present answer began with forced text
    option_logprobs: list[float] = field(default_factory=list)  # of the choices between given options
    extensions_used: int = 0
    closed_by: Finish = "eos"  # why the thought ended: by itself, at its limit, at the deadline, at the context's end
    parent: RowId | None = None
    inherited: int = 0

    def force(self, thought: tuple[int, ...] = (), answer: tuple[int, ...] = (), *, then: Phase) -> None:
        """Queue tokens in place of sampled ones: the end of a thought, the beginning of an answer, then `then`."""
        self.pending.extend((token, "thinking") for token in thought)
        self.pending.extend((token, "answering") for token in answer)
        self.after_pending = then
        if not self.pending:
            self.enter(then)

    def enter(self, phase: Phase) -> None:
        """Switch phase; an answer begins behind the tokens decoded so far."""
        if phase == "answering" and self.phase == "thinking":
            self.answer_start, self.answer_used, self.was_opened = len(self.tokens), 0, False
        self.phase = phase

    def append(self, token: int, logprob: float, entropy: float, *, forced: bool = False) -> None:
        """Record one committed token and what it counts against."""
        self.tokens.append(token)
        self.logprobs.append(logprob)
        self.entropies.append(entropy)
        self.forced.append(forced)
        thinking = self.phase == "thinking"
        self.in_thought.append(thinking)
        self.think_used += thinking and not forced
        self.answer_used += not (thinking or forced)

    def take_pending(self, most: int) -> list[int]:
        """The next forced tokens, at most `most`, recorded as decoded."""
        taken = [self.pending.popleft() for _ in range(min(most, len(self.pending)))]
        for token, phase in taken:
            self.enter(phase)
            self.append(token, 0.0, 0.0, forced=True)
            self.was_opened |= phase == "answering"
        if not self.pending:
            self.enter(self.after_pending)
        return [token for token, _ in taken]

    def branched(self, row: RowId, limits: RowLimits) -> Row:
        """A row that goes on from where this one is, under limits of its own."""
        copies: dict[str, Any] = {
            name: list(getattr(self, name)) for name in ("tokens", "logprobs", "entropies", "forced", "in_thought")
        }
        return Row(
            row, self.seed, limits, phase=self.phase, think_used=self.think_used, answer_start=self.answer_start,
            extensions_used=self.extensions_used, parent=self.id, inherited=len(self.tokens), **copies,
        )  # fmt: skip

    def own(self, values: list[int] | list[bool]) -> list[int]:
        """The part of a per-token list that is not inherited."""
        return list(values[self.inherited :])

    def pass_cut(self) -> bool:
        """Whether the thought has come to the next of the cuts, which is then behind it."""
        left = tuple(cut for cut in self.limits.cuts if cut > self.think_used)
        is_due = self.phase == "thinking" and not self.pending and len(left) < len(self.limits.cuts)
        if is_due:
            self.limits = replace(self.limits, cuts=left)
        return is_due

    @property
    def answer_tokens(self) -> list[int]:
        """What was decoded since the thought was last closed."""
        return self.tokens[self.answer_start :]

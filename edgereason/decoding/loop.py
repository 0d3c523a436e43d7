"""The decode loop: propose, let the policies choose, commit; rows leave as they finish.

In: one loop for any set of rows, the checks before every pass, closing, early decision. Not in: a model (behind the
Batch), text (behind the codec), budgets (in the limits and the pace). Once `must_stop` says so no pass runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from edgereason.confidence import confidence
from edgereason.decoding.policies import (
    Finished,
    Force,
    Move,
    answer_is_over,
    answer_move,
    closing,
    option_tokens,
    think_move,
)
from edgereason.decoding.row import Row, RowLimits
from edgereason.decoding.texts import answer_text, thought_text
from edgereason.errors import Aborted
from edgereason.protocols import Batch, Clock, Codec, Passes, Prefix, Proposals
from edgereason.trace import Trace
from edgereason.types import GREEDY, Finish, Markers, Plan, Rollout, RowId, Sampling, Work

ReadAnswer = Callable[[str], tuple[str | None, str | None]]  # text -> (answer as written, canonical form)
IsDecided = Callable[[Sequence[Rollout], int], bool]


class Pace(Protocol):
    """When the loop must close or stop; told what every pass took."""

    drift: float  # seconds that a pass takes now over what was measured

    def must_close(self, rows: int) -> bool:
        """Whether `rows` rows must begin to close now to be done in time."""

    def must_stop(self) -> bool:
        """Whether no further pass may run."""

    def observe(self, work: Work, seconds: float) -> None:
        """Take note that these passes took `seconds`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """What the loop tells while it runs; every callback must return at once."""

    on_text: Callable[[RowId, Sequence[int]], None] | None = None
    on_rollout: Callable[[Rollout], None] = lambda rollout: None
    on_closing: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyAnswer:
    """What a row answered when a branch of it was closed after `think_tokens` tokens of thought.

    confidence: geometric mean probability of the answer's sampled tokens; tokens: what the branch generated.
    """

    row: RowId
    think_tokens: int
    answer: str | None
    canonical: str | None
    confidence: float
    tokens: int


@dataclass(slots=True, kw_only=True)
class Decoder:
    """Decodes rows of one prefix on one batch until all have ended, are decided, or must stop.

    started: the request's entry on `clock`; context: most tokens a row may have, prompt included;
    one_pass_per_token: forced text costs a pass a token where several rows run, so it is fed beside their samples;
    shares_store: keys and values of all rows lie together, and a pass comes upon those of the others too;
    options: if any, an answer that is opened by force is one of these token sequences.
    """

    batch: Batch
    prefix: Prefix
    markers: Markers
    codec: Codec
    read_answer: ReadAnswer
    pace: Pace
    clock: Clock
    started: float
    context: int
    trace: Trace
    watcher: Watcher = field(default_factory=Watcher)
    one_pass_per_token: bool = True
    shares_store: bool = False
    options: tuple[tuple[int, ...], ...] = ()
    rollouts: list[Rollout] = field(default_factory=list)
    early_answers: list[EarlyAnswer] = field(default_factory=list)
    _prompt_tokens: int = 0
    _most_held: int = 0
    _live: dict[RowId, Row] = field(default_factory=dict)
    _was_told_closing: bool = False

    def __post_init__(self) -> None:
        self._prompt_tokens = len(self.prefix.tokens)

    # -------------------------------------------------------------- entry points

    def answer_directly(self, sampling: Sampling, seed: int, answer_tokens: int) -> Rollout | None:
        """The mandatory part: one row that answers without thought; None where it was stopped before it ended."""
        limits = RowLimits(think=0, answer=answer_tokens, stop_at_box=True)
        self._admit(sampling, [seed], limits, is_direct=True)
        self._run(lambda: False)
        return next((rollout for rollout in self.rollouts if rollout.is_direct and rollout.answer), None)

    def sample(self, groups: Sequence[tuple[Sampling, Sequence[int], RowLimits]]) -> list[Rollout]:
        """Rows under these limits, one a seed, all run to their ends; their rollouts in the order of the seeds."""
        done = len(self.rollouts)
        for sampling, seeds, limits in groups:
            self._admit(sampling, seeds, limits)
        self._run(lambda: False)
        return sorted(self.rollouts[done:], key=lambda rollout: rollout.row)

    def think(self, plan: Plan, is_decided: IsDecided) -> bool:
        """The optional part: the plan's rows that have not run yet think, close and answer; see `rollouts`.

        False where they were stopped before all had ended.
        """
        ran = sum(not rollout.is_direct for rollout in self.rollouts)
        budgets = [group.think_tokens for group in plan.rows for _ in range(group.count)]
        for think_tokens, places in itertools.groupby(range(ran, len(budgets)), key=budgets.__getitem__):
            limits = self._limits(think_tokens, plan)
            self._admit(plan.sampling, [place + 1 for place in places], limits)
        return self._run(lambda: is_decided([r for r in self.rollouts if not r.is_direct], plan.num_votes))

    @property
    def is_running(self) -> bool:
        """Whether rows are still alive."""
        return bool(self._live)

    @property
    def rows_thinking(self) -> int:
        """Rows whose thought is still open."""
        return sum(row.phase == "thinking" and row.parent is None for row in tuple(self._live.values()))

    @property
    def usage(self) -> tuple[int, int]:
        """(reasoning, completion) tokens so far, rows that still run included."""
        live = tuple(self._live.values())
        reasoning = sum(r.reasoning_tokens for r in self.rollouts) + sum(sum(row.own(row.in_thought)) for row in live)
        completion = sum(r.completion_tokens for r in self.rollouts) + sum(len(row.own(row.tokens)) for row in live)
        return reasoning, completion + sum(early.tokens for early in self.early_answers)

    # -------------------------------------------------------------- the loop

    def _run(self, is_decided: Callable[[], bool]) -> bool:
        """Run until no row is left; each turn is one commit. False where it was stopped."""
        while self._live:
            if self.pace.must_stop():
                self._drop_all("deadline")
                return False
            self._close_if_due()
            self._branch_where_due()
            before = self.clock()
            tokens, ended = self._choose()
            for row, reason in ended:
                self._finish(row, reason)
            if ended and is_decided():
                self._drop_all("decided")
            if ended:
                self.batch.keep(tuple(self._live))
            if self._live and not self._commit(tokens, before, has_left=bool(ended)):
                self._drop_all("deadline")
                return False
        return True

    def _close_if_due(self) -> None:
        """Close every open thought once the pace says that time only suffices for that; all rows then vote."""
        thinking = (row for row in self._live.values() if row.phase == "thinking" and not row.is_direct)
        open_rows = [row for row in thinking if row.closed_by != "deadline"]
        if not open_rows or not self.pace.must_close(len(self._live)):
            return
        if not self._was_told_closing:
            self._was_told_closing = True
            self.watcher.on_closing()
        for row in open_rows:
            if not (row.pending or self._mid_character(row)):
                self._apply(row, closing(row, self.markers, "deadline"), None)

    def _branch_where_due(self) -> None:
        """Ask a branch of each row that has come to one of its cuts for the answer."""
        for row in tuple(self._live.values()):
            if row.limits.cuts and not self._mid_character(row) and row.pass_cut():
                branch = self.batch.branch(row.id, GREEDY, row.seed)
                limits = RowLimits(think=row.think_used, answer=row.limits.answer, stop_at_box=True)
                self._live[branch] = early = row.branched(branch, limits)
                self.trace.add("branched", branch, row.id, len(row.tokens), row.seed, GREEDY)
                self._apply(early, closing(early, self.markers, "forced"), None)

    def _choose(self) -> tuple[dict[RowId, list[int]], list[tuple[Row, Finish]]]:
        """What to commit for each row, by its policy, and the rows that end here."""
        tokens: dict[RowId, list[int]] = {}
        ended: list[tuple[Row, Finish]] = []
        if not all(row.pending for row in self._live.values()):
            proposals = self.batch.propose()
            for index, row_id in enumerate(proposals.rows):
                row = self._live[row_id]
                if row.pending:
                    continue
                reason = self._judge(row, index, proposals, tokens)
                if reason is not None:
                    ended.append((row, reason))
        all_forced = not tokens
        for row in self._live.values():
            if row.pending and row.id not in tokens:  # not behind a token that was just sampled
                alone = all_forced or not self.one_pass_per_token
                tokens[row.id] = row.take_pending(len(row.pending) if alone else 1)
        return tokens, ended

    def _judge(self, row: Row, index: int, proposals: Proposals, tokens: dict[RowId, list[int]]) -> Finish | None:
        """Judge one proposal: note what to commit in `tokens`, or return why the row ends."""
        token = proposals.tokens[index]
        if self.options and row.phase == "answering" and row.was_opened:
            return self._name_option(row, index, proposals)
        move = self._move(row, token)
        if isinstance(move, Finished):
            return move.reason
        if isinstance(move, Force):
            self._apply(row, move, token)
            return None
        row.append(token, proposals.logprobs[index], proposals.entropies[index])
        if move.forced:
            self._apply(row, Force(move.forced, (), move.then or row.phase, is_extension=move.is_extension), None)
        elif move.then is not None:
            row.enter(move.then)
        elif row.phase == "answering" and answer_is_over(row, self.markers, lambda: self._decode(row.answer_tokens)):
            return row.closed_by
        tokens[row.id] = [token]
        return None

    def _name_option(self, row: Row, index: int, proposals: Proposals) -> Finish | None:
        """Go on with an option; the row ends with the last token of one, which needs no pass."""
        said = tuple(row.answer_tokens[len(self.markers.answer_opener) :])
        ranked = proposals.candidates[index].tolist()
        rest = option_tokens(said, proposals.tokens[index], ranked, self.options)
        if not rest:
            return row.closed_by
        place = ranked.index(rest[0]) if rest[0] in ranked else -1  # rarer than the last candidate: at most as likely
        row.option_logprobs.append(float(proposals.candidate_logprobs[index, place]))
        if said + rest not in self.options:
            self._apply(row, Force((), rest, "answering"), proposals.tokens[index])
            return None
        for token in rest:
            row.append(token, 0.0, 0.0, forced=True)
        return row.closed_by

    def _move(self, row: Row, token: int) -> Move:
        """The policy's move for the phase that the row is in."""
        if row.phase == "thinking":
            return think_move(row, token, self.markers, self._decode, lambda: self._mid_character(row))
        return answer_move(row, token, self.markers, self._decode)

    def _apply(self, row: Row, move: Force, replaced: int | None) -> None:
        """Queue forced tokens and note what they replaced."""
        row.force(move.thought, move.answer, then=move.then)
        row.extensions_used += move.is_extension
        if move.closed_by is not None:
            row.closed_by = move.closed_by
            self.trace.add("closing", row.id, len(row.tokens), move.closed_by)
        self.trace.add("forced", row.id, len(row.tokens), replaced, move.thought + move.answer)

    def _commit(self, tokens: dict[RowId, list[int]], began: float, *, has_left: bool) -> bool:
        """Run the passes for `tokens`; False where they were aborted. A pass counts from where it was proposed for.

        has_left: rows ended just before. Reading their answers and moving the others together is no speed of a pass.
        """
        try:
            passes = self.batch.commit(tokens, self.pace.must_stop)
        except Aborted:
            return False
        seconds, work = self.clock() - began, self._work(passes, sum(map(len, tokens.values())))
        if not has_left and all(len(ids) == 1 for ids in tokens.values()):  # nor does a pass of several tokens say much
            self.pace.observe(work, seconds)
        self.trace.add_pass(seconds, work)
        if self.watcher.on_text is not None:
            for row_id, ids in tokens.items():
                self.watcher.on_text(row_id, ids)
        return True

    def _work(self, passes: Passes, appended: int) -> Work:
        """What these passes, which appended so many tokens, came upon; a shared store keeps what it once held."""
        held = sum(len(row.tokens) for row in self._live.values())
        each = held / max(1, len(self._live))
        self._most_held = max(self._most_held, held)
        return Work(
            rows=passes.rows,
            passes=passes.count,
            context=self._prompt_tokens + each,
            beside=self._most_held - each if self.shares_store else 0.0,
            further_tokens=max(0, appended - passes.count * passes.rows),
        )

    # -------------------------------------------------------------- rows in and out

    def _admit(self, sampling: Sampling, seeds: Sequence[int], limits: RowLimits, *, is_direct: bool = False) -> None:
        """Start rows; what opens or skips the thought is forced, since the prefix ends before it."""
        for row_id, seed in zip(self.batch.admit(self.prefix, sampling, seeds), seeds, strict=True):
            row = Row(row_id, seed, limits, is_direct=is_direct)
            if is_direct:
                row.force(self.markers.direct, self.markers.answer_opener, then="answering")
            else:
                row.force(self.markers.open_thought, then="thinking")
            self._live[row_id] = row
            self.trace.add("admitted", row_id, seed, sampling)
            self.trace.add("forced", row_id, 0, None, tuple(token for token, _ in row.pending))

    def _limits(self, think: int, plan: Plan) -> RowLimits:
        """The limits of a thinking row, cut where the context ends before them."""
        markers, answer, extensions = self.markers, plan.answer_tokens, plan.extensions
        around = len(markers.open_thought) + len(markers.close_thought) + len(markers.answer_opener) + 4
        room = self.context - len(self.prefix.tokens) - around - answer - extensions * len(markers.extension)
        return RowLimits(
            think=max(0, min(think, room)),
            answer=answer,
            extensions=extensions,
            cut="context" if room < think else "forced",
            opens_answer=plan.opens_answer,
        )

    def _drop_all(self, reason: Finish) -> None:
        """End the rows that still run; they have no answer."""
        for row in tuple(self._live.values()):
            self._finish(row, reason, has_answer=False)

    def _finish(self, row: Row, reason: Finish, *, has_answer: bool = True) -> None:
        """Turn a row into a rollout."""
        rollout = self._rollout(row, reason, has_answer)
        del self._live[row.id]
        self.trace.add("dropped", row.id, len(row.tokens), reason)
        if row.parent is not None:
            self.early_answers.append(_early(row, row.parent, rollout))
        else:
            self.rollouts.append(rollout)
            self.watcher.on_rollout(rollout)

    def _rollout(self, row: Row, reason: Finish, has_answer: bool) -> Rollout:
        """The frozen record of one row."""
        is_plain = not self.markers.thought_close and row.answer_start == 0
        text = answer_text(row, self.markers, self._decode) if has_answer else ""
        answer, canonical = self.read_answer(text) if has_answer else (None, None)
        sampled = [
            logprob
            for logprob, forced in zip(row.logprobs[row.answer_start :], row.forced[row.answer_start :], strict=True)
            if not forced
        ]
        return Rollout(
            row=row.id,
            seed=row.seed,
            tokens=tuple(row.tokens),
            logprobs=tuple(row.logprobs),
            entropies=tuple(row.entropies),
            forced=tuple(row.forced),
            finish=reason,
            reasoning=thought_text(row, self.markers, self._decode),
            text=text,
            answer=answer,
            canonical=canonical,
            confidence=confidence(row.option_logprobs or sampled),
            reasoning_tokens=0 if is_plain else sum(row.in_thought),
            is_direct=row.is_direct,
            finished_s=self.clock() - self.started,
        )

    def _decode(self, tokens: Sequence[int]) -> str:
        """Text of ids, without control tokens."""
        return self.codec.decode(tokens)

    def _mid_character(self, row: Row) -> bool:
        """Whether the row's text ends inside a UTF-8 character of at most four bytes."""
        return self.codec.ends_inside_character(row.tokens[-4:])


def _early(branch: Row, parent: RowId, rollout: Rollout) -> EarlyAnswer:
    """What a branch that has ended says of the row that it was taken from."""
    return EarlyAnswer(
        row=parent,
        think_tokens=branch.limits.think,
        answer=rollout.answer,
        canonical=rollout.canonical,
        confidence=rollout.confidence,
        tokens=len(branch.own(branch.tokens)),
    )

"""Every stage of a request on one screen: `Pipeline.run`. Text in, rollouts and their vote out.

In: wiring the stages, the answer in hand, continuing a conversation's prefix. Not in: threads, queues, waiting
(runtime), tokens (engine), text (prompting, answers), choices (controller).
Invariant: only the thread that owns the engine runs this.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from edgereason.answers import MajorityVote, SymbolicEquality, read_answer
from edgereason.controller.costs import (
    DIRECT_ANSWER_TOKENS,
    closing_tokens,
    costs_at,
    direct_passes,
    forced_seconds,
    joules_spent,
)
from edgereason.controller.expected import mean_place, own_curves
from edgereason.controller.pace import RequestPace
from edgereason.controller.plan import Situation, next_round, plan, revise
from edgereason.controller.reserve import MISS_RATE, Reserve, reserve_of
from edgereason.controller.strategies import begin, go_on, strategy_of
from edgereason.decoding.loop import Decoder, Watcher
from edgereason.errors import ConfigError, ContextLengthError
from edgereason.loading import Parts
from edgereason.probing.features import evidence_of
from edgereason.profiling.accuracy import Curves
from edgereason.protocols import Clock, Codec, Prefix
from edgereason.request import Options, Progress, Request
from edgereason.types import (
    BudgetProfile,
    Difficulty,
    PassCosts,
    Plan,
    Prompt,
    Rollout,
    RowId,
    Sampling,
)

LEAST_SHARED_PREFIX = 16  # tokens; a shorter common beginning is cheaper to run again than to branch from
LEAST_SLACK_S, MOST_SLACK_S = 0.05, 2.0  # for symbolic equality, when all rows are in


class Pipeline:
    """The stages of a request on one set of parts; keeps the last prompt's state for a conversation's next turn.

    merges_equal: compare answers symbolically in slack time, by a process that takes real time; not on a fake clock.
    """

    def __init__(self, parts: Parts, clock: Clock, *, merges_equal: bool = True) -> None:
        self._parts = parts
        self._clock = clock
        self._prefix: Prefix | None = None
        self._reserve = self._reserves(MISS_RATE)
        self._free_bytes: int | None = None
        self._curves: Curves | None = None  # what thinking and voting should bring on the present question
        self._selector = MajorityVote()
        self._equality = SymbolicEquality() if merges_equal else None

    def run(self, request: Request) -> None:
        """One request from text to rollouts and their vote; what it comes to lies in `request`."""
        parts, options, progress = self._parts, request.options, request.progress
        self._reserve, self._free_bytes = self._reserves(options.miss_rate), parts.free_bytes()
        progress.prompt = prompt = parts.tokenizer.prompt(request.messages, choices=options.choices)
        progress.trace.add("prompt", len(prompt.tokens))
        self._check_room(prompt)
        prefix = self._prefill(prompt, request)
        progress.trace.add("prefilled", prompt.tokens)
        request.emit("prefilled")
        with contextlib.closing(parts.engine.batch()) as batch:
            progress.decoder = decoder = Decoder(
                batch=batch,
                prefix=prefix,
                markers=prompt.markers,
                codec=parts.tokenizer,
                read_answer=lambda text: read_answer(text, prompt.choices),
                pace=(pace := self._pace(request, prompt)),
                clock=self._clock,
                started=request.entry,
                context=parts.engine.info.context,
                trace=progress.trace,
                watcher=self._watcher(request, progress),
                one_pass_per_token=parts.engine.info.passes_per_token,
                shares_store=parts.engine.info.shared_context > 0,
                options=parts.tokenizer.choice_tokens(prompt.choices),
            )
            self._check_joules(request, prompt)
            greedy = Sampling(temperature=0.0, seed=options.seed)
            direct = decoder.answer_directly(greedy, 0, _direct_answer_tokens(prompt, options))
            pace.answer_tokens = _expected_answer_tokens(decoder.rollouts)
            progress.difficulty = parts.probe.estimate(evidence_of(prefix.hidden, len(prefix.tokens), direct))
            strategy = strategy_of(options.strategy)
            self._curves = own_curves(parts.accuracy.all, progress.difficulty) if parts.accuracy is not None else None
            chosen: Plan | None = self._plan(request, progress)
            while chosen is not None:
                progress.plan = chosen
                request.emit("plan", plan=chosen, answer=request.peek(), rows_thinking=chosen.num_rows)
                is_over = strategy.is_over if strategy and strategy.is_over else self._selector.is_decided
                is_whole = decoder.think(chosen, is_over)
                self._note_closing(pace, is_whole=is_whole)
                chosen = self._revise(request, progress)
        self._merge_equal(request, decoder)

    def _merge_equal(self, request: Request, decoder: Decoder) -> None:
        """Count votes for the same value in different words together, where there is time to spare for finding out."""
        if self._equality is None:
            return
        written = [rollout.canonical for rollout in decoder.rollouts if rollout.canonical is not None]
        left_s = MOST_SLACK_S if request.due is None else request.due - self._clock() - LEAST_SLACK_S
        slack_s = min(MOST_SLACK_S, left_s)
        if request.options.choices or len(set(written)) < 2 or slack_s < LEAST_SLACK_S or request.is_stopped:
            return
        first = self._equality.merge_equal(written, slack_s)
        for index, rollout in enumerate(decoder.rollouts):
            if rollout.canonical is not None and first[rollout.canonical] != rollout.canonical:
                decoder.rollouts[index] = replace(rollout, canonical=first[rollout.canonical])
        request.answer = self._selector.select(decoder.rollouts)

    def _plan(self, request: Request, progress: Progress) -> Plan:
        """Ask the controller what to do with the time and tokens that are left."""
        assert progress.difficulty is not None
        profile = self._profile(request, progress.difficulty)
        strategy = strategy_of(request.options.strategy)
        begun = plan if strategy is None else functools.partial(begin, strategy)
        chosen = begun(profile, progress.difficulty, self._situation(request, progress), request.options.seed)
        progress.trace.add("difficulty", progress.difficulty)
        progress.trace.add("plan", chosen)
        return chosen

    def _revise(self, request: Request, progress: Progress) -> Plan | None:
        """Ask the controller, or the strategy, whether there are more rows to run."""
        assert progress.decoder is not None
        assert progress.difficulty is not None
        made = progress.plan
        assert made is not None
        thinking = [rollout for rollout in progress.decoder.rollouts if not rollout.is_direct]
        if request.is_stopped or any(rollout.finish == "deadline" for rollout in thinking):
            return None
        profile, situation = self._profile(request, progress.difficulty), self._situation(request, progress)
        strategy = strategy_of(request.options.strategy)
        if strategy is not None:
            wider = go_on(strategy, made, profile, situation, thinking)
        elif made.num_votes > made.num_rows:
            is_decided = self._selector.is_decided(thinking, made.num_votes)
            wider = None if is_decided else next_round(made, situation)
        else:
            longest = max((rollout.reasoning_tokens for rollout in thinking), default=0)
            wider = revise(made, profile, situation, longest)
        if wider is not None:
            progress.trace.add("plan", wider)
        return wider

    def _profile(self, request: Request, difficulty: Difficulty) -> BudgetProfile:
        """The profile asked for, or the one that the difficulty calls for.

        Where curves say what each token buys, this question's own or the mean ones, the plan needs no profile's limits:
        the label names the profile, and the widest one's limits hold.
        """
        profiles, asked = self._parts.profiles, request.options.profile
        if asked != "auto":
            return profiles[asked]
        if self._curves is None or request.options.strategy != "auto":
            return profiles[difficulty.label]
        return replace(profiles["hard"], name=difficulty.label)

    def _situation(self, request: Request, progress: Progress) -> Situation:
        """What is left to plan with, now."""
        assert progress.prompt is not None
        assert progress.decoder is not None
        info, due = self._parts.engine.info, request.due
        return Situation(
            budget=replace(request.options.budget, deadline_s=request.deadline_s),
            remaining_s=None if due is None else due - self._clock(),
            costs=self._costs(len(progress.prompt.tokens)),
            markers=progress.prompt.markers,
            prompt_tokens=len(progress.prompt.tokens),
            context=info.context,
            shared_context=info.shared_context,
            most_rows=info.max_rows,
            spent_tokens=progress.decoder.usage[1],
            spent_joules=self._joules_spent(progress.prompt, progress),
            answer_tokens=_expected_answer_tokens(progress.decoder.rollouts),
            drift=progress.decoder.pace.drift,
            curves=self._curves,
            reserve=self._reserve,
            is_automatic=request.options.profile == "auto",
            one_pass_per_token=info.passes_per_token,
            free_bytes=self._free_bytes,
            row_token_bytes=info.kv_bytes_per_token,
        )

    def _costs(self, prompt_tokens: int) -> PassCosts:
        """What passes cost with as many tokens as rows have in the mean while they think about this question."""
        if self._curves is None:
            return self._parts.costs
        return costs_at(self._parts.costs, prompt_tokens, mean_place(self._curves))

    def _joules_spent(self, prompt: Prompt, progress: Progress) -> float:
        """Joules so far, by the measured joules of passes; 0 where none were measured."""
        passes = {rows: count for rows, (count, _, _) in progress.trace.passes().items()}
        return joules_spent(self._parts.costs, len(prompt.tokens), passes)

    def _check_joules(self, request: Request, prompt: Prompt) -> None:
        """Raise ConfigError where the caller's joules do not suffice for an answer without thought."""
        most = request.options.max_joules
        passes = {1: direct_passes(prompt.markers, _direct_answer_tokens(prompt, request.options))}
        needed = joules_spent(self._parts.costs, len(prompt.tokens), passes)
        if most is not None and most < needed:
            raise ConfigError(
                f"max_joules = {most!r} is less than an answer without thought takes.", hint=f"Allow {needed:.3g} J."
            )

    def _prefill(self, prompt: Prompt, request: Request) -> Prefix:
        """The prompt's prefix, continued from the previous request's where that one begins this one."""
        kept = self._prefix
        shared = kept is not None and len(kept.tokens) >= LEAST_SHARED_PREFIX
        is_base = shared and kept is not None and prompt.tokens[: len(kept.tokens)] == kept.tokens
        base = kept if is_base else None
        if base is not None and base.tokens == prompt.tokens:
            return base
        if base is None:
            self._keep_prefix(None)  # in a context that prompts share, it would be in the way
        prefix = self._parts.engine.prefill(prompt.tokens, lambda: request.is_stopped, base=base)
        self._keep_prefix(prefix)
        return prefix

    def _keep_prefix(self, prefix: Prefix | None) -> None:
        """Keep one prompt state, so that a conversation's next turn runs only what is new."""
        if self._prefix is not None:
            self._prefix.close()
        self._prefix = prefix

    def _check_room(self, prompt: Prompt) -> None:
        """Raise ContextLengthError unless the prompt and a direct answer fit."""
        needed = len(prompt.tokens) + direct_passes(prompt.markers, DIRECT_ANSWER_TOKENS)
        context = self._parts.engine.info.context
        if needed > context:
            raise ContextLengthError(
                f"The prompt has {len(prompt.tokens)} tokens; with room for an answer {needed} are needed, "
                f"and {self._parts.model.name!r} has a context of {context}.",
                hint="Shorten the question, or load a model with a longer context.",
            )

    def _pace(self, request: Request, prompt: Prompt) -> RequestPace:
        forced_s = functools.partial(
            forced_seconds, self._parts.costs, closing_tokens(prompt.markers),
            one_pass_per_token=self._parts.engine.info.passes_per_token,
        )  # fmt: skip
        return RequestPace(
            clock=self._clock,
            costs=self._parts.costs,
            due=lambda: request.due,
            forced_s=forced_s,
            answer_tokens=DIRECT_ANSWER_TOKENS,
            reserve_factor=lambda rows: self._reserve(rows).factor,
            is_stopped=lambda: request.is_stopped,
            follows=self._parts.safeguards.drift,
        )

    def _reserves(self, miss_rate: float) -> Callable[[int], Reserve]:
        """What to keep back for closing so many rows, looked up once a request."""
        promise = self._parts.promise
        if promise is None:
            return lambda rows: reserve_of((), miss_rate)
        reserve = promise.reserve if self._parts.safeguards.reserve else promise.exceeded
        return functools.cache(lambda rows: reserve(rows, miss_rate))

    def _note_closing(self, pace: RequestPace, *, is_whole: bool) -> None:
        """Remember how long a closing took that time forced."""
        scored = pace.closing_score(is_whole=is_whole)
        if scored is not None and self._parts.promise is not None and self._parts.safeguards.drift:
            self._parts.promise.add(*scored)

    def _watcher(self, request: Request, progress: Progress) -> Watcher:
        """Renew the answer in hand with every rollout, and tell the listener."""

        def on_rollout(rollout: Rollout) -> None:
            assert progress.decoder is not None
            answer = self._selector.select(progress.decoder.rollouts)
            if answer is not None and answer != request.answer:
                progress.trace.add("answer", rollout.row, answer.text, answer.confidence)
            request.answer = answer
            request.emit(
                "row",
                row=rollout.row,
                text=rollout.answer or "",
                answer=request.peek(),
                votes=dict(answer.votes) if answer is not None else {},
                rows_thinking=progress.decoder.rows_thinking,
            )

        on_text = _TextStream(request, self._parts.tokenizer).add if request.wants_text else None
        return Watcher(on_text=on_text, on_rollout=on_rollout, on_closing=lambda: request.emit("closing"))

    def learn(self, request: Request) -> Parts:
        """The parts with costs that know what this request's passes took."""
        if self._parts.book is not None and self._parts.safeguards.drift:
            self._parts = replace(self._parts, costs=self._parts.book.learn(request.progress.trace.passes()))
        return self._parts

    def close(self) -> None:
        """Free the kept prefix and whatever compares answers; keep what was learnt of costs."""
        if self._parts.book is not None:
            self._parts.book.keep()
        self._keep_prefix(None)
        if self._equality is not None:
            self._equality.close()


class _TextStream:
    """Tells new text of each row, whole characters only."""

    def __init__(self, request: Request, codec: Codec) -> None:
        self._request = request
        self._codec = codec
        self._pending: dict[RowId, list[int]] = {}

    def add(self, row: RowId, tokens: Sequence[int]) -> None:
        pending = self._pending.setdefault(row, [])
        pending.extend(tokens)
        if not self._codec.ends_inside_character(pending):
            self._request.emit("token", row=row, text=self._codec.decode(pending))
            pending.clear()


def _direct_answer_tokens(prompt: Prompt, options: Options) -> int:
    """Most tokens of the direct answer.

    Raises:
        ConfigError: the caller's `max_tokens` leaves it none.
    """
    forced = direct_passes(prompt.markers, 0)
    if options.max_tokens is not None and options.max_tokens <= forced:
        raise ConfigError(
            f"max_tokens = {options.max_tokens!r} leaves no token for an answer.",
            hint=f"This model's answers begin with {forced} forced tokens: allow at least {forced + 1}.",
        )
    return min(DIRECT_ANSWER_TOKENS, (options.max_tokens or DIRECT_ANSWER_TOKENS + forced) - forced)


def _expected_answer_tokens(rollouts: Sequence[Rollout]) -> int:
    """What an answer to this question takes: as much as the direct one and a little more; the cap where it had none."""
    direct = next((rollout for rollout in rollouts if rollout.is_direct and rollout.answer is not None), None)
    if direct is None:
        return DIRECT_ANSWER_TOKENS
    return min(DIRECT_ANSWER_TOKENS, direct.forced.count(False) + 2)

"""Choose rows and think tokens: from the profile alone without a deadline, from measured costs with one.

With an accuracy profile of the model, the choice is the cheapest of the options that are expected to be right nearly
as often as the best (expected.py). Without one it goes by rule: a whole thought comes before a second row, since a
vote of cut thoughts is worth less than one finished thought; as long as nothing is known of how long this question's
thoughts are, a row is given the profile's limit, and once a row has finished, `revise` widens by what it really took.
Think tokens are a limit; under a deadline the pace may close a thought before it. Pure: the same inputs, the same plan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from edgereason.controller.costs import closing_passes, closing_tokens, forced_seconds, pass_joules, pass_seconds
from edgereason.controller.expected import TOLERANCE, Option, accuracy_at, options, shapes
from edgereason.controller.prices import choose_option, price_of
from edgereason.controller.reserve import MISS_RATE, Reserve, reserve_of
from edgereason.profiling.accuracy import Curves
from edgereason.types import GREEDY, Budget, BudgetProfile, Difficulty, Markers, PassCosts, Plan, RowGroup, Sampling

WIDTHS = (1, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64)  # a vote of two decides nothing that one row does not
LENGTH_FACTOR = 1.5  # further rows may think this much longer than the longest so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is left to plan with.

    remaining_s: seconds to the deadline less the hand-over margin; None without a deadline.
    spent_tokens: generated so far, counted against `budget.max_tokens`.
    answer_tokens: what an answer to this question is expected to take, as the direct one did.
    drift: seconds a pass takes now over what was measured.
    spent_joules: so far, by the measured joules of passes, counted against `budget.max_joules`.
    shared_context: tokens that all rows together may take, the prompt counted once; 0: no such limit.
    curves: what thinking and voting buy with this model, where that was recorded.
    reserve: how much time to keep back, over what closing is predicted to take, for so many rows.
    is_automatic: nobody named a profile, so that its sampling is no wish of the caller's.
    one_pass_per_token: as `EngineInfo.passes_per_token`.
    free_bytes: memory that rows may take; None: nobody knows. row_token_bytes: what a token of a row takes of it.
    """

    budget: Budget
    remaining_s: float | None
    costs: PassCosts
    markers: Markers
    prompt_tokens: int
    context: int
    most_rows: int
    spent_tokens: int
    answer_tokens: int
    drift: float = 1.0
    spent_joules: float = 0.0
    shared_context: int = 0
    curves: Curves | None = None
    reserve: Callable[[int], Reserve] = lambda rows: reserve_of((), MISS_RATE)
    is_automatic: bool = False
    one_pass_per_token: bool = True
    free_bytes: int | None = None
    row_token_bytes: int = 0

    def joules_of(self, option: Option) -> float:
        """Expected joules of an option's thoughts, by the measured joules of a pass.

        Raises:
            ConfigError: no joules were measured.
        """
        return option.seconds / self.pass_s(option.rows) * pass_joules(self.costs, option.rows)

    def pass_s(self, width: int) -> float:
        """Seconds of a pass over `width` rows at the present speed."""
        return self.drift * pass_seconds(self.costs, width)

    def thinking_s(self, width: int, rounds: int = 1) -> float:
        """Seconds that rounds of `width` rows have for all their thoughts, opening and closing kept in reserve."""
        if self.remaining_s is None:
            return math.inf
        waiting_s = (rounds - 1) * self.between_s(width)
        return self.remaining_s - self._opening_s(width) - waiting_s - self.closing_s(width)

    def between_s(self, width: int) -> float:
        """Seconds from the end of the thoughts of `width` rows to the beginning of those of the next round."""
        return self._answering_s(width) + self._opening_s(width)

    def closing_s(self, width: int) -> float:
        """Seconds to keep back for closing `width` rows."""
        return self.reserve(width).factor * self._answering_s(width)

    def _opening_s(self, width: int) -> float:
        """Seconds until the thoughts of `width` rows begin."""
        return self.drift * self.forced_s(width, len(self.markers.open_thought))

    def _answering_s(self, width: int) -> float:
        """Seconds that closing `width` rows is predicted to take."""
        return self.drift * self.forced_s(width, closing_tokens(self.markers)) + self.answer_tokens * self.pass_s(width)

    def forced_s(self, width: int, tokens: int) -> float:
        """Seconds, as measured, of so many forced tokens of `width` rows."""
        return forced_seconds(self.costs, tokens, width, one_pass_per_token=self.one_pass_per_token)

    def bound_s(self, width: int, think: int, rounds: int = 1) -> float:
        """Seconds that rounds of `width` rows take if all think to their limit, closing as long as is kept for it."""
        thinking_s = rounds * think * self.pass_s(width) + (rounds - 1) * self.between_s(width)
        return self._opening_s(width) + thinking_s + self.closing_s(width)

    def around(self, answer_tokens: int) -> int:
        """Passes that a row needs beside its thought."""
        return len(self.markers.open_thought) + closing_passes(self.markers, answer_tokens)

    def affordable(self, width: int, rounds: int = 1) -> int:
        """Think tokens that each row can have in the time left, the closing kept in reserve; may be negative."""
        assert self.remaining_s is not None
        return int(self.thinking_s(width, rounds) / (rounds * self.pass_s(width)))

    def fits_time(self, width: int, think: int) -> bool:
        """Whether `width` rows can all think to the end before the deadline."""
        return self.remaining_s is None or self.affordable(width) >= think

    def fits(self, width: int, think: int, answer_tokens: int) -> bool:
        """Whether time, context and caps allow `width` rows that all think to the end."""
        return self.fits_time(width, think) and think <= self.most_think(width, answer_tokens)

    def most_think(self, width: int, answer_tokens: int, rounds: int = 1) -> int:
        """Think tokens that each row can have within context, memory and caps; may be negative.

        A context that rows share also holds the prompt, and another one that may still be held. Context and memory are
        free again after each round; tokens and joules are those of all rounds.
        """
        around = self.around(answer_tokens)
        limits = [self.context - self.prompt_tokens - around]
        if self.shared_context:
            limits.append((self.shared_context - 2 * self.prompt_tokens) // width - around)
        elif self.free_bytes is not None and self.row_token_bytes:
            limits.append(self.free_bytes // (width * self.row_token_bytes) - self.prompt_tokens - around)
        if self.budget.max_tokens is not None:
            left = self.budget.max_tokens - self.spent_tokens
            limits.append(left // (rounds * width) - around)
        if self.budget.max_joules is not None:
            left_j = self.budget.max_joules - self.spent_joules
            limits.append(int(left_j / (rounds * pass_joules(self.costs, width))) - around)
        return min(limits)

    @property
    def is_capped(self) -> bool:
        """Whether tokens or joules are limited, so that what a row does not take another one can."""
        return self.budget.max_tokens is not None or self.budget.max_joules is not None


def plan(profile: BudgetProfile, difficulty: Difficulty, situation: Situation, seed: int) -> Plan:
    """The plan for what remains after the direct answer."""
    found = expected_options(profile, situation)
    if found:
        return _plan_by_accuracy(found, profile, difficulty, situation, seed)
    width, think = choose(profile, situation)
    remaining_s = situation.remaining_s
    pass_s = situation.pass_s(max(1, width))
    expected = think
    reason = [
        f"{difficulty.label} ({difficulty.source})",
        f"profile {profile.name!r} asks for up to {profile.max_rows} rows of {profile.think_tokens} think tokens",
    ]
    if situation.budget.max_tokens is not None:
        reason.append(f"{situation.budget.max_tokens} tokens are allowed in all")
    if remaining_s is not None:
        expected = max(0, min(think, situation.affordable(max(1, width))))
        time = f"{remaining_s * 1e3:.0f} ms at {pass_s * 1e3:.2f} ms a pass"
        reason.append(f"{time} allow {width} of about {expected}")
    return Plan(
        profile=profile.name,
        rows=(RowGroup(count=width, think_tokens=think),) if width and think else (),
        answer_tokens=profile.answer_tokens,
        sampling=sampling_of(profile, seed),
        extensions=profile.extensions,
        predicted_s=(expected + situation.around(situation.answer_tokens)) * pass_s if width and think else 0.0,
        bound_s=situation.bound_s(width, expected) if width and think else 0.0,
        closing_reserve_s=situation.closing_s(max(1, width)),
        is_cut_by_time=remaining_s is not None and situation.affordable(max(1, width)) < profile.think_tokens,
        promise=situation.reserve(max(1, width)).words if remaining_s is not None else "",
        reason="; ".join(reason),
        runner_up=runner_up(width, profile, situation),
    )


def expected_options(profile: BudgetProfile, situation: Situation) -> list[Option]:
    """What the recorded curves say can be had within deadline, context and caps; nothing without curves."""
    if situation.curves is None:
        return []
    votes = [count for count in situation.curves.rows if count <= profile.max_rows]

    def most_think(width: int, rounds: int) -> int:
        return min(profile.think_tokens, situation.most_think(width, profile.answer_tokens, rounds))

    tried = shapes(votes, situation.most_rows)
    return options(
        situation.curves, tried, most_think, situation.pass_s, situation.thinking_s, situation.between_s
    )  # fmt: skip


def _plan_by_accuracy(
    found: list[Option], profile: BudgetProfile, difficulty: Difficulty, situation: Situation, seed: int
) -> Plan:
    """The plan of the best option; a thought may take that many tokens.

    Where nobody named a profile a single row is greedy: it has no vote to vary for, and the most probable thought is
    right more often than a drawn one (models/abacus/card.md).
    """
    price = price_of(situation.budget)
    choice = choose_option(found, price, situation.joules_of)
    chosen, other = choice.option, choice.runner_up
    around = situation.around(situation.answer_tokens) * situation.pass_s(chosen.rows)
    measured = f"; {situation.joules_of(chosen):.2g} J expected" if situation.costs.pass_j else "; joules not measured"
    energy = measured if price is not None else ""
    is_greedy = chosen.rows * chosen.rounds == 1 and situation.is_automatic
    left = "no deadline" if situation.remaining_s is None else f"{situation.remaining_s * 1e3:.0f} ms left"
    return Plan(
        profile=profile.name,
        rows=(RowGroup(count=chosen.rows, think_tokens=chosen.think_tokens),),
        rounds=chosen.rounds,
        answer_tokens=profile.answer_tokens,
        sampling=replace(GREEDY, seed=seed) if is_greedy else sampling_of(profile, seed),
        extensions=profile.extensions,
        predicted_s=chosen.seconds + around,
        bound_s=situation.bound_s(chosen.rows, chosen.think_tokens, chosen.rounds),
        closing_reserve_s=situation.closing_s(chosen.rows),
        is_cut_by_time=(
            situation.remaining_s is not None
            and chosen.think_tokens >= situation.affordable(chosen.rows, chosen.rounds)
        ),
        promise=situation.reserve(chosen.rows).words if situation.remaining_s is not None else "",
        reason=(
            f"{difficulty.label} ({difficulty.source}); {left}; {_said(chosen)}{', greedy' * is_greedy}, "
            f"{choice.because}{energy}"
        ),
        runner_up=_said(other) if other is not None else "",
    )


def _said(option: Option) -> str:
    """An option in words."""
    return (
        f"{f'{option.rounds} rounds of ' * (option.rounds > 1)}{option.rows} row{'s' * (option.rows > 1)} "
        f"of up to {option.think_tokens} think tokens: "
        f"{option.accuracy:.1%} right and {option.seconds * 1e3:.0f} ms of thinking expected"
    )


def choose(profile: BudgetProfile, situation: Situation) -> tuple[int, int]:
    """(rows, think tokens): the widest whose rows can all think to the end, else one row for what there is, or none."""
    think = max(0, min(profile.think_tokens, situation.most_think(1, profile.answer_tokens)))
    for width in widths_up_to(min(profile.max_rows, situation.most_rows)):
        if situation.fits(width, think, profile.answer_tokens):
            return width, think
    has_time = situation.remaining_s is None or situation.affordable(1) > 0
    return (1, think) if think > 0 and has_time else (0, 0)


def next_round(made: Plan, situation: Situation) -> Plan | None:
    """The plan with the rows of its next round; None after its last one, or where time ends before them."""
    if len(made.rows) >= made.rounds:
        return None
    if situation.remaining_s is not None and situation.affordable(made.rows[-1].count) <= 0:
        return None
    return replace(made, rows=(*made.rows, made.rows[-1]))


def revise(made: Plan, profile: BudgetProfile, situation: Situation, longest_thought: int) -> Plan | None:
    """The plan with further rows, or None: once rows have finished early, the time left is spent on more votes.

    longest_thought: think tokens of the longest row so far.
    """
    think = min(made.rows[-1].think_tokens, int(LENGTH_FACTOR * longest_thought) + 1) if made.rows else 0
    left = min(profile.max_rows, situation.most_rows) - made.num_rows
    if think == 0 or situation.remaining_s is None:
        return None
    for width in range(left, 1, -1):
        if situation.fits(width, think, profile.answer_tokens) and _pays(made, width, situation):
            limit = think if situation.is_capped else made.rows[-1].think_tokens
            more = f"{width} more rows, since a thought took {longest_thought} tokens"
            group = RowGroup(count=width, think_tokens=limit)
            rows, sampling = (*made.rows, group), sampling_of(profile, made.sampling.seed)
            return replace(made, rows=rows, sampling=sampling, reason=f"{made.reason}; {more}")
    return None


def _pays(made: Plan, more: int, situation: Situation) -> bool:
    """Whether further rows are expected to be worth it; without curves nobody knows, and they are run."""
    if situation.curves is None:
        return True
    think = [float(made.rows[-1].think_tokens)]
    now, then = (accuracy_at(situation.curves, rows, think)[0] for rows in (made.num_rows, made.num_rows + more))
    return bool(then - now > TOLERANCE)


def runner_up(width: int, profile: BudgetProfile, situation: Situation) -> str:
    """What the next wider plan would have been."""
    wider = next((other for other in WIDTHS if width < other <= min(profile.max_rows, situation.most_rows)), None)
    if wider is None or situation.remaining_s is None:
        return ""
    return f"{wider} rows would have had about {max(0, situation.affordable(wider))} think tokens each"


def widths_up_to(most: int) -> list[int]:
    """The widths worth having, widest first."""
    return [width for width in reversed(WIDTHS) if width <= max(1, most)]


def sampling_of(profile: BudgetProfile, seed: int) -> Sampling:
    """The profile's sampling, with the request's seed."""
    return Sampling(
        temperature=profile.temperature, top_k=profile.top_k, top_p=profile.top_p, min_p=profile.min_p, seed=seed
    )

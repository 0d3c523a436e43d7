"""Published ways to spend a budget, by name: each is a plan and a stop rule, to be compared with the controller's own.

In: how many rows a strategy starts, when it starts more, when it drops the rest; each from the answers so far. Not in:
running rows (decoding), counting votes (answers), the deadline, which the pace keeps for every strategy alike.
Rows are drawn with seeds 1, 2, ... in the order of their places, so two strategies draw the same samples as far as both
go. Pure: the same answers, the same decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from edgereason.controller.plan import Situation, sampling_of
from edgereason.errors import ConfigError, did_you_mean
from edgereason.intervals import binomial_at_most
from edgereason.types import STRATEGIES, BudgetProfile, Difficulty, Plan, Rollout, RowGroup, StrategyName

ESC_WINDOW = 5  # samples in a window; section 3.1 of the paper
CONFIDENCE = 0.95  # of the majority, at which adaptive-consistency stops; section 3 of the paper
MOST_WAITS = 6  # the most extensions that s1 tried (figure 4), unless the profile says otherwise

Answers = Sequence[str | None]  # canonical, in the order of the rows' places; None: none that can be read
NextRows = Callable[[Answers, int], int]  # (answers of the rows that have run, most rows in all) -> rows to start now
IsOver = Callable[[Sequence[Rollout], int], bool]  # as Selector.is_decided


# ---------------------------------------------------------------- how many rows, and when more


def one_row(answers: Answers, most: int) -> int:
    """One, once."""
    return 0 if answers else 1


def all_rows(answers: Answers, most: int) -> int:
    """All that there may be, once."""
    return 0 if answers else most


def next_window(answers: Answers, most: int) -> int:
    """Early-stopping self-consistency (Li et al. 2024, arXiv 2401.10480, algorithm 1): a window of samples at a time,
    until all of one window give one answer (the entropy of the window's answers is 0) or there are `most` samples.

    An answer that cannot be read agrees with none. The last window may be shorter.
    """
    windows = [answers[start : start + ESC_WINDOW] for start in range(0, len(answers), ESC_WINDOW)]
    if any(window[0] is not None and len(set(window)) == 1 for window in windows):
        return 0
    return min(ESC_WINDOW, most - len(answers))


def next_samples(answers: Answers, most: int) -> int:
    """Adaptive-consistency (Aggarwal et al. 2023, arXiv 2305.11860): a sample at a time until `majority_chance` is at
    least CONFIDENCE, or there are `most`.

    Samples that the rule would draw in any case are drawn together, 4 of them at first, so that a wide device wins
    time and the samples stay those of the paper.
    """
    leader, rival = top_two(answers)
    left = most - len(answers)
    return next((more for more in range(left) if majority_chance(leader + more, rival) >= CONFIDENCE), left)


def top_two(answers: Answers) -> tuple[int, int]:
    """Votes of the two most frequent answers."""
    counts = [count for _, count in Counter(answer for answer in answers if answer is not None).most_common(2)]
    return (*counts, 0, 0)[0], (*counts, 0, 0)[1]


def majority_chance(leader: int, rival: int) -> float:
    """Chance that the leading answer is the majority of the two, given their votes (Aggarwal et al. 2023, eq. 4).

    The share of the leader has a Beta(leader + 1, rival + 1) posterior under a flat prior; this is its mass above
    1/2, which for whole numbers is P(Bin(leader + rival + 1, 1/2) <= leader).
    """
    return binomial_at_most(leader, leader + rival + 1, 0.5)


# ---------------------------------------------------------------- when the rest is dropped


def never_over(rollouts: Sequence[Rollout], most_rows: int) -> bool:
    """Rows that were started run to their ends."""
    return False


def has_finisher(rollouts: Sequence[Rollout], most_rows: int) -> bool:
    """First finish search (Agarwal et al. 2025, arXiv 2505.18149, algorithm 1, synchronous): whether a row has ended
    its thought by itself and answered.

    Thoughts that a limit or the deadline closed say nothing about length; they are not waited for any less, and vote.
    """
    return any(rollout.finish == "eos" and rollout.canonical is not None for rollout in rollouts)


# ---------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One named strategy.

    about: the method, as the plan's reason says it. next_rows: rows to start, first and after each wave.
    is_over: when the rows still running are dropped; None: as soon as they cannot change the vote.
    waits: the most extensions by "Wait", where the profile names none. is_greedy: sampled at temperature 0.
    opens_answer: whether the answer after a thought that was cut at its limit begins with forced text.
    """

    name: StrategyName
    about: str
    next_rows: NextRows
    is_over: IsOver | None = None
    waits: int = 0
    is_greedy: bool = False
    opens_answer: bool = True


_ALL = (
    Strategy(name="single", about="one thought, no vote", next_rows=one_row),
    Strategy(name="majority", about="self-consistency (Wang et al. 2023): all rows vote", next_rows=all_rows),
    Strategy(
        name="budget-forcing",
        about='s1 (Muennighoff et al. 2025): one thought, sent on by "Wait" until its limit closes it',
        next_rows=one_row,
        waits=MOST_WAITS,
        is_greedy=True,
    ),
    Strategy(
        name="elastic",
        about="Elastic Reasoning (Xu et al. 2025): one thought and its answer, each with a budget of its own",
        next_rows=one_row,
        opens_answer=False,
    ),
    Strategy(
        name="first-finish",
        about="First Finish Search (Agarwal et al. 2025): the first row that finishes by itself wins",
        next_rows=all_rows,
        is_over=has_finisher,
    ),
    Strategy(
        name="esc",
        about=f"early-stopping self-consistency (Li et al. 2024): windows of {ESC_WINDOW}, until one agrees",
        next_rows=next_window,
        is_over=never_over,
    ),
    Strategy(
        name="adaptive-consistency",
        about=f"Adaptive-Consistency (Aggarwal et al. 2023): samples until the leader is {CONFIDENCE:.0%} sure",
        next_rows=next_samples,
        is_over=never_over,
    ),
)
TABLE: Mapping[str, Strategy] = MappingProxyType({strategy.name: strategy for strategy in _ALL})


def strategy_of(name: str) -> Strategy | None:
    """The strategy of that name; None for "auto", the controller's own choice.

    Raises:
        ConfigError: there is none; lists those that there are.
    """
    if name not in STRATEGIES:
        raise ConfigError(f"Unknown strategy {name!r}.", hint=did_you_mean(str(name), STRATEGIES))
    return TABLE.get(name)


# ---------------------------------------------------------------- plans


def begin(strategy: Strategy, profile: BudgetProfile, difficulty: Difficulty, situation: Situation, seed: int) -> Plan:
    """The strategy's first rows: as many as it wants and the caps, the context and the time for a first token allow.

    Raises nothing: where there is no room for a thought the plan has no rows, and the direct answer stands.
    """
    most = min(profile.max_rows, situation.most_rows)
    waits = (profile.extensions or strategy.waits) if strategy.waits else 0
    wanted = strategy.next_rows((), most)
    width, think = _room(wanted, profile, situation, waits * len(situation.markers.extension))
    reason = [
        f"{difficulty.label} ({difficulty.source})",
        f"strategy {strategy.name!r}: {strategy.about}",
        f"{width} rows of up to {think} think tokens" + (f", of {wanted} wanted" if width < wanted else ""),
    ]
    sampling = sampling_of(profile, seed)
    pass_s = situation.pass_s(max(1, width))
    passes = min(think, _in_time(width, situation)) + situation.around(situation.answer_tokens)
    return Plan(
        profile=profile.name,
        strategy=strategy.name,
        rows=(RowGroup(count=width, think_tokens=think),) if width else (),
        answer_tokens=profile.answer_tokens,
        sampling=replace(sampling, temperature=0.0) if strategy.is_greedy else sampling,
        extensions=waits,
        opens_answer=strategy.opens_answer,
        predicted_s=passes * pass_s if width else 0.0,
        closing_reserve_s=situation.closing_s(max(1, width)),
        promise=situation.reserve(max(1, width)).words if situation.remaining_s is not None else "",
        reason="; ".join(reason),
    )


def go_on(
    strategy: Strategy, made: Plan, profile: BudgetProfile, situation: Situation, rollouts: Sequence[Rollout]
) -> Plan | None:
    """The plan with the strategy's next rows, or None: it has what it wants, or they could not think as long as the
    longest so far.

    rollouts: of the rows that have run, the direct one left out.
    """
    if not made.rows:
        return None
    answers = [rollout.canonical for rollout in sorted(rollouts, key=lambda rollout: rollout.seed)]
    more = strategy.next_rows(answers, min(profile.max_rows, situation.most_rows))
    longest = max((rollout.reasoning_tokens for rollout in rollouts), default=0)
    limit = min(made.rows[-1].think_tokens, situation.most_think(max(1, more), profile.answer_tokens))
    if more <= 0 or limit < min(longest, made.rows[-1].think_tokens) or not situation.fits_time(more, longest):
        return None
    group = RowGroup(count=more, think_tokens=limit)
    return replace(made, rows=(*made.rows, group), reason=f"{made.reason}; {more} more, undecided after {len(answers)}")


def _room(wanted: int, profile: BudgetProfile, situation: Situation, waits_tokens: int) -> tuple[int, int]:
    """(rows, think tokens): as many of the rows as may all think to the profile's limit; a single one may be cut."""
    beside = profile.answer_tokens + waits_tokens
    think = min(profile.think_tokens, situation.most_think(1, beside))
    for width in range(wanted if think > 0 else 0, 0, -1):
        if think <= situation.most_think(width, beside) and _in_time(width, situation) > 0:
            return width, think
    return 0, 0


def _in_time(width: int, situation: Situation) -> int:
    """Think tokens for which there is time; more than any limit without a deadline."""
    return situation.affordable(max(1, width)) if situation.remaining_s is not None else 1 << 40

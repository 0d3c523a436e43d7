"""Choose rows and think tokens: from the profile alone without a deadline, from measured costs with one.

First version, by rule and not by expected accuracy: a whole thought comes before a second row, since a vote of cut
thoughts is worth less than one finished thought; width is added while every row can still think to the profile's limit.
Think tokens are a limit; under a deadline the pace may close a thought before it. Pure: the same inputs, the same plan.
"""

from __future__ import annotations

from edgereason.controller.costs import closing_passes, pass_seconds
from edgereason.types import Budget, BudgetProfile, Difficulty, Markers, PassCosts, Plan, RowGroup, Sampling

WIDTHS = (1, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64)  # a vote of two decides nothing that one row does not
RESERVE_FACTOR = 1.3  # over the predicted closing; an answer in hand makes a thin reserve enough


def plan(
    *,
    profile: BudgetProfile,
    budget: Budget,
    remaining_s: float | None,
    difficulty: Difficulty,
    costs: PassCosts,
    markers: Markers,
    prompt_tokens: int,
    context: int,
    most_rows: int,
    spent_tokens: int,
    seed: int,
) -> Plan:
    """The plan for what remains after the direct answer.

    remaining_s: seconds to the deadline less the hand-over margin; None without a deadline.
    spent_tokens: generated so far, counted against `budget.max_tokens`.
    """
    around = len(markers.open_thought) + closing_passes(markers, profile.answer_tokens)
    think = max(0, min(profile.think_tokens, context - prompt_tokens - around))
    width = max(w for w in WIDTHS if w <= max(1, min(profile.max_rows, most_rows)))
    asked = f"profile {profile.name!r} asks for up to {profile.max_rows} rows of {profile.think_tokens} think tokens"
    limits = [asked]
    if think < profile.think_tokens:
        limits.append(f"the context leaves {think}")
    if budget.max_tokens is not None:
        width, think = fit_tokens(width, think, around, budget.max_tokens - spent_tokens)
        limits.append(f"{budget.max_tokens} tokens in all allow {width} x {think}")
    runner_up = ""
    expected = think
    if remaining_s is not None:
        widest, width = width, fit_time(width, think, profile.answer_tokens, remaining_s, costs, markers)
        expected = max(0, min(think, affordable(max(1, width), profile.answer_tokens, remaining_s, costs, markers)))
        limits.append(
            f"{remaining_s * 1e3:.0f} ms at {pass_seconds(costs, max(1, width)) * 1e3:.2f} ms a pass "
            f"allow {width} rows of about {expected}"
        )
        if (wider := next((w for w in WIDTHS if width < w <= widest), None)) is not None:
            fits = max(0, affordable(wider, profile.answer_tokens, remaining_s, costs, markers))
            runner_up = f"{wider} rows would have had about {fits} think tokens each"
    pass_s = pass_seconds(costs, max(1, width))
    sampling = Sampling(
        temperature=profile.temperature,
        top_k=profile.top_k,
        top_p=profile.top_p,
        min_p=profile.min_p,
        seed=seed,
    )
    return Plan(
        profile=profile.name,
        rows=(RowGroup(count=width, think_tokens=think),) if width and think else (),
        answer_tokens=profile.answer_tokens,
        sampling=sampling,
        extensions=profile.extensions,
        predicted_s=(expected + around) * pass_s if width and think else 0.0,
        closing_reserve_s=RESERVE_FACTOR * closing_passes(markers, profile.answer_tokens) * pass_s,
        reason=f"{difficulty.label} ({difficulty.source}); " + "; ".join(limits),
        runner_up=runner_up,
    )


def affordable(width: int, answer_tokens: int, remaining_s: float, costs: PassCosts, markers: Markers) -> int:
    """Think tokens that `width` rows can have in `remaining_s` with their closing kept in reserve; may be negative."""
    closing = RESERVE_FACTOR * closing_passes(markers, answer_tokens)
    return int(remaining_s / pass_seconds(costs, width) - closing - len(markers.open_thought))


def fit_time(
    width: int, think: int, answer_tokens: int, remaining_s: float, costs: PassCosts, markers: Markers
) -> int:
    """The most rows that can all think to the end; else one row for as long as there is time, or none."""
    for rows in sorted((w for w in WIDTHS if w <= width), reverse=True):
        if affordable(rows, answer_tokens, remaining_s, costs, markers) >= think:
            return rows
    return int(affordable(1, answer_tokens, remaining_s, costs, markers) > 0)


def fit_tokens(width: int, think: int, around: int, most: int) -> tuple[int, int]:
    """The widest (rows, think tokens) that cannot generate more than `most` tokens."""
    for rows in sorted((w for w in WIDTHS if w <= width), reverse=True):
        if rows * (think + around) <= most:
            return rows, think
    alone = min(think, most - around)
    return (1, alone) if alone > 0 else (0, 0)

"""What passes cost, from a table of timings: interpolated between measured widths, never forced onto a line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from edgereason.errors import ConfigError
from edgereason.types import Markers, PassCosts, Work

DIRECT_ANSWER_TOKENS = 24  # most that an answer without thought may take


def pass_seconds(costs: PassCosts, rows: int, context: float | None = None) -> float:
    """Seconds of one pass over `rows` rows; beyond the widest measured width the last slope goes on.

    context: tokens read for a row, where several contexts were timed; by default a typical row's.
    """
    if context is None or len(costs.contexts) < 2:
        return _at(costs.rows, costs.pass_s, rows)
    last = len(costs.contexts) - 1
    right = min(max(1, bisect_left(costs.contexts, context)), last)
    left = 0 if context > costs.contexts[last] else right - 1  # beyond all of them their common slope goes on
    low, high = costs.contexts[left], costs.contexts[right]
    low_s, high_s = (_at(costs.rows, costs.pass_at_s[place], rows) for place in (left, right))
    found = low_s + max(0.0, (context - low) / (high - low)) * (high_s - low_s)
    return found if context <= high else max(found, high_s)


def pass_joules(costs: PassCosts, rows: int) -> float:
    """Joules of one pass over `rows` rows, as `pass_seconds`.

    Raises:
        ConfigError: none were measured.
    """
    if not costs.pass_j:
        raise ConfigError(
            "What a pass costs in joules was not measured here.",
            hint="`edgereason profile` measures it where `edgereason doctor` finds a meter.",
        )
    return _at(costs.rows, costs.pass_j, rows)


def _at(widths: Sequence[int], values: Sequence[float], rows: int) -> float:
    """The value at `rows`, between the two measured widths around it."""
    if rows <= widths[0] or len(widths) == 1:
        return values[0] * max(1.0, rows / widths[0])
    right = min(bisect_left(widths, rows), len(widths) - 1)
    left = right - 1
    slope = (values[right] - values[left]) / (widths[right] - widths[left])
    return values[left] + max(0.0, slope) * (rows - widths[left])


def joules_spent(costs: PassCosts, prompt_tokens: int, passes: Mapping[int, int]) -> float:
    """Joules of a prompt and of so many passes by rows, as far as they were measured; 0 where they were not."""
    if not costs.pass_j:
        return 0.0
    prefill_j = costs.prefill_base_j + costs.prefill_token_j * prompt_tokens
    return prefill_j + sum(count * pass_joules(costs, rows) for rows, count in passes.items())


def tokens_read(costs: PassCosts, work: Work) -> float:
    """Tokens of a row's own that a pass costs as many as: those of others beside them count by their share."""
    return work.context + costs.beside_share * work.beside


def work_seconds(costs: PassCosts, work: Work) -> float:
    """Seconds of these passes."""
    pass_s = pass_seconds(costs, work.rows, tokens_read(costs, work))
    return work.passes * pass_s + work.further_tokens * costs.prefill_token_s


def seconds_of(costs: PassCosts, prompt_tokens: int, work: Iterable[Work]) -> float:
    """Seconds of a prompt and of the passes of a plan: direct answer, thoughts and closings alike.

    prompt_tokens: those to prefill; 0 where the prompt's state was there already.
    """
    prefill_s = prefill_seconds(costs, prompt_tokens) if prompt_tokens else 0.0
    return prefill_s + sum(work_seconds(costs, each) for each in work)


def costs_at(costs: PassCosts, prompt_tokens: int, own_tokens: float) -> PassCosts:
    """The costs with the passes of rows that each have so many tokens of their own after a prompt that they share.

    The same costs where passes were timed at one context.
    """
    if len(costs.contexts) < 2:
        return costs
    works = (Work(rows=rows, context=prompt_tokens + own_tokens, beside=(rows - 1) * own_tokens) for rows in costs.rows)
    return replace(costs, pass_s=tuple(work_seconds(costs, work) for work in works))


def prefill_seconds(costs: PassCosts, tokens: int) -> float:
    """Seconds to prefill `tokens` prompt tokens."""
    return costs.prefill_base_s + costs.prefill_token_s * tokens


def forced_seconds(
    costs: PassCosts, tokens: int, rows: int, context: float | None = None, *, one_pass_per_token: bool
) -> float:
    """Seconds to append `tokens` forced tokens to each of `rows` rows; context: as `pass_seconds`.

    A single row takes them in one pass, each after the first as cheap as a token of a prompt; several do so where the
    engine can (`EngineInfo.passes_per_token`). Never more than a pass for each token.
    """
    if not tokens:
        return 0.0
    pass_s = pass_seconds(costs, rows, context)
    if rows > 1 and one_pass_per_token:
        return tokens * pass_s
    return min(tokens * pass_s, pass_s + rows * (tokens - 1) * costs.prefill_token_s)


def closing_tokens(markers: Markers) -> int:
    """Tokens that are forced where a thought is closed."""
    return len(markers.close_thought) + len(markers.answer_opener)


def closing_passes(markers: Markers, answer_tokens: int) -> int:
    """Most passes that a row needs from the decision to close until its answer has ended."""
    return closing_tokens(markers) + answer_tokens


def direct_passes(markers: Markers, answer_tokens: int) -> int:
    """Passes that an answer without thought needs."""
    return len(markers.direct) + len(markers.answer_opener) + answer_tokens

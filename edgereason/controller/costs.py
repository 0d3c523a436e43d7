"""What passes cost, from a table of timings: interpolated between measured widths, never forced onto a line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from edgereason.errors import ConfigError
from edgereason.types import Markers, PassCosts

DIRECT_ANSWER_TOKENS = 24  # most that an answer without thought may take


def pass_seconds(costs: PassCosts, rows: int, context: float | None = None) -> float:
    """Seconds of one pass over `rows` rows; beyond the widest measured width the last slope goes on.

    context: tokens read for a row, where several contexts were timed; by default a typical row's.
    """
    if context is None or len(costs.contexts) < 2:
        return _at(costs.rows, costs.pass_s, rows)
    right = min(max(1, bisect_left(costs.contexts, context)), len(costs.contexts) - 1)
    low, high = costs.contexts[right - 1], costs.contexts[right]
    low_s, high_s = (_at(costs.rows, costs.pass_at_s[place], rows) for place in (right - 1, right))
    return low_s + max(0.0, (context - low) / (high - low)) * (high_s - low_s)


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


def seconds_of(costs: PassCosts, prompt_tokens: int, work: Iterable[tuple[int, int, float]]) -> float:
    """Seconds of a prompt and of the passes of a plan: direct answer, thoughts and closings alike.

    prompt_tokens: those to prefill; 0 where the prompt's state was there already.
    work: (rows, passes, mean tokens read for a row), as `Trace.work` counts and `rows_leaving` foresees them.
    """
    prefill_s = prefill_seconds(costs, prompt_tokens) if prompt_tokens else 0.0
    return prefill_s + sum(count * pass_seconds(costs, rows, context) for rows, count, context in work)


def rows_leaving(lengths: Sequence[int], context: int, *, shares_store: bool = False) -> list[tuple[int, int, float]]:
    """The passes of rows that begin together after `context` tokens and take so many passes each.

    Rows leave as they finish: as (rows alive, passes, mean tokens read for a row), the widest first. Where rows share
    a store, a pass reads for each row what all of them hold; what a row leaves behind is filled by the others first.
    """
    ends = [0, *sorted(lengths)]
    found, most_held = [], 0.0
    for place, (begin, end) in enumerate(pairwise(ends)):
        rows, middle = len(lengths) - place, (begin + end) / 2
        held = max(most_held, rows * middle) if shares_store else middle
        most_held = max(most_held, rows * end)
        if end > begin:
            found.append((rows, end - begin, context + held))
    return found


def prefill_seconds(costs: PassCosts, tokens: int) -> float:
    """Seconds to prefill `tokens` prompt tokens."""
    return costs.prefill_base_s + costs.prefill_token_s * tokens


def forced_seconds(costs: PassCosts, tokens: int, rows: int, *, one_pass_per_token: bool) -> float:
    """Seconds to append `tokens` forced tokens to each of `rows` rows.

    A single row takes them in one pass, like a stretch of prompt; several do so where the engine can
    (`EngineInfo.passes_per_token`). Never more than a pass for each token.
    """
    pass_s = pass_seconds(costs, rows)
    if rows > 1 and one_pass_per_token:
        return tokens * pass_s
    return min(tokens * pass_s, max(pass_s, prefill_seconds(costs, rows * tokens)))


def closing_tokens(markers: Markers) -> int:
    """Tokens that are forced where a thought is closed."""
    return len(markers.close_thought) + len(markers.answer_opener)


def closing_passes(markers: Markers, answer_tokens: int) -> int:
    """Most passes that a row needs from the decision to close until its answer has ended."""
    return closing_tokens(markers) + answer_tokens


def direct_passes(markers: Markers, answer_tokens: int) -> int:
    """Passes that an answer without thought needs."""
    return len(markers.direct) + len(markers.answer_opener) + answer_tokens

"""What passes cost, from a table of timings: interpolated between measured widths, never forced onto a line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from edgereason.errors import ConfigError
from edgereason.types import Markers, PassCosts

DIRECT_ANSWER_TOKENS = 24  # most that an answer without thought may take


def pass_seconds(costs: PassCosts, rows: int) -> float:
    """Seconds of one pass over `rows` rows; beyond the widest measured width the last slope goes on."""
    return _at(costs.rows, costs.pass_s, rows)


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


def prefill_seconds(costs: PassCosts, tokens: int) -> float:
    """Seconds to prefill `tokens` prompt tokens."""
    return costs.prefill_base_s + costs.prefill_token_s * tokens


def closing_passes(markers: Markers, answer_tokens: int) -> int:
    """Passes that a row needs from the decision to close until its answer has ended."""
    return len(markers.close_thought) + len(markers.answer_opener) + answer_tokens


def direct_passes(markers: Markers, answer_tokens: int) -> int:
    """Passes that an answer without thought needs."""
    return len(markers.direct) + len(markers.answer_opener) + answer_tokens

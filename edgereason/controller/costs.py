"""What passes cost, from a table of timings: interpolated between measured widths, never forced onto a line."""

from __future__ import annotations

from edgereason.types import Markers, PassCosts

DIRECT_ANSWER_TOKENS = 24  # most that an answer without thought may take


def pass_seconds(costs: PassCosts, rows: int) -> float:
    """Seconds of one pass over `rows` rows; beyond the widest measured width the last slope goes on."""
    widths, seconds = costs.rows, costs.pass_s
    if rows <= widths[0] or len(widths) == 1:
        return seconds[0] * max(1.0, rows / widths[0])
    right = next((i for i, width in enumerate(widths) if width >= rows), len(widths) - 1)
    left = right - 1
    slope = (seconds[right] - seconds[left]) / (widths[right] - widths[left])
    return seconds[left] + max(0.0, slope) * (rows - widths[left])


def prefill_seconds(costs: PassCosts, tokens: int) -> float:
    """Seconds to prefill `tokens` prompt tokens."""
    return costs.prefill_base_s + costs.prefill_token_s * tokens


def closing_passes(markers: Markers, answer_tokens: int) -> int:
    """Passes that a row needs from the decision to close until its answer has ended."""
    return len(markers.close_thought) + len(markers.answer_opener) + answer_tokens


def direct_passes(markers: Markers, answer_tokens: int) -> int:
    """Passes that an answer without thought needs."""
    return len(markers.direct) + len(markers.answer_opener) + answer_tokens

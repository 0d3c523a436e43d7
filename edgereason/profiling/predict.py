"""Seconds by a device profile: interpolated between what was measured, never forced onto a line. Pure.

Between two measured contexts the rows are interpolated at each and the results once more. Before the start the first
value holds. Beyond the widest rows the last stretch goes on where it rises; beyond the longest context all of them do,
since what a token costs is the same at any length, and over a short stretch noise would decide.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

from edgereason.profiling.cells import Cell, between
from edgereason.profiling.profile import DeviceProfile
from edgereason.types import PassCosts

Line = tuple[tuple[int, float], ...]


def pass_seconds(medians: Mapping[Cell, float], rows: int, context: int) -> float:
    """Seconds of one pass over `rows` rows at `context` tokens; or joules, where the cells hold those."""
    columns = {
        place: _line((cell.rows, value) for cell, value in medians.items() if _is_at(cell, place))
        for place in sorted({cell.context for cell in medians if cell.kind == "decode"})
    }
    widest = max(column[-1][0] for column in columns.values())
    usable = {place: line for place, line in columns.items() if line[-1][0] >= min(rows, widest)}
    over = _line((place, along(line, rows)) for place, line in usable.items())
    is_beyond = len(over) > 1 and context > over[-1][0]
    return along((over[0], over[-1]) if is_beyond else over, context)


def host_seconds(medians: Mapping[Cell, float], rows: int) -> float:
    """Seconds that the decode loop adds to one pass over `rows` rows; 0 where nobody timed it."""
    line = _line((cell.rows, value) for cell, value in medians.items() if cell.kind == "host")
    return along(line, rows) if line else 0.0


def beside_share(medians: Mapping[Cell, float]) -> float:
    """What a token of another row in the same store costs a pass, over one of the row's own; 0 where nobody timed it.

    A kernel may read such tokens (1), skip them, or look at each and skip it (.05 to .1 with llama.cpp on a CPU).
    """
    found = []
    for cell, seconds in medians.items():
        if cell.kind == "apart":
            own, others = cell.context + cell.tokens, (cell.rows - 1) * cell.tokens
            own_s, all_s = (pass_seconds(medians, cell.rows, tokens) for tokens in (own, own + others))
            found.append((seconds - own_s) / (all_s - own_s) if all_s > own_s else 0.0)
    return min(1.0, max(0.0, statistics.median(found))) if found else 0.0


def context_read(context: int, rows: int, share: float) -> int:
    """Tokens that a pass costs as many as, where each of `rows` rows has `context` of its own and none is shared."""
    return round(context * (1 + share * (rows - 1)))


def prefill_seconds(medians: Mapping[Cell, float], tokens: int) -> float:
    """Seconds of a whole prompt of `tokens` tokens."""
    line = _line((cell.tokens, value) for cell, value in medians.items() if is_whole_prompt(cell))
    return along(line, tokens) if line else tokens * pass_seconds(medians, 1, 0)


def along(line: Line, place: int) -> float:
    """The value at `place` of a line with points in order."""
    if len(line) == 1 or place <= line[0][0]:
        return line[0][1]
    right = next((index for index, point in enumerate(line) if point[0] >= place), len(line) - 1)
    value = between(place, line[right - 1], line[right])
    return value if place <= line[-1][0] else max(value, line[-1][1])


def _line(points: Iterable[tuple[int, float]]) -> Line:
    return tuple(sorted(points))


def is_whole_prompt(cell: Cell) -> bool:
    """Whether it times a prompt from its first token on."""
    return cell.kind == "prefill" and cell.context == 0


def _is_at(cell: Cell, context: int) -> bool:
    return cell.kind == "decode" and cell.context == context


def _prompt_line(values: Mapping[Cell, float], context: int) -> tuple[float, float]:
    """What a prompt of about `context` tokens costs: for each token, and beside them."""
    lengths = sorted({cell.tokens for cell in values if is_whole_prompt(cell)}) or [1, 2]
    short, long = lengths[0], next((length for length in lengths if length >= context), lengths[-1])
    short_cost, long_cost = prefill_seconds(values, short), prefill_seconds(values, long)
    each = max(0.0, (long_cost - short_cost) / (long - short)) if long > short else short_cost / short
    return each, max(0.0, short_cost - each * short)


def pass_costs(profile: DeviceProfile, context: int) -> PassCosts:
    """The profile at one context, as the controller takes it: measured widths, and a prompt as base and slope.

    A pass is what the engine takes and what the decode loop adds to it.

    context: tokens in a typical row, half-way through its thought. Where rows share a store, its passes also look at
    what the others hold, for which nothing is taken to be shared.
    """
    medians = profile.medians()
    share = beside_share(medians)

    def seconds(rows: int, place: int) -> float:
        return pass_seconds(medians, rows, place) + host_seconds(medians, rows)

    widths = sorted({cell.rows for cell in medians if cell.kind == "decode"})
    joules = {cost.cell: cost.joules for cost in profile.costs if cost.joules is not None}
    has_joules = any(cell.kind == "decode" and cell.rows == 1 for cell in joules)
    contexts = tuple(sorted({cell.context for cell in medians if cell.kind == "decode"}))
    token_s, base_s = _prompt_line(medians, context)
    token_j, base_j = _prompt_line(joules, context) if has_joules else (0.0, 0.0)
    return PassCosts(
        rows=tuple(widths),
        pass_s=tuple(seconds(rows, context_read(context, rows, share)) for rows in widths),
        contexts=contexts,
        beside_share=share,
        pass_at_s=tuple(tuple(seconds(rows, place) for rows in widths) for place in contexts),
        pass_j=tuple(pass_seconds(joules, rows, context) for rows in widths) if has_joules else (),
        prefill_token_s=token_s,
        prefill_base_s=base_s,
        prefill_token_j=token_j,
        prefill_base_j=base_j,
        context=context,
        provenance={**profile.header, "profile": profile.name, "origin": profile.origin},
    )

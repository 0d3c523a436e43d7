"""What is timed: cells of a grid over rows, context and tokens; and which cells make a coarse grid of an engine.

    decode    one token to each of `rows` rows at `context` tokens, proposing included: one pass among others
    apart     the same where each row has `tokens` tokens of its own after `context` shared ones, in one store
    forced    `tokens` tokens to each row at once, as where every row is closed
    ragged    `tokens` tokens to one row, one to the others, as where one row is closed while others think
    prefill   `tokens` prompt tokens after `context` that are there already: a whole prompt (0), or a chunk of one
    closing   from the decision to close `rows` rows to the last of `tokens` answer tokens
    vote      reading and counting `rows` answers, without the engine
    host      what the decode loop adds to one pass over `rows` rows: choosing, forcing, noting, outside the engine
    memory    bytes that a row more takes, of `rows` rows at `context`

Pure: no engine, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from edgereason.types import EngineInfo

Kind = Literal["decode", "apart", "forced", "ragged", "prefill", "closing", "vote", "host", "memory"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SAMPLES = 5  # timed repeats of one visit, after a warm-up
WIDTHS = (1, 2, 4, 8, 16, 32)
CONTEXTS = (64, 256, 1024, 4096)
HEADROOM = 64  # tokens left free where the longest context of a short model is timed
LENGTHS = (16, 64, 256, 1024)  # of whole prompts
CHUNKS = (32, 128, 256)  # of a prompt that has begun
FORCED = (4, 16)
APART_TOKENS = 128
START_PASSES = 8  # after rows joined, which are slower than the rest: caches are cold, threads asleep
HOST_TOKENS = 32  # thought by each row where the loop is timed
HOST_ANSWER_TOKENS = 8
MIDDLE_CONTEXT = 256
FIRST_WIDTHS = (1, 2, 4, 8)  # what is timed before everything else
FIRST_LENGTHS = (16, 64)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One place of the grid; what its numbers mean goes by its kind, as the module says."""

    kind: Kind
    rows: int
    context: int
    tokens: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it belongs to the few that are timed before everything else."""
        if self.kind == "decode":
            return self.rows in FIRST_WIDTHS and self.context == CONTEXTS[0]
        if self.kind == "host":
            return self.rows == 1
        return self.kind == "prefill" and self.context == 0 and self.tokens in FIRST_LENGTHS


def coarse_cells(
    info: EngineInfo, *, closing_tokens: int, answer_tokens: int, has_vote: bool, has_loop: bool
) -> tuple[Cell, ...]:
    """The coarse grid for this engine: only what it has room for, in no particular order.

    closing_tokens: forced at a close. answer_tokens: sampled after it. has_vote, has_loop: whether voting, and the loop
    around passes, can be timed.
    """
    contexts = contexts_up_to(min(info.context, info.shared_context or info.context))
    wanted = (
        cell
        for cells in (
            (Cell("decode", rows, context) for rows in WIDTHS for context in contexts),
            (Cell("apart", rows, CONTEXTS[0], APART_TOKENS) for rows in (4, 8, 16)),
            (Cell("forced", rows, MIDDLE_CONTEXT, tokens) for rows in (1, 4, 8) for tokens in FORCED),
            (Cell("ragged", rows, MIDDLE_CONTEXT, tokens) for rows in (2, 4, 8) for tokens in FORCED),
            (Cell("prefill", 1, 0, tokens) for tokens in LENGTHS),
            (Cell("prefill", 1, context, tokens) for context in (256, 1024) for tokens in CHUNKS),
            (Cell("closing", rows, MIDDLE_CONTEXT, answer_tokens) for rows in (1, 4, 8)),
            (Cell("memory", rows, context) for rows in (1, 8) for context in (64, 1024)),
        )
        for cell in cells
    )
    votes = [Cell("vote", rows, 0) for rows in (1, 8, 32)] if has_vote else []
    loops = [Cell("host", rows, MIDDLE_CONTEXT, HOST_TOKENS) for rows in (1, 8)] if has_loop else []
    return (*(cell for cell in (*wanted, *loops) if fits(cell, info, closing_tokens)), *votes)


def contexts_up_to(most: int) -> tuple[int, ...]:
    """The contexts worth timing of a model whose rows hold `most` tokens, the longest it can hold among them."""
    within = tuple(context for context in CONTEXTS if context + HEADROOM <= most)
    longest = most - HEADROOM
    is_far = bool(within) and CONTEXTS[-1] > longest > 1.5 * within[-1]
    return (*within, longest) if is_far else within or (1,)


def fits(cell: Cell, info: EngineInfo, closing_tokens: int = 0) -> bool:
    """Whether the engine has rows and room for it, with the prompt that its rows go on from held as well.

    Rows apart are timed only where all rows share a store.
    """
    if cell.kind == "vote":
        return True
    if cell.kind == "apart" and not info.shared_context:
        return False
    each = new_tokens(cell, closing_tokens)
    shared = info.shared_context
    room = cell.rows <= info.max_rows and cell.context + each <= info.context
    return room and (not shared or cell.context + cell.rows * each <= shared)


def new_tokens(cell: Cell, closing_tokens: int = 0) -> int:
    """Tokens that one visit appends to each row."""
    return {
        "decode": SAMPLES + START_PASSES,
        "apart": cell.tokens + SAMPLES + START_PASSES,
        "forced": cell.tokens + 1,
        "ragged": cell.tokens + 1,
        "prefill": cell.tokens,
        "closing": cell.tokens + closing_tokens + 1,
        "vote": 0,
        "host": cell.tokens + closing_tokens + HOST_ANSWER_TOKENS,
        "memory": 1,
    }[cell.kind]


# ---------------------------------------------------------------- where interpolation errs


def between(x: float, left: tuple[float, float], right: tuple[float, float]) -> float:
    """The value at `x` of the line through two points; beyond them the line goes on."""
    slope = (right[1] - left[1]) / (right[0] - left[0])
    return left[1] + slope * (x - left[0])


def doubtful_places(points: Iterable[tuple[int, float, float]], tolerance: float) -> Iterator[int]:
    """Whole numbers where a further point would help: beside each point that its neighbours' line misses.

    points: (place, value, relative half-width of the value's interval), values above zero. tolerance: relative error
    that is no miss; what the intervals leave open is none either.
    """
    line = sorted(points)
    for left, here, right in zip(line, line[1:], line[2:], strict=False):
        error = abs(between(here[0], left[:2], right[:2]) - here[1]) / here[1]
        if error > tolerance + here[2] + max(left[2], right[2]):
            yield from _middles(left[0], here[0], right[0])


def _middles(left: int, here: int, right: int) -> Iterator[int]:
    """Half-way places on both sides, unless the gap is one or less than a quarter: ten rows tell of eleven."""
    for low, high in ((left, here), (here, right)):
        if high - low > max(1, low // 4):
            yield (low + high) // 2


def finer_cells(found: Mapping[Cell, tuple[float, float]], tolerance: float) -> tuple[Cell, ...]:
    """Cells to add to those measured: over rows at each context, over contexts at each width, over prompt lengths.

    found: seconds and relative half-width by cell. Contexts that follow from one width are added at every width.
    """
    decode = {cell: value for cell, value in found.items() if cell.kind == "decode"}
    finer: set[Cell] = set()
    for context in {cell.context for cell in decode}:
        line = [(cell.rows, *value) for cell, value in decode.items() if cell.context == context]
        finer |= {Cell("decode", rows, context) for rows in doubtful_places(line, tolerance)}
    widths = {cell.rows for cell in decode}
    for rows in widths:
        line = [(cell.context, *value) for cell, value in decode.items() if cell.rows == rows]
        places = doubtful_places(line, tolerance)
        finer |= {Cell("decode", width, context) for context in places for width in widths & set(WIDTHS)}
    prompts = [(c.tokens, *value) for c, value in found.items() if c.kind == "prefill" and c.context == 0]
    finer |= {Cell("prefill", 1, 0, tokens) for tokens in doubtful_places(prompts, tolerance)}
    return tuple(sorted(finer - set(found)))

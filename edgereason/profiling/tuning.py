"""Which engine settings to try here, one knob after the other, and which of them to keep. Pure.

Of settings within three percent of the fastest the kindest is kept: fewer threads, no spinning. Threads that spin
make a busy neighbour several times as costly, and a lead that small is gone with the next clock change.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from edgereason.profiling.cells import APART_TOKENS, MIDDLE_CONTEXT, Cell

# What settings are judged by. The last is timed only where rows share a store: what is fast for rows that read the same
# prompt need not be where each has a thought of its own.
TRIED = (
    Cell("decode", 1, MIDDLE_CONTEXT),
    Cell("decode", 4, MIDDLE_CONTEXT),
    Cell("prefill", 1, 0, 64),
    Cell("apart", 4, 64, APART_TOKENS),
)
NEAR = 1.03


def thread_counts(cores: int) -> list[int]:
    """Powers of two up to the cores, and all of them."""
    return sorted({1 << power for power in range(cores.bit_length()) if 1 << power <= cores} | {cores})


def knobs(engine: str, cores: int, fixed: Mapping[str, object]) -> list[tuple[str, list[object]]]:
    """Engine options to try in turn, the kindest or usual value first; what the user fixed is not tried."""
    known: dict[str, list[tuple[str, list[object]]]] = {
        "onnx": [("threads", list(thread_counts(cores))), ("spin", [False, True]), ("arena", [True, False])],
        "llama-cpp": [("threads", list(thread_counts(cores))), ("flash_attention", ["auto", "off"])],
    }
    is_quantized = str(fixed.get("kv_type", "f16")) not in ("f16", "f32", "bf16")
    return [
        (name, values)
        for name, values in known.get(engine, [])
        if name not in fixed and not (name == "flash_attention" and is_quantized)
    ]


def score(medians: Mapping[Cell, float], cells: Collection[Cell]) -> float | None:
    """Geometric mean of the timings of these cells; None until each is there."""
    if not cells or not all(medians.get(cell) for cell in cells):
        return None
    return math.exp(sum(math.log(medians[cell]) for cell in cells) / len(cells))


def kindest(candidates: Sequence[tuple[object, float]]) -> object:
    """The first of the candidates, the kindest first, that is within three percent of the best score."""
    best = min(value for _, value in candidates)
    return next(name for name, value in candidates if value <= best * NEAR)

"""Reading safetensors files with numpy alone: a header in JSON, then plain little-endian numbers, nothing to execute.

In: float32 arrays, checked to the byte. Not in: writing, which the library itself does (extra `[fit]`).
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_BYTES = 1 << 30
_LENGTH = 8  # bytes that say how long the header is


def unpack(content: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """The arrays of a safetensors file, copies.

    Raises:
        ValueError: it is none, or holds anything but float32, or its parts overlap, leave gaps or leave the file.
    """
    size = int.from_bytes(content[:_LENGTH], "little")
    if not _LENGTH <= len(content) <= MOST_BYTES or size > len(content) - _LENGTH:
        raise ValueError("cut short, or no safetensors file")
    header = json.loads(content[_LENGTH : _LENGTH + size])
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    header.pop("__metadata__", None)
    data = memoryview(content)[_LENGTH + size :]
    found, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: _span(item[1])):
        start, stop = _span(entry)
        if entry.get("dtype") != "F32" or start != end or stop - start != 4 * math.prod(_shape(entry)):
            raise ValueError(f"{name!r} is no float32 array that follows the one before")
        found[name] = np.frombuffer(data[start:stop], "<f4").reshape(_shape(entry)).astype(np.float32)
        end = stop
    if end != len(data):
        raise ValueError("its arrays do not fill it")
    return found


def _span(entry: Any) -> tuple[int, int]:
    start, stop = entry["data_offsets"]
    if not 0 <= int(start) <= int(stop):
        raise ValueError(f"offsets {start!r} to {stop!r}")
    return int(start), int(stop)


def _shape(entry: Any) -> tuple[int, ...]:
    shape = tuple(int(size) for size in entry["shape"])
    if any(size < 0 for size in shape):
        raise ValueError(f"shape {shape!r}")
    return shape

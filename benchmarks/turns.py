"""Sides that take turns, what is said of their ratios, and where the results go. Not here: what a side measures."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def take_turns(sides: Mapping[str, Callable[[int], T]], turns: int) -> list[dict[str, T]]:
    """What each side gave in each counted turn; a first one is not counted, and each turn another side begins."""
    names = list(sides)
    taken = []
    for turn in range(turns + 1):
        first = turn % len(names)
        taken.append({name: sides[name](turn) for name in names[first:] + names[:first]})
    return taken[1:]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The order statistics between which the median lies with at least 95 % confidence (all, where n is below 6)."""
    ordered, count = sorted(values), len(values)
    below, rank = 0.5**count, 0
    while below + math.comb(count, rank + 1) * 0.5**count <= 0.025:
        rank += 1
        below += math.comb(count, rank) * 0.5**count
    return ordered[rank], ordered[-1 - rank]


def median_of(values: Sequence[float], digits: int = 3) -> dict[str, Any]:
    """The median with its 95 % interval, rounded."""
    return {
        "median": round(statistics.median(values), digits),
        "interval": [round(end, digits) for end in interval(values)],
    }


def with_interval(summary: Mapping[str, Any]) -> str:
    """A median with its interval, for a table."""
    least, greatest = summary["interval"]
    return f"{summary['median']:.2f} ({least:.2f}-{greatest:.2f})"


def finish(result: Mapping[str, Any], out: Path | None) -> None:
    """Print the result as one line of JSON, and keep it where `out` says."""
    print(json.dumps(result))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")

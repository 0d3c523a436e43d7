"""What a family draws: one problem with its worked steps, its answer and how hard it was made.

In: the Draft that a family's file returns, the Problem that callers get, levels and bands. Not in: drawing (one file a
family), rendering of chats, judging.
Invariant: the last step is the answer, and there are at least two steps.

A level says how hard a draw is made, by the generator's parameters and not by the length of its text: 1 is one small
operation, 8 the most that the family has. A band is a range of levels of one family, fixed in its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LEVELS = range(1, 9)
BANDS = ("easy", "middle", "hard")
Bands = Mapping[str, tuple[int, int]]  # first and last level of each band


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What one draw of a family gives."""

    template: str
    question: str
    steps: tuple[str, ...]
    answer: str
    params: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One generated question, worked out; `band` is "" for levels that stand between two bands."""

    id: str
    family: str
    template: str
    question: str
    steps: tuple[str, ...]
    answer: str
    params: Mapping[str, int | str]
    level: int
    band: str


def band_of(bands: Bands, level: int) -> str:
    """Return the band that holds a level, or "" where none does."""
    return next((band for band, (first, last) in bands.items() if first <= level <= last), "")

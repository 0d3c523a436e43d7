"""What a family draws: one problem with its worked steps, its answer and how hard it was made.

In: the Problem value and the three bands. Not in: drawing (one file a family), rendering of chats, judging.
Invariant: the last step ends in the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

BANDS = ("easy", "middle", "hard")
BAND_WEIGHTS = (40, 32, 28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One generated question, worked out."""

    id: str
    family: str
    template: str
    question: str
    steps: tuple[str, ...]
    answer: str
    params: Mapping[str, int | str]
    band: str


def pick_band(rng: Random, band: str | None) -> str:
    """Return the asked band, or one drawn by the common weights."""
    return band if band is not None else rng.choices(BANDS, BAND_WEIGHTS)[0]

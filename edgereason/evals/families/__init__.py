"""Families of generated problems with worked steps: what the bundled model is taught and judged on.

In: the table of families and the one way to draw from it. Not in: the families (one file each), training, judging.
Invariant: an item depends on its family, split, seed and index alone; no two splits share a generator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from random import Random

from edgereason.evals.families.problem import BANDS, Problem

FAMILIES = {
    "chain": "edgereason.evals.families.chain:draw",
    "story": "edgereason.evals.families.story:draw",
    "order": "edgereason.evals.families.order:draw",
}
SPLITS = ("train", "tune", "test")

__all__ = ["BANDS", "FAMILIES", "SPLITS", "Problem", "draw", "draw_many", "item_seed"]

DrawFunction = Callable[[Random, str, str | None], Problem]


def item_seed(family: str, split: str, seed: int, index: int) -> str:
    """Return the seed text of one item; the split is part of it, so splits are apart by construction."""
    if split not in SPLITS:
        raise LookupError(f"unknown split {split!r}: one of {', '.join(SPLITS)}")
    return f"{family}:{split}-{seed}:{index}"


def draw(family: str, index: int, *, split: str = "test", seed: int = 0, band: str | None = None) -> Problem:
    """Return item `index` of a family, of the asked band if any; the same arguments give the same item."""
    if family not in FAMILIES:
        raise LookupError(f"unknown family {family!r}: one of {', '.join(FAMILIES)}")
    module, function = FAMILIES[family].split(":")
    drawing: DrawFunction = getattr(import_module(module), function)
    name = item_seed(family, split, seed, index) + (f":{band}" if band else "")
    return drawing(Random(name), name, band)


def draw_many(
    family: str, count: int, *, split: str = "test", seed: int = 0, band: str | None = None
) -> Iterator[Problem]:
    """Yield the first `count` items of a family."""
    for index in range(count):
        yield draw(family, index, split=split, seed=seed, band=band)

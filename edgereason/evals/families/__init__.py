"""Families of generated problems with worked steps: what the bundled model is taught and judged on.

In: the table of families and the one way to draw from it. Not in: the families (one file each), training, judging.
Invariant: an item depends on its family, split, seed, index and asked level or band alone; no two splits share a
generator. A family's file holds `draw(rng, level) -> Draft` and its `BANDS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from random import Random
from types import ModuleType

from edgereason.evals.families.problem import BANDS, LEVELS, Bands, Draft, Problem, band_of

FAMILIES = {
    "chain": "edgereason.evals.families.chain",
    "story": "edgereason.evals.families.story",
    "series": "edgereason.evals.families.series",
    "extremes": "edgereason.evals.families.extremes",
    "sorting": "edgereason.evals.families.sorting",
    "counting": "edgereason.evals.families.counting",
    "clock": "edgereason.evals.families.clock",
    "units": "edgereason.evals.families.units",
    "procedure": "edgereason.evals.families.procedure",
    "logic": "edgereason.evals.families.logic",
}
SPLITS = ("train", "tune", "test")

__all__ = ["BANDS", "FAMILIES", "LEVELS", "SPLITS", "Problem", "bands", "draw", "draw_many", "item_seed"]


def item_seed(family: str, split: str, seed: int, index: int) -> str:
    """Return the seed text of one item; the split is part of it, so splits are apart by construction."""
    if split not in SPLITS:
        raise LookupError(f"unknown split {split!r}: one of {', '.join(SPLITS)}")
    return f"{family}:{split}-{seed}:{index}"


def bands(family: str) -> Bands:
    """Return first and last level of each band of a family."""
    found: Bands = _module(family).BANDS
    return found


def draw(
    family: str,
    index: int,
    *,
    split: str = "test",
    seed: int = 0,
    band: str | None = None,
    level: int | None = None,
) -> Problem:
    """Return item `index` of a family, of the asked level, or band, or of any level; the same arguments, the same item.

    Raises:
        LookupError: unknown family, split, band or level.
    """
    module = _module(family)
    name = item_seed(family, split, seed, index)
    if level is not None:
        name += f":{level}"
    elif band is not None:
        name += f":{band}"
    rng = Random(name)
    level = rng.choice(_levels(module.BANDS, band, level))
    draft: Draft = module.draw(rng, level)
    return Problem(
        id=name, family=family, template=draft.template, question=draft.question, steps=draft.steps,
        answer=draft.answer, params={"level": level, **draft.params}, level=level, band=band_of(module.BANDS, level),
    )  # fmt: skip


def draw_many(
    family: str, count: int, *, split: str = "test", seed: int = 0, band: str | None = None, level: int | None = None
) -> Iterator[Problem]:
    """Yield the first `count` items of a family."""
    for index in range(count):
        yield draw(family, index, split=split, seed=seed, band=band, level=level)


def _module(family: str) -> ModuleType:
    """Return the file of a family."""
    if family not in FAMILIES:
        raise LookupError(f"unknown family {family!r}: one of {', '.join(FAMILIES)}")
    return import_module(FAMILIES[family])


def _levels(bands: Bands, band: str | None, level: int | None) -> list[int]:
    """Return the levels to choose from."""
    if level is not None:
        if level not in LEVELS:
            raise LookupError(f"unknown level {level!r}: {LEVELS[0]} to {LEVELS[-1]}")
        return [level]
    if band is None:
        return list(LEVELS)
    if band not in bands:
        raise LookupError(f"unknown band {band!r}: one of {', '.join(bands)}")
    first, last = bands[band]
    return list(range(first, last + 1))

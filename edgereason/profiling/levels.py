"""How fast the machine was as a whole while each of many visits was made. Pure.

A shared machine, or one whose clocks change, is 20 to 40 % faster or slower for seconds at a time, whatever it runs.
Cells that were visited in different spells would not be comparable, and a table of them would bend where nothing does.
So a visit is taken to be its cell's own time multiplied by a level that it shares with the visits around it; both are
found by medians in turn (a median polish with a moving window: Tukey, Exploratory Data Analysis, 1977, ch. 11). The
middle level is 1, so that a profile holds for the usual speed of its run.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

REACH = 8  # visits on either side that share a level
SWEEPS = 6


def levels(visits: Sequence[tuple[Hashable, float]]) -> list[float]:
    """For each visit (cell, seconds above 0), in the order in which they were made: its seconds over the usual ones."""
    if not visits:
        return []
    number = {cell: place for place, cell in enumerate(dict.fromkeys(cell for cell, _ in visits))}
    cell = np.array([number[name] for name, _ in visits])
    seconds = np.log([seconds for _, seconds in visits])
    level = np.zeros(len(visits))
    for _ in range(SWEEPS):
        own = np.array([np.median((seconds - level)[cell == place]) for place in range(len(number))])
        rest = seconds - own[cell]
        level = np.array([np.median(rest[max(0, at - REACH) : at + REACH + 1]) for at in range(len(rest))])
        level -= np.median(level)
    found: list[float] = np.exp(level).tolist()
    return found

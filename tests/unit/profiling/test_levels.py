"""What the machine as a whole does to a run of visits, and what is left of each cell once that is taken out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.profiling.bench import Visit
from edgereason.profiling.cells import Cell
from edgereason.profiling.journal import Entry, Journal
from edgereason.profiling.levels import levels


def run_of(cells: int, rounds: int, spell: int, slow: float, seed: int = 0) -> list[tuple[int, float]]:
    """Cells of 1, 2, 3... seconds in random order, every other spell of visits slower by a factor."""
    draw = random.Random(seed)
    order = [cell for _ in range(rounds) for cell in draw.sample(range(cells), cells)]
    return [(cell, (cell + 1) * (slow if place // spell % 2 else 1.0)) for place, cell in enumerate(order)]


def test_a_slow_spell_is_told_from_slow_cells() -> None:
    """Forty visits at half the speed, in turns: the levels are two and a half, or one and two, never the cells' own."""
    visits = run_of(cells=20, rounds=10, spell=40, slow=2.0)
    found = levels(visits)
    own = [seconds / level for (cell, seconds), level in zip(visits, found, strict=True) if cell == 7]

    middles = [level for place, level in enumerate(found) if 10 <= place % 40 < 30]
    assert 2.0 == pytest.approx(max(middles) / min(middles))
    assert max(own) / min(own) < 2.01
    assert sorted(own)[len(own) // 2] == pytest.approx(sorted(own)[len(own) // 4], rel=0.05)


@given(seconds=st.lists(st.floats(1e-4, 10), min_size=1, max_size=40))
def test_cells_that_were_seen_once_are_left_alone(seconds: list[float]) -> None:
    """Nothing tells their time from the machine's."""
    assert [1.0] * len(seconds) == pytest.approx(levels(list(enumerate(seconds))))


def test_nothing_has_no_levels() -> None:
    """As it should be."""
    assert [] == levels([])


def test_a_journal_tells_both() -> None:
    """Estimates of what was timed, and of what the cells took at the usual speed of the run."""
    visits = [(Cell("decode", cell + 1, 64), seconds) for cell, seconds in run_of(12, 8, 24, 3.0)]
    journal = Journal(Entry(settings=(), cell=cell, visit=Visit(seconds=(s, s, s))) for cell, s in visits)
    raw, levelled = journal.estimates(()), journal.levelled(())
    spread = {cell: each.half_width for cell, each in levelled.items()}

    assert raw.keys() == levelled.keys()
    assert max(spread.values()) < 0.6 * min(each.half_width for each in raw.values())
    ratios = [levelled[Cell("decode", rows, 64)].median_s / rows for rows in range(1, 13)]
    assert max(ratios) / min(ratios) < 1.2


def test_a_timing_of_nothing_is_no_level() -> None:
    """Voting over one row may take less than the clock can tell."""
    cell = Cell("vote", 1, 0)
    journal = Journal([Entry(settings=(), cell=cell, visit=Visit(seconds=(0.0, 0.0)))])

    assert 0.0 == journal.levelled(())[cell].median_s

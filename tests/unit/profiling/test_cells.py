"""The grid: what an engine has room for, and where it has to be finer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.profiling.cells import KINDS, Cell, coarse_cells, contexts_up_to, doubtful_places, finer_cells, fits
from edgereason.testing import FakeEngine
from edgereason.types import EngineInfo

INFO = FakeEngine(context=4096).info


def grid(info: EngineInfo) -> tuple[Cell, ...]:
    """The coarse grid of such an engine."""
    return coarse_cells(info, closing_tokens=4, answer_tokens=24, has_vote=True, has_loop=True)


def test_the_coarse_grid_has_every_kind() -> None:
    """Nothing of what a request does is left out, and the first cells are few."""
    cells = grid(INFO)

    assert set(KINDS) == {cell.kind for cell in grid(replace(INFO, shared_context=16384))}
    assert set(KINDS) - {"apart"} == {cell.kind for cell in cells}
    assert 7 == sum(cell.is_first for cell in cells)
    assert len(set(cells)) == len(cells)


@given(context=st.integers(16, 10_000), rows=st.integers(1, 64), shared=st.one_of(st.just(0), st.integers(64, 20_000)))
def test_a_grid_never_outgrows_its_engine(context: int, rows: int, shared: int) -> None:
    """Rows, context and a context that all rows share are kept to; one row is always timed where it fits at all."""
    info = replace(INFO, context=context, max_rows=rows, shared_context=shared)
    for cell in grid(info):
        assert cell.kind == "vote" or (cell.rows <= rows and cell.context + cell.tokens <= context)
        assert fits(cell, info, 4)
        assert not shared or cell.kind == "vote" or cell.context + cell.rows <= shared
    assert any(cell.kind == "decode" and cell.rows == 1 for cell in grid(info))


@pytest.mark.parametrize(
    ("most", "contexts"),
    [(100_000, (64, 256, 1024, 4096)), (1024, (64, 256, 960)), (512, (64, 256, 448)), (400, (64, 256)), (32, (1,))],
)
def test_the_longest_context_of_a_short_model_is_timed(most: int, contexts: tuple[int, ...]) -> None:
    """Unless it lies near the one before."""
    assert contexts == contexts_up_to(most)


def test_a_straight_line_needs_no_further_point() -> None:
    """Interpolation is exact there."""
    assert [] == list(doubtful_places([(1, 1.0, 0.0), (8, 8.0, 0.0), (32, 32.0, 0.0)], 0.1))


def test_a_bend_is_looked_at_more_closely() -> None:
    """On both sides of the point that the line misses; gaps of one, or of less than a quarter, stay."""
    assert [4, 20] == list(doubtful_places([(1, 1.0, 0.0), (8, 1.0, 0.0), (32, 9.0, 0.0)], 0.1))
    assert [] == list(doubtful_places([(1, 1.0, 0.0), (2, 1.0, 0.0), (3, 9.0, 0.0)], 0.1))
    assert [] == list(doubtful_places([(10, 1.0, 0.0), (11, 1.0, 0.0), (12, 9.0, 0.0)], 0.1))


def test_what_the_intervals_leave_open_is_no_bend() -> None:
    """A point that may lie on the line counts as on it."""
    assert [] == list(doubtful_places([(1, 1.0, 0.0), (8, 1.0, 0.1), (16, 1.5, 0.2)], 0.1))


def test_a_bend_over_contexts_gets_a_whole_column() -> None:
    """So that rows can be interpolated there too."""
    rows, contexts = (1, 4), (64, 256, 1024)
    found = {Cell("decode", r, c): (1.0 if c < 1024 else 5.0, 0.0) for r in rows for c in contexts}

    assert {Cell("decode", r, c) for r in rows for c in (160, 640)} == set(finer_cells(found, 0.1))


def test_refining_comes_to_an_end() -> None:
    """Also where a step has no width: what is there already is not asked for again."""
    found = {Cell("decode", rows, 64): (1.0 if rows < 11 else 9.0, 0.0) for rows in (1, 8, 32)}
    for _ in range(20):
        finer = finer_cells(found, 0.1)
        assert not set(finer) & set(found)
        found |= {cell: (1.0 if cell.rows < 11 else 9.0, 0.0) for cell in finer}
    assert () == finer

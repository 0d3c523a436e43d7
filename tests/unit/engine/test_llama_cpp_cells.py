"""The count of a shared context's cells, against sets of tokens that are kept one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.engine.llama_cpp_cells import Cells, Sequence
from edgereason.errors import ContextLengthError, EngineError

CELLS, MOST = 60, 6
ACTIONS = st.lists(st.tuples(st.sampled_from(["open", "fork", "grow", "close"]), st.integers(0, 20)), max_size=60)


@given(ACTIONS)
def test_used_cells_are_those_that_some_sequence_holds(actions: list[tuple[str, int]]) -> None:
    """Whatever is opened, forked, grown and closed in whatever order; what does not fit changes nothing."""
    cells, held, fresh = Cells(CELLS, MOST), list[tuple[Sequence, set[int]]](), iter(range(10_000))
    for action, number in actions:
        used, count = cells.used, len(held)
        source = held[number % count] if held else None
        try:
            if action == "open":
                held.append((cells.open(), set()))
            elif source and action == "fork":
                held.append((cells.fork(source[0]), set(source[1])))
            elif source and action == "grow":
                cells.grow(source[0], number)
                source[1].update(next(fresh) for _ in range(number))
            elif source:
                cells.close(source[0])
                held.remove(source)
        except ContextLengthError:
            assert (used, True) == (cells.used, used + number > CELLS)
        except EngineError:
            assert (MOST, used) == (count, cells.used)

        assert len(set().union(*(tokens for _, tokens in held))) == cells.used
        assert [len(tokens) for _, tokens in held] == [sequence.length for sequence, _ in held]
        assert len(held) == len({sequence.id for sequence, _ in held}) == cells.live


def test_a_refusal_says_that_the_context_is_shared() -> None:
    """With how much of it is in use."""
    cells = Cells(10, 2)
    cells.grow(cells.open(), 8)

    with pytest.raises(ContextLengthError, match="8 of 10 tokens of the context, which all rows share"):
        cells.check_room(3)

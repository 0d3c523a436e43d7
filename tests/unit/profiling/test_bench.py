"""Visits to cells on an engine whose time is known: each kind times what it says, and nothing stays open."""

from __future__ import annotations

from contextlib import suppress

import pytest

from edgereason.errors import Aborted
from edgereason.profiling.bench import VISIT_S, Bench, Workload
from edgereason.profiling.cells import SAMPLES, START_PASSES, Cell
from edgereason.protocols import Batch, Prefix
from edgereason.testing import FakeClock, FakeEngine
from edgereason.types import GREEDY


def engine(pass_s: float = 1e-3) -> FakeEngine:
    """A pass costs half as much again for each further row; a prompt a tenth of that a token."""
    return FakeEngine(
        clock=FakeClock(),
        pass_s=lambda rows: pass_s * (1 + 0.5 * (rows - 1)),
        prefill_s=lambda tokens: pass_s * 0.1 * tokens,
    )


def bench(made: FakeEngine, **workload: object) -> Bench:
    """The engine on the bench."""
    assert made.clock is not None
    return Bench(made, Workload(**workload), made.clock, lambda: False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "passes", "seconds"),
    [
        (Cell("decode", 1, 64), 1, 1e-3),
        (Cell("decode", 3, 64), 1, 2e-3),
        (Cell("apart", 3, 64, 20), 1, 2e-3),
        (Cell("forced", 3, 64, 4), 4, 8e-3),
        (Cell("prefill", 1, 0, 100), 1, 10e-3),
        (Cell("prefill", 1, 64, 32), 1, 3.2e-3),
        (Cell("prefill", 1, 0, 400), 2, 40e-3),
        (Cell("closing", 3, 64, 6), 10, 20e-3),
    ],
)
def test_each_kind_times_what_it_says(cell: Cell, passes: int, seconds: float) -> None:
    """Passes and seconds of one timing; what sets rows up is in none of them."""
    with bench(engine(), closing_tokens=4) as on_bench:
        visit = on_bench.visit(cell)

    assert passes == visit.passes
    assert [pytest.approx(seconds)] * SAMPLES == list(visit.seconds)


def test_a_ragged_pass_gives_one_row_more_tokens() -> None:
    """The pass of all rows, then the passes that one row still needs."""
    with bench(engine()) as on_bench:
        visit = on_bench.visit(Cell("ragged", 3, 64, 4))
        forced = on_bench.visit(Cell("forced", 3, 64, 4))

    assert 4 == visit.passes
    assert visit.seconds[0] <= forced.seconds[0]


def test_the_warm_up_does_not_count() -> None:
    """A first pass that takes a hundred times as long is kept apart."""
    made = engine()
    made.stalls = {1: 0.1}  # call 0 is the prompt
    with bench(made) as on_bench:
        visit = on_bench.visit(Cell("decode", 1, 64))

    assert pytest.approx(0.101) == visit.warmup_s
    assert [pytest.approx(1e-3)] * SAMPLES == list(visit.seconds)


def test_a_slow_cell_is_timed_once() -> None:
    """A visit ends after a second, but not without a timing."""
    with bench(engine(pass_s=2 * VISIT_S)) as on_bench:
        assert 1 == len(on_bench.visit(Cell("decode", 1, 64)).seconds)


def test_votes_are_timed_without_the_engine() -> None:
    """The caller's vote, with the number of rows."""
    asked: list[int] = []
    made = engine()
    with bench(made, vote=asked.append) as on_bench:
        visit = on_bench.visit(Cell("vote", 8, 0))

    assert ({8}, 0, 0) == (set(asked), visit.passes, made.calls)


def test_the_loop_is_timed_as_its_caller_says() -> None:
    """A timing is what the caller found for one pass, on rows of its own on the cell's prompt; all is closed again."""
    made = engine()

    def host(batch: Batch, prefix: Prefix, rows: int) -> float:
        batch.admit(prefix, GREEDY, range(rows))
        return 1e-6 * rows * len(prefix.tokens)

    with bench(made, host=host) as on_bench:
        visit = on_bench.visit(Cell("host", 8, 64, 4))

    assert [pytest.approx(512e-6)] * SAMPLES == list(visit.seconds)
    assert 0 == made.open_handles


def test_memory_is_that_of_the_rows() -> None:
    """The fake holds a byte a token: a row of 64 and one more."""
    with bench(engine()) as on_bench:
        assert 65.0 == on_bench.visit(Cell("memory", 4, 64)).bytes_per_row


def test_the_prompt_is_kept_between_visits_at_one_context() -> None:
    """Three visits, two contexts: two prompts."""
    made = engine()
    with bench(made) as on_bench:
        for cell in (Cell("decode", 1, 64), Cell("decode", 2, 64), Cell("decode", 1, 128)):
            on_bench.visit(cell)

    assert 2 + 3 * (SAMPLES + START_PASSES) == made.calls


@pytest.mark.parametrize("kind", ["decode", "forced", "ragged", "closing", "memory", "prefill"])
@pytest.mark.parametrize("after", range(0, 12, 3))
def test_a_stopped_visit_leaves_nothing_open(kind: str, after: int) -> None:
    """Wherever it was stopped, every handle is closed when the bench is left."""
    made = engine()
    assert made.clock is not None
    cell = Cell(kind, 2 if kind != "prefill" else 1, 64, 4)  # type: ignore[arg-type]
    with Bench(made, Workload(), made.clock, lambda: made.calls > after) as on_bench, suppress(Aborted):
        while made.calls < 1000:
            on_bench.visit(cell)
            on_bench.visit(Cell("prefill", 1, 0, 8))

    assert made.calls < 1000
    assert (0, 0) == (made.open_handles, made.held_bytes)

"""A device profile of the bundled model by each engine: every kind of cell is timed through the real seam."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edgereason.engine import open_engine
from edgereason.loading import find_model
from edgereason.profiling.bench import Bench, Workload
from edgereason.profiling.cells import Cell, coarse_cells
from edgereason.profiling.journal import Journal
from edgereason.profiling.run import Measuring, Task
from edgereason.profiling.surroundings import Surroundings
from edgereason.protocols import Engine, never

LIBRARIES = {"onnx": "onnxruntime", "llama-cpp": "llama_cpp"}
CELLS = (
    Cell("decode", 1, 64),
    Cell("decode", 3, 64),
    Cell("apart", 3, 64, 16),
    Cell("forced", 3, 64, 4),
    Cell("ragged", 3, 64, 4),
    Cell("prefill", 1, 0, 64),
    Cell("prefill", 1, 64, 32),
    Cell("closing", 2, 64, 3),
    Cell("memory", 2, 64),
)


@pytest.fixture(params=list(LIBRARIES))
def name(request: pytest.FixtureRequest) -> str:
    """An engine whose library is installed."""
    pytest.importorskip(LIBRARIES[request.param])
    return str(request.param)


@pytest.fixture
def engine(name: str) -> Engine:
    """The bundled model on it."""
    return open_engine(name, find_model("abacus", name).weights)


def test_every_kind_of_cell_can_be_timed(engine: Engine) -> None:
    """Seconds and passes of each, and no memory held afterwards."""
    with Bench(engine, Workload(), time.perf_counter, never) as bench:
        visits = {cell: bench.visit(cell) for cell in CELLS}
    held = engine.held_bytes  # type: ignore[attr-defined]  # both engines count it
    engine.close()

    assert 0 == held
    for cell, visit in visits.items():
        is_memory = cell.kind == "memory"
        assert is_memory or (min(visit.seconds) > 0 and visit.passes >= 1), cell
        assert is_memory == (visit.bytes_per_row is not None)
    assert visits[CELLS[-1]].bytes_per_row
    assert visits[Cell("closing", 2, 64, 3)].passes >= 4


def test_the_whole_grid_fits_the_engine(engine: Engine) -> None:
    """Each coarse cell, the widest at the longest context as well, runs without an error of room."""
    cells = coarse_cells(engine.info, closing_tokens=4, answer_tokens=2, has_vote=False, has_loop=False)
    widest = max(cell.rows for cell in cells)
    longest = max(cell.context for cell in cells if cell.kind == "decode")
    with Bench(engine, Workload(), time.perf_counter, never) as bench:
        for cell in [cell for cell in cells if cell.rows == widest or cell.context == longest]:
            bench.visit(cell)
    engine.close()

    assert Cell("decode", widest, longest) in cells


def test_a_run_tries_settings_and_measures(name: str, tmp_path: Path) -> None:
    """A few seconds are enough for settings and the first cells, whatever else the machine does."""
    weights = find_model("abacus", name).weights
    journal = Journal()
    wanted = 24
    task = Task(
        open_engine=lambda options: open_engine(name, weights, **options),
        engine=name,
        fixed={},
        workload=Workload(answer_tokens=2),
        cores=2,
        limit_s=600.0,
    )
    with Surroundings(time.perf_counter, tmp_path) as surroundings:
        measuring = Measuring(
            task, journal, surroundings, time.perf_counter, is_stopped=lambda: len(journal.entries) >= wanted
        )
        is_whole = measuring.run()

    assert not is_whole
    assert wanted == len(journal.entries)
    assert {1, 2} == {dict(entry.settings)["threads"] for entry in journal.entries}
    assert all(entry.contention.late_s is None or entry.contention.late_s >= 0 for entry in journal.entries)


def test_what_timings_are_bound_to_shows_in_the_settings(tmp_path: Path) -> None:
    """Spinning and the arena are settings of their own: timings with them are not those without."""
    pytest.importorskip("onnxruntime")
    weights = find_model("abacus", "onnx").weights
    said = set()
    for options in ({"spin": True}, {}, {"arena": False}):
        opened = open_engine("onnx", weights, threads=2, **options)
        said.add(opened.info.settings)
        opened.close()

    assert 3 == len(said)

"""The quick timing: within its time, kept whole or not at all, believed only when sane."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgereason.profiling.quick import LIMIT_S, measure, quick_costs, read_costs, write_costs
from edgereason.testing import FakeClock, FakeEngine
from edgereason.types import ModelInfo

MODEL = ModelInfo(name="fake", lineage="none", file="sha256:0")


def engine(pass_s: float, **more: Any) -> FakeEngine:
    """An engine whose passes cost half as much again for each further row."""
    return FakeEngine(
        clock=FakeClock(),
        pass_s=lambda rows: pass_s * (1 + 0.5 * (rows - 1)),
        prefill_s=lambda tokens: 1e-4 * tokens + 1e-3,
        **more,
    )


def test_what_is_measured_is_what_it_costs() -> None:
    """On a steady device the table holds the true costs."""
    made = engine(1e-3)
    costs = measure(made, MODEL, made.clock)

    assert (1, 2, 4, 8, 16) == costs.rows
    assert [pytest.approx(1e-3 * (1 + 0.5 * (rows - 1))) for rows in costs.rows] == list(costs.pass_s)
    assert (pytest.approx(1e-4), pytest.approx(1e-3)) == (costs.prefill_token_s, costs.prefill_base_s)


@pytest.mark.parametrize("pass_s", [1e-4, 3e-3, 0.02])
def test_it_keeps_its_time_limit(pass_s: float) -> None:
    """A slower device is measured at fewer widths rather than for longer."""
    made = engine(pass_s)
    measure(made, MODEL, made.clock)

    assert made.clock() <= LIMIT_S + 0.1


def test_a_very_slow_device_is_still_timed_at_one_row() -> None:
    """Whatever a pass costs, the cost of one row is known."""
    made = engine(1.0)
    costs = measure(made, MODEL, made.clock)

    assert ((1,), 1.0) == (costs.rows, pytest.approx(costs.pass_s[0]))
    assert made.clock() < 3.0


def test_no_handle_stays_open() -> None:
    """What was opened for timing is closed again."""
    made = engine(1e-3)
    measure(made, MODEL, made.clock)

    assert 0 == made.open_handles


def test_a_second_start_reads_what_the_first_kept(tmp_path: Path) -> None:
    """The same engine, model and machine are measured once."""
    made = engine(1e-3)
    first, _ = quick_costs(made, MODEL, tmp_path, made.clock)
    calls = made.calls
    second, _ = quick_costs(made, MODEL, tmp_path, made.clock)

    assert (first, calls) == (second, made.calls)


def test_another_model_or_thread_count_is_measured_anew(tmp_path: Path) -> None:
    """A timing is bound to the weights file."""
    made = engine(1e-3)
    quick_costs(made, MODEL, tmp_path, made.clock)
    calls = made.calls
    quick_costs(made, replace(MODEL, file="sha256:1"), tmp_path, made.clock)

    assert made.calls > calls
    assert 2 == len(list(tmp_path.iterdir()))


def test_another_power_mode_is_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the first mode's timing is found again when it is set back."""
    made = engine(1e-3)
    quick_costs(made, MODEL, tmp_path, made.clock)
    monkeypatch.setattr("edgereason.profiling.quick.power_mode", lambda: "15W (mode 2)")
    quick_costs(made, MODEL, tmp_path, made.clock)
    monkeypatch.undo()
    calls = made.calls
    quick_costs(made, MODEL, tmp_path, made.clock)

    assert (2, calls) == (len(list(tmp_path.iterdir())), made.calls)


@pytest.mark.parametrize("field", ["schema", "rows", "pass_s", "prefill_token_s", "provenance", "observed"])
@pytest.mark.parametrize("value", [None, [], [-1], "x", [3, 1], [float("inf")]])
def test_a_damaged_file_is_not_believed(tmp_path: Path, field: str, value: Any) -> None:
    """A kept file with a wrong field counts as none."""
    made = engine(1e-3)
    path = tmp_path / "costs.json"
    write_costs(path, measure(made, MODEL, made.clock))
    assert read_costs(path) is not None
    body = json.loads(path.read_text())
    path.write_text(json.dumps({**body, field: value}))

    assert read_costs(path) is None or (value == [] and field in ("provenance", "observed"))


@pytest.mark.parametrize(
    "change",
    [
        {"rows": [2, 3, 4, 8, 16]},
        {"rows": [1, 4, 2, 8, 16]},
        {"rows": [1, 1, 4, 8, 16]},
        {"pass_s": [0.0, 1.0, 1.0, 1.0, 1.0]},
        {"pass_s": [1.0, 1.0, 1.0, 1.0, 1e9]},
        {"prefill_base_s": -1.0},
        {"rows": [1], "pass_s": [1.0, 2.0]},
    ],
)
def test_costs_that_cannot_be_are_not_believed(tmp_path: Path, change: dict[str, Any]) -> None:
    """Each check refuses on its own."""
    made = engine(1e-3)
    path = tmp_path / "costs.json"
    write_costs(path, measure(made, MODEL, made.clock))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    assert read_costs(path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1}'])
def test_a_torn_file_is_not_believed(tmp_path: Path, text: str) -> None:
    """Nor is one that is no timing at all."""
    path = tmp_path / "costs.json"
    path.write_text(text)

    assert read_costs(path) is None


def test_a_cache_that_cannot_be_written_costs_a_note(tmp_path: Path) -> None:
    """The timing is still returned; the note says where it could not be kept."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    made = engine(1e-3)
    costs, note = quick_costs(made, MODEL, blocked / "costs", made.clock)

    assert (1, 2, 4, 8, 16) == costs.rows
    assert str(blocked) in note


def test_two_writers_leave_one_whole_file(tmp_path: Path) -> None:
    """Writers at the same path do not mix, and leave nothing behind."""
    made = engine(1e-3)
    costs = measure(made, MODEL, made.clock)
    path = tmp_path / "costs.json"
    threads = [threading.Thread(target=lambda: [write_costs(path, costs) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (costs, [path]) == (read_costs(path), list(tmp_path.iterdir()))

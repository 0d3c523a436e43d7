"""A whole run on engines whose time is known: order, limits, stopping, going on, choosing settings."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from edgereason.errors import RecordError
from edgereason.profiling.assembly import profile_of
from edgereason.profiling.bench import Workload
from edgereason.profiling.cells import Cell
from edgereason.profiling.facts import read_facts
from edgereason.profiling.journal import Journal, open_journal, read_journal, settings_of
from edgereason.profiling.lookup import binding
from edgereason.profiling.profile import DeviceProfile, from_json, to_json
from edgereason.profiling.run import Measuring, Progress, Task
from edgereason.profiling.surroundings import Surroundings
from edgereason.profiling.tuning import TRIED, score
from edgereason.records import Provenance, provenance
from edgereason.testing import FakeClock, FakeEngine

from .profiles import MODEL
from .trees import AGX_ORIN, plant

Options = Mapping[str, object]


def header(**settings: object) -> Provenance:
    """A journal's header."""
    return provenance(
        device="d", engine="fake", engine_version="1", model=MODEL, seed=0, n=None, settings=settings, command="c"
    )


def steady(rows: int) -> float:
    """Half as much again for each further row."""
    return 1e-3 * (1 + 0.5 * (rows - 1))


class Trial:
    """A run on fake engines that share one clock."""

    def __init__(
        self,
        tmp_path: Path,
        pass_s: Callable[[Options, int], float] = lambda options, rows: steady(rows),
        journal: Journal | None = None,
        **task: Any,
    ) -> None:
        self.clock = FakeClock()
        self.engines: list[FakeEngine] = []
        self.opened: list[Options] = []
        self.progress: list[Progress] = []
        self.journal = journal or Journal()
        self.stop_after: int | None = None
        self.context = 512
        self.pass_s = pass_s
        self.task = Task(
            **{
                "open_engine": self._open,
                "engine": "none",
                "fixed": {},
                "workload": Workload(vote=lambda rows: self.clock.advance(1e-5 * rows)),
                "cores": 2,
                "limit_s": 60.0,
                **task,
            }
        )
        self.surroundings = Surroundings(self.clock, tmp_path)
        self.measuring = Measuring(
            self.task,
            self.journal,
            self.surroundings,
            self.clock,
            is_stopped=lambda: self.stop_after is not None and len(self.journal.entries) >= self.stop_after,
            on_progress=self.progress.append,
        )

    def _open(self, options: Options) -> FakeEngine:
        self.opened.append(dict(options))
        self.engines.append(
            FakeEngine(
                clock=self.clock,
                context=self.context,
                pass_s=lambda rows: self.pass_s(options, rows),
                prefill_s=lambda tokens: 1e-4 * tokens,
            )
        )
        return self.engines[-1]

    def profile(self, is_complete: bool = True) -> DeviceProfile:
        """What it amounts to."""
        assert self.measuring.info is not None
        facts = read_facts()
        return profile_of(
            self.journal,
            self.measuring.settings,
            name="p",
            model=MODEL,
            bound_to=binding(self.measuring.info, MODEL),
            facts=facts,
            header=header(),
            energy=self.surroundings.energy,
            records="p.jsonl",
            left_out=self.measuring.left_out,
            is_complete=is_complete,
        )


def test_a_steady_device_is_measured_whole(tmp_path: Path) -> None:
    """Every cell tight, every number the true one, nothing left open; and the file of it is read back the same."""
    trial = Trial(tmp_path)
    assert trial.measuring.run()
    made = trial.profile()

    assert all(cost.estimate.is_tight and cost.estimate.is_reliable for cost in made.costs)
    for cost in made.costs:
        if cost.cell.kind == "decode":
            assert pytest.approx(steady(cost.cell.rows)) == cost.estimate.median_s
    timed = {"decode", "forced", "ragged", "prefill", "closing", "vote"}
    assert timed == {cost.cell.kind for cost in made.costs}
    assert {1, 8} == {cost.rows for cost in made.memory}
    assert [] == [e for e in trial.engines if e.open_handles or not e.closed]
    assert made == from_json(to_json(made), "here")


def test_the_important_cells_come_first_and_the_order_is_drawn(tmp_path: Path) -> None:
    """The few first cells, then the coarse grid; another seed goes another way."""
    orders = []
    for seed in (0, 1):
        trial = Trial(tmp_path, seed=seed)
        trial.measuring.run()
        orders.append([entry.cell for entry in trial.journal.entries])

    for order in orders:
        firsts = [cell.is_first for cell in order[:6]]
        assert all(firsts)
    assert orders[0] != orders[1]
    assert set(orders[0]) == set(orders[1])


@pytest.mark.parametrize("pass_s", [1e-3, 0.05, 1.0, 20.0])
def test_the_time_limit_holds(tmp_path: Path, pass_s: float) -> None:
    """Fast or slow, no visit begins after it, and the native call under way is the only excess."""
    trial = Trial(tmp_path, lambda options, rows: pass_s * rows, limit_s=30.0)
    trial.measuring.run()

    assert trial.clock() <= 30.0 + 32 * pass_s
    assert trial.journal.entries


def test_what_would_take_too_long_is_left_out_and_named(tmp_path: Path) -> None:
    """On a slow device wide and long cells are not begun; the profile says which."""
    trial = Trial(tmp_path, lambda options, rows: 0.5 * rows, limit_s=60.0)
    is_whole = trial.measuring.run()

    assert not is_whole
    made = trial.profile(is_whole)
    (note,) = [note for note in made.notes if "too much of the time limit" in note]
    never = trial.measuring.left_out - {cost.cell for cost in made.costs}
    assert note.startswith(f"{len(never)} cells")
    assert not trial.profile(is_whole).is_complete


def test_a_bend_is_refined(tmp_path: Path) -> None:
    """Passes that suddenly cost five times as much from nine rows on are measured around there."""
    trial = Trial(tmp_path, lambda options, rows: 1e-3 if rows < 9 else 5e-3)
    trial.measuring.run()
    rows = {cost.cell.rows for cost in trial.profile().costs if cost.cell.kind == "decode"}

    assert rows > {1, 2, 4, 8, 16, 32}
    assert 12 in rows


def test_wide_spread_is_marked(tmp_path: Path) -> None:
    """Passes that take one or three milliseconds by turns never get tight, are given up, and are called unreliable."""
    turns = iter(range(10**9))
    trial = Trial(tmp_path, lambda options, rows: 1e-3 if next(turns) % 2 else 3e-3, limit_s=600.0)
    trial.measuring.run()
    made = trial.profile()
    decode = [cost for cost in made.costs if cost.cell.kind == "decode"]

    assert not any(cost.estimate.is_reliable for cost in decode)
    assert any("unreliable" in note for note in made.notes)
    assert any(entry["is_reliable"] is False for entry in to_json(made)["costs"])


# ---------------------------------------------------------------- stopping and going on


def test_a_stopped_run_loses_nothing_and_the_next_goes_on(tmp_path: Path) -> None:
    """Every visit done is in the file; the second run does not repeat it and ends with as many as one run would."""
    path = tmp_path / "p.jsonl"
    first = Trial(tmp_path, journal=open_journal(path, header()))
    first.stop_after = 20
    assert not first.measuring.run()
    first.journal.close()
    assert first.journal.entries == list(read_journal(path))

    second = Trial(tmp_path, journal=open_journal(path, header()))
    assert second.measuring.run()
    second.journal.close()
    whole = Trial(tmp_path)
    whole.measuring.run()

    assert first.journal.entries == second.journal.entries[:20]
    assert len(whole.journal.entries) == len(second.journal.entries)


def test_a_finished_profile_costs_nothing_more(tmp_path: Path) -> None:
    """A further run only looks."""
    path = tmp_path / "p.jsonl"
    for _ in range(2):
        trial = Trial(tmp_path, journal=open_journal(path, header()))
        assert trial.measuring.run()
        trial.journal.close()

    assert 0.0 == trial.clock()


def test_timings_made_otherwise_are_not_mixed(tmp_path: Path) -> None:
    """Another power mode needs another file, and the message says so."""
    path = tmp_path / "p.jsonl"
    open_journal(path, header(power_mode="15W")).close()

    with pytest.raises(RecordError, match="power_mode is '15W' there and 'MAXN' here"):
        open_journal(path, header(power_mode="MAXN"))


def test_a_journal_with_a_timing_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """Its checksum fits, but seconds below zero do not."""
    path = tmp_path / "p.jsonl"
    journal = open_journal(path, header())
    assert journal.writer is not None
    cell = {"kind": "decode", "rows": 1, "context": 64, "tokens": 1}
    visit = {"seconds": [-1.0], "warmup_s": None, "passes": 1, "bytes_per_row": None}
    quiet = {"waited_share": None, "late_s": None}
    journal.writer.append(
        {"kind": "timing", "settings": {}, "cell": cell, "visit": visit, "contention": quiet, "joules": None}
    )
    journal.close()

    with pytest.raises(RecordError, match="cannot be"):
        list(read_journal(path))


# ---------------------------------------------------------------- settings


def by_threads(options: Options, rows: int) -> float:
    """Two threads are faster, spinning more so."""
    return 1e-3 * (0.6 if options.get("threads") == 2 else 1.0) * (0.8 if options.get("spin") else 1.0)


def test_the_fastest_settings_are_chosen_and_the_others_recorded(tmp_path: Path) -> None:
    """One knob after the other; what makes no difference stays as it is."""
    trial = Trial(tmp_path, by_threads, engine="onnx")
    trial.measuring.run()
    made = trial.profile()

    best = {"threads": 2, "spin": True, "arena": True}
    assert best == dict(made.settings)
    assert [best] == [dict(choice.settings) for choice in made.choices if choice.is_chosen]
    assert 4 == len(made.choices)


def test_a_small_lead_goes_to_the_kinder_settings(tmp_path: Path) -> None:
    """Two percent are not worth a second thread."""
    trial = Trial(tmp_path, lambda o, rows: 1e-3 * (0.98 if o.get("threads") == 2 else 1.0), engine="onnx")
    trial.measuring.run()

    assert 1 == dict(trial.measuring.settings)["threads"]
    assert not any(options.get("spin") for options in trial.opened)


def test_what_the_user_fixed_is_not_tried(tmp_path: Path) -> None:
    """Threads given on the command line stay."""
    trial = Trial(tmp_path, by_threads, engine="onnx", fixed={"threads": 2})
    trial.measuring.run()

    assert {"spin": True, "arena": True} == dict(trial.measuring.settings)
    assert not any("threads" in options for options in trial.opened)


def test_settings_that_are_hopeless_here_do_not_use_up_the_time(tmp_path: Path) -> None:
    """Two threads beside a busy neighbour that take five seconds a pass: given up, and one thread is measured."""
    trial = Trial(tmp_path, lambda o, rows: 5.0 if o.get("threads") == 2 else 1e-3, engine="onnx", limit_s=20.0)
    trial.measuring.run()

    assert 1 == dict(trial.measuring.settings)["threads"]
    assert [cost for cost in trial.profile().costs if cost.cell == Cell("decode", 1, 64)]
    assert trial.clock() <= 20.0 + 5.0


def test_settings_leave_most_of_the_time_to_the_grid(tmp_path: Path) -> None:
    """On a device that is slow for all of it."""
    trial = Trial(tmp_path, lambda options, rows: 0.2 * by_threads(options, rows) / 1e-3, engine="onnx", limit_s=60.0)
    trial.measuring.run()
    tuning = [entry for entry in trial.journal.entries if entry.settings != trial.measuring.settings]
    spent_s = sum(sum(entry.visit.seconds) + (entry.visit.warmup_s or 0.0) for entry in tuning)

    assert spent_s < 30.0
    assert trial.journal.estimates(trial.measuring.settings)[Cell("decode", 1, 64)]


# ---------------------------------------------------------------- surroundings and progress


def test_joules_and_neighbours_stand_beside_the_timings(tmp_path: Path) -> None:
    """On the recorded Jetson tree: 20 W, so a timing of a second costs 20 J, and a profile says what was counted."""
    trial = Trial(plant(tmp_path, AGX_ORIN), lambda options, rows: 0.2, limit_s=120.0)
    trial.measuring.run()
    made = trial.profile()
    cost = next(cost for cost in made.costs if cost.cell == Cell("decode", 1, 64))

    assert made.energy.startswith("INA3221")
    assert pytest.approx(20.0 * 0.2, rel=0.5) == cost.joules


def test_without_a_meter_energy_is_not_measured(tmp_path: Path) -> None:
    """None, and said so."""
    trial = Trial(tmp_path)
    trial.measuring.run()

    assert "not measured" == trial.profile().energy
    assert {None} == {cost.joules for cost in trial.profile().costs}


def test_progress_is_told_and_rises(tmp_path: Path) -> None:
    """Before each visit: what is measured, and how much of it is tight."""
    trial = Trial(tmp_path, by_threads, engine="onnx")
    trial.measuring.run()
    elapsed = [progress.elapsed_s for progress in trial.progress]

    assert sorted(elapsed) == elapsed
    assert any("settings: " in progress.phase for progress in trial.progress)
    in_grid = [progress for progress in trial.progress if progress.cells]
    assert in_grid[0].tight < in_grid[-1].tight <= in_grid[-1].cells
    assert in_grid[-1].tight == in_grid[-1].cells - 1
    assert all(progress.tight <= progress.cells for progress in trial.progress if progress.cells)


def test_settings_are_a_key_in_any_order() -> None:
    """The same options, the same key."""
    assert settings_of({"a": 1, "b": 2}) == settings_of({"b": 2, "a": 1})


def test_spells_of_a_slow_machine_hardly_bend_the_table(tmp_path: Path) -> None:
    """For 4 of every 10 seconds everything takes twice as long; the ratios of cells stay nearer to what they are."""
    trial = Trial(tmp_path, lambda options, rows: steady(rows) * (2.0 if trial.clock() % 10.0 > 6.0 else 1.0))
    trial.measuring.run()
    raw = trial.journal.estimates(trial.measuring.settings)
    decode = [cost for cost in trial.profile().costs if cost.cell.kind == "decode"]
    levelled = [math.log(cost.estimate.median_s / steady(cost.cell.rows)) for cost in decode]
    unlevelled = [math.log(raw[cost.cell].median_s / steady(cost.cell.rows)) for cost in decode]

    assert len(decode) >= 6
    assert statistics.pstdev(levelled) < 0.5 * statistics.pstdev(unlevelled)


def test_settings_are_judged_by_what_fits_the_engine(tmp_path: Path) -> None:
    """Rows apart are timed where rows share a store alone; elsewhere settings have a score without them."""
    trial = Trial(tmp_path, by_threads, engine="onnx")
    trial.measuring.run()

    assert "apart" not in {entry.cell.kind for entry in trial.journal.entries}
    assert len({choice.score_s for choice in trial.profile().choices}) > 1
    assert pytest.approx(2.0) == score({cell: 2.0 for cell in TRIED}, TRIED)
    assert score({cell: 2.0 for cell in TRIED[:-1]}, TRIED) is None


def test_a_model_too_short_for_any_of_them_keeps_its_settings(tmp_path: Path) -> None:
    """Nothing to judge settings by, and the grid is measured all the same."""
    trial = Trial(tmp_path, by_threads, engine="onnx")
    trial.context = 40
    trial.measuring.run()

    assert not trial.profile().choices
    assert {cost.cell.rows for cost in trial.profile().costs if cost.cell.kind == "decode"}

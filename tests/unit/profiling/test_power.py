"""Joules off recorded trees: the right rails, counts that wrap, watts over time, and "not measured" elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgereason.profiling.power import find_meter
from edgereason.profiling.surroundings import Gauge
from edgereason.testing import FakeClock

if TYPE_CHECKING:
    from edgereason.runtime import Reasoner

from .test_facts import library, refuse
from .trees import AGX_ORIN, LAPTOP, ORIN_NANO, channel, plant


def test_the_rails_of_an_agx_orin_add_up(tmp_path: Path) -> None:
    """12 V x 1 A + 12 V x 0.25 A + 5 V x 1 A = 20 W; the memory's rail is part of the last, NC and sums are none."""
    clock = FakeClock()
    meter = find_meter(clock, plant(tmp_path, AGX_ORIN))
    assert meter is not None
    before = meter.joules()
    clock.advance(3.0)

    assert (0.0, 60.0) == (before, meter.joules())
    assert "INA3221 (VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0), sampled" == meter.source
    assert meter.needs_beats


def test_an_input_rail_is_the_whole_module(tmp_path: Path) -> None:
    """Of an Orin Nano: VDD_IN alone, since the others are parts of it."""
    clock = FakeClock()
    meter = find_meter(clock, plant(tmp_path, ORIN_NANO))
    assert meter is not None
    meter.sample()
    clock.advance(2.0)

    assert (14.0, "INA3221 (VDD_IN), sampled") == (meter.joules(), meter.source)


def test_changing_watts_are_summed_by_trapezoids(tmp_path: Path) -> None:
    """From 7 W to 14 W over a second is 10.5 J; a reading that fails is spanned by the next one."""
    clock, root = FakeClock(), plant(tmp_path, ORIN_NANO)
    meter = find_meter(clock, root)
    assert meter is not None
    meter.sample()
    amperes = root / "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon1/curr1_input"
    clock.advance(0.5)
    amperes.write_text("")
    assert meter.joules() is None

    clock.advance(0.5)
    amperes.write_text("2800")
    assert pytest.approx(10.5) == meter.joules()


def test_a_counter_that_wraps_goes_on(tmp_path: Path) -> None:
    """RAPL counts 262 kJ and starts again; parts, the whole platform and the twin interface are not counted too."""
    root = plant(tmp_path, LAPTOP)
    meter = find_meter(FakeClock(), root)
    assert meter is not None
    before = meter.joules()
    (root / "sys/class/powercap/intel-rapl:0/energy_uj").write_text("1000000000")
    after = meter.joules()

    assert before is not None
    assert after is not None
    assert pytest.approx(262143.32885 - 260000 + 1000) == after - before
    assert ("RAPL (package-0)", False) == (meter.source, meter.needs_beats)


def test_where_nothing_can_be_read_there_is_no_meter(tmp_path: Path) -> None:
    """An empty tree, a channel without current, a counter without a range."""
    assert find_meter(FakeClock(), tmp_path) is None
    lacking = {**channel("sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon1", 1, "VDD_IN", 5000, 0)}
    lacking.popitem()
    plant(tmp_path, lacking)
    plant(tmp_path, {"sys/class/powercap/intel-rapl:0/name": "package-0"})
    plant(tmp_path, {"sys/class/powercap/intel-rapl:0/energy_uj": "1"})

    assert find_meter(FakeClock(), tmp_path) is None


def test_a_gpu_that_counts_is_read_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Millijoules to joules; it comes before the processor's counters, unless no GPU is used."""
    library(monkeypatch, nvmlDeviceGetTotalEnergyConsumption=lambda gpu: 5_000)
    meter = find_meter(FakeClock())
    assert meter is not None
    unused = find_meter(FakeClock(), uses_gpu=False)

    assert (5.0, "GPU energy (NVML)", False) == (meter.joules(), meter.source, meter.needs_beats)
    assert unused is None or "NVML" not in unused.source


def test_a_gpu_that_only_says_its_watts_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Milliwatts over time."""
    library(monkeypatch, nvmlDeviceGetTotalEnergyConsumption=refuse, nvmlDeviceGetPowerUsage=lambda gpu: 30_000)
    clock = FakeClock()
    meter = find_meter(clock)
    assert meter is not None
    meter.sample()
    clock.advance(2.0)

    assert (60.0, True) == (meter.joules(), meter.needs_beats)


# ---------------------------------------------------------------- of a request


def test_a_gauge_counts_what_a_request_takes(tmp_path: Path) -> None:
    """From begin on, also before the end; between requests nothing is sampled."""
    clock = FakeClock()
    gauge = Gauge(clock, plant(tmp_path, ORIN_NANO))
    threads = threading.active_count()
    begun = gauge.begin()
    clock.advance(2.0)
    half = gauge.since(begun)
    clock.advance(2.0)
    gauge.end()

    assert (pytest.approx(14.0), pytest.approx(28.0)) == (half, gauge.since(begun))
    assert threads == threading.active_count()


def test_without_a_meter_a_request_is_not_measured(tmp_path: Path) -> None:
    """None, and said so; a request that was never begun has none either."""
    gauge = Gauge(FakeClock(), tmp_path)

    assert (None, "not measured") == (gauge.since(gauge.begin()), gauge.source)
    assert Gauge(FakeClock(), plant(tmp_path, ORIN_NANO)).since(None) is None


def test_a_result_says_its_joules(reasoner: Callable[..., Reasoner], tmp_path: Path) -> None:
    """On the recorded tree of a 7 W board: seconds at work times seven; waiting in the queue costs nothing."""
    clock = FakeClock()
    made: Any = reasoner({"boxed{": "7}"}, pass_s=0.5, clock=clock)
    made._parts = replace(made._parts, gauge=Gauge(clock, plant(tmp_path, ORIN_NANO)))
    result = made.ask("1 + 6 = ?", profile="direct")

    assert result.joules == pytest.approx(7.0 * result.elapsed_s, rel=0.05)
    assert "INA3221 (VDD_IN), sampled" == result.energy


def test_a_result_without_a_gauge_is_not_measured(reasoner: Callable[..., Reasoner]) -> None:
    """Never zero."""
    result = reasoner({"boxed{": "7}"}).ask("1 + 6 = ?", profile="direct")

    assert (None, "not measured") == (result.joules, result.energy)


def test_a_hand_over_does_not_wait_for_a_sensor(reasoner: Callable[..., Reasoner], tmp_path: Path) -> None:
    """While rows are still running the answer in hand goes out at once; its energy is not measured."""
    reads: list[int] = []

    class Slow(Gauge):
        def since(self, begun: float | None) -> float | None:
            reads.append(1)
            return super().since(begun)

    clock = FakeClock()
    script = {"<think>": " ".join("123456789" * 20), "boxed{": "7}"}
    made: Any = reasoner(script, pass_s=0.01, clock=clock, on_call=lambda call: expire(call))
    made._parts = replace(made._parts, gauge=Slow(clock, plant(tmp_path, ORIN_NANO)))

    def expire(call: int) -> None:
        """Once an answer is in hand and rows think, the watchdog finds the deadline past."""
        request = made._current
        if request is not None and request.progress.plan is not None and request.progress.decoder.is_running:
            clock.advance(100.0)
            request.watch()

    result = made.ask("1 + 6 = ?", deadline=5.0, profile="hard")

    assert result.trace.events("handed_over")
    assert ([], None, "not measured") == (reads, result.joules, result.energy)

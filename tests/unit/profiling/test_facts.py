"""Device facts off recorded trees: what is there is read, what is not is not known, and nothing is an error."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from edgereason.profiling import facts
from edgereason.profiling.gpu import Gpu, open_nvml, read_gpus

from .trees import AGX_ORIN, LAPTOP, ORIN_NANO, WITH_A_MOUSE, plant


def test_a_jetson_says_what_it_is(tmp_path: Path) -> None:
    """Board, release, power mode by name, clocks, temperatures; a zone that is off is left out."""
    read = facts.read_facts(plant(tmp_path, AGX_ORIN))

    assert ("NVIDIA Jetson AGX Orin Developer Kit", "36.4.3") == (read.board, read.jetson_release)
    assert "MODE_30W (mode 2), governor schedutil" == read.power_mode
    assert (1728.0, 2201.6, 1300.5) == (read.cpu_mhz, read.cpu_most_mhz, read.gpu_mhz)
    assert {"cpu-thermal": 48.562, "gpu-thermal": 45.125, "tj-thermal": 48.562} == read.temperatures_c


def test_a_mode_without_a_name_keeps_its_number(tmp_path: Path) -> None:
    """Where nvpmodel.conf is missing."""
    assert "mode 1" == facts.power_mode(plant(tmp_path, ORIN_NANO))


def test_a_laptop_on_battery_is_another_power_mode(tmp_path: Path) -> None:
    """What was measured plugged in does not hold on battery."""
    root = plant(tmp_path, LAPTOP)
    assert "platform profile balanced, governor powersave, on battery" == facts.power_mode(root)

    plant(root, {"sys/class/power_supply/BAT0/status": "Charging"})
    assert "platform profile balanced, governor powersave" == facts.power_mode(root)


def test_a_mouse_is_no_laptop(tmp_path: Path) -> None:
    """The battery of a device does not slow the machine down."""
    assert facts.NOT_KNOWN == facts.power_mode(plant(tmp_path, WITH_A_MOUSE))


def test_cores_with_different_governors_are_all_named(tmp_path: Path) -> None:
    """Big and little cores are often set apart."""
    root = plant(tmp_path, LAPTOP)
    plant(root, {"sys/devices/system/cpu/cpu3/cpufreq/scaling_governor": "performance"})

    assert "governor performance/powersave" in facts.power_mode(root)


def test_an_empty_tree_is_not_known(tmp_path: Path) -> None:
    """No file at all: None and empty values, no error."""
    read = facts.read_facts(tmp_path)

    assert (None, None, facts.NOT_KNOWN) == (read.board, read.jetson_release, read.power_mode)
    assert (None, None, None, {}) == (read.cpu_mhz, read.cpu_most_mhz, read.gpu_mhz, read.temperatures_c)
    assert read.cores >= 1
    assert (read.memory_bytes or 0) > 0


@pytest.mark.parametrize("text", ["", "garbage", "nan", "1e999", "\0\0", "12 34"])
def test_damaged_files_are_not_known(tmp_path: Path, text: str) -> None:
    """Every file of the Jetson's tree holding nonsense still raises nothing, and no number is made up."""
    read = facts.read_facts(plant(tmp_path, dict.fromkeys(AGX_ORIN, text)))

    assert (None, None, None, {}) == (read.cpu_mhz, read.gpu_mhz, read.jetson_release, read.temperatures_c)


def test_folders_in_the_place_of_files_are_not_known(tmp_path: Path) -> None:
    """Nor does a folder of the same name."""
    for name in AGX_ORIN:
        (tmp_path / name).mkdir(parents=True)

    assert facts.NOT_KNOWN == facts.read_facts(tmp_path).power_mode


def test_this_machine_can_be_read() -> None:
    """The real root, whatever it holds."""
    read = facts.read_facts()

    assert read.device
    assert read.power_mode


# ---------------------------------------------------------------- GPUs


class _NVMLError(Exception):
    """What the library raises."""


def library(monkeypatch: pytest.MonkeyPatch, **functions: Any) -> None:
    """Stands in for NVIDIA's library, which does nothing without a driver: names and units as in its guide."""
    stand_in = ModuleType("pynvml")
    defaults = {"nvmlInit": lambda: None, "nvmlDeviceGetCount": lambda: 1, "nvmlDeviceGetHandleByIndex": lambda i: i}
    for name, function in {**defaults, "NVMLError": _NVMLError, **functions}.items():
        setattr(stand_in, name, function)
    monkeypatch.setitem(sys.modules, "pynvml", stand_in)


def refuse(*_: Any) -> Any:
    """A function that this GPU does not have."""
    raise _NVMLError("not supported")


def test_without_the_library_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not installed is not known."""
    monkeypatch.setitem(sys.modules, "pynvml", None)

    assert (None, ()) == (open_nvml(), read_gpus())


def test_without_a_driver_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is an installed library without a driver an error."""
    library(monkeypatch, nvmlInit=refuse)

    assert () == read_gpus()


def test_the_real_library_raises_nothing() -> None:
    """Whatever this machine has: every GPU that it lists has a name."""
    pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")

    assert all(gpu.name for gpu in read_gpus())


def test_a_gpu_says_what_it_knows_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values in our units; what a GPU refuses, and what an older library lacks, is None."""
    library(
        monkeypatch,
        nvmlDeviceGetName=lambda gpu: b"Some GPU",
        nvmlDeviceGetMemoryInfo=lambda gpu: SimpleNamespace(total=8 << 30),
        nvmlDeviceGetEnforcedPowerLimit=lambda gpu: 250_000,
        nvmlDeviceGetClockInfo=refuse,
    )

    assert (Gpu(name="Some GPU", memory_bytes=8 << 30, power_limit_w=250.0),) == read_gpus()

"""Which profile belongs to an engine about to be opened: of its weights, measured, of this machine before others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgereason.profiling.cells import Cell
from edgereason.profiling.device import device_name
from edgereason.profiling.facts import power_mode
from edgereason.profiling.lookup import binding, find_profile, machine
from edgereason.profiling.profile import DeviceProfile, write_profile
from edgereason.testing import FakeEngine

from .profiles import BOUND_TO, MODEL, profile
from .test_facts import library


def keep(folder: Path, name: str, **bound_to: str) -> DeviceProfile:
    """A profile in the folder that was made for something; `date` and `origin` are not what it is bound to."""
    date, origin = bound_to.pop("date", "2026-01-01"), bound_to.pop("origin", "measured")
    here = {"device": device_name(), "power_mode": power_mode(), **bound_to}
    made = replace(
        profile({Cell("decode", 1, 64): 1.0}),
        name=name,
        header={"date": date},
        origin=origin,  # type: ignore[arg-type]
        sources=("a paper",),
        bound_to=replace(BOUND_TO, **here),
    )
    write_profile(folder / f"{name}.json", made)
    return made


def found(folder: Path, engine: str = "fake") -> str | None:
    """The name of what is found for the weights."""
    made, _ = find_profile(folder, engine, lambda: MODEL.file)
    return made.name if made is not None else None


def test_the_newest_of_these_weights_is_found(tmp_path: Path) -> None:
    """Not those of other weights, of another engine, nor published ones, however new."""
    keep(tmp_path, "old", date="2026-01-01")
    keep(tmp_path, "new", date="2026-02-01")
    keep(tmp_path, "other-weights", date="2026-03-01", model_file="sha256:1")
    keep(tmp_path, "other-engine", date="2026-03-01", engine="onnx")
    keep(tmp_path, "published", date="2026-03-01", origin="published")

    assert ("new", "other-engine") == (found(tmp_path), found(tmp_path, "onnx"))


def test_this_machine_and_mode_come_first(tmp_path: Path) -> None:
    """An older one that holds is better than a newer one that does not."""
    keep(tmp_path, "here", date="2026-01-01")
    keep(tmp_path, "elsewhere", date="2026-02-01", device="another machine")
    keep(tmp_path, "slow", date="2026-03-01", power_mode="15W")

    assert "here" == found(tmp_path)


def test_one_that_will_be_refused_is_better_than_none(tmp_path: Path) -> None:
    """So that the reason can be said."""
    keep(tmp_path, "slow", power_mode="15W")

    assert "slow" == found(tmp_path)


def test_weights_are_not_read_where_there_is_no_profile(tmp_path: Path) -> None:
    """An empty folder, or none at all, costs nothing."""

    def never() -> str:
        raise AssertionError("the weights were read")

    assert (None, []) == find_profile(tmp_path, "fake", never)
    assert (None, []) == find_profile(tmp_path / "none", "fake", never)


def test_a_file_that_is_none_is_noted(tmp_path: Path) -> None:
    """By name; the others count all the same."""
    (tmp_path / "a.json").write_text("{")
    keep(tmp_path, "b")
    made, notes = find_profile(tmp_path, "fake", lambda: MODEL.file)

    assert made is not None
    assert [True] == ["a.json" in note for note in notes]


def test_another_gpu_is_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine runs on one; on the processor it does not matter."""
    memory = SimpleNamespace(total=1)
    library(monkeypatch, nvmlDeviceGetName=lambda gpu: "Some GPU", nvmlDeviceGetMemoryInfo=lambda gpu: memory)
    info = FakeEngine().info

    assert f"{device_name()}, Some GPU" == machine("cuda:0")
    assert device_name() == machine("cpu") == binding(info, MODEL).device

"""A device profile to test with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgereason.profiling.cells import Cell
from edgereason.profiling.estimate import Estimate
from edgereason.profiling.profile import Binding, CellCost, Choice, DeviceProfile, MemoryCost
from edgereason.types import ModelInfo

MODEL = ModelInfo(name="fake", lineage="none", file="sha256:0")
BOUND_TO = Binding(
    device="a machine",
    power_mode="MAXN (mode 0)",
    engine="fake",
    engine_version="1",
    engine_device="cpu",
    engine_settings="",
    threads=1,
    model_file=MODEL.file,
)


def profile(medians: Mapping[Cell, float], **more: Any) -> DeviceProfile:
    """A measured profile with these costs."""
    return DeviceProfile(
        **{
            "name": "p",
            "origin": "measured",
            "model": MODEL,
            "bound_to": BOUND_TO,
            "costs": tuple(
                CellCost(
                    cell=cell,
                    estimate=Estimate(median_s=value, low_s=value * 0.99, high_s=value * 1.01, n=10, visits=2),
                )
                for cell, value in medians.items()
            ),
            "settings": {"threads": 1},
            "memory": (MemoryCost(rows=1, context=64, bytes_per_row=1e6),),
            "choices": (Choice(settings={"threads": 1}, score_s=0.1, is_chosen=True),),
            "facts": {"board": "x"},
            "header": {"seed": 0},
            "notes": ("a note",),
            "records": "p.jsonl",
            **more,
        }
    )

"""The log of beats: recorded here, read back, and refused where a value cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgereason.errors import RecordError
from edgereason.profiling.beats import LEAST_BEATS, read_beats, record_beats
from edgereason.records import RecordWriter, provenance
from edgereason.types import ModelInfo

NOTHING = ModelInfo(name="none", lineage="none", file="none")


def test_what_was_recorded_is_read_back(tmp_path: Path) -> None:
    """Beats rise over the time asked for; on any machine some work was done, and none faster than it can be."""
    path = tmp_path / "beats.jsonl"
    told: list[float] = []
    count, is_whole = record_beats(path, 1.6, note="a test", on_progress=told.append)
    log = read_beats(path)

    assert (count, True) == (len(log.at_s), is_whole)
    assert list(log.at_s) == sorted(log.at_s)
    assert 0 < log.at_s[-1] < 60
    assert 0 < sum(log.speed) / count < 4
    assert "a test" == log.header["settings"]["note"]
    assert told
    with pytest.raises(RecordError, match="exists"):
        record_beats(path, 1.0)


def written(path: Path, **columns: list[float]) -> Path:
    """A log with these columns in one record."""
    header = provenance(device="d", engine="none", engine_version="none", model=NOTHING, seed=None, n=None)
    with RecordWriter(path, header) as writer:
        writer.append({"kind": "beats", **columns})
    return path


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("late_s", -0.1, "late_s = -0.1"),
        ("speed", 9.0, "speed = 9.0"),
        ("at_s", 0.0, "at_s = 0.0"),
        ("speed", "x", "'x'"),
    ],
)
def test_a_value_out_of_its_range_is_named(tmp_path: Path, name: str, value: object, message: str) -> None:
    """With what is legal."""
    n = LEAST_BEATS + 5
    columns: dict[str, list] = {"at_s": [(k + 1) * 0.02 for k in range(n)], "late_s": [0.0] * n, "speed": [1.0] * n}
    read_beats(written(tmp_path / "good.jsonl", **columns))
    columns[name][7] = value
    with pytest.raises(RecordError, match=message):
        read_beats(written(tmp_path / "bad.jsonl", **columns))


def test_too_few_beats_are_no_log(tmp_path: Path) -> None:
    """A second is too short to say anything."""
    with pytest.raises(RecordError, match="1 beats"):
        read_beats(written(tmp_path / "short.jsonl", at_s=[0.02], late_s=[0.0], speed=[1.0]))

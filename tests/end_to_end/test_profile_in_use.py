"""A device profile in use: the runtime plans with it where it holds, and says why where it does not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")

from edgereason import Reasoner
from edgereason.errors import RecordError
from edgereason.loading import cache_folder
from edgereason.measuring import Measured, measure_profile
from edgereason.profiling.cells import Cell


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A profile of the bundled model, of a few seconds, for one thread."""
    out = tmp_path_factory.mktemp("profile") / "p.json"
    return measure_profile("abacus", engine="onnx", engine_options={"threads": 1, "spin": False}, limit_s=3.0, out=out)


@pytest.fixture
def kept(measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The profile where loading looks for it, in a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache_folder("devices")
    folder.mkdir(parents=True)
    path = folder / "p.json"
    path.write_bytes(measured.path.read_bytes())
    return path


def test_a_profile_that_holds_is_planned_with(measured: Measured, kept: Path) -> None:
    """Its widths and its times; nothing is timed again, and nothing is said."""
    assert measured.profile is not None
    with Reasoner.load("abacus", engine="onnx", threads=1) as reasoner:
        costs, notes = reasoner.costs, reasoner.notes

    assert "measured" == costs.provenance["origin"]
    assert measured.profile.name == costs.provenance["profile"]
    assert not cache_folder("costs").exists()
    assert not any("profile" in note for note in notes)


def test_the_loop_around_passes_is_timed(measured: Measured) -> None:
    """It takes some time, and less than the pass that it surrounds."""
    assert measured.profile is not None
    medians = measured.profile.medians()
    (host_s,) = (seconds for cell, seconds in medians.items() if cell.kind == "host" and cell.rows == 1)
    assert 0 < host_s < medians[Cell("decode", 1, 64)]


def test_settings_that_were_chosen_are_taken(kept: Path) -> None:
    """A profile that chose two threads that spin opens the engine so, unless the caller says otherwise."""
    body = json.loads(kept.read_text())
    body["settings"] = {"threads": 2, "spin": True}
    body["bound_to"] |= {"threads": 2, "engine_settings": "idle threads spin"}
    kept.write_text(json.dumps(body))
    with Reasoner.load("abacus", engine="onnx") as reasoner:
        info, costs = reasoner.engine_info, reasoner.costs

    assert (2, "idle threads spin") == (info.threads, info.settings)
    assert "measured" == costs.provenance["origin"]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("threads", 7, "another thread count"), ("power_mode", "15W", "another power mode"), ("device", "x", "machine")],
)
def test_a_profile_of_something_else_is_refused_with_the_reason(
    kept: Path, field: str, value: object, reason: str
) -> None:
    """A note, and a quick timing instead; named on purpose it is an error."""
    body = json.loads(kept.read_text())
    body["bound_to"][field] = value
    kept.write_text(json.dumps(body))
    with Reasoner.load("abacus", engine="onnx", threads=1) as reasoner:
        costs, notes = reasoner.costs, reasoner.notes

    assert "profile" not in costs.provenance
    assert any(reason in note and repr(value) in note for note in notes)
    with pytest.raises(RecordError, match=reason):
        Reasoner.load("abacus", engine="onnx", threads=1, device_profile=kept)


def test_a_profile_of_another_model_is_no_matter(kept: Path) -> None:
    """Nothing is said about profiles of other weights."""
    body = json.loads(kept.read_text())
    body["bound_to"]["model_file"] = "sha256:other"
    kept.write_text(json.dumps(body))
    with Reasoner.load("abacus", engine="onnx", threads=1) as reasoner:
        assert not any("profile" in note for note in reasoner.notes)
        assert "profile" not in reasoner.costs.provenance


def test_a_damaged_profile_does_not_keep_anybody_from_asking(kept: Path) -> None:
    """A note names file and fault."""
    kept.write_text("{")
    with Reasoner.load("abacus", engine="onnx", threads=1) as reasoner:
        assert any("cannot be read" in note and str(kept) in note for note in reasoner.notes)
        assert reasoner.ask("1 + 1 = ?", deadline=5.0).answer is not None


def test_a_profile_can_be_named(measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it lies; a file that is none is an error of ours."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with Reasoner.load("abacus", engine="onnx", threads=1, device_profile=measured.path) as reasoner:
        assert "measured" == reasoner.costs.provenance["origin"]
    with pytest.raises(RecordError, match="cannot be read"):
        Reasoner.load("abacus", engine="onnx", device_profile=Path(os.devnull).parent)


def test_the_bundled_model_has_budgets_of_its_own(kept: Path) -> None:
    """Its easy profile, found by a search, hardly thinks; the general one would let a sum of many terms take more."""
    with Reasoner.load("abacus", engine="onnx", threads=1) as reasoner:
        plan = reasoner.ask("12 + 7 * 3 - 4 + 9 * 6 = ?", profile="easy", deadline=5.0).plan

    assert plan is not None
    assert (1, True) == (plan.num_rows, 0 < plan.rows[0].think_tokens <= 12)

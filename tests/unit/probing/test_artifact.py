"""A probe's folder: whole, checked and bound to a model, or refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from edgereason.errors import RecordError
from edgereason.probing.artifact import (
    CARD,
    CARD_TEXT,
    META,
    PICTURE,
    TENSORS,
    ProbeFile,
    read_card,
    read_probe,
    write_probe,
)
from edgereason.probing.build import probe_file
from edgereason.probing.curve import CurveProbe, check_fits
from edgereason.probing.examples import Examples
from edgereason.probing.fit import Fitted
from edgereason.probing.lookup import find_probe
from edgereason.probing.prior import DirectAnswerProbe
from edgereason.probing.tensors import unpack
from edgereason.profiling.calibrator import KINDS, fit_calibrator
from edgereason.testing import FakeEngine
from edgereason.types import LABELS, BudgetProfile, Evidence, ModelInfo

MODEL = ModelInfo(name="fake", lineage="L", file="F")
SOURCE = {"model": {"name": "fake", "lineage": "L", "file": "F"}}
PROFILES = {
    name: BudgetProfile(name=name, max_rows=1, think_tokens=t, answer_tokens=8)
    for name, t in zip(LABELS, (8, 32, 128), strict=True)
}


@pytest.fixture(scope="module")
def examples(make_examples: Callable[..., Examples]) -> Examples:
    """Few questions, since what is fitted hardly matters here."""
    return make_examples(n=160)


@pytest.fixture(scope="module")
def fitted(examples: Examples, quick_fit: Callable[..., Fitted]) -> Fitted:
    """Heads of these."""
    return quick_fit(examples)


@pytest.fixture(scope="module")
def probe(examples: Examples, fitted: Fitted) -> ProbeFile:
    """A probe that was fitted on the fake engine's states of two prompts."""
    engine = FakeEngine(hidden_size=6)
    prompts = [(ids, engine.prefill(ids).hidden) for ids in ((1, 2, 3), (4, 5))]
    return probe_file(examples, fitted, provenance=SOURCE, profiles=PROFILES, prompts=prompts)


@pytest.fixture
def folder(probe: ProbeFile, tmp_path: Path) -> Path:
    """The same on disk."""
    write_probe(probe, {"n": 1}, "# card\n", tmp_path / "probes" / "fake")
    return tmp_path / "probes" / "fake"


def evidence(features: np.ndarray) -> Evidence:
    """The evidence behind a row of features."""
    odds, entropy, first_odds, first_entropy = (float(value) for value in features[-4:])
    logprob, first = (-float(np.logaddexp(0, -value)) for value in (odds, first_odds))
    return Evidence(
        hidden=features[:-5], prompt_tokens=round(np.exp(features[-5])), direct_logprob=logprob,
        direct_entropy=entropy, first_logprob=first, first_entropy=first_entropy,
    )  # fmt: skip


def test_what_is_read_is_what_was_written(probe: ProbeFile, folder: Path) -> None:
    """Estimates to the bit, the card as it was, and nothing else left beside it."""
    read = read_probe(folder)
    for name, array in probe.arrays.items():
        assert np.array_equal(array, read.arrays[name]), name
    assert dataclasses.replace(probe, arrays={}) == dataclasses.replace(read, arrays={})
    assert ({"n": 1}, "# card\n") == read_card(folder)
    assert [folder] == list(folder.parent.iterdir())


def test_the_calibration_of_a_confidence_goes_with_the_probe(probe: ProbeFile, tmp_path: Path) -> None:
    """As it was, with its picture; an edited one is refused, though the digests be made to fit."""
    situations = {kind: np.random.default_rng(0).normal(size=(20, 2)) for kind in KINDS}
    half = {kind: np.arange(20) % 2.0 for kind in KINDS}
    model = fit_calibrator(situations, half, {kind: np.ones(20) for kind in KINDS}, 20)
    write_probe(dataclasses.replace(probe, confidence=model), {"n": 1}, "# card\n", tmp_path / "p", "<svg/>")
    assert model == read_probe(tmp_path / "p").confidence
    (tmp_path / "p" / PICTURE).write_text("<svg></svg>")
    with pytest.raises(RecordError, match=r"card\.svg"):
        read_card(tmp_path / "p")
    turned = dataclasses.replace(model, weights={kind: (1.0, 2.0, 3.0) for kind in KINDS})
    write_probe(dataclasses.replace(probe, confidence=turned), {"n": 1}, "# card\n", tmp_path / "q")
    with pytest.raises(RecordError, match="its own test"):
        read_probe(tmp_path / "q")


def test_the_folded_map_gives_what_the_heads_give(examples: Examples, fitted: Fitted, folder: Path) -> None:
    """Reduction, heads and temperatures in one product."""
    found = CurveProbe(read_probe(folder), "fake").outputs(examples.features)
    logits = fitted.heads.curve.logits(fitted.heads.reducer.apply(examples.features))
    bins = len(examples.points)
    scale = fitted.temperatures if fitted.form == "free" else 1.0
    chances = 1 / (1 + np.exp(-logits / scale))
    ends = [0, -1] if fitted.form == "free" else [0]
    assert np.allclose(chances[:, ends], found[:, : bins + 1][:, ends], atol=1e-4)
    assert np.allclose(1, found[:, -4:-1].sum(axis=1))
    assert (np.diff(found[:, bins + 1 : -4], axis=1) >= 0).all()


@pytest.mark.parametrize("name", [META, TENSORS, CARD, CARD_TEXT])
def test_a_damaged_or_missing_file_is_refused(folder: Path, name: str) -> None:
    """Any byte of any file; cut short; away."""
    content = (folder / name).read_bytes()
    places = np.linspace(0, len(content) - 1, 12).astype(int)
    spoilt = [content[:k] + bytes([content[k] ^ 1]) + content[k + 1 :] for k in places] + [content[:-9], b""]
    for each in spoilt:
        (folder / name).write_bytes(each)
        with pytest.raises(RecordError):
            (read_probe(folder), read_card(folder))
    (folder / name).unlink()
    with pytest.raises(RecordError):
        (read_probe(folder), read_card(folder))


def test_an_edited_value_is_refused(folder: Path) -> None:
    """By hand, in valid JSON."""
    values = json.loads((folder / META).read_text())
    values["provenance"]["model"]["lineage"] = "other"
    (folder / META).write_text(json.dumps(values))
    with pytest.raises(RecordError, match="edited or damaged"):
        read_probe(folder)


def test_other_weights_fail_the_probes_own_test(probe: ProbeFile, tmp_path: Path) -> None:
    """Also where every digest fits."""
    arrays = {**probe.arrays, "weight": probe.arrays["weight"] * np.float32(1.5)}
    write_probe(dataclasses.replace(probe, arrays=arrays), {}, "", tmp_path / "fake")
    with pytest.raises(RecordError, match="fails its own test"):
        CurveProbe(read_probe(tmp_path / "fake"), "fake")


def test_a_probe_belongs_to_a_lineage_and_to_states(probe: ProbeFile) -> None:
    """Its own file needs no look; another file must have the same states; another lineage or size is refused."""
    engine, other = FakeEngine(hidden_size=6), FakeEngine(hidden_size=7)
    assert 1.0 == check_fits(probe, MODEL, other)
    quantized = dataclasses.replace(MODEL, file="G")
    assert check_fits(probe, quantized, engine) > 0.999
    with pytest.raises(RecordError, match="other weights"):
        check_fits(probe, quantized, other)
    turned = dataclasses.replace(probe, arrays={**probe.arrays, "states": -probe.arrays["states"]})
    with pytest.raises(RecordError, match="other weights"):
        check_fits(turned, quantized, engine)
    with pytest.raises(RecordError, match="lineage"):
        check_fits(probe, dataclasses.replace(MODEL, lineage="M"), engine)


def test_a_folder_that_holds_something_else_is_left_alone(probe: ProbeFile, folder: Path, tmp_path: Path) -> None:
    """A probe is replaced by a probe; other files are not."""
    write_probe(probe, {"n": 2}, "", folder)
    assert {"n": 2} == read_card(folder)[0]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(RecordError, match="holds no probe"):
        write_probe(probe, {}, "", tmp_path / "mine")
    assert ["letter.txt"] == [path.name for path in (tmp_path / "mine").iterdir()]


def test_near_questions_are_estimated_and_far_ones_shrink_to_the_prior(examples: Examples, folder: Path) -> None:
    """In proportion to the conformal p, and the source says so; without a direct answer there is only the prior."""
    probe = CurveProbe(read_probe(folder), "fake")
    near = probe.estimate(evidence(examples.features[0]))
    assert (True, True, "probe 'fake'") == (near.in_distribution, near.calibrated, near.source)
    assert (0, *examples.points) == near.think_tokens
    assert len(near.think_tokens) == len(near.right) == len(near.finished)

    away = examples.features[0].copy()
    away[:6] += 1e3
    far = probe.estimate(evidence(away))
    prior = probe._prior.estimate(evidence(away))
    assert (False, False, True) == (far.in_distribution, far.calibrated, "by the prior" in far.source)
    assert all(abs(far.probabilities[name] - prior.probabilities[name]) < 0.15 for name in LABELS)
    assert np.allclose(1, [sum(each.probabilities.values()) for each in (near, far)])

    bare = Evidence(hidden=examples.features[0][:6], prompt_tokens=3)
    assert "no direct answer" in probe.estimate(bare).source
    assert "uncalibrated" in probe.estimate(evidence(examples.features[0][1:])).source  # a state of another size


def test_the_first_probe_of_the_lineage_is_found(probe: ProbeFile, folder: Path, tmp_path: Path) -> None:
    """The user's folder before the shipped one; none is the prior; other budgets and other states are noted."""
    engine, shipped = FakeEngine(hidden_size=6), folder.parent
    mine = tmp_path / "mine"
    write_probe(probe, {}, "", mine / "own")
    source = {"model": {**SOURCE["model"], "lineage": "other"}}
    write_probe(dataclasses.replace(probe, provenance=source), {}, "", mine / "another")

    found, notes = find_probe([mine, shipped], MODEL, engine, PROFILES)
    assert (CurveProbe, "own", []) == (type(found), found._name, notes)  # type: ignore[attr-defined]
    found, notes = find_probe([None, shipped], MODEL, engine, {**PROFILES, "hard": PROFILES["easy"]})
    assert ("fake", True) == (found._name, "other budgets than hard" in notes[0])  # type: ignore[attr-defined]
    unknown = dataclasses.replace(MODEL, lineage="M")
    assert (DirectAnswerProbe, []) == (type(find_probe([shipped], unknown, engine, PROFILES)[0]), [])
    retrained = dataclasses.replace(MODEL, file="G")
    found, notes = find_probe([shipped], retrained, FakeEngine(hidden_size=7), PROFILES)
    assert (DirectAnswerProbe, True) == (type(found), "is not used" in notes[0])


def test_tensors_are_read_as_the_library_writes_them() -> None:
    """Shapes, empty arrays and scalars."""
    arrays = {
        "b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "a": np.zeros((0, 4), np.float32),
        "c": np.float32([7]),
    }
    found = unpack(save(arrays))
    assert arrays.keys() == found.keys()
    assert all(np.array_equal(arrays[name], found[name]) and arrays[name].shape == found[name].shape for name in arrays)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        (2).to_bytes(8, "little") + b"[]",
        (4).to_bytes(8, "little") + b"null",
        save({"a": np.zeros(3, np.float64)}),
        save({"a": np.zeros(3, np.float32)})[:-4],
        save({"a": np.zeros(3, np.float32)}) + b"more",
    ],
)
def test_what_is_no_tensor_file_is_refused(content: bytes) -> None:
    """Other types of numbers too."""
    with pytest.raises(ValueError, match=r"."):
        unpack(content)

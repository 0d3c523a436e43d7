"""What is wrong with a model file is said in words: each fault its own error, and no fault ends the process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as foreign

from edgereason.engine.onnx import OnnxEngine
from edgereason.engine.onnx_session import translated
from edgereason.errors import (
    ClosedError,
    ConfigError,
    EdgeReasonError,
    EngineError,
    ModelFileError,
    ModelNotFoundError,
    RecordError,
)
from edgereason.testing import check_engine
from edgereason.types import GREEDY

Write = Callable[..., Path]


def refusal(path: Path, **options: Any) -> EdgeReasonError:
    """The error that opening this file raises."""
    with pytest.raises(EdgeReasonError) as error:
        OnnxEngine(path, threads=1, **options)
    return error.value


def edited(path: Path, edit: Callable[[onnx.ModelProto], None]) -> Path:
    """The file with its model changed."""
    model = onnx.load(path)
    edit(model)
    onnx.save(model, path)
    return path


def without(entries: Any, *names: str) -> None:
    """Remove the named inputs, outputs or weights."""
    kept = [entry for entry in entries if entry.name not in names]
    del entries[:]
    entries.extend(kept)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    """Another error than a damaged one."""
    error = refusal(tmp_path / "none.onnx")

    assert isinstance(error, ModelNotFoundError)
    assert "none.onnx" in str(error)


def test_a_folder_is_refused_with_the_models_in_it(tiny: Write) -> None:
    """The hint names the file that was probably meant."""
    error = refusal(tiny("plain").parent)

    assert isinstance(error, ModelFileError)
    assert "is a folder" in str(error)
    assert "plain.onnx" in error.hint


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """It says that it is empty."""
    (tmp_path / "m.onnx").write_bytes(b"")

    assert "is empty" in str(refusal(tmp_path / "m.onnx"))


@pytest.mark.parametrize("content", [b"not a model", b"\x00" * 500, b"GGUF\x03\x00\x00\x00", b"{}"])
def test_something_else_is_no_model(tmp_path: Path, content: bytes) -> None:
    """Text, zeros, another format."""
    (tmp_path / "m.onnx").write_bytes(content)
    error = refusal(tmp_path / "m.onnx")

    assert isinstance(error, ModelFileError)
    assert "ONNX" in str(error)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99, 0.9999])
def test_a_cut_file_is_refused(tiny: Write, share: float) -> None:
    """Wherever it was cut."""
    path = tiny("grouped")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    error = refusal(path)

    assert isinstance(error, ModelFileError)
    assert error.hint


_OPEN_DAMAGED = """
import random, sys
from pathlib import Path
from edgereason.engine.onnx import OnnxEngine
from edgereason.errors import EdgeReasonError
from edgereason.types import GREEDY

source, refused = Path(sys.argv[1]), 0
whole, target, draw = source.read_bytes(), source.with_name("flipped.onnx"), random.Random(0)
first_weight = whole.find(b"w0")
for number in range(200):
    damaged = bytearray(whole)
    for _ in range(3):  # half of them where the graph is, not the weights
        end = 6000 if number % 2 else len(damaged)
        damaged[draw.randrange(end)] ^= 1 << draw.randrange(8)
    target.write_bytes(damaged)
    try:
        engine = OnnxEngine(target, threads=1, context=64)
        batch = engine.batch()
        rows = batch.admit(engine.prefill([1, 2, 3]), GREEDY, [1, 2])
        batch.commit({row: [4] for row in rows})
        batch.propose()
    except EdgeReasonError:
        refused += 1
print(refused)
"""


@pytest.mark.parametrize("kind", ["grouped", "plain"])
def test_flipped_bits_never_end_the_process(tiny: Write, kind: str) -> None:
    """200 damaged files: each works (a weight is a weight) or raises an error of ours, nothing else, and no crash."""
    run = subprocess.run([sys.executable, "-c", _OPEN_DAMAGED, str(tiny(kind))], capture_output=True, text=True)

    assert run.returncode == 0, run.stderr[-2000:]
    assert 50 < int(run.stdout.split()[-1]) < 200


def test_a_graph_without_logits_is_no_language_model(tiny: Write) -> None:
    """It says which output is missing."""
    error = refusal(edited(tiny("plain"), lambda m: without(m.graph.output, "logits")))

    assert "no output 'logits'" in str(error)
    assert "decoder" in error.hint


def test_a_graph_without_a_cache_is_no_decoder(tiny: Write) -> None:
    """An encoder, or an export without past keys."""
    error = refusal(tiny("grouped", has_cache=False))

    assert "no key-value cache" in str(error)


def test_a_graph_that_wants_something_unknown_is_refused_by_its_name(tiny: Write) -> None:
    """Such as the image of a vision model."""
    image = onnx.helper.make_tensor_value_info("pixel_values", onnx.TensorProto.FLOAT, [1, 3])
    error = refusal(edited(tiny("plain"), lambda m: m.graph.input.append(image)))

    assert "'pixel_values'" in str(error)


def test_plain_attention_without_positions_is_refused(tiny: Write) -> None:
    """Rows of different lengths could not be right."""

    def fix_positions(model: onnx.ModelProto) -> None:
        without(model.graph.input, "position_ids")
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros((1, 1), np.int64), "position_ids"))

    assert "position_ids" in str(refusal(edited(tiny("plain"), fix_positions)))


def test_logits_that_are_no_numbers_are_found_at_opening(tiny: Write) -> None:
    """A weight of the head is NaN."""

    def spoil(model: onnx.ModelProto) -> None:
        head = model.graph.initializer[-1]
        values = onnx.numpy_helper.to_array(head).copy()
        values[3, 5] = np.nan
        head.CopyFrom(onnx.numpy_helper.from_array(values, head.name))

    assert "not finite" in str(refusal(edited(tiny("plain"), spoil)))


def test_weights_beside_the_model_are_found(tiny: Write) -> None:
    """A model may keep its weights in another file; the laws hold all the same."""
    path = kept_apart(tiny("grouped", gives_hidden=False))
    engine = OnnxEngine(path, threads=1)

    check_engine(engine)
    engine.close()


def kept_apart(path: Path) -> Path:
    """The model with its weights in a file of their own."""
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=64)
    return path


@pytest.mark.parametrize("fault", ["missing", "cut"])
def test_weights_that_are_missing_or_cut_are_named(tiny: Write, fault: str) -> None:
    """The error names the weight file."""
    path = kept_apart(tiny("grouped"))
    weights = path.parent / "weights.bin"
    if fault == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-100])

    assert "weights.bin" in str(refusal(path))


def test_the_hash_covers_weights_beside_the_model(tiny: Write) -> None:
    """The same graph over other weights is another model."""
    hashes = []
    path = kept_apart(tiny("grouped"))
    for _ in range(2):
        hashes.append(OnnxEngine(path, threads=1).file_sha256)
        weights = path.parent / "weights.bin"
        weights.write_bytes(bytes(8) + weights.read_bytes()[8:])

    assert hashes[0] != hashes[1]


def test_a_graph_with_a_loose_end_is_refused_by_its_name(tiny: Write) -> None:
    """A node that reads what nothing makes."""

    def cut_loose(model: onnx.ModelProto) -> None:
        model.graph.node[-1].input[0] = "lost"

    assert "reads 'lost', which nothing makes" in str(refusal(edited(tiny("plain"), cut_loose)))


def test_weights_outside_the_folder_are_refused(tiny: Write) -> None:
    """A model file cannot read elsewhere."""

    def point_outside(model: onnx.ModelProto) -> None:
        for weight in model.graph.initializer:
            for entry in weight.external_data:
                entry.value = "../secret" if entry.key == "location" else entry.value

    path = kept_apart(tiny("grouped"))
    model = onnx.load(path, load_external_data=False)
    point_outside(model)
    path.write_bytes(model.SerializeToString())

    assert "outside its folder" in str(refusal(path))


@pytest.mark.parametrize("content", ["{", "[]", '{"model": 3}', '{"model": {"decoder": []}}'])
def test_a_damaged_config_is_named(tiny: Write, content: str) -> None:
    """genai_config.json beside the model is read where there is one."""
    path = tiny("plain")
    (path.parent / "genai_config.json").write_text(content)

    assert "genai_config.json" in str(refusal(path))


def test_cache_names_and_context_come_from_the_config(tiny: Write) -> None:
    """A graph with names of its own, explained by genai_config.json."""
    path = tiny("grouped")

    def rename(model: onnx.ModelProto) -> None:
        for names in [model.graph.input, model.graph.output]:
            for value in names:
                value.name = _own_name(value.name)
        for node in model.graph.node:
            node.input[:] = [_own_name(name) for name in node.input]
            node.output[:] = [_own_name(name) for name in node.output]

    edited(path, rename)
    decoder = {
        "inputs": {"past_key_names": "in_k_%d", "past_value_names": "in_v_%d"},
        "outputs": {"present_key_names": "out_k_%d", "present_value_names": "out_v_%d"},
    }
    assert "no key-value cache" in str(refusal(path))
    (path.parent / "genai_config.json").write_text(json.dumps({"model": {"context_length": 100, "decoder": decoder}}))
    engine = OnnxEngine(path, threads=1)

    assert (engine.info.context, engine.info.num_layers) == (100, 2)
    check_engine(engine)


def _own_name(name: str) -> str:
    for usual, own in (("past_key_values", "in"), ("present", "out")):
        if name.startswith(usual + "."):
            _, layer, part = name.split(".")
            return f"{own}_{part[0]}_{layer}"
    return name


def test_a_grouped_graph_says_its_context_by_its_rotary_table(tiny: Write) -> None:
    """And one that does not say is assumed, with a note."""
    grouped = OnnxEngine(tiny("grouped"), threads=1)
    plain = OnnxEngine(tiny("plain"), threads=1)

    assert (grouped.info.context, grouped.info.notes) == (320, ())
    assert any("context" in note for note in plain.info.notes)


@pytest.mark.parametrize("option", [{"threads": 0}, {"context": -3}, {"max_rows": 0}, {"device": "cudaa"}])
def test_options_out_of_range_are_refused(tiny: Write, option: dict[str, Any]) -> None:
    """With the value in the message."""
    with pytest.raises(ConfigError, match=repr(next(iter(option.values())))):
        OnnxEngine(tiny("plain"), **option)


@pytest.mark.skipif("CUDAExecutionProvider" in foreign.get_available_providers(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_said_loudly(tiny: Write) -> None:
    """Asked for by name it is an error; with "auto" the CPU is used."""
    refused = refusal(tiny("plain"), device="cuda")
    assert isinstance(refused, EngineError)
    assert "no CUDA provider" in str(refused)
    engine = OnnxEngine(tiny("plain"), threads=1, device="auto")

    assert ("cpu", False) == (engine.info.device, any("CUDA" in note for note in engine.info.notes))


def test_a_gpu_build_that_falls_back_says_so(tiny: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library has the CUDA provider and it cannot be used, a note tells why the CPU is."""
    monkeypatch.setattr("edgereason.engine.onnx_session._try_cuda", lambda data, options: (None, "no driver"))
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: providers)

    assert ("running on the CPU: no driver",) == OnnxEngine(tiny("grouped"), threads=1, device="auto").info.notes


@pytest.mark.parametrize(
    "kind",
    [value for value in vars(foreign).values() if isinstance(value, type) and issubclass(value, Exception)],
    ids=lambda kind: kind.__name__,
)
def test_every_exception_of_the_library_is_translated(kind: type[Exception]) -> None:
    """None of onnxruntime's own gets out."""
    with pytest.raises(EngineError, match="a pass failed: why"), translated("a pass failed", EngineError):
        raise kind("why")


def test_a_failed_pass_closes_its_batch_and_nothing_else(tiny: Write) -> None:
    """A position beyond the table of a graph whose context was overstated fails inside the native call."""
    engine = OnnxEngine(tiny("plain"), threads=1, context=2000)
    prefix = engine.prefill([1] * 319)
    batch, other = engine.batch(), engine.batch()
    row, spared = batch.admit(prefix, GREEDY, [0])[0], other.admit(prefix, GREEDY, [0])[0]

    with pytest.raises(EngineError, match="a pass of the model failed"):
        batch.commit({row: [1, 1]})
    with pytest.raises(ClosedError):
        batch.propose()
    other.commit({spared: [1]})
    assert other.length(spared) == 320


def test_a_prefix_of_another_model_is_refused(tiny: Write, tmp_path: Path) -> None:
    """Even of one with the same sizes."""
    OnnxEngine(tiny("plain", seed=1), threads=1).prefill([1, 2]).save(tmp_path / "prefix")
    other = OnnxEngine(tiny("plain", seed=2), threads=1)

    with pytest.raises(RecordError, match="another model file"):
        other.load_prefix(tmp_path / "prefix")


def test_a_refusal_prints_nothing(tiny: Write, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither when a file cannot be loaded nor when a pass fails: what there is to say is in the error."""

    def make_unknown(model: onnx.ModelProto) -> None:
        model.graph.node[-1].op_type = "MatMulNBits"

    error = refusal(edited(tiny("plain"), make_unknown))
    assert "cannot be loaded" in str(error)
    with pytest.raises(EngineError):
        OnnxEngine(tiny("plain"), threads=1, context=2000).prefill([1] * 321)

    assert capfd.readouterr() == ("", "")


def test_a_cache_of_unnamed_size_is_read_off_the_rotary_table(tiny: Write) -> None:
    """Some exports leave the head size a symbol."""

    def forget_size(model: onnx.ModelProto) -> None:
        for value in (*model.graph.input, *model.graph.output):
            if "key" in value.name or "value" in value.name:
                value.type.tensor_type.shape.dim[1].dim_param = "heads"
                value.type.tensor_type.shape.dim[3].dim_param = "size"

    path = tiny("grouped")
    named = OnnxEngine(path, threads=1).info

    assert OnnxEngine(edited(path, forget_size), threads=1).info == named


def test_rows_with_holes_between_them_still_run_side_by_side(tiny: Write) -> None:
    """Where the shared columns would outgrow the context, the holes are closed first."""
    engine = OnnxEngine(tiny("plain"), threads=1, context=320)
    batch = engine.batch()
    rows = [batch.admit(engine.prefill([1] * length), GREEDY, [0])[0] for length in (280, 5)]
    passes = [batch.commit({rows[0]: [1], rows[1]: [2] * 9}) for _ in range(8)]

    assert [(each.count, each.rows) for each in passes] == [(2, 2)] * 8


def test_every_flipped_bit_of_a_saved_prefix_is_noticed(tiny: Write, tmp_path: Path) -> None:
    """Archives carry checksums: a prefix that loads is the prefix that was saved."""
    engine = OnnxEngine(tiny("grouped"), threads=1)
    prefix = engine.prefill([1, 2, 3])
    prefix.save(tmp_path / "prefix")
    whole = (tmp_path / "prefix").read_bytes()
    logits = prefix.cache().logits().tolist()
    draw = np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[int(draw.integers(len(damaged)))] ^= 1 << int(draw.integers(8))
        (tmp_path / "damaged").write_bytes(damaged)
        try:
            loaded = engine.load_prefix(tmp_path / "damaged")
        except RecordError:
            continue
        assert (loaded.tokens, loaded.cache().logits().tolist()) == (prefix.tokens, logits)


def test_a_prefix_that_cannot_be_written_is_an_error(tiny: Write, tmp_path: Path) -> None:
    """A folder that is not there stands for a disk that is full."""
    with pytest.raises(EngineError, match="cannot be written"):
        OnnxEngine(tiny("plain"), threads=1).prefill([1]).save(tmp_path / "no" / "such" / "folder")


def test_a_closed_engine_refuses_and_so_do_its_handles(tiny: Write) -> None:
    """Everything after close raises ClosedError, and nothing is held."""
    engine = OnnxEngine(tiny("grouped"), threads=1)
    prefix, batch = engine.prefill([1, 2]), engine.batch()
    batch.admit(prefix, GREEDY, [0])
    assert engine.held_bytes > 0
    engine.close()
    engine.close()

    for call in (lambda: engine.prefill([1]), engine.batch, batch.propose, lambda: prefix.hidden):
        with pytest.raises(ClosedError):
            call()
    assert engine.held_bytes == 0


@pytest.mark.parametrize("kind", ["grouped", "plain"])
def test_rows_that_outgrow_their_buffers_stay_what_they_are(tiny: Write, kind: str) -> None:
    """150 steps with rows coming and going, then each row against its whole context prefilled at once."""
    engine = OnnxEngine(tiny(kind), threads=1, context=320)
    draw = np.random.default_rng(0)
    batch, contexts = engine.batch(), {}
    for step in range(150):
        if step % 20 == 0:
            prompt = tuple(draw.integers(1, 96, 3 + step // 10).tolist())
            for row in batch.admit(engine.prefill(prompt), GREEDY, [step, step + 1]):
                contexts[row] = prompt
        if step % 33 == 32:
            gone = list(contexts)[step % 3]
            del contexts[gone]
            batch.keep(contexts)
        new = {row: int(draw.integers(1, 96)) for row in contexts}
        batch.commit({row: [token] for row, token in new.items()})
        contexts = {row: (*context, new[row]) for row, context in contexts.items()}

    states = {row: batch.hidden(row) for row in batch.rows}
    for row, context in contexts.items():
        assert np.abs(states[row] - engine.prefill(context).hidden).max() < 1e-4


def test_dropped_rows_give_their_memory_back(tiny: Write) -> None:
    """After dropping all but one of eight rows, a small part is still held."""
    for kind in ("grouped", "plain"):
        engine = OnnxEngine(tiny(kind), threads=1)
        prefix, batch = engine.prefill([1] * 40), engine.batch()
        rows = batch.admit(prefix, GREEDY, range(8))
        batch.commit({row: [1] for row in rows})
        full = batch.held_bytes
        batch.keep(rows[:1])

        assert batch.held_bytes <= full / 4

"""A damaged GGUF file never ends the process that asks for it: the check and a first load in a child see to that."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest

from edgereason.engine import gguf_probe, open_engine
from edgereason.engine.gguf_format import read_gguf
from edgereason.engine.gguf_probe import prove_gguf
from edgereason.errors import EngineError, ModelFileError, ModelNotFoundError
from edgereason.types import GREEDY

pytest.importorskip("llama_cpp")
BUNDLED = Path(__file__).parents[2] / "models" / "abacus" / "model-q8_0.gguf"

_DAMAGE = """
import collections, json, os, random, sys
from pathlib import Path
import llama_cpp, numpy  # once, before anything is forked
from edgereason.engine import ENGINES, open_engine
from edgereason.engine.gguf_header import check_gguf
from edgereason.engine.gguf_probe import first_load
from edgereason.errors import EdgeReasonError
from edgereason.types import GREEDY

source, files, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
whole, draw = source.read_bytes(), random.Random(seed)
begin = min(tensor.offset for tensor in check_gguf(source).tensors)
target = Path(sys.argv[4]) / "damaged.gguf"

def fate(call):  # of a process that does this: 0, 1 for an error of ours, 100 for any other, below 0 for a signal
    child = os.fork()
    if child == 0:
        try:
            code = call()
        except EdgeReasonError:
            code = 1
        except BaseException:
            code = 100
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def use():  # what a user's process does with a file that the check and the first load have let through
    if "llama-cpp" not in ENGINES:
        return first_load(target)
    engine = open_engine("llama-cpp", target, context=64, threads=1)
    batch = engine.batch()
    rows = batch.admit(engine.prefill([1, 2, 3]), GREEDY, [1, 2])
    batch.commit({row: [4] for row in rows})
    batch.propose()
    return 0

fates = collections.Counter()
for number in range(files):
    damaged = bytearray(whole)
    if number % 5 == 0:
        del damaged[draw.randrange(len(damaged)) :]
    else:
        for _ in range(draw.choice((1, 1, 3))):  # three of five where the header is
            damaged[draw.randrange(begin if number % 5 < 4 else len(damaged))] ^= 1 << draw.randrange(8)
    target.write_bytes(damaged)
    checked = fate(lambda: check_gguf(target) and 0)
    if checked:
        fates["check " + str(checked)] += 1
        continue
    loaded = fate(lambda: first_load(target))
    if loaded:
        fates["load " + ("died" if loaded < 0 else "refused")] += 1
        continue
    fates["use " + str(fate(use))] += 1
print(json.dumps(fates))
"""


def random_mixture(path: Path) -> Path:
    """A mixture of experts with random weights, written here: an architecture with more that can be wrong."""
    rng = np.random.default_rng(0)
    width, experts, vocabulary = 32, 4, 64
    writer = gguf.GGUFWriter(path, "qwen3moe")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(64)
    writer.add_expert_feed_forward_length(16)
    writer.add_expert_count(experts)
    writer.add_expert_used_count(2)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_key_length(16)
    writer.add_value_length(16)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([f"word{index}" for index in range(vocabulary)])
    writer.add_token_types([1] * vocabulary)
    writer.add_token_merges(["w o", "r d"])
    shapes = {
        "token_embd": (vocabulary, width), "output_norm": (width,), "output": (vocabulary, width),
        "blk.0.attn_norm": (width,), "blk.0.ffn_norm": (width,), "blk.0.attn_q_norm": (16,), "blk.0.attn_k_norm": (16,),
        "blk.0.attn_q": (32, width), "blk.0.attn_k": (16, width), "blk.0.attn_v": (16, width),
        "blk.0.attn_output": (width, 32), "blk.0.ffn_gate_inp": (experts, width),
        "blk.0.ffn_gate_exps": (experts, 16, width), "blk.0.ffn_up_exps": (experts, 16, width),
        "blk.0.ffn_down_exps": (experts, width, 16),
    }  # fmt: skip
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", rng.normal(0, 0.2, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(("name", "files"), [("abacus", 500), ("random", 250), ("stories260K.gguf", 250)])
def test_no_damage_ends_the_process_of_whoever_asks(
    name: str, files: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Copies with bits flipped or cut off: refused by the check, or by a child that may die, or used."""
    if name == "random":
        path = random_mixture(tmp_path / "random.gguf")
        prove_gguf(path, tmp_path / "seen")
    else:
        path = BUNDLED if name == "abacus" else request.getfixturevalue("test_data") / "models" / name
    run = subprocess.run(
        [sys.executable, "-c", _DAMAGE, str(path), str(files), "0", str(tmp_path)],
        env={**os.environ, "GGML_NO_BACKTRACE": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    fates = json.loads(run.stdout)

    assert {"check 1", "load died", "load refused", "use 0", "use 1"} >= set(fates), fates
    assert 0.2 * files < fates["check 1"] < 0.8 * files
    assert files == sum(fates.values())


def test_a_file_is_loaded_by_a_child_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it changes, in size, time or content at its ends; a folder that cannot be written is no obstacle."""
    loads = []
    monkeypatch.setattr(gguf_probe, "_load_in_child", lambda header: loads.append(header.parts))
    path = Path(shutil.copy(BUNDLED, tmp_path))
    for _ in range(2):
        assert "llama" == prove_gguf(path, tmp_path / "seen").architecture
    assert 1 == len(loads)
    os.utime(path, (1, 1))
    prove_gguf(path, tmp_path / "seen")
    prove_gguf(path, Path(os.devnull) / "seen")

    assert [(path,)] * 3 == loads


def changed(path: Path, place: int, content: bytes) -> Path:
    """The file with these bytes at a place."""
    data = bytearray(path.read_bytes())
    data[place : place + len(content)] = content
    path.write_bytes(data)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the bundled file to damage."""
    return Path(shutil.copy(BUNDLED, tmp_path / "mine.gguf"))


def refusal(path: Path) -> str:
    """What is said against a file that passes the check of its header; nothing is remembered of it."""
    seen = path.parent / "seen"
    with pytest.raises(ModelFileError) as caught:
        prove_gguf(path, seen)
    assert caught.value.hint
    assert not seen.exists()
    return str(caught.value)


def test_what_ends_the_loading_process_is_an_error_of_ours(model: Path) -> None:
    """Two tokens of the same text: llama.cpp stops its process at an assertion."""
    place = read_gguf(model).metadata["tokenizer.ggml.tokens"]
    first = place.offset  # type: ignore[union-attr]
    (length,) = struct.unpack_from("<Q", model.read_bytes(), first)
    second = first + 8 + length
    assert (length,) == struct.unpack_from("<Q", model.read_bytes(), second)
    said = refusal(changed(model, second, model.read_bytes()[first : first + 8 + length]))

    assert f"ends the process that loads it (signal {int(signal.SIGABRT)})" in said
    assert "GGML_ASSERT" in said


def test_the_first_load_sees_the_callers_modules_and_not_its_folder(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file named like a library, in the folder that a command is started in, is not run; a relative path is found."""
    for name in ("llama_cpp", "numpy", "edgereason"):
        (model.parent / f"{name}.py").write_text("raise SystemExit(99)")
    monkeypatch.chdir(model.parent)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])

    assert 1 == len(prove_gguf(Path(model.name), Path("seen")).parts)
    assert 1 == len(list(Path("seen").iterdir()))


def test_a_load_that_is_killed_hints_at_memory(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Linux does where memory runs out."""
    killed = subprocess.CompletedProcess([], -signal.SIGKILL, b"", b"")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: killed)
    with pytest.raises(ModelFileError, match="signal 9") as caught:
        prove_gguf(model, model.parent / "seen")

    assert "memory" in caught.value.hint


def test_an_architecture_that_is_not_known_is_refused_in_llama_cpps_words(model: Path) -> None:
    """Which of them there are is the library's to say."""
    model.write_bytes(model.read_bytes().replace(b"llama", b"lemma"))

    assert "is refused by llama.cpp: unknown model architecture: 'lemma'" in refusal(model)


def test_weights_that_are_no_numbers_are_found_at_the_first_pass(model: Path) -> None:
    """A tensor of NaN, and one of infinity."""
    norm = next(tensor for tensor in read_gguf(model).tensors if tensor.name == "output_norm.weight")
    for value in (float("nan"), float("inf")):
        content = struct.pack("<f", value) * (norm.num_bytes // 4)
        assert "logits that are not finite at its first pass" in refusal(changed(model, norm.offset, content))


def test_the_engine_refuses_logits_that_are_no_numbers(model: Path) -> None:
    """Whoever opens it without the first load meets the error at the first proposal."""
    pytest.importorskip("edgereason.engine.llama_cpp")
    norm = next(tensor for tensor in read_gguf(model).tensors if tensor.name == "output_norm.weight")
    changed(model, norm.offset, struct.pack("<f", float("nan")) * (norm.num_bytes // 4))
    with pytest.raises(EngineError, match="finite"):  # noqa: PT012 - at opening, at the first pass or at the proposal
        engine = open_engine("llama-cpp", model, context=64, threads=1)
        batch = engine.batch()
        batch.admit(engine.prefill([1, 5]), GREEDY, [0])
        batch.propose()


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model"])
def test_what_the_check_refuses_is_never_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """Not even by a child."""
    monkeypatch.setattr(gguf_probe, "_load_in_child", lambda header: pytest.fail("it was loaded"))
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(ModelFileError):
        prove_gguf(tmp_path / "m.gguf", tmp_path)
    with pytest.raises(ModelNotFoundError):
        prove_gguf(tmp_path / "n.gguf", tmp_path)

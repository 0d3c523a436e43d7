"""Damaged, missing and foreign model files through `-m`: each its own clear error, and never a crash."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import tokenizers

from edgereason import loading

Run = Callable[..., "subprocess.CompletedProcess[str]"]
QUESTION = "17 + 25 = ?"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the bundled model's folder to damage."""
    files = loading.find_model("abacus")
    folder = tmp_path / "my model"
    folder.mkdir()
    for path in files.folder.iterdir():
        if path.is_file() and path.suffix not in (".gguf", ".safetensors", ".py"):
            shutil.copy(path, folder)
    return folder


def weights(folder: Path) -> Path:
    """The file that the engine runs."""
    return loading.find_model(folder).weights


def refusal(edgereason: Run, model: Path | str) -> str:
    """Standard error of an ask that must fail with a message and without an answer."""
    done = edgereason("ask", QUESTION, "-m", str(model), "-q")

    assert (1, "") == (done.returncode, done.stdout), done.stderr
    assert done.stderr.startswith("edgereason: ")
    return done.stderr


def test_a_copied_folder_answers(edgereason: Run, model: Path) -> None:
    """What the damage below is measured against; the folder has a space in its name."""
    done = edgereason("ask", QUESTION, "-m", str(model), "-q")

    assert (0, True) == (done.returncode, bool(done.stdout.strip())), done.stderr


def test_a_file_answers_as_its_folder_does(edgereason: Run, model: Path) -> None:
    """Either may be named."""
    done = edgereason("ask", QUESTION, "-m", str(weights(model)), "-q")

    assert (0, True) == (done.returncode, bool(done.stdout.strip())), done.stderr


def test_a_missing_file_is_named(edgereason: Run, tmp_path: Path) -> None:
    """And what is bundled is offered."""
    said = refusal(edgereason, tmp_path / "nothing.onnx")

    assert "nothing.onnx" in said
    assert "abacus" in said


def test_an_empty_folder_holds_no_model(edgereason: Run, tmp_path: Path) -> None:
    """A folder is a model only with a model file in it."""
    (tmp_path / "empty").mkdir()

    assert "holds no model file" in refusal(edgereason, tmp_path / "empty")


def test_a_file_of_another_kind_is_refused(edgereason: Run, model: Path) -> None:
    """A text file is no model, whatever lies beside it."""
    (model / "notes.txt").write_text("hello")

    assert "notes.txt" in refusal(edgereason, model / "notes.txt")


def test_an_empty_model_file_is_refused(edgereason: Run, model: Path) -> None:
    """Zero bytes."""
    path = weights(model)
    path.write_bytes(b"")

    assert path.name in refusal(edgereason, model)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_truncated_model_file_is_refused(edgereason: Run, model: Path, share: float) -> None:
    """A download that stopped early."""
    path = weights(model)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])

    assert path.name in refusal(edgereason, model)


def test_text_in_the_place_of_a_model_is_refused(edgereason: Run, model: Path) -> None:
    """Such as the page of a download that failed, or the pointer of a large-file store."""
    path = weights(model)
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")

    assert path.name in refusal(edgereason, model)


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_never_crashes(edgereason: Run, model: Path, seed: int) -> None:
    """Refused, or answered (a bit of a weight changes little); never killed by a signal, never a traceback."""
    path = weights(model)
    content = bytearray(path.read_bytes())
    draw = random.Random(seed)
    place = draw.randrange(2000 if seed % 2 else len(content))
    content[place] ^= 1 << draw.randrange(8)
    path.write_bytes(content)
    done = edgereason("ask", QUESTION, "-m", str(model), "--deadline", "2s", "-q")

    assert done.returncode in (0, 1, 124), done.stderr
    assert bool(done.stdout.strip()) == (done.returncode == 0)


def test_a_graph_that_is_no_decoder_is_refused(edgereason: Run, model: Path) -> None:
    """A valid ONNX file of something else."""
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])], "relu", [value("x", kind, [1])], [value("y", kind, [1])]
    )
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), weights(model))

    assert "decoder" in refusal(edgereason, model)


def test_a_missing_tokenizer_is_named(edgereason: Run, model: Path) -> None:
    """The weights alone are not a model."""
    (model / "tokenizer.json").unlink()

    assert "tokenizer" in refusal(edgereason, model)


def test_a_damaged_tokenizer_is_refused(edgereason: Run, model: Path) -> None:
    """Half a tokenizer is none."""
    path = model / "tokenizer.json"
    path.write_bytes(path.read_bytes()[:1000])

    assert "tokenizer" in refusal(edgereason, model)


def test_another_models_tokenizer_is_refused(edgereason: Run, model: Path) -> None:
    """A vocabulary larger than the model's cannot be its own."""
    words = {f"word{index}": index for index in range(50_000)}
    tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="word0")).save(str(model / "tokenizer.json"))

    assert "50,000 tokens" in refusal(edgereason, model)


PLAIN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)


def test_a_template_without_thoughts_is_answered_plainly_and_said_aloud(
    edgereason: Run, model: Path, tmp_path: Path
) -> None:
    """A template of the caller's that shows no thoughts: a note names the options, and with them it thinks."""
    (tmp_path / "plain.jinja").write_text(PLAIN, encoding="utf-8")
    ask = ("ask", QUESTION, "-m", str(model), "--chat-template", str(tmp_path / "plain.jinja"), "--json", "-q")
    ask += ("--profile", "normal")
    tags = ("--think-open", "<think>", "--think-close", "</think>")
    plain, named = (json.loads(edgereason(*ask, *more).stdout) for more in ((), tags))

    assert [True, False] == [any("--think-open" in note for note in each["notes"]) for each in (plain, named)]
    assert ["", True] == [plain["reasoning"], bool(named["reasoning"])]
    assert None not in (plain["answer"], named["answer"])

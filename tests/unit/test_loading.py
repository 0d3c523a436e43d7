"""Finding a model by name, folder or file, and telling two files apart."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from edgereason.errors import ConfigError, EngineMissingError, ModelFileError, ModelNotFoundError, TokenizerError
from edgereason.loading import (
    HASHED_BLOCK,
    HASHED_BLOCKS,
    ModelFiles,
    accuracy_profile_of,
    bundled_models,
    describe,
    estimate,
    file_identity,
    find_model,
    open_tokenizer,
)
from edgereason.prompting import PromptOptions, Tokenizer
from edgereason.types import Message

BUNDLED = find_model("abacus").folder


def test_the_bundled_model_is_found_by_name() -> None:
    """Its folder holds everything that an engine needs."""
    files = find_model("abacus")

    assert ["abacus"] == bundled_models()
    assert ("abacus", "model.onnx", "onnx") == (files.name, files.weights.name, files.engine)
    assert 2048 == describe("abacus")["vocab_size"]


def test_a_bundled_name_is_not_shadowed_by_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of that name is meant by ./name."""
    (tmp_path / "abacus").mkdir()
    (tmp_path / "abacus" / "other.onnx").touch()
    monkeypatch.chdir(tmp_path)

    assert "model.onnx" == find_model("abacus").weights.name
    assert "other.onnx" == find_model("./abacus").weights.name


def test_models_are_named_after_their_folder_or_their_file(tmp_path: Path) -> None:
    """`model.onnx` says nothing, so its folder names it; another file names itself."""
    for name in ("model.onnx", "tiny.onnx"):
        (tmp_path / "qwen").mkdir(exist_ok=True)
        (tmp_path / "qwen" / name).touch()

    names = [find_model(tmp_path / "qwen" / name).name for name in ("model.onnx", "tiny.onnx")]
    assert ["qwen", "tiny", "qwen"] == [*names, find_model(tmp_path / "qwen").name]


def test_the_file_that_genai_config_names_is_preferred(tmp_path: Path) -> None:
    """Of several files in a folder; without one to prefer, the choice is the caller's."""
    for name in ("a.onnx", "b.onnx"):
        (tmp_path / name).touch()
    with pytest.raises(ModelNotFoundError, match=r"a\.onnx, b\.onnx"):
        find_model(tmp_path)
    (tmp_path / "genai_config.json").write_text('{"model": {"decoder": {"filename": "b.onnx"}}}')

    assert "b.onnx" == find_model(tmp_path).weights.name


def test_a_tokenizer_may_lie_above_the_weights(tmp_path: Path) -> None:
    """Where there is none beside them."""
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "model_q4.onnx").touch()
    beside = find_model(tmp_path / "onnx").folder
    (tmp_path / "tokenizer.json").touch()
    above = find_model(tmp_path / "onnx" / "model_q4.onnx").folder
    (tmp_path / "onnx" / "tokenizer.json").touch()

    assert [tmp_path / "onnx", tmp_path, tmp_path / "onnx"] == [beside, above, find_model(tmp_path / "onnx").folder]


def test_a_name_of_the_hub_must_have_the_form_of_one() -> None:
    """Before anything is imported or asked."""
    with pytest.raises(ConfigError, match="'hf:abacus' is no name of the hub"):
        find_model("hf:abacus")


def test_a_folder_with_both_files_runs_either() -> None:
    """ONNX unless another engine is named; a file's path picks its own engine, and no other runs it."""
    folder = find_model("abacus").folder
    found = [find_model(folder, engine) for engine in ("auto", "onnx", "llama-cpp")]
    assert ["onnx", "onnx", "llama-cpp"] == [files.engine for files in found]
    assert [".onnx", ".onnx", ".gguf"] == [files.weights.suffix for files in found]

    assert "llama-cpp" == find_model(found[2].weights).engine
    with pytest.raises(ConfigError, match="run by the engine 'llama-cpp', not by 'onnx'"):
        find_model(found[2].weights, "onnx")


def test_an_accuracy_profile_serves_the_model_that_it_was_recorded_of(tmp_path: Path) -> None:
    """The shipped one the bundled model, whatever its name; another lineage has none, and the user's comes first."""
    shipped = Path(next(iter(import_module("edgereason.profiles").__path__))) / "accuracy" / "abacus.json"
    values = json.loads(shipped.read_text(encoding="utf-8"))
    lineage = values["provenance"]["model"]["lineage"]
    values["all"]["n"] = 12345
    (tmp_path / "mine.json").write_text(json.dumps(values), encoding="utf-8")
    found = [accuracy_profile_of(lineage), accuracy_profile_of("other"), accuracy_profile_of(lineage, tmp_path)]

    assert [2500, None, 12345] == [profile and profile.all.n for profile in found]


def test_an_estimate_says_that_rows_share_the_context() -> None:
    """And is given for GGUF files alone."""
    found = estimate("abacus", "llama-cpp", context=2000)
    assert (2048, 1024) == (found["context_shared_by_all_rows"], found["context_of_one_row"])

    with pytest.raises(ConfigError, match="cannot be estimated"):
        estimate("abacus")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """Nothing there, an empty folder, a file of another kind, an engine that does not exist."""
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        find_model(tmp_path / "nowhere")
    with pytest.raises(ModelNotFoundError, match="no model file"):
        find_model(tmp_path / "empty")
    with pytest.raises(ModelFileError, match=r"notes\.txt"):
        find_model(tmp_path / "notes.txt")
    with pytest.raises(ConfigError, match="onxx") as caught:
        find_model("abacus", "onxx")
    assert "Did you mean 'onnx'?" in caught.value.hint


def test_a_large_file_is_told_apart_by_its_blocks_and_size(tmp_path: Path) -> None:
    """Beginning, middle, end and length count; nothing else has to be read."""
    size = HASHED_BLOCK * (HASHED_BLOCKS + 4)

    def written(place: int, length: int = size) -> str:
        path = tmp_path / "weights"
        with path.open("wb") as file:
            file.truncate(length)
            file.seek(place)
            file.write(b"x")
        return file_identity(path)

    assert written(0) == written(0)
    assert 4 == len({written(0), written(size // 2), written(size - 1), written(0, size + 1)})


# ---------------------------------------------------------------- which tokenizer


def tokenizer_of(folder: Path, *names: str, prompts: PromptOptions | None = None) -> Tokenizer:
    """The tokenizer of a folder with these of the bundled model's files, weights as GGUF."""
    for name in names:
        shutil.copy(BUNDLED / name, folder)
    files = ModelFiles(name="x", folder=folder, weights=folder / "model-q8_0.gguf", engine="llama-cpp")
    return open_tokenizer(files, prompts or PromptOptions())


def test_both_files_of_the_bundled_model_are_of_one_lineage(tmp_path: Path) -> None:
    """tokenizer.json and the GGUF's own vocabulary: the same ids for the same text, the same prompts, one identity."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    own, beside = tokenizer_of(tmp_path, "model-q8_0.gguf"), tokenizer_of(BUNDLED)
    question = [Message(role="user", content="Tom has 17 apples, <think>\nnaïve 😀</think>  how many?\n\n")]

    assert own._vocabulary.source.endswith(".gguf")
    ours, theirs = beside.prompt(question), own.prompt(question)
    assert ours.tokens == theirs.tokens
    assert replace(ours.markers, end_of_turn=frozenset()) == replace(theirs.markers, end_of_turn=frozenset())
    assert beside.end_of_turn <= own.end_of_turn, "llama.cpp also knows some by their text"
    assert beside.identity == own.identity


def test_a_tokenizer_json_beside_the_weights_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no llama-cpp-python; without it a GGUF file does, and the error says how to get it."""
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    monkeypatch.delitem(sys.modules, "edgereason.engine.llama_vocab", raising=False)
    with pytest.raises(EngineMissingError, match="llama_cpp") as caught:
        tokenizer_of(tmp_path, "model-q8_0.gguf")
    assert "[llama]" in caught.value.hint
    names = ("tokenizer.json", "tokenizer_config.json", "config.json", "chat_template.jinja")

    assert str(tmp_path) == tokenizer_of(tmp_path, *names)._vocabulary.source


def test_the_template_in_the_gguf_serves_where_the_folder_has_none(tmp_path: Path) -> None:
    """A tokenizer.json without any template beside it; a caller's template is before both."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    names = ("model-q8_0.gguf", "tokenizer.json", "config.json")
    own = tmp_path / "own.jinja"
    own.write_text("{{ messages[0].content }}", encoding="utf-8")

    assert tokenizer_of(BUNDLED).chat_template == tokenizer_of(tmp_path, *names).chat_template
    assert own.read_text() == tokenizer_of(tmp_path, prompts=PromptOptions(chat_template=own)).chat_template


def test_a_gguf_without_a_template_says_what_to_do(test_data: Path) -> None:
    """No template anywhere: the error names the file and the option."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    weights = test_data / "models" / "stories260K.gguf"
    files = ModelFiles(name="x", folder=weights.parent, weights=weights, engine="llama-cpp")
    with pytest.raises(TokenizerError, match=r"stories260K\.gguf.*has no chat template") as caught:
        open_tokenizer(files, PromptOptions())

    assert "--chat-template" in caught.value.hint

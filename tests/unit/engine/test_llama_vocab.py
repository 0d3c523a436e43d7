"""The vocabulary of a GGUF file as llama.cpp reads it: golden ids, bytes, what the file says, and every handle freed.

The golden ids bind `Vocabulary.encode` of GGUF files, which is llama.cpp's own tokenizer, for phi-3 (SentencePiece),
gpt-2 and deepseek-llm (byte-level BPE). No tokenizer.json of these models is at hand: they say nothing of that reader.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

from edgereason.engine import open_vocabulary
from edgereason.errors import ClosedError, ModelNotFoundError, QuestionError, TokenizerError

llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

from edgereason.engine.llama_vocab import LlamaVocabulary  # noqa: E402 - needs the library

NAMES = ("phi-3", "gpt-2", "deepseek-llm")
SEPARATOR = "\n__ggml_vocab_test__\n"
BUNDLED = Path(__file__).parents[3] / "models" / "abacus"


@pytest.fixture(scope="module", params=NAMES)
def golden(request: pytest.FixtureRequest, test_data: Path) -> tuple[LlamaVocabulary, list[str], list[list[int]]]:
    """A real vocabulary, the texts, and their ids."""
    path = test_data / "vocab" / f"ggml-vocab-{request.param}.gguf"
    texts = path.with_suffix(".gguf.inp").read_text(encoding="utf-8").split(SEPARATOR)[:-1]
    lines = path.with_suffix(".gguf.out").read_text(encoding="utf-8").split("\n")
    return LlamaVocabulary(path), texts, [[int(index) for index in line.split()] for line in lines][: len(texts)]


def test_the_ids_are_the_golden_ones(golden) -> None:
    """Every text of the golden files has their ids, to the last."""
    vocabulary, texts, ids = golden
    assert len(texts) > 40

    assert ids == [vocabulary.encode(text).ids for text in texts]


def test_ids_spell_the_text_and_every_character_lies_in_one_stretch(golden) -> None:
    """The bytes of the ids are those of the text (but for a blank before it), and the offsets run through it."""
    vocabulary, texts, _ = golden
    for text in filter(None, texts):
        encoded = vocabulary.encode(text)
        spelled = b"".join(map(vocabulary.bytes_of, encoded.ids)).decode()

        assert (" " if vocabulary.spaces_start else "") + text == spelled
        assert [0, len(text)] == [encoded.offsets[0][0], encoded.offsets[-1][1]]
        assert all(left[1] == right[0] for left, right in zip(encoded.offsets, encoded.offsets[1:], strict=False))


def test_what_the_file_says_is_known(test_data: Path) -> None:
    """phi-3: its template, its first token, all that ends a turn, and which tokens take whitespace along."""
    vocabulary = LlamaVocabulary(test_data / "vocab" / "ggml-vocab-phi-3.gguf")
    added = {token.text: token for token in vocabulary.added}

    assert (32064, 1, True) == (vocabulary.size, vocabulary.bos, vocabulary.spaces_start)
    assert "<|assistant|>" in (vocabulary.chat_template or "")
    assert {"bos_token": "<s>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"} == vocabulary.named_tokens
    assert {added[text].id for text in ("</s>", "<|endoftext|>", "<|end|>")} == vocabulary.end_of_turn
    assert added["<|user|>"].strips_right
    assert added["<|user|>"].is_special
    assert not added["<s>"].strips_right


def test_a_model_that_wants_no_first_token_gets_none(test_data: Path) -> None:
    """gpt-2 has a beginning-of-text token and does not ask for it."""
    assert LlamaVocabulary(test_data / "vocab" / "ggml-vocab-gpt-2.gguf").bos is None


def test_ids_that_are_none_spell_nothing(test_data: Path) -> None:
    """Below zero and past the end there is nothing, and nothing native is asked."""
    vocabulary = LlamaVocabulary(test_data / "vocab" / "ggml-vocab-gpt-2.gguf")

    assert [b"", b"", b""] == [vocabulary.bytes_of(index) for index in (-1, vocabulary.size, 2**31)]


def test_every_handle_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many models freed as loaded: by closing, twice is fine, or when the value is dropped."""
    freed: list[object] = []
    free = llama_cpp.llama_model_free
    monkeypatch.setattr(llama_cpp, "llama_model_free", lambda model: (freed.append(model), free(model)))
    kept, dropped = (LlamaVocabulary(BUNDLED / "model-q8_0.gguf") for _ in range(2))
    kept.close()
    kept.close()
    assert 1 == len(freed)
    del dropped
    gc.collect()

    assert 2 == len(freed)
    with pytest.raises(ClosedError, match="was closed"):
        kept.encode("a")


def test_files_without_a_vocabulary_are_refused_by_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No file, or one that is no GGUF: our own error with the path, and nothing printed by the library."""
    with pytest.raises(ModelNotFoundError, match=r"none\.gguf"):
        open_vocabulary(tmp_path / "none.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF nothing more")
    with pytest.raises(TokenizerError, match=r"bad\.gguf"):
        open_vocabulary(tmp_path / "bad.gguf")

    assert ("", "") == tuple(capfd.readouterr())


def written(path: Path, model: str, tokens: list[str], types: list[int], **more: Any) -> Path:
    """A vocabulary as a GGUF file."""
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_tokenizer_model(model)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    for name, value in more.items():
        getattr(writer, f"add_{name}")(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_vocabularies_of_encoders_are_refused(tmp_path: Path) -> None:
    """A WordPiece vocabulary (BERT) does not spell its text out; it is refused by name."""
    tokens = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "a"]
    with pytest.raises(TokenizerError, match="kind 3; SentencePiece and byte-level BPE"):
        LlamaVocabulary(written(tmp_path / "bert.gguf", "bert", tokens, [3, 3, 3, 3, 3, 1]))


def test_sentencepiece_without_tokens_for_bytes_is_refused(tmp_path: Path) -> None:
    """llama.cpp ends the process where a character needs a byte that has no token; such a file is never asked."""
    tokens, kinds = ["<unk>", "<s>", "</s>", "a", "▁"], [2, 3, 3, 1, 1]
    scores = {"token_scores": [0.0] * len(tokens), "eos_token_id": 2}
    with pytest.raises(TokenizerError, match="no token for 255 of 256 bytes, as 0x00"):
        LlamaVocabulary(written(tmp_path / "bare.gguf", "llama", tokens, kinds, **scores))


def test_text_that_a_vocabulary_cannot_write_is_refused(tmp_path: Path) -> None:
    """llama.cpp drops bytes for which a byte-level BPE has no piece; no part of a question is lost in silence."""
    more = {"token_merges": ["a b"], "eos_token_id": 3, "tokenizer_pre": "gpt-2"}
    vocabulary = LlamaVocabulary(written(tmp_path / "ab.gguf", "gpt2", ["a", "b", "ab", "<e>"], [1, 1, 1, 3], **more))

    assert [2, 0] == vocabulary.encode("aba").ids
    with pytest.raises(QuestionError, match="cannot write all of 'abc'"):
        vocabulary.encode("abc")


def test_a_vocabulary_that_ends_no_turn_is_refused(tmp_path: Path) -> None:
    """Without an end-of-turn token a reply would never end."""
    more = {"token_merges": ["a b"], "eos_token_id": 2**32 - 1, "tokenizer_pre": "gpt-2"}
    with pytest.raises(TokenizerError, match="names no token that ends a turn"):
        LlamaVocabulary(written(tmp_path / "endless.gguf", "gpt2", ["a", "b", "ab"], [1, 1, 1], **more))

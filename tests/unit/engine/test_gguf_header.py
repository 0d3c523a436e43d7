"""The check of GGUF files before anything native sees them: what passes, what is refused, and in which words."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from edgereason.engine.gguf_format import TENSOR_TYPES, GgufArray, read_gguf
from edgereason.engine.gguf_header import check_gguf
from edgereason.errors import ModelFileError, ModelNotFoundError

from .gguf_images import EMBEDDING, LLAMA, entry, image, llama, tensor, text

Write = Callable[..., Path]
BUNDLED = Path(__file__).parents[3] / "models" / "abacus" / "model-q8_0.gguf"
TRIPLE = "-0000{}-of-00003.gguf"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Puts bytes into a file."""

    def to_file(content: bytes, name: str = "model.gguf") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return to_file


@pytest.fixture
def written_by_gguf(tmp_path: Path) -> Path:
    """A file that the format's own library wrote, with a value of each type and tensors of several."""
    path = tmp_path / "library.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(3)
    writer.add_context_length(512)
    writer.add_embedding_length(64)
    writer.add_head_count([4, 2, 4])
    writer.add_head_count_kv([2, 1, 2])
    writer.add_custom_alignment(64)
    writer.add_bool("a.bool", True)
    writer.add_float64("a.float64", 0.1)
    writer.add_int64("a.int64", -(2**40))
    writer.add_uint8("a.uint8", 200)
    writer.add_string("a.string", "péché")
    writer.add_array("a.long", list(range(5000)))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"word{index}" for index in range(300)])
    writer.add_tensor("token_embd.weight", np.zeros((300, 64), np.float32))
    writer.add_tensor("blk.0.odd", np.ones((3, 5), np.float16))
    quantized = gguf.quants.quantize(np.ones((2, 64), np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("blk.1.small", quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def refusal(path: Path) -> str:
    """What the check says against this file; there is always a hint, and always the file's name."""
    with pytest.raises(ModelFileError) as caught:
        check_gguf(path)
    assert caught.value.hint
    assert path.parent.name in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------- what passes


def test_the_bundled_file_says_its_sizes() -> None:
    """Architecture, layers, widths, heads, vocabulary, size."""
    header = check_gguf(BUNDLED)
    file = gguf.GGUFReader(BUNDLED)

    def said(key: str) -> Any:
        return file.get_field(key).contents()

    assert "llama" == header.architecture
    assert said("general.name") == header.name
    assert said("llama.block_count") == header.num_layers
    assert said("llama.context_length") == header.context_length == header.get("context_length")
    assert said("llama.embedding_length") == header.hidden_size
    assert said("llama.attention.head_count") == header.num_heads
    assert len(said("tokenizer.ggml.tokens")) == header.vocab_size
    assert said("tokenizer.chat_template") == header.get("tokenizer.chat_template")
    assert BUNDLED.stat().st_size == header.num_bytes


def test_metadata_and_tensors_are_what_the_formats_own_library_reads(written_by_gguf: Path) -> None:
    """Each value, and of each tensor name, type, shape, place and size."""
    ours, theirs = read_gguf(written_by_gguf), gguf.GGUFReader(written_by_gguf)
    values = {key: field.contents() for key, field in theirs.fields.items() if not key.startswith("GGUF.")}
    short = {key: list(value) if isinstance(value, tuple) else value for key, value in ours.metadata.items()}
    arrays = {key: value for key, value in short.items() if isinstance(value, GgufArray)}

    assert {key: value for key, value in values.items() if key not in arrays} == {
        key: value for key, value in short.items() if key not in arrays
    }
    assert {"a.long": 5000, "tokenizer.ggml.tokens": 300} == {key: array.count for key, array in arrays.items()}
    expected = [
        (t.name, t.tensor_type.name, tuple(map(int, t.shape)), t.data_offset, t.n_bytes) for t in theirs.tensors
    ]
    assert expected == [(t.name, t.kind, t.shape, t.offset, t.num_bytes) for t in ours.tensors]


def test_sizes_by_layer_are_given_as_their_largest(written_by_gguf: Path) -> None:
    """Some models have fewer heads in some layers."""
    header = check_gguf(written_by_gguf)

    assert (4, 2, 3) == (header.num_heads, header.num_kv_heads, header.num_layers)


def test_a_place_in_the_file_leads_to_the_array(written_by_gguf: Path) -> None:
    """An array that is not kept can be read from where it is said to be."""
    array = read_gguf(written_by_gguf).metadata["a.long"]
    assert isinstance(array, GgufArray)
    data = written_by_gguf.read_bytes()[array.offset : array.offset + 4 * array.count]

    assert list(range(5000)) == list(struct.unpack(f"<{array.count}i", data))


def test_every_tensor_type_has_the_size_that_the_formats_own_library_gives_it() -> None:
    """All types that both know; Q8_1 is never in a file, and its size there is an old one."""
    theirs = {kind.value: (kind.name, *gguf.GGML_QUANT_SIZES[kind]) for kind in gguf.GGMLQuantizationType}
    both = [kind for kind in TENSOR_TYPES if kind in theirs and TENSOR_TYPES[kind][0] != "Q8_1"]

    assert len(both) > 25
    assert {kind: theirs[kind] for kind in both} == {kind: TENSOR_TYPES[kind] for kind in both}


def test_the_smallest_file_passes(write: Write) -> None:
    """What the faults below are measured against."""
    header = check_gguf(write(llama()))

    assert ("llama", 1, 64, 32, 2, 4) == (
        header.architecture, header.num_layers, header.context_length, header.hidden_size, header.num_heads,
        header.vocab_size,
    )  # fmt: skip


# ---------------------------------------------------------------- what is not of the format

HUGE = 2**40
FORMAT_FAULTS = {
    "empty": (b"", "is empty"),
    "short_magic": (b"GG", "is no GGUF file"),
    "magic_only": (b"GGUF", "ends within the version"),
    "another_format": (b"PK\x03\x04" + bytes(100), "no GGUF file: it begins with b'PK"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "large-file pointer"),
    "version_1": (image([], version=1), "version 1 is not one of"),
    "big_endian": (image([], version=3 << 24), "big-endian"),
    "no_counts": (b"GGUF" + struct.pack("<I", 3), "ends within the number of tensors"),
    "absurd_tensors": (image([], counts=(HUGE, 0)), "1,099,511,627,776 tensors are claimed"),
    "more_tensors_than_bytes": (image([], counts=(1000, 0)), "ends within its 1,000 tensors"),
    "absurd_keys": (image([], counts=(0, HUGE)), "1,099,511,627,776 metadata keys are claimed"),
    "more_keys_than_bytes": (image([], counts=(0, 9999)), "ends within its 9,999 metadata keys"),
    "absurd_key": (image([struct.pack("<Q", HUGE) + bytes(8)]), "metadata key 0 claims 1,099,511,627,776 bytes"),
    "key_past_the_end": (image([struct.pack("<Q", 60_000) + bytes(8)]), "ends within metadata key 0"),
    "binary_key": (image([entry(b"\xff\xfe", 1)]), "key 0 is no UTF-8"),
    "empty_key": (image([entry("", 1)]), "key 0 is empty"),
    "repeated_key": (image([entry("a", 1), entry("a", 1)]), "key 1 is repeated: 'a'"),
    "unknown_type": (image([entry("a", (13, bytes(8)))]), "'a' has the unknown type 13"),
    "untrue": (image([entry("a", (7, b"\x02"))]), "'a' is neither true nor false"),
    "absurd_text": (image([entry("a", (8, struct.pack("<Q", 2**63) + b"x"))]), "the text of 'a' claims"),
    "text_past_the_end": (image([entry("a", (8, struct.pack("<Q", 999) + b"x"))]), "ends within the text of 'a'"),
    "nested": (image([entry("a", (9, struct.pack("<IQ", 9, 1) * 5))]), "array of arrays"),
    "unknown_elements": (image([entry("a", (9, struct.pack("<IQ", 77, 1)))]), "array of the unknown type 77"),
    "absurd_array": (image([entry("a", (9, struct.pack("<IQ", 0, HUGE)))]), "elements of 'a' are claimed"),
    "array_past_the_end": (image([entry("a", (9, struct.pack("<IQ", 10, 9999)))]), "its 9,999 elements of 'a'"),
    "texts_past_the_end": (
        image([entry("a", (9, struct.pack("<IQQ", 8, 2, 1) + b"x" + struct.pack("<Q", 2**63)))]),
        "ends within the texts of 'a'",
    ),
    "texts_missing": (
        image([entry("a", (9, struct.pack("<IQQ", 8, 2, 8) + b"x" * 8))]).rstrip(b"\0"), "ends within the texts of 'a'"
    ),
    "odd_alignment": (image([entry("general.alignment", 48)]), "general.alignment = 48 is no power of two"),
    "no_alignment": (image([entry("general.alignment", 0)]), "general.alignment = 0"),
    "absurd_alignment": (image([entry("general.alignment", 2**31)]), "general.alignment = 2147483648"),
    "small_alignment": (image([entry("general.alignment", (0, b"\x20"))]), "general.alignment = 32 is no"),
    "worded_alignment": (image([entry("general.alignment", "32")]), "general.alignment = '32'"),
    "long_name": (image([], [tensor("n" * 64, (1,))], 32), "claims 64 bytes, more than 63"),
    "binary_name": (image([], [tensor(b"\xff", (1,))], 32), "tensor 0 is no UTF-8"),
    "empty_name": (image([], [tensor("", (1,))], 32), "the tensor name '' is empty or repeated"),
    "repeated_name": (image([], [tensor("t", (8,)), tensor("t", (8,), offset=32)], 64), "'t' is empty or repeated"),
    "five_dimensions": (image([], [tensor("t", (1,) * 5)], 32), "'t' has 5 dimensions"),
    "unknown_tensor_type": (image([], [tensor("t", (1,), 99)], 32), "unknown tensor type 99"),
    "no_rows": (image([], [tensor("t", (32, 0))], 32), "claims the shape (32, 0)"),
    "absurd_shape": (image([], [tensor("t", (2**62, 2**62))], 32), "which the file cannot hold"),
    "half_a_block": (image([], [tensor("t", (16, 2), 8)], 64), "rows of 16, not whole blocks of 32"),
    "misplaced": (image([], [tensor("t", (8,), offset=32)], 64), "'t' is said to be at 32, not at 0"),
    "absurd_offset": (image([], [tensor("t", (8,), offset=2**63)], 64), "said to be at 9,223,372,036,854,775,808"),
    "overlapping": (image([], [tensor("t", (16,)), tensor("u", (8,), offset=32)], 96), "'u' is said to be at 32"),
    "weights_cut": (image([], [tensor("t", (9,))], 35), "the file ends within 't', at byte"),
}  # fmt: skip


@pytest.mark.parametrize("case", FORMAT_FAULTS)
def test_what_is_not_of_the_format_is_refused_in_words(write: Write, case: str) -> None:
    """What is wrong, and with which key or tensor."""
    content, words = FORMAT_FAULTS[case]

    assert words in refusal(write(content))


def test_a_fault_names_its_byte(write: Write) -> None:
    """Whoever wants to know looks there."""
    path = write(image([entry("a", 1), entry("b", (13, b""))]))
    place = 24 + len(entry("a", 1)) + len(text("b"))

    assert f"at byte {place} of {path.stat().st_size}" in refusal(path)


def test_more_metadata_than_any_model_has_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the file is: what is read of it has a bound."""
    monkeypatch.setattr("edgereason.engine.gguf_format.MAX_METADATA_BYTES", 200)

    assert "the metadata is longer than 200 bytes" in refusal(write(llama()))


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    """Another error than a damaged one; so is a folder."""
    with pytest.raises(ModelNotFoundError, match=r"none\.gguf"):
        check_gguf(tmp_path / "none.gguf")
    assert "is a folder" in refusal(tmp_path)


# ---------------------------------------------------------------- what is no model

MODEL_FAULTS: dict[str, tuple[bytes, str]] = {
    "no_architecture": (llama({"general.architecture": None}), "names no architecture"),
    "numbered_architecture": (llama({"general.architecture": 7}), "general.architecture is 7"),
    "odd_architecture": (llama({"general.architecture": "ll\0ma"}), "names no architecture"),
    "projector": (llama({"general.architecture": "clip"}), "is the image or sound projector of a model"),
    "embedder": (llama({"general.architecture": "bert"}), "a text embedder (architecture 'bert')"),
    "encoder": (llama({"general.architecture": "t5"}), "an encoder and decoder"),
    "adapter": (llama({"general.type": "adapter"}), "is no model but of the type 'adapter'"),
    "vocabulary": (llama(tensors=[], data=0), "holds a vocabulary and no weights"),
    "nothing": (llama({"tokenizer.ggml.tokens": None}, [], 0), "holds no weights"),
    "no_embedding": (llama(tensors=[tensor("x", (32, 4))]), "has no token embedding"),
    "flat_embedding": (llama(tensors=[tensor("token_embd.weight", (128,))]), "has no token embedding"),
    "no_layers": (llama({"llama.block_count": None}), "does not say its llama.block_count"),
    "zero_layers": (llama({"llama.block_count": 0}), "llama.block_count = 0, not 1 to 512"),
    "absurd_layers": (llama({"llama.block_count": (10, struct.pack("<Q", HUGE))}), "block_count = 1099511627776"),
    "negative_layers": (llama({"llama.block_count": (5, struct.pack("<i", -1))}), "block_count = -1"),
    "layers_in_words": (llama({"llama.block_count": "one"}), "block_count = 'one'"),
    "layers_by_layer": (llama({"llama.block_count": [1, 1]}), "block_count for 2 layers"),
    "true_layers": (llama({"llama.block_count": True}), "block_count = True"),
    "fractional_width": (llama({"llama.embedding_length": 32.5}), "embedding_length = 32.5"),
    "absurd_context": (llama({"llama.context_length": 2**31}), "context_length = 2147483648"),
    "absurd_heads": (llama({"llama.attention.head_count": 2**20}), "head_count = 1048576"),
    "absurd_head_by_layer": (llama({"llama.attention.head_count": [2, 2**20]}), "an array with 1048576"),
    "absurd_vocabulary": (llama({"llama.vocab_size": 2**31}), "vocab_size = 2147483648"),
    "tokenizer_without_tokens": (llama({"tokenizer.ggml.tokens": None}), "has a tokenizer and no tokens"),
    "numbered_tokens": (llama({"tokenizer.ggml.tokens": [1, 2]}), "tokens of 2 uint32, not 2 string"),
    "token": (llama({"tokenizer.ggml.tokens": "abc"}), "tokens of -1 string"),
    "few_scores": (llama({"tokenizer.ggml.scores": [0.5]}), "scores of 1 float32, not 4 float32"),
    "whole_scores": (llama({"tokenizer.ggml.scores": [1, 2, 3, 4]}), "scores of 4 uint32, not 4 float32"),
    "few_types": (llama({"tokenizer.ggml.token_type": [1, 1]}), "token_type of 2 uint32, not 4 int32"),
    "numbered_merges": (llama({"tokenizer.ggml.merges": [1]}), "merges that are no texts"),
}


@pytest.mark.parametrize("case", MODEL_FAULTS)
def test_what_is_no_model_is_refused_in_words(write: Write, case: str) -> None:
    """A well-formed file of something else, or with values that no model has."""
    content, words = MODEL_FAULTS[case]

    assert words in refusal(write(content))


@pytest.mark.parametrize("name", ["phi-3", "gpt-2", "deepseek-llm"])
def test_real_vocabulary_files_are_named_as_such(test_data: Path, name: str) -> None:
    """Such as llama.cpp's own tests use; their vocabulary can be read all the same."""
    path = test_data / "vocab" / f"ggml-vocab-{name}.gguf"

    assert "holds a vocabulary and no weights" in refusal(path)
    assert isinstance(read_gguf(path).metadata["tokenizer.ggml.tokens"], GgufArray)


# ---------------------------------------------------------------- files in several parts


@pytest.fixture
def parts(write: Write) -> list[Path]:
    """A model in three files, the embedding in the first, a tensor in each of the others."""
    split = {"split.count": 3, "split.tensors.count": 3}
    contents = [
        llama({**split, "split.no": 0}),
        image([entry("split.no", 1), entry("split.count", 3)], [tensor("one", (8,))], 32),
        image([entry("split.no", 2), entry("split.count", 3)], [tensor("two", (8,))], 32),
    ]
    return [write(content, "m" + TRIPLE.format(number)) for number, content in enumerate(contents, 1)]


def test_a_split_model_is_taken_as_one(parts: list[Path]) -> None:
    """All its parts, sizes and tensors together."""
    header = check_gguf(parts[0])

    assert tuple(parts) == header.parts
    assert ["token_embd.weight", "one", "two"] == [each.name for each in header.tensors]
    assert sum(part.stat().st_size for part in parts) == header.num_bytes


def test_a_missing_part_is_named(parts: list[Path]) -> None:
    """By its file name."""
    parts[1].unlink()

    assert f"1 of them are missing: {parts[1].name}" in refusal(parts[0])


def test_another_part_than_the_first_is_refused_with_the_name_of_the_first(parts: list[Path]) -> None:
    """llama.cpp begins with the first."""
    with pytest.raises(ModelFileError, match="not the first") as caught:
        check_gguf(parts[2])

    assert parts[0].name in caught.value.hint


def test_parts_in_the_wrong_places_are_refused(parts: list[Path]) -> None:
    """Two swapped, one cut, one of another model."""
    second, third = parts[1].read_bytes(), parts[2].read_bytes()
    parts[1].write_bytes(third)
    assert "is part 2 of 3, not part 1 of 3" in refusal(parts[0])
    parts[1].write_bytes(second[:-1])
    assert "ends within 'one'" in refusal(parts[0])
    parts[1].write_bytes(second.replace(text("one"), text("two")))
    assert "the same tensor in two of its parts" in refusal(parts[0])


def test_a_part_with_too_few_tensors_is_refused(parts: list[Path]) -> None:
    """The first part says how many there are in all."""
    parts[2].write_bytes(image([entry("split.no", 2), entry("split.count", 3)]))

    assert "promises 3 tensors, and its parts hold 2" in refusal(parts[0])


def test_a_part_that_was_renamed_is_refused_with_the_right_name(parts: list[Path]) -> None:
    """The other parts are found by name alone."""
    renamed = parts[0].rename(parts[0].with_name("mine.gguf"))
    with pytest.raises(ModelFileError, match="one of 3 parts, which its name does not say") as caught:
        check_gguf(renamed)

    assert "mine-00001-of-00003.gguf" in caught.value.hint


def test_a_count_of_parts_that_is_no_number_is_refused(write: Write) -> None:
    """Split by zero, by words."""
    assert "is a part of 'three' files" in refusal(write(llama({"split.count": "three"})))
    assert 1 == len(check_gguf(write(llama({"split.count": 0}))).parts)


# ---------------------------------------------------------------- chance


@pytest.mark.parametrize("seed", range(8))
def test_damage_by_chance_is_refused_or_passes(write: Write, seed: int) -> None:
    """Bytes changed, inserted, cut off, in small files and in the bundled one's header: no other exception."""
    rng = random.Random(seed)
    sources = [llama(), BUNDLED.read_bytes()[:40_000], llama({"split.count": 1, **LLAMA}, [EMBEDDING])]
    refused = 0
    for turn in range(150):
        damaged = bytearray(sources[turn % 3])
        for _ in range(rng.choice((1, 2, 8))):
            place = rng.randrange(len(damaged))
            damaged[place : place + rng.choice((1, 1, 1, 4, 8))] = rng.randbytes(rng.choice((1, 1, 1, 0, 8)))
        try:
            check_gguf(write(bytes(damaged[: rng.randrange(len(damaged)) if turn % 5 == 4 else None])))
        except ModelFileError:
            refused += 1

    assert refused > 75

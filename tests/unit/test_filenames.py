"""What the names of model files say."""

from __future__ import annotations

import pytest

from edgereason.filenames import label, part_names


def test_part_names_come_from_any_of_them() -> None:
    """A whole file is its own only part."""
    names = [f"a-b-0000{number}-of-00003.gguf" for number in (1, 2, 3)]

    assert [names] * 3 == [part_names(name) for name in names]
    assert [["a-00001-of-3.gguf"], ["b.gguf"]] == [part_names("a-00001-of-3.gguf"), part_names("b.gguf")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Qwen3-0.6B-Q4_K_M.gguf", "Q4_K_M"),
        ("qwen2.5-0.5b-instruct-q4_k_m.gguf", "q4_k_m"),
        ("model.Q8_0.GGUF", "Q8_0"),
        ("Qwen3-8B-UD-IQ2_XXS.gguf", "UD-IQ2_XXS"),
        ("UD-Q4_K_XL/Big-UD-Q4_K_XL-00001-of-00003.gguf", "UD-Q4_K_XL"),
        ("gpt-oss-20b-mxfp4.gguf", "mxfp4"),
        ("SmolLM3-3B-BF16.gguf", "BF16"),
        ("ggml-model-f16.gguf", "f16"),
        ("stories260K.gguf", "stories260K"),
        ("Q4_0.gguf", "Q4_0"),
        ("onnx/model_q4f16.onnx", "q4f16"),
        ("onnx/model.onnx", "model"),
        ("model.onnx", "model"),
        ("cpu_and_mobile/cpu-int4-rtn-block-32/model.onnx", "cpu-int4-rtn-block-32"),
        ("cpu/phi-3.onnx", "phi-3"),
    ],
)
def test_a_label_is_what_tells_a_file_from_its_siblings(path: str, expected: str) -> None:
    """The quantization of a GGUF file; of an ONNX file the suffix, or the folder."""
    assert expected == label(path)

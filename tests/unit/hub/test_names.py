"""Names of the hub, and the choice among the files of a repository."""

from __future__ import annotations

import pytest

from edgereason.errors import ConfigError, ModelNotFoundError
from edgereason.hub.names import HubName, choose, companions, is_hub_name, parse_name, variants

BOTH = (".onnx", ".gguf")
QUANTS = [f"m-{quant}.gguf" for quant in ("Q2_K", "Q4_K_M", "Q8_0")]


def chosen(paths: list[str], choice: str = "") -> str:
    """The file that this choice means among these."""
    return choose(variants(paths, BOTH), HubName(repo="a/b", choice=choice)).weights


@pytest.mark.parametrize(
    ("text", "repo", "choice"),
    [
        ("hf:Qwen/Qwen3-0.6B-GGUF", "Qwen/Qwen3-0.6B-GGUF", ""),
        ("hf:a/b.c_d:Q4_K_M", "a/b.c_d", "Q4_K_M"),
        ("hf:a/b:sub folder/file-1.gguf", "a/b", "sub folder/file-1.gguf"),
    ],
)
def test_a_name_has_a_repository_and_may_have_a_choice(text: str, repo: str, choice: str) -> None:
    """And is written as it is read."""
    name = parse_name(text)

    assert (repo, choice, text) == (name.repo, name.choice, str(name))


NO_NAMES = [
    *("hf:", "hf:a", "hf:a/", "hf:/b", "hf:a/b/c", "hf:a/b:", "hf:a/b:c:d", "hf:../b", "hf:a/b:../c", "hf:a/b--c"),
    *("hf:a /b", "hf:ä/b", "hf:a/b\n", "hf:a/b:c\\d", "HF:a/b"),
]


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name_is_refused_with_the_form(text: str) -> None:
    """The message shows it and the hint what is legal."""
    with pytest.raises(ConfigError, match="is no name of the hub") as caught:
        parse_name(text)

    assert repr(text) in str(caught.value)
    assert "hf:owner/repo:Q4_K_M" in caught.value.hint


def test_only_a_prefix_makes_a_name_of_the_hub() -> None:
    """Paths never are, whatever they look like."""
    assert [True, False, False, False] == [is_hub_name(text) for text in ("hf:a/b", "a/b", "./hf:a/b", None)]


def test_a_choice_is_a_file_or_a_label_in_any_case() -> None:
    """An exact file comes first, with its folder or without."""
    paths = [*QUANTS, "old/m-Q8_0.gguf"]

    assert ["m-Q2_K.gguf"] * 2 == [chosen(paths, choice) for choice in ("q2_k", "m-Q2_K.gguf")]
    assert "old/m-Q8_0.gguf" == chosen(paths, "old/m-Q8_0.gguf")
    assert "m-Q8_0.gguf" == chosen(paths, "m-Q8_0.gguf")
    with pytest.raises(ModelNotFoundError, match="has 2 models 'Q8_0'") as caught:
        chosen(paths, "Q8_0")
    assert "m-Q8_0.gguf, old/m-Q8_0.gguf" in caught.value.hint


def test_without_a_choice_the_only_or_the_usual_model_is_meant() -> None:
    """Of several without a usual one, none is."""
    assert "m-Q2_K.gguf" == chosen(QUANTS[:1])
    assert "m-Q4_K_M.gguf" == chosen(QUANTS)
    with pytest.raises(ModelNotFoundError, match="holds several") as caught:
        chosen([QUANTS[0], QUANTS[2]])
    assert "There are: Q2_K, Q8_0." in caught.value.hint


def test_the_kind_that_comes_first_is_meant() -> None:
    """A repository may have both; a choice reaches either."""
    paths = [*QUANTS, "onnx/model.onnx", "tokenizer.json"]

    assert "onnx/model.onnx" == chosen(paths)
    assert "m-Q4_K_M.gguf" == choose(variants(paths, BOTH[::-1]), HubName(repo="a/b")).weights
    assert "m-Q2_K.gguf" == chosen(paths, "Q2_K")


def test_projectors_matrices_and_halves_are_no_models() -> None:
    """Files of the same format that cannot be asked."""
    paths = ["mmproj-F16.gguf", "m-imatrix.gguf", "n-Q8_0-00001-of-00002.gguf", "n.safetensors"]

    assert [] == variants(paths, BOTH)
    with pytest.raises(ModelNotFoundError, match="holds no model"):
        chosen(paths)


def test_all_parts_belong_to_a_split_model() -> None:
    """Whichever of them is named, the first is loaded."""
    parts = [f"q/n-Q8_0-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    (only,) = variants(parts[::-1], BOTH)

    assert ("Q8_0", parts[0], tuple(parts)) == (only.label, only.weights, only.files)
    assert parts[0] == chosen(parts, "n-Q8_0-00002-of-00003.gguf")


def test_weights_beside_an_onnx_file_belong_to_it() -> None:
    """In the names that exporters use; another model's do not."""
    paths = [
        "onnx/model_q4.onnx",
        "onnx/model_q4.onnx_data",
        "onnx/model_q4.onnx_data_1",
        "onnx/model_q4.onnx.data",
        "onnx/model.onnx",
    ]
    by_label = {each.label: each.files for each in variants(paths, BOTH)}

    assert {"model": ("onnx/model.onnx",), "q4": (paths[0], paths[3], *paths[1:3])} == by_label


def test_a_tokenizer_is_looked_for_upwards() -> None:
    """From the weights' folder to the root, the nearest one; GGUF files hold their own."""
    paths = ["a/b/model.onnx", "a/b/genai_config.json", "a/tokenizer.json", "a/config.json", "tokenizer.json", "x.gguf"]
    gguf, onnx = variants(paths, BOTH[::-1])

    assert ("a/b/genai_config.json", "a/config.json", "a/tokenizer.json") == companions(onnx, paths)
    assert () == companions(gguf, paths)

"""Model folders that are missing something, damaged, or in another of the usual shapes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from edgereason.errors import TokenizerError
from edgereason.prompting import load_tokenizer

DAMAGE = {
    "no_folder": (None, None, "There is no"),
    "empty": ("tokenizer.json", b"", "damaged or no tokenizer"),
    "no_json": ("tokenizer.json", b"{", "damaged or no tokenizer"),
    "another_json": ("tokenizer.json", b'{"model": {}}', "damaged or no tokenizer"),
    "binary": ("tokenizer.json", b"\xff\xfe\x00", "cannot be read"),
    "config_list": ("tokenizer_config.json", b"[]", "holds a list"),
    "config_cut": ("tokenizer_config.json", b'{"eos', "is no JSON"),
    "blank_template": ("chat_template.jinja", b"  ", "has no chat template"),
    "bad_eos": ("generation_config.json", b'{"eos_token_id": 99999}', "99999 is not in the vocabulary"),
    "negative_eos": ("config.json", b'{"eos_token_id": -1}', "-1 is not in the vocabulary"),
    "huge_eos": ("config.json", b'{"eos_token_id": 4294967296}', "4294967296 is not in the vocabulary"),
    "text_eos": ("config.json", b'{"eos_token_id": ["x"]}', "'x' is not in the vocabulary"),
    "bool_eos": ("config.json", b'{"eos_token_id": true}', "True is not in the vocabulary"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_a_tokenizer_error_that_names_the_file(write_folder, tmp_path: Path, case: str) -> None:
    """Each way a folder can be wrong is said, with the file."""
    name, content, words = DAMAGE[case]
    folder = write_folder() if name else tmp_path / "nothing"
    if name:
        (folder / name).write_bytes(content)
    with pytest.raises(TokenizerError, match=words) as caught:
        load_tokenizer(folder)
    assert str(folder) in str(caught.value)


def test_flipped_bits_load_or_are_tokenizer_errors(write_folder) -> None:
    """A damaged tokenizer.json never ends in a foreign exception."""
    folder = write_folder()
    whole = (folder / "tokenizer.json").read_bytes()
    rng = random.Random(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        (folder / "tokenizer.json").write_bytes(damaged[: rng.randrange(len(damaged)) if rng.random() < 0.3 else None])
        try:
            load_tokenizer(folder).encode("What is 6 * 7?")
        except TokenizerError:
            refused += 1

    assert 0 < refused


def test_a_directory_in_place_of_the_file_is_a_tokenizer_error(tmp_path: Path) -> None:
    """A folder named tokenizer.json is no tokenizer."""
    (tmp_path / "tokenizer.json").mkdir()
    with pytest.raises(TokenizerError, match="cannot be read"):
        load_tokenizer(tmp_path)


def test_a_folder_that_ends_no_turn_is_refused(write_folder) -> None:
    """Without an end-of-turn token a reply would never end."""
    folder = write_folder()
    (folder / "tokenizer_config.json").write_text("{}")
    with pytest.raises(TokenizerError, match="names no token that ends a turn"):
        load_tokenizer(folder)


def test_all_files_may_name_ends_of_turns(write_folder) -> None:
    """Ids are gathered from every file that names some, as a number or a list."""
    folder = write_folder()
    (folder / "generation_config.json").write_text('{"eos_token_id": [1, 2]}')
    (folder / "config.json").write_text('{"eos_token_id": 3}')
    (folder / "genai_config.json").write_text('{"model": {"eos_token_id": 4}}')
    tokenizer = load_tokenizer(folder)

    assert {1, 2, 3, 4, tokenizer.added_tokens["<|im_end|>"]} == tokenizer.end_of_turn


OWN = "own {{ messages[0].content }}"


@pytest.mark.parametrize("value", [OWN, [{"name": "tool", "template": "no"}, {"name": "default", "template": OWN}]])
def test_the_template_may_lie_in_the_configuration(write_folder, value) -> None:
    """Without a file of its own, the template is the configuration's: one text, or the default of several."""
    folder = write_folder()
    (folder / "chat_template.jinja").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|im_end|>", "chat_template": value}))

    assert OWN == load_tokenizer(folder).chat_template


def test_truncation_set_in_the_file_does_not_cut_prompts(write_folder) -> None:
    """Some tokenizer.json files carry a training-time length limit."""
    from tokenizers import Tokenizer

    folder = write_folder()
    limited = Tokenizer.from_file(str(folder / "tokenizer.json"))
    limited.enable_truncation(4)
    limited.save(str(folder / "tokenizer.json"))

    assert "a long question indeed" == load_tokenizer(folder).decode(
        load_tokenizer(folder).encode("a long question indeed")
    )

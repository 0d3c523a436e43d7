"""A model folder made here: a tiny byte-level BPE with markers of its own, and a template with a thinking switch."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from edgereason import prompting

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TAGS = ("<think>", "</think>")
SPLIT = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CORPUS = [
    "system user assistant think step im_start im_end",
    "What is 6 * 7?\n6 * 7 = 42\n\n",
    "the answer is Wait\n\n",
]
SWITCHED = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
WriteFolder = Callable[..., Path]


def byte_level_bpe() -> Tokenizer:
    """A byte-level BPE of a few hundred tokens; three special added tokens, two that are added only."""
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), "isolated"), byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS * 20, trainer)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in SPECIAL])
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in TAGS])
    return tokenizer


def sentencepiece_like() -> Tokenizer:
    """A character-level BPE with byte tokens, whose markers lie in its ordinary vocabulary too."""
    pieces = ["<unk>", "<s>", "</s>", "<|user|>", "▁", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += [chr(sign) for sign in range(33, 127)]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    model = models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", AddedToken("<|user|>", rstrip=True, normalized=False)])
    return tokenizer


@pytest.fixture(scope="session")
def write_folder(tmp_path_factory: pytest.TempPathFactory) -> WriteFolder:
    """Writes a model folder, by default the tiny one of this file."""

    def write(tokenizer: Tokenizer | None = None, template: str = SWITCHED, eos: str = "<|im_end|>") -> Path:
        folder = tmp_path_factory.mktemp("model")
        tokenizer = tokenizer or byte_level_bpe()
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": eos}, "bos_token": None}))
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def tokenizer(write_folder: WriteFolder) -> prompting.Tokenizer:
    """The tiny model's tokenizer, loaded as a user's would be."""
    return prompting.load_tokenizer(write_folder())


@pytest.fixture(scope="session")
def spaced_tokenizer(write_folder: WriteFolder) -> prompting.Tokenizer:
    """The tokenizer with byte tokens."""
    template = "{% for m in messages %}{{ '<|user|>\\n' + m.content + '</s>' }}{% endfor %}"
    return prompting.load_tokenizer(write_folder(sentencepiece_like(), template, eos="</s>"))


@pytest.fixture(scope="session")
def bundled_tokenizer() -> prompting.Tokenizer:
    """The bundled model's tokenizer."""
    folder = Path(next(iter(importlib.import_module("edgereason.models").__path__))) / "abacus"
    if not (folder / "tokenizer.json").exists():
        pytest.skip(f"the bundled model is not in {str(folder)!r}")
    return prompting.load_tokenizer(folder)


@pytest.fixture(scope="session")
def with_template(write_folder: WriteFolder) -> Callable[[str], prompting.Tokenizer]:
    """Loads the tiny tokenizer beside another template."""
    return lambda template: prompting.load_tokenizer(write_folder(template=template))

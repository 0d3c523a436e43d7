"""A model folder made here: a tiny byte-level BPE with markers of its own, and a template with a thinking switch."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from edgereason import prompting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TAGS = ("<think>", "</think>")
SPLIT = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CORPUS = [
    "system user assistant think step im_start im_end",
    "What is 6 * 7?\n6 * 7 = 42\n\n",
    "the answer is Wait\n\n",
    ".</think><response>",
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
LINES = Path(__file__).parent / "lines.jinja"  # for vocabularies whose files have no template
WriteFolder = Callable[..., Path]


def byte_level_bpe(special: Sequence[str] = SPECIAL, tags: Sequence[str] = TAGS) -> Tokenizer:
    """A byte-level BPE of a few hundred tokens; some special added tokens, some that are added only.

    Signs that often stand together share a token, as in real vocabularies: where "<think>" is no token of its own, the
    ids of its letters depend on what stands around it.
    """
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), "isolated"), byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS * 20, trainer)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in special])
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in tags])
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
def gguf_tokenizer(request: pytest.FixtureRequest) -> Callable[[str], prompting.Tokenizer]:
    """Loads the tokenizer of a GGUF file by name, with a template of lines where the file has none."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    from edgereason.engine import open_vocabulary

    @cache
    def load(name: str) -> prompting.Tokenizer:
        if name == "abacus":
            path = Path(next(iter(importlib.import_module("edgereason.models").__path__))) / "abacus/model-q8_0.gguf"
        else:
            data = request.getfixturevalue("test_data")
            path = data / ("models/stories260K.gguf" if name == "stories260K" else f"vocab/ggml-vocab-{name}.gguf")
        vocabulary = open_vocabulary(path)
        own = LINES if vocabulary.chat_template is None else None
        return prompting.Tokenizer(vocabulary, prompting.PromptOptions(chat_template=own))

    return load


def write_sentencepiece_gguf(path: Path, template: str, *, add_bos: bool = True) -> None:
    """A SentencePiece vocabulary of letters and bytes as a GGUF file.

    Ordinary merges lead to </s>, and of the tokens that are added but not special one begins inside the other.
    """
    gguf = pytest.importorskip("gguf")
    control, normal, user_defined, byte = 3, 1, 4, 6
    pieces = [("<unk>", 2, 0.0), ("<s>", control, 0.0), ("</s>", control, -1.0), ("<note>", user_defined, 0.0)]
    pieces += [("ote>s", user_defined, 0.0)]
    pieces += [(f"<0x{value:02X}>", byte, 0.0) for value in range(256)]
    pieces += [(chr(sign), normal, -100.0) for sign in range(33, 127)]
    pieces += [(text, normal, -float(place + 2)) for place, text in enumerate(("▁", "</", "s>", "▁a", "he"))]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _, _ in pieces])
    writer.add_token_scores([score for _, _, score in pieces])
    writer.add_token_types([kind for _, kind, _ in pieces])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(add_bos)
    writer.add_chat_template(template)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


@pytest.fixture(scope="session")
def written_gguf_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., prompting.Tokenizer]:
    """Loads a SentencePiece vocabulary written here, with a template of the test's."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    from edgereason.engine import open_vocabulary

    def load(template: str, **options: bool) -> prompting.Tokenizer:
        path = tmp_path_factory.mktemp("gguf") / "vocabulary.gguf"
        write_sentencepiece_gguf(path, template, **options)
        return prompting.Tokenizer(open_vocabulary(path))

    return load


@pytest.fixture(scope="session")
def real(test_data: Path, write_folder: WriteFolder) -> Callable[[str], prompting.Tokenizer]:
    """Loads a real model's template beside a tiny vocabulary that has the added tokens of that model."""
    table = tomllib.loads((Path(__file__).parents[3] / "docs" / "templates.toml").read_text(encoding="utf-8"))

    @cache
    def load(name: str) -> prompting.Tokenizer:
        template = (test_data / "templates" / f"{name}.jinja").read_text(encoding="utf-8")
        library = byte_level_bpe([*table[name]["added"], SPECIAL[0]], ())
        return prompting.load_tokenizer(write_folder(library, template, eos=SPECIAL[0]))

    return load


@pytest.fixture(scope="session")
def with_template(write_folder: WriteFolder) -> Callable[[str], prompting.Tokenizer]:
    """Loads the tiny tokenizer beside another template."""
    return lambda template: prompting.load_tokenizer(write_folder(template=template))

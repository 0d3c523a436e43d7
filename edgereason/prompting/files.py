"""Reads a model folder's tokenizer: every file checked, every fault a TokenizerError that names the file.

tokenizer.json is needed; the chat template is `chat_template.jinja` or lies in tokenizer_config.json; ids that end a
turn are gathered from generation_config.json, config.json, genai_config.json and the tokenizer's own eos token.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgereason.errors import TokenizerError
from edgereason.prompting.json_vocabulary import JsonVocabulary

if TYPE_CHECKING:
    import tokenizers

TOKENIZER_FILE = "tokenizer.json"
MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_IDS = 2**32  # the library holds ids in 32 bits
NAMED_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")
HINT = "Copy the tokenizer files of the model into its folder, or download the model again."


def has_tokenizer(folder: Path) -> bool:
    """Whether a tokenizer.json lies in the folder; where none does, a GGUF file's own vocabulary serves."""
    return (folder / TOKENIZER_FILE).exists()


def read_vocabulary(folder: Path) -> JsonVocabulary:
    """Return the folder's vocabulary and template; raises TokenizerError for what is missing or damaged."""
    tokenizer = _read_tokenizer(folder / TOKENIZER_FILE)
    config = _read_json(folder / "tokenizer_config.json")
    names = _named_tokens(config)
    add_bos = config.get("add_bos_token")
    return JsonVocabulary(
        tokenizer,
        source=str(folder),
        named_tokens=names,
        end_of_turn=_end_of_turn(folder, tokenizer, names.get("eos_token")),
        chat_template=_template_in(folder, config),
        add_bos=add_bos if isinstance(add_bos, bool) else None,
    )


def read_template(path: Path) -> str:
    """Return the source of a template that the caller chose; raises TokenizerError where there is none."""
    source = _read_text(path)
    if source is None or not source.strip():
        raise TokenizerError(f"The chat template {str(path)!r} is {'missing' if source is None else 'blank'}.")
    return source


def _read_text(path: Path) -> str | None:
    """The file's text; None where there is no such file."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TokenizerError(f"{str(path)!r} is larger than {MAX_FILE_BYTES:,} bytes.", hint=HINT)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TokenizerError(f"{str(path)!r} cannot be read: {error}", hint=HINT) from error


def _read_tokenizer(path: Path) -> tokenizers.Tokenizer:
    """The tokenizer, proven to work on one word."""
    text = _read_text(path)
    if text is None:
        raise TokenizerError(f"There is no {str(path)!r}.", hint=HINT)
    import tokenizers

    try:
        tokenizer = tokenizers.Tokenizer.from_str(text)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.decode(tokenizer.encode("Question 1?", add_special_tokens=False).ids)
    except BaseException as error:  # the library raises plain Exceptions, and panics that are BaseExceptions
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise TokenizerError(f"{str(path)!r} is damaged or no tokenizer: {error}", hint=HINT) from error
    if not tokenizer.get_vocab_size():
        raise TokenizerError(f"{str(path)!r} has no tokens.", hint=HINT)
    return tokenizer


def _read_json(path: Path) -> dict[str, Any]:
    """The file's object; empty where there is no such file."""
    text = _read_text(path)
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TokenizerError(f"{str(path)!r} is no JSON: {error}", hint=HINT) from error
    if not isinstance(value, dict):
        raise TokenizerError(f"{str(path)!r} holds a {type(value).__name__}, not an object.", hint=HINT)
    return value


def _template_in(folder: Path, config: dict[str, Any]) -> str | None:
    """The chat template's source, from its own file or from the configuration; None where there is none."""
    source = _read_text(folder / "chat_template.jinja") or config.get("chat_template")
    if isinstance(source, list):  # several, by name
        named = {entry.get("name"): entry.get("template") for entry in source if isinstance(entry, dict)}
        source = named.get("default")
    return source if isinstance(source, str) and source.strip() else None


def _named_tokens(config: dict[str, Any]) -> dict[str, str]:
    """The texts of the named tokens, written as text or as an object with `content`."""
    values = {name: config.get(name) for name in NAMED_TOKENS}
    texts = {name: value.get("content") if isinstance(value, dict) else value for name, value in values.items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _end_of_turn(folder: Path, tokenizer: tokenizers.Tokenizer, eos_token: str | None) -> frozenset[int]:
    """All ids that end a turn, whoever names them."""
    genai = _read_json(folder / "genai_config.json").get("model")
    named = [
        _read_json(folder / "generation_config.json").get("eos_token_id"),
        _read_json(folder / "config.json").get("eos_token_id"),
        genai.get("eos_token_id") if isinstance(genai, dict) else None,
        tokenizer.token_to_id(eos_token) if eos_token else None,
    ]
    ids = {index for value in named for index in (value if isinstance(value, list) else [value]) if index is not None}
    for index in ids:
        if not _is_token(tokenizer, index):
            raise TokenizerError(f"{str(folder)!r}: the end-of-turn id {index!r} is not in the vocabulary.", hint=HINT)
    if not ids:
        raise TokenizerError(f"{str(folder)!r} names no token that ends a turn.", hint="Add its config.json.")
    return frozenset(ids)


def _is_token(tokenizer: tokenizers.Tokenizer, index: Any) -> bool:
    """Whether this is the id of a token."""
    is_id = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < MAX_IDS
    return is_id and tokenizer.id_to_token(index) is not None

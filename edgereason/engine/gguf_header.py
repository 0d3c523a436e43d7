"""What a GGUF file is as a model, and whether it is one that can be run: before the native loader sees it.

In: architecture and sizes, vocabulary, parts of a split file, with bounds on each. Not in: the format (gguf_format),
and whatever only loading can find out (gguf_probe). Invariant: a file that passes is whole, has weights, and sizes
such as a model could have; llama.cpp may refuse it all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edgereason.engine.gguf_format import FETCH_AGAIN, GgufArray, GgufFile, GgufTensor, Value, read_gguf
from edgereason.errors import ModelFileError
from edgereason.filenames import part_names

MAX_LAYERS = 512  # llama.cpp's own limit
MAX_SIZES = {  # of `<architecture>.<key>`; far above every model there is, far below what breaks a computation
    "block_count": MAX_LAYERS,
    "context_length": 1 << 27,
    "embedding_length": 1 << 20,
    "feed_forward_length": 1 << 24,
    "attention.head_count": 1 << 14,
    "attention.head_count_kv": 1 << 14,
    "attention.key_length": 1 << 16,
    "attention.value_length": 1 << 16,
    "rope.dimension_count": 1 << 16,
    "expert_count": 1 << 12,
    "expert_used_count": 1 << 12,
    "vocab_size": 1 << 24,
}
NEEDED = ("block_count", "context_length", "embedding_length")
NO_DECODERS = {  # general.architecture -> what it is instead
    "clip": "the image or sound projector of a model",
    "bert": "a text embedder",
    "nomic-bert": "a text embedder",
    "jina-bert-v2": "a text embedder",
    "modern-bert": "a text embedder",
    "neo-bert": "a text embedder",
    "gemma-embedding": "a text embedder",
    "t5": "an encoder and decoder",
    "t5encoder": "an encoder",
    "wavtokenizer-dec": "a decoder of sound",
    "whisper": "a recogniser of speech",
}


@dataclass(frozen=True)
class GgufHeader:
    """A checked model file, all its parts taken together. Sizes that vary by layer are given as their largest."""

    file: GgufFile
    parts: tuple[Path, ...]
    tensors: tuple[GgufTensor, ...]

    def get(self, key: str) -> Value | None:
        """A value of the metadata, or of the architecture's own: `block_count` is `<architecture>.block_count`."""
        value = self.file.metadata.get(key)
        return self.file.metadata.get(f"{self.architecture}.{key}") if value is None else value

    @cached_property
    def architecture(self) -> str:
        """As llama, qwen3 or gpt-oss."""
        return str(self.file.metadata["general.architecture"])

    @property
    def name(self) -> str:
        """What the file calls itself; empty where it does not."""
        value = self.get("general.name")
        return value if isinstance(value, str) else ""

    @property
    def context_length(self) -> int:
        """Tokens of context that the model was made for."""
        return self._size("context_length")

    @property
    def num_layers(self) -> int:
        """Blocks, one after another."""
        return self._size("block_count")

    @property
    def hidden_size(self) -> int:
        """Width of the hidden state."""
        return self._size("embedding_length")

    @property
    def num_heads(self) -> int:
        """Heads of attention; 0 for a model without attention."""
        return self._size("attention.head_count")

    @property
    def num_kv_heads(self) -> int:
        """Heads of keys and values."""
        return self._size("attention.head_count_kv") or self.num_heads

    @property
    def vocab_size(self) -> int:
        """Tokens of the vocabulary: as many as there are texts, else rows of the embedding."""
        tokens = self.file.metadata.get("tokenizer.ggml.tokens")
        if isinstance(tokens, GgufArray):
            return tokens.count
        rows = next((tensor.shape[1] for tensor in self.tensors if tensor.name == "token_embd.weight"), 0)
        return self._size("vocab_size") or rows

    @property
    def num_bytes(self) -> int:
        """Size of all parts."""
        return sum(part.stat().st_size for part in self.parts)

    def _size(self, key: str) -> int:
        value = self.get(key)
        values = value if isinstance(value, tuple) else (value,)
        return max((int(each) for each in values if isinstance(each, int | float)), default=0)


def check_gguf(path: Path) -> GgufHeader:
    """The header of a model file that is whole and could be run; of a split one, all parts are read.

    Raises:
        ModelNotFoundError: nothing is there. ModelFileError: what is wrong with which file, and where.
    """
    files = _all_parts(read_gguf(path))
    file = files[0]
    _check_architecture(file)
    tensors = tuple(tensor for each in files for tensor in each.tensors)
    _check_weights(file, tensors)
    for key in MAX_SIZES:
        _check_size(file, key)
    _check_vocabulary(file)
    return GgufHeader(file=file, parts=tuple(each.path for each in files), tensors=tensors)


def _refusal(file: GgufFile, what: str, hint: str = FETCH_AGAIN) -> ModelFileError:
    return ModelFileError(f"{file.path} {what}", hint=hint)


# ---------------------------------------------------------------- files in several parts


def _all_parts(file: GgufFile) -> list[GgufFile]:
    """The file, or the first part and all others, each found and read."""
    count = file.metadata.get("split.count", 0)
    names = part_names(file.path.name)
    if not isinstance(count, int):
        raise _refusal(file, f"is a part of {count!r} files")
    if count <= 1:
        return [file]
    if count != len(names):
        raise _refusal(
            file,
            f"is one of {count} parts, which its name does not say",
            f"Parts are named as {file.path.stem}-00001-of-{count:05}.gguf: give them back their names.",
        )
    if file.path.name != names[0]:
        raise _refusal(file, "is a part of a model and not the first", f"Name the first: {names[0]}.")
    return [file, *_other_parts(file, names)]


def _other_parts(file: GgufFile, names: list[str]) -> Iterator[GgufFile]:
    missing = [name for name in names if not file.path.with_name(name).is_file()]
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise _refusal(file, f"is one of {len(names)} parts, and {len(missing)} of them are missing: {shown}")
    for index, name in enumerate(names[1:], 1):
        part = read_gguf(file.path.with_name(name))
        said = (part.metadata.get("split.no"), part.metadata.get("split.count"))
        if said != (index, len(names)):
            raise _refusal(part, f"is part {said[0]!r} of {said[1]!r}, not part {index} of {len(names)}")
        yield part


# ---------------------------------------------------------------- what it is


def _check_architecture(file: GgufFile) -> None:
    kind = file.metadata.get("general.type", "model")
    architecture = file.metadata.get("general.architecture")
    if not isinstance(architecture, str) or not re.fullmatch(r"[\w.-]{1,64}", architecture):
        raise _refusal(file, f"names no architecture: general.architecture is {architecture!r}")
    if kind != "model":
        raise _refusal(file, f"is no model but of the type {kind!r}", "Name the model's own file.")
    if architecture in NO_DECODERS:
        raise _refusal(
            file,
            f"is {NO_DECODERS[architecture]} (architecture {architecture!r}), which writes no text",
            "Choose a model that generates text.",
        )


def _check_weights(file: GgufFile, tensors: tuple[GgufTensor, ...]) -> None:
    if not tensors and "tokenizer.ggml.tokens" in file.metadata:
        raise _refusal(file, "holds a vocabulary and no weights", "Name a file with the weights.")
    if not tensors:
        raise _refusal(file, "holds no weights")
    names = {tensor.name for tensor in tensors}
    if len(names) < len(tensors):
        raise _refusal(file, "holds the same tensor in two of its parts")
    promised = file.metadata.get("split.tensors.count", len(tensors))
    if promised != len(tensors):
        raise _refusal(file, f"promises {promised!r} tensors, and its parts hold {len(tensors)}")
    embedding = next((tensor for tensor in tensors if tensor.name == "token_embd.weight"), None)
    if embedding is None or len(embedding.shape) != 2:
        raise _refusal(
            file, "has no token embedding, so it is no language model", "Choose a model that generates text."
        )


def _check_size(file: GgufFile, key: str) -> None:
    """A size is a positive integer in range (zero where it is not needed), or one for each layer."""
    full = f"{file.metadata['general.architecture']}.{key}"
    if full not in file.metadata:
        if key in NEEDED:
            raise _refusal(file, f"does not say its {full}")
        return
    value = file.metadata[full]
    is_one = not isinstance(value, tuple)
    least = 1 if key in NEEDED else 0
    for each in (value,) if is_one else value:  # type: ignore[union-attr]
        if isinstance(each, bool) or not isinstance(each, int) or not least <= each <= MAX_SIZES[key]:
            shown = repr(each) if is_one else f"an array with {each!r}"
            raise _refusal(file, f"has {full} = {shown}, not {least} to {MAX_SIZES[key]:,}")
    if not is_one and (key in NEEDED or len(value) > MAX_LAYERS):  # type: ignore[arg-type]
        raise _refusal(file, f"has {full} for {len(value)} layers, at most {MAX_LAYERS}")  # type: ignore[arg-type]


def _check_vocabulary(file: GgufFile) -> None:
    """The arrays of the vocabulary are of the types and lengths that the native loader takes for granted."""
    tokens = file.metadata.get("tokenizer.ggml.tokens")
    if tokens is None:
        if file.metadata.get("tokenizer.ggml.model", "no_vocab") in ("no_vocab", "none"):
            return
        raise _refusal(file, "has a tokenizer and no tokens")
    count = _length(tokens)
    for key, kinds in (("tokens", ("string",)), ("scores", ("float32",)), ("token_type", ("int32", "uint32"))):
        full = f"tokenizer.ggml.{key}"
        value = file.metadata.get(full, tokens if key == "tokens" else None)
        if value is None:
            continue
        if file.kinds[full] not in kinds or _length(value) != count or count < 1:
            raise _refusal(file, f"has {full} of {_length(value)} {file.kinds[full]}, not {count} {kinds[0]}")
    merges = file.metadata.get("tokenizer.ggml.merges")
    if merges is not None and not (isinstance(merges, GgufArray) and merges.kind == "string"):
        raise _refusal(file, "has tokenizer.ggml.merges that are no texts")


def _length(value: Value) -> int:
    """Elements of an array; -1 for what is none."""
    if isinstance(value, GgufArray):
        return value.count
    return len(value) if isinstance(value, tuple) else -1

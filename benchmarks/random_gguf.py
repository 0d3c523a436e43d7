"""A qwen2-like GGUF model of random Q4_0 weights with a large vocabulary: the size of a real model, and no download."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase

import gguf
import numpy as np

HALF_BILLION = {"width": 896, "layers": 24, "vocab": 151_936}
_CONTEXT = 32_768
_HEAD = 64


def random_gguf(folder: Path, *, width: int, layers: int, vocab: int, seed: int = 0) -> Path:
    """Its path; written unless it is there. Scales are small, so that everything stays finite."""
    path = folder / f"random-qwen2-{width}x{layers}-{vocab}.gguf"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    file = gguf.GGUFWriter(partial, "qwen2")
    inner, kv_width = width * 152 // 28 // 32 * 32, _HEAD * max(1, width // _HEAD // 7)
    file.add_context_length(_CONTEXT)
    file.add_embedding_length(width)
    file.add_block_count(layers)
    file.add_feed_forward_length(inner)
    file.add_head_count(width // _HEAD)
    file.add_head_count_kv(kv_width // _HEAD)
    file.add_layer_norm_rms_eps(1e-6)
    file.add_rope_freq_base(1e6)
    _add_vocabulary(file, vocab)
    _add_weights(file, width, inner, kv_width, layers, vocab, np.random.default_rng(seed))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    os.replace(partial, path)
    return path


def _add_vocabulary(file: gguf.GGUFWriter, size: int) -> None:
    """a, b, ..., z, aa, ab, ...: nothing worth reading, but what calls a model by text can be called."""
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("qwen2")
    file.add_token_list(list(itertools.islice(_names(), size)))
    file.add_token_types([gguf.TokenType.NORMAL] * (size - 1) + [gguf.TokenType.CONTROL])
    file.add_token_merges(["a b"])
    file.add_eos_token_id(size - 1)
    file.add_add_bos_token(False)


def _names() -> Iterator[str]:
    for length in itertools.count(1):
        yield from map("".join, itertools.product(ascii_lowercase, repeat=length))


def _add_weights(
    file: gguf.GGUFWriter, width: int, inner: int, kv_width: int, layers: int, vocab: int, draw: np.random.Generator
) -> None:
    def matrix(name: str, rows: int, columns: int) -> None:
        blocks = draw.integers(0, 256, (rows, columns // 32, 18), np.uint8)
        blocks[:, :, :2] = np.frombuffer(np.float16(0.2 / math.sqrt(columns)).tobytes(), np.uint8)
        file.add_tensor(f"{name}.weight", blocks.reshape(rows, -1), raw_dtype=gguf.GGMLQuantizationType.Q4_0)

    def vector(name: str, size: int, value: float) -> None:
        file.add_tensor(name, np.full(size, value, np.float32))

    matrix("token_embd", vocab, width)
    vector("output_norm.weight", width, 1.0)
    for layer in (f"blk.{index}" for index in range(layers)):
        vector(f"{layer}.attn_norm.weight", width, 1.0)
        for name, rows in (("q", width), ("k", kv_width), ("v", kv_width)):
            matrix(f"{layer}.attn_{name}", rows, width)
            vector(f"{layer}.attn_{name}.bias", rows, 0.0)
        matrix(f"{layer}.attn_output", width, width)
        vector(f"{layer}.ffn_norm.weight", width, 1.0)
        matrix(f"{layer}.ffn_gate", inner, width)
        matrix(f"{layer}.ffn_up", inner, width)
        matrix(f"{layer}.ffn_down", width, inner)

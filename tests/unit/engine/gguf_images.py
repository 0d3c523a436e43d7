"""GGUF files written by hand: the bytes of each field, so that any of them can be wrong."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

CODES = {bool: (7, "?"), int: (4, "I"), float: (6, "f")}


def text(value: str | bytes) -> bytes:
    """A length and the bytes that it counts."""
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str | bytes, value: Any) -> bytes:
    """A key with its value: text, truth, number, a list of one of these, or (type, bytes) as they are."""
    if isinstance(value, tuple):
        return text(key) + struct.pack("<I", value[0]) + value[1]
    if isinstance(value, str):
        return entry(key, (8, text(value)))
    if isinstance(value, list):
        kind, code = (8, "") if isinstance(value[0], str) else CODES[type(value[0])]
        items = b"".join(text(item) if kind == 8 else struct.pack("<" + code, item) for item in value)
        return entry(key, (9, struct.pack("<IQ", kind, len(value)) + items))
    kind, code = CODES[type(value)]
    return entry(key, (kind, struct.pack("<" + code, value)))


def tensor(name: str | bytes, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    """A row of the tensor table."""
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def image(
    entries: Sequence[bytes],
    tensors: Sequence[bytes] = (),
    data: int = 0,
    *,
    version: int = 3,
    counts: tuple[int, int] = (0, 0),
) -> bytes:
    """A whole file; `counts` (tensors, keys) are claimed instead of the true ones where they are not 0."""
    claimed = (counts[0] or len(tensors), counts[1] or len(entries))
    head = b"GGUF" + struct.pack("<IQQ", version, *claimed) + b"".join(entries) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + bytes(data)


LLAMA: Mapping[str, Any] = {
    "general.architecture": "llama",
    "llama.block_count": 1,
    "llama.context_length": 64,
    "llama.embedding_length": 32,
    "llama.attention.head_count": 2,
    "llama.feed_forward_length": 64,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["a", "b", "c", "d"],
}
EMBEDDING = tensor("token_embd.weight", (32, 4))


def llama(changes: Mapping[str, Any] | None = None, tensors: Sequence[bytes] | None = None, data: int = 512) -> bytes:
    """The smallest file that passes for a model, with keys changed, or left out where the value is None."""
    values = {**LLAMA, **(changes or {})}
    entries = [entry(key, value) for key, value in values.items() if value is not None]
    return image(entries, [EMBEDDING] if tensors is None else tensors, data)

"""What a GGUF model will take of memory, worked out from its header before anything is loaded.

In: weights, keys and values of a context that all rows share, recurrent states, and the buffers of a pass, roughly.
Not in: llama.cpp; nothing here needs it. Invariant: keys, values and states follow the shapes of the file's own
tensors, so that a layer that has none costs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from edgereason.engine.gguf_header import GgufHeader

MAX_SEQUENCES = 256  # llama.cpp's own limit
MAX_ROWS = 64
TOKENS_AT_ONCE = 4  # what its kernels take; the rest of a pass is done token by token
CELL_STEP = 256  # llama.cpp rounds a context up to this
KV_TYPES = {  # name -> (ggml's number, values in a block, bytes of a block)
    "f32": (0, 1, 4),
    "f16": (1, 1, 2),
    "bf16": (30, 1, 2),
    "q8_0": (8, 32, 34),
    "q5_1": (7, 32, 24),
    "q5_0": (6, 32, 22),
    "q4_1": (3, 32, 20),
    "q4_0": (2, 32, 18),
}
_ROWS_AT_FULL_LENGTH = 16  # the default context has room for so many, if that many fit _KV_BYTES
_KV_BYTES = 1 << 30
_STATE_BYTES = 1 << 29
_LEAST_CELLS, _LEAST_ROWS = 2048, 4
_ACTIVATIONS = 6  # copies of hidden state and feed-forward alive at once in a pass; roughly


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """Bytes by what they are for. `cells` are tokens of context, shared by all rows."""

    weights: int
    keys_values: int
    states: int  # of recurrent layers, one for each sequence
    compute: int  # buffers of a pass; an order of magnitude
    outputs: int  # logits and hidden states of the widest pass
    cells: int
    row_cells: int  # most tokens of one row
    max_rows: int
    kv_bytes_per_token: int
    state_bytes_per_row: int

    @property
    def total(self) -> int:
        """Everything together."""
        return self.weights + self.keys_values + self.states + self.compute + self.outputs


def estimate_memory(
    header: GgufHeader,
    *,
    context: int | None = None,
    max_rows: int | None = None,
    batch: int = 512,
    kv_type: str = "f16",
) -> MemoryEstimate:
    """What the engine will hold with these options, chosen as it chooses them."""
    per_token, per_row = kv_bytes_per_token(header, kv_type), state_bytes(header)
    rows = max_rows or default_rows(per_row)
    cells = round_up(context or default_cells(header.context_length, per_token))
    feed_forward = max((tensor.shape[1] for tensor in header.tensors if "ffn_up" in tensor.name), default=0)
    width = _ACTIVATIONS * header.hidden_size + 2 * feed_forward
    return MemoryEstimate(
        weights=sum(tensor.num_bytes for tensor in header.tensors),
        keys_values=cells * per_token,
        states=sequences(rows) * per_row,
        compute=batch * (4 * width + 2 * cells) + 4 * outputs(rows) * header.vocab_size,
        outputs=4 * outputs(rows) * (header.vocab_size + header.hidden_size),
        cells=cells,
        row_cells=min(cells, header.context_length),
        max_rows=rows,
        kv_bytes_per_token=per_token,
        state_bytes_per_row=per_row,
    )


def sequences(rows: int) -> int:
    """Sequences of a context whose batches hold so many rows: as many again for prefixes and other batches."""
    return min(2 * rows, MAX_SEQUENCES)


def outputs(rows: int) -> int:
    """Most tokens of a pass that give logits: the ends of all sequences, or the last few of one."""
    return max(sequences(rows), TOKENS_AT_ONCE)


def default_rows(state_bytes_per_row: int) -> int:
    """The usual number, or fewer where each costs a large recurrent state."""
    if not state_bytes_per_row:
        return MAX_ROWS
    return max(_LEAST_ROWS, min(MAX_ROWS, _STATE_BYTES // (2 * state_bytes_per_row)))


def default_cells(train_context: int, bytes_per_token: int) -> int:
    """Room for 16 rows of full length, or for what a GiB holds; never less than a short conversation."""
    most = _KV_BYTES // bytes_per_token if bytes_per_token else _ROWS_AT_FULL_LENGTH * train_context
    return max(_LEAST_CELLS, min(_ROWS_AT_FULL_LENGTH * train_context, most) // CELL_STEP * CELL_STEP)


def round_up(cells: int) -> int:
    """To what llama.cpp allocates."""
    return -(-cells // CELL_STEP) * CELL_STEP


def kv_bytes_per_token(header: GgufHeader, kv_type: str) -> int:
    """Bytes of keys and values that a token adds over all layers."""
    _, block, size = KV_TYPES[kv_type]
    return sum(-(-width // block) * size for width in _kv_widths(header))


def _kv_widths(header: GgufHeader) -> Iterator[int]:
    """Values a token adds, for the keys and the values of each layer that keeps any."""
    heads = header.get("attention.head_count_kv")
    key = _size(header, "attention.key_length") or header.hidden_size // max(1, header.num_heads)
    value = _size(header, "attention.value_length") or key
    for tensor in header.tensors:
        found = re.fullmatch(r"blk\.(\d+)\.attn_(k|v|qkv|kv_a_mqa)\.weight", tensor.name)
        if found is None:
            continue
        if found[2] == "qkv":
            own = heads[int(found[1])] if isinstance(heads, tuple) else header.num_kv_heads
            yield from (int(own) * key, int(own) * value)
        else:
            yield tensor.shape[1]


def state_bytes(header: GgufHeader) -> int:
    """Bytes of recurrent state that a sequence holds over all layers; float32."""
    layers = len({t.name.split(".")[1] for t in header.tensors if re.match(r"blk\.\d+\.ssm_conv1d", t.name)})
    inner, state, groups = (_size(header, f"ssm.{key}") for key in ("inner_size", "state_size", "group_count"))
    convolved = max(0, _size(header, "ssm.conv_kernel") - 1) * (inner + 2 * groups * state)
    short = len([t for t in header.tensors if re.fullmatch(r"blk\.\d+\.shortconv\.conv\.weight", t.name)])
    kept = max(0, _size(header, "shortconv.l_cache") - 1) * header.hidden_size
    return 4 * (layers * (convolved + state * inner) + short * kept)


def _size(header: GgufHeader, key: str) -> int:
    value = header.get(key)
    return int(value) if isinstance(value, int | float) else 0

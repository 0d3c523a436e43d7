"""The cache of graphs with plain attention: rows share their columns, and what is not a row's own is masked.

Not here: what a cache is asked for (onnx_cache), or GroupQueryAttention (onnx_ragged).
Invariant: a column is a row's own or masked for it; positions count only its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.engine.onnx_session import PREFILL_CHUNK, Model, check_abort
from edgereason.protocols import Passes, ShouldAbort

Array = npt.NDArray[Any]


class MaskedCache:
    """Rows that share their columns: a pass puts every row's new keys into the same new columns, holes are masked.

    The graph itself makes the longer cache, so every pass copies all keys; changing the set of rows costs as much. Rows
    are packed side by side when a pass needs them, and unpacked (holes left out) when the set changes.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._rows: list[list[Array]] | None = []  # unpacked: each row's cache tensors
        self._values: list[Any] = []  # packed: OrtValues, and
        self._mask = np.zeros((0, 0), np.bool_)  # which columns are a row's own [n, columns]
        self._lengths = np.zeros(0, np.int64)
        self._logits = np.zeros((0, 1, model.vocab_size), model.logits_dtype)
        self._hidden = np.zeros((0, 1, model.hidden_size), model.hidden_dtype)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each row [n]."""
        return self._lengths

    @property
    def num_bytes(self) -> int:
        """Bytes of keys and values held."""
        if self._rows is not None:
            return sum(array.nbytes for row in self._rows for array in row)
        layout = self._model.layout
        sizes = [int(np.prod([s for s in shape if s])) for shape in layout.kv_shapes]
        return sum(sizes) * self._mask.size * layout.kv_dtype.itemsize

    def logits(self) -> npt.NDArray[np.float32]:
        """float32 [n, V]; a view where the model's own are float32."""
        return np.asarray(self._logits[:, 0], np.float32)

    def hidden(self, row: int) -> npt.NDArray[np.float32]:
        """float32 [d], a copy."""
        return np.array(self._hidden[row, 0], np.float32)

    def keys_values(self, row: int) -> list[Array]:
        """Cache tensors of one row, holes left out."""
        return self._unpacked([row])[0]

    def add(self, source: MaskedCache, row: int, count: int) -> None:
        """Append copies of a row."""
        arrays = source.keys_values(row)
        for _ in range(count):
            self._put(arrays, int(source._lengths[row]), source._logits[row], source._hidden[row])

    def put(self, keys_values: Sequence[Array], last_token: int, logits: Array, hidden: Array) -> None:
        """Append a row."""
        self._put(list(keys_values), keys_values[0].shape[-2], logits, hidden)

    def keep(self, rows: Sequence[int]) -> list[int]:
        """Drop all other rows; the order stays."""
        order = sorted(rows)
        self._rows = self._unpacked(order)
        self._values = []
        self._lengths, self._logits, self._hidden = self._lengths[order], self._logits[order], self._hidden[order]
        return order

    def append(self, tokens: Sequence[Sequence[int]], should_abort: ShouldAbort) -> Passes:
        """Run the tokens, all rows side by side; where only some rows have any, those by themselves."""
        named = [row for row, ids in enumerate(tokens) if len(ids)]
        if not named:
            return Passes(count=0, rows=0)
        if len(named) < len(self._lengths):
            return self._append_apart(named, [tokens[row] for row in named], should_abort)
        most = max(map(len, tokens))
        if self._rows is None and self._mask.shape[1] + most > self._model.context:
            self._unpack()
        if len(named) > 1 and self._columns_packed() + most > self._model.context:
            passes = [self._append_apart([row], [tokens[row]], should_abort).count for row in named]
            return Passes(count=sum(passes), rows=1)
        return self._append_together(tokens, most, should_abort)

    def _append_apart(self, rows: list[int], tokens: list[Sequence[int]], should_abort: ShouldAbort) -> Passes:
        """Append to some rows in a cache of their own, and take the results over."""
        apart = MaskedCache(self._model)
        for row in rows:
            apart.add(self, row, 1)
        passes = apart.append(tokens, should_abort)
        self._unpack()
        assert self._rows is not None
        for index, row in enumerate(rows):
            self._rows[row] = apart.keys_values(index)
        self._lengths[rows], self._logits[rows], self._hidden[rows] = apart._lengths, apart._logits, apart._hidden
        return passes

    def _append_together(self, tokens: Sequence[Sequence[int]], most: int, should_abort: ShouldAbort) -> Passes:
        """Tokens at the right of `most` new columns, so that every row's last one is in the last column."""
        self._pack()
        ids = np.zeros((len(tokens), most), np.int64)
        places, own = ids.copy(), np.zeros(ids.shape, np.bool_)
        for row, (new, length) in enumerate(zip(tokens, self._lengths.tolist(), strict=True)):
            ids[row, most - len(new) :] = new
            own[row, most - len(new) :] = True
            places[row, most - len(new) :] = np.arange(length, length + len(new))
        bounds = [*range(0, most - 1, PREFILL_CHUNK), most - 1, most]
        for begin, end in pairwise(bounds):
            if begin < end:
                check_abort(should_abort)
                self._pass(ids[:, begin:end], own[:, begin:end], places[:, begin:end], is_last=end == most)
        self._lengths = self._lengths + own.sum(axis=1)
        return Passes(count=len(set(bounds)) - 1, rows=len(tokens))

    def _pass(self, ids: Array, own: Array, places: Array, *, is_last: bool) -> None:
        """One pass over new columns; the last one's results go into logits and hidden states."""
        model, layout = self._model, self._model.layout
        self._mask = np.concatenate([self._mask, own], axis=1)
        feeds = {"input_ids": ids, "attention_mask": self._mask, "position_ids": places}
        binding = model.binding()
        held = [np.ascontiguousarray(feeds[name], dtype) for name, dtype in layout.inputs.items()]
        for name, array in zip(layout.inputs, held, strict=True):
            binding.bind_cpu_input(name, array)
        for name, value in zip(layout.past, self._values, strict=True):
            binding.bind_ortvalue_input(name, value)
        for name in layout.present:
            binding.bind_output(name, model.device)
        if is_last:
            binding.bind_output(layout.logits)
            binding.bind_output(layout.hidden)
        model.run(binding)
        outputs = binding.get_outputs()
        self._values = outputs[: len(layout.present)]
        if is_last:
            self._logits, self._hidden = (np.array(value.numpy()) for value in outputs[len(layout.present) :])

    def _columns_packed(self) -> int:
        """Columns there will be when the next pass begins."""
        return self._mask.shape[1] if self._rows is None else int(self._lengths.max(initial=0))

    def _put(self, arrays: list[Array], length: int, logits: Array, hidden: Array) -> None:
        self._unpack()
        assert self._rows is not None
        self._rows.append(arrays)
        self._lengths = np.append(self._lengths, length)
        self._logits = np.concatenate([self._logits, logits[None]])
        self._hidden = np.concatenate([self._hidden, hidden[None]])

    def _unpack(self) -> None:
        if self._rows is None:
            self._rows, self._values = self._unpacked(range(len(self._lengths))), []

    def _unpacked(self, rows: Sequence[int]) -> list[list[Array]]:
        """The cache tensors of these rows, without holes."""
        if self._rows is not None:
            return [self._rows[row] for row in rows]
        axis = self._model.layout.batch_axis
        arrays = [value.numpy() for value in self._values]
        picked = [np.flatnonzero(self._mask[row]) for row in rows]
        return [
            [array.take([row], axis=axis).take(columns, axis=axis + 2) for array in arrays]
            for row, columns in zip(rows, picked, strict=True)
        ]

    def _pack(self) -> None:
        """Lay the rows side by side, each from the first column on."""
        if self._rows is None:
            return
        layout, rows = self._model.layout, self._rows
        columns = int(self._lengths.max(initial=0))
        self._mask = np.arange(columns) < self._lengths[:, None]
        self._values = []
        for index, shape in enumerate(layout.kv_shapes):
            whole = np.zeros((*shape[:-4], max(len(rows), 1), shape[-3], columns, shape[-1]), layout.kv_dtype)
            for row, arrays in enumerate(rows):
                whole[..., row, :, : arrays[index].shape[-2], :] = arrays[index][..., 0, :, :, :]
            self._values.append(self._model.value(whole))
        self._rows = None

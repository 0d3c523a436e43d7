"""The cache of graphs with GroupQueryAttention: every row at its own length, nothing copied by a pass.

Not here: what a cache is asked for (onnx_cache), or plain attention (onnx_masked).
Invariant: keys beyond a row's length are never read, so what lies there does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.engine.onnx_session import PREFILL_CHUNK, Model, check_abort
from edgereason.protocols import Passes, ShouldAbort

Array = npt.NDArray[Any]
_SPARE = 64  # tokens a row can grow by at least before everything is copied to a larger buffer


class RaggedCache:
    """Rows right-padded to one capacity, past and present in one buffer, so that a pass copies no keys.

    While the set of rows stands, a pass changes only the contents of the bound arrays. Rows lie in slots; dropping one
    moves the last row into its slot. With several rows the graph takes one new token each (a row with nothing to add
    gets its last token again at the place beyond its end, which counts for nothing), with one row several at once.
    On a CPU any span of slots is a batch of its own without copying, because slots are the leading axis.
    """

    def __init__(self, model: Model, *, grows: bool) -> None:
        self._model, self._grows = model, grows
        self._count = 0
        self._mask: Array = np.zeros((0, 0))
        self._buffers: list[Array] = []
        self._values: list[Any] | None = None  # the buffers on another device, while rows run there
        self._bindings: dict[tuple[int, int], Any] = {}
        self._allocate(0, 0)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each row [n]."""
        return self._lengths[: self._count]

    @property
    def num_bytes(self) -> int:
        """Bytes of keys and values held."""
        return sum(buffer.nbytes for buffer in self._buffers)

    def logits(self) -> npt.NDArray[np.float32]:
        """float32 [n, V]; a view where the model's own are float32."""
        return np.asarray(self._logits[: self._count, 0], np.float32)

    def hidden(self, row: int) -> npt.NDArray[np.float32]:
        """float32 [d], a copy."""
        return np.array(self._hidden[row, 0], np.float32)

    def keys_values(self, row: int) -> list[Array]:
        """Cache tensors [1, heads, length, size]."""
        self._pull()
        return [buffer[row : row + 1, :, : self._lengths[row]] for buffer in self._buffers]

    def add(self, source: RaggedCache, row: int, count: int) -> None:
        """Append copies of a row."""
        source._pull()
        self._pull()
        length = int(source._lengths[row])
        self._reserve(self._count + count, length + 1 if self._grows else length)
        new = slice(self._count, self._count + count)
        for mine, theirs in zip(self._buffers, source._buffers, strict=True):
            mine[new, :, :length] = theirs[row, :, :length]
        for mine, theirs in zip(self._columns(), source._columns(), strict=True):
            mine[new] = theirs[row]
        self._mask[new] = np.arange(self._capacity) < length
        self._count += count

    def put(self, keys_values: Sequence[Array], last_token: int, logits: Array, hidden: Array) -> None:
        """Append a row."""
        self._pull()
        length = keys_values[0].shape[2]
        self._reserve(self._count + 1, length)
        row = self._count
        for mine, theirs in zip(self._buffers, keys_values, strict=True):
            mine[row, :, :length] = theirs[0]
        self._ids[row], self._logits[row], self._hidden[row], self._lengths[row] = last_token, logits, hidden, length
        self._mask[row] = np.arange(self._capacity) < length
        self._count += 1

    def keep(self, rows: Sequence[int]) -> list[int]:
        """Drop all other rows, moving the last ones into the gaps."""
        self._pull()
        count, kept = len(rows), set(rows)
        gaps = [slot for slot in range(count) if slot not in kept]
        order = list(range(count))
        for gap, moved in zip(gaps, sorted(slot for slot in kept if slot >= count), strict=True):
            self._move(moved, gap)
            order[gap] = moved
        self._count = count
        if 2 * count <= self._slots:
            self._allocate(count, self._capacity if count else 0)
        return order

    def append(self, tokens: Sequence[Sequence[int]], should_abort: ShouldAbort) -> Passes:
        """Run the tokens: all rows together a token at a time, or, where that is fewer passes, each row by itself."""
        sizes = [len(ids) for ids in tokens]
        most = max(sizes, default=0)
        if not most:
            return Passes(count=0, rows=0)
        if most == min(sizes) == 1:
            return self._append_one_each([ids[0] for ids in tokens], should_abort)
        named = [row for row, size in enumerate(sizes) if size]
        if self._count == 1 or (self._model.is_on_cpu and most > 2 * len(named)):
            return Passes(count=sum(self._append_alone(row, tokens[row], should_abort) for row in named), rows=1)
        return self._append_together(tokens, named, most, should_abort)

    def _append_one_each(self, tokens: list[int], should_abort: ShouldAbort) -> Passes:
        """The plain decode step: one token for every row."""
        check_abort(should_abort)
        count = self._count
        lengths = self._lengths[:count]
        self._reserve(count, int(lengths.max()) + 1)
        lengths = self._lengths[:count]
        self._ids[:count, 0] = tokens
        self._mask[self._slot_indices[:count], lengths] = 1
        self._places[:count, 0] = lengths
        self._pass(0, count)
        lengths += 1
        return Passes(count=1, rows=count)

    def _append_together(
        self, tokens: Sequence[Sequence[int]], named: list[int], most: int, should_abort: ShouldAbort
    ) -> Passes:
        """One token a row a pass; rows with fewer tokens begin later, so that all end with the last pass."""
        first, last = (named[0], named[-1] + 1) if self._model.is_on_cpu else (0, self._count)
        span, slots = slice(first, last), np.arange(first, last)
        starts = np.array([most - len(tokens[slot]) for slot in range(first, last)])
        idle = slots[starts == most]
        before = self._logits[idle], self._hidden[idle]
        context = self._model.context
        ends = self._lengths[span] + np.maximum(most - starts, 1)
        self._reserve(self._count, min(int(ends.max()), context))
        for step in range(most):
            check_abort(should_abort)
            active = slots[starts <= step] if starts.any() else slots
            for slot in active.tolist():
                self._ids[slot, 0] = tokens[slot][step - most]
            # A row at the end of its context gets its last token again at its last place: the same keys once more.
            places = np.minimum(self._lengths[span], context - 1)
            self._mask[slots, places] = 1
            self._places[span, 0] = places
            self._pass(first, last)
            self._lengths[active] += 1
        self._logits[idle], self._hidden[idle] = before
        return Passes(count=most, rows=last - first)

    def _append_alone(self, slot: int, tokens: Sequence[int], should_abort: ShouldAbort) -> int:
        """Several tokens a pass for one row; the last comes alone, so that only its logits are ever fetched."""
        start = int(self._lengths[slot])
        self._reserve(self._count, start + len(tokens))
        passes = 0
        for begin in range(0, len(tokens) - 1, PREFILL_CHUNK):
            check_abort(should_abort)
            self._fill(slot, tokens[begin : min(begin + PREFILL_CHUNK, len(tokens) - 1)])
            passes += 1
        check_abort(should_abort)
        place = start + len(tokens) - 1
        self._ids[slot, 0], self._places[slot, 0], self._mask[slot, place] = tokens[-1], place, 1
        self._pass(slot, slot + 1)
        self._lengths[slot] = place + 1
        return passes + 1

    def _fill(self, slot: int, tokens: Sequence[int]) -> None:
        """One pass that only adds keys and values to one row."""
        start, end = int(self._lengths[slot]), int(self._lengths[slot]) + len(tokens)
        self._mask[slot, start:end] = 1
        feeds = {
            "input_ids": np.array([tokens], self._ids.dtype),
            "attention_mask": self._mask[slot : slot + 1],
            "position_ids": np.arange(start, end, dtype=self._places.dtype)[None],
        }
        binding = self._bind_cache(slot, slot + 1)
        for name in self._model.layout.inputs:
            binding.bind_cpu_input(name, feeds[name])
        self._model.run(binding)
        self._lengths[slot] = end

    def _pass(self, first: int, last: int) -> None:
        """One pass of one token for each slot of the span, results into the slots' logits and hidden states."""
        binding = self._bindings.get((first, last))
        if binding is None:
            binding = self._bindings[first, last] = self._bind_cache(first, last)
            if self._model.is_on_cpu:
                self._bind_columns(binding, first, last)
        if self._model.is_on_cpu:
            self._model.run(binding)
        else:
            self._run_on_device(binding)

    def _bind_cache(self, first: int, last: int) -> Any:
        """A binding of the span's keys and values, each as past and as present."""
        model, layout = self._model, self._model.layout
        if model.is_on_cpu:
            values = [model.value(buffer[first:last]) for buffer in self._buffers]
        else:
            values = self._values = self._values or [model.value(buffer[first:last]) for buffer in self._buffers]
        binding = model.binding()
        for past, present, value in zip(layout.past, layout.present, values, strict=True):
            binding.bind_ortvalue_input(past, value)
            binding.bind_ortvalue_output(present, value)
        return binding

    def _bind_columns(self, binding: Any, first: int, last: int) -> None:
        """Bind the span's small arrays themselves: what is written into them is what the next pass reads."""
        model, layout = self._model, self._model.layout
        columns = {"input_ids": self._ids, "attention_mask": self._mask, "position_ids": self._places}
        for name in layout.inputs:
            binding.bind_ortvalue_input(name, model.value(columns[name][first:last]))
        binding.bind_ortvalue_output(layout.logits, model.value(self._logits[first:last]))
        binding.bind_ortvalue_output(layout.hidden, model.value(self._hidden[first:last]))

    def _run_on_device(self, binding: Any) -> None:
        """A pass over all rows where the small arrays have to be copied to the device and back."""
        layout = self._model.layout
        columns = {"input_ids": self._ids, "attention_mask": self._mask, "position_ids": self._places}
        for name in layout.inputs:
            binding.bind_cpu_input(name, columns[name][: self._count])
        binding.bind_output(layout.logits)
        binding.bind_output(layout.hidden)
        self._model.run(binding)
        outputs = binding.get_outputs()
        self._logits[: self._count] = outputs[-2].numpy()
        self._hidden[: self._count] = outputs[-1].numpy()

    def _reserve(self, slots: int, length: int) -> None:
        """Make room for so many rows of that length, with some to spare where rows grow."""
        if slots <= self._slots and length <= self._capacity:
            return
        capacity = max(length, self._capacity)
        if self._grows and length > self._capacity:
            capacity = min(length + max(_SPARE, length // 4), max(self._model.context, length))
        self._pull()
        self._allocate(max(slots, self._slots * 3 // 2) if slots > self._slots else self._slots, capacity)

    def _allocate(self, slots: int, capacity: int) -> None:
        """New arrays with the live rows copied into them."""
        model, layout = self._model, self._model.layout
        old = (*self._buffers, *self._columns(), self._mask) if self._count else ()
        axes = [(shape[1], capacity, shape[3]) for shape in layout.kv_shapes]
        self._buffers = [np.zeros((slots, *shape), layout.kv_dtype) for shape in axes]
        self._values, self._bindings = None, {}
        self._ids = np.zeros((slots, 1), layout.inputs["input_ids"])
        self._mask = np.zeros((slots, capacity), layout.inputs["attention_mask"])
        self._places = np.zeros((slots, 1), layout.inputs.get("position_ids", np.dtype(np.int64)))
        self._lengths = np.zeros(slots, np.int64)
        self._slot_indices = np.arange(slots)
        self._logits = np.zeros((slots, 1, model.vocab_size), model.logits_dtype)
        self._hidden = np.zeros((slots, 1, model.hidden_size), model.hidden_dtype)
        self._slots, self._capacity = slots, capacity
        for mine, theirs in zip((*self._buffers, *self._columns(), self._mask), old, strict=False):
            room = tuple(slice(min(sizes)) for sizes in zip(mine.shape[1:], theirs.shape[1:], strict=True))
            mine[(slice(self._count), *room)] = theirs[(slice(self._count), *room)]

    def _columns(self) -> tuple[Array, ...]:
        """The arrays with one entry a slot, keys, values and mask aside."""
        return self._ids, self._places, self._lengths, self._logits, self._hidden

    def _move(self, source: int, target: int) -> None:
        """Copy a slot over another one."""
        length = int(self._lengths[source])
        for buffer in self._buffers:
            buffer[target, :, :length] = buffer[source, :, :length]
        for column in (*self._columns(), self._mask):
            column[target] = column[source]

    def _pull(self) -> None:
        """Bring keys and values back from a device before numpy changes the set of rows."""
        if self._values is not None:
            for buffer, value in zip(self._buffers, self._values, strict=True):
                buffer[: value.shape()[0]] = value.numpy()
            self._values, self._bindings = None, {}

"""Rows of context with their keys and values, and the passes that make them longer.

A cache holds rows by index (0 to n - 1), each with its length and the logits and hidden state of its last token. One
row is a prefix, several are a batch. Two classes, one for each kind of attention graph (see onnx_layout), keep it.
Not here: row ids, sampling, tokens other than those being appended.
Invariant: a row that is not named in `append` keeps its length, its logits and its hidden state, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgereason.engine.onnx_masked import MaskedCache
from edgereason.engine.onnx_ragged import RaggedCache
from edgereason.engine.onnx_session import Model
from edgereason.protocols import Passes, ShouldAbort

Array = npt.NDArray[Any]


class Cache(Protocol):
    """What prefixes and batches ask of either class."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each row [n]."""

    @property
    def num_bytes(self) -> int:
        """Bytes of keys and values held."""

    def logits(self) -> npt.NDArray[np.float32]:
        """float32 [n, V] of each row's last token; overwritten by the next append."""

    def hidden(self, row: int) -> npt.NDArray[np.float32]:
        """float32 [d] of the row's last token, a copy."""

    def add(self, source: Any, row: int, count: int) -> None:
        """Append `count` copies of a row of `source`, a cache of the same model (or this one)."""

    def put(self, keys_values: Sequence[Array], last_token: int, logits: Array, hidden: Array) -> None:
        """Append a row from what `keys_values` and the rest gave."""

    def keep(self, rows: Sequence[int]) -> list[int]:
        """Drop all other rows; which old row each row now is."""

    def append(self, tokens: Sequence[Sequence[int]], should_abort: ShouldAbort) -> Passes:
        """Run these tokens, aligned with the rows; a row with none stays as it is.

        Raises:
            Aborted: between two passes; the cache is of no further use.
        """

    def keys_values(self, row: int) -> list[Array]:
        """The row's cache tensors, one row each and exactly as long as it is."""


def new_cache(model: Model, *, grows: bool) -> Cache:
    """An empty cache for the model's kind of graph; `grows` leaves room for rows to become longer."""
    return RaggedCache(model, grows=grows) if model.layout.kind == "ragged" else MaskedCache(model)

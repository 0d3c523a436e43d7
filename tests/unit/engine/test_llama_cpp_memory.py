"""What a GGUF model will take of memory, from its header alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgereason.engine.gguf_header import check_gguf
from edgereason.engine.llama_cpp_memory import default_cells, default_rows, estimate_memory

BUNDLED = Path(__file__).parents[3] / "models" / "abacus" / "model-q8_0.gguf"


def test_the_context_decides_the_size_of_keys_and_values() -> None:
    """Rounded up as llama.cpp does; two bytes a value, or 34 for 32 of them."""
    header = check_gguf(BUNDLED)
    values = header.num_layers * 2 * header.num_kv_heads * 32  # the bundled model's heads hold 32
    found = [estimate_memory(header, context=1000, kv_type=kind) for kind in ("f16", "q8_0")]

    assert [1024 * values * 2, 1024 * values * 34 // 32] == [each.keys_values for each in found]
    assert [0, 0] == [each.states for each in found]
    assert sum(tensor.num_bytes for tensor in header.tensors) == found[0].weights
    assert found[0].total > found[0].weights + found[0].keys_values


def test_an_estimate_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """llama.cpp is neither needed nor loaded."""
    monkeypatch.setitem(sys.modules, "llama_cpp", None)

    assert estimate_memory(check_gguf(BUNDLED)).total > 0


def test_the_default_context_is_bounded_by_memory_and_by_the_model() -> None:
    """16 rows of full length where they fit a GiB, else what fits, and never less than a short conversation."""
    assert [16 * 1024, 16 * 1024, 8192, 2048] == [
        default_cells(1024, 0),
        default_cells(1024, 4096),
        default_cells(131072, 1 << 17),
        default_cells(131072, 1 << 22),
    ]


def test_large_recurrent_states_make_fewer_rows() -> None:
    """Each sequence holds one from the beginning."""
    assert [64, 64, 10, 4] == [default_rows(0), default_rows(1 << 20), default_rows(25 << 20), default_rows(1 << 30)]

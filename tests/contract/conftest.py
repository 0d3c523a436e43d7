"""Tiny decoders with random float32 weights, written node by node: the contract needs no model from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper, save_model

VOCAB, HEADS, SIZE, LAYERS, CONTEXT = 96, 2, 16, 2, 320
WIDTH = HEADS * SIZE


class Graph:
    """Nodes and weights being collected; `add` returns the name of what the node makes."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.random = np.random.default_rng(seed)

    def add(self, op: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """One node of one output."""
        name = out or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=f"n{len(self.nodes)}", **attributes))
        return name

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        """A weight with these values."""
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype), f"w{len(self.weights)}"))
        return str(self.weights[-1].name)

    def normal(self, *shape: int, scale: float) -> str:
        """A weight of random values."""
        return self.constant(self.random.normal(0, scale, shape), np.float32)

    def norm(self, x: str) -> str:
        """x over its root mean square."""
        square = self.add("ReduceMean", self.add("Mul", x, x), axes=[-1])
        return self.add("Div", x, self.add("Sqrt", self.add("Add", square, self.constant(1e-6, np.float32))))

    def linear(self, x: str, rows: int, columns: int, gain: float = 1.0) -> str:
        """x times a random matrix."""
        return self.add("MatMul", x, self.normal(rows, columns, scale=gain / np.sqrt(rows)))


def _mask_bias(g: Graph) -> str:
    """[batch, 1, new, all]: 0 where a query may look, a large negative number elsewhere.

    From a fixed table, as some exports have it: more columns than the context are an error.
    """
    total = g.add("Gather", g.add("Shape", "attention_mask"), g.constant(1), axis=0)
    new = g.add("Gather", g.add("Shape", "input_ids"), g.constant(1), axis=0)
    one = g.constant(1)
    table = g.constant(np.tril(np.ones((CONTEXT, CONTEXT))), np.bool_)
    rows = g.add("Gather", table, g.add("Range", g.add("Sub", total, new), total, one), axis=0)
    causal = g.add("Gather", rows, g.add("Range", g.constant(0), total, one), axis=1)
    own = g.add("Unsqueeze", g.add("Cast", "attention_mask", to=TensorProto.BOOL), g.constant([1, 2]))
    zero, never = g.constant(0, np.float32), g.constant(-1e9, np.float32)
    return g.add("Where", g.add("And", causal, own), zero, never)


def _heads(g: Graph, x: str) -> str:
    shaped = g.add("Reshape", x, g.constant([0, 0, HEADS, SIZE]))
    return g.add("Transpose", shaped, perm=[0, 2, 1, 3])


def _plain_attention(g: Graph, x: str, layer: int, bias: str, stacked: bool) -> str:
    query, key, value = (_heads(g, g.linear(x, WIDTH, WIDTH, 2.0)) for _ in range(3))
    if stacked:
        old_key, old_value = (g.add("Gather", f"past_{layer}", g.constant(index), axis=0) for index in (0, 1))
        key, value = g.add("Concat", old_key, key, axis=2), g.add("Concat", old_value, value, axis=2)
        both = [g.add("Unsqueeze", part, g.constant([0])) for part in (key, value)]
        g.add("Concat", *both, out=f"present_{layer}", axis=0)
    else:
        key = g.add("Concat", f"past_key_values.{layer}.key", key, out=f"present.{layer}.key", axis=2)
        value = g.add("Concat", f"past_key_values.{layer}.value", value, out=f"present.{layer}.value", axis=2)
    scores = g.add("MatMul", query, g.add("Transpose", key, perm=[0, 1, 3, 2]))
    scores = g.add("Mul", scores, g.constant(SIZE**-0.5, np.float32))
    mixed = g.add("MatMul", g.add("Softmax", g.add("Add", scores, bias), axis=-1), value)
    return g.add("Reshape", g.add("Transpose", mixed, perm=[0, 2, 1, 3]), g.constant([0, 0, WIDTH]))


def _grouped_attention(g: Graph, x: str, layer: int, counts: tuple[str, str], tables: tuple[str, str]) -> str:
    query, key, value = (g.linear(x, WIDTH, WIDTH, 2.0) for _ in range(3))
    past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
    made = [f"attended{layer}", f"present.{layer}.key", f"present.{layer}.value"]
    node = helper.make_node(
        "GroupQueryAttention", [query, key, value, *past, *counts, *tables], made, name=f"gqa{layer}",
        domain="com.microsoft", num_heads=HEADS, kv_num_heads=HEADS, do_rotary=1,
    )  # fmt: skip
    g.nodes.append(node)
    return made[0]


def _lengths(g: Graph) -> tuple[str, str]:
    """What GroupQueryAttention wants to know: tokens of each row less one, and the width of the mask."""
    counted = g.add("ReduceSum", "attention_mask", g.constant([1]), keepdims=0)
    own = g.add("Cast", g.add("Sub", counted, g.constant(1)), to=TensorProto.INT32)
    total = g.add("Gather", g.add("Shape", "attention_mask"), g.constant(1), axis=0)
    return own, g.add("Cast", total, to=TensorProto.INT32)


def _rotary_tables(g: Graph) -> tuple[str, str]:
    angles = np.arange(CONTEXT)[:, None] * 10000.0 ** (-np.arange(SIZE // 2) / (SIZE // 2))
    return g.constant(np.cos(angles), np.float32), g.constant(np.sin(angles), np.float32)


def tiny_decoder(kind: str, *, gives_hidden: bool = True, seed: int = 0, has_cache: bool = True) -> ModelProto:
    """A decoder of `kind` "grouped", "plain" or "stacked" (plain, keys and values in one tensor)."""
    g = Graph(seed)
    x = g.add("Gather", g.normal(VOCAB, WIDTH, scale=1.0), "input_ids", axis=0)
    if kind == "grouped":
        counts, tables, bias = _lengths(g), _rotary_tables(g), ""
    else:
        x = g.add("Add", x, g.add("Gather", g.normal(CONTEXT, WIDTH, scale=0.5), "position_ids", axis=0))
        bias = _mask_bias(g)
    for layer in range(LAYERS):
        normed = g.norm(x)
        if kind == "grouped":
            attended = _grouped_attention(g, normed, layer, counts, tables)
        else:
            attended = _plain_attention(g, normed, layer, bias, kind == "stacked")
        x = g.add("Add", x, g.linear(attended, WIDTH, WIDTH))
        x = g.add("Add", x, g.linear(g.add("Tanh", g.linear(g.norm(x), WIDTH, 64)), 64, WIDTH))
    hidden = g.add("Identity", g.norm(x), out="hidden_states")
    g.add("MatMul", hidden, g.normal(WIDTH, VOCAB, scale=0.6), out="logits")
    return _model(g, kind, gives_hidden, has_cache)


def _model(g: Graph, kind: str, gives_hidden: bool, has_cache: bool) -> ModelProto:
    def tensor(name: str, dtype: int, *shape: int | str) -> Any:
        return helper.make_tensor_value_info(name, dtype, shape)

    ids = ["input_ids", *([] if kind == "grouped" else ["position_ids"])]
    inputs = [tensor(name, TensorProto.INT64, "batch", "new") for name in ids]
    inputs.append(tensor("attention_mask", TensorProto.INT64, "batch", "total"))
    outputs = [tensor("logits", TensorProto.FLOAT, "batch", "new", VOCAB)]
    if gives_hidden:
        outputs.append(tensor("hidden_states", TensorProto.FLOAT, "batch", "new", WIDTH))
    for layer in range(LAYERS):
        if kind == "stacked":
            pairs = [(f"past_{layer}", f"present_{layer}", (2,))]
        else:
            names = [(f"past_key_values.{layer}.{part}", f"present.{layer}.{part}") for part in ("key", "value")]
            pairs = [(past, present, ()) for past, present in names]
        for past, present, front in pairs:
            inputs.append(tensor(past, TensorProto.FLOAT, *front, "batch", HEADS, "past", SIZE))
            if has_cache:
                outputs.append(tensor(present, TensorProto.FLOAT, *front, "batch", HEADS, "total", SIZE))
    graph = helper.make_graph(g.nodes, "tiny", inputs, outputs, g.weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tiny decoder and returns its path."""

    def write(kind: str, **options: Any) -> Path:
        path = tmp_path / f"{kind}.onnx"
        save_model(tiny_decoder(kind, **options), path)
        return path

    return write

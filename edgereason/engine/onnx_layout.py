"""What a decoder graph wants and gives: tensor names, shapes, cache kind, output head. Read from the graph alone.

Two kinds of cache, which need opposite treatment:
ragged   GroupQueryAttention: each row's keys lie at its own length (right-padded), the attention mask only counts them
masked   plain attention: all rows' new keys go to the same columns, so holes are masked and positions are given
Not here: running anything. Invariant: a graph that cannot be driven is refused here, with what is missing in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx

from edgereason.engine.onnx_file import OnnxFile
from edgereason.errors import ModelFileError

# Past name and present name of layer %d, where no genai_config.json says.
_USUAL_NAMES = (
    (("past_key_values.%d.key", "present.%d.key"), ("past_key_values.%d.value", "present.%d.value")),
    (("past_key_%d", "present_key_%d"), ("past_value_%d", "present_value_%d")),
    (("past_%d", "present_%d"),),
)
_HEADS = ("MatMul", "MatMulNBits", "Gemm", "FusedMatMul", "DynamicQuantizeMatMul", "MatMulFpQ4", "MatMulBnb4")
_DRIVEN = ("input_ids", "attention_mask", "position_ids")
_NOT_A_DECODER = "Export the model as a decoder with a key-value cache (onnxruntime-genai's builder does)."
_UNKNOWN_CONTEXT = 2048


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Names and sizes of one decoder graph."""

    kind: Literal["ragged", "masked"]
    past: tuple[str, ...]
    present: tuple[str, ...]  # aligned with `past`
    kv_shapes: tuple[tuple[int, ...], ...]  # of one row without a token, batch axis included: (2, 1, heads, 0, size)
    kv_dtype: np.dtype[Any]
    inputs: Mapping[str, np.dtype[Any]]  # of input_ids, attention_mask and, where the graph has it, position_ids
    logits: str
    hidden: str  # the tensor that the output head reads
    hidden_is_output: bool
    num_layers: int
    context: int
    context_is_known: bool

    @property
    def batch_axis(self) -> int:
        """Where the rows are in a cache tensor; the tokens are two axes on."""
        return len(self.kv_shapes[0]) - 4


def read_layout(file: OnnxFile) -> Layout:
    """The layout of this file's graph; raises ModelFileError where it is no decoder that can be driven."""
    graph = file.model.graph
    weights = {weight.name for weight in graph.initializer}
    inputs = {value.name: value for value in graph.input if value.name not in weights}
    outputs = {value.name: value for value in graph.output}
    logits = file.config.get("decoder", {}).get("outputs", {}).get("logits", "logits")
    if logits not in outputs:
        raise ModelFileError(f"{file.path} has no output {logits!r}: it is no language model", hint=_NOT_A_DECODER)
    pairs = _cache_names(file, inputs, outputs)
    _check_inputs(file, inputs, [past for past, _ in pairs])
    kind: Literal["ragged", "masked"] = "ragged" if _nodes(graph, "GroupQueryAttention") else "masked"
    if kind == "masked" and "position_ids" not in inputs:
        raise ModelFileError(
            f"{file.path} has plain attention and takes no position_ids, so its rows cannot differ in length",
            hint="Export it with position_ids, or with GroupQueryAttention.",
        )
    hidden = _head_input(graph, logits) or next((n for n in ("hidden_states", "last_hidden_state") if n in outputs), "")
    if not hidden:
        raise ModelFileError(f"{file.path}: no output head makes {logits!r}", hint=_NOT_A_DECODER)
    known_context = _context(file)
    return Layout(
        kind=kind,
        past=tuple(past for past, _ in pairs),
        present=tuple(present for _, present in pairs),
        kv_shapes=tuple(_kv_shape(file, inputs[past]) for past, _ in pairs),
        kv_dtype=_dtype(file, inputs[pairs[0][0]]),
        inputs={name: _dtype(file, inputs[name]) for name in _DRIVEN if name in inputs},
        logits=logits,
        hidden=hidden,
        hidden_is_output=hidden in outputs,
        num_layers=len({_layer_of(past) for past, _ in pairs}),
        context=known_context or _UNKNOWN_CONTEXT,
        context_is_known=bool(known_context),
    )


def with_hidden_output(file: OnnxFile, layout: Layout) -> onnx.ModelProto:
    """A copy of the model that also puts out the input of its output head."""
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    inside = {value.name: value for value in model.graph.value_info}
    logits = next(value for value in model.graph.output if value.name == layout.logits)
    made = onnx.ValueInfoProto()
    if layout.hidden in inside:
        made.CopyFrom(inside[layout.hidden])
    else:  # The loader infers the shape; the type is that of the logits.
        made.CopyFrom(onnx.helper.make_tensor_value_info(layout.hidden, logits.type.tensor_type.elem_type, None))
    model.graph.output.append(made)
    return model


def _cache_names(file: OnnxFile, inputs: Iterable[str], outputs: Iterable[str]) -> list[tuple[str, str]]:
    """(past, present) of every cache tensor, by layer."""
    for kinds in (*_configured_names(file.config), *_USUAL_NAMES):
        pairs = []
        layer = 0
        while all(past % layer in inputs and present % layer in outputs for past, present in kinds):
            pairs += [(past % layer, present % layer) for past, present in kinds]
            layer += 1
        if pairs:
            return pairs
    raise ModelFileError(f"{file.path} has no key-value cache among its inputs and outputs", hint=_NOT_A_DECODER)


def _configured_names(config: Mapping[str, Any]) -> list[tuple[tuple[str, str], ...]]:
    """The name patterns that genai_config.json gives."""
    decoder = config.get("decoder", {})
    past, present = decoder.get("inputs", {}), decoder.get("outputs", {})
    kinds = [
        tuple((past.get(f"past_{part}names", ""), present.get(f"present_{part}names", "")) for part in parts)
        for parts in (("key_", "value_"), ("",))
    ]
    return [kind for kind in kinds if all(_is_pattern(name) for pair in kind for name in pair)]


def _is_pattern(name: object) -> bool:
    return isinstance(name, str) and name.count("%") == 1 and "%d" in name


def _check_inputs(file: OnnxFile, inputs: Iterable[str], past: list[str]) -> None:
    strange = [name for name in inputs if name not in past and name not in _DRIVEN]
    if strange:
        raise ModelFileError(
            f"{file.path} wants the input {strange[0]!r}, which this engine does not know", hint=_NOT_A_DECODER
        )
    missing = [name for name in ("input_ids", "attention_mask") if name not in inputs]
    if missing:
        raise ModelFileError(f"{file.path} takes no {missing[0]}", hint=_NOT_A_DECODER)


def _head_input(graph: onnx.GraphProto, logits: str) -> str:
    """The tensor that the output head reads; empty where no head is found.

    Walks back from the logits through whatever changes them only element by element (casts, scales, soft caps).
    """
    made_by = {name: node for node in graph.node for name in node.output}
    weights = {weight.name for weight in graph.initializer}
    name = logits
    for _ in range(8):
        node = made_by.get(name)
        if node is None:
            return ""
        if node.op_type in _HEADS:
            return str(node.input[0])
        computed = [i for i in node.input if i and i not in weights and made_by.get(i, node).op_type != "Constant"]
        if len(computed) != 1:
            return ""
        name = computed[0]
    return ""


def _kv_shape(file: OnnxFile, value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """Shape of one row of a cache tensor without a token."""
    sizes = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    if len(sizes) not in (4, 5):
        raise ModelFileError(
            f"{file.path}: cache {value.name!r} has {len(sizes)} axes, not 4 or 5", hint=_NOT_A_DECODER
        )
    decoder = file.config.get("decoder", {})
    heads = sizes[-3] or decoder.get("num_key_value_heads", 0) or _attribute(file, "kv_num_heads")
    size = sizes[-1] or decoder.get("head_size", 0) or _rotary_size(file)
    if not (heads and size):
        raise ModelFileError(
            f"{file.path} does not say how large its cache {value.name!r} is",
            hint="Put the genai_config.json of its export beside it.",
        )
    return (*([2] if len(sizes) == 5 else []), 1, int(heads), 0, int(size))


def _dtype(file: OnnxFile, value: onnx.ValueInfoProto) -> np.dtype[Any]:
    kind = value.type.tensor_type.elem_type
    if kind not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT32, onnx.TensorProto.INT64):
        name = onnx.TensorProto.DataType.Name(kind) if kind in onnx.TensorProto.DataType.values() else repr(kind)
        raise ModelFileError(
            f"{file.path}: {value.name!r} is of type {name}", hint="Export with float32 or float16 inputs and outputs."
        )
    return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind))


def _context(file: OnnxFile) -> int:
    """Most tokens of a row, as the config or the graph's position tables say; 0 where neither does."""
    said = file.config.get("context_length", 0)
    if isinstance(said, int) and said > 0:
        return said
    return next((rows for rows, _ in _tables(file, "GroupQueryAttention", 7)), 0) or next(
        (rows for rows, _ in _tables(file, "EmbedLayerNormalization", 3)), 0
    )


def _rotary_size(file: OnnxFile) -> int:
    """Head size as the rotary tables give it: they hold half of each head (where the whole head is rotated)."""
    return next((2 * columns for _, columns in _tables(file, "GroupQueryAttention", 7)), 0)


def _tables(file: OnnxFile, op_type: str, place: int) -> list[tuple[int, int]]:
    """Shapes of the two-dimensional weights at that input of the nodes of that type."""
    shapes = {weight.name: tuple(weight.dims) for weight in file.model.graph.initializer}
    names = [node.input[place] for node in _nodes(file.model.graph, op_type) if len(node.input) > place]
    return [shape for name in names if len(shape := shapes.get(name, ())) == 2]


def _attribute(file: OnnxFile, name: str) -> int:
    """An integer attribute of the first GroupQueryAttention node; 0 without one."""
    nodes = _nodes(file.model.graph, "GroupQueryAttention")[:1]
    return next((int(a.i) for node in nodes for a in node.attribute if a.name == name), 0)


def _nodes(graph: onnx.GraphProto, op_type: str) -> list[onnx.NodeProto]:
    return [node for node in graph.node if node.op_type == op_type]


def _layer_of(name: str) -> str:
    return "".join(c for c in name if c.isdigit())

"""An ONNX file on disk, checked: parsed graph, config beside it, weights present, and a hash that names it.

Not here: what the graph means (onnx_layout) or running it. Invariant: nothing reaches the native loader that the `onnx`
package could not parse, so a damaged file is an error of ours and not a crash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it ships no types

from edgereason.errors import ModelFileError, ModelNotFoundError

_FETCH_AGAIN = "The file is damaged or incomplete: copy or export it again."


@dataclass(frozen=True)
class OnnxFile:
    """A parsed model file; weights kept in other files are not read, only checked for being there."""

    path: Path
    model: onnx.ModelProto
    config: dict[str, Any]  # the "model" section of genai_config.json; empty without one

    @property
    def num_bytes(self) -> int:
        """Size of the model file and its weight files."""
        files = {self.path} | weight_files(self.model, self.path.parent)
        return sum(file.stat().st_size for file in files)

    @cached_property
    def sha256(self) -> str:
        """Hash over the model file and the weight files it names, in order of name."""
        digest = hashlib.sha256()
        for path in [self.path, *sorted(weight_files(self.model, self.path.parent))]:
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()


def read_onnx(path: Path) -> OnnxFile:
    """The checked file.

    Raises:
        ModelNotFoundError: nothing is there.
        ModelFileError: it is a folder, empty, damaged, or its weights are missing or cut short.
    """
    data = _bytes_of(path)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise ModelFileError(f"{path} is no readable ONNX model", hint=_FETCH_AGAIN) from error
    if not model.graph.node or not model.opset_import:
        raise ModelFileError(f"{path} holds no ONNX graph", hint=_FETCH_AGAIN)
    _check_graph(model, path)
    _check_weights(model, path)
    return OnnxFile(path=path, model=model, config=_config_beside(path))


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        inside = ", ".join(sorted(file.name for file in path.glob("*.onnx"))) or "none here"
        raise ModelFileError(f"{path} is a folder, not an ONNX file", hint=f"Name the .onnx file in it ({inside}).")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"there is no model file {path}", hint="Check the path.") from error
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}", hint="Check its permissions.") from error
    if not data:
        raise ModelFileError(f"{path} is empty", hint=_FETCH_AGAIN)
    return data


def _check_graph(model: onnx.ModelProto, path: Path) -> None:
    """Every tensor a node reads is made by an earlier node, an input or a weight, and names are text."""
    graph = model.graph
    try:
        known = {"", *(value.name for value in graph.input), *(weight.name for weight in graph.initializer)}
        for node in graph.node:
            missing = [name for name in node.input if name not in known]
            if missing:
                raise ModelFileError(
                    f"{path}: node {node.name!r} reads {missing[0]!r}, which nothing makes", hint=_FETCH_AGAIN
                )
            known.update(node.output)
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path} holds a name that is no text", hint=_FETCH_AGAIN) from error
    lost = [value.name for value in graph.output if value.name not in known]
    if lost:
        raise ModelFileError(f"{path}: nothing makes its output {lost[0]!r}", hint=_FETCH_AGAIN)


def _check_weights(model: onnx.ModelProto, path: Path) -> None:
    """Weights kept elsewhere lie beside the model and are long enough; those kept inside have the size they claim."""
    for weight in model.graph.initializer:
        if weight.data_location == onnx.TensorProto.EXTERNAL:
            _check_external(weight, path)
        elif any(size < 0 for size in weight.dims) or not _is_whole(weight):
            raise ModelFileError(f"{path}: weight {weight.name!r} is not of its declared size", hint=_FETCH_AGAIN)


def _is_whole(weight: onnx.TensorProto) -> bool:
    """Whether raw bytes are as many as shape and type say (other encodings are left to the loader)."""
    if not weight.HasField("raw_data"):
        return True
    count = 1
    for size in weight.dims:
        count *= size
    try:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(weight.data_type)
    except (KeyError, ValueError, TypeError):
        return False
    packed = onnx.TensorProto.DataType.Name(weight.data_type) in ("INT4", "UINT4", "FLOAT4E2M1", "INT2", "UINT2")
    return packed or len(weight.raw_data) == count * dtype.itemsize


def _check_external(weight: onnx.TensorProto, path: Path) -> None:
    place = {entry.key: entry.value for entry in weight.external_data}
    file = path.parent / place.get("location", "")
    if not _is_inside(file, path.parent):
        raise ModelFileError(f"{path} keeps weights outside its folder, in {file}", hint="Only use files you trust.")
    try:
        end = int(place.get("offset", 0)) + int(place.get("length", 0))
        size = file.stat().st_size
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} keeps weights in {file}, which is missing", hint=_FETCH_AGAIN) from error
    if size < end:
        raise ModelFileError(f"{file} ends at byte {size}, before the weights of {path} do", hint=_FETCH_AGAIN)


def _is_inside(file: Path, folder: Path) -> bool:
    try:
        return file.name != "" and file.resolve().is_relative_to(folder.resolve()) and not file.is_dir()
    except (OSError, ValueError):
        return False


def weight_files(model: onnx.ModelProto, folder: Path) -> set[Path]:
    """The files beside the model that hold weights."""
    names = {
        entry.value for weight in model.graph.initializer for entry in weight.external_data if entry.key == "location"
    }
    return {folder / name for name in names}


def _config_beside(path: Path) -> dict[str, Any]:
    """The "model" section of the genai_config.json beside the file, where there is one."""
    file = path.parent / "genai_config.json"
    if not file.is_file():
        return {}
    try:
        model = json.loads(file.read_text(encoding="utf-8"))["model"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{file} cannot be read: {error}", hint="Repair it, or remove it.") from error
    if not isinstance(model, dict) or not isinstance(model.get("decoder", {}), dict):
        raise ModelFileError(f"{file} describes no decoder", hint="Repair it, or remove it.")
    return model

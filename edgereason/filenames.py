"""What the names of model files say: the parts of a split file, and which quantization it is.

In: text. Not in: any file. Invariant: nothing here looks at a disk or a network.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)
_QUANT = re.compile(
    r"(?:^|[-._])((?:UD-)?(?:I?Q\d(?:_\w+)*|TQ\d_\d|MXFP4\w*|NVFP4\w*|BF16|FP?16|FP?32))$", re.IGNORECASE
)


def part_names(name: str) -> list[str]:
    """The names of all parts of the file that this name is a part of; only the name itself for a whole file.

    As many as the name says, so at most 99,999.
    """
    match = _PART.fullmatch(name)
    if match is None:
        return [name]
    count = int(match["count"])
    return [f"{match['stem']}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]


def label(path: str) -> str:
    """What tells a model file from the others of its repository: Q4_K_M, or q4f16, or a folder's or the file's name.

    GGUF files end in their quantization; of ONNX files `model_<label>.onnx` and `<label>/model.onnx` are usual.
    """
    file = PurePosixPath(path)
    if file.suffix.lower() == ".gguf":
        match = _PART.fullmatch(file.name)
        stem = match["stem"] if match else file.stem
        quant = _QUANT.search(stem)
        return quant[1] if quant else stem
    if file.stem == "model" and file.parent.name not in ("", "onnx"):
        return file.parent.name
    return file.stem.removeprefix("model_")

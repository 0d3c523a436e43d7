"""Looks for bytes on which the check of GGUF headers does anything but pass or refuse. Run by hand, for any time:

    pip install atheris
    python tests/fuzz/gguf_header.py FOUND tests/fuzz/corpus/gguf_header -max_len=2048 -max_total_time=600

What breaks the check is written to the folder it is started in, inputs that reach new lines to FOUND; the corpus keeps
of these the smallest for each reason to refuse. A unit test replays it without atheris.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["edgereason.engine"]):
    from edgereason.engine.gguf_header import check_gguf
from edgereason.errors import ModelFileError

FILE = Path(tempfile.mkdtemp()) / "model.gguf"


def check(data: bytes) -> None:
    """One input: passes or is refused, or the fuzzer has found something."""
    FILE.write_bytes(data)
    try:
        header = check_gguf(FILE)
    except ModelFileError:
        return
    assert header.num_layers > 0
    assert header.vocab_size >= 0
    assert all(tensor.offset + tensor.num_bytes <= len(data) for tensor in header.tensors)


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()

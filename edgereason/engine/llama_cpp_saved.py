"""Prompt states on disk: an archive of arrays with checksums, never unpickled.

Not here: which model and settings an archive belongs to; it only carries what says so.
Invariant: what `read_saved` returns has exactly the arrays that `write_saved` writes, of their types.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.errors import EngineError, RecordError

PREFILL_AGAIN = "Prefill the prompt again."
_FORMAT = "edgereason-llama-cpp-prefix-1"
_TEXTS = {"format", "model", "settings"}
_TYPES = {"tokens": np.int64, "logits": np.float32, "hidden": np.float32, "state": np.uint8}


def write_saved(path: Path, **arrays: npt.NDArray[Any]) -> None:
    """Write the archive; EngineError where that cannot be done."""
    try:
        with path.open("wb") as file:
            np.savez(file, format=np.array(_FORMAT), **arrays)  # type: ignore[arg-type]  # its keywords are names
    except OSError as error:
        raise EngineError(f"the prefix cannot be written to {path}: {error}", hint="Check folder and disk.") from error


def read_saved(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a saved prefix; RecordError for anything else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            saved = {name: archive[name] for name in archive.files}
        is_whole = set(saved) == {*_TEXTS, *_TYPES} and all(saved[name].dtype == _TYPES[name] for name in _TYPES)
        if not is_whole or str(saved["format"]) != _FORMAT or not saved["tokens"].size:
            raise RecordError(f"{path} is of another format", hint=PREFILL_AGAIN)
        return saved
    except RecordError:
        raise
    except Exception as error:  # zip archives fail in more ways than their documentation lists
        raise RecordError(f"{path} holds no saved prefix: {error}", hint=PREFILL_AGAIN) from error

"""Prompts on disk for engines without a model: ids, bound to what an engine would say after them.

In: writing and reading the file. Not in: what the fingerprint is made of (the engine).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from edgereason.errors import EngineError, RecordError


def write_prompt(path: Path, tokens: Sequence[int], fingerprint: str) -> None:
    """Write the ids of a prompt.

    Raises:
        EngineError: the file cannot be written.
    """
    try:
        path.write_text(json.dumps({"model": fingerprint, "tokens": list(tokens)}), encoding="ascii")
    except OSError as error:
        raise EngineError(f"The prefix cannot be written to {str(path)!r}: {error}.") from error


def read_prompt(path: Path, fingerprint: str) -> tuple[int, ...]:
    """The ids of the prompt that `write_prompt` wrote for an engine with this fingerprint.

    Raises:
        RecordError: there is none, or it is another engine's.
    """
    try:
        saved = json.loads(path.read_text(encoding="ascii"))
        tokens, model = tuple(saved["tokens"]), saved["model"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(f"{str(path)!r} holds no saved prefix: {error}.", hint="Prefill the prompt again.") from error
    if model != fingerprint:
        raise RecordError(f"{str(path)!r} was saved by another model.", hint="Prefill the prompt again.")
    return tokens

"""Token ids in, hidden state and sampled proposals out: the backends behind the Engine seam.

The table is the whole registry: a backend is imported when it is asked for, and never because this package was.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from edgereason.errors import ConfigError, EngineMissingError, did_you_mean
from edgereason.protocols import Engine, Vocabulary

# onnxruntime's own wheels (1.29 and newer, on Linux too) send usage data and keep an id in the cache folder, unless
# this says otherwise before they are imported. Whoever wants that sets it to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

ENGINES = {
    "onnx": "edgereason.engine.onnx:OnnxEngine",
    "llama-cpp": "edgereason.engine.llama_cpp:LlamaCppEngine",
}

_INSTALL = {
    "onnx": 'pip install "edgereason[cpu]"',
    "llama-cpp": 'pip install "edgereason[llama]"',
}


def open_engine(name: str, model: Path, **options: object) -> Engine:
    """The engine of that name with this model file loaded; the options are the backend's own.

    Raises:
        ConfigError: there is no engine of that name, or it has no such option.
        EngineMissingError: its library is not installed.
        ModelError: the file cannot be used.
    """
    if name not in ENGINES:
        raise ConfigError(f"unknown engine {name!r}", hint=did_you_mean(name, ENGINES))
    backend: Callable[..., Engine] = _imported(ENGINES[name], f"the engine {name!r}", _INSTALL[name])
    known = [option for option in inspect.signature(backend).parameters if option != "model"]
    for option in options:
        if option not in known:
            raise ConfigError(f"the engine {name!r} has no option {option!r}", hint=did_you_mean(option, known))
    return backend(model, **options)


def open_vocabulary(model: Path) -> Vocabulary:
    """The vocabulary of a GGUF file, read without its weights.

    Raises:
        EngineMissingError: llama-cpp-python is not installed.
        ModelError: the file holds no vocabulary that can be read.
    """
    reader: Callable[[Path], Vocabulary] = _imported(
        "edgereason.engine.llama_vocab:LlamaVocabulary", f"the vocabulary in {str(model)!r}", _INSTALL["llama-cpp"]
    )
    return reader(model)


def _imported(place: str, what: str, hint: str) -> Any:
    """The attribute at `module:attribute`; raises EngineMissingError where a library that it needs is not installed."""
    module, attribute = place.split(":")
    try:
        return getattr(import_module(module), attribute)
    except ImportError as error:
        if (error.name or "").startswith("edgereason"):
            raise
        raise EngineMissingError(
            f"{what} needs {error.name or 'a library'}, which cannot be imported: {error}", hint=hint
        ) from error

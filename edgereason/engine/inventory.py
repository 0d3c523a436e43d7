"""Which inference libraries are installed here, and what they can run on: facts for reports, no engine is opened."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

from edgereason.errors import EngineMissingError

ONNX_BUILDS = ("onnxruntime", "onnxruntime-gpu")  # distributions that install the same module


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxRuntime:
    """The installed onnxruntime. More than one build means that they have overwritten each other's files."""

    version: str
    providers: tuple[str, ...]
    builds: tuple[str, ...]


def onnx_runtime() -> OnnxRuntime:
    """What is installed.

    Raises:
        EngineMissingError: it cannot be imported.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineMissingError(f"onnxruntime cannot be imported: {error}", hint="Install the extra [cpu].") from error
    return OnnxRuntime(
        version=onnxruntime.__version__,
        providers=tuple(name.removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers()),
        builds=tuple(filter(is_installed, ONNX_BUILDS)),
    )


def is_installed(distribution: str) -> bool:
    """Whether a distribution of this name is installed."""
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True

"""A decoder graph loaded into onnxruntime: provider, threads, first pass, and the errors of the library in our words.

Not here: which keys and values a pass reads (onnx_cache).
Invariant: an onnxruntime exception never leaves this package.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import psutil

from edgereason.engine.onnx_file import OnnxFile
from edgereason.engine.onnx_layout import Layout, with_hidden_output
from edgereason.errors import Aborted, ConfigError, EngineError, ModelFileError, did_you_mean
from edgereason.protocols import ShouldAbort

PREFILL_CHUNK = 256
_QUIET = 4  # fatal errors only: the others are raised
# A 3 MB model took 172 us a pass on one thread, 350 us on two that sleep between operators, 196 us on two that spin.
_WORTH_THREADS_BYTES = 32 << 20
_DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Model:
    """What a cache needs to run passes."""

    session: Any  # onnxruntime.InferenceSession
    layout: Layout
    device: str  # "cpu" or "cuda"
    vocab_size: int
    hidden_size: int
    logits_dtype: np.dtype[Any]
    hidden_dtype: np.dtype[Any]
    context: int
    threads: int
    notes: tuple[str, ...]

    @property
    def is_on_cpu(self) -> bool:
        """Whether keys and values lie in memory that numpy can see."""
        return self.device == "cpu"

    def value(self, array: npt.NDArray[Any]) -> Any:
        """The array as an OrtValue on the device; on a CPU both share their memory."""
        return ort.OrtValue.ortvalue_from_numpy(array, self.device, 0)

    def binding(self) -> Any:
        """A new I/O binding."""
        return self.session.io_binding()

    def run(self, binding: Any) -> None:
        """One pass; EngineError where it fails."""
        with translated("a pass of the model failed", EngineError):
            self.session.run_with_iobinding(binding)


@contextmanager
def translated(what: str, kind: type[EngineError | ModelFileError], hint: str = "") -> Iterator[None]:
    """Turn whatever onnxruntime raises into an error of ours."""
    try:
        yield
    except Exception as error:  # its classes share no base of their own
        first = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        raise kind(f"{what}: {first}", hint=hint) from error


def check_abort(should_abort: ShouldAbort) -> None:
    """Raise Aborted where the caller wants no further pass."""
    if should_abort():
        raise Aborted("the passes were stopped")


def default_threads(file: OnnxFile) -> int:
    """One thread a physical core; one in all where the operators are so small that waking another costs more."""
    if file.num_bytes < _WORTH_THREADS_BYTES:
        return 1
    return psutil.cpu_count(logical=False) or os.cpu_count() or 1


def open_model(
    file: OnnxFile, layout: Layout, *, device: str, threads: int, spin: bool, arena: bool, context: int | None
) -> Model:
    """The loaded model, after one pass that shows its sizes and that its numbers are finite.

    Raises:
        ModelFileError: onnxruntime refuses the file, or its first logits are not finite.
        EngineError: the device was asked for by name and cannot be used.
    """
    session, used, notes = _open_session(file, layout, device, _options(file, threads, spin=spin, arena=arena))
    logits, hidden = _first_pass(file, session, layout)
    if not layout.context_is_known and context is None:
        notes += (f"the file does not say how long its context is; taken to be {layout.context}",)
    return Model(
        session=session,
        layout=layout,
        device=used,
        vocab_size=logits.shape[-1],
        hidden_size=hidden.shape[-1],
        logits_dtype=logits.dtype,
        hidden_dtype=hidden.dtype,
        context=context or layout.context,
        threads=threads,
        notes=notes,
    )


def _options(file: OnnxFile, threads: int, *, spin: bool, arena: bool) -> Any:
    ort.disable_telemetry_events()
    options = ort.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = arena
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(file.path.parent))
    return options


def _open_session(file: OnnxFile, layout: Layout, device: str, options: Any) -> tuple[Any, str, tuple[str, ...]]:
    """The session, the device it is on, and what to say about that."""
    if device not in _DEVICES:
        raise ConfigError(f"unknown device {device!r}", hint=did_you_mean(device, _DEVICES))
    model = file.model if layout.hidden_is_output else with_hidden_output(file, layout)
    data = model.SerializeToString()
    lacking = ""
    if device != "cpu":
        session, lacking = _try_cuda(data, options)
        if session is not None:
            return session, "cuda", ()
        if device == "cuda":
            raise EngineError(
                f"device 'cuda' cannot be used: {lacking}",
                hint="Install onnxruntime-gpu in place of onnxruntime (never beside it), or choose device 'cpu'.",
            )
    with translated(
        f"{file.path} cannot be loaded", ModelFileError, "The file is damaged, or too new for onnxruntime."
    ):
        session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    # Who installed the CPU's onnxruntime did not expect a GPU; who installed the other one did.
    is_expected = "CUDAExecutionProvider" not in ort.get_available_providers()
    return session, "cpu", (f"running on the CPU: {lacking}",) if lacking and not is_expected else ()


def _try_cuda(data: bytes, options: Any) -> tuple[Any, str]:
    """A session on the first CUDA device, or None and why not. onnxruntime itself would fall back in silence."""
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        return None, "this onnxruntime has no CUDA provider"
    try:
        session = ort.InferenceSession(
            data, options, providers=["CUDAExecutionProvider", "CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # its classes share no base of their own
        return None, str(error).strip().splitlines()[0][:300]
    if session.get_providers()[0] != "CUDAExecutionProvider":
        return None, "onnxruntime could not start its CUDA provider (driver, CUDA or cuDNN library missing)"
    return session, ""


def _first_pass(file: OnnxFile, session: Any, layout: Layout) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Logits and hidden state after token 0 alone."""
    hint = "The file is damaged, or not exported as a decoder with a cache."
    with translated(f"{file.path} cannot run one token", ModelFileError, hint):
        logits, hidden = session.run([layout.logits, layout.hidden], _one_token(layout))
    if logits.shape[:2] != (1, 1) or logits.ndim != 3 or hidden.shape[:2] != (1, 1) or hidden.ndim != 3:
        raise ModelFileError(
            f"{file.path}: logits {logits.shape} and hidden state {hidden.shape} of one token are not [1, 1, n]",
            hint="Export the model as a decoder with a cache.",
        )
    if not (np.isfinite(logits).all() and np.isfinite(hidden).all()):
        raise ModelFileError(f"{file.path}: the logits of its first pass are not finite numbers", hint=hint)
    return logits, hidden


def _one_token(layout: Layout) -> Mapping[str, npt.NDArray[Any]]:
    feeds = {name: np.zeros((1, 1), dtype) for name, dtype in layout.inputs.items()}
    feeds["attention_mask"] += 1
    empty = {name: np.zeros(shape, layout.kv_dtype) for name, shape in zip(layout.past, layout.kv_shapes, strict=True)}
    return {**feeds, **empty}

"""A GGUF model loaded into llama.cpp: options, native handles, passes, and what the library says in our words.

Not here: which row holds what (llama_cpp_cells), handles of the seam (llama_cpp).
Invariant: every return code is checked, and whatever was opened is freed once, also when opening fails half-way.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp
import numpy as np
import numpy.typing as npt
import psutil

from edgereason.engine.gguf_header import GgufHeader, check_gguf
from edgereason.engine.llama_cpp_abort import Stopper
from edgereason.engine.llama_cpp_memory import KV_TYPES, MemoryEstimate, estimate_memory, outputs, sequences
from edgereason.errors import Aborted, ConfigError, EngineError, ModelFileError, did_you_mean
from edgereason.protocols import ShouldAbort, never

native: Any = llama_cpp.llama_cpp  # its type information is wrong in places
Floats = npt.NDArray[np.float32]

FLASH = {"auto": -1, "off": 0, "on": 1}
DEVICES = ("auto", "cpu", "cuda")
MAX_CONTEXT = 1 << 30
_WORTH_THREADS_BYTES = 32 << 20  # smaller models lose more by waking a thread than they gain
_WORDS_KEPT = 20
_REASON = "error loading model:"
_WARNING, _ERROR = 3, 4  # levels of ggml's log
_ABORTED, _NO_ROOM = 2, 1  # return codes of llama_decode
_UNWATCHED: AbstractContextManager[None] = nullcontext()

_words: deque[str] = deque(maxlen=_WORDS_KEPT)


@native.llama_log_callback  # type: ignore[untyped-decorator]
def _log(level: int, text: bytes, _: object) -> None:
    """Keep warnings and errors for our own messages; print nothing."""
    if level in (_WARNING, _ERROR):
        _words.append(text.decode(errors="replace").strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How a model is loaded. None: chosen here."""

    device: str = "cpu"
    gpu_layers: int | None = None
    threads: int | None = None
    context: int | None = None
    batch: int = 512
    flash_attention: str = "auto"
    kv_type: str = "f16"
    mmap: bool = True
    mlock: bool = False
    max_rows: int | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError for a value out of range."""
        for name, most in (("threads", 1024), ("context", MAX_CONTEXT), ("batch", 1 << 16), ("max_rows", 128)):
            number = getattr(self, name)
            if number is not None and not 1 <= number <= most:
                raise ConfigError(f"{name} {number!r} is not 1 to {most}")
        if self.gpu_layers is not None and self.gpu_layers < -1:
            raise ConfigError(f"gpu_layers {self.gpu_layers!r} is not at least -1", hint="-1 means all layers.")
        for name, choices in (("flash_attention", FLASH), ("kv_type", KV_TYPES), ("device", DEVICES)):
            value = getattr(self, name)
            if value not in choices:
                raise ConfigError(f"unknown {name} {value!r}", hint=did_you_mean(str(value), choices))
        if self.flash_attention == "off" and KV_TYPES[self.kv_type][1] > 1:
            raise ConfigError(
                f"kv_type {self.kv_type!r} needs flash attention, which is off",
                hint="Quantized values are only read by flash attention: leave it on, or use f16.",
            )


class Session:
    """One model with one context."""

    def __init__(self, path: Path, options: LoadOptions) -> None:
        self.header: GgufHeader = check_gguf(path)
        self.options = options
        self.gpu_layers = _gpu_layers(options)
        self.memory: MemoryEstimate = estimate_memory(
            self.header,
            context=options.context,
            max_rows=options.max_rows,
            batch=options.batch,
            kv_type=options.kv_type,
        )
        self.threads = options.threads or default_threads(self.header)
        self.stopper = Stopper()
        self._model, self._context = self._open()
        self._free = weakref.finalize(self, _free, self._model, self._context, self.stopper)
        # At exit a daemon thread may still be inside a pass; the system frees what is left.
        self._free.atexit = False
        self._memory = native.llama_get_memory(self._context)
        vocabulary = native.llama_model_get_vocab(self._model)
        self.vocab_size = int(native.llama_vocab_n_tokens(vocabulary))
        self.hidden_size = int(native.llama_model_n_embd_out(self._model))
        self.num_layers = int(native.llama_model_n_layer(self._model))
        self.cells = int(native.llama_n_ctx(self._context))
        self.row_cells = min(self.cells, int(native.llama_model_n_ctx_train(self._model)) or self.cells)
        self.has_embeddings = True  # as the context was made
        self.notes = tuple(word for word in _words if "mlock" in word)
        self._inputs = Inputs(max(options.batch, self.memory.max_rows))
        self._num_outputs = 0  # of the last pass
        self._views: dict[tuple[int, int, int, int], Floats] = {}

    def close(self) -> None:
        """Free the context and the model; twice is fine."""
        self._free()

    # -------------------------------------------------------------- passes

    def run(
        self,
        tokens: Sequence[int],
        places: Sequence[int],
        ids: Sequence[int],
        *,
        gives_output: bool,
        should_abort: ShouldAbort = never,
    ) -> None:
        """One decode of these tokens at these positions of these sequences; of all or none the outputs are kept.

        Raises:
            Aborted: `should_abort` said so. EngineError: llama.cpp says that it failed.
        """
        if should_abort():
            raise Aborted("the pass was stopped before it began")
        if gives_output != self.has_embeddings:
            native.llama_set_embeddings(self._context, gives_output)
            self.has_embeddings = gives_output
        with _UNWATCHED if should_abort is never else self.stopper.watching(should_abort):
            code = native.llama_decode(self._context, self._inputs.fill(tokens, places, ids, gives_output))
        if code == _ABORTED:
            raise Aborted("the pass was stopped")
        if code:
            why = "no room in the context" if code == _NO_ROOM else f"code {code}"
            raise EngineError(f"a pass of the model failed ({why}): {said()}", hint="Load the model with more context.")
        self._num_outputs = len(tokens) if gives_output else 0

    def logits(self, count: int) -> Floats:
        """Logits of the last tokens of the last pass, a view [count, V] that the next pass overwrites."""
        return self._view(native.llama_get_logits(self._context), count, self.vocab_size)

    def hidden(self, count: int) -> Floats:
        """Final normed states of the same tokens, a view [count, d] that the next pass overwrites."""
        return self._view(native.llama_get_embeddings(self._context), count, self.hidden_size)

    def set_threads(self, threads: int) -> None:
        """Use so many threads from the next pass on."""
        native.llama_set_n_threads(self._context, threads, threads)
        self.threads = threads

    def _view(self, pointer: Any, count: int, width: int) -> Floats:
        if not pointer:
            raise EngineError("llama.cpp has no output of its last pass", hint="Load the model again.")
        key = (ctypes.addressof(pointer.contents), self._num_outputs, count, width)
        if key not in self._views:  # the address changes when the library enlarges its buffer, which is rare
            self._views[key] = np.ctypeslib.as_array(pointer, (self._num_outputs, width))[self._num_outputs - count :]
        return self._views[key]

    # -------------------------------------------------------------- sequences

    def copy_sequence(self, source: int, target: int) -> None:
        """Let `target` hold what `source` does; no keys or values are moved."""
        native.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def remove_sequence(self, sequence: int) -> None:
        """Free all that only this sequence holds."""
        if not native.llama_memory_seq_rm(self._memory, sequence, -1, -1):
            raise EngineError(f"llama.cpp did not free sequence {sequence}: {said()}", hint="Load the model again.")

    def state_of(self, sequence: int) -> npt.NDArray[np.uint8]:
        """Keys, values and recurrent states of a sequence, as bytes."""
        size = native.llama_state_seq_get_size(self._context, sequence)
        state = np.zeros(size, np.uint8)
        written = native.llama_state_seq_get_data(self._context, _bytes(state), size, sequence)
        if not size or written != size:
            raise EngineError(f"llama.cpp wrote {written} of {size} bytes of a state: {said()}", hint="Prefill again.")
        return state

    def set_state(self, sequence: int, state: npt.NDArray[np.uint8]) -> bool:
        """Restore a sequence; False where the bytes are no state of this model and context."""
        read = native.llama_state_seq_set_data(self._context, _bytes(state), state.size, sequence)
        return bool(read == state.size)

    # -------------------------------------------------------------- opening

    def _open(self) -> tuple[Any, Any]:
        native.llama_log_set(_log, None)
        native.llama_backend_init()
        _words.clear()
        model = native.llama_model_load_from_file(os.fsencode(self.header.parts[0]), self._model_settings())
        if not model:
            raise ModelFileError(
                f"{self.header.parts[0]} cannot be loaded by llama.cpp: {said()}",
                hint="The file is damaged, or its architecture is newer than the installed llama-cpp-python.",
            )
        try:
            is_other = native.llama_model_has_encoder(model) or native.llama_model_is_diffusion(model)
            if is_other or not native.llama_model_has_decoder(model):
                raise ModelFileError(
                    f"{self.header.parts[0]} ({self.header.architecture}) does not write token by token",
                    hint="Choose a decoder: encoders and diffusion models do not fit.",
                )
            context = native.llama_init_from_model(model, self._context_settings())
            if not context:
                raise EngineError(
                    f"llama.cpp could not make a context of {self.memory.cells} tokens: {said()}",
                    hint="Use a smaller context (-c), fewer GPU layers or another KV type.",
                )
        except BaseException:
            native.llama_model_free(model)
            raise
        return model, context

    def _model_settings(self) -> Any:
        settings = native.llama_model_default_params()
        settings.n_gpu_layers = self.gpu_layers
        settings.load_mode = {
            (False, False): native.LLAMA_LOAD_MODE_NONE,
            (True, False): native.LLAMA_LOAD_MODE_MMAP,
            (False, True): native.LLAMA_LOAD_MODE_MLOCK,
            (True, True): native.LLAMA_LOAD_MODE_MMAP_MLOCK,
        }[self.options.mmap, self.options.mlock]
        return settings

    def _context_settings(self) -> Any:
        settings, rows = native.llama_context_default_params(), self.memory.max_rows
        settings.n_ctx = self.memory.cells
        settings.n_batch = max(self.options.batch, rows)
        settings.n_ubatch = max(self.options.batch, rows)
        settings.n_seq_max = sequences(rows)
        # Else room is kept for the logits of a whole chunk of prompt.
        settings.n_outputs_max = outputs(rows)
        settings.n_threads = settings.n_threads_batch = self.threads
        settings.flash_attn_type = FLASH[self.options.flash_attention]
        settings.type_k = settings.type_v = KV_TYPES[self.options.kv_type][0]
        settings.kv_unified = True
        # A sliding window that forgets could not be shared by rows that have moved on differently.
        settings.swa_full = True
        settings.embeddings = True
        settings.no_perf = True
        if not self.gpu_layers:
            settings.offload_kqv = settings.op_offload = False
        settings.abort_callback = Stopper.callback(native.ggml_abort_callback)
        settings.abort_callback_data = ctypes.addressof(self.stopper.flag)
        return settings


class Inputs:
    """The arrays of a llama_batch, ours, so that filling them is cheap and nothing native has to be freed."""

    def __init__(self, capacity: int) -> None:
        self.tokens, self.places, self.ids, self.counts = (np.ones(capacity, np.int32) for _ in range(4))
        self.outputs = np.ones(capacity, np.int8)
        self.id_pointers = (self.ids.ctypes.data + 4 * np.arange(capacity)).astype(np.uintp)
        self.batch = native.llama_batch()
        for field, array in (
            ("token", self.tokens),
            ("pos", self.places),
            ("n_seq_id", self.counts),
            ("seq_id", self.id_pointers),
            ("logits", self.outputs),
        ):
            kind = dict(native.llama_batch._fields_)[field]
            setattr(self.batch, field, ctypes.cast(array.ctypes.data, kind))

    def fill(self, tokens: Sequence[int], places: Sequence[int], ids: Sequence[int], gives_output: bool) -> Any:
        """The batch with these columns."""
        count = len(tokens)
        self.tokens[:count], self.places[:count], self.ids[:count] = tokens, places, ids
        self.outputs[:count] = gives_output
        self.batch.n_tokens = count
        return self.batch


def said() -> str:
    """What llama.cpp complained about: the reason where it gives one, else its last words."""
    reasons = [word.partition(_REASON)[2] for word in _words if _REASON in word]
    return (reasons or list(_words) or ["it says nothing more"])[-1].strip()


def default_threads(header: GgufHeader) -> int:
    """One thread a physical core; one in all for a very small model."""
    if header.num_bytes < _WORTH_THREADS_BYTES:
        return 1
    return psutil.cpu_count(logical=False) or os.cpu_count() or 1


def version() -> str:
    """Of the library."""
    return str(llama_cpp.__version__)


def _gpu_layers(options: LoadOptions) -> int:
    """Layers to put on a GPU: none without one; EngineError where one was asked for by name and is not there."""
    has_gpu = bool(native.llama_supports_gpu_offload())
    wants_gpu = options.device == "cuda" or bool(options.gpu_layers)
    if wants_gpu and not has_gpu:
        asked = f"gpu_layers {options.gpu_layers}" if options.gpu_layers else f"device {options.device!r}"
        raise EngineError(
            f"{asked} cannot be used: this build of llama.cpp has no GPU backend",
            hint="Install llama-cpp-python built for your GPU, or leave the option out.",
        )
    if options.gpu_layers is not None:
        return options.gpu_layers
    return -1 if has_gpu and options.device != "cpu" else 0


def _bytes(array: npt.NDArray[np.uint8]) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def _free(model: Any, context: Any, stopper: Stopper) -> None:
    stopper.close()
    native.llama_free(context)
    native.llama_model_free(model)

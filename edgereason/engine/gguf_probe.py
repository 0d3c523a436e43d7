"""A first load of a GGUF file in a process of its own, which may die of it.

llama.cpp ends its process on some damaged files that no check of the header can find: an assertion about a value, a
division by zero, a read past an array. So a file that has not been seen before is loaded by a child, which runs two
tokens through it. Invariant: `prove_gguf` returns only for a file that some child has come through with, and the note
of that is bound to the file's size, time of change and content at both ends, and to the library's version.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from edgereason.engine.gguf_format import FETCH_AGAIN
from edgereason.engine.gguf_header import GgufHeader, check_gguf
from edgereason.errors import ModelFileError

CONTEXT = 32
END_BYTES = 1 << 16
STARTS_S = 60.0
READS_BYTES_PER_S = 20e6  # slower than any disk that a model is loaded from
TOO_LONG = "Is the disk very slow, or the machine very busy? Try again."
REFUSED, NO_CONTEXT, NO_PASS, NOT_FINITE = 11, 12, 13, 14  # exit codes of the child
SAYS = {
    REFUSED: "is refused by llama.cpp",
    NO_CONTEXT: "leaves llama.cpp without a context",
    NO_PASS: "fails at its first pass",
    NOT_FINITE: "computes logits that are not finite at its first pass",
}
_ERROR_LEVEL = 4  # of ggml's log


def prove_gguf(path: Path, remembered: Path) -> GgufHeader:
    """The header of a file that loads and runs; `remembered` is the folder where it is noted that one did.

    Without llama-cpp-python there is nothing to protect and only the header is checked.

    Raises:
        ModelNotFoundError, ModelFileError: what is wrong, in llama.cpp's words where it has any.
    """
    header = check_gguf(path)
    version = _library_version()
    if version is None:
        return header
    note = remembered / identity(header.parts, version)
    if not note.exists():
        _load_in_child(header)
        with contextlib.suppress(OSError):  # then the next time takes as long
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
    return header


def identity(parts: tuple[Path, ...], version: str) -> str:
    """A name for these files as they are now, under this version of the library."""
    digest = hashlib.sha256(version.encode())
    for part in parts:
        facts = part.stat()
        digest.update(f"{facts.st_size} {facts.st_mtime_ns} ".encode())
        with part.open("rb") as file:
            digest.update(file.read(END_BYTES))
            file.seek(max(facts.st_size - END_BYTES, 0))
            digest.update(file.read(END_BYTES))
    return digest.hexdigest()


def _library_version() -> str | None:
    try:
        return metadata.version("llama_cpp_python")
    except metadata.PackageNotFoundError:
        return None


def _load_in_child(header: GgufHeader) -> None:
    """Raise ModelFileError unless a process of its own loads the file and gets through a pass."""
    path = header.parts[0]
    limit_s = STARTS_S + header.num_bytes / READS_BYTES_PER_S
    try:
        done = subprocess.run(
            [sys.executable, "-m", "edgereason.engine.gguf_probe", str(path.absolute())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_s,
            cwd=os.sep,  # what lies in the caller's folder is not to be imported
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelFileError(f"{path} did not load within {limit_s:.0f} s", hint=TOO_LONG) from None
    if done.returncode == 0:
        return
    reason = _reason(done.stderr.decode(errors="replace"))
    said = SAYS.get(done.returncode)
    if said is None:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        said = f"ends the process that loads it ({how})"
    if done.returncode == -9:  # SIGKILL, a name that Windows does not have
        raise ModelFileError(f"{path} {said}", hint="Probably there is too little memory: choose a smaller model.")
    raise ModelFileError(f"{path} {said}{': ' + reason if reason else ''}", hint=FETCH_AGAIN)


def _environment() -> dict[str, str]:
    """The caller's, with the modules that the caller finds, and without a debugger for what ends at an assertion."""
    found = os.pathsep.join(os.path.abspath(place) for place in sys.path)
    return {**os.environ, "PYTHONPATH": found, "GGML_NO_BACKTRACE": "1"}


def _reason(stderr: str) -> str:
    """The one line of the library's that says why; empty where it said nothing."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for pattern in (r"error loading model: (.+)", r"(GGML_ASSERT.+)", r"(.+)"):
        found = [match[1] for line in lines if (match := re.search(pattern, line))]
        if found:
            return found[-1]
    return ""


# ---------------------------------------------------------------- what the child does


def first_load(path: Path) -> int:
    """Load the file and run two tokens through it: 0, or the exit code that says how far it came."""
    import llama_cpp

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def log(level: int, text: bytes, _: object) -> None:
        if level == _ERROR_LEVEL:
            os.write(2, text)

    llama_cpp.llama_log_set(log, None)
    llama_cpp.llama_backend_init()
    options = llama_cpp.llama_model_default_params()
    options.n_gpu_layers = 0
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), options)
    if not model:
        return REFUSED
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = CONTEXT
    settings.n_threads = settings.n_threads_batch = 1
    context = llama_cpp.llama_init_from_model(model, settings)
    return _first_pass(llama_cpp, model, context) if context else NO_CONTEXT


def _first_pass(native: Any, model: Any, context: Any) -> int:
    """A pass over the first and the last token of the vocabulary."""
    import ctypes

    import numpy as np

    size = native.llama_vocab_n_tokens(native.llama_model_get_vocab(model))
    if size < 1:
        return REFUSED
    tokens = (ctypes.c_int32 * 2)(0, size - 1)
    batch = native.llama_batch_get_one(tokens, 2)
    if native.llama_decode(context, batch) != 0:
        return NO_PASS
    logits = native.llama_get_logits_ith(context, -1)
    return 0 if logits and np.isfinite(np.ctypeslib.as_array(logits, (size,))).all() else NOT_FINITE


def _limit_damage() -> None:
    """No dump of memory is written, should this process die."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit_damage()
    os._exit(first_load(Path(sys.argv[1])))  # freeing is the system's business: one thing less to go wrong

"""Which machine this is, in words, for provenance and for keying what was measured on it."""

from __future__ import annotations

import contextlib
import functools
import platform
from pathlib import Path

import psutil

FREE_SHARE = 0.5  # of the memory that is available: rows are copied where they grow, and others live here too


@functools.cache
def processor_name() -> str:
    """The processor's marketing name, or its architecture where the system does not tell."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.lower().startswith(("model name", "hardware")):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """Physical cores that this process may use."""
    physical = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    process = psutil.Process()
    allowed = len(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else physical
    return max(1, min(physical, allowed))


def device_name() -> str:
    """The machine in words: system, architecture, processor, cores."""
    return f"{platform.system()} {platform.machine()}, {processor_name()}, {cores()} cores"


def free_row_bytes(engine_device: str) -> int | None:
    """Bytes that the rows of a request may take: a share of what the system says is available to processes.

    None where rows do not lie in that memory, or the system does not say.
    """
    if not engine_device.startswith("cpu"):
        return None
    with contextlib.suppress(OSError, RuntimeError):
        return int(FREE_SHARE * psutil.virtual_memory().available)
    return None

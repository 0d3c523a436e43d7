"""GPUs that NVIDIA's management library knows: names, memory, clocks, temperature, energy. Optional in every part.

The library (extra `[nvml]`) is imported when asked for. Without it, without a driver or without a GPU there is an empty
tuple; a value that a GPU does not give is None. Functions and units as in NVIDIA's "NVML API Reference Guide".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_CLOCK_OF_SM, _TEMPERATURE_OF_GPU = 1, 0  # nvmlClockType_t, nvmlTemperatureSensors_t


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU as it is now. None: it does not say."""

    name: str
    memory_bytes: int | None = None
    clock_mhz: float | None = None
    temperature_c: float | None = None
    power_limit_w: float | None = None


@dataclass(frozen=True, slots=True)
class Nvml:
    """The management library, started, and the GPUs that it lists."""

    nvml: Any  # the module
    handles: tuple[Any, ...]

    def ask(self, function: str, *arguments: Any) -> Any:
        """What a function of the library returns; None where it or this GPU does not have that."""
        try:
            return getattr(self.nvml, function)(*arguments)
        except (AttributeError, self.nvml.NVMLError):
            return None

    def gpu(self, handle: Any) -> Gpu:
        """What one GPU says of itself."""
        name = self.ask("nvmlDeviceGetName", handle)
        memory = self.ask("nvmlDeviceGetMemoryInfo", handle)
        limit_mw = self.ask("nvmlDeviceGetEnforcedPowerLimit", handle)
        return Gpu(
            name=name.decode() if isinstance(name, bytes) else str(name or "GPU"),
            memory_bytes=None if memory is None else int(memory.total),
            clock_mhz=self.ask("nvmlDeviceGetClockInfo", handle, _CLOCK_OF_SM),
            temperature_c=self.ask("nvmlDeviceGetTemperature", handle, _TEMPERATURE_OF_GPU),
            power_limit_w=None if limit_mw is None else limit_mw / 1e3,
        )

    def energy_readers(self) -> list[Callable[[], float | None]]:
        """One reader of joules so far a GPU that counts them (Volta and newer, by NVIDIA's guide)."""
        counting = [h for h in self.handles if self.ask("nvmlDeviceGetTotalEnergyConsumption", h) is not None]
        return [lambda h=h: self._scaled("nvmlDeviceGetTotalEnergyConsumption", h) for h in counting]  # type: ignore[misc]

    def power_readers(self) -> list[Callable[[], float | None]]:
        """One reader of watts a GPU that says them."""
        telling = [h for h in self.handles if self.ask("nvmlDeviceGetPowerUsage", h) is not None]
        return [lambda h=h: self._scaled("nvmlDeviceGetPowerUsage", h) for h in telling]  # type: ignore[misc]

    def _scaled(self, function: str, handle: Any) -> float | None:
        milli = self.ask(function, handle)
        return None if milli is None else milli / 1e3


def open_nvml() -> Nvml | None:
    """The management library with at least one GPU, or None: not installed, no driver, no GPU."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        handles = tuple(pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount()))
    except (pynvml.NVMLError, OSError):
        return None
    return Nvml(pynvml, handles) if handles else None


def read_gpus() -> tuple[Gpu, ...]:
    """The GPUs, in the library's order."""
    nvml = open_nvml()
    return () if nvml is None else tuple(nvml.gpu(handle) for handle in nvml.handles)

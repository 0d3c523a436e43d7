"""Joules, where the machine counts them: an NVIDIA GPU, a Jetson's power monitor, or the processor's own counters.

Layouts: INA3221 from the kernel's hwmon/ina3221 and NVIDIA's Jetson Linux Developer Guide (rails of each module); RAPL
from power/powercap (energy_uj wraps at max_energy_range_uj; reading it takes root on many systems); NVML see `gpu`.
A meter says what it covers: a GPU's joules are not the machine's. Where nothing can be read there is no meter, and
energy is "not measured".
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edgereason.profiling.gpu import Nvml, open_nvml
from edgereason.profiling.sysfs import ROOT, numbered, read_number, read_text
from edgereason.protocols import Clock

NOT_MEASURED = "not measured"
Reader = Callable[[], "float | None"]
_TOTAL_RAILS = ("VDD_IN", "POM_5V_IN", "5V_IN")  # what feeds all of a module: the others are parts of it
_PART_RAILS = ("VDDQ_VDD2_1V8AO",)  # AGX Orin: taken to be fed by VIN_SYS_5V0, which is counted
_RAPL_ZONE = re.compile(r"^[\w-]*rapl:\d+$")  # intel-rapl:0 (on AMD too); intel-rapl:0:0 is a part of it
_RAPL_WHOLE = "package"  # psys would count packages twice, and intel-rapl-mmio:0 repeats one


class Counter(Protocol):
    """Joules since some fixed moment: only differences mean anything."""

    def read(self) -> float | None:
        """The count; None where it cannot be read any more."""


@dataclass(slots=True)
class Meter:
    """Joules over a stretch of time, by one or several counters of the same kind.

    source: what is counted, in words. needs_beats: whether `sample` must be called several times a second in between.
    """

    source: str
    counters: tuple[Counter, ...]
    needs_beats: bool = False

    def joules(self) -> float | None:
        """The count of all together; None where one of them cannot be read."""
        counts = [counter.read() for counter in self.counters]
        return None if None in counts or not counts else float(sum(count for count in counts if count is not None))

    def sample(self) -> None:
        """Bring the counts up to date."""
        self.joules()


@dataclass(slots=True)
class Direct:
    """A count that the device keeps itself."""

    reader: Reader

    def read(self) -> float | None:
        """The count in joules."""
        return self.reader()


@dataclass(slots=True)
class Wrapping:
    """A count in microjoules that starts again at `most_uj`; right as long as it is read once in each turn."""

    path: Path
    most_uj: float
    _turns: int = 0
    _last_uj: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def read(self) -> float | None:
        """The count in joules, turns included."""
        with self._lock:
            now_uj = read_number(self.path)
            if now_uj is None:
                return None
            self._turns += now_uj < self._last_uj
            self._last_uj = now_uj
            return (self._turns * self.most_uj + now_uj) / 1e6


@dataclass(slots=True)
class Integrated:
    """Watts summed over time by the trapezoid rule, as often as it is read."""

    reader: Reader
    clock: Clock
    _joules: float = 0.0
    _last: tuple[float, float] | None = None  # clock seconds, watts
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def read(self) -> float | None:
        """The sum in joules since the first reading; None where there are no watts now."""
        with self._lock:
            watts, now = self.reader(), self.clock()
            if watts is None:  # the next reading spans the gap
                return None
            if self._last is not None:
                self._joules += (now - self._last[0]) * (watts + self._last[1]) / 2
            self._last = (now, watts)
            return self._joules


def find_meter(clock: Clock, root: Path = ROOT, *, uses_gpu: bool = True) -> Meter | None:
    """The meter that covers most of what a model uses here: a Jetson's board, a GPU in use, the processor; or None."""
    nvml = open_nvml() if uses_gpu and root == ROOT else None
    return _ina3221(clock, root) or (_nvml(nvml, clock) if nvml is not None else None) or _rapl(root)


def _nvml(nvml: Nvml, clock: Clock) -> Meter | None:
    """GPUs that count their joules, or that at least say their watts."""
    if energy := nvml.energy_readers():
        return Meter("GPU energy (NVML)", tuple(map(Direct, energy)))
    if power := nvml.power_readers():
        return Meter("GPU power (NVML), sampled", tuple(Integrated(r, clock) for r in power), needs_beats=True)
    return None


def _ina3221(clock: Clock, root: Path) -> Meter | None:
    """A Jetson's module: its input rail where it has one, else the rails that together feed it."""
    rails = dict(_rails(root))
    total = next((name for name in _TOTAL_RAILS if name in rails), None)
    counted = {total: rails[total]} if total else {n: r for n, r in rails.items() if n not in _PART_RAILS}
    if not counted:
        return None
    counters = tuple(Integrated(reader, clock) for reader in counted.values())
    return Meter(f"INA3221 ({' + '.join(counted)}), sampled", counters, needs_beats=True)


def _rails(root: Path) -> Iterator[tuple[str, Reader]]:
    """Label and watts of each channel that has both voltage (mV) and current (mA)."""
    for driver in ("ina3221", "ina3221x"):
        for folder in sorted((root / "sys/bus/i2c/drivers" / driver).glob("*-00*/hwmon/hwmon*")):
            for label in numbered(folder, "in*_label"):
                index = label.name[2:].partition("_")[0]
                volts, amperes = folder / f"in{index}_input", folder / f"curr{index}_input"
                name = read_text(label)
                if name and name != "NC" and read_number(volts) is not None and read_number(amperes) is not None:
                    yield name, _watts(volts, amperes)


def _watts(volts: Path, amperes: Path) -> Reader:
    def read() -> float | None:
        millivolts, milliamperes = read_number(volts), read_number(amperes)
        return None if millivolts is None or milliamperes is None else millivolts * milliamperes / 1e6

    return read


def _rapl(root: Path) -> Meter | None:
    """The packages' own counters, where they may be read."""
    counters, names = [], []
    for zone in numbered(root / "sys/class/powercap", "*rapl:*"):
        name = read_text(zone / "name") or ""
        if not _RAPL_ZONE.match(zone.name) or "mmio" in zone.name or not name.startswith(_RAPL_WHOLE):
            continue
        most_uj = read_number(zone / "max_energy_range_uj")
        if most_uj and read_number(zone / "energy_uj") is not None:  # often for root alone
            counters.append(Wrapping(zone / "energy_uj", most_uj))
            names.append(name)
    return Meter(f"RAPL ({' + '.join(names)})", tuple(counters)) if counters else None

"""What decides how fast this machine is, read now: board, cores, memory, power mode, clocks, temperatures, GPUs.

Every reader takes a root folder, so that recorded trees can be read as well. Where the layouts come from: the kernel's
documentation (admin-guide/pm/cpufreq, driver-api/thermal/sysfs-api, ABI/testing/sysfs-class-devfreq, -power and
-platform_profile) and NVIDIA's Jetson Linux Developer Guide (release file, nvpmodel).
Invariant: what cannot be read is None or missing, and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from edgereason.profiling.device import cores, device_name
from edgereason.profiling.gpu import Gpu, read_gpus
from edgereason.profiling.sysfs import ROOT, numbered, read_number, read_text

_RELEASE = re.compile(r"R(\d+) \(release\), REVISION: ([\d.]+)")
_MODE = re.compile(r"pmode:(\d+)")
_MODE_NAME = re.compile(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+)\s*>")
NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """One machine at one moment. None, or empty: it does not say.

    power_mode: whatever is set that limits the clocks, in words; timings are bound to it.
    cpu_mhz, cpu_most_mhz: now, and the highest that the present mode allows, of the fastest core.
    temperatures_c: by thermal zone. is_throttled is not here: no kernel interface says so on every machine.
    """

    device: str
    board: str | None = None
    jetson_release: str | None = None
    power_mode: str = NOT_KNOWN
    cores: int = 1
    memory_bytes: int | None = None
    cpu_mhz: float | None = None
    cpu_most_mhz: float | None = None
    gpu_mhz: float | None = None
    temperatures_c: dict[str, float] = field(default_factory=dict)
    gpus: tuple[Gpu, ...] = ()


def read_facts(root: Path = ROOT) -> DeviceFacts:
    """The facts of this machine, or of the tree below `root`; memory, cores and GPUs are always this machine's."""
    return DeviceFacts(
        device=device_name(),
        board=read_text(root / "proc/device-tree/model"),
        jetson_release=jetson_release(root),
        power_mode=power_mode(root),
        cores=cores(),
        memory_bytes=int(psutil.virtual_memory().total),
        cpu_mhz=_highest_mhz(root, "scaling_cur_freq"),
        cpu_most_mhz=_highest_mhz(root, "scaling_max_freq"),
        gpu_mhz=_jetson_gpu_mhz(root),
        temperatures_c=temperatures_c(root),
        gpus=read_gpus(),
    )


def jetson_release(root: Path = ROOT) -> str | None:
    """Jetson Linux's version, as "36.4.3"; None on other machines."""
    found = _RELEASE.search(read_text(root / "etc/nv_tegra_release") or "")
    return f"{found[1]}.{found[2]}" if found else None


def power_mode(root: Path = ROOT) -> str:
    """The power mode in words; "not known" where nothing says. Battery counts, since laptops slow down on it."""
    parts = [part for part in (_nvpmodel(root), _platform_profile(root), _governors(root)) if part]
    if _is_on_battery(root):
        parts.append("on battery")
    return ", ".join(parts) or NOT_KNOWN


def temperatures_c(root: Path = ROOT) -> dict[str, float]:
    """Degrees Celsius by name of the thermal zone; zones that are off (Jetsons say -256) or unreadable are left out."""
    found: dict[str, float] = {}
    for zone in numbered(root / "sys/class/thermal", "thermal_zone*"):
        milli = read_number(zone / "temp")
        if milli is not None and -100_000 < milli < 200_000:
            found[read_text(zone / "type") or zone.name] = milli / 1e3
    return found


def _nvpmodel(root: Path) -> str | None:
    """A Jetson's mode: its name in nvpmodel.conf and its number in the status file."""
    status = _MODE.search(read_text(root / "var/lib/nvpmodel/status") or "")
    if status is None:
        return None
    number = int(status[1])
    names = {int(index): name for index, name in _MODE_NAME.findall(read_text(root / "etc/nvpmodel.conf") or "")}
    return f"{names[number]} (mode {number})" if number in names else f"mode {number}"


def _platform_profile(root: Path) -> str | None:
    profile = read_text(root / "sys/firmware/acpi/platform_profile")
    return f"platform profile {profile}" if profile else None


def _governors(root: Path) -> str | None:
    """The governor of the cores' clocks, all of them where they differ."""
    found = {read_text(core / "cpufreq/scaling_governor") for core in _cores(root)} - {None}
    return f"governor {'/'.join(sorted(str(name) for name in found))}" if found else None


def _is_on_battery(root: Path) -> bool:
    """Whether a battery is being used up. A mouse's battery has scope Device and does not count."""
    supplies = list(numbered(root / "sys/class/power_supply", "*"))
    return any(
        read_text(supply / "type") == "Battery"
        and read_text(supply / "status") == "Discharging"
        and read_text(supply / "scope") != "Device"
        for supply in supplies
    )


def _cores(root: Path) -> Iterator[Path]:
    return numbered(root / "sys/devices/system/cpu", "cpu[0-9]*")


def _highest_mhz(root: Path, name: str) -> float | None:
    """The highest of the cores' values, which the kernel gives in kHz."""
    found = [khz for core in _cores(root) if (khz := read_number(core / "cpufreq" / name)) is not None]
    return max(found) / 1e3 if found else None


def _jetson_gpu_mhz(root: Path) -> float | None:
    """The clock of a Jetson's GPU (17000000.gpu on Orin, 17000000.gv11b on Xavier), which the kernel gives in Hz."""
    for pattern in ("*.gpu", "*.ga10b", "*.gv11b", "*.gp10b"):
        for device in numbered(root / "sys/class/devfreq", pattern):
            if (hertz := read_number(device / "cur_freq")) is not None:
                return hertz / 1e6
    return None

"""Recorded trees: what /sys, /proc, /etc and /var hold on other machines, as far as anything here reads them.

Written from public documentation, with values of its examples: the Linux kernel's (hwmon/ina3221, power/powercap,
accounting/psi, admin-guide/pm/cpufreq, driver-api/thermal/sysfs-api) and NVIDIA's Jetson Linux Developer Guide r35.6
(release file, nvpmodel, rails of each module). None was copied from a machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_INA = "sys/bus/i2c/drivers/ina3221"
_RELEASE = (
    "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025"
)


def channel(folder: str, index: int, label: str, millivolts: int, milliamperes: int) -> dict[str, str]:
    """One channel of an INA3221."""
    return {
        f"{folder}/in{index}_label": label,
        f"{folder}/in{index}_input": str(millivolts),
        f"{folder}/curr{index}_input": str(milliamperes),
    }


def zones(**degrees: int) -> dict[str, str]:
    """Thermal zones, in thousandths of a degree."""
    folder = "sys/class/thermal/thermal_zone"
    pairs = enumerate(degrees.items())
    return {f"{folder}{i}/{name}": value for i, (zone, milli) in pairs for name, value in
            (("type", zone.replace("_", "-")), ("temp", str(milli)))}  # fmt: skip


def clocks(cores: int, now_khz: int, most_khz: int, governor: str) -> dict[str, str]:
    """The clocks of some cores."""
    return {
        f"sys/devices/system/cpu/cpu{core}/cpufreq/{name}": value
        for core in range(cores)
        for name, value in (
            ("scaling_cur_freq", str(now_khz - 1000 * core)),
            ("scaling_max_freq", str(most_khz)),
            ("scaling_governor", governor),
        )
    }


AGX_ORIN: Mapping[str, str] = {
    "proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0",
    "etc/nv_tegra_release": _RELEASE,
    "etc/nvpmodel.conf": "\n".join(
        (
            "< PARAM TYPE=FILE NAME=CPU_ONLINE >",
            "CORE_0 /sys/devices/system/cpu/cpu0/online",
            "< POWER_MODEL ID=0 NAME=MAXN >",
            "CPU_ONLINE CORE_0 1",
            "< POWER_MODEL ID=2 NAME=MODE_30W >",
            "CPU_ONLINE CORE_8 0",
            "< PM_CONFIG DEFAULT=2 >",
        )
    ),
    "var/lib/nvpmodel/status": "pmode:0002",
    **clocks(12, 1728000, 2201600, "schedutil"),
    "sys/class/devfreq/17000000.gpu/cur_freq": "1300500000",
    **zones(cpu_thermal=48562, gpu_thermal=45125, cv0_thermal=-256000, tj_thermal=48562),
    **channel(f"{_INA}/1-0040/hwmon/hwmon3", 1, "VDD_GPU_SOC", 12000, 1000),
    **channel(f"{_INA}/1-0040/hwmon/hwmon3", 2, "VDD_CPU_CV", 12000, 250),
    **channel(f"{_INA}/1-0040/hwmon/hwmon3", 3, "VIN_SYS_5V0", 5000, 1000),
    f"{_INA}/1-0040/hwmon/hwmon3/in7_label": "sum of shunt voltages",
    f"{_INA}/1-0040/hwmon/hwmon3/in7_input": "12",
    **channel(f"{_INA}/1-0041/hwmon/hwmon4", 1, "NC", 0, 0),
    **channel(f"{_INA}/1-0041/hwmon/hwmon4", 2, "VDDQ_VDD2_1V8AO", 5000, 400),
    "proc/pressure/cpu": "some avg10=12.50 avg60=4.10 avg300=1.00 total=2500000\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0",
}

ORIN_NANO: Mapping[str, str] = {
    "etc/nv_tegra_release": _RELEASE,
    "var/lib/nvpmodel/status": "pmode:0001",
    **channel(f"{_INA}/1-0040/hwmon/hwmon1", 1, "VDD_IN", 5000, 1400),
    **channel(f"{_INA}/1-0040/hwmon/hwmon1", 2, "VDD_CPU_GPU_CV", 5000, 500),
    **channel(f"{_INA}/1-0040/hwmon/hwmon1", 3, "VDD_SOC", 5000, 300),
}

LAPTOP: Mapping[str, str] = {
    **clocks(4, 2400000, 4800000, "powersave"),
    "sys/firmware/acpi/platform_profile": "balanced",
    "sys/class/power_supply/AC/type": "Mains",
    "sys/class/power_supply/AC/online": "0",
    "sys/class/power_supply/BAT0/type": "Battery",
    "sys/class/power_supply/BAT0/status": "Discharging",
    "sys/class/power_supply/BAT0/scope": "System",
    **zones(x86_pkg_temp=61000),
    "sys/class/powercap/intel-rapl:0/name": "package-0",
    "sys/class/powercap/intel-rapl:0/energy_uj": "260000000000",
    "sys/class/powercap/intel-rapl:0/max_energy_range_uj": "262143328850",
    "sys/class/powercap/intel-rapl:0:0/name": "core",
    "sys/class/powercap/intel-rapl:0:0/energy_uj": "100000000",
    "sys/class/powercap/intel-rapl:0:0/max_energy_range_uj": "262143328850",
    "sys/class/powercap/intel-rapl:1/name": "psys",
    "sys/class/powercap/intel-rapl:1/energy_uj": "900000000",
    "sys/class/powercap/intel-rapl:1/max_energy_range_uj": "262143328850",
    "sys/class/powercap/intel-rapl-mmio:0/name": "package-0",
    "sys/class/powercap/intel-rapl-mmio:0/energy_uj": "260000000000",
    "sys/class/powercap/intel-rapl-mmio:0/max_energy_range_uj": "262143328850",
}

WITH_A_MOUSE: Mapping[str, str] = {
    "sys/class/power_supply/hidpp_battery_0/type": "Battery",
    "sys/class/power_supply/hidpp_battery_0/status": "Discharging",
    "sys/class/power_supply/hidpp_battery_0/scope": "Device",
}


def plant(root: Path, tree: Mapping[str, str]) -> Path:
    """Write the tree below `root`."""
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    return root

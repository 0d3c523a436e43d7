"""What starting costs over bare Python: `import edgereason`, `edgereason --help`, a cold `ask`; and an ask's memory.

Every case is a fresh process; cases take turns, so that a busy neighbour hits all alike; the figure is the median over
bare Python's median. The first, uncounted turn fills file caches and the cache of pass times, as on a device that has
run before. Prints a table, then one JSON line; `--out FILE` also writes it. Exits 1 where a limit is missed.

    .venv/bin/python benchmarks/startup.py --out benchmarks/results/startup.json
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from edgereason import Reasoner
from edgereason.profiling.device import device_name
from edgereason.records import provenance

QUESTION = "17 + 25 = ?"
COMMAND = str(Path(sys.executable).with_name("edgereason"))
CASES = {
    "bare python": [sys.executable, "-c", "pass"],
    "import edgereason": [sys.executable, "-c", "import edgereason"],
    "--help": [COMMAND, "--help"],
    "cold ask": [COMMAND, "ask", QUESTION, "--deadline", "2s", "-q"],
}
LIMITS_S = {"import edgereason": 0.15, "--help": 0.4, "cold ask": 2.0}
LIMIT_MB = 350


def seconds_of(command: Sequence[str]) -> float:
    """Wall-clock seconds of one process."""
    before = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - before


def resident_mb(command: Sequence[str]) -> float:
    """Most resident memory of one process, in MB."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, 1, 0)])
    usage: resource.struct_rusage = os.wait4(pid, 0)[2]
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)  # kilobytes, but bytes on macOS


def medians(turns: int) -> dict[str, float]:
    """Median seconds of each case over interleaved turns, the first not counted."""
    seen: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(turns + 1):
        for name, command in CASES.items():
            seen[name].append(seconds_of(command))
    return {name: statistics.median(times[1:]) for name, times in seen.items()}


def main() -> int:
    """Measure, print, and say by the exit code whether every limit holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=11)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()

    times = medians(arguments.turns)
    added = {name: times[name] - times["bare python"] for name in LIMITS_S}
    memory_mb = resident_mb(CASES["cold ask"])
    print(f"{'':20} {'median s':>9} {'over bare':>10} {'limit':>7}")
    for name, median_s in times.items():
        over, limit = (f"{added[name]:.3f}", f"{LIMITS_S[name]:.2f}") if name in added else ("", "")
        print(f"{name:20} {median_s:9.3f} {over:>10} {limit:>7}")
    print(f"{'memory of an ask':20} {memory_mb:9.0f} MB {'':7} {LIMIT_MB:7}")

    holds = memory_mb < LIMIT_MB and all(added[name] <= limit for name, limit in LIMITS_S.items())
    with Reasoner.load() as reasoner:
        info, model = reasoner.engine_info, reasoner.model
    header = provenance(
        device=device_name(), engine=info.name, engine_version=info.version, model=model, seed=0, n=arguments.turns
    )
    figures = {"median_s": times, "over_bare_s": added, "limits_s": LIMITS_S, "memory_mb": memory_mb, "holds": holds}
    line = json.dumps({**header.to_record(), **figures})
    print(line)
    if arguments.out:
        arguments.out.write_text(line + "\n", encoding="utf-8")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())

"""Neighbours at work, always the same ones: bursts of computing on every core, each core on its own.

    python -m edgereason.evals.load --core 0 --seed 1      # one of them, until standard input ends

A burst lasts an exponentially distributed time with a mean of 0.2 s, and so does the gap after it, so that each core is
asked for half of the time and both of two cores for a quarter. Draws are a function of the seed and the core; the
process is pinned to its core where the platform can. Burning is plain Python, so that it takes no more than a core.
In: the script and starting it. Invariant: a neighbour ends when whoever started it does, however that ended.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count

BURST_S = 0.2
GAP_S = 0.2


def bursts(seed: int, core: int) -> Iterator[tuple[float, float]]:
    """(seconds of a burst, seconds of the gap after it), without an end."""
    draws = random.Random(f"{seed} {core}")
    for _ in count():
        yield draws.expovariate(1 / BURST_S), draws.expovariate(1 / GAP_S)


@contextlib.contextmanager
def neighbours(seed: int) -> Iterator[list[int]]:
    """One neighbour on each core that this process may use, at work as long as the context is open; their ids."""
    cores = usable_cores()
    script = [sys.executable, "-m", "edgereason.evals.load", "--seed", str(seed), "--core"]
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(_ended(subprocess.Popen([*script, str(core)], stdin=subprocess.PIPE))) for core in cores
        ]
        yield [process.pid for process in started]


def usable_cores() -> list[int]:
    """The processor cores that this process may run on; their plain count where the platform has no such list."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, gone when the context is left."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Burn and rest until standard input ends."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--core", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {options.core})
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    for burst_s, gap_s in bursts(options.seed, options.core):
        ends = time.perf_counter() + burst_s
        while time.perf_counter() < ends:
            pass
        time.sleep(gap_s)


def _leave_with_parent() -> None:
    """Wait for the end of standard input, which comes when the parent is gone."""
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    os._exit(0)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()

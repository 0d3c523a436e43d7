"""Neighbours that want the processor in bursts: the load beside which a promise about time is checked.

    python -m edgereason.evals.neighbours 0 17      # bursts on core 0, drawn from seed 17, until it is killed

In: one process a core, each with its own bursts. Not in: what is measured beside them (ledger).
Invariant: bursts and gaps are functions of the seed and the core; a neighbour dies with the process that started it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random

import psutil

BURST_S, GAP_S = 0.4, 0.4  # means of exponential lengths: each core is wanted half of the time
LONGEST_S = 3.0
STARTED = b"on\n"


def stretches(core: int, seed: int) -> Iterator[tuple[float, float]]:
    """(burst, gap) in seconds, without end."""
    rng = Random(f"neighbour:{seed}:{core}")
    while True:
        yield tuple(min(LONGEST_S, rng.expovariate(1 / mean)) for mean in (BURST_S, GAP_S))  # type: ignore[misc]


@contextlib.contextmanager
def neighbours(seed: int = 0, cores: int | None = None) -> Iterator[None]:
    """Processes with bursts on so many cores (None: all), from here to the end of the context."""
    command = [sys.executable, "-m", "edgereason.evals.neighbours"]
    processes = [
        subprocess.Popen([*command, str(core), str(seed)], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        for core in range(cores or os.cpu_count() or 1)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()  # it is up
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def burst(core: int, seed: int, parent: int) -> None:
    """Want a core in bursts until the parent is gone."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # not everywhere, and not every core is ours
        psutil.Process().cpu_affinity([core])
    sys.stdout.buffer.write(STARTED)
    sys.stdout.flush()
    for busy_s, idle_s in itertools.takewhile(lambda _: os.getppid() == parent, stretches(core, seed)):
        ends = time.perf_counter() + busy_s
        while time.perf_counter() < ends:
            sum(range(1000))
        time.sleep(idle_s)


if __name__ == "__main__":
    burst(int(sys.argv[1]), int(sys.argv[2]), os.getppid())

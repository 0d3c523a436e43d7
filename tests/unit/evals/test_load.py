"""Laws of the load: the same bursts for a seed, cores apart, and neighbours that end with whoever started them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from edgereason.evals.load import BURST_S, GAP_S, bursts, neighbours, usable_cores


def test_bursts_are_a_function_of_seed_and_core() -> None:
    """And differ between cores and between seeds."""
    made = [tuple(itertools.islice(bursts(seed, core), 5)) for seed, core in ((1, 0), (1, 0), (1, 1), (2, 0))]
    assert made[0] == made[1]
    assert 3 == len(set(made))


def test_bursts_and_gaps_have_their_means() -> None:
    """Within a few standard errors; both are exponential, so the standard deviation is the mean."""
    drawn = list(itertools.islice(bursts(3, 0), 20_000))
    for place, mean in enumerate((BURST_S, GAP_S)):
        values = [pair[place] for pair in drawn]
        assert mean == pytest.approx(sum(values) / len(values), rel=0.05)
        assert 0.37 == pytest.approx(sum(value > mean for value in values) / len(values), abs=0.02)


def test_a_neighbour_on_every_core_is_gone_afterwards() -> None:
    """Each pinned to its own core, where the platform pins."""
    with neighbours(1) as ids:
        assert len(usable_cores()) == len(ids)
        if hasattr(os, "sched_getaffinity"):
            ends = time.perf_counter() + 60
            while {frozenset({core}) for core in usable_cores()} != {frozenset(os.sched_getaffinity(x)) for x in ids}:
                assert time.perf_counter() < ends
                time.sleep(0.02)
    assert not any(psutil.pid_exists(each) for each in ids)


def test_neighbours_outlive_nobody(tmp_path: Path) -> None:
    """Though whoever started them was killed, without a chance to end them."""
    script = (
        "import sys, time\nfrom edgereason.evals.load import neighbours\n"
        "with neighbours(1) as ids:\n    print(*ids, flush=True)\n    time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    ids = [int(word) for word in parent.stdout.readline().split()]
    parent.kill()
    parent.communicate()
    ends = time.perf_counter() + 60
    while any(psutil.pid_exists(each) for each in ids):
        assert time.perf_counter() < ends, "a neighbour is still at work"
        time.sleep(0.02)
    assert ids

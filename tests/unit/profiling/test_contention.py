"""Contention: the kernel's figures, the heartbeat, and what both say together."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from edgereason.profiling.contention import Heartbeat, Neighbours, Pressure, contention, read_pressure
from edgereason.testing import FakeClock

from .trees import AGX_ORIN, plant


def test_pressure_is_read(tmp_path: Path) -> None:
    """Percent to share, microseconds to seconds; the line of "full" is not the one."""
    assert Pressure(share_10s=0.125, waited_s=2.5) == read_pressure(plant(tmp_path, AGX_ORIN))


@pytest.mark.parametrize("text", ["", "some", "some avg10=x total=1", "full avg10=1.00 avg60=1 avg300=1 total=5"])
def test_a_kernel_that_does_not_count_says_nothing(tmp_path: Path, text: str) -> None:
    """None, and no error."""
    assert read_pressure(plant(tmp_path, {"proc/pressure/cpu": text})) is None


@pytest.mark.parametrize(
    ("waited_s", "late_s", "is_busy"),
    [(0.0, [0.0] * 8, False), (0.5, [0.0] * 8, True), (0.0, [0.0, 0.02, 0.02, 0.02], True), (0.05, [0.001], False)],
)
def test_waiting_or_late_beats_mean_a_neighbour(waited_s: float, late_s: list[float], is_busy: bool) -> None:
    """Either sign is enough."""
    found = contention(Pressure(0.0, 10.0), Pressure(0.0, 10.0 + waited_s), 1.0, late_s)

    assert (waited_s, is_busy) == (pytest.approx(found.waited_share), found.is_busy)


def test_one_late_beat_of_many_is_no_neighbour() -> None:
    """A single stall is not contention."""
    assert not contention(None, None, 1.0, [0.5, *[0.0] * 9]).is_busy


def test_nothing_known_is_not_busy() -> None:
    """Without figures there is no claim."""
    found = contention(None, None, 1.0, [])

    assert (None, None, False) == (found.waited_share, found.late_s, found.is_busy)


def test_the_heart_beats_and_stops() -> None:
    """Beats are noted and told, none comes after the context, and the thread has ended."""
    beats = threading.Semaphore(0)
    threads = threading.active_count()
    began = time.perf_counter()
    with Heartbeat(time.perf_counter, on_beat=beats.release) as heart:
        assert all(beats.acquire(timeout=30) for _ in range(3))

    counted = len(heart.late_since(began))
    assert counted >= 3
    assert min(heart.late_since(began)) >= 0
    assert ([], threads) == (heart.late_since(time.perf_counter() + 60), threading.active_count())


def test_neighbours_are_seen_within_a_second_or_two() -> None:
    """By what was waited since the last reading that is a second old, whatever the mean of ten seconds still says."""
    clock, readings = FakeClock(), [Pressure(0.9, 5.0)]
    seen = Neighbours(clock, lambda: readings[-1])
    assert seen.are_busy()  # nothing to compare with: the kernel's mean

    clock.advance(1.5)
    assert not seen.are_busy()  # nobody has waited since
    clock.advance(0.5)
    readings.append(Pressure(0.0, 5.5))
    assert seen.are_busy()
    clock.advance(60.0)
    assert not seen.are_busy()  # a minute ago says nothing of now


def test_where_the_kernel_does_not_say_nobody_is_busy() -> None:
    """No figures, no claim."""
    assert not Neighbours(FakeClock(), lambda: None).are_busy()

"""Who else wants the processor: the kernel's pressure figures, and a heartbeat that says how late this process wakes.

/proc/pressure/cpu is "some avg10=1.53 avg60=.. avg300=.. total=<microseconds>" (kernel documentation, accounting/psi):
time in which at least one task that could run had to wait. Kernels before 4.20, and other systems, have none; the
heartbeat works everywhere.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from edgereason.profiling.sysfs import ROOT, read_text
from edgereason.protocols import Clock

BEAT_S = 0.02
KEPT_BEATS = 512  # some ten seconds
TOLD_BEATS = 5  # of which one is told: ten a second are enough for a sensor behind a slow bus
BUSY_SHARE = 0.1  # of the time that some task waited: from here on a neighbour is at work
WINDOW_S, STALE_S = 1.0, 10.0  # how old a reading must be to compare with, and from where on it says nothing of now
BUSY_LATE_S = 0.004  # a wake-up as late as this at the upper quartile means the same
_SOME = re.compile(r"^some avg10=([\d.]+) .*total=(\d+)", re.M)


@dataclass(frozen=True, slots=True)
class Pressure:
    """Of the processor, as the kernel counts it."""

    share_10s: float  # of the last ten seconds, 0 to 1
    waited_s: float  # since the system started


def read_pressure(root: Path = ROOT) -> Pressure | None:
    """The pressure now; None where the kernel does not count it."""
    found = _SOME.search(read_text(root / "proc/pressure/cpu") or "")
    return Pressure(float(found[1]) / 100, int(found[2]) / 1e6) if found else None


class Neighbours:
    """Whether others want the processor now: by what tasks have waited since a reading a second ago.

    The kernel's own mean over ten seconds, which lags behind neighbours that come and go, serves where there is no
    reading of the last ten seconds to compare with. Any thread may ask.
    """

    def __init__(self, clock: Clock = time.perf_counter, read: Callable[[], Pressure | None] = read_pressure) -> None:
        self._clock = clock
        self._read = read
        self._lock = threading.Lock()
        self._readings: deque[tuple[float, float]] = deque()  # (clock time, seconds waited), oldest first

    def are_busy(self) -> bool:
        """Whether tasks waited more than `BUSY_SHARE` of the time; False where the kernel does not say."""
        pressure, now = self._read(), self._clock()
        if pressure is None:
            return False
        with self._lock:
            self._readings.append((now, pressure.waited_s))
            while len(self._readings) > 2 and now - self._readings[1][0] >= WINDOW_S:
                self._readings.popleft()
            at, waited_s = self._readings[0]
        if WINDOW_S <= now - at <= STALE_S:
            return (pressure.waited_s - waited_s) / (now - at) > BUSY_SHARE
        return pressure.share_10s > BUSY_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """What a stretch of time was like. None: nothing said so."""

    waited_share: float | None  # of the stretch in which some task had to wait
    late_s: float | None  # upper quartile of how much later than asked this process woke

    @property
    def is_busy(self) -> bool:
        """Whether a neighbour was at work. Our own threads wait as well where there are more of them than cores."""
        return (self.waited_share or 0.0) > BUSY_SHARE or (self.late_s or 0.0) > BUSY_LATE_S


def contention(before: Pressure | None, after: Pressure | None, elapsed_s: float, late_s: list[float]) -> Contention:
    """The contention of a stretch between two readings, with the latenesses of the heartbeats in it."""
    waited = None
    if before is not None and after is not None and elapsed_s > 0:
        waited = min(1.0, max(0.0, (after.waited_s - before.waited_s) / elapsed_s))
    late = sorted(late_s)[(3 * len(late_s)) // 4] if late_s else None
    return Contention(waited_share=waited, late_s=late)


class Heartbeat:
    """A thread that sleeps for a moment, again and again, and notes by how much it overslept.

    on_beat is called at every fifth beat, for whatever must be sampled steadily. Leaving the context ends the thread.
    """

    def __init__(self, clock: Clock, on_beat: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._on_beat = on_beat
        self._late: deque[tuple[float, float]] = deque(maxlen=KEPT_BEATS)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="edgereason-heartbeat", daemon=True)

    def late_since(self, clock_s: float) -> list[float]:
        """Seconds by which the beats after that clock time came late, oldest first."""
        return [late for _, late in self.beats_since(clock_s)]

    def beats_since(self, clock_s: float) -> list[tuple[float, float]]:
        """(clock time of the wake-up, seconds by which it came late) of the beats since then, oldest first."""
        return [(at, late) for at, late in tuple(self._late) if at >= clock_s]

    def _beat(self) -> None:
        before, beats = self._clock(), 0
        while not self._ends.wait(BEAT_S):
            now = self._clock()
            self._late.append((now, max(0.0, now - before - BEAT_S)))
            beats += 1
            if beats % TOLD_BEATS == 0:
                self._on_beat()
            before = self._clock()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ends.set()
        self._thread.join()

"""How the time of a simulation is disturbed: when work ends that begins now, and when a sleeper really wakes.

A recorded log of beats (profiling.beats) is laid over the simulated clock, round and round, shifted as the caller says.
Work goes as fast as the log says it went; whoever sleeps until a moment at which the recorder overslept wakes when the
recorder did. Pure but for the shift.
"""

from __future__ import annotations

import bisect
import importlib
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from edgereason.errors import ConfigError, did_you_mean
from edgereason.profiling.beats import BeatLog, read_beats
from edgereason.profiling.contention import BUSY_LATE_S

LEAST_SPEED = 1e-3  # of a beat in which nothing was done: time goes on all the same
LOOKED_BACK_S = 10.0  # how long a neighbour is remembered
LOOK_EVERY = 25  # beats


class Weather(Protocol):
    """What disturbs."""

    def shift(self, share: float) -> None:
        """Lay the log so that the present falls on this share of it, 0 to 1."""

    def done(self, begin_s: float, work_s: float) -> float:
        """When work that takes `work_s` undisturbed ends, if it begins then."""

    def wakes(self, at_s: float) -> float:
        """When somebody wakes who sleeps until then."""

    def is_busy(self, at_s: float) -> bool:
        """Whether neighbours were at work in the ten seconds before."""


class Calm:
    """Nothing disturbs."""

    def shift(self, share: float) -> None:
        """There is nothing to shift."""

    def done(self, begin_s: float, work_s: float) -> float:
        """After just the work's own time."""
        return begin_s + work_s

    def wakes(self, at_s: float) -> float:
        """At that moment."""
        return at_s

    def is_busy(self, at_s: float) -> bool:
        """Never."""
        return False


class Recorded:
    """A log of beats, again and again. shift_s: where in the log the clock's zero falls."""

    def __init__(self, log: BeatLog, shift_s: float = 0.0) -> None:
        self._ends = (0.0, *log.at_s)
        self._late = (0.0, *log.late_s)
        self._speed = (1.0, *(max(LEAST_SPEED, speed) for speed in log.speed))
        self._work = [0.0]  # undisturbed seconds of work that were done up to each end
        for (begin, end), speed in zip(pairwise(self._ends), self._speed[1:], strict=True):
            self._work.append(self._work[-1] + (end - begin) * speed)
        self._busy = list(self._busy_places(log))
        self._shift_s = shift_s

    @property
    def length_s(self) -> float:
        """Of the log."""
        return self._ends[-1]

    def shift(self, share: float) -> None:
        """Move the clock's zero to this share of the log."""
        self._shift_s = share * self.length_s

    def done(self, begin_s: float, work_s: float) -> float:
        """The end of work that goes as fast as it did when the log was made."""
        rounds, place = divmod(begin_s + self._shift_s, self.length_s)
        beat = min(bisect.bisect_left(self._ends, place, 1), len(self._ends) - 1)
        work = self._work[beat - 1] + (place - self._ends[beat - 1]) * self._speed[beat] + work_s
        more, rest = divmod(work, self._work[-1])
        beat = min(bisect.bisect_left(self._work, rest, 1), len(self._work) - 1)
        place = self._ends[beat - 1] + (rest - self._work[beat - 1]) / self._speed[beat]
        return max(begin_s, (rounds + more) * self.length_s + place - self._shift_s)

    def wakes(self, at_s: float) -> float:
        """The end of the beat that overslept then; the moment itself where none did."""
        place = (at_s + self._shift_s) % self.length_s
        beat = bisect.bisect_left(self._ends, place, 1)
        left = self._ends[beat] - place
        return at_s + left if left < self._late[beat] else at_s

    def is_busy(self, at_s: float) -> bool:
        """Whether a quarter of the beats before came late, as `Contention` has it."""
        place = (at_s + self._shift_s) % self.length_s
        return self._busy[bisect.bisect_left(self._ends, place, 1) // LOOK_EVERY]

    def _busy_places(self, log: BeatLog) -> list[bool]:
        found = []
        for last in range(0, len(self._ends), LOOK_EVERY):
            first = bisect.bisect_left(self._ends, self._ends[last] - LOOKED_BACK_S)
            late = sorted(self._late[first : last + 1])
            found.append(late[(3 * len(late)) // 4] > BUSY_LATE_S)
        return found


def shipped_stalls() -> dict[str, Path]:
    """The logs of beats that ship, by name."""
    folder = Path(next(iter(importlib.import_module("edgereason.profiles").__path__))) / "stalls"
    return {path.stem: path for path in sorted(folder.glob("*.jsonl"))}


def open_weather(stalls: str | Path | None) -> Weather:
    """The weather of a log in a file, or of one that ships; calm without one.

    Raises:
        ConfigError: there is neither. RecordError: the file fails its checks.
    """
    if stalls is None:
        return Calm()
    shipped = shipped_stalls()
    path = shipped.get(str(stalls), Path(stalls))
    if not path.is_file():
        raise ConfigError(
            f"No log of stalls {str(stalls)!r}: neither a file nor one that ships.",
            hint=did_you_mean(str(stalls), shipped),
        )
    return Recorded(read_beats(path))


class Drifting:
    """Other weather on a device whose speed drifts: slower by up to `most` times and back once a period.

    As a device that heats up and cools down does; the work takes exp(ln(most) (1 - cos(2 pi t / period)) / 2) as long.
    """

    def __init__(self, weather: Weather, most: float, period_s: float = 300.0) -> None:
        self._weather, self._most, self._period_s = weather, most, period_s
        self.shift: Callable[[float], None] = weather.shift
        self.wakes: Callable[[float], float] = weather.wakes
        self.is_busy: Callable[[float], bool] = weather.is_busy

    def done(self, begin_s: float, work_s: float) -> float:
        """The end of the work at the speed that the device has when it begins."""
        phase = (1 - math.cos(2 * math.pi * begin_s / self._period_s)) / 2
        return self._weather.done(begin_s, work_s * self._most**phase)

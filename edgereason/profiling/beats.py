"""How a machine let a busy process run, beat by beat: recorded, so that a simulation can be disturbed the same way.

Two threads of one process: one works without pause, as an engine does; the other sleeps for a moment, again and again,
as whoever waits for a result does. A beat is one such sleep: when it ended, how much too late, and how fast the work
went meanwhile (1: as fast as undisturbed). Freezes are late beats, bursts and throttling are slow ones.
In: recording, the file (records of kind "beats"), reading it. Not in: what a simulation makes of it (simulating).
"""

from __future__ import annotations

import bisect
import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from edgereason.errors import RecordError
from edgereason.profiling.contention import BEAT_S, Heartbeat
from edgereason.profiling.device import device_name
from edgereason.protocols import Clock, never
from edgereason.records import Provenance, RecordWriter, new_file, provenance, read_header, read_records
from edgereason.types import ModelInfo

CHUNK_S = 1.0  # of beats in one record
UNITS_TIMED = 400  # before the first beat, to know how fast undisturbed work is
MOST_SPEED = 4.0
LONGEST_S = 86_400.0
LEAST_BEATS = 50
_BLOCK = bytes(1 << 17)  # a unit of work: its hash, some tenths of a millisecond without Python's lock
_NOTHING = ModelInfo(name="none", lineage="none", file="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatLog:
    """Beats of one recording, as columns, oldest first.

    at_s: when each ended, seconds since the start, rising; late_s: by how much it came too late; speed: of the work
    since the beat before, over that of undisturbed work.
    """

    header: dict[str, Any]
    at_s: tuple[float, ...]
    late_s: tuple[float, ...]
    speed: tuple[float, ...]


def record_beats(
    path: Path,
    seconds: float,
    *,
    note: str = "",
    is_stopped: Callable[[], bool] = never,
    on_progress: Callable[[float], None] = lambda seconds: None,
    clock: Clock = time.perf_counter,
) -> tuple[int, bool]:
    """Record beats for so many seconds into a new file: how many there were, and whether the time was whole.

    Ctrl-C ends it early and keeps the seconds before.

    note: what else ran, in words.

    Raises:
        RecordError: the file cannot be written, or holds something already.
    """
    new_file(path)
    unit_s = _undisturbed_unit(clock)
    count = 0
    with (
        RecordWriter(path, _header(unit_s, note)) as writer,
        contextlib.suppress(KeyboardInterrupt),
        Heartbeat(clock) as heart,
    ):
        start = told = clock()
        done: list[float] = []  # when each unit of work was done
        while (now := clock()) < start + seconds and not is_stopped():
            while clock() < min(now + CHUNK_S, start + seconds):
                _work()
                done.append(clock())
            beats = [beat for beat in heart.beats_since(told) if beat[0] > told]
            if beats:
                writer.append(_record(beats, told, start, done, unit_s))
                told, count = beats[-1][0], count + len(beats)
                done = done[bisect.bisect_right(done, told) :]
            on_progress(min(seconds, clock() - start))
        return count, now >= start + seconds
    return count, False


def _record(
    beats: Sequence[tuple[float, float]], before: float, start: float, done: Sequence[float], unit_s: float
) -> dict[str, Any]:
    """The record of some beats, of which `before` is the one ahead, and of the work that was done meanwhile."""
    ends = [before, *(at for at, _ in beats)]
    units = [bisect.bisect_right(done, end) for end in ends]
    stretches = zip(pairwise(units), pairwise(ends), strict=True)
    speeds = [(last - first) * unit_s / (end - begin) for (first, last), (begin, end) in stretches]
    return {
        "kind": "beats",
        "at_s": [round(at - start, 4) for at, _ in beats],
        "late_s": [round(late, 4) for _, late in beats],
        "speed": [round(min(MOST_SPEED, speed), 3) for speed in speeds],
    }


def _undisturbed_unit(clock: Clock) -> float:
    """Seconds of a unit of work that nothing interrupts: the lower tenth of many."""
    times = []
    for _ in range(UNITS_TIMED):
        begun = clock()
        _work()
        times.append(clock() - begun)
    return sorted(times)[UNITS_TIMED // 10]


def _work() -> None:
    hashlib.sha256(_BLOCK).digest()


def _header(unit_s: float, note: str) -> Provenance:
    return provenance(
        device=device_name(),
        engine="none",
        engine_version="none",
        model=_NOTHING,
        seed=None,
        n=None,
        settings={"beat_s": BEAT_S, "unit_s": unit_s, "note": note},
    )


# ---------------------------------------------------------------- reading


def read_beats(path: Path) -> BeatLog:
    """The beats in a file.

    Raises:
        RecordError: it cannot be read, is damaged, or a beat is out of its range: named with its value.
    """
    header = read_header(path)
    beats = [beat for record in read_records(path, "beats") for beat in _beats_of(record, path)]
    if len(beats) < LEAST_BEATS:
        raise RecordError(
            f"{str(path)!r} holds {len(beats)} beats, fewer than {LEAST_BEATS}.", hint="Record some seconds."
        )
    at_s, late_s, speed = zip(*beats, strict=True)
    for before, after in pairwise((0.0, *at_s)):
        if after <= before:
            raise _illegal(path, "at_s", after, f"above the {before!r} of the beat before")
    return BeatLog(header=header, at_s=at_s, late_s=late_s, speed=speed)


def _beats_of(record: dict[str, Any], path: Path) -> Iterator[tuple[float, float, float]]:
    """The beats of one record, every value checked."""
    columns = []
    for name, most in (("at_s", LONGEST_S), ("late_s", LONGEST_S), ("speed", MOST_SPEED)):
        column = record.get(name)
        if not isinstance(column, list):
            raise _illegal(path, name, column, "a list of numbers")
        for value in column:
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= most:
                raise _illegal(path, name, value, f"a number from 0 to {most:g}")
        columns.append(column)
    if len({len(column) for column in columns}) != 1:
        raise _illegal(path, "at_s", len(columns[0]), "as many as late_s and speed have")
    yield from zip(*columns, strict=True)


def _illegal(path: Path, name: str, value: object, legal: str) -> RecordError:
    return RecordError(f"{str(path)!r}: {name} = {value!r} is not legal: {legal}.", hint="See docs/records.md.")

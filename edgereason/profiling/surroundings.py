"""What goes on around work: neighbours and joules around a timing, joules of a request, from one reading to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from edgereason.profiling.contention import Contention, Heartbeat, Pressure, contention, read_pressure
from edgereason.profiling.power import NOT_MEASURED, find_meter
from edgereason.profiling.sysfs import ROOT
from edgereason.protocols import Clock


@dataclass(frozen=True, slots=True)
class Mark:
    """A reading."""

    at: float  # clock seconds
    pressure: Pressure | None
    joules: float | None


class Surroundings:
    """Reads pressure, heartbeat and meter. A context: its heartbeat runs inside it."""

    def __init__(self, clock: Clock, root: Path = ROOT, *, uses_gpu: bool = False) -> None:
        self._clock, self._root = clock, root
        self._meter = find_meter(clock, root, uses_gpu=uses_gpu)
        needs_beats = self._meter is not None and self._meter.needs_beats
        self._heart = Heartbeat(clock, self._meter.sample) if self._meter and needs_beats else Heartbeat(clock)

    @property
    def energy(self) -> str:
        """What the joules cover, or "not measured"."""
        return self._meter.source if self._meter else NOT_MEASURED

    def mark(self) -> Mark:
        """A reading now."""
        return Mark(self._clock(), read_pressure(self._root), self._meter.joules() if self._meter else None)

    def since(self, mark: Mark) -> tuple[Contention, float | None]:
        """Contention and joules from that reading until now."""
        now = self.mark()
        late_s = self._heart.late_since(mark.at)
        joules = None if now.joules is None or mark.joules is None else max(0.0, now.joules - mark.joules)
        return contention(mark.pressure, now.pressure, now.at - mark.at, late_s), joules

    def __enter__(self) -> Surroundings:
        self._heart.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._heart.__exit__(kind, error, at)


class Gauge:
    """Joules of one request after another. Between `begin` and `end` whatever must be sampled steadily is."""

    def __init__(self, clock: Clock, root: Path = ROOT, *, uses_gpu: bool = False) -> None:
        self._clock = clock
        self._meter = find_meter(clock, root, uses_gpu=uses_gpu)
        self._heart: Heartbeat | None = None

    @property
    def source(self) -> str:
        """What the joules cover, or "not measured"."""
        return self._meter.source if self._meter else NOT_MEASURED

    def begin(self) -> float | None:
        """The count at the start of a request; None where nothing counts."""
        if self._meter is None:
            return None
        if self._meter.needs_beats:
            self._heart = Heartbeat(self._clock, self._meter.sample)
            self._heart.__enter__()
        return self._meter.joules()

    def since(self, begun: float | None) -> float | None:
        """Joules since `begin` gave that count; None where not measured. Any thread may ask, while work goes on too."""
        now = self._meter.joules() if self._meter is not None and begun is not None else None
        return None if now is None or begun is None else max(0.0, now - begun)

    def end(self) -> None:
        """Stop sampling."""
        heart, self._heart = self._heart, None
        if heart is not None:
            heart.__exit__(None, None, None)

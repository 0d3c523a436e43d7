"""The pace of a running request: when to close, when to stop, and how far reality strays from the measured costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgereason.controller.costs import pass_seconds
from edgereason.protocols import Clock
from edgereason.types import PassCosts

SMOOTHING = 0.2  # weight of the newest pass in the drift; a slower pass counts at once, a faster one only gradually
MOST_DRIFT = 50.0


@dataclass(slots=True)
class RequestPace:
    """Tells the loop when to close and when to stop; learns the present speed from every pass.

    due: clock time at which the answer must be ready, which may move (None: no deadline);
    is_stopped: cancelled, handed over, or past the time at which any pass may run.
    """

    clock: Clock
    costs: PassCosts
    due: Callable[[], float | None]
    closing_passes: int
    reserve_factor: float
    is_stopped: Callable[[], bool]
    drift: float = 1.0  # seconds a pass takes over seconds predicted

    def must_close(self, rows: int) -> bool:
        """Whether `rows` rows must begin to close now, at the present speed."""
        due = self.due()
        if due is None:
            return False
        one_more = self.closing_passes * self.reserve_factor + 1
        return self.clock() + one_more * self.drift * pass_seconds(self.costs, rows) >= due

    def must_stop(self) -> bool:
        """Whether no further pass may run."""
        return self.is_stopped()

    def observe(self, rows: int, passes: int, seconds: float) -> None:
        """Follow the present speed."""
        ratio = min(MOST_DRIFT, seconds / (passes * pass_seconds(self.costs, rows)))
        self.drift += (SMOOTHING if ratio < self.drift else 2 * SMOOTHING) * (ratio - self.drift)

"""The pace of a running request: when to close, when to stop, and how far reality strays from the measured costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from edgereason.controller.costs import pass_seconds, tokens_read, work_seconds
from edgereason.protocols import Clock
from edgereason.types import PassCosts, Work

SMOOTHING = 0.2  # weight of the newest pass in the drift; a slower pass counts at once, a faster one only gradually
MOST_DRIFT = 50.0


@dataclass(slots=True)
class RequestPace:
    """Tells the loop when to close and when to stop; learns the present speed from every pass.

    due: clock time at which the answer must be ready, which may move (None: no deadline);
    forced_s: seconds predicted for what is forced where so many rows of so many tokens (`tokens_read`, None: a typical
    row's) close; answer_tokens: sampled behind it;
    reserve_factor: seconds kept back over seconds predicted, when so many rows close;
    is_stopped: cancelled, handed over, or past the time at which any pass may run;
    follows: False takes every pass to last as long as predicted.
    """

    clock: Clock
    costs: PassCosts
    due: Callable[[], float | None]
    forced_s: Callable[[int, float | None], float]
    answer_tokens: int
    reserve_factor: Callable[[int], float]
    is_stopped: Callable[[], bool]
    follows: bool = True
    drift: float = 1.0  # seconds a pass takes over seconds predicted
    _committed: tuple[float, int, float, float] | None = None  # when, of how many rows; seconds of forced text, a pass
    _passes: int = 0  # of one token, since then
    _read: float | None = None  # tokens that the latest pass read for a row

    def must_close(self, rows: int) -> bool:
        """Whether `rows` rows must begin to close now, at the present speed."""
        due = self.due()
        if due is None:
            return False
        now, pass_s = self.clock(), self.drift * pass_seconds(self.costs, rows, self._read)
        forced_s = self.drift * self.forced_s(rows, self._read)
        must = now + (forced_s + self.answer_tokens * pass_s) * self.reserve_factor(rows) + pass_s >= due
        if must and self._committed is None:
            self._committed = now, rows, forced_s, pass_s
        return must

    def closing_score(self, *, is_whole: bool) -> tuple[int, float] | None:
        """(rows, log of the seconds since closing began over those predicted), once rows that closed have ended.

        A closing that was stopped halfway counts as what all of it would have taken at its own speed: counted as it
        was cut, no closing could ever be seen to take longer than what is kept for it. None where nothing was closed
        for the deadline, or it was told before.
        """
        if self._committed is None:
            return None
        began, rows, forced_s, pass_s = self._committed
        took_s = max(self.clock() - began, 1e-9)
        predicted_s = forced_s + (self.answer_tokens + 1) * pass_s
        if not is_whole:
            done_s = forced_s + self._passes * pass_s if self._passes else pass_s
            took_s *= max(1.0, predicted_s / done_s)
        self._committed, self._passes = None, 0
        return rows, math.log(took_s / predicted_s)

    def must_stop(self) -> bool:
        """Whether no further pass may run."""
        return self.is_stopped()

    def observe(self, work: Work, seconds: float) -> None:
        """Follow the present speed."""
        self._passes += work.passes if self._committed is not None else 0
        self._read = tokens_read(self.costs, work)
        if not self.follows:
            return
        ratio = min(MOST_DRIFT, seconds / work_seconds(self.costs, work))
        self.drift += (SMOOTHING if ratio < self.drift else 2 * SMOOTHING) * (ratio - self.drift)

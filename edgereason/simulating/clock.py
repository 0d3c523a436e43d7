"""Seconds that pass only when told to, and the alarms that ring on the way.

Invariant: the clock never runs backwards, and an alarm rings at its own moment, not at the end of the work around it.
"""

from __future__ import annotations

from collections.abc import Callable

from edgereason.simulating.weather import Calm, Weather


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self, now_s: float = 0.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """The seconds now."""
        return self.now_s

    def advance(self, seconds: float) -> None:
        """Let time pass; it never runs backwards."""
        if seconds < 0:
            raise ValueError(f"time cannot pass by {seconds!r} s")
        self.now_s += seconds


class SimulatedClock(FakeClock):
    """A fake clock on which work takes as long as the weather lets it, and somebody sleeps until a moment.

    alarm: when the sleeper wants to be woken, None for never, asked anew whenever time passes; ring: wake the sleeper.
    While work goes on the sleeper wakes on time, or as late as the weather says: the watchdog of a live request is a
    thread of its own, and so it is disturbed by what disturbs the machine, not by the work.
    """

    def __init__(self, weather: Weather | None = None) -> None:
        super().__init__()
        self.weather = weather if weather is not None else Calm()
        self.alarm: Callable[[], float | None] = lambda: None
        self.ring: Callable[[], None] = lambda: None

    def work(self, seconds: float) -> None:
        """Let the time pass that so many undisturbed seconds of work take now."""
        end = self.weather.done(self.now_s, seconds)
        due = self.alarm()
        if due is not None and due <= end:
            woken = self.weather.wakes(due)
            if self.now_s <= woken <= end:
                self.now_s = woken
                self.ring()
        self.now_s = end

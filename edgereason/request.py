"""One request as both its sides see it: the caller waits, peeks and cancels; the worker offers answers and finishes.

The watchdog lives here: whoever waits for the result hands over the best answer in hand at the deadline less a margin,
whatever the worker is doing. Whoever settles a request first wins, and only once.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from edgereason.controller.reserve import MISS_RATE
from edgereason.controller.strategies import strategy_of
from edgereason.decoding.loop import Decoder
from edgereason.errors import ConfigError, DeadlineError, DeadlineExceededError
from edgereason.protocols import Clock
from edgereason.trace import Trace
from edgereason.types import Answer, Budget, Difficulty, Event, Message, Plan, Prompt, Result, StrategyName

HANDOVER_S = 0.005  # kept back for waking the caller and building the result
BUSY_FACTOR = 2.0  # times as much, and whatever else is kept back by rule, while neighbours are at work
LONGEST_WAIT_S = 3600.0
Outcome = Literal["complete", "deadline", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the caller asked for beside the question. Checked when made.

    Raises:
        DeadlineError, ConfigError: a value out of its range.
    """

    deadline_s: float | None = None
    profile: str = "auto"
    seed: int = 0
    choices: tuple[str, ...] = ()
    max_tokens: int | None = None
    min_confidence: float | None = None
    on_deadline: Literal["best", "error"] = "best"
    grace_s: float = 0.0
    miss_rate: float = MISS_RATE
    strategy: StrategyName = "auto"
    max_joules: float | None = None
    price_per_second: float | None = None
    price_per_joule: float | None = None

    @property
    def budget(self) -> Budget:
        """What the caller allows and what it is worth."""
        return Budget(
            deadline_s=self.deadline_s,
            max_tokens=self.max_tokens,
            max_joules=self.max_joules,
            price_per_second=self.price_per_second,
            price_per_joule=self.price_per_joule,
        )

    def __post_init__(self) -> None:
        check_seconds("deadline", self.deadline_s, above_zero=True)
        check_seconds("grace", self.grace_s, above_zero=False)
        if self.on_deadline not in ("best", "error"):
            raise ConfigError(f"on_deadline = {self.on_deadline!r} is unknown.", hint="Choose 'best' or 'error'.")
        if self.max_tokens is not None and (not isinstance(self.max_tokens, int) or self.max_tokens < 1):
            raise ConfigError(f"max_tokens = {self.max_tokens!r} is not a whole number of at least 1.")
        if not 0.0001 <= self.miss_rate <= 0.5:
            raise ConfigError(f"miss_rate = {self.miss_rate!r} is not from 0.0001 to 0.5.")
        check_number("max_joules", self.max_joules, above_zero=True)
        check_number("price_per_second", self.price_per_second, above_zero=False)
        check_number("price_per_joule", self.price_per_joule, above_zero=False)
        if strategy_of(self.strategy) is not None and (self.price_per_second, self.price_per_joule) != (None, None):
            raise ConfigError(
                f"Strategy {self.strategy!r} cannot weigh a price: it fixes the plan itself.",
                hint="Leave the price out, or let the controller choose with strategy 'auto'.",
            )
        if self.min_confidence is not None and not 0.0 <= self.min_confidence <= 1.0:
            raise ConfigError(f"min_confidence = {self.min_confidence!r} is not from 0 to 1.")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed = {self.seed!r} is not a whole number from 0 to 2**63 - 1.")
        if len(self.choices) == 1 or any(not choice.strip() for choice in self.choices):
            raise ConfigError(f"choices = {list(self.choices)!r}: give none, or at least two, none of them blank.")


def check_number(name: str, value: float | None, *, above_zero: bool) -> None:
    """Raise ConfigError unless `value` is None or a finite, positive (or not negative) number."""
    if value is None:
        return
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or value < 0 or (above_zero and value == 0):
        bound = "above 0" if above_zero else "of at least 0"
        raise ConfigError(f"{name} = {value!r} is not a finite number {bound}.")


def check_seconds(name: str, seconds: float | None, *, above_zero: bool) -> None:
    """Raise DeadlineError unless `seconds` is None or a finite, positive (or not negative) number."""
    if seconds is None:
        return
    low_enough = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and math.isfinite(seconds)
    if not low_enough or seconds < 0 or (above_zero and seconds == 0):
        bound = "above 0" if above_zero else "of at least 0"
        raise DeadlineError(f"{name} = {seconds!r} is not a finite number of seconds {bound}.")


@dataclass(slots=True)
class Progress:
    """How far the worker is with one request; what a result is composed of at any moment."""

    trace: Trace
    prompt: Prompt | None = None
    decoder: Decoder | None = None
    difficulty: Difficulty | None = None
    plan: Plan | None = None
    joules_begun: float | None = None  # the energy gauge when work on it began


class Request:
    """A running or waiting request. Thread-safe; its clock runs from the moment it was made.

    compose: builds the Result of this instant for an outcome; called once, by whichever side settles the request.
    is_watched: False leaves the deadline to the pace alone: nothing is handed over or stopped at it.
    is_busy: neighbours are at work, so that whoever waits will wake later.
    """

    def __init__(
        self,
        messages: Sequence[Message],
        options: Options,
        clock: Clock,
        compose: Callable[[Request, Outcome], Result],
        *,
        wants_text: bool = False,
        is_watched: bool = True,
        is_busy: bool = False,
    ) -> None:
        self.messages = tuple(messages)
        self.options = options
        self.wants_text = wants_text
        self._is_watched = is_watched
        self._handover_s = HANDOVER_S * (BUSY_FACTOR if is_busy else 1.0)
        self.entry = clock()
        self.progress = Progress(Trace(clock, self.entry))  # the worker's; read by `compose`
        self.answer: Answer | None = None
        self._clock = clock
        self._compose = compose
        self._lock = threading.Lock()
        self._settled = threading.Event()
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._listeners: list[Callable[[], object]] = []
        self._deadline_s = options.deadline_s

    # -------------------------------------------------------------- time

    @property
    def elapsed_s(self) -> float:
        """Seconds since the request was made."""
        return self._clock() - self.entry

    @property
    def deadline_s(self) -> float | None:
        """Seconds from the request's entry to its deadline as it stands now; None without one."""
        return self._deadline_s

    @property
    def due(self) -> float | None:
        """Clock time at which the answer in hand is handed over; None without a deadline."""
        deadline = self._deadline_s
        return None if deadline is None else self.entry + deadline - min(self._handover_s, deadline / 2)

    @property
    def ends(self) -> float | None:
        """Clock time after which nothing runs for this request: `due`, and the grace while there is no answer."""
        due = self.due if self._is_watched else None
        return due if due is None or self.answer is not None else due + self.options.grace_s

    @property
    def is_stopped(self) -> bool:
        """Whether no further work may be done: settled, or past its time."""
        ends = self.ends
        return self._settled.is_set() or (ends is not None and self._clock() >= ends)

    # -------------------------------------------------------------- the caller's side

    @property
    def trace(self) -> Trace:
        """What happened so far, clock-stamped."""
        return self.progress.trace

    @property
    def is_done(self) -> bool:
        """Whether the result is there."""
        return self._settled.is_set()

    def peek(self) -> str | None:
        """The best answer so far, without waiting."""
        answer = self.answer
        return answer.text if answer is not None else None

    def extend(self, seconds: float) -> bool:
        """Move the deadline later while the request waits or runs; False where the result is there already.

        Rows that were closed for the old deadline stay closed; what is open thinks on, and more rows may follow.

        Raises:
            DeadlineError: not a number of seconds above 0. ConfigError: the request has no deadline.
        """
        return self._move("extend", seconds, 1.0)

    def tighten(self, seconds: float) -> bool:
        """Move the deadline earlier, at most to 10 ms from now, 20 beside neighbours; False where the result is there.

        Raises:
            DeadlineError: not a number of seconds above 0. ConfigError: the request has no deadline.
        """
        return self._move("tighten", seconds, -1.0)

    def _move(self, name: str, seconds: float, sign: float) -> bool:
        check_seconds(name, seconds, above_zero=True)
        with self._lock:
            if self._settled.is_set():
                return False
            if self._deadline_s is None:
                raise ConfigError(
                    f"{name}({seconds!r}): the request has no deadline.", hint="Ask with one, or cancel()."
                )
            self._deadline_s = max(self.elapsed_s + 2 * self._handover_s, self._deadline_s + sign * seconds)
            self.trace.add("note", f"deadline moved by {sign * seconds:+g} s to {self._deadline_s:g} s")
        if sign < 0:  # who waits for the result sleeps until the old deadline
            alarm = threading.Timer(self.wait_s(), self.watch)
            alarm.daemon = True
            alarm.start()
        return True

    def cancel(self) -> None:
        """End the request now with the best answer so far; the worker stops before its next pass."""
        self.settle("cancelled")

    def result(self) -> Result:
        """Wait for the result; at the deadline take the answer in hand.

        Raises:
            DeadlineExceededError: no answer by the deadline, and `on_deadline` is "error".
            EdgeReasonError: whatever stopped the request from being answered at all.
        """
        while not self._settled.wait(self.wait_s()):
            self.watch()
        if self._error is not None:
            raise self._error
        assert self._result is not None
        if self._result.answer is None and self.options.on_deadline == "error" and self._result.finish == "deadline":
            raise DeadlineExceededError(f"No answer within {self._deadline_s!r} s.", hint=" ".join(self._result.notes))
        return self._result

    def events(self) -> Iterator[Event]:
        """What happens, as it happens; the last event is the result. For one reader."""
        while True:
            try:
                event = self._events.get(timeout=self.wait_s())
            except queue.Empty:
                self.watch()
                continue
            if event.kind == "result" and self._error is not None:
                raise self._error
            yield event
            if event.kind == "result":
                return

    def wait_s(self) -> float:
        """How long to wait before looking at the clock again; long waits are sliced, since platforms bound them."""
        ends = self.ends
        return LONGEST_WAIT_S if ends is None else min(LONGEST_WAIT_S, max(0.0, ends - self._clock()))

    def watch(self) -> None:
        """The watchdog: hand over the answer in hand if it is time."""
        ends = self.ends
        if ends is not None and self._clock() >= ends:
            self.settle("deadline")

    def when_settled(self, tell: Callable[[], object]) -> None:
        """Call `tell` once there is a result, on whichever thread brings it; now, where there is one."""
        with self._lock:
            if not self._settled.is_set():
                self._listeners.append(tell)
                return
        tell()

    # -------------------------------------------------------------- the worker's side

    def emit(self, kind: str, **values: Any) -> None:
        """Tell whoever listens; never waits."""
        self._events.put(Event(kind=kind, elapsed_s=self.elapsed_s, **values))  # type: ignore[arg-type]

    def settle(self, outcome: Outcome) -> None:
        """Fix the result as it stands now, unless it is fixed already."""

        def fix() -> None:
            self._result = self._compose(self, outcome)

        self._end(fix)

    def fail(self, error: BaseException) -> None:
        """End the request with an error, unless it has a result already."""

        def fix() -> None:
            raise error

        self._end(fix)

    def _end(self, fix: Callable[[], None]) -> None:
        """Settle once; what `fix` raises becomes the outcome."""
        with self._lock:
            if self._settled.is_set():
                return
            try:
                fix()
            except BaseException as error:
                self._error = error
            self._settled.set()
        self.emit("result", result=self._result, answer=self.peek())
        for tell in self._listeners:
            tell()

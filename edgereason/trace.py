"""What happened while one request was answered: clock-stamped, append-only, and as plain JSON values.

In: `Trace` and its kinds of events, and how values are written in JSON's terms. Not in: files (records).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

from edgereason.errors import RecordError
from edgereason.protocols import Clock, Record
from edgereason.types import Work

EventKind = Literal[
    "queued",
    "prompt",
    "prefilled",
    "admitted",
    "branched",
    "forced",
    "dropped",
    "closing",
    "answer",
    "difficulty",
    "plan",
    "handed_over",
    "note",
]

EVENT_FIELDS: dict[EventKind, tuple[str, ...]] = {
    "queued": ("ahead",),  # requests before this one
    "prompt": ("length",),  # tokens of the prompt, now that its text is in tokens
    "prefilled": ("tokens",),  # the prompt's ids
    "admitted": ("row", "seed", "sampling"),  # a new row on the prefix
    "branched": ("row", "parent", "position", "seed", "sampling"),  # a new row that continues `parent` at `position`
    "forced": ("row", "position", "sampled", "tokens"),  # put in from `position` on, instead of `sampled` (or None)
    "dropped": ("row", "position", "why"),  # the row ended after `position` generated tokens; why: its finish
    "closing": ("row", "position", "why"),  # the end of its thought was forced
    "answer": ("row", "text", "confidence"),  # the answer in hand from now on
    "difficulty": ("difficulty",),
    "plan": ("plan",),
    "handed_over": ("text",),  # the watchdog returned this answer while the engine was busy
    "note": ("text",),
}


class _Tally(NamedTuple):
    """Passes of one width. context, beside: tokens (`Work`), each counted once a pass."""

    passes: int
    seconds: float
    longest_s: float
    context: float
    beside: float
    further_tokens: int

    def work(self, rows: int) -> Work:
        """The same without times."""
        return Work(
            rows=rows,
            passes=self.passes,
            context=self.context / self.passes,
            beside=self.beside / self.passes,
            further_tokens=self.further_tokens,
        )

    def to_record(self, rows: int) -> Record:
        """As named fields."""
        work = self.work(rows)
        return {
            "rows": rows,
            "count": self.passes,
            "seconds": self.seconds,
            "longest_s": self.longest_s,
            "context": round(work.context, 1),
            "beside": round(work.beside, 1),
            "further_tokens": self.further_tokens,
        }


class Trace:
    """Append-only record of one request. Positions count a row's generated tokens, forced ones included, from 0.

    Adding appends one tuple and formats nothing, so a loop can afford it at every pass and any thread may do it.
    Each draw is a function of (sampling seed, row seed, position), so prompt, `admitted`, `branched`, `forced` and
    `dropped` determine every token of every row.
    """

    __slots__ = ("_clock", "_entry", "_events", "_passes")

    def __init__(self, clock: Clock, entry: float | None = None) -> None:
        self._clock = clock
        self._entry = clock() if entry is None else entry
        self._events: list[tuple[float, EventKind, tuple[Any, ...]]] = []
        self._passes: dict[int, _Tally] = {}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the request's entry."""
        return self._clock() - self._entry

    def add(self, kind: EventKind, *values: object) -> None:
        """Append an event; `values` are those that EVENT_FIELDS names, in that order."""
        self._events.append((self._clock() - self._entry, kind, values))

    def add_pass(self, seconds: float, work: Work) -> None:
        """Count passes over as many rows, which took `seconds` together."""
        before = self._passes.get(work.rows, _Tally(0, 0.0, 0.0, 0.0, 0.0, 0))
        # Replaced and never changed: whoever hands over reads while the loop still runs.
        self._passes[work.rows] = _Tally(
            passes=before.passes + work.passes,
            seconds=before.seconds + seconds,
            longest_s=max(before.longest_s, seconds / work.passes),
            context=before.context + work.passes * work.context,
            beside=before.beside + work.passes * work.beside,
            further_tokens=before.further_tokens + work.further_tokens,
        )

    def passes(self) -> dict[int, tuple[int, float, float]]:
        """What `add_pass` counted, by rows: passes, seconds of all of them, seconds of the longest."""
        return {rows: (each.passes, each.seconds, each.longest_s) for rows, each in self._passes.copy().items()}

    def work(self) -> tuple[Work, ...]:
        """The same without times, a width each, narrowest first."""
        return tuple(each.work(rows) for rows, each in sorted(self._passes.copy().items()))

    def events(self, kind: EventKind | None = None) -> tuple[tuple[float, EventKind, tuple[Any, ...]], ...]:
        """What was added so far, oldest first, as (seconds since entry, kind, values)."""
        return tuple(event for event in tuple(self._events) if kind is None or event[1] == kind)

    def to_record(self) -> Record:
        """Events as named fields, and passes by width: {"events": [...], "passes": [...]}."""
        return {
            "events": [{"at_s": at_s, "event": kind, **_named(kind, values)} for at_s, kind, values in self.events()],
            "passes": [each.to_record(rows) for rows, each in sorted(self._passes.copy().items())],
        }


def _named(kind: EventKind, values: tuple[Any, ...]) -> dict[str, Any]:
    """An event's values under their names."""
    names = EVENT_FIELDS[kind]
    if len(names) != len(values):
        raise RecordError(
            f"Event {kind!r} holds {values!r}, not {len(names)} values.", hint=f"Give {', '.join(names)}."
        )
    return {name: plain(value) for name, value in zip(names, values, strict=True)}


def plain(value: Any) -> Any:
    """The value in JSON's terms: dataclasses as objects, arrays and tuples as lists, non-finite numbers as None."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    return str(value)


assert get_args(EventKind) == tuple(EVENT_FIELDS), "every kind of event names its fields"

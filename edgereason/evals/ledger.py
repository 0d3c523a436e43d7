"""The ledger of the promise about time: one row a request, timed by whoever asked, and what the rows come to.

In: Ask, made from a result and the caller's own clock; the shares with their intervals, by regime; whether the promise
was kept. Not in: asking (checking), the promise itself (edgereason.promise), printing (the command).

A request is *limited by time* if it would have gone on, had its time not ended. That is so where
- it came back late: nothing that is late is left out; or
- its finish is "deadline": a thought was closed for the deadline, a row was stopped at it, the answer in hand was
  handed over, or work on it never began; or
- its plan stopped where the time did (`Plan.is_cut_by_time`), and a thought ran up to there, or there was no thought.
The share late is of these alone: requests that were done early could not be late, and would only dilute it.
Invariant: pure; no share without its n and its interval.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from edgereason.errors import RecordError
from edgereason.evals.tasks import Item
from edgereason.intervals import Proportion, Quantiles, clopper_pearson, quantiles, wilson
from edgereason.protocols import Record
from edgereason.records import Provenance
from edgereason.types import Result

AIM = 0.6  # of the miss rate: a system at exactly the rate would miss "no more than the rate" half of the time
REGIME_FACTOR = 2.0  # over the miss rate, within one regime
LEAST_CLOSED_AT = 0.75  # of the deadline, the median at which closing began: a promise is not kept by giving up
MOST_IN_HAND = 0.05  # of those limited by time: being late is avoided there at the price of the thoughts

Regime = Literal["calm", "busy"]
Verdict = Literal["kept", "broken", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request and what came of it. Seconds since the call, by the caller's clock unless said otherwise.

    reported_s      what the result said it took
    regime          what the promise keeps reserves apart by: whether tasks had to wait for the processor
    loaded          whether the load script ran
    is_limited      limited by time, as defined above
    closed_s        when the first thought was closed for the deadline, by the request's clock; None: none was
    is_in_hand      rows still ran when time was over, and the answer that was in hand then was returned
    promise         what was promised, in words
    """

    id: str
    family: str
    band: str
    deadline_s: float
    elapsed_s: float
    reported_s: float
    shortest_feasible_s: float | None
    regime: Regime
    loaded: bool
    is_limited: bool
    closed_s: float | None
    is_in_hand: bool
    answer: str | None
    correct: bool
    finish: str
    rows: int
    promise: str

    @property
    def is_late(self) -> bool:
        """Whether the call returned after its deadline."""
        return self.elapsed_s > self.deadline_s

    @property
    def is_feasible(self) -> bool:
        """Whether the deadline was at least the shortest feasible one announced."""
        return self.shortest_feasible_s is not None and self.deadline_s >= self.shortest_feasible_s


def ask_of(item: Item, result: Result, *, deadline_s: float, elapsed_s: float, regime: Regime, loaded: bool) -> Ask:
    """The row of a request that took `elapsed_s` seconds by the caller's clock."""
    return Ask(
        id=item.id,
        family=item.family,
        band=item.band,
        deadline_s=deadline_s,
        elapsed_s=elapsed_s,
        reported_s=result.elapsed_s,
        shortest_feasible_s=result.shortest_feasible_s,
        regime=regime,
        loaded=loaded,
        is_limited=elapsed_s > deadline_s or ended_by_time(result),
        closed_s=closed_s(result),
        is_in_hand=is_in_hand(result),
        answer=result.answer,
        correct=item.is_right(result.answer),
        finish=result.finish,
        rows=0 if result.plan is None else result.plan.num_rows,
        promise="" if result.plan is None else result.plan.promise,
    )


def ended_by_time(result: Result) -> bool:
    """Whether the request would have gone on, had its time not ended; see the head of this module."""
    if result.finish == "deadline":
        return True
    thoughts = [rollout for rollout in result.rollouts if not rollout.is_direct]
    ran_out = not thoughts or any(rollout.finish == "forced" for rollout in thoughts)
    return result.plan is not None and result.plan.is_cut_by_time and ran_out


def closed_s(result: Result) -> float | None:
    """Seconds from the entry to the first thought that was closed for the deadline."""
    closings = result.trace.events("closing") if result.trace is not None else ()
    return next((at_s for at_s, _, (_, _, why) in closings if why == "deadline"), None)


def is_in_hand(result: Result) -> bool:
    """Whether time was over before rows had closed, and what there was by then was returned.

    The watchdog hands it over, or the loop stops the rows a moment before, which leaves no text of them.
    """
    handed_over = result.trace is not None and bool(result.trace.events("handed_over"))
    stopped = any(rollout.finish == "deadline" and not rollout.text for rollout in result.rollouts)
    return result.answer is not None and result.finish == "deadline" and (handed_over or stopped)


def ask_from(record: Record) -> Ask:
    """The row that an "ask" record holds.

    Raises:
        RecordError: a field is missing.
    """
    try:
        return Ask(**{field.name: record[field.name] for field in dataclasses.fields(Ask)})
    except KeyError as missing:
        raise RecordError(f"A recorded ask lacks {missing}.", hint="Record it again, into another file.") from None


def ask_record(ask: Ask) -> Record:
    """The row as a record."""
    return {"kind": "ask", **dataclasses.asdict(ask)}


# ---------------------------------------------------------------- what the rows come to


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Some of the requests in numbers.

    late        of those limited by time, exact interval
    in_hand     of those limited by time: the answer in hand was returned, rows still running; exact interval
    answered    of those with a feasible deadline, exact interval
    right       of all, late ones counted wrong; Wilson interval
    used        share of the deadline at the return, of those limited by time
    closed_at   share of the deadline at which closing began, of those where it did
    closed_well of these, at 75 % of the deadline or later; exact interval
    promise     what was promised last, in words
    """

    name: str
    n: int
    late: Proportion
    in_hand: Proportion
    answered: Proportion
    right: Proportion
    used: Quantiles | None
    closed_at: Quantiles | None
    closed_well: Proportion
    promise: str


def line_of(name: str, asks: Sequence[Ask]) -> Line:
    """The line of these requests."""
    limited = [ask for ask in asks if ask.is_limited]
    closed_at = [ask.closed_s / ask.deadline_s for ask in asks if ask.closed_s is not None]
    feasible = [ask for ask in asks if ask.is_feasible]
    return Line(
        name=name,
        n=len(asks),
        late=clopper_pearson(sum(ask.is_late for ask in limited), len(limited)),
        in_hand=clopper_pearson(sum(ask.is_in_hand for ask in limited), len(limited)),
        answered=clopper_pearson(sum(ask.answer is not None for ask in feasible), len(feasible)),
        right=wilson(sum(ask.correct and not ask.is_late for ask in asks), len(asks)),
        used=quantiles([ask.elapsed_s / ask.deadline_s for ask in limited]),
        closed_at=quantiles(closed_at),
        closed_well=clopper_pearson(sum(share >= LEAST_CLOSED_AT for share in closed_at), len(closed_at)),
        promise=next((ask.promise for ask in reversed(asks) if ask.promise), ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One thing that must hold, and whether it does. None: too few requests to say so."""

    words: str
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A check of the promise: all requests first, then those of each regime, then those beside the load and without."""

    provenance: Provenance
    miss_rate: float
    lines: tuple[Line, ...]
    most_overshoot_s: float
    interrupted: bool = False

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """What must hold."""
        whole, *parts = self.lines
        return (
            _at_most("late", whole.late, AIM * self.miss_rate, fails_above=self.miss_rate),
            _surely("late", whole.late, self.miss_rate),
            *(_at_most(f"late, {part.name}", part.late, REGIME_FACTOR * self.miss_rate) for part in parts),
            Bound(words=f"an answer wherever one was feasible: {said(whole.answered)}", holds=_all(whole.answered)),
            _at_most("the answer in hand returned", whole.in_hand, MOST_IN_HAND),
            _closed_late_enough(whole),
        )

    @property
    def verdict(self) -> Verdict:
        """Whether the promise was kept: broken where a bound fails, open where one cannot be told from so few."""
        held = [bound.holds for bound in self.bounds]
        return "broken" if False in held else "open" if None in held else "kept"

    def to_json(self) -> str:
        """One line of JSON that begins with the provenance; every share with its n and interval."""
        return json.dumps(
            {
                "provenance": self.provenance.to_record(),
                "miss_rate": self.miss_rate,
                "verdict": self.verdict,
                "bounds": [dataclasses.asdict(bound) for bound in self.bounds],
                "lines": [{name: _json_value(getattr(line, name)) for name in _LINE} for line in self.lines],
                "most_overshoot_s": self.most_overshoot_s,
                "interrupted": self.interrupted,
            }
        )

    def to_text(self) -> str:
        """A plain table for people: lateness and sharpness side by side, the bounds, the promise in words."""
        return "\n".join([*_head(self), "", *_table(self.lines), "", *_bound_lines(self), "", *_promises(self.lines)])


_LINE = tuple(field.name for field in dataclasses.fields(Line))
_GROUPS: tuple[tuple[str, Callable[[Ask], bool]], ...] = (
    ("calm", lambda ask: ask.regime == "calm"),
    ("busy", lambda ask: ask.regime == "busy"),
    ("without load", lambda ask: not ask.loaded),
    ("under load", lambda ask: ask.loaded),
)


def ledger_of(asks: Sequence[Ask], source: Provenance, *, miss_rate: float, interrupted: bool = False) -> Ledger:
    """The ledger of these requests. A group is left out where it holds all of them or none."""
    groups = [(name, [ask for ask in asks if belongs(ask)]) for name, belongs in _GROUPS]
    return Ledger(
        provenance=dataclasses.replace(source, n=len(asks)),
        miss_rate=miss_rate,
        lines=(line_of("all", asks), *(line_of(name, group) for name, group in groups if 0 < len(group) < len(asks))),
        most_overshoot_s=max((ask.elapsed_s - ask.deadline_s for ask in asks), default=0.0),
        interrupted=interrupted,
    )


def _at_most(what: str, share: Proportion, most: float, fails_above: float | None = None) -> Bound:
    """Fails where the share is above `most`, and chance alone does not explain a true one at `fails_above`."""
    limit = most if fails_above is None else fails_above
    holds = None if not share.n else True if share.share <= most else False if share.low > limit else None
    return Bound(words=f"{what} at most {most:.2%}: {said(share)}", holds=holds)


def _surely(what: str, share: Proportion, most: float) -> Bound:
    """Whether the upper limit is low enough, which takes many requests."""
    holds = True if share.n and share.high <= most else False if share.n and share.low > most else None
    return Bound(words=f"{what} at most {most:.2%} with 95 % confidence: {said(share)}", holds=holds)


def _all(share: Proportion) -> bool | None:
    return share.count == share.n if share.n else None


def _closed_late_enough(line: Line) -> Bound:
    """The median is where it should be as soon as half of them are."""
    well = line.closed_well
    fails = False if well.n and well.high < 0.5 else None
    return Bound(
        words=f"closing begins at {LEAST_CLOSED_AT:.0%} of the deadline or later in half of all: {said(well)}",
        holds=True if well.n and well.share >= 0.5 else fails,
    )


def said(share: Proportion) -> str:
    """A share in words."""
    if not share.n:
        return "none to judge by"
    return f"{share.count} of {share.n} = {share.share:.2%} ({share.level:.0%}: {share.low:.2%} to {share.high:.2%})"


def _json_value(value: object) -> object:
    """A share with its value spelled out, a spread as an object."""
    if isinstance(value, Proportion):
        return {"share": value.share if value.n else None, **dataclasses.asdict(value)}
    return dataclasses.asdict(value) if isinstance(value, Quantiles) else value


# ---------------------------------------------------------------- the table


def _head(ledger: Ledger) -> list[str]:
    source = ledger.provenance
    interrupted = " (interrupted)" if ledger.interrupted else ""
    return [
        f"{ledger.lines[0].n} asks{interrupted}, {source.settings.get('task', '?')}",
        f"{source.model.name} on {source.engine}, {source.device}",
    ]


def _table(lines: Sequence[Line]) -> list[str]:
    """One line a group; medians of used and closed."""
    head = f"{'':<13}{'asks':>6}{'limited':>9}{'late':>6}{'95 %':>17}{'used':>7}{'closed':>8}{'in hand':>9}{'right':>8}"
    return [head, *(_row(line) for line in lines)]


def _row(line: Line) -> str:
    late = line.late
    interval = f"{late.low:.2%} - {late.high:.2%}" if late.n else "-"
    return (
        f"{line.name:<13}{line.n:>6}{late.n:>9}{late.count:>6}{interval:>17}{_median(line.used):>7}"
        f"{_median(line.closed_at):>8}{_percent(line.in_hand.share):>9}{_percent(line.right.share):>8}"
    )


def _median(spread: Quantiles | None) -> str:
    return "-" if spread is None else f"{spread.median:.0%}"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.1%}"


def _bound_lines(ledger: Ledger) -> list[str]:
    signs = {True: "holds", False: "FAILS", None: "open"}
    return [f"{signs[bound.holds]:<6} {bound.words}" for bound in ledger.bounds]


def _promises(lines: Sequence[Line]) -> list[str]:
    """What was promised, once each."""
    words = {line.promise: line.name for line in reversed(lines) if line.promise}
    return [f"promised: {promise}" for promise in reversed(words)]

"""Many simulated requests with one deadline, and what they come to.

In: asking in turn, what each came to, shares with their intervals. Not in: one request (simulator), printing (cli).
Invariant: the same simulator, seed and number give the same outcomes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgereason.answers import canonical
from edgereason.controller.reserve import MISS_RATE
from edgereason.evals.ledger import is_in_hand
from edgereason.evals.runner import item_seed
from edgereason.intervals import Proportion, Quantiles, clopper_pearson, quantiles, wilson
from edgereason.profiling.profile import DeviceProfile
from edgereason.protocols import Record
from edgereason.records import Provenance, RecordWriter, new_file, provenance, request_record
from edgereason.simulating.simulator import Question, Recording, Simulator
from edgereason.simulating.weather import open_weather
from edgereason.types import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One request. is_limited: time ended it, or closed a row of it; is_in_hand: rows still ran when time was over, and
    the answer in hand was returned; rows: that were planned, the direct one left out.

    elapsed_s: until its caller woke.
    """

    question_id: str
    deadline_s: float
    answer: str | None
    is_right: bool
    elapsed_s: float
    is_limited: bool
    is_in_hand: bool
    rows: int

    @property
    def is_late(self) -> bool:
        """Whether the caller woke after the deadline."""
        return self.elapsed_s > self.deadline_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All requests with one deadline.

    right, right_in_time: Wilson intervals; late, late_limited: of all, and of those that time ended, exact intervals;
    used: share of the deadline; rows: how often each width was planned.
    """

    deadline_s: float
    n: int
    right: Proportion
    right_in_time: Proportion
    late: Proportion
    late_limited: Proportion
    unanswered: int
    used: Quantiles | None
    rows: Mapping[int, int]

    def to_record(self) -> Record:
        """Plain JSON values, every share spelled out."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Requests with several deadlines. notes: what a reader of the numbers must know."""

    provenance: Provenance
    summaries: tuple[Summary, ...]
    notes: tuple[str, ...]
    interrupted: bool

    def to_json(self) -> str:
        """One line of JSON that begins with the provenance."""
        return json.dumps(
            {
                "provenance": self.provenance.to_record(),
                "notes": list(self.notes),
                "interrupted": self.interrupted,
                "deadlines": [summary.to_record() for summary in self.summaries],
            }
        )


OnProgress = Callable[[float, int, int], None]  # deadline in seconds, requests done, requests in all


def simulate(
    device: DeviceProfile,
    recording: Recording,
    deadlines: Sequence[float],
    *,
    stalls: str | Path | None = None,
    n: int | None = None,
    seed: int = 0,
    profile: str = "auto",
    miss_rate: float = MISS_RATE,
    profiles_dir: Path | None = None,
    out: Path | None = None,
    on_progress: OnProgress = lambda deadline_s, done, total: None,
) -> Simulation:
    """Ask `n` questions (all that were recorded if None) with each of these deadlines; each begins with nothing learnt.

    stalls: a log of beats, or the name of one that ships. out: a new file for every request. Ctrl-C ends early; the
    simulation then covers what is done.

    Raises:
        RecordError: stalls cannot be read, `out` holds something or cannot be written. ConfigError: an unknown profile.
    """
    n = len(recording.questions) if n is None else n
    simulators = [
        Simulator(device, recording, weather=open_weather(stalls), profiles_dir=profiles_dir, seed=seed)
        for _ in deadlines
    ]
    settings = {"stalls": None if stalls is None else str(stalls), "profile": profile, "miss_rate": miss_rate}
    header = header_of(simulators[0], n=n, seed=seed, settings={**settings, "deadlines_s": list(deadlines)})
    summaries: list[Summary] = []
    with contextlib.ExitStack() as stack:
        writer = None if out is None else stack.enter_context(RecordWriter(new_file(out), header))
        for simulator, deadline_s in zip(simulators, deadlines, strict=True):
            outcomes: list[Outcome] = []
            with contextlib.suppress(KeyboardInterrupt), contextlib.closing(simulator):
                options = {"miss_rate": miss_rate}
                for question, result in asked(simulator, deadline_s, n=n, seed=seed, profile=profile, options=options):
                    if writer is not None:
                        writer.append(record_of(question, result))
                    outcomes.append(outcome_of(question, result))
                    on_progress(deadline_s, len(outcomes), n)
            summaries.append(summary_of(outcomes, deadline_s))
            if len(outcomes) < n:
                break
    is_whole = len(summaries) == len(deadlines) and summaries[-1].n == n
    return Simulation(
        provenance=header, summaries=tuple(summaries), notes=simulators[0].notes, interrupted=not is_whole
    )


def asked(
    simulator: Simulator,
    deadline_s: float,
    *,
    n: int,
    seed: int = 0,
    profile: str = "auto",
    options: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[tuple[Question, Result]]:
    """`n` requests one after the other, round and round the recorded questions, each with a seed of its own."""
    questions = simulator.recording.questions
    for index in range(n):
        question, own = questions[index % len(questions)], item_seed(seed, index)
        yield question, simulator.ask(question, deadline=deadline_s, profile=profile, seed=own, options=options)


def outcome_of(question: Question, result: Result) -> Outcome:
    """What a request with a deadline came to."""
    assert result.deadline_s is not None
    return Outcome(
        question_id=question.id,
        deadline_s=result.deadline_s,
        answer=result.answer,
        is_right=_is_right(question, result),
        elapsed_s=result.elapsed_s,
        is_limited=result.finish == "deadline",
        is_in_hand=is_in_hand(result),
        rows=0 if result.plan is None else result.plan.num_rows,
    )


def summary_of(outcomes: Sequence[Outcome], deadline_s: float) -> Summary:
    """The summary of requests with this deadline."""
    n, limited = len(outcomes), [outcome for outcome in outcomes if outcome.is_limited]
    widths = [outcome.rows for outcome in outcomes]
    return Summary(
        deadline_s=deadline_s,
        n=n,
        right=wilson(sum(outcome.is_right for outcome in outcomes), n),
        right_in_time=wilson(sum(outcome.is_right and not outcome.is_late for outcome in outcomes), n),
        late=clopper_pearson(sum(outcome.is_late for outcome in outcomes), n),
        late_limited=clopper_pearson(sum(outcome.is_late for outcome in limited), len(limited)),
        unanswered=sum(outcome.answer is None for outcome in outcomes),
        used=quantiles([outcome.elapsed_s / deadline_s for outcome in outcomes]),
        rows={width: widths.count(width) for width in sorted(set(widths))},
    )


def record_of(question: Question, result: Result) -> Record:
    """The request as a record like that of a live one."""
    return request_record(
        result,
        question_id=question.id,
        question=question.text,
        canonical=canonical(result.answer or "") or None,
        correct=_is_right(question, result),
        error=None,
        **question.labels,
    )


def header_of(simulator: Simulator, *, n: int, seed: int, settings: Mapping[str, object]) -> Provenance:
    """The provenance of simulated numbers: whose times, and whose answers."""
    device, recording = simulator.device, simulator.recording
    return provenance(
        device=f"simulated: {device.bound_to.device}, {device.bound_to.power_mode}",
        engine=device.bound_to.engine,
        engine_version=device.bound_to.engine_version,
        model=recording.model,
        seed=seed,
        n=n,
        settings={
            "device_profile": device.name,
            "profiled_model": device.model.name,
            "recorded": recording.header["settings"].get("items", ""),
            "questions": len(recording.questions),
            **settings,
        },
    )


def _is_right(question: Question, result: Result) -> bool:
    form = canonical(result.answer or "")
    return bool(form) and form == canonical(question.target)


def _plain(value: object) -> object:
    if isinstance(value, Proportion):
        return {"share": value.share if value.n else None, **dataclasses.asdict(value)}
    if isinstance(value, Quantiles):
        return dataclasses.asdict(value)
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else value

"""Recording what a model thinks of a task's questions, once: samples, what each answered when cut short, other arms.

In: which rollouts are recorded of a question, their labels, going on where an earlier recording ended. Not in: what
records come to (profiling.accuracy, probing), which questions (tasks).
Invariant: a question's record is whole or absent, and a question that is in the file is not asked again.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgereason.answers import read_answer
from edgereason.decoding.loop import Decoder, EarlyAnswer
from edgereason.decoding.row import RowLimits
from edgereason.errors import ConfigError
from edgereason.evals.runner import OnProgress, item_seed
from edgereason.evals.tasks import Item, Task
from edgereason.loading import Parts
from edgereason.profiling.device import device_name
from edgereason.protocols import Clock, Record, never
from edgereason.records import Cut, Provenance, RecordWriter, provenance, question_record, read_records, sample_record
from edgereason.trace import Trace
from edgereason.types import Message, Prompt, Rollout, Sampling, Work

CUTS = 12
FIRST_CUT = 8
ANSWER_TOKENS = 48  # most of an answer
LEAST_ROOM = 16  # think tokens; a prompt that leaves less is too long to record


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is recorded of each question.

    samples: plain thoughts, with an early answer at every cut; waits: thoughts that are made to go on once where they
    wanted to close, with the seeds of the first samples; think_tokens: the cap of a thought.
    """

    samples: int = 8
    waits: int = 2
    think_tokens: int = 640
    temperature: float = 0.7

    def __post_init__(self) -> None:
        for name, least, most in (("samples", 1, 1024), ("waits", 0, self.samples), ("think_tokens", FIRST_CUT, 10**6)):
            value = getattr(self, name)
            if not least <= value <= most:
                raise ConfigError(f"{name} = {value!r} is not from {least} to {most}.")
        if not 0 < self.temperature <= 2:
            raise ConfigError(f"temperature = {self.temperature!r} is not above 0 and at most 2.")

    @property
    def cuts(self) -> tuple[int, ...]:
        """Think tokens at which early answers are asked for: about twelve, in geometric steps up to the cap."""
        ratio = (self.think_tokens / FIRST_CUT) ** (1 / CUTS)
        return tuple(sorted({round(FIRST_CUT * ratio**k) for k in range(CUTS)}))


def record(
    task: Task,
    parts: Parts,
    recipe: Recipe,
    *,
    out: Path,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] = never,
    clock: Clock = time.perf_counter,
) -> bool:
    """Record every item of the task into `out`; False where it was stopped, or interrupted, before all were done.

    An item that is too long for the model gets a record without samples.

    Raises:
        RecordError: `out` holds something else, is being written by another process, or cannot be written.
        EngineError: the model failed.
    """
    header = _header(task, parts, recipe, seed)
    with RecordWriter(out, header) as writer, contextlib.suppress(KeyboardInterrupt):
        kept = {record["question_id"]: record for record in read_records(out, "question")}
        for index, item in enumerate(task.items):
            if should_stop():
                return False
            found = kept.get(item.id)
            if found is None:
                found = record_item(item, parts, recipe, item_seed(seed, index), clock)
                writer.append(found)
            if on_progress is not None:
                on_progress(index + 1, len(task.items), found)
        return True
    return False


def record_item(item: Item, parts: Parts, recipe: Recipe, seed: int, clock: Clock = time.perf_counter) -> Record:
    """One question's record; without samples where the prompt is too long for the model."""
    prompt = parts.tokenizer.prompt([Message(role="user", content=item.question)], choices=item.choices)
    samples = list(_samples(item, prompt, parts, recipe, seed, clock))
    return question_record(
        question_id=item.id,
        question=item.question,
        samples=samples,
        prompt_tokens=len(prompt.tokens),
        **item.labels,
    )


def _samples(item: Item, prompt: Prompt, parts: Parts, recipe: Recipe, seed: int, clock: Clock) -> Iterator[Record]:
    """The samples of a question, one arm after the other."""
    room = _room(prompt, parts, recipe.waits > 0)
    if room < LEAST_ROOM:
        return
    think = min(recipe.think_tokens, room)
    with (
        contextlib.closing(parts.engine.prefill(prompt.tokens)) as prefix,
        contextlib.closing(parts.engine.batch()) as batch,
    ):
        decoder = Decoder(
            batch=batch,
            prefix=prefix,
            markers=prompt.markers,
            codec=parts.tokenizer,
            read_answer=lambda text: read_answer(text, prompt.choices),
            pace=Unhurried(),
            clock=clock,
            started=clock(),
            context=parts.engine.info.context,
            trace=Trace(clock),
            one_pass_per_token=parts.engine.info.passes_per_token,
            options=parts.tokenizer.choice_tokens(prompt.choices),
        )
        direct = decoder.answer_directly(Sampling(temperature=0.0, seed=seed), 0, ANSWER_TOKENS)
        if direct is not None:
            yield _labelled(direct, "direct", item)
        sampling = Sampling(temperature=recipe.temperature, seed=seed)
        plain = RowLimits(think=think, answer=ANSWER_TOKENS, cuts=recipe.cuts)
        waiting = RowLimits(think=think, answer=ANSWER_TOKENS, extensions=1)
        width = parts.engine.info.max_rows // (1 + most_within(recipe.cuts, _around(prompt)))
        for seeds in waves(recipe.samples, width):
            for rollout in decoder.sample([(sampling, seeds, plain)]):
                early = [answer for answer in decoder.early_answers if answer.row == rollout.row]
                yield _labelled(rollout, "plain", item, early)
        if prompt.markers.extension:
            for seeds in waves(recipe.waits, parts.engine.info.max_rows):
                for rollout in decoder.sample([(sampling, seeds, waiting)]):
                    yield _labelled(rollout, "wait", item)


def waves(count: int, width: int) -> list[range]:
    """Row seeds 1 to `count`, at most `width` at once."""
    width = max(1, width)
    return [range(first, min(first + width, count + 1)) for first in range(1, count + 1, width)]


def most_within(cuts: Sequence[int], tokens: int) -> int:
    """How many of the cuts lie within so many tokens of each other at most: branches that may be alive at once."""
    return max(sum(0 <= other - cut <= tokens for other in cuts) for cut in cuts)


def _around(prompt: Prompt) -> int:
    """Tokens that a row needs beside its thought, the answer among them."""
    markers = prompt.markers
    return len(markers.open_thought) + len(markers.close_thought) + len(markers.answer_opener) + ANSWER_TOKENS + 4


def _room(prompt: Prompt, parts: Parts, is_extended: bool) -> int:
    """Think tokens that the context leaves beside the prompt, the markers and an answer."""
    extension = len(prompt.markers.extension) if is_extended else 0
    return parts.engine.info.context - len(prompt.tokens) - _around(prompt) - extension


def _labelled(rollout: Rollout, arm: str, item: Item, early: Sequence[EarlyAnswer] = ()) -> Record:
    """A rollout's record, it and its early answers judged as the item has it."""
    cuts = [
        Cut(
            think_tokens=answer.think_tokens,
            answer=answer.answer,
            canonical=answer.canonical,
            correct=item.is_right(answer.answer),
            logprob=math.log(answer.confidence) if answer.confidence > 0 else -math.inf,
        )
        for answer in sorted(early, key=lambda answer: answer.think_tokens)
    ]
    return sample_record(rollout, arm=arm, correct=item.is_right(rollout.answer), cuts=cuts)


def _header(task: Task, parts: Parts, recipe: Recipe, seed: int) -> Provenance:
    """The provenance of the records."""
    info = parts.engine.info
    return provenance(
        device=f"{device_name()}; {info.device}",
        engine=info.name,
        engine_version=info.version,
        model=parts.model,
        seed=seed,
        n=len(task.items),
        settings={
            "task": task.name,
            "items": task.fingerprint,
            "samples": recipe.samples,
            "waits": recipe.waits,
            "think_tokens": recipe.think_tokens,
            "temperature": recipe.temperature,
            "cuts": recipe.cuts,
        },
    )


@dataclass(slots=True)
class Unhurried:
    """The pace of a recording: nothing is closed or stopped."""

    drift: float = 1.0

    def must_close(self, rows: int) -> bool:
        """Never."""
        return False

    def must_stop(self) -> bool:
        """Never."""
        return False

    def observe(self, work: Work, seconds: float) -> None:
        """Nothing to learn."""


def merged(tasks: Sequence[Task]) -> Task:
    """All items of several tasks as one, each item once.

    Raises:
        ConfigError: two tasks have an item of the same name.
    """
    items = tuple(item for task in tasks for item in task.items)
    names = [item.id for item in items]
    if len(set(names)) < len(names):
        raise ConfigError(f"Tasks {[task.name for task in tasks]!r} share items.", hint="Name each task once.")
    return Task(
        name="+".join(task.name for task in tasks),
        items=items,
        fingerprint="; ".join(task.fingerprint for task in tasks),
    )

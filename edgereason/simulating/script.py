"""What a recorded question's rows say, as tokens: its samples, and the answers that they gave when they were closed.

In: a question record to a Script, and where a row that says something follows it. Not in: time, batches (replay).
A row follows one plain sample. Where it is closed by force, it answers what the sample answered at the last cut before
that place; before the first cut, and without any thought, what the question's direct answer was. Where it is made to go
on, it follows the recorded row that was made to go on there.
Invariant: what a row says is a function of its sample and of the tokens that it was given, nothing else.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgereason.records import rollout_of
from edgereason.types import Markers, Prompt, Rollout, Sampling

Ids = tuple[int, ...]
Encode = Callable[[str], Ids]  # an answer's text, as it goes on from the answer's opener, to ids
LEAST_LOGPROB = -50.0
Said = tuple[int, float, float]  # token, its log-probability, entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Tokens in a row. closings: (think tokens, what is answered when closed from there on), rising."""

    tokens: Ids
    logprobs: tuple[float, ...]
    entropies: tuple[float, ...]
    forced: tuple[bool, ...]
    closings: tuple[tuple[int, Line], ...] = ()

    @property
    def logprob(self) -> float:
        """Of the whole."""
        return sum(self.logprobs)

    def thought(self, place: int) -> int:
        """Sampled tokens before a place."""
        return place - sum(self.forced[:place])

    def rest(self, place: int) -> Line:
        """The line from a place on, with the same closings."""
        return Line(
            tokens=self.tokens[place:],
            logprobs=self.logprobs[place:],
            entropies=self.entropies[place:],
            forced=self.forced[place:],
            closings=self.closings,
        )


@functools.lru_cache(maxsize=256)
def _order(seed: int, count: int) -> list[int]:
    """The samples in the order in which the rows of a request with this seed follow them."""
    return random.Random(seed).sample(range(count), count)


NOTHING = Line(tokens=(), logprobs=(), entropies=(), forced=())


@dataclass(frozen=True, kw_only=True)
class Script:
    """All that was recorded of one question.

    opener, extension: what is forced before an answer, and where a row is made to go on; end: what a row says that has
    nothing more to say. waits: by the sample's place among `plain`.
    """

    opener: Ids
    extension: Ids
    end: int
    direct: Line
    plain: tuple[Line, ...]
    waits: Mapping[int, Line] = field(default_factory=dict)

    @functools.cached_property
    def likeliest(self) -> int:
        """Place of the sample that a greedy row follows: the most probable of those that were drawn."""
        return max(range(len(self.plain)), key=lambda place: self.plain[place].logprob)

    def sample_of(self, sampling: Sampling, seed: int) -> int:
        """Which sample a row follows: rows of one request and seeds that follow each other never the same."""
        if not self.plain:
            return -1
        if sampling.temperature == 0:
            return self.likeliest
        return _order(sampling.seed, len(self.plain))[(seed - 1) % len(self.plain)]

    def without_thought(self) -> Line:
        """The direct answer, from behind its opener."""
        forced = self.direct.forced
        return self.direct.rest(forced.index(False) if False in forced else len(forced))


class Follower:
    """A row's place in a script."""

    __slots__ = ("_base", "_before", "_lines", "_place", "_said", "_script", "_stray", "line")

    def __init__(self, script: Script, sample: int) -> None:
        self._script = script
        plain = script.plain[sample] if sample >= 0 else NOTHING
        wait = script.waits.get(sample)
        self._lines: tuple[Line, ...] = (plain, script.direct, *((wait,) if wait is not None else ()))
        self._base = self.line = plain
        self._place = self._before = self._stray = 0
        self._said: list[int] = []

    def copy(self) -> Follower:
        """Another row at the same place."""
        other = Follower.__new__(Follower)
        for name in Follower.__slots__:
            setattr(other, name, getattr(self, name))
        other._said = list(self._said)
        return other

    @property
    def next(self) -> Said:
        """What the row says next; the end of its turn where it has left what was recorded, or said all of it."""
        line, place = self.line, self._place
        if self._stray or place >= len(line.tokens):
            return self._script.end, 0.0, 0.0
        return line.tokens[place], line.logprobs[place], line.entropies[place]

    def take(self, token: int) -> None:
        """The row was given this token."""
        self._said.append(token)
        line = self.line
        if not self._stray and self._place < len(line.tokens) and line.tokens[self._place] == token:
            self._place += 1
        elif self._stray or not self._changes_line():
            self._stray += 1
            self._rejoin()

    def _changes_line(self) -> bool:
        """Follow another line of the row, if one begins with all that it has said."""
        size, said = len(self._said), tuple(self._said)
        for line in self._lines:
            if line.tokens[:size] == said:
                self.line, self._place = line, size
                return True
        return False

    def _rejoin(self) -> None:
        """Go on with what was recorded, where what strayed closes the row or makes it go on."""
        script = self._script
        if self._ends_with(script.opener):
            self._turn_to(self._answer())
        elif self._ends_with(script.extension):
            self._turn_to(self._further())

    def _ends_with(self, ids: Ids) -> bool:
        return bool(ids) and tuple(self._said[-len(ids) :]) == ids

    def _turn_to(self, line: Line) -> None:
        self._before += self.line.thought(self._place)
        self.line, self._place, self._stray, self._lines = line, 0, 0, ()

    def _answer(self) -> Line:
        """What the sample answered at the last recorded closing up to here."""
        thought = self._before + self.line.thought(self._place)
        found = [line for place, line in self._base.closings if place <= thought]
        return found[-1] if found else self._script.without_thought()

    def _further(self) -> Line:
        """What a row said that was made to go on, though not from here; the sample's own end where none was."""
        for wait in self._script.waits.values():
            sampled = wait.forced.index(False) if False in wait.forced else 0
            if True in wait.forced[sampled:]:
                forced = wait.forced.index(True, sampled)
                return wait.rest(wait.forced.index(False, forced) if False in wait.forced[forced:] else forced)
        return self.line.rest(self._place)


# ---------------------------------------------------------------- from records


def script_of(record: Mapping[str, Any], prompt: Prompt, encode: Encode) -> Script:
    """The script of a question record.

    encode: ids of an answer and whatever ends it, as they go on from the opener.

    Raises:
        RecordError: a sample lacks a field, or its per-token fields differ in length.
    """
    markers = prompt.markers
    samples = [(sample, rollout_of(sample)) for sample in record["samples"]]
    plain = [(sample, rollout) for sample, rollout in samples if sample["arm"] == "plain"]
    places = {rollout.seed: place for place, (_, rollout) in enumerate(plain)}
    direct = next((rollout for sample, rollout in samples if sample["arm"] == "direct"), None)
    return Script(
        opener=markers.answer_opener,
        extension=markers.extension,
        end=min(markers.end_of_turn, default=0),
        direct=_line(direct) if direct is not None else _silent(markers),
        plain=tuple(_line(rollout, _closings(sample, rollout, encode)) for sample, rollout in plain),
        waits={
            places[rollout.seed]: _line(rollout)
            for sample, rollout in samples
            if sample["arm"] == "wait" and rollout.seed in places
        },
    )


def _line(rollout: Rollout, closings: tuple[tuple[int, Line], ...] = ()) -> Line:
    return Line(
        tokens=rollout.tokens,
        logprobs=rollout.logprobs,
        entropies=rollout.entropies,
        forced=rollout.forced,
        closings=closings,
    )


def _silent(markers: Markers) -> Line:
    """A direct answer that was not recorded, since nothing could be read in it."""
    ids = (*markers.direct, *markers.answer_opener)
    return Line(tokens=ids, logprobs=(0.0,) * len(ids), entropies=(0.0,) * len(ids), forced=(True,) * len(ids))


def _closings(sample: Mapping[str, Any], rollout: Rollout, encode: Encode) -> tuple[tuple[int, Line], ...]:
    """What the sample answered at its cuts, and at its own end."""
    cuts = [
        (cut["think_tokens"], _answer_line(cut["answer"], cut["logprob"], encode))
        for cut in sorted(sample["cuts"], key=lambda cut: cut["think_tokens"])
    ]
    thought = sum(not forced for forced in rollout.forced[: rollout.reasoning_tokens])
    return (*cuts, (thought, _answer_line(rollout.answer, None, encode, _answer_logprob(rollout))))


def _answer_logprob(rollout: Rollout) -> float:
    sampled = [
        logprob
        for logprob, forced in zip(
            rollout.logprobs[rollout.reasoning_tokens :], rollout.forced[rollout.reasoning_tokens :], strict=True
        )
        if not forced
    ]
    return sum(sampled) / len(sampled) if sampled else 0.0


def _answer_line(answer: str | None, logprob: float | None, encode: Encode, otherwise: float = LEAST_LOGPROB) -> Line:
    """An answer behind its opener; nothing where none could be read."""
    if answer is None:
        return NOTHING
    ids = encode(answer)
    value = max(LEAST_LOGPROB, otherwise if logprob is None else logprob)
    return Line(tokens=ids, logprobs=(value,) * len(ids), entropies=(0.0,) * len(ids), forced=(False,) * len(ids))

"""Recorded questions as arrays: what a probe sees of each, and what it should have said.

In: features, labels, and what each budget profile came to on either half of a question's samples. Not in: recording,
fitting. Invariant: one row a question, and every question has equally many samples; labels and what labels are judged
by come from different samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgereason.errors import RecordError
from edgereason.probing.features import SCALARS, Floats, vector
from edgereason.profiling.accuracy import closed_at, think_length, vote_shares
from edgereason.protocols import Record
from edgereason.types import LABELS, BudgetProfile, Evidence

LEAST_QUESTIONS = 120
LEAST_SAMPLES = 4
LEAST_GROUPS = 5  # templates; folds are made of whole ones
HINT = "Record more with `edgereason probe collect`."
_NUMBER, _OPERATOR = re.compile(r"\d+"), re.compile(r"[-+*/×÷=<>%^]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a budget profile is on these records: the nearest recorded point, rows up to half of the samples."""

    name: str
    rows: int
    think_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """n questions with S plain samples each, T points (the cuts and the cap), 3 profiles (easy, normal, hard).

    features [n, F]      hidden state, then SCALARS
    counts   [n, 8]      what is counted in the text, for the rival that knows nothing else
    direct   [n]         right without thought: 0 or 1
    right    [n, S, T]   right if closed there: 0 or 1
    length   [n, S]      think tokens; infinite where the cap cut a thought off
    worth    [n, 2, 3]   right by each profile's vote, on either half of the samples
    spent    [n, 2, 3]   think tokens of the same
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    families: npt.NDArray[np.str_]
    templates: npt.NDArray[np.str_]
    points: tuple[int, ...]
    references: tuple[Reference, ...]
    features: Floats
    counts: Floats
    direct: Floats
    right: Floats
    length: Floats
    worth: Floats
    spent: Floats

    @property
    def long(self) -> Floats:
        """[n]: share of samples that are right at the cap."""
        found: Floats = self.right[:, :, -1].mean(axis=1)
        return found

    @property
    def curve(self) -> Floats:
        """[n, T + 1]: right without thought, then the share right if closed at each point."""
        return np.column_stack([self.direct, self.right.mean(axis=1)])


def examples_of(
    found: Iterable[tuple[Record, Evidence]], points: Sequence[int], profiles: Mapping[str, BudgetProfile]
) -> Examples:
    """The arrays of question records with their evidence; those whose evidence is incomplete are left out.

    Raises:
        RecordError: fewer than LEAST_QUESTIONS questions, LEAST_SAMPLES samples of one, or LEAST_GROUPS templates.
    """
    seen = [(record, features) for record, each in found if (features := vector(each)) is not None]
    records = [record for record, _ in seen]
    if len(records) < LEAST_QUESTIONS:
        raise RecordError(
            f"{len(records)} questions are too few for a probe: at least {LEAST_QUESTIONS} are needed.", hint=HINT
        )
    plain = [[sample for sample in record["samples"] if sample["arm"] == "plain"] for record in records]
    samples = min(len(rows) for rows in plain)
    if samples < LEAST_SAMPLES:
        raise RecordError(
            f"Question {records[min(range(len(plain)), key=lambda i: len(plain[i]))]['question_id']!r} has {samples} "
            f"samples: at least {LEAST_SAMPLES} are needed.",
            hint="Record with --samples 8.",
        )
    plain = [rows[: samples - samples % 2] for rows in plain]
    groups = [f"{record['family']}/{record['template'] or record['question_id']}" for record in records]
    if len(set(groups)) < LEAST_GROUPS:
        raise RecordError(f"{len(set(groups))} templates are too few: folds need {LEAST_GROUPS}.", hint=HINT)
    references = references_of(profiles, points, samples // 2)
    judged = [[_judged(rows[part::2], references, points) for part in (0, 1)] for rows in plain]
    return Examples(
        ids=tuple(record["question_id"] for record in records),
        texts=tuple(record["question"] for record in records),
        families=np.array([record["family"] for record in records]),
        templates=np.array(groups),
        points=tuple(points),
        references=references,
        features=np.array([features for _, features in seen]),
        counts=np.array([text_counts(record["question"]) for record in records]),
        direct=np.array([_direct(record) for record in records], float),
        right=np.array([[[closed_at(s, point)[1] for point in points] for s in rows] for rows in plain], float),
        length=np.array([[_length(sample) for sample in rows] for rows in plain], float),
        worth=np.array([[worth for worth, _ in halves] for halves in judged]),
        spent=np.array([[spent for _, spent in halves] for halves in judged]),
    )


def references_of(
    profiles: Mapping[str, BudgetProfile], points: Sequence[int], most_rows: int
) -> tuple[Reference, ...]:
    """Easy, normal and hard as they can be judged on records with these points."""
    places = np.log(np.asarray(points, float))
    chosen = [profiles[label] for label in LABELS]
    nearest = [int(np.abs(places - np.log(max(1, profile.think_tokens))).argmin()) for profile in chosen]
    return tuple(
        Reference(name=profile.name, rows=min(profile.max_rows, most_rows), think_tokens=points[place])
        for profile, place in zip(chosen, nearest, strict=True)
    )


def text_counts(text: str) -> list[float]:
    """[8]: logarithms of characters, words, digits, numbers, operators, lines, the longest and the largest number."""
    numbers = _NUMBER.findall(text)
    digits = sum(map(len, numbers))
    longest = max(map(len, numbers), default=0)
    largest = float(max((int(number[:15]) for number in numbers), default=0))
    operators = len(_OPERATOR.findall(text))
    counts = (len(text), len(text.split()), digits, len(numbers), operators, text.count("\n"), longest, largest)
    return [float(np.log1p(count)) for count in counts]


def hidden_size(features: Floats) -> int:
    """How many of the features are the state's."""
    return int(features.shape[-1]) - len(SCALARS)


def _judged(
    rows: Sequence[Record], references: Sequence[Reference], points: Sequence[int]
) -> tuple[list[float], list[float]]:
    """What each profile comes to on these samples: right by vote, and think tokens of all its rows."""
    worth, spent = [], []
    for reference in references:
        closed = [closed_at(sample, reference.think_tokens) for sample in rows]
        width = min(reference.rows, len(rows))
        alone = float(np.mean([is_right for _, is_right, _ in closed]))
        worth.append(alone if width == 1 else float(vote_shares([closed], (width,), seed=0)[0, 0, 0]))
        mean = np.mean([min(think_length(sample), reference.think_tokens) for sample in rows])
        spent.append(width * float(mean))
    return worth, spent


def _direct(record: Record) -> float:
    """Whether the answer without thought was right."""
    return float(next(sample["correct"] for sample in record["samples"] if sample["arm"] == "direct"))


def _length(sample: Record) -> float:
    """Think tokens of a thought that ended by itself; the cap censors the others."""
    return float(think_length(sample)) if sample["finish"] == "eos" else np.inf

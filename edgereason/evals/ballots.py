"""What ways of spending come to on recorded questions: samples drawn in many orders, and where each rule stops.

In: votes after each further row, rules that stop early, the tokens that were generated until then. Not in: which budget
a question gets (benchmarks, probing).
Invariant: a rule sees the answers that it has paid for and no others; all rules see the same orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgereason.errors import RecordError
from edgereason.intervals import binomial_at_most
from edgereason.probing.budgets import answer_length
from edgereason.profiling.accuracy import closed_at, think_length
from edgereason.protocols import Record

ORDERS = 16  # of each question's samples
RESAMPLES = 2000
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["all", "decided", "esc", "adaptive", "sure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """n questions, R orders of their samples, T points, after each of K rows.

    right, tokens [n, R, T, K]: whether the vote of the first k rows is right, and what they generated; first, second:
    votes of the leading answer and of the next; run: how many of the last rows gave the same answer; sure [n, R, T]:
    the geometric mean probability of the first row's answer. direct_* [n]: without thought.
    """

    right: Bools
    tokens: Floats
    first: Ints
    second: Ints
    run: Ints
    sure: Floats
    direct_right: Floats
    direct_tokens: Floats
    direct_sure: Floats

    @property
    def width(self) -> int:
        """Rows of the widest vote."""
        return int(self.right.shape[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """When rows that are run one after the other stop, at the latest after the budget's K.

    all: never early, K rows at once. decided: as soon as the rows left could not change the leader. esc: a window of
    `value` rows gave one answer (Li et al. 2024, arXiv 2401.10480). adaptive: the leader beats the second with
    probability `value` by a Beta posterior (Aggarwal et al. 2023, arXiv 2305.11860, eq. 3). sure: after one row whose
    answer's tokens had a mean probability of at least `value`, else as decided.
    """

    kind: Kind
    value: float = 0.0

    def __str__(self) -> str:
        return self.kind + (f" {self.value:g}" if self.value else "")


def votes_of(records: Sequence[Record], points: Sequence[int], seed: int = 0, *, most_rows: int | None = None) -> Votes:
    """The votes of these questions, K up to half of the samples of the one that has fewest, and to `most_rows`.

    Raises:
        RecordError: a question has fewer than two plain samples, or no direct answer.
    """
    plain = [[sample for sample in record["samples"] if sample["arm"] == "plain"] for record in records]
    width = min([len(samples) // 2 for samples in plain] + ([] if most_rows is None else [most_rows]), default=0)
    if width < 1:
        raise RecordError("Votes need questions with two samples each.", hint="Record with --samples 16.")
    rng = np.random.default_rng(seed)
    each = [_question(rows, points, width, rng) for rows in plain]
    stacked = {name: np.array([one[name] for one in each]) for name in each[0]}
    direct = [_direct(record) for record in records]
    return Votes(
        **stacked,
        direct_right=np.array([float(sample["correct"]) for sample in direct]),
        direct_tokens=np.array([float(answer_length(sample)) for sample in direct]),
        direct_sure=np.array([sample["confidence"] or 0.0 for sample in direct], float),
    )


def outcome(votes: Votes, point: Ints, rows: Ints, stop: Stop) -> tuple[Floats, Floats]:
    """(right, tokens) [n, R] of questions with budgets of their own.

    point [n]: place of the think tokens; rows [n]: most rows, 0 for the direct answer.
    """
    n, orders = votes.right.shape[:2]
    at = (np.arange(n)[:, None], np.arange(orders)[None], point[:, None])
    last = np.maximum(rows, 1)[:, None, None]  # [n, 1, 1]
    k = np.arange(1, votes.width + 1)
    ends = _stops(votes, at, last, stop) | (k >= last)
    place = ends.argmax(axis=2)
    right, tokens = (
        values[at][np.arange(n)[:, None], np.arange(orders), place] for values in (votes.right, votes.tokens)
    )
    is_direct = (rows == 0)[:, None]
    return (
        np.where(is_direct, votes.direct_right[:, None], right),
        np.where(is_direct, votes.direct_tokens[:, None], tokens),
    )


def _stops(votes: Votes, at: tuple[Ints, ...], last: Ints, stop: Stop) -> Bools:
    """[n, R, K]: whether the rule stops after so many rows."""
    k = np.arange(1, votes.width + 1)
    first, second, run = votes.first[at], votes.second[at], votes.run[at]
    is_decided: Bools = first - second > last - k
    if stop.kind == "decided":
        return is_decided
    if stop.kind == "sure":
        is_sure: Bools = (k == 1) & (votes.sure[at] >= stop.value)[..., None]
        return is_decided | is_sure
    found: Bools = np.zeros_like(is_decided)
    if stop.kind == "esc":
        found = (k % round(stop.value) == 0) & (run >= stop.value)
    if stop.kind == "adaptive":
        found = _beats(votes.width)[first, second] >= stop.value
    return found


def _beats(most: int) -> Floats:
    """[most + 1, most + 1]: P(p > 1/2) with p of Beta(first + 1, second + 1), by votes of the first and the second."""
    return np.array([[binomial_at_most(a, a + b + 1, 0.5) for b in range(most + 1)] for a in range(most + 1)])


def _question(
    samples: Sequence[Record], points: Sequence[int], width: int, rng: np.random.Generator
) -> dict[str, npt.NDArray[np.generic]]:
    """One question's arrays."""
    closed = [[closed_at(sample, point) for point in points] for sample in samples]
    answers = sorted({answer for row in closed for answer, _, _ in row if answer is not None})
    place: dict[str | None, int] = {answer: number for number, answer in enumerate(answers)}
    truth = np.zeros(len(answers) + 1, bool)
    for row in closed:
        for answer, is_right, _ in row:
            truth[place.get(answer, -1)] |= is_right and answer is not None
    given = np.array([[place.get(answer, -1) for answer, _, _ in row] for row in closed])  # [S, T]
    sure = np.exp([[logprob for _, _, logprob in row] for row in closed])
    spent = np.array([[min(think_length(s), point) + answer_length(s) for point in points] for s in samples], float)
    orders = np.array([rng.permutation(len(samples))[:width] for _ in range(ORDERS)])  # [R, K]
    drawn = given[orders].transpose(0, 2, 1)  # [R, T, K]
    ballots = drawn[..., None] == np.arange(len(answers) + 1)  # the last column is nobody's
    counts = ballots.cumsum(axis=2)
    weights = (ballots * sure[orders].transpose(0, 2, 1)[..., None]).cumsum(axis=2)
    leader = (counts + 1e-6 * weights).argmax(axis=3)
    top = -np.sort(-counts, axis=3)[..., :2]
    second = top[..., 1] if counts.shape[-1] > 1 else np.zeros_like(top[..., 0])
    return {
        "right": truth[leader] & (top[..., 0] > 0),
        "tokens": spent[orders].transpose(0, 2, 1).cumsum(axis=2),
        "first": top[..., 0],
        "second": second,
        "run": _runs(drawn),
        "sure": np.where(drawn[..., 0] >= 0, sure[orders[:, 0]], 0.0),
    }


def _runs(drawn: Ints) -> Ints:
    """[R, T, K]: how many rows up to this one gave its answer without a break; 0 where it gave none."""
    found = np.zeros_like(drawn)
    for k in range(drawn.shape[-1]):
        before = found[..., k - 1] * (drawn[..., k] == drawn[..., k - 1]) if k else 0
        found[..., k] = np.where(drawn[..., k] >= 0, before + 1, 0)
    return found


def _direct(record: Record) -> Record:
    """The answer without thought."""
    found: Record | None = next((sample for sample in record["samples"] if sample["arm"] == "direct"), None)
    if found is None:
        raise RecordError(f"Question {record['question_id']!r} has no direct answer.", hint="Record it again.")
    return found


# ---------------------------------------------------------------- one way beside another


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A way of spending beside another on the same questions, with 95 % intervals over resampled templates.

    right_less: its share right less the other's; saved: the share of the other's tokens that it did not generate.
    """

    right_less: tuple[float, float, float]
    saved: tuple[float, float, float]


def beside(
    one: tuple[Floats, Floats], other: tuple[Floats, Floats], clusters: npt.NDArray[np.str_], seed: int = 0
) -> Beside:
    """`one` beside `other`, both (right, tokens) [n, R], by a bootstrap of whole clusters (mean, low, high)."""
    means = [values.mean(axis=1) for values in (*one, *other)]
    names, place = np.unique(clusters, return_inverse=True)
    sums = np.array([np.bincount(place, values) for values in (*means, np.ones(len(place)))])  # [5, clusters]
    drawn = np.random.default_rng(seed).integers(len(names), size=(RESAMPLES, len(names)))
    resampled = sums[:, drawn].sum(axis=2)  # [5, resamples]

    def of(values: Floats) -> tuple[Floats, Floats]:
        right, tokens, right_other, tokens_other, n = values
        return (right - right_other) / n, 1 - tokens / tokens_other

    exact, spread = of(sums.sum(axis=1)), of(resampled)
    found = [
        (float(mean), *map(float, np.quantile(each, [0.025, 0.975]))) for mean, each in zip(exact, spread, strict=True)
    ]
    return Beside(right_less=found[0], saved=found[1])  # type: ignore[arg-type]

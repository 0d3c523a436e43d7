"""What thinking buys: right if closed after t tokens, when thoughts end by themselves, and what votes of K make of it.

In: the curves of recorded questions, their file. Not in: recording (evals.recording), choosing a plan (controller).
Invariant: a question counts once however many samples it has; intervals are taken over questions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.errors import RecordError
from edgereason.profiling.calibrator import Calibrator, calibrator_of
from edgereason.protocols import Record

SCHEMA = "edgereason.accuracy/1"
RESAMPLES = 64  # subsets of the samples of each question, for each width of a vote
LEAST_QUESTIONS = 20
Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A mean over questions with its 95 % interval (normal, with Agresti and Coull's four further questions)."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """What `n` questions with `samples` plain samples each say.

    think_tokens   T points: the cuts of the recording and its cap, rising
    right          [T] right if closed there; a thought that ended before counts as it ended
    finished       [T] share of thoughts that have ended by themselves until there
    hazard         [T] chance that a thought which is open at the point before ends by itself until this one
    rows           widths K of votes, up to half of the samples
    votes          [K][T] right by majority of K rows that are closed there; ties go to the more confident answers
    weighted       [K][T] the same, each vote weighted by the geometric mean probability of its answer's tokens
    direct         right without thought
    wait_gain      right where a thought is made to go on once, less right of the same samples without
    think_mean     think tokens of a sample, caps included
    """

    n: int
    samples: int
    think_tokens: tuple[int, ...]
    right: tuple[Share, ...]
    finished: tuple[float, ...]
    hazard: tuple[float, ...]
    rows: tuple[int, ...]
    votes: tuple[tuple[Share, ...], ...]
    weighted: tuple[tuple[Share, ...], ...]
    direct: Share | None
    wait_gain: Share | None
    think_mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyProfile:
    """The curves of all questions and of each band, with the header of the records they come from.

    confidence: what makes a probability of votes and token confidences; None where it was not fitted.
    """

    provenance: Mapping[str, Any]
    all: Curves
    bands: Mapping[str, Curves]
    confidence: Calibrator | None = None


def accuracy_profile(header: Mapping[str, Any], records: Iterable[Record], seed: int = 0) -> AccuracyProfile:
    """The profile of a file of question records; `seed` is that of the resampling.

    Raises:
        RecordError: too few questions.
    """
    cap, cuts = header["settings"]["think_tokens"], header["settings"]["cuts"]
    points = (*cuts, cap)
    found = [record for record in records if record["samples"]]
    if len(found) < LEAST_QUESTIONS:
        raise RecordError(
            f"{len(found)} questions are too few for an accuracy profile.", hint=f"Record at least {LEAST_QUESTIONS}."
        )
    bands = sorted({record["band"] for record in found if record["band"]})
    groups = {band: [record for record in found if record["band"] == band] for band in bands}
    return AccuracyProfile(
        provenance={name: value for name, value in header.items() if name != "kind"},
        all=curves(found, points, seed),
        bands={band: curves(group, points, seed) for band, group in groups.items() if len(group) >= LEAST_QUESTIONS},
    )


def curves(records: Sequence[Record], points: Sequence[int], seed: int = 0) -> Curves:
    """The curves of these questions at these numbers of think tokens, the last of which is the cap."""
    plain = [[sample for sample in record["samples"] if sample["arm"] == "plain"] for record in records]
    samples = min(len(rows) for rows in plain)
    lengths = [[think_length(sample) for sample in rows] for rows in plain]
    ended = [length if sample["finish"] == "eos" else math.inf
             for rows, each in zip(plain, lengths, strict=True)
             for sample, length in zip(rows, each, strict=True)]  # fmt: skip
    closed = [[[closed_at(sample, point) for sample in rows] for point in points] for rows in plain]
    right = np.array([[np.mean([correct for _, correct, _ in row]) for row in question] for question in closed])
    rows = tuple(range(1, samples // 2 + 1)) or (1,)
    votes = np.array([vote_shares(question, rows, seed + k) for k, question in enumerate(closed)])  # [n, 2, K, T]
    return Curves(
        n=len(records),
        samples=samples,
        think_tokens=tuple(points),
        right=tuple(share_of(column) for column in right.T),
        finished=tuple(float(np.mean(np.array(ended) <= point)) for point in points),
        hazard=hazard(ended, points),
        rows=rows,
        votes=tuple(tuple(share_of(votes[:, 0, k, t]) for t in range(len(points))) for k in range(len(rows))),
        weighted=tuple(tuple(share_of(votes[:, 1, k, t]) for t in range(len(points))) for k in range(len(rows))),
        direct=_direct(records),
        wait_gain=_wait_gain(records),
        think_mean=float(np.mean([np.mean(each) for each in lengths])),
    )


def think_length(sample: Record) -> int:
    """Tokens that were sampled in the thought; forced ones do not count."""
    return sum(not forced for forced in sample["forced"][: sample["reasoning_tokens"]])


def closed_at(sample: Record, point: int) -> tuple[str | None, bool, float]:
    """(canonical answer, right, mean log-probability) of a sample that is closed after `point` think tokens."""
    for cut in sample["cuts"]:
        if cut["think_tokens"] >= point:
            return cut["canonical"], cut["correct"], -math.inf if cut["logprob"] is None else cut["logprob"]
    confidence = sample["confidence"]
    return sample["canonical"], sample["correct"], math.log(confidence) if confidence else -math.inf


def hazard(ended: Sequence[float], points: Sequence[int]) -> tuple[float, ...]:
    """The discrete-time hazard of thoughts that ended at these lengths, infinite where the cap cut them off.

    Of those still open at one point, the share that ends until the next (Kaplan and Meier 1958); the cap censors.
    """
    lengths = np.asarray(ended, float)
    found = []
    for before, point in zip((0, *points), points, strict=False):
        open_before = np.count_nonzero(lengths > before)
        found.append(np.count_nonzero((lengths > before) & (lengths <= point)) / open_before if open_before else 1.0)
    return tuple(float(value) for value in found)


def vote_shares(
    question: Sequence[Sequence[tuple[str | None, bool, float]]], rows: Sequence[int], seed: int
) -> npt.NDArray[np.float64]:
    """[2, K, T]: how often a vote of K of a question's samples is right, unweighted and weighted.

    question: [T][S] of what `closed_at` gives; rows: the widths K, none above S.
    """
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(len(question[0])) for _ in range(RESAMPLES)])
    found = np.zeros((2, len(rows), len(question)))
    for t, row in enumerate(question):
        answers = sorted({answer for answer, _, _ in row if answer is not None})
        truth = np.array([any(correct for answer, correct, _ in row if answer == each) for each in answers])
        if not len(truth) or not truth.any():
            continue
        ballots = np.array([[answer == each for each in answers] for answer, _, _ in row], float)  # [S, A]
        sure = np.exp([logprob for _, _, logprob in row])[:, None]
        for k, width in enumerate(rows):
            chosen = orders[:, :width]
            counted = ballots[chosen].sum(axis=1)
            weights = (ballots * sure)[chosen].sum(axis=1)
            for which, scores in enumerate((counted + 1e-6 * weights, weights)):
                has_vote = counted.sum(axis=1) > 0
                found[which, k, t] = np.mean(truth[scores.argmax(axis=1)] & has_vote)
    return found


def _direct(records: Sequence[Record]) -> Share | None:
    """Right without thought."""
    rights = [sample["correct"] for record in records for sample in record["samples"] if sample["arm"] == "direct"]
    return share_of(rights) if rights else None


def _wait_gain(records: Sequence[Record]) -> Share | None:
    """What going on once after "Wait" adds to the same samples."""
    gains = []
    for record in records:
        plain = {sample["seed"]: sample["correct"] for sample in record["samples"] if sample["arm"] == "plain"}
        pairs = [
            float(sample["correct"]) - float(plain[sample["seed"]])
            for sample in record["samples"]
            if sample["arm"] == "wait" and sample["seed"] in plain
        ]
        gains += [np.mean(pairs)] if pairs else []
    if not gains:
        return None
    mean, half = float(np.mean(gains)), Z * float(np.std(gains, ddof=1)) / math.sqrt(len(gains))
    return Share(mean=mean, low=mean - half, high=mean + half)


def share_of(values: Sequence[float] | npt.NDArray[np.float64]) -> Share:
    """The mean of shares, one a question, with its interval."""
    widened = np.concatenate([np.asarray(values, float), [0.0, 0.0, 1.0, 1.0]])
    centre, half = float(widened.mean()), Z * float(widened.std(ddof=1)) / math.sqrt(len(widened))
    mean = float(np.mean(values))
    return Share(mean=mean, low=max(0.0, min(mean, centre - half)), high=min(1.0, max(mean, centre + half)))


# ---------------------------------------------------------------- the file


def profile_json(profile: AccuracyProfile) -> str:
    """The profile as JSON, shares to four decimals."""
    curves = _rounded({**asdict(profile), "confidence": None})
    confidence = None if profile.confidence is None else profile.confidence.to_json()
    return json.dumps({"schema": SCHEMA, **curves, "confidence": confidence})


def write_profile(profile: AccuracyProfile, path: Path) -> None:
    """Write the profile as JSON; whole or not at all."""
    aside = path.with_name(path.name + ".new")
    try:
        aside.write_text(profile_json(profile) + "\n", encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise RecordError(f"Cannot write {str(path)!r}: {error.strerror or error}.") from error


def read_profile(path: Path) -> AccuracyProfile:
    """The profile in a file.

    Raises:
        RecordError: it cannot be read, or is none.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["schema"] != SCHEMA:
            raise ValueError(f"schema {values['schema']!r}")
        str(values["provenance"]["model"]["lineage"])
        bands = {str(band): _curves_of(each) for band, each in values["bands"].items()}
        fitted = values.get("confidence")  # profiles of earlier versions have none
        return AccuracyProfile(
            provenance=dict(values["provenance"]),
            all=_curves_of(values["all"]),
            bands=bands,
            confidence=None if fitted is None else calibrator_of(fitted),
        )
    except OSError as error:
        raise RecordError(f"Cannot read {str(path)!r}: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise RecordError(
            f"{str(path)!r} is no accuracy profile: {error}.", hint="`edgereason calibrate` writes them."
        ) from error


def _curves_of(values: Mapping[str, Any]) -> Curves:
    """The curves in a parsed file, checked for their sizes."""
    listed = {name: tuple(values[name]) for name in ("think_tokens", "finished", "hazard", "rows")}
    right = tuple(Share(**share) for share in values["right"])
    voted = {name: tuple(tuple(Share(**s) for s in row) for row in values[name]) for name in ("votes", "weighted")}
    one = {name: None if values[name] is None else Share(**values[name]) for name in ("direct", "wait_gain")}
    fields: dict[str, Any] = {**values, **listed, **voted, **one, "right": right}
    made = Curves(**fields)
    sizes = {len(part) for part in (made.right, made.finished, made.hazard, *made.votes, *made.weighted)}
    if sizes != {len(made.think_tokens)} or {len(made.votes), len(made.weighted)} != {len(made.rows)}:
        raise ValueError("its lists differ in length")
    return made


def _rounded(value: Any) -> Any:
    """The value with floats to four decimals."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, Mapping):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, (list, tuple)) else value

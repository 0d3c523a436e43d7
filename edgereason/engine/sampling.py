"""The one sampler: logits in, one drawn token a row with its log-probability, entropy and candidates out.

Temperature comes first, then top-k, top-p and min-p on the tempered distribution, each renormalised over what the one
before it left. All three keep a head of the tokens in rank order (logit, then id), so a draw is a place in that order;
what no filter cut has its rarer tokens in id order behind the first `NUM_CANDIDATES`, which saves the sort.

Not here: what the tokens mean, or any state that could change a token. The threshold a row carries only says where to
look for its candidates first. Invariant: a draw is a function of (seed, row seed, position) and of the row's logits.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgereason import confidence
from edgereason.errors import EngineError, UsageError
from edgereason.protocols import Proposals
from edgereason.types import RowId, Sampling

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NUM_CANDIDATES = 20  # shown with every proposal, and what entropies are taken over
_WIDEST_HEAD = 256  # a larger top-k sorts the whole row
_SMALL_VOCABULARY = 1 << 13
_MOST_HITS = 16  # times the width: more is sorted slower than the row is partitioned
_BLOCK = 1024  # tokens whose weights are summed before one of them is drawn
_CHUNK_ELEMENTS = 1 << 16  # logits worked on at once: they stay in the second-level cache
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


class _Scratch(threading.local):
    array: Floats = np.empty(0, np.float32)


_scratch = _Scratch()


def mix(value: int) -> int:
    """splitmix64's finalizer: 64 bits in, 64 well-mixed bits out (Steele, Lea and Flood 2014, figure 16)."""
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def row_key(seed: int, row_seed: int) -> int:
    """64 bits that name a row's stream of draws."""
    return mix(mix(seed + _GOLDEN) + row_seed + _GOLDEN)


def uniform(key: int, position: int) -> float:
    """A number in [0, 1) for this key and position: the counter-based generator splitmix64, started at the key."""
    return (mix(key + (position + 1) * _GOLDEN) >> 11) * 2.0**-53


def check_sampling(sampling: Sampling) -> None:
    """Raise UsageError for a setting outside its legal range."""
    if not (math.isfinite(sampling.temperature) and sampling.temperature >= 0):
        raise UsageError(f"temperature {sampling.temperature!r} is not a number of at least 0")
    if sampling.top_k < 0:
        raise UsageError(f"top_k {sampling.top_k!r} is not at least 0", hint="0 switches the filter off.")
    if not 0 < sampling.top_p <= 1:
        raise UsageError(f"top_p {sampling.top_p!r} is not above 0 and at most 1", hint="1 switches the filter off.")
    if not 0 <= sampling.min_p <= 1:
        raise UsageError(f"min_p {sampling.min_p!r} is not between 0 and 1", hint="0 switches the filter off.")


@dataclass(slots=True)
class Rows:
    """The sampling settings of n live rows, laid out for `propose`; made when the set of rows changes."""

    ids: tuple[RowId, ...]
    settings: list[Sampling]
    keys: list[int]
    sharpness: Floats  # 1 / temperature, 1 where greedy [n, 1]
    thresholds: Floats  # a hint, carried from step to step: where a row's candidates begin [n]
    places: Ints  # 0 to n - 1 [n, 1]
    width: int  # how many candidates are looked for
    is_greedy: bool  # every row
    is_untempered: bool  # every row
    is_headed: bool  # every row: draws among its candidates, whatever the rest of the vocabulary weighs

    @classmethod
    def of(cls, ids: Sequence[RowId], settings: Sequence[tuple[Sampling, int]], vocab_size: int) -> Rows:
        """Rows with these (sampling, row seed) settings."""
        each = [sampling for sampling, _ in settings]
        heads = [sampling.top_k for sampling in each if sampling.top_k <= _WIDEST_HEAD]
        sharpness = [1 / sampling.temperature if sampling.temperature else 1.0 for sampling in each]
        return cls(
            ids=tuple(ids),
            settings=each,
            keys=[row_key(sampling.seed, row_seed) for sampling, row_seed in settings],
            sharpness=np.array(sharpness, np.float32)[:, None],
            thresholds=np.full(len(each), np.inf, np.float32),
            places=np.arange(len(each))[:, None],
            width=min(max([NUM_CANDIDATES, *heads]), vocab_size),
            is_greedy=all(sampling.temperature == 0 for sampling in each),
            is_untempered=all(sharp == 1 for sharp in sharpness),
            is_headed=all(s.temperature == 0 or 0 < s.top_k <= min(_WIDEST_HEAD, vocab_size - 1) for s in each),
        )

    def part(self, start: int, stop: int) -> Rows:
        """Rows start to stop; the arrays are views."""
        s = slice(start, stop)
        return replace(
            self,
            ids=self.ids[s],
            settings=self.settings[s],
            keys=self.keys[s],
            sharpness=self.sharpness[s],
            thresholds=self.thresholds[s],
            places=self.places[: len(self.ids[s])],
        )


def propose(rows: Rows, logits: Floats, positions: Sequence[int]) -> Proposals:
    """Draw one token for each row from logits [n, V]; `positions` [n] are the places the tokens would take.

    Rows are worked on a few at a time, those of a large vocabulary one by one: what a row needs stays in the cache. A
    pool of threads was no faster (docs/log.md).

    Raises:
        EngineError: a row's logits hold a NaN, plus infinity, or nothing finite.
    """
    count, vocab_size = logits.shape
    if not count:
        return Proposals((), [], [], [], np.zeros((0, 0), np.int64), np.zeros((0, 0), np.float32))
    step = _CHUNK_ELEMENTS // vocab_size if vocab_size <= _SMALL_VOCABULARY else 1
    if count <= step:
        return _propose(rows, logits, positions)
    starts = range(0, count, step)
    parts = [_propose(rows.part(at, at + step), logits[at : at + step], positions[at : at + step]) for at in starts]
    return _joined(rows, parts)


def _joined(rows: Rows, parts: list[Proposals]) -> Proposals:
    return Proposals(
        rows=rows.ids,
        tokens=[token for part in parts for token in part.tokens],
        logprobs=[value for part in parts for value in part.logprobs],
        entropies=[value for part in parts for value in part.entropies],
        candidates=np.concatenate([part.candidates for part in parts]),
        candidate_logprobs=np.concatenate([part.candidate_logprobs for part in parts]),
    )


@np.errstate(all="ignore")
def _propose(rows: Rows, logits: Floats, positions: Sequence[int]) -> Proposals:
    work = _work(logits)
    ids, values = candidates(rows, logits)
    maxima = values[:, 0]
    totals = _weigh(logits, maxima, None, work)
    normalizers = confidence.log_normalizers(maxima, totals)
    if not math.isfinite(sum(normalizers.tolist())):
        raise _not_finite()
    logprobs = confidence.token_logprobs(values[:, :NUM_CANDIDATES], normalizers)
    ranked = ids.tolist()
    if rows.is_greedy:
        tokens = [row[0] for row in ranked]
    else:
        masses = totals if rows.is_untempered or rows.is_headed else _weigh(logits, maxima, rows.sharpness, work)
        tokens = _draw(rows, logits, work, masses, ranked, values - maxima[:, None], positions)
    return Proposals(
        rows=rows.ids,
        tokens=tokens,
        logprobs=_chosen_logprobs(tokens, ranked, logprobs, logits, normalizers),
        entropies=confidence.entropies(logprobs),
        candidates=ids[:, :NUM_CANDIDATES],
        candidate_logprobs=logprobs,
    )


def _work(logits: Floats) -> Floats:
    """This thread's scratch memory, in the shape of the logits: one array, used again and again, stays in the cache."""
    if _scratch.array.size < logits.size:
        _scratch.array = np.empty(max(logits.size, _CHUNK_ELEMENTS), np.float32)
    work: Floats = _scratch.array[: logits.size].reshape(logits.shape)
    return work


def _weigh(logits: Floats, maxima: Floats, sharpness: Floats | None, weights: Floats) -> Floats:
    """Fill `weights` with exp((logits - maxima) * sharpness) [n, V]; the sums of its rows [n]."""
    np.subtract(logits, maxima[:, None], out=weights)
    if sharpness is not None:
        np.multiply(weights, sharpness, out=weights)
    np.exp(weights, out=weights)
    sums: Floats = np.add.reduce(weights, 1)
    return sums


def _not_finite() -> EngineError:
    return EngineError(
        "the model's logits are not finite numbers", hint="The model file is damaged, or its precision overflows."
    )


def _chosen_logprobs(
    tokens: list[int], ranked: list[list[int]], logprobs: Floats, logits: Floats, normalizers: Doubles
) -> list[float]:
    """Log-probability of each row's drawn token, which is usually among its candidates."""
    chosen = []
    for row, (token, ids, known) in enumerate(zip(tokens, ranked, logprobs.tolist(), strict=True)):
        rank = ids.index(token) if token in ids else len(known)
        if rank >= len(known):
            known = confidence.token_logprobs(logits[row : row + 1, token : token + 1], normalizers[row : row + 1])[0]
            rank = 0
        chosen.append(float(known[rank]))
    return chosen


def candidates(rows: Rows, logits: Floats) -> tuple[Ints, Floats]:
    """Ids and logits, both [n, width], of the largest logits of each row, ties by id.

    Rows of a small vocabulary are partitioned together. In a large one that is what takes time: there the row, alone,
    carries a threshold that says what to look at, and is partitioned only where that is too little or far too much.
    """
    return _by_partition(rows, logits) if logits.shape[1] <= _SMALL_VOCABULARY else _by_threshold(rows, logits[0])


def _by_partition(rows: Rows, logits: Floats) -> tuple[Ints, Floats]:
    (count, vocab_size), width = logits.shape, rows.width
    found = (logits >= _bounds(logits, width)).reshape(-1).nonzero()[0]
    values = logits.reshape(-1)[found]
    if len(found) == count * width:  # no ties at the bounds
        order = np.negative(values).reshape(count, width).argsort(axis=1, kind="stable")
        order += width * rows.places
    else:
        owners = found // vocab_size
        counts = np.bincount(owners, minlength=count)
        if counts.min() < width:  # A NaN is as large as nothing.
            raise _not_finite()
        order = np.lexsort((-values, owners))[(counts.cumsum() - counts)[:, None] + np.arange(width)]
    ids, values = found[order], values[order]
    ids -= vocab_size * rows.places
    return ids, values


def _by_threshold(rows: Rows, logits: Floats) -> tuple[Ints, Floats]:
    """Of one row [V]; renews its threshold."""
    width = rows.width
    found = (logits >= rows.thresholds[0]).nonzero()[0]
    if not width <= len(found) <= _MOST_HITS * width:
        found = (logits >= _bounds(logits[None], width)[0]).nonzero()[0]
        if len(found) < width:
            raise _not_finite()
    values = logits[found]
    order = np.negative(values).argsort(kind="stable")[:width]
    ids, values = found[order], values[order]
    # Ranks that double lie about equally far apart, so this is near the logit of rank 2 * width.
    rows.thresholds[0] = 2 * values[-1] - values[width // 2]
    return ids[None], values[None]


def _bounds(logits: Floats, width: int) -> Floats:
    """The logit of rank `width` in each row [n, 1]."""
    parted = logits.copy()
    parted.partition(logits.shape[1] - width, axis=1)
    return parted[:, logits.shape[1] - width, None]


def _draw(
    rows: Rows,
    logits: Floats,
    work: Floats,
    masses: Floats,
    ranked: list[list[int]],
    values: Floats,
    positions: Sequence[int],
) -> list[int]:
    """One id a row.

    work, masses: tempered weights of all tokens [n, V] and their sums [n]; not where every row is headed
    values: logits of the ranked candidates below the row's largest [n, width]
    """
    weights = np.exp(values * rows.sharpness, dtype=np.float64)
    sums = weights.cumsum(axis=1).tolist()
    return [
        ids[0]
        if sampling.temperature == 0
        else _draw_one(
            sampling, logits[row], work[row], ids, weights[row], sums[row], mass, uniform(rows.keys[row], position)
        )
        for row, (sampling, ids, mass, position) in enumerate(
            zip(rows.settings, ranked, masses.tolist(), positions, strict=True)
        )
    ]


def _draw_one(
    sampling: Sampling,
    logits: Floats,
    work: Floats,
    ids: list[int],
    weights: Doubles,
    sums: list[float],
    mass: float,
    chance: float,
) -> int:
    """The id at `chance` of the way through the row's tokens: its candidates by rank, then what else is left.

    weights, sums: tempered weights of the candidates, and their running sums
    work, mass: tempered weights of the whole vocabulary, and their sum
    """
    if sampling.top_p == 1 and sampling.min_p == 0 and not 0 < sampling.top_k < len(logits):
        head = min(NUM_CANDIDATES, len(ids))
        rank = bisect_right(sums, chance * mass, 0, head)
        if rank < head:
            return ids[rank]
        return _draw_from_tail(work, ids[:head], weights[:head], chance * mass - sums[head - 1])
    kept = _kept(sampling, weights, sums, mass, len(logits))
    if kept > len(ids):  # The whole row has to be sorted.
        order = np.argsort(-logits, kind="stable")
        ids = order.tolist()
        ranked = logits[order]
        weights = np.exp((ranked - ranked[0]) * np.float32(1 / sampling.temperature), dtype=np.float64)
        sums = weights.cumsum().tolist()
        kept = _kept(sampling, weights, sums, mass, len(logits))
    return ids[min(bisect_right(sums, chance * sums[kept - 1]), kept - 1)]


def _kept(sampling: Sampling, weights: Doubles, sums: list[float], mass: float, vocab_size: int) -> int:
    """How many tokens, by rank, the filters keep; where that is more than are given, some number that is more."""
    width = len(sums)
    top_k = min(sampling.top_k or vocab_size, vocab_size)
    if width < top_k < vocab_size:
        return vocab_size  # what top-p is a share of lies beyond
    kept = top_k
    if sampling.top_p < 1:
        reached = bisect_left(sums, sampling.top_p * (sums[top_k - 1] if top_k <= width else mass)) + 1
        kept = min(kept, reached)
    if sampling.min_p > 0:
        likely = int((weights >= sampling.min_p).sum())  # the most likely token weighs 1
        kept = min(kept, likely if likely < width else vocab_size)
    return kept


def _draw_from_tail(weights: Floats, head: list[int], head_weights: Doubles, beyond: float) -> int:
    """The drawn id where it is none of the head's: the one `beyond` into the weights of the others, in id order."""
    weights[head] = 0.0
    # Summing blocks, then within one, takes a thirtieth of the time that running sums of the whole row do.
    even = len(weights) // _BLOCK * _BLOCK
    sums = np.append(weights[:even].reshape(-1, _BLOCK).sum(axis=1), weights[even:].sum()).cumsum(dtype=np.float64)
    if not sums[-1]:
        return [token for token, weight in zip(head, head_weights.tolist(), strict=True) if weight > 0][-1]
    block = min(int(np.searchsorted(sums, beyond, side="right")), int(np.searchsorted(sums, sums[-1])))
    within = weights[block * _BLOCK : (block + 1) * _BLOCK]
    before = float(sums[block - 1]) if block else 0.0
    place = int(np.searchsorted(within.cumsum(dtype=np.float64), beyond - before, side="right"))
    return block * _BLOCK + min(place, int(within.nonzero()[0][-1]))

"""Easy, normal and hard found by search: the three fixed budgets that cost least once a label chooses among them.

In: a grid of fixed budgets on recorded questions, what each comes to, the triple that labels make the best use of. Not
in: reading records, writing profiles (evals.budgets), the probe, whose labels these are not.
Invariant: no oracle. A question is labelled by one half of its samples and judged by the other, in both directions.

1. Grid: votes of K rows, of widths that plans have and up to half of the samples, whose thoughts are closed after
   each recorded number of tokens.
2. On either half of its samples a question has, for each cell, the chance that such a vote is right and the tokens that
   it generates (thoughts up to where they end or are closed, and answers, over all rows).
3. A triple of cells labels a question with the cheapest of the three whose chance is within `readout.TOLERANCE` of the
   best of them, on one half; the other half says what that label's cell comes to.
4. Of all triples whose accuracy is at least that of the best single cell less LOSS, and whose hard alone is so too (it
   is what a question gets that nobody can tell), the one with the fewest tokens.
5. Held out: the same search without each of five folds of whole templates, judged on that fold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgereason.errors import RecordError
from edgereason.probing.examples import HINT, LEAST_GROUPS, LEAST_QUESTIONS, LEAST_SAMPLES
from edgereason.probing.features import Floats
from edgereason.probing.readout import TOLERANCE
from edgereason.profiling.accuracy import closed_at, think_length, vote_shares
from edgereason.protocols import Record

LOSS = 0.005  # of accuracy against the best single cell
FOLDS = 5
Triple = tuple[int, int, int]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """G fixed budgets, cheapest first, on either half of the samples of n questions.

    rows, think_tokens [G]; right, tokens [n, 2, G]: the chance that the vote is right, tokens over all of its rows;
    templates [n].
    """

    rows: tuple[int, ...]
    think_tokens: tuple[int, ...]
    right: Floats
    tokens: Floats
    templates: npt.NDArray[np.str_]

    @property
    def num_cells(self) -> int:
        """Budgets that are compared."""
        return len(self.rows)

    def place(self, rows: int, think_tokens: int) -> int:
        """The cell nearest to a budget: rows as far as the grid goes, the nearest recorded point on a log scale."""
        most = min(rows, max(self.rows))
        near = np.abs(np.log(np.maximum(1, self.think_tokens)) - np.log(max(1, think_tokens)))
        return int(np.lexsort((near, np.abs(np.array(self.rows) - most)))[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What budgets come to: share right and generated tokens a question."""

    cells: tuple[int, ...]
    right: float
    tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The search's table.

    single: every cell alone; best: the most accurate of them; cheapest: the cheapest within LOSS of it; triple: what
    was found; runners_up: the next; held_out: (triple, cheapest single) as chosen without a fold and judged on it,
    the mean over the folds.
    """

    single: tuple[Found, ...]
    best: Found
    cheapest: Found
    triple: Found
    runners_up: tuple[Found, ...]
    held_out: tuple[Found, Found]
    compared: int


# ---------------------------------------------------------------- records to a grid


def grid_of(
    records: Sequence[Record], points: Sequence[int], widths: Sequence[int], on_progress: OnProgress | None = None
) -> Grid:
    """The grid of question records at these numbers of think tokens, of those widths that half of the samples can vote.

    Raises:
        RecordError: fewer than LEAST_QUESTIONS questions, LEAST_SAMPLES samples of one, or LEAST_GROUPS templates.
    """
    plain = [[sample for sample in record["samples"] if sample["arm"] == "plain"] for record in records]
    samples = min(map(len, plain), default=0)
    groups = [f"{record['family']}/{record['template'] or record['question_id']}" for record in records]
    for found, least, what in (
        (len(records), LEAST_QUESTIONS, "questions"),
        (samples, LEAST_SAMPLES, "samples of a question"),
        (len(set(groups)), LEAST_GROUPS, "templates"),
    ):
        if found < least:
            raise RecordError(f"{found} {what} are too few for a search: at least {least} are needed.", hint=HINT)
    half = samples // 2
    widths = [width for width in widths if width <= half]
    each = []
    for number, rows in enumerate(plain):
        each.append([_cells(rows[part : 2 * half : 2], widths, points) for part in (0, 1)])
        if on_progress is not None:
            on_progress(number + 1, len(plain))
    right, tokens = (np.array([[cells[k] for cells in halves] for halves in each]) for k in (0, 1))  # [n, 2, K, T]
    flat = [values.reshape(len(records), 2, -1) for values in (right, tokens)]
    order = np.argsort(flat[1].mean(axis=(0, 1)), kind="stable")
    cells = [(width, point) for width in widths for point in points]
    return Grid(
        rows=tuple(cells[k][0] for k in order),
        think_tokens=tuple(cells[k][1] for k in order),
        right=flat[0][:, :, order],
        tokens=flat[1][:, :, order],
        templates=np.array(groups),
    )


def answer_length(sample: Record) -> int:
    """Tokens that were sampled after the thought."""
    return sum(not forced for forced in sample["forced"][sample["reasoning_tokens"] :])


def _cells(samples: Sequence[Record], widths: Sequence[int], points: Sequence[int]) -> tuple[Floats, Floats]:
    """(right, tokens) [K, T] of votes of these samples; an early answer counts as many tokens as the sample's own."""
    closed = [[closed_at(sample, point) for sample in samples] for point in points]
    right = vote_shares(closed, widths, seed=0)[0]
    right[0] = [np.mean([is_right for _, is_right, _ in row]) for row in closed]
    one = [np.mean([min(think_length(s), point) + answer_length(s) for s in samples]) for point in points]
    return right, np.outer(widths, one)


# ---------------------------------------------------------------- the search


def search(
    grid: Grid,
    folds: Sequence[npt.NDArray[np.int64]],
    loss: float = LOSS,
    on_progress: OnProgress | None = None,
) -> Search:
    """The triple for all questions, and what the same search is worth on the questions [rows] of each fold.

    Raises:
        RecordError: every cell is right on all questions, or on none: there is nothing to choose by.
    """
    if grid.right.min() == grid.right.max():
        raise RecordError(
            f"Answers are all {'right' if grid.right.max() else 'wrong'}, whatever is spent: nothing to search by.",
            hint=HINT,
        )
    member = np.zeros((len(folds), len(grid.templates)))
    for number, rows in enumerate(folds):
        member[number, rows] = 1
    triples, right, tokens = _triples(grid, member, on_progress)
    alone = [values.mean(axis=1).T @ member.T for values in (grid.right, grid.tokens)]  # [G, folds]
    sizes = member.sum(axis=1)

    def choose(
        sums: Sequence[Floats], last: npt.NDArray[np.int64], known: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int64]:
        """Places by rising tokens of what is accurate enough on the known folds, as is its `last` cell alone."""
        n = sizes[known].sum()
        single = alone[0][:, known].sum(axis=1) / n
        accuracy, cost = (values[:, known].sum(axis=1) / n for values in sums)
        order = np.lexsort((-accuracy, cost))
        is_enough = np.minimum(accuracy, single[last]) >= single.max() - loss - 1e-12
        enough: npt.NDArray[np.int64] = order[is_enough[order]]
        return enough

    def said(cells: Sequence[int], sums: Sequence[Floats], place: int, judged: npt.NDArray[np.bool_]) -> Found:
        n = sizes[judged].sum()
        accuracy, cost = (float(values[place, judged].sum() / n) for values in sums)
        return Found(cells=tuple(cells), right=accuracy, tokens=cost)

    every = np.ones(len(folds), bool)
    both, hardest, cells = (right, tokens), triples[:, 2], np.arange(grid.num_cells)
    single = tuple(said((k,), alone, k, every) for k in range(grid.num_cells))
    chosen = choose(both, hardest, every)
    apart = []
    for number in range(len(folds)):
        judged = np.arange(len(folds)) == number
        best, one = int(choose(both, hardest, ~judged)[0]), int(choose(alone, cells, ~judged)[0])
        apart.append((said((), both, best, judged), said((), alone, one, judged)))
    return Search(
        single=single,
        best=max(single, key=lambda each: (each.right, -each.tokens)),
        cheapest=single[int(choose(alone, cells, every)[0])],
        triple=said(triples[chosen[0]].tolist(), both, int(chosen[0]), every),
        runners_up=tuple(said(triples[k].tolist(), both, int(k), every) for k in chosen[1:6]),
        held_out=tuple(_mean([pair[k] for pair in apart], sizes) for k in (0, 1)),  # type: ignore[arg-type]
        compared=len(triples),
    )


def of_triple(grid: Grid, cells: Triple) -> Found:
    """What these three come to, labelled by one half and judged by the other; the cheapest of them comes first."""
    ordered = sorted(cells)
    taken_right, taken_tokens = _labelled(grid, ordered[0], ordered[1], np.array([ordered[2]]))
    return Found(cells=tuple(ordered), right=float(taken_right.mean()), tokens=float(taken_tokens.mean()))


def _triples(
    grid: Grid, member: Floats, on_progress: OnProgress | None
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """(cells [m, 3], right [m, folds], tokens [m, folds]) of all triples, summed over the questions of each fold."""
    cells, right, tokens = [], [], []
    for easy in range(grid.num_cells - 2):
        for normal in range(easy + 1, grid.num_cells - 1):
            hard = np.arange(normal + 1, grid.num_cells)
            taken = _labelled(grid, easy, normal, hard)
            cells.append(np.column_stack([np.full_like(hard, easy), np.full_like(hard, normal), hard]))
            right.append(taken[0].T @ member.T)
            tokens.append(taken[1].T @ member.T)
        if on_progress is not None:
            on_progress(easy + 1, grid.num_cells - 2)
    if not cells:
        raise RecordError("The grid has fewer than three budgets.", hint="Record with more samples or cuts.")
    return np.concatenate(cells), np.concatenate(right), np.concatenate(tokens)


def _labelled(grid: Grid, easy: int, normal: int, hard: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """(right, tokens) [n, h] on the half that did not choose the label, the mean of both directions."""
    enough = np.maximum(grid.right[:, :, [easy]], grid.right[:, :, [normal]])
    least = np.maximum(enough, grid.right[:, :, hard]) - TOLERANCE
    is_easy = grid.right[:, :, [easy]] >= least
    is_normal = grid.right[:, :, [normal]] >= least
    found = []
    for values in (grid.right, grid.tokens):
        other = values[:, ::-1]
        taken = np.where(is_normal, other[:, :, [normal]], other[:, :, hard])
        found.append(np.where(is_easy, other[:, :, [easy]], taken).mean(axis=1))
    return found[0], found[1]


def _mean(each: Sequence[Found], sizes: Floats) -> Found:
    """The mean over folds, weighted by their questions."""
    return Found(cells=(), **{name: float(np.average([getattr(one, name) for one in each], weights=sizes))
                              for name in ("right", "tokens")})  # fmt: skip

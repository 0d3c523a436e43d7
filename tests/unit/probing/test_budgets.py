"""The search finds the cheapest three budgets that labels make good use of, and never labels by what judges."""

from __future__ import annotations

import numpy as np
import pytest

from edgereason.errors import RecordError
from edgereason.probing.budgets import Grid, grid_of, of_triple, search
from edgereason.probing.examples import LEAST_QUESTIONS

from .test_examples import POINTS, question, sample

COSTS = np.array([10.0, 20.0, 40.0, 160.0])


def grid(right: np.ndarray) -> Grid:
    """Four budgets of rising cost; right [n, 2, 4]."""
    tokens = np.broadcast_to(COSTS, right.shape).copy()
    templates = np.array([f"t{k % 10}" for k in range(len(right))])
    return Grid(rows=(1, 1, 1, 4), think_tokens=(8, 16, 32, 32), right=right, tokens=tokens, templates=templates)


def folds(count: int) -> list[np.ndarray]:
    """Five folds of whole templates."""
    return [np.flatnonzero(np.arange(count) % 5 == k) for k in range(5)]


def test_questions_of_three_kinds_get_a_budget_each() -> None:
    """A third is right at once, a third with a long thought, a third only by a vote: the rest of the grid is wasted."""
    kinds = np.array([[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]], float)
    right = np.repeat(kinds[np.arange(150) % 3][:, None], 2, axis=1)
    found = search(grid(right), folds(150))
    assert (0, 2, 3) == found.triple.cells
    assert (1.0, np.mean([10, 40, 160])) == (found.triple.right, found.triple.tokens)
    assert (1.0, 160.0) == (found.best.right, found.cheapest.tokens)
    assert 4 == found.compared == len(found.single)
    assert found.held_out[0].tokens < found.held_out[1].tokens


def test_luck_of_one_half_is_no_accuracy() -> None:
    """Where halves have nothing in common, a label brings what its cell brings on average, and no more."""
    rng = np.random.default_rng(0)
    right = np.zeros((400, 2, 4))
    right[:, :, :3] = rng.random((400, 2, 3)) < 0.5
    right[:, :, 3] = rng.random((400, 2)) < 0.5
    assert abs(of_triple(grid(right), (0, 1, 2)).right - 0.5) < 0.05
    assert right[:, :, :3].max(axis=2).mean() > 0.85  # what an oracle would have claimed


def test_hard_is_good_enough_alone() -> None:
    """Whoever cannot tell takes it: three cheap budgets that need perfect labels are not found."""
    kinds = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]], float)
    found = search(grid(np.repeat(kinds[np.arange(150) % 3][:, None], 2, axis=1)), folds(150))
    assert 3 == found.triple.cells[-1]
    assert (1.0, 1 / 3) == (found.best.right, found.single[0].right)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_class_is_refused(value: float) -> None:
    """Nothing to choose by."""
    with pytest.raises(RecordError, match="nothing to search by"):
        search(grid(np.full((150, 2, 4), value)), folds(150))


def test_records_become_a_grid_of_halves() -> None:
    """Votes up to half of the samples, tokens over all rows and with the answers, cheapest first."""
    made = grid_of([question(k) for k in range(LEAST_QUESTIONS)], POINTS, (1, 2, 3))
    assert {(k, p) for k in (1, 2) for p in POINTS} == set(zip(made.rows, made.think_tokens, strict=True))
    assert (np.diff(made.tokens.mean(axis=(0, 1))) >= 0).all()
    one = made.place(1, 16)
    assert (1, 16) == (made.rows[one], made.think_tokens[one])
    assert 2 == made.rows[made.place(16, 640)]
    assert [0.5, 1.0, 0.5, 0.5] == [*made.right[0, 0, [one]], *made.right[0, 1, [made.place(1, 32)]],
                                    *made.right[0, 0, [made.place(1, 640)]], *made.right[0, 1, [one]]]  # fmt: skip
    longer = [sample(20, "xRR"), sample(5, "R"), sample(40, "xxx", finish="forced"), sample(30, "xxR")]
    for each in longer:
        each["forced"] = [*each["forced"], True, False, False]  # an answer of two sampled tokens
    with_answers = grid_of([question(k, longer) for k in range(LEAST_QUESTIONS)], POINTS, (1, 2, 3))
    widths = np.array(with_answers.rows)
    assert np.allclose(2 * widths, (with_answers.tokens - made.tokens)[0, 0])


def test_too_little_is_refused_with_the_least_there_must_be() -> None:
    """Questions, samples, templates."""
    few = [question(k) for k in range(LEAST_QUESTIONS)]
    with pytest.raises(RecordError, match=f"at least {LEAST_QUESTIONS} are needed"):
        grid_of(few[1:], POINTS, (1, 2, 3))
    with pytest.raises(RecordError, match="1 samples of a question"):
        grid_of([question(0, [sample(5, "R")]), *few[1:]], POINTS, (1, 2, 3))
    with pytest.raises(RecordError, match="1 templates"):
        grid_of([question(k, family="f", template="t") for k in range(LEAST_QUESTIONS)], POINTS, (1, 2, 3))

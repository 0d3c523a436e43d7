"""A quick timing that learns: from several requests, never from one, and in step where nothing was seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgereason.profiling.learning import KEPT_REQUESTS, LEAST_PASSES, CostBook, observed, settled
from edgereason.profiling.quick import read_costs, write_costs
from edgereason.types import PassCosts

if TYPE_CHECKING:
    from edgereason.runtime import Reasoner

COSTS = PassCosts(rows=(1, 4, 8), pass_s=(1.0, 2.0, 4.0), prefill_token_s=0.1, prefill_base_s=0.2, context=64)


def after(requests: int, rows: int = 1, pass_s: float = 3.0, costs: PassCosts = COSTS) -> PassCosts:
    """The costs after some requests of ten passes each, the longest of which stalled."""
    for _ in range(requests):
        costs = observed(costs, {rows: (10, 9 * pass_s + 50.0, 50.0)})
    return costs


def test_a_first_request_changes_nothing_yet() -> None:
    """It may have met a busy neighbour."""
    assert COSTS.pass_s == settled(after(2)).pass_s


def test_several_requests_do() -> None:
    """The stall in each is left out; widths that were not run move by the same factor."""
    assert (3.0, 6.0, 12.0) == settled(after(3)).pass_s


def test_one_odd_request_is_outvoted() -> None:
    """A median, not a mean."""
    assert 3.0 == settled(observed(after(3), {1: (10, 1000.0, 1.0)})).pass_s[0]


def test_a_new_width_is_added() -> None:
    """With its own time; the nearest known widths follow it, those near another one do not."""
    learnt = settled(after(3, rows=5, pass_s=5.0, costs=after(3, pass_s=1.0)))

    assert (1, 4, 5, 8) == learnt.rows
    assert (pytest.approx(1.0), pytest.approx(4.0), pytest.approx(5.0), pytest.approx(8.0)) == learnt.pass_s


def test_short_runs_of_a_width_teach_nothing() -> None:
    """A few passes say little."""
    assert {} == observed(COSTS, {1: (LEAST_PASSES - 1, 100.0, 1.0)}).observed


def test_old_requests_are_forgotten() -> None:
    """What the device does now counts."""
    learnt = after(KEPT_REQUESTS, pass_s=7.0, costs=after(100))

    assert (KEPT_REQUESTS, 7.0) == (len(learnt.observed[1]), settled(learnt).pass_s[0])


def test_what_was_learnt_is_kept_and_the_timing_with_it(tmp_path: Path) -> None:
    """The file holds the quick timing as it was, and the requests; a book without news writes nothing."""
    path = tmp_path / "costs.json"
    CostBook(COSTS, path).keep()
    assert not path.exists()
    book = CostBook(COSTS, path)
    for _ in range(3):
        planned = book.learn({1: (10, 30.0, 3.0)})
    book.keep()
    kept = read_costs(path)

    assert kept is not None
    assert (COSTS.pass_s, planned) == (kept.pass_s, settled(kept))


@pytest.mark.parametrize("wrong", [{1: (-1.0,)}, {0: (1.0,)}, {1: (float("inf"),)}])
def test_what_cannot_have_been_observed_is_not_believed(tmp_path: Path, wrong: dict[int, tuple[float, ...]]) -> None:
    """Each check refuses on its own."""
    path = tmp_path / "costs.json"
    write_costs(path, PassCosts(**{**{f: getattr(COSTS, f) for f in COSTS.__slots__}, "observed": wrong}))

    assert read_costs(path) is None


def test_a_reasoner_plans_with_what_its_requests_took(reasoner: Callable[..., Reasoner], tmp_path: Path) -> None:
    """Costs that were timed at a tenth of the truth are right after three requests, and kept when it closes."""
    from dataclasses import replace

    from edgereason.testing import FakeClock

    clock = FakeClock()
    script = {"<think>\n": "1 2 3 4 5 6 7 8 9 10 11 12</think>\\boxed{7}", "boxed{": "7}"}
    made: Any = reasoner(script, pass_s=0.01, clock=clock)
    wrong = replace(made.costs, pass_s=tuple(value / 10 for value in made.costs.pass_s))
    path = tmp_path / "costs.json"
    made._parts = replace(made._parts, costs=wrong, book=CostBook(wrong, path))
    made.close()
    parts = made._parts
    from edgereason.runtime import Reasoner

    again = Reasoner(lambda: replace(parts, engine=_fresh(parts.engine)), clock=clock)
    for seed in range(4):
        again.ask("1 + 6 = ?", seed=seed, profile="easy")
    costs = again.costs
    again.close()

    assert pytest.approx(0.01, rel=0.2) == costs.pass_s[0]
    assert path.exists()


def _fresh(engine: Any) -> Any:
    """The same engine, open again."""
    from dataclasses import fields

    from edgereason.testing import FakeEngine

    return FakeEngine(**{field.name: getattr(engine, field.name) for field in fields(engine) if field.init})

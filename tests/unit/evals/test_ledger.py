"""Laws of the ledger: who counts, what is late, what breaks the promise, and that nothing is asked twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.errors import ConfigError
from edgereason.evals.ledger import Ask, Bounds, Draw, broken, keep_ledger, ledger, to_json
from edgereason.evals.neighbours import BURST_S, GAP_S, LONGEST_S, neighbours, stretches
from edgereason.evals.tasks import load_task
from edgereason.runtime import Reasoner

Make = Callable[..., Reasoner]
IN_TIME = Ask(
    regime="calm",
    deadline_s=1.0,
    elapsed_s=0.9,
    shortest_feasible_s=0.1,
    closing_s=0.8,
    is_answered=True,
    is_right=True,
    is_direct_right=False,
    is_handed_over=False,
    is_ended_by_time=True,
)
LATE = replace(IN_TIME, elapsed_s=1.01)
DONE = replace(IN_TIME, elapsed_s=0.2, closing_s=None, is_ended_by_time=False)
OVERRUN = replace(IN_TIME, elapsed_s=0.995, is_handed_over=True)


def test_only_what_time_ended_counts_for_the_promise() -> None:
    """A request that was done early is asked and right, but no evidence that deadlines are kept."""
    (everything, calm) = ledger([IN_TIME, LATE, DONE, DONE])

    assert ("all", 4, 2, 1) == (everything.regime, everything.n, everything.late.n, everything.late.count)
    assert (3, 4) == (everything.right.count, everything.right.n)  # late counts as wrong
    assert replace(everything, regime="calm") == calm


def test_a_late_request_is_limited_whatever_it_says_of_itself() -> None:
    """Else a request that missed its deadline while it believed to be done would not count."""
    assert ledger([replace(DONE, elapsed_s=1.5)])[0].late.count == 1


def test_the_answer_in_hand_is_an_overrun_only_of_a_closing() -> None:
    """Handed over while rows were still thinking, nothing had been kept back too little."""
    thinking = replace(OVERRUN, closing_s=None)
    line = ledger([OVERRUN, thinking, IN_TIME])[0]

    assert ((2, 3), (1, 2)) == ((line.in_hand.count, line.in_hand.n), (line.overrun.count, line.overrun.n))


def test_sharpness_is_of_the_limited() -> None:
    """Medians of the share of the deadline that had passed at the return, and when closing began."""
    line = ledger([IN_TIME, replace(IN_TIME, deadline_s=2.0), DONE, DONE, DONE])[0]

    assert (pytest.approx(0.675), pytest.approx(0.6)) == (line.used, line.closing)


@pytest.mark.parametrize(
    ("asks", "word"),
    [
        ([*[IN_TIME] * 400, *[LATE] * 3], "late: 3 of 403"),
        ([IN_TIME] * 20, "late: up to"),
        ([*[IN_TIME] * 900, *[replace(LATE, regime="busy")] * 1, *[replace(IN_TIME, regime="busy")] * 9], "late, busy"),
        ([*[IN_TIME] * 400, *[OVERRUN] * 20], "overrun, calm: 20 of 420"),
        ([*[IN_TIME] * 400, replace(DONE, is_answered=False)], "answered where feasible: 400 of 401"),
    ],
)
def test_what_does_not_hold_is_named(asks: list[Ask], word: str) -> None:
    """Each bound by itself breaks the promise."""
    assert any(word in fault for fault in broken(ledger(asks), Bounds()))


def test_a_promise_that_is_kept_breaks_nothing() -> None:
    """Enough requests in time, a closing overrun now and then, an answer wherever one was feasible."""
    infeasible = replace(DONE, is_answered=False, shortest_feasible_s=2.0)
    assert [] == broken(ledger([*[IN_TIME] * 400, *[OVERRUN] * 4, infeasible]), Bounds())


def test_no_limited_request_is_no_proof() -> None:
    """Nothing was late of nothing: the interval says so, and JSON has no share."""
    lines = ledger([DONE] * 50)
    assert ["late: up to 100.00% (95 %), more than 1.0%"] == broken(lines, Bounds())
    assert to_json(lines)[0]["late"]["share"] is None


@given(st.floats(0.001, 1.0), st.floats(1.0, 100.0), st.integers(0, 2**32))
def test_deadlines_lie_between_the_bounds_and_are_a_function_of_the_seed(low: float, factor: float, seed: int) -> None:
    """Log-uniform: scaling the bounds scales every deadline."""
    draw = Draw(shortest_s=low, longest_s=low * factor, seed=seed)
    found = draw.deadlines(20)

    assert all(low * 0.999 <= each <= low * factor * 1.001 for each in found)
    scaled = replace(draw, shortest_s=low / 2, longest_s=low * factor / 2).deadlines(20)
    np.testing.assert_allclose(np.array(scaled) * 2, found, rtol=1e-9)


@pytest.mark.parametrize(("shortest", "longest"), [(0.0, 1.0), (2.0, 1.0), (-1.0, 1.0), (1.0, 1e6)])
def test_deadlines_out_of_range_are_refused(shortest: float, longest: float) -> None:
    """With the values and the range."""
    with pytest.raises(ConfigError, match="rising numbers above 0"):
        Draw(shortest_s=shortest, longest_s=longest)


def test_the_ledger_goes_on_where_it_ended(reasoner: Make, tmp_path: Path) -> None:
    """What is in the file is not asked again, and counts as it did."""
    script = {"<think>\n": "so\n</think>\n\n\\boxed{2}<|im_end|>", "\\boxed{": "3}<|im_end|>"}
    task, draw, out = load_task("chain", n=6), Draw(shortest_s=5.0, longest_s=9.0), tmp_path / "asks.jsonl"
    asked: list[int] = []

    first, is_whole = keep_ledger(task, reasoner(script), draw, out=out, should_stop=lambda: len(asked) >= 3,
                                  on_progress=lambda done, total, record: asked.append(done))  # fmt: skip
    assert (3, False, 3) == (len(first), is_whole, len(asked))
    second, is_whole = keep_ledger(task, reasoner(script), draw, out=out)

    assert (6, True) == (len(second), is_whole)
    assert first == second[:3]
    assert {"calm", "busy"} >= {ask.regime for ask in second}
    assert all(0 < ask.elapsed_s < ask.deadline_s and ask.is_feasible for ask in second)


def test_bursts_are_drawn_by_seed_and_core() -> None:
    """The same again, others on another core, of about the stated means."""
    draw = {key: [next(each) for _ in range(4000)] for key in ((0, 1), (1, 1), (0, 2)) for each in [stretches(*key)]}
    again = stretches(0, 1)

    assert draw[0, 1][:50] == [next(again) for _ in range(50)]
    assert len({tuple(each[0]) for each in draw.values()}) == 3
    bursts, gaps = np.mean(draw[0, 1], axis=0)
    assert abs(bursts / BURST_S - 1) < 0.1
    assert abs(gaps / GAP_S - 1) < 0.1
    assert max(map(max, draw[0, 1])) <= LONGEST_S


def test_neighbours_live_as_long_as_the_context() -> None:
    """One process a core, none left behind."""
    import psutil

    before = set(psutil.Process().children())
    with neighbours(seed=3, cores=2):
        during = set(psutil.Process().children()) - before
        assert len(during) == 2
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in during)

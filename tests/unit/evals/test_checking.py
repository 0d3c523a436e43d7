"""Laws of a check: the same asks whatever their number, timed from outside, none asked twice, none lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgereason.errors import ConfigError, RecordError
from edgereason.evals.checking import BLOCK, Conditions, check
from edgereason.evals.tasks import load_task
from edgereason.records import read_records
from edgereason.runtime import Reasoner
from edgereason.testing import FakeClock

Make = Callable[..., Reasoner]
SCRIPT = {
    "<think>\n": "so\n</think>\n\n\\boxed{2}<|im_end|>",
    "<think>\n\n</think>\n\n\\boxed{": "3}<|im_end|>",
}
CONDITIONS = Conditions(shortest_s=1.0, longest_s=5.0, seed=4)


def calm() -> bool:
    """Nobody else is at work."""
    return False


@pytest.fixture
def asked(reasoner: Make) -> Callable[..., Any]:
    """Runs a check of n asks in simulated time."""

    def run(n: int, conditions: Conditions = CONDITIONS, **options: Any) -> Any:
        clock = FakeClock()
        made = reasoner(SCRIPT, clock=clock)
        return check(load_task("chain", n=n), made, conditions, clock=clock, is_busy=calm, **options)

    return run


def test_deadlines_lie_between_the_two_and_do_not_depend_on_n() -> None:
    """Half of them below the geometric mean."""
    made = CONDITIONS.deadlines(2000)
    assert made[:10] == CONDITIONS.deadlines(10)
    assert all(1.0 <= deadline <= 5.0 for deadline in made)
    assert 0.5 == pytest.approx(sum(deadline < 5**0.5 for deadline in made) / 2000, abs=0.04)


def test_the_load_works_in_every_second_block() -> None:
    """Half of the time, and not at all unless asked for."""
    loaded = Conditions(load=True)
    assert [False, True, False] == [loaded.is_loaded(block * BLOCK) for block in range(3)]
    assert BLOCK == sum(loaded.is_loaded(index) for index in range(2 * BLOCK))
    assert not any(CONDITIONS.is_loaded(index) for index in range(4 * BLOCK))


@pytest.mark.parametrize(("shortest", "longest"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0), (1.0, float("inf"))])
def test_deadlines_that_are_none_are_refused(shortest: float, longest: float) -> None:
    """With both."""
    with pytest.raises(ConfigError, match=rf"{shortest!r} to {longest!r}"):
        Conditions(shortest_s=shortest, longest_s=longest)


def test_a_stopped_check_goes_on_where_it_was(asked: Callable[..., Any], tmp_path: Path) -> None:
    """Every ask once, the same ones as in a run that was not stopped."""
    whole = asked(6, out=tmp_path / "whole")
    seen: list[int] = []
    first = asked(
        6, out=tmp_path / "parts", on_progress=lambda *now: seen.append(now[0]), should_stop=lambda: 2 in seen
    )
    second = asked(6, out=tmp_path / "parts", on_progress=lambda done, total, ask: seen.append(done))
    kept = [[r["id"], r["deadline_s"]] for r in read_records(tmp_path / "parts", "ask")]

    assert (True, 2, False, 6) == (first.interrupted, first.lines[0].n, second.interrupted, second.lines[0].n)
    assert [1, 2, 3, 4, 5, 6] == seen
    assert [[r["id"], r["deadline_s"]] for r in read_records(tmp_path / "whole", "ask")] == kept
    assert whole.lines == second.lines


def test_ctrl_c_keeps_what_was_asked(reasoner: Make, tmp_path: Path) -> None:
    """The ledger covers it and says so."""

    def interrupt(done: int, total: int, ask: object) -> None:
        if done == 3:
            raise KeyboardInterrupt

    clock = FakeClock()
    made = reasoner(SCRIPT, clock=clock)
    ledger = check(
        load_task("chain", n=6), made, CONDITIONS, clock=clock, is_busy=calm, out=tmp_path / "a", on_progress=interrupt
    )
    assert (True, 3) == (ledger.interrupted, ledger.lines[0].n)
    assert 3 == len(list(read_records(tmp_path / "a", "ask")))


def test_other_conditions_do_not_go_into_the_same_file(asked: Callable[..., Any], tmp_path: Path) -> None:
    """The setting that differs is named."""
    asked(2, out=tmp_path / "a")
    with pytest.raises(RecordError, match=r"settings\.longest_s is 5\.0 there and 6\.0 here"):
        asked(2, out=tmp_path / "a", conditions=replace(CONDITIONS, longest_s=6.0))

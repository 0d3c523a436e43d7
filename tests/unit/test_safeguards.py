"""Each part that keeps deadlines, on and off: what it does is seen by what happens without it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edgereason.controller.reserve import MISS_RATE, closings_needed
from edgereason.evals.ledger import closed_s, is_in_hand
from edgereason.promise import Promise, Safeguards
from edgereason.runtime import Reasoner
from edgereason.testing import FakeClock
from edgereason.types import Result

Make = Callable[..., Reasoner]
ENDLESS = {"<think>\n": "on and on " * 300, "\\boxed{": "12345678}<|im_end|>"}
NO_RESERVE, NO_DRIFT = Safeguards(reserve=False), Safeguards(drift=False)


def calm() -> bool:
    """Nobody else is at work."""
    return False


def slowed(reasoner: Make, safeguards: Safeguards, begins_s: float, factor: float, promise: Promise | None) -> Result:
    """An endless thought under a deadline of 12 s, its passes slower by a factor from some moment on."""
    clock = FakeClock()
    made = reasoner(
        ENDLESS, clock=clock, promise=promise, safeguards=safeguards, pass_s=0.1,
        real_pass_s=lambda rows: 0.1 * (factor if clock() >= begins_s else 1.0),
    )  # fmt: skip
    return made.ask("?", deadline=12.0, profile="easy")


@pytest.mark.parametrize(("safeguards", "in_hand"), [(Safeguards(), False), (NO_RESERVE, True)])
def test_the_reserve_makes_room_for_slow_closings(
    reasoner: Make, tmp_path: Path, safeguards: Safeguards, in_hand: bool
) -> None:
    """Half of all closings took three times as long as predicted; without it rows are stopped before they answer."""
    promise = Promise(tmp_path, "here", calm)
    for place in range(closings_needed(MISS_RATE)):
        promise.add(1, 1.1 * (place % 2))
    result = slowed(reasoner, safeguards, begins_s=11.0, factor=2.5, promise=promise)

    assert in_hand == is_in_hand(result)
    assert "12345678" == result.answer


@pytest.mark.parametrize(("safeguards", "in_hand"), [(Safeguards(), False), (NO_DRIFT, True)])
def test_drift_is_followed_within_a_request(reasoner: Make, safeguards: Safeguards, in_hand: bool) -> None:
    """Passes three times as slow as measured close earlier; without that, too late."""
    assert in_hand == is_in_hand(slowed(reasoner, safeguards, begins_s=1.0, factor=3.0, promise=None))


def test_drift_is_followed_from_request_to_request(reasoner: Make, tmp_path: Path) -> None:
    """Closings are kept; without that, none is."""
    for place, (safeguards, kept) in enumerate([(Safeguards(), 1), (NO_DRIFT, 0)]):
        promise = Promise(tmp_path / str(place), "here", calm)
        slowed(reasoner, safeguards, begins_s=99.0, factor=1.0, promise=promise)
        assert kept == promise.reserve(1, MISS_RATE).closings


def test_a_closing_that_was_stopped_is_a_slow_one(reasoner: Make, tmp_path: Path) -> None:
    """It did not end within the factor that was kept for it, so its score lies above that, not just below it."""
    promise = Promise(tmp_path, "here", calm)
    result = slowed(reasoner, Safeguards(), begins_s=10.5, factor=4.0, promise=promise)
    (score,) = Promise(tmp_path, "here", calm)._log.scores(promise.regime(1))

    assert is_in_hand(result)
    assert closed_s(result) is not None
    assert 0.7 < score < 2.0  # it was to take four times as long


@pytest.mark.parametrize("watchdog", [True, False])
def test_the_watchdog_keeps_a_stalled_engine_from_making_it_late(reasoner: Make, watchdog: bool) -> None:
    """The engine hangs past the deadline: with it the answer in hand comes meanwhile, without it after the stall."""
    over = threading.Event()
    made = reasoner(
        ENDLESS,
        safeguards=Safeguards(watchdog=watchdog),
        on_call=lambda call: over.wait(1.0) if call == 30 else None,
    )
    result = made.ask("?", deadline=0.4)
    over.set()

    assert "12345678" == result.answer
    assert watchdog == is_in_hand(result)
    assert bool(result.trace.events("handed_over")) == watchdog
    assert watchdog or not result.deadline_met

"""Laws of the promise about time: every forced closing counts, regimes begin anew, and what it rests on is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgereason.controller.reserve import MISS_RATE, closings_needed
from edgereason.errors import ConfigError
from edgereason.promise import Promise, setting_of
from edgereason.request import HANDOVER_S
from edgereason.runtime import Reasoner
from edgereason.testing import FakeClock
from edgereason.types import EngineInfo, ModelInfo

Make = Callable[..., Reasoner]
ENDLESS = {"<think>\n": "on and on " * 300, "\\boxed{": "3}<|im_end|>"}
INFO = EngineInfo(
    name="fake", version="1", device="cpu", vocab_size=8, hidden_size=4, num_layers=1, context=64, threads=2
)
MODEL = ModelInfo(name="m", lineage="l", file="f")


def calm() -> bool:
    """Nobody else is at work."""
    return False


def test_a_forced_closing_is_kept_and_a_thought_that_ended_is_not(reasoner: Make, tmp_path: Path) -> None:
    """Under the width that closed, as the log of what it took over what was predicted: nothing more than that here."""
    promise = Promise(tmp_path, "here", calm)
    short = {**ENDLESS, "<think>\n": "so\n</think>\n\n\\boxed{2}<|im_end|>"}
    ended = reasoner(short, clock=FakeClock(), pass_s=0.1, promise=promise).ask("?", deadline=50.0, profile="hard")
    assert "complete" == ended.finish
    assert not list(tmp_path.iterdir())

    result = reasoner(ENDLESS, clock=FakeClock(), pass_s=0.1, promise=promise).ask("?", deadline=12.0, profile="easy")
    assert "deadline" == result.finish
    (score,) = Promise(tmp_path, "here", calm)._log.scores(promise.regime(1))
    assert -1.5 < score <= 0.05  # an answer may take fewer tokens than were kept back for
    assert "provisional" in result.plan.promise


def test_slow_closings_are_given_more_time(reasoner: Make, tmp_path: Path) -> None:
    """After as many closings as the bound needs, each twice as long as predicted, rows close earlier."""
    promise = Promise(tmp_path, "here", calm)
    first = reasoner(ENDLESS, clock=FakeClock(), pass_s=0.1, promise=promise).ask("?", deadline=12.0, profile="easy")
    for _ in range(closings_needed(MISS_RATE)):
        promise.add(1, 0.7)
    second = reasoner(ENDLESS, clock=FakeClock(), pass_s=0.1, promise=promise).ask("?", deadline=12.0, profile="easy")

    assert second.plan.closing_reserve_s > 1.4 * first.plan.closing_reserve_s
    assert second.usage.reasoning_tokens < first.usage.reasoning_tokens
    assert ("provisional" in first.plan.promise, "provisional" in second.plan.promise) == (True, False)


def test_regimes_begin_anew(tmp_path: Path) -> None:
    """Closings of another width, of a busy machine, another thread count or file say nothing here."""
    promise = Promise(tmp_path, setting_of(INFO, MODEL), calm)
    promise.add(3, 0.5)
    assert 1 == promise.reserve(4, MISS_RATE).closings
    others = [
        Promise(tmp_path, setting_of(INFO, MODEL), lambda: True),
        Promise(tmp_path, setting_of(replace(INFO, threads=1), MODEL), calm),
        Promise(tmp_path, setting_of(INFO, replace(MODEL, file="g")), calm),
    ]
    assert [0] * 3 == [other.reserve(4, MISS_RATE).closings for other in others]
    assert [0, 0] == [promise.reserve(rows, MISS_RATE).closings for rows in (2, 5)]


def test_a_smaller_miss_rate_keeps_more_and_needs_more(tmp_path: Path) -> None:
    """From the same closings."""
    promise = Promise(tmp_path, "here", calm)
    for place in range(500):
        promise.add(1, place * 7919 % 500 / 1000)
    often, seldom = promise.reserve(1, 0.2), promise.reserve(1, 0.01)
    assert often.factor < seldom.factor
    assert (False, True) == (often.is_provisional, promise.reserve(1, 0.001).is_provisional)


@pytest.mark.parametrize("miss_rate", [0.0, -0.1, 0.6, float("nan")])
def test_a_miss_rate_out_of_range_is_refused(reasoner: Make, miss_rate: float) -> None:
    """With the range."""
    with pytest.raises(ConfigError, match=r"from 0\.0001 to 0\.5"):
        reasoner(ENDLESS).ask("?", deadline=1.0, miss_rate=miss_rate)


def test_beside_neighbours_the_shortest_deadline_is_longer(reasoner: Make, tmp_path: Path) -> None:
    """They leave half of a core: what is predicted for prompt and direct answer, and the hand-over, count twice."""
    calm, busy = (
        reasoner(ENDLESS, clock=FakeClock(), pass_s=0.1, promise=Promise(tmp_path, "here", lambda x=is_busy: x)).ask(
            "?", deadline=50.0, profile="easy"
        )
        for is_busy in (False, True)
    )
    assert busy.shortest_feasible_s == pytest.approx(2 * calm.shortest_feasible_s)


def test_beside_neighbours_the_answer_is_handed_over_earlier(reasoner: Make, tmp_path: Path) -> None:
    """Whoever waits wakes later there."""
    left_s = []
    for is_busy in (False, True):
        promise = Promise(tmp_path, "here", lambda x=is_busy: x)
        request = reasoner(ENDLESS, clock=FakeClock(), pass_s=0.1, promise=promise).submit("?", deadline=50.0)
        assert request.due is not None
        left_s.append(request.entry + 50.0 - request.due)

    assert [pytest.approx(HANDOVER_S), pytest.approx(2 * HANDOVER_S)] == left_s

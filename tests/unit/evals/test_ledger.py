"""Laws of the ledger: nothing late is left out, shares have intervals, a verdict needs enough asks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgereason.errors import RecordError
from edgereason.evals.ledger import Ask, ask_from, ask_of, ask_record, ledger_of
from edgereason.evals.tasks import Item
from edgereason.records import provenance
from edgereason.testing import FakeClock
from edgereason.trace import Trace
from edgereason.types import GREEDY, ModelInfo, Plan, Result, Rollout, RowGroup, Usage

ITEM = Item(id="q", question="1 + 1 = ?", target="2", family="sums", band="easy")
MODEL = ModelInfo(name="m", lineage="l", file="f")
SOURCE = provenance(device="d", engine="e", engine_version="1", model=MODEL, seed=0, n=None, command="c", date="d")
GOOD = Ask(
    id="q", family="sums", band="easy", deadline_s=1.0, elapsed_s=0.98, reported_s=0.97, shortest_feasible_s=0.1,
    regime="calm", loaded=False, is_limited=True, closed_s=0.8, is_in_hand=False, answer="2", correct=True,
    finish="deadline", rows=1, promise="words",
)  # fmt: skip
ASKS = st.builds(
    lambda elapsed, deadline, regime, loaded, limited, closed, in_hand, answer, correct: replace(
        GOOD, elapsed_s=elapsed, deadline_s=deadline, regime=regime, loaded=loaded, closed_s=closed,
        is_limited=limited or elapsed > deadline, is_in_hand=in_hand, answer=answer, correct=correct and answer == "2",
    ),
    st.floats(0.01, 3), st.floats(0.01, 3), st.sampled_from(["calm", "busy"]), st.booleans(), st.booleans(),
    st.none() | st.floats(0, 3), st.booleans(), st.sampled_from([None, "2"]), st.booleans(),
)  # fmt: skip


def rollout(finish: Any, text: str = "\\boxed{2}", *, is_direct: bool = False) -> Rollout:
    """A row that ended so."""
    return Rollout(
        row=0, seed=0, tokens=(), logprobs=(), entropies=(), forced=(), finish=finish, reasoning="", text=text,
        answer=None, canonical=None, confidence=0.5, reasoning_tokens=0, is_direct=is_direct,
    )  # fmt: skip


def ask(*rollouts: Rollout, elapsed_s: float = 0.5, cut: bool = False, trace: Trace | None = None, **more: Any) -> Ask:
    """The row of a request with one second, whose plan was cut by time or not."""
    plan = Plan(
        profile="hard", rows=(RowGroup(count=1, think_tokens=9),), answer_tokens=9, sampling=GREEDY, is_cut_by_time=cut
    )
    values: dict[str, Any] = {
        "answer": "2", "text": "", "reasoning": "", "confidence": 0.5, "deadline_s": 1.0, "elapsed_s": elapsed_s,
        "deadline_met": elapsed_s <= 1.0, "load_s": 0.0, "finish": "complete", "difficulty": None, "plan": plan,
        "usage": Usage(prompt_tokens=1, reasoning_tokens=1, completion_tokens=1), "rollouts": rollouts, "model": MODEL,
        "engine": "e", "seed": 0, "trace": trace,
    }  # fmt: skip
    result = Result(**{**values, **more})
    return ask_of(ITEM, result, deadline_s=1.0, elapsed_s=elapsed_s, regime="calm", loaded=False)


@pytest.mark.parametrize(
    ("made", "limited"),
    [
        (ask(rollout("eos", is_direct=True), rollout("eos")), False),
        (ask(rollout("eos", is_direct=True), rollout("eos"), cut=True), False),  # done before its time ended
        (ask(rollout("eos"), rollout("forced")), False),  # the profile ended the thought, not the time
        (ask(rollout("eos"), rollout("forced"), cut=True), True),
        (ask(rollout("eos", is_direct=True), cut=True), True),  # no time for a thought
        (ask(rollout("eos"), finish="deadline"), True),
        (ask(rollout("eos"), elapsed_s=1.001), True),  # late: counted, whatever ended it
    ],
)
def test_limited_by_time_is_what_would_have_gone_on(made: Ask, limited: bool) -> None:
    """And everything that is late."""
    assert limited == made.is_limited


def test_the_answer_in_hand_is_told_from_a_vote_at_the_close() -> None:
    """Rows that were closed have text; rows that were stopped have none; a hand-over is in the trace."""
    trace = Trace(FakeClock())
    trace.add("handed_over", "2")
    direct = rollout("eos", is_direct=True)
    made = [
        ask(direct, rollout("deadline"), finish="deadline"),
        ask(direct, rollout("deadline", ""), finish="deadline"),
        ask(direct, finish="deadline", trace=trace),
        ask(rollout("deadline", "", is_direct=True), finish="deadline", answer=None),  # nothing was in hand
    ]
    assert [False, True, True, False] == [each.is_in_hand for each in made]


def test_closing_began_with_the_first_thought_that_time_closed() -> None:
    """Not with one that its budget closed."""
    clock = FakeClock()
    trace = Trace(clock)
    for at_s, why in ((0.2, "forced"), (0.7, "deadline"), (0.8, "deadline")):
        clock.now_s = at_s
        trace.add("closing", 1, 5, why)
    assert 0.7 == ask(rollout("deadline"), trace=trace, finish="deadline").closed_s


@given(st.lists(ASKS, max_size=40))
def test_every_late_ask_is_counted_and_counts_as_wrong(asks: list[Ask]) -> None:
    """In the line of all and in exactly one line of each pair of groups; intervals hold their shares."""
    ledger = ledger_of(asks, SOURCE, miss_rate=0.01)
    lines = {line.name: line for line in ledger.lines}
    late = sum(each.is_late for each in asks)

    assert late == lines["all"].late.count
    for pair in (("calm", "busy"), ("without load", "under load")):
        shown = [lines[name] for name in pair if name in lines]
        assert not shown or (late, len(asks)) == (sum(x.late.count for x in shown), sum(x.n for x in shown))
    assert lines["all"].right.count <= len(asks) - late
    assert all(x.late.low <= x.late.share <= x.late.high for x in ledger.lines if x.late.n)


@given(st.lists(ASKS, min_size=1, max_size=30), st.integers(0, 29))
def test_one_more_late_never_helps(asks: list[Ask], place: int) -> None:
    """With an ask late that was in time, no bound about lateness holds that did not hold before."""
    place %= len(asks)
    limited = [*asks[:place], replace(asks[place], is_limited=True), *asks[place + 1 :]]
    worse = [*asks[:place], replace(limited[place], elapsed_s=4.0), *asks[place + 1 :]]
    before, after = (ledger_of(each, SOURCE, miss_rate=0.01).bounds for each in (limited, worse))
    bounds = [(x, y) for x, y in zip(before, after, strict=True) if x.words.startswith("late")]
    assert all(x.holds or not y.holds for x, y in bounds)


@given(ASKS)
def test_a_recorded_ask_is_read_back(made: Ask) -> None:
    """Through JSON."""
    assert made == ask_from(json.loads(json.dumps(ask_record(made))))


def test_a_record_without_a_field_is_refused() -> None:
    """By the field's name."""
    record = ask_record(GOOD)
    del record["closed_s"]
    with pytest.raises(RecordError, match="closed_s"):
        ask_from(record)


@pytest.mark.parametrize(
    ("late", "n", "verdict"),
    [(0, 100, "open"), (0, 400, "kept"), (8, 2000, "kept"), (14, 2000, "open"), (40, 2000, "broken")],
)
def test_a_verdict_needs_enough_asks(late: int, n: int, verdict: str) -> None:
    """0.6 % of 2,000 and an upper limit of at most 1 %: 8 late are few enough, 14 leave it open, 40 break it."""
    asks = [replace(GOOD, elapsed_s=1.1 if place < late else 0.9) for place in range(n)]
    assert verdict == ledger_of(asks, SOURCE, miss_rate=0.01).verdict


@pytest.mark.parametrize(
    "change",
    [{"answer": None, "correct": False}, {"is_in_hand": True}, {"closed_s": 0.5}, {"elapsed_s": 1.5, "regime": "busy"}],
)
def test_each_bound_can_fail(change: dict[str, Any]) -> None:
    """No answer though one was feasible, falling back too often, closing too early, late in one regime."""
    asks = [replace(GOOD, **change) if place % 8 < 6 else GOOD for place in range(800)]
    ledger = ledger_of(asks, SOURCE, miss_rate=0.01)
    assert "broken" == ledger.verdict
    assert "FAILS" in ledger.to_text()


def test_table_and_json_say_the_same() -> None:
    """Regimes side by side, the interval beside the share, the promise in words, the overshoot."""
    asks = [GOOD, replace(GOOD, elapsed_s=1.25, regime="busy", promise="other words")]
    ledger = ledger_of(asks, SOURCE, miss_rate=0.01, interrupted=True)
    said, found = ledger.to_text(), json.loads(ledger.to_json())

    assert ["all", "calm", "busy"] == [line["name"] for line in found["lines"]]
    assert (0.5, 2) == (found["lines"][0]["late"]["share"], found["provenance"]["n"])
    assert 0.25 == pytest.approx(found["most_overshoot_s"])
    assert all(words in said for words in ("interrupted", "1.26% - 98.74%", "promised: words", "promised: other words"))

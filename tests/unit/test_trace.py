"""Laws of the trace."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from edgereason.decoding.loop import Decoder
from edgereason.errors import RecordError
from edgereason.testing import FakeEngine
from edgereason.trace import EVENT_FIELDS, Trace
from edgereason.types import Markers, Plan, RowGroup, Sampling, Work


class Ticks:
    """A clock that moves one second each time it is read."""

    def __init__(self) -> None:
        self.now = 99.0

    def __call__(self) -> float:
        """The next second."""
        self.now += 1.0
        return self.now


def test_events_are_stamped_since_entry_in_order() -> None:
    """Each event carries the seconds since the request's entry, oldest first."""
    trace = Trace(Ticks())
    trace.add("prefilled", (1, 2))
    trace.add("answer", 0, "4", 0.5)

    expected = ((1.0, "prefilled", ((1, 2),)), (2.0, "answer", (0, "4", 0.5)))
    assert expected == trace.events()
    assert expected[1:] == trace.events("answer")


def test_entry_is_the_callers_when_it_knows_better() -> None:
    """The request's clock starts where the caller says, not where the trace was made."""
    trace = Trace(Ticks(), entry=60.0)

    assert trace.elapsed_s == 40.0


def test_record_names_every_value_and_is_plain_json() -> None:
    """`to_record` gives named, plain values that survive JSON unchanged."""
    trace = Trace(Ticks())
    trace.add("admitted", 3, np.int64(7), Sampling(seed=2))
    trace.add("forced", 3, 0, None, (8, 9))
    record = trace.to_record()

    sampling = {"temperature": 0.7, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "seed": 2}
    assert record["events"] == [
        {"at_s": 1.0, "event": "admitted", "row": 3, "seed": 7, "sampling": sampling},
        {"at_s": 2.0, "event": "forced", "row": 3, "position": 0, "sampled": None, "tokens": [8, 9]},
    ]
    assert record == json.loads(json.dumps(record))


def test_event_with_wrong_number_of_values_is_refused() -> None:
    """A record never guesses which value is which."""
    trace = Trace(Ticks())
    trace.add("dropped", 1)

    with pytest.raises(RecordError, match="dropped") as caught:
        trace.to_record()
    assert "row, position, why" in caught.value.hint


def test_no_event_field_hides_the_stamp_or_the_kind() -> None:
    """Names of values never collide with those that every event has."""
    names = {name for fields in EVENT_FIELDS.values() for name in fields}

    assert names.isdisjoint({"at_s", "event"})


def test_passes_are_counted_by_width() -> None:
    """Per width: how many passes, their seconds together, and the longest one."""
    trace = Trace(Ticks())
    trace.add_pass(0.25, Work(rows=4, context=10))
    trace.add_pass(0.5, Work(rows=1, further_tokens=6))
    trace.add_pass(1.5, Work(rows=4, passes=3, context=20, beside=10))
    trace.add_pass(0.125, Work(rows=4, context=30, beside=10, further_tokens=2))

    assert trace.to_record()["passes"] == [
        {"rows": 1, "count": 1, "seconds": 0.5, "longest_s": 0.5, "context": 0.0, "beside": 0.0, "further_tokens": 6},
        {
            "rows": 4,
            "count": 5,
            "seconds": 1.875,
            "longest_s": 0.5,
            "context": 20.0,
            "beside": 8.0,
            "further_tokens": 2,
        },
    ]
    one, four = Work(rows=1, further_tokens=6), Work(rows=4, passes=5, context=20, beside=8, further_tokens=2)
    assert (one, four) == trace.work()


def test_passes_can_be_read_while_they_are_counted() -> None:
    """Whoever takes the answer in hand reads them while the loop runs: never a width that is counted by half."""
    trace, read = Trace(Ticks()), []

    class Interrupted:
        """Work of a new width, in the middle of whose counting another thread looks."""

        rows, context, beside, further_tokens = 5, 10.0, 0.0, 0

        @property
        def passes(self) -> int:
            read.append(trace.to_record()["passes"])
            return 1

    trace.add_pass(0.25, Work(rows=4, context=10))
    trace.add_pass(0.5, Interrupted())  # type: ignore[arg-type]

    assert read
    assert all([4] == [each["rows"] for each in passes] for passes in read)
    assert [4, 5] == [each.rows for each in trace.work()]


# ---------------------------------------------------------------- replay


class Steady:
    """A pace that closes the rows after `close_after` passes and stops after `stop_after`."""

    def __init__(self, close_after: int, stop_after: int) -> None:
        self.passes, self.close_after, self.stop_after = 0, close_after, stop_after

    def must_close(self, rows: int) -> bool:
        """Whether so many passes were run."""
        return self.passes >= self.close_after

    def must_stop(self) -> bool:
        """Whether so many passes were run."""
        return self.passes >= self.stop_after

    def observe(self, work: Work, seconds: float) -> None:
        """Count."""
        self.passes += work.passes


class Numbers:
    """A codec that writes ids as numbers."""

    def encode(self, text: str, *, continues: bool = False) -> tuple[int, ...]:
        """The numbers in the text."""
        return tuple(int(word) for word in text.split())

    def decode(self, tokens: Sequence[int]) -> str:
        """The numbers, spaced."""
        return " ".join(map(str, tokens))

    def ends_inside_character(self, tokens: Sequence[int]) -> bool:
        """Numbers have no parts."""
        return False


def decoded(engine: FakeEngine, prompt: tuple[int, ...], pace: Steady) -> Decoder:
    """What the decode loop made of a prompt: a direct answer and three thinking rows."""
    decoder = Decoder(
        batch=engine.batch(),
        prefix=engine.prefill(prompt),
        markers=Markers(
            open_thought=(1,), direct=(1, 2), thought_close=(2,), close_thought=(2, 3), answer_opener=(4, 5),
            extension=(6, 7), end_of_turn=frozenset({0}),
        ),
        codec=Numbers(),
        read_answer=lambda text: (text, text),
        pace=pace,
        clock=lambda: 0.0,
        started=0.0,
        context=engine.context,
        trace=Trace(lambda: 0.0),
    )  # fmt: skip
    decoder.answer_directly(Sampling(temperature=0.0), 0, 6)
    chosen = Plan(
        profile="p",
        rows=(RowGroup(count=3, think_tokens=12),),
        answer_tokens=5,
        sampling=Sampling(temperature=2.0, seed=5),
        extensions=1,
    )
    decoder.think(chosen, lambda rollouts, most_rows: False)
    return decoder


def replayed(engine: FakeEngine, prompt: tuple[int, ...], events: list[dict[str, Any]]) -> dict[int, tuple[int, ...]]:
    """Each row's tokens, from the prompt and the events of its trace alone."""
    rows: dict[int, tuple[int, ...]] = {}
    for admitted in (event for event in events if event["event"] == "admitted"):
        mine = [event for event in events if event.get("row") == admitted["row"]]
        forced = {
            event["position"] + i: token
            for event in mine
            if event["event"] == "forced"
            for i, token in enumerate(event["tokens"])
        }
        (length,) = [event["position"] for event in mine if event["event"] == "dropped"]
        batch = engine.batch()
        (row,) = batch.admit(engine.prefill(prompt), Sampling(**admitted["sampling"]), [admitted["seed"]])
        tokens: list[int] = []
        while len(tokens) < length:
            tokens.append(forced.get(len(tokens), batch.propose().tokens[0]))
            batch.commit({row: tokens[-1:]})
        rows[admitted["row"]] = tuple(tokens)
    return rows


@pytest.mark.parametrize(("close_after", "stop_after"), [(10**9, 10**9), (14, 10**9), (14, 22), (0, 30)])
def test_trace_replays_every_row_token_for_token(close_after: int, stop_after: int) -> None:
    """Prompt and trace give back all tokens of all rows, closed early or dropped by the clock or not."""
    engine, prompt = FakeEngine(vocab_size=12), (8, 9, 10)
    decoder = decoded(engine, prompt, Steady(close_after, stop_after))
    events = json.loads(json.dumps(decoder.trace.to_record()))["events"]
    expected = {rollout.row: rollout.tokens for rollout in decoder.rollouts}

    assert len(expected) == 4
    assert expected == replayed(engine, prompt, events)


def test_trace_counts_every_pass_of_the_loop() -> None:
    """The tally of passes is what the engine ran."""
    engine = FakeEngine(vocab_size=12)
    decoder = decoded(engine, (8, 9, 10), Steady(14, 22))

    passes = decoder.trace.to_record()["passes"]
    assert sum(tally["count"] for tally in passes) == engine.calls - 1  # the prefill is a call, too

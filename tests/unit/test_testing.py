"""The doubles: time that passes on demand, scripts that are followed, costs and stalls, handles counted."""

from __future__ import annotations

import numpy as np
import pytest

from edgereason.errors import Aborted
from edgereason.protocols import Passes
from edgereason.testing import FakeClock, FakeEngine, scripted
from edgereason.types import GREEDY, Sampling

HOT = Sampling(temperature=1.0)


def chances(script: dict, context: tuple[int, ...], **options: float) -> dict[int, float]:
    """The tokens that may come next, to three places."""
    logits = scripted(script, 16, **options)(context)
    return {token: round(p, 3) for token, p in enumerate(np.exp(logits).tolist()) if p > 1e-3}


def test_a_clock_moves_only_when_told() -> None:
    """And only forward."""
    clock = FakeClock(5.0)
    clock.advance(0.25)

    assert (clock(), clock()) == (5.25, 5.25)
    with pytest.raises(ValueError, match="-1"):
        clock.advance(-1)


def test_a_script_is_followed_from_its_key_on() -> None:
    """Wherever the key ends the context, token by token."""
    script = {(1, 2): (3, 4, 5)}

    assert [chances(script, c) for c in ((9, 1, 2), (9, 1, 2, 3), (1, 2, 3, 4))] == [{3: 1.0}, {4: 1.0}, {5: 1.0}]


def test_a_used_up_script_says_otherwise() -> None:
    """After its end, and where no key fits."""
    assert chances({(1,): (2,)}, (1, 2), otherwise=7) == {7: 1.0}
    assert chances({(1,): (2,)}, (4,), otherwise=7) == {7: 1.0}


def test_lines_part_with_their_weights() -> None:
    """Where they agree there is one token, where they part the weights decide, afterwards only what agrees counts."""
    script = {(1,): {(2, 3, 4): 3.0, (2, 5): 1.0, (6,): 4.0}}

    assert chances(script, (1,)) == {2: 0.5, 6: 0.5}
    assert chances(script, (1, 2)) == {3: 0.75, 5: 0.25}
    assert chances(script, (1, 2, 5), otherwise=0) == {0: 1.0}


def test_the_key_that_ended_last_counts_and_the_longer_of_two() -> None:
    """So that forced text takes over."""
    script = {(1,): (2, 2, 2, 2, 2), (9,): (3,), (8, 9): (4,)}

    assert chances(script, (1, 2, 9)) == {3: 1.0}
    assert chances(script, (1, 8, 9)) == {4: 1.0}


def test_an_earlier_key_takes_over_when_a_later_one_is_used_up() -> None:
    """The longer line goes on through the shorter one's key."""
    assert chances({(1,): (2, 3, 4, 5), (3,): (4,)}, (1, 2, 3, 4)) == {5: 1.0}


def test_a_script_without_keys_or_lines_is_refused() -> None:
    """An empty key would fit everywhere."""
    with pytest.raises(ValueError, match="key"):
        scripted({(): (1,)}, 4)
    with pytest.raises(ValueError, match="continuation"):
        scripted({(1,): {}}, 4)


def test_rows_take_the_branches_of_a_script_by_their_weights() -> None:
    """Through the real sampler: of 60 rows about a quarter take the rarer line."""
    engine = FakeEngine(vocab_size=16, logits=scripted({(1,): {(2,): 0.75, (3,): 0.25}}, 16))
    batch = engine.batch()
    batch.admit(engine.prefill([1]), HOT, range(60))
    tokens = batch.propose().tokens

    assert set(tokens) == {2, 3}
    assert 6 <= tokens.count(3) <= 25


def test_prefills_and_passes_take_the_time_they_cost() -> None:
    """A prompt of 10 tokens in chunks of 4, then a commit of at most 3 tokens over 2 rows."""
    clock = FakeClock()
    engine = FakeEngine(
        clock=clock, prefill_chunk=4, prefill_s=lambda tokens: 0.1 * tokens, pass_s=lambda rows: 1.0 * rows
    )
    prefix = engine.prefill(range(1, 11))
    assert (clock(), engine.calls) == (pytest.approx(1.0), 3)
    batch = engine.batch()
    first, second = batch.admit(prefix, GREEDY, [0, 0])
    passes = batch.commit({first: [1, 2, 3], second: [4]})

    assert (passes.count, passes.rows, batch.passes) == (3, 2, 3)
    assert clock() == pytest.approx(7.0)


def test_only_what_follows_a_base_costs_time() -> None:
    """The base has been run."""
    clock = FakeClock()
    engine = FakeEngine(clock=clock, prefill_s=lambda tokens: 1.0 * tokens)
    base = engine.prefill([1, 2, 3])
    engine.prefill([1, 2, 3, 4], base=base)

    assert clock() == pytest.approx(4.0)


def test_a_stall_comes_at_its_call() -> None:
    """Calls are counted over prefill chunks and passes."""
    clock, seen = FakeClock(), []
    engine = FakeEngine(clock=clock, stalls={1: 9.0}, on_call=lambda call: seen.append((call, clock())))
    batch = engine.batch()
    row = batch.admit(engine.prefill([1, 2]), GREEDY, [0])[0]
    batch.commit({row: [1]})
    batch.commit({row: [1]})

    assert seen == [(0, 0.0), (1, 9.0), (2, 9.0)]


def test_an_abort_comes_between_passes() -> None:
    """What ran before it has cost its time."""
    clock = FakeClock()
    engine = FakeEngine(clock=clock, pass_s=lambda rows: 1.0)
    batch = engine.batch()
    row, _ = batch.admit(engine.prefill([1]), GREEDY, [0, 1])

    with pytest.raises(Aborted):
        batch.commit({row: [1, 2, 3, 4]}, lambda: clock() >= 2)
    assert clock() == 2.0


def test_one_row_takes_several_tokens_in_one_pass() -> None:
    """As engines do; beside another row they take a pass each."""
    engine = FakeEngine()
    batch = engine.batch()
    first, second = batch.admit(engine.prefill([1]), GREEDY, [0, 1])

    assert Passes(count=3, rows=2) == batch.commit({first: [1, 2, 3], second: [1]})
    batch.keep([first])
    assert Passes(count=1, rows=1) == batch.commit({first: [1, 2, 3]})


def test_handles_are_counted() -> None:
    """Open ones, closed ones, and closing twice once."""
    engine = FakeEngine()
    prefix, batch = engine.prefill([1]), engine.batch()
    prefix.close()
    prefix.close()

    assert (engine.open_handles, engine.closed_handles) == (1, 1)
    batch.close()
    assert (engine.open_handles, engine.closed_handles) == (0, 2)


def test_hidden_states_and_logits_may_be_functions_of_the_test() -> None:
    """Pure functions of the context."""
    engine = FakeEngine(
        vocab_size=4,
        hidden_size=2,
        logits=lambda context: np.eye(4, dtype=np.float32)[len(context) % 4] * 9,
        hidden=lambda context: np.array([len(context), sum(context)], np.float32),
    )
    prefix = engine.prefill([1, 2, 3])
    batch = engine.batch()
    batch.admit(prefix, GREEDY, [0])

    assert prefix.hidden.tolist() == [3.0, 6.0]
    assert batch.propose().tokens == [3]

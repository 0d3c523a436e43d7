"""The Reasoner's laws, on a scripted engine: answers in time, an answer in hand, queueing, cancelling, closing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from edgereason.errors import ClosedError, ConfigError, ContextLengthError, DeadlineError, DeadlineExceededError
from edgereason.runtime import Reasoner
from edgereason.testing import FakeClock
from edgereason.types import Message

Make = Callable[..., Reasoner]
SCRIPT = {
    "<think>\n": "1 + 1 = 2\n</think>\n\n\\boxed{2}<|im_end|>",
    "<think>\n\n</think>\n\n\\boxed{": "3}<|im_end|>",
}
ENDLESS = {"<think>\n": "on and on " * 300, "\\boxed{": "3}<|im_end|>"}


class Gate:
    """Holds the engine's n-th native call until it is opened."""

    def __init__(self, call: int) -> None:
        self.call = call
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, call: int) -> None:
        """Wait at the chosen call."""
        if call == self.call:
            self.reached.set()
            self.opened.wait(20)


def test_the_thought_wins_over_the_direct_answer(reasoner: Make) -> None:
    """The direct answer counts only while no thinking row has answered."""
    result = reasoner(SCRIPT).ask("1 + 1 = ?")

    assert ("2", "complete", None, "1 + 1 = 2") == (result.answer, result.finish, result.deadline_met, result.reasoning)
    assert result.rollouts[0].is_direct
    assert "3" == result.rollouts[0].answer


def test_the_plan_is_reported_with_its_reason(reasoner: Make) -> None:
    """A result says which profile was planned, how wide, and why."""
    result = reasoner(SCRIPT).ask("1 + 1 = ?", profile="normal", deadline=5.0)

    assert ("normal", 4) == (result.plan.profile, result.plan.num_rows)
    assert "normal" in result.plan.reason
    assert result.difficulty.label in {"easy", "normal", "hard"}


def test_given_choices_are_always_chosen_from(reasoner: Make) -> None:
    """A model that names no option still ends with one: the direct answer is held to them."""
    result = reasoner(SCRIPT).ask("Is 7 more than 5?", choices=["yes", "no"], deadline=5.0)

    assert result.answer in {"yes", "no"}
    assert result.rollouts[0].answer == result.answer


def test_a_choice_may_begin_with_another(reasoner: Make) -> None:
    """Of 1 and 10 both can be chosen."""
    made = reasoner({"<think>\n\n</think>\n\n\\boxed{": "10}<|im_end|>"})

    assert "10" == made.ask("?", choices=["1", "10"], profile="direct").answer


def test_the_direct_profile_does_not_think(reasoner: Make) -> None:
    """A profile with no think tokens returns the direct answer."""
    result = reasoner(SCRIPT).ask("1 + 1 = ?", profile="direct")

    assert ("3", 1) == (result.answer, len(result.rollouts))


def test_endless_thoughts_are_closed_in_time_and_vote(reasoner: Make) -> None:
    """In simulated time, every row is closed before the deadline and answers."""
    clock = FakeClock()
    made = reasoner(ENDLESS, pass_s=1e-3, clock=clock)
    result = made.ask("?", deadline=0.3, profile="hard")

    assert ("3", "deadline", True) == (result.answer, result.finish, result.deadline_met)
    assert result.elapsed_s > 0.7 * 0.3, "the time was used"
    assert all(r.answer == "3" for r in result.rollouts)
    assert () == result.notes, "nothing was handed over: every row had closed"
    assert () == result.trace.events("handed_over")


def test_the_watchdog_hands_over_while_the_engine_hangs(reasoner: Make) -> None:
    """A native call that does not return cannot make a request with an answer in hand late."""
    gate = Gate(call=30)
    made = reasoner(ENDLESS, on_call=gate)
    started = time.perf_counter()
    result = made.ask("?", deadline=0.4)
    elapsed = time.perf_counter() - started
    gate.opened.set()

    assert ("3", "deadline") == (result.answer, result.finish)
    assert gate.reached.is_set()
    assert elapsed < 5, "the engine hangs for twenty seconds"
    assert any("answer in hand" in note for note in result.notes)
    assert [("3",)] == [values for _, _, values in result.trace.events("handed_over")]


def test_no_answer_is_said_plainly_with_the_shortest_feasible_deadline(reasoner: Make) -> None:
    """Where the engine hangs before any answer, there is none, and the note names a deadline that would do."""
    gate = Gate(call=0)
    made = reasoner(ENDLESS, on_call=gate)
    result = made.ask("?", deadline=0.05)
    gate.opened.set()

    assert (None, False, "deadline") == (result.answer, result.text != "", result.finish)
    assert result.shortest_feasible_s > 0
    assert f"{1e3 * result.shortest_feasible_s:.0f} ms" in " ".join(result.notes)


def test_no_answer_is_an_error_where_the_caller_asked_for_one(reasoner: Make) -> None:
    """`on_deadline="error"` raises where there is nothing to return."""
    gate = Gate(call=0)
    made = reasoner(ENDLESS, on_call=gate)
    with pytest.raises(DeadlineExceededError, match=r"0\.05"):
        made.ask("?", deadline=0.05, on_deadline="error")
    gate.opened.set()


def test_grace_waits_for_the_first_answer_only(reasoner: Make) -> None:
    """With a grace, a request without an answer goes on past its deadline, is late, and says so."""
    made = reasoner(ENDLESS, on_call=lambda call: time.sleep(0.02 if call < 12 else 0))
    result = made.ask("?", deadline=0.03, grace=5.0)

    assert ("3", False) == (result.answer, result.deadline_met)
    assert result.elapsed_s < 2


def test_rows_that_finish_early_leave_time_for_more(reasoner: Make) -> None:
    """On a device where width costs, one row goes first; what it took decides how many more there are."""
    clock = FakeClock()
    result = reasoner(SCRIPT, slope=0.5, clock=clock).ask("1 + 1 = ?", deadline=0.5, profile="hard")
    plans = [values[0].num_rows for _, _, values in result.trace.events("plan")]

    assert [1, 16] == plans
    assert (16, "2", True) == (result.plan.num_rows, result.answer, result.deadline_met)
    assert "more rows" in result.plan.reason


def test_the_closing_reserve_follows_the_direct_answers_length(reasoner: Make) -> None:
    """A question with a short answer keeps less time back for closing."""
    wordy = {**SCRIPT, "<think>\n\n</think>\n\n\\boxed{": "1234567890}<|im_end|>"}
    short, long = (reasoner(script, clock=FakeClock()).ask("?", deadline=5.0) for script in (SCRIPT, wordy))

    assert short.plan.closing_reserve_s < long.plan.closing_reserve_s


def test_every_renewed_answer_is_traced_and_told_with_its_votes(reasoner: Make) -> None:
    """First the direct answer, then the voted one; events carry the votes that there are."""
    made = reasoner(SCRIPT)
    events = [event for event in made.stream("1 + 1 = ?", profile="normal") if event.kind == "row"]
    traced = [values[1] for _, _, values in made.ask("1 + 1 = ?", profile="normal").trace.events("answer")]

    assert "3" == traced[0]
    assert "2" == traced[-1]
    assert [{"3": 1.0}, {"2": 1.0}] == [event.votes for event in events[:2]]


def test_waiting_requests_clocks_run(reasoner: Make) -> None:
    """A request that waits behind another until its deadline is not answered late but not at all."""
    gate = Gate(call=2)
    made = reasoner(SCRIPT, on_call=gate)
    first = made.submit("1 + 1 = ?")
    assert gate.reached.wait(5)
    second = made.ask("1 + 1 = ?", deadline=0.1)
    gate.opened.set()

    assert (None, "deadline") == (second.answer, second.finish)
    assert second.elapsed_s < 5
    assert "2" == first.result().answer


def test_two_threads_share_a_reasoner(reasoner: Make) -> None:
    """Requests of several threads queue and are all answered."""
    made = reasoner(SCRIPT)
    answers: list[str | None] = []
    threads = [threading.Thread(target=lambda: answers.append(made.ask("1 + 1 = ?").answer)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert ["2"] * 6 == answers


def test_cancelling_ends_within_one_pass(reasoner: Make) -> None:
    """A cancelled request returns its answer in hand at once, and the engine is called at most once more."""
    gate = Gate(call=40)
    made = reasoner(ENDLESS, on_call=gate)
    request = made.submit("?", profile="hard")
    assert gate.reached.wait(5)
    assert "3" == request.peek()
    request.cancel()
    result = request.result()
    gate.opened.set()
    made.close()

    assert ("3", "cancelled") == (result.answer, result.finish)
    assert made._parts.engine.calls <= 42


def test_an_extended_request_thinks_on(reasoner: Make) -> None:
    """A thought that is stopped by one deadline is finished when the deadline moves while it runs."""
    gate = Gate(call=30)
    long = {**SCRIPT, "<think>\n": "on and on " * 20 + "\n</think>\n\n\\boxed{2}<|im_end|>"}
    clock = FakeClock()
    stopped = reasoner(long, clock=clock, pass_s=0.1).ask("?", deadline=6.0, profile="easy")
    running = reasoner(long, clock=clock, pass_s=0.1, on_call=gate).submit("?", deadline=6.0, profile="easy")
    assert gate.reached.wait(5)
    assert running.extend(60.0)
    gate.opened.set()
    result = running.result()

    assert ("deadline", "complete") == (stopped.finish, result.finish)
    assert ("2", 66.0, True) == (result.answer, result.deadline_s, result.deadline_met)
    assert not running.extend(1.0)


def test_a_tightened_request_wakes_who_waits_for_it(reasoner: Make) -> None:
    """Though the engine hangs: the answer in hand comes at the new deadline, not at the old one."""
    gate = Gate(call=40)
    made = reasoner(ENDLESS, on_call=gate)
    request = made.submit("?", deadline=600.0, profile="hard")
    assert gate.reached.wait(5)
    results: list[Any] = []
    waiting = threading.Thread(target=lambda: results.append(request.result()))
    waiting.start()
    assert request.tighten(599.9)
    waiting.join(20)
    gate.opened.set()

    assert [("3", "deadline")] == [(result.answer, result.finish) for result in results]
    assert 0 < results[0].deadline_s < 20


@pytest.mark.parametrize(("seconds", "error"), [(0.0, DeadlineError), (-1, DeadlineError), (1.0, ConfigError)])
def test_a_deadline_that_is_not_there_or_no_time_cannot_be_moved(
    reasoner: Make, seconds: float, error: type[Exception]
) -> None:
    """The request goes on as it was."""
    gate = Gate(call=5)
    request = reasoner(SCRIPT, on_call=gate).submit("1 + 1 = ?")
    for move in (request.extend, request.tighten):
        with pytest.raises(error):
            move(seconds)
    gate.opened.set()
    assert "2" == request.result().answer


def test_closing_ends_everything_within_a_second(reasoner: Make) -> None:
    """Close cancels what runs and what waits, and returns even while a native call hangs."""
    gate = Gate(call=5)
    made = reasoner(ENDLESS, on_call=gate)
    running, waiting = made.submit("?"), made.submit("?")
    assert gate.reached.wait(5)
    started = time.perf_counter()
    made.close()

    assert time.perf_counter() - started < 1.0
    assert ("cancelled", "cancelled") == (running.result().finish, waiting.result().finish)
    with pytest.raises(ClosedError):
        made.ask("?")
    gate.opened.set()


def test_closing_frees_every_handle(reasoner: Make) -> None:
    """After close no prefix or batch is left open."""
    made = reasoner(SCRIPT)
    made.ask("1 + 1 = ?")
    made.ask("2 + 1 = ?")
    made.close()

    assert (0, True) == (made._parts.engine.open_handles, made._parts.engine.closed)


def test_the_next_turn_continues_the_kept_prefix(reasoner: Make) -> None:
    """A conversation's second turn prefills only what is new."""
    prefilled: list[int] = []
    made = reasoner(SCRIPT, prefill_s=lambda tokens: prefilled.append(tokens) or 0.0)
    turn = [Message(role="user", content="What is 1 + 1? Please think about it.")]
    made.ask(turn)
    reply = Message(role="assistant", content="\\boxed{2}")
    made.ask([*turn, reply, Message(role="user", content="And plus 5?")])

    assert prefilled[1] < prefilled[0] + 10
    assert len(prefilled) == 2


def test_the_clock_of_an_awaited_ask_starts_at_the_call(reasoner: Make) -> None:
    """Time between the call and the await counts: a hanging request awaited late is late."""
    gate = Gate(call=20)
    made = reasoner(ENDLESS, on_call=gate)

    async def late() -> Any:
        pending = made.aask("?", deadline=0.1)
        time.sleep(0.3)
        return await pending

    result = asyncio.run(late())
    gate.opened.set()
    assert ("3", False) == (result.answer, result.deadline_met)
    assert 0.3 <= result.elapsed_s < 0.4 + 5


def test_many_awaited_asks_share_one_thread(reasoner: Make) -> None:
    """Waiting costs no thread, so every waiting request is watched."""
    made = reasoner(SCRIPT)
    before = threading.active_count()

    async def all_of_them() -> list[Any]:
        pending = [made.aask("1 + 1 = ?") for _ in range(40)]
        gathered = asyncio.gather(*pending)
        await asyncio.sleep(0)
        assert threading.active_count() == before
        return await gathered

    assert ["2"] * 40 == [result.answer for result in asyncio.run(all_of_them())]


def test_cancelling_a_task_cancels_the_request(reasoner: Make) -> None:
    """A cancelled task does not leave its request running."""
    gate = Gate(call=20)
    made = reasoner(ENDLESS, on_call=gate)

    async def cancelled() -> None:
        task = asyncio.ensure_future(made.aask("?"))
        await asyncio.to_thread(gate.reached.wait, 5)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    gate.opened.set()
    assert "3" == made.ask("?", deadline=1.0).answer


def test_a_stream_ends_with_the_result_and_loses_no_text(reasoner: Make) -> None:
    """Token events hold the row's text in order; the result comes last and once."""
    events = list(reasoner(SCRIPT).stream("1 + 1 = ?", profile="easy"))

    text = "".join(event.text for event in events if event.kind == "token" and event.row == 1)
    assert ["result"] == [event.kind for event in events if event.result]
    assert "result" == events[-1].kind
    assert "1 + 1 = 2" in text
    assert "2" == events[-1].result.answer


def test_a_reader_that_walks_away_cancels(reasoner: Make) -> None:
    """Leaving a stream early frees the worker for the next request."""
    made = reasoner(ENDLESS)
    for event in made.stream("?", profile="hard"):
        if event.kind == "row":
            break

    assert "3" == made.ask("?", profile="direct", deadline=5.0).answer


def test_waiting_is_as_long_as_the_deadline_allows(reasoner: Make) -> None:
    """Nobody spins: a waiting caller sleeps until the hand-over, or for long where there is no deadline."""
    gate = Gate(call=0)
    made = reasoner(SCRIPT, on_call=gate)
    soon, someday = made.submit("?", deadline=30.0), made.submit("?")
    assert 20 < soon.wait_s() < 30 < someday.wait_s()
    gate.opened.set()


def test_equal_values_in_other_words_vote_together(reasoner: Make) -> None:
    """With time to spare, 2x and x+x count as one answer where math-verify is there to tell."""
    pytest.importorskip("math_verify")
    script = {"<think>\n": {"a</think>\\boxed{2x}<|im_end|>": 0.5, "b</think>\\boxed{x+x}<|im_end|>": 0.5}, **{
        "<think>\n\n</think>\n\n\\boxed{": "3}<|im_end|>"}}  # fmt: skip
    made = reasoner(script)
    split: list[set[str]] = []
    for seed in range(40):  # some draws agree from the start, and the child process takes its time to come up
        rows = [row for row in made.ask("?", profile="normal", seed=seed).rollouts if row.answer and not row.is_direct]
        if 2 == len({row.answer for row in rows}):
            split.append({row.canonical or "" for row in rows})
            if 1 == len(split[-1]):
                break

    assert 1 == len(split[-1])


def test_low_confidence_abstains(reasoner: Make) -> None:
    """Below `min_confidence` there is no answer, and the note tells which one was withheld."""
    script = {"\\boxed{": {"3}<|im_end|>": 0.5, "4}<|im_end|>": 0.5}}
    result = reasoner(script).ask("?", profile="direct", min_confidence=0.99)

    assert (None, "abstained") == (result.answer, result.finish)
    assert "Abstained" in result.notes[-1]


@pytest.mark.parametrize("most", [7, 8, 12, 25, 40, 41, 60, 200, 1000])
def test_generated_tokens_stay_within_max_tokens(reasoner: Make, most: int) -> None:
    """A token budget over all rows is enforced, down to a direct answer of one token."""
    result = reasoner(ENDLESS).ask("?", profile="hard", max_tokens=most)

    assert result.usage.completion_tokens <= most
    assert "3" == result.answer


def test_a_token_budget_that_leaves_no_answer_is_refused(reasoner: Make) -> None:
    """What cannot be kept is refused with the least that can."""
    with pytest.raises(ConfigError, match="max_tokens = 3") as caught:
        reasoner(ENDLESS).ask("?", max_tokens=3)
    assert "at least 7" in caught.value.hint


def test_the_same_seed_gives_the_same_result(reasoner: Make) -> None:
    """Without a deadline a result is a function of question, profile and seed."""
    script = {**SCRIPT, "<think>\n": {"a</think>\\boxed{1}<|im_end|>": 0.5, "b</think>\\boxed{2}<|im_end|>": 0.5}}
    made = reasoner(script)
    one, two, other = (made.ask("?", profile="hard", seed=seed) for seed in (1, 1, 2))

    assert [r.tokens for r in one.rollouts] == [r.tokens for r in two.rollouts]
    assert [r.tokens for r in one.rollouts] != [r.tokens for r in other.rollouts]


def test_an_error_in_the_worker_reaches_the_caller_and_the_next_request_works(reasoner: Make) -> None:
    """A prompt longer than the context is refused with both numbers; the Reasoner lives on."""
    made = reasoner(SCRIPT)
    with pytest.raises(ContextLengthError, match="1024"):
        made.ask("7 " * 2000)

    assert "2" == made.ask("1 + 1 = ?").answer


@pytest.mark.parametrize("deadline", [0, -1.0, float("nan"), float("inf"), True, "5"])
def test_impossible_deadlines_are_refused(reasoner: Make, deadline: Any) -> None:
    """A deadline is a finite, positive number of seconds."""
    with pytest.raises(DeadlineError, match="deadline"):
        reasoner(SCRIPT).ask("?", deadline=deadline)


def test_ten_days_work(reasoner: Make) -> None:
    """A long deadline is no error of the platform's clocks."""
    assert "2" == reasoner(SCRIPT).ask("1 + 1 = ?", deadline=864_000.0).answer


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "hrad"},
        {"seed": -1},
        {"max_tokens": 0},
        {"min_confidence": 1.5},
        {"on_deadline": "maybe"},
        {"choices": ["one"]},
        {"choices": ["one", " "]},
    ],
)
def test_options_out_of_range_are_refused(reasoner: Make, options: dict[str, Any]) -> None:
    """The message shows the value."""
    with pytest.raises(ConfigError) as caught:
        reasoner(SCRIPT).ask("?", **options)
    assert repr(next(iter(options.values()))) in str(caught.value)


def test_an_unknown_profile_suggests_the_nearest(reasoner: Make) -> None:
    """A misspelt profile is met with a guess."""
    with pytest.raises(ConfigError) as caught:
        reasoner(SCRIPT).ask("?", profile="hrad")
    assert "Did you mean 'hard'?" in caught.value.hint


def test_a_load_that_fails_raises_where_it_was_asked_for() -> None:
    """Errors of the loading thread come out of the constructor."""

    def fail() -> Any:
        raise ConfigError("no such thing")

    with pytest.raises(ConfigError, match="no such thing"):
        Reasoner(fail)

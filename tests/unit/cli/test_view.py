"""The live view: a pure function of the events so far."""

from __future__ import annotations

import io

from rich.console import Console

from edgereason.cli.view import State, advance, frame
from edgereason.types import GREEDY, Event, Plan, RowGroup

PLAN = Plan(profile="normal", rows=(RowGroup(count=4, think_tokens=64),), answer_tokens=16, sampling=GREEDY)


def shown(state: State) -> str:
    """The frame as plain text."""
    console = Console(file=io.StringIO(), width=100, no_color=True)
    console.print(frame(state))
    text = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert isinstance(text, str)
    return text


def state_after(*events: Event) -> State:
    """A view's state once the events have come."""
    state = State(title="edgereason · test", deadline_s=2.0)
    for event in events:
        state = advance(state, event)
    return state


def test_a_frame_shows_rows_clock_votes_and_answer() -> None:
    """Everything an onlooker asks for is in one frame."""
    text = shown(
        state_after(
            Event(kind="plan", elapsed_s=0.1, plan=PLAN, rows_thinking=4),
            Event(kind="row", elapsed_s=0.5, rows_thinking=3, answer="42", votes={"42": 2.0, "41": 1.0}),
        )
    )

    assert "500 ms of 2 s, thinking" in text
    assert "3 thinking, profile normal" in text
    assert "●●●○" in text
    assert text.index("42 █") < text.index("41 █")
    assert "edgereason · test" in text


def test_an_answer_in_hand_is_not_forgotten() -> None:
    """An event that says nothing of answer, votes or rows leaves those shown."""
    state = state_after(
        Event(kind="row", elapsed_s=0.1, row=0, answer="7", votes={"7": 1.0}, rows_thinking=2),
        Event(kind="closing", elapsed_s=0.2),
    )

    assert ("7", (("7", 1.0),), 2, "closing") == (state.answer, state.votes, state.rows_thinking, state.phase)


def test_one_rows_text_is_followed() -> None:
    """The thought shown is that of the first row to write, not a mixture."""
    state = state_after(
        Event(kind="token", elapsed_s=0.1, row=2, text="one "),
        Event(kind="token", elapsed_s=0.1, row=3, text="other "),
        Event(kind="token", elapsed_s=0.2, row=2, text="more"),
    )

    assert "one more" == state.tail


def test_the_next_row_is_followed_when_one_ends() -> None:
    """The direct answer's text gives way to the plan's rows, and a row that ended to one still thinking."""
    state = state_after(
        Event(kind="token", elapsed_s=0.1, row=0, text="direct"),
        Event(kind="plan", elapsed_s=0.1, plan=PLAN),
        Event(kind="token", elapsed_s=0.2, row=1, text="one"),
        Event(kind="row", elapsed_s=0.2, row=1),
        Event(kind="token", elapsed_s=0.2, row=2, text="two"),
    )

    assert (2, "two") == (state.row, state.tail)


def test_model_text_is_shown_as_it_is() -> None:
    """Square brackets in an answer or a thought are no markup."""
    text = shown(state_after(Event(kind="answer", elapsed_s=0.1, answer="[red]3[/red]", votes={"[b]": 1.0})))

    assert "[red]3[/red]" in text
    assert "[b]" in text

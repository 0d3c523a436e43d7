"""The live view of a running request: rows thinking, the clock against the deadline, votes, the answer in hand.

`advance` and `frame` are pure; `Live` shows frames on a terminal and `Silent` shows nothing.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from edgereason.cli.durations import format_duration
from edgereason.types import Event, Plan

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH = 76
BAR = 40
TAIL_CHARACTERS = 200
COUNTED = ("plan", "row", "result")  # the kinds of event that say how many rows think
PHASES = {"queued": "reading", "prefilled": "answering", "plan": "thinking", "closing": "closing", "result": "done"}


@dataclass(frozen=True, slots=True)
class State:
    """What the view knows of the request."""

    title: str
    deadline_s: float | None
    phase: str = "loading"
    elapsed_s: float = 0.0
    rows_thinking: int = 0
    plan: Plan | None = None
    answer: str | None = None
    votes: tuple[tuple[str, float], ...] = ()
    row: int | None = None
    tail: str = ""


def advance(state: State, event: Event) -> State:
    """The state after one event."""
    state = replace(
        state,
        phase=PHASES.get(event.kind, state.phase),
        elapsed_s=event.elapsed_s,
        rows_thinking=event.rows_thinking if event.kind in COUNTED else state.rows_thinking,
        plan=event.plan or state.plan,
        answer=event.answer if event.answer is not None else state.answer,
        votes=tuple(sorted(event.votes.items(), key=lambda vote: -vote[1])) or state.votes,
    )
    return _follow_row(state, event)


def _follow_row(state: State, event: Event) -> State:
    """The tail of one row's text at a time, until it ends or the plan is made: so the view does not jump."""
    if event.kind == "plan" or (event.kind == "row" and event.row == state.row):
        return replace(state, row=None)
    if event.kind != "token" or state.row not in (None, event.row):
        return state
    earlier = "" if state.row is None else state.tail
    return replace(state, row=event.row, tail=(earlier + event.text)[-TAIL_CHARACTERS:])


def frame(state: State) -> RenderableType:
    """The state as a panel of a few lines."""
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    grid.add_row("time", _clock(state))
    grid.add_row("rows", _rows(state))
    grid.add_row("votes", _votes(state))
    grid.add_row("answer", Text(state.answer or "none yet", style="bold green" if state.answer else "dim"))
    tail = " ".join(state.tail.split())
    grid.add_row("thought", Text(tail[-(WIDTH - 15) :], style="italic dim"))
    return Panel(grid, title=Text(state.title), title_align="left", width=WIDTH, border_style="dim")


def _clock(state: State) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    elapsed = format_duration(state.elapsed_s)
    if state.deadline_s is None:
        return Text(f"{elapsed}, {state.phase}")
    from rich.progress_bar import ProgressBar

    row = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=state.deadline_s, completed=min(state.elapsed_s, state.deadline_s), width=BAR - 16)
    row.add_row(bar, Text(f"{elapsed} of {format_duration(state.deadline_s)}, {state.phase}"))
    return row


def _rows(state: State) -> RenderableType:
    from rich.text import Text

    planned = state.plan.num_rows if state.plan else state.rows_thinking
    idle = max(planned - state.rows_thinking, 0)
    if not planned:
        return Text("none yet", style="dim")
    dots = Text("●" * min(state.rows_thinking, BAR), style="cyan") + Text("○" * min(idle, BAR), style="dim")
    return dots + Text(f" {state.rows_thinking} thinking" + (f", profile {state.plan.profile}" if state.plan else ""))


def _votes(state: State) -> RenderableType:
    from rich.text import Text

    if not state.votes:
        return Text("none yet", style="dim")
    total = sum(weight for _, weight in state.votes) or 1.0
    shown = Text()
    for answer, weight in state.votes[:3]:
        blocks = max(round(14 * weight / total), 1)
        shown += Text(f"{answer[:12]} ") + Text("█" * blocks, style="green") + Text(f" {weight:.3g}  ")
    return shown


class Watcher(Protocol):
    """Shows events as they come; a context manager that gives the terminal back."""

    wants_text: bool  # whether token events are of use

    def __enter__(self) -> Watcher: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, event: Event) -> None:
        """Take one event in."""


class Silent:
    """Shows nothing: for pipes, `--quiet` and terminals that cannot move the cursor."""

    wants_text = False

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: Event) -> None:
        """Nothing."""


class Live:
    """Redraws the frame in place on standard error, ten times a second, and clears it at the end."""

    wants_text = True

    def __init__(self, console: Console, title: str, deadline_s: float | None) -> None:
        import rich.live

        self._state = State(title=title, deadline_s=deadline_s)
        self._seen_s = time.perf_counter()
        self._live = rich.live.Live(
            console=console, get_renderable=self._frame_now, refresh_per_second=10, transient=True
        )

    def _frame_now(self) -> RenderableType:
        """The frame with the clock moved on since the last event."""
        state = self._state
        if state.phase not in ("loading", "done"):
            state = replace(state, elapsed_s=state.elapsed_s + time.perf_counter() - self._seen_s)
        return frame(state)

    def __enter__(self) -> Live:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(*error)  # type: ignore[arg-type]

    def show(self, event: Event) -> None:
        """Take one event in; the next refresh draws it."""
        self._state, self._seen_s = advance(self._state, event), time.perf_counter()


def watcher(*, title: str, deadline_s: float | None, quiet: bool) -> Watcher:
    """A live view where standard error is a terminal that can show one, else a silent one."""
    import sys

    if quiet or not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return Silent()
    from rich.console import Console

    return Live(Console(stderr=True, highlight=False), title, deadline_s)  # rich honours NO_COLOR

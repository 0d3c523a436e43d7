"""The README's picture: a frame of a real run's live view, as SVG.

    .venv/bin/python docs/picture.py

Runs the bundled model once and keeps the last frame in which rows were still thinking while votes had been cast.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

from edgereason import Reasoner
from edgereason.cli.view import WIDTH, State, advance, frame

QUESTION = "38 * 7 - 94 + 56 = ?"
DEADLINE_S = 2.0
TARGET = Path(__file__).with_name("run.svg")


def frames() -> list[State]:
    """The states of one run's view, after each of its events."""
    with Reasoner.load() as reasoner:
        state = State(title=f"edgereason · {reasoner.model.name}", deadline_s=DEADLINE_S)
        states = []
        for event in reasoner.stream(QUESTION, deadline=DEADLINE_S, profile="hard"):
            state = advance(state, event)
            states.append(state)
    return states


def main() -> None:
    """Write the picture."""
    voting = [state for state in frames() if state.votes and state.rows_thinking and state.phase == "thinking"]
    console = Console(width=WIDTH + 2, record=True, force_terminal=True, color_system="truecolor", file=io.StringIO())
    console.print(f'$ edgereason ask "{QUESTION}" --deadline {DEADLINE_S:.0f}s --profile hard', highlight=False)
    console.print(frame(max(voting, key=lambda state: sum(weight for _, weight in state.votes))))
    picture = console.export_svg(title="edgereason ask")
    TARGET.write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S), encoding="utf-8")  # nothing is fetched
    print(TARGET)


if __name__ == "__main__":
    main()

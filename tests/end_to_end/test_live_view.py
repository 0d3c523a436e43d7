"""The live view on a real (pseudo-)terminal: shown, in colour unless NO_COLOR, and gone at the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Callable, Mapping

Start = Callable[..., "subprocess.Popen[bytes]"]
ASK = ("ask", "Compute 17 + 25 - 8 + 31 - 12 + 44.", "--profile", "hard", "--deadline", "1s")
COLOUR = re.compile(r"\x1b\[[\d;]*3[1-6][\d;]*m")


def on_terminal(start: Start, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, standard output, and all that standard error's terminal was sent."""
    terminal, end = pty.openpty()
    process = start(*arguments, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    seen = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # EIO: the process has gone
            break
        if not more:
            break
        seen += more
    os.close(terminal)
    output, _ = process.communicate(timeout=30)
    return process.returncode, output.decode(), seen.decode(errors="replace")


def test_a_terminal_sees_rows_clock_votes_and_answer(start: Start) -> None:
    """While it runs; the answer itself still goes to standard output."""
    code, output, seen = on_terminal(start, *ASK)

    assert (0, True) == (code, bool(output.strip()))
    assert all(word in seen for word in ("edgereason · abacus", "time", "rows", "votes", "thinking", "of 1 s"))
    assert COLOUR.search(seen)


def test_the_cursor_comes_back(start: Start) -> None:
    """Hidden while drawing, shown again."""
    _, _, seen = on_terminal(start, *ASK)

    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1


def test_an_evaluation_shows_its_progress(start: Start) -> None:
    """How many of how many, and the share that is right so far."""
    code, output, seen = on_terminal(start, "eval", "chain", "-n", "3", "--profile", "direct", env={"NO_COLOR": "1"})

    assert 0 == code
    assert "% right" in seen
    assert "3/3" in seen
    assert "right" in output


def test_no_color_is_honoured(start: Start) -> None:
    """NO_COLOR leaves the view and takes the colour."""
    _, _, seen = on_terminal(start, *ASK, env={"NO_COLOR": "1"})

    assert "votes" in seen
    assert not COLOUR.search(seen)


def test_quiet_and_dumb_terminals_see_no_view(start: Start) -> None:
    """-q says nothing; TERM=dumb gets plain lines."""
    _, _, quiet = on_terminal(start, *ASK, "-q")
    _, _, dumb = on_terminal(start, *ASK, env={"TERM": "dumb"})

    assert "" == quiet
    assert "votes" not in dumb
    assert "profile hard" in dumb

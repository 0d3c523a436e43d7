"""Symbolic equality: in slack time, from any thread, killed at its bound."""

from __future__ import annotations

import importlib.util
import io
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from edgereason.answers import SymbolicEquality
from edgereason.answers.equivalence import MISSING_NOTE

needs_math_verify = pytest.mark.skipif(
    importlib.util.find_spec("math_verify") is None, reason="math-verify is not installed"
)
ENOUGH_S = 60.0


@pytest.fixture(scope="module")
def equality():
    """One child process for all tests here."""
    with SymbolicEquality() as equality:
        yield equality


@needs_math_verify
def test_equal_values_are_merged_into_the_first(equality: SymbolicEquality) -> None:
    """Each answer maps to the first one that has its value."""
    answers = ["1/\\sqrt{2}", "(x+1)^2", "\\frac{\\sqrt{2}}{2}", "x^2+2x+1", "x^2+2x+2"]
    expected = dict(zip(answers, [*answers[:2], answers[0], answers[1], answers[4]], strict=True))

    assert expected == equality.merge_equal(answers, ENOUGH_S)


def test_words_lists_and_numbers_are_never_asked() -> None:
    """What the canonical form already decides needs no process: order of a list, letters of a word, exact numbers."""
    equality = SymbolicEquality()
    answers = ["tea", "eat", "3, 5", "5, 3", "1/3", "1/2", "A", "B"]

    assert {answer: answer for answer in answers} == equality.merge_equal(answers, 5.0)
    assert equality._child is None


@needs_math_verify
def test_any_thread_may_ask(equality: SymbolicEquality) -> None:
    """Off the main thread, and from several at once."""
    merged: list[object] = []
    ask = lambda: merged.append(equality.merge_equal(["x+x", "2x"], ENOUGH_S))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [{"x+x": "x+x", "2x": "x+x"}] * 3 == merged


@needs_math_verify
def test_the_bound_is_kept_while_the_child_starts() -> None:
    """A child that is not up yet is left to start; the answers stay apart for now, and are merged later."""
    with SymbolicEquality() as equality:
        started = time.monotonic()
        first = equality.merge_equal(["x+x", "2x"], 0.01)
        took_s = time.monotonic() - started
        child = equality._child

        assert {"x+x": "x+x", "2x": "2x"} == first
        assert took_s < 1.0
        assert {"x+x": "x+x", "2x": "x+x"} == equality.merge_equal(["x+x", "2x"], ENOUGH_S)
        assert child is equality._child


@needs_math_verify
def test_a_comparison_that_takes_too_long_is_killed() -> None:
    """A child that does not answer ends at the bound; the next question gets a new one."""
    with SymbolicEquality() as equality:
        equality.merge_equal(["x+x", "2x"], ENOUGH_S)
        process = equality._child._process  # type: ignore[union-attr]
        os.kill(process.pid, signal.SIGSTOP)  # as good as a comparison without end
        started = time.monotonic()
        merged = equality.merge_equal(["x+x", "2x"], 0.3)
        took_s = time.monotonic() - started

        assert {"x+x": "x+x", "2x": "2x"} == merged
        assert 0.3 <= took_s < 3.0
        assert process.poll() is not None
        assert {"x+x": "x+x", "2x": "x+x"} == equality.merge_equal(["x+x", "2x"], ENOUGH_S)


@needs_math_verify
def test_a_child_that_died_is_replaced(equality: SymbolicEquality) -> None:
    """A killed child costs one merge, not the service."""
    equality.merge_equal(["x+x", "2x"], ENOUGH_S)
    equality._child._process.kill()  # type: ignore[union-attr]
    equality._child._process.wait()  # type: ignore[union-attr]
    equality.merge_equal(["x+x", "2x"], ENOUGH_S)

    assert {"x+x": "x+x", "2x": "x+x"} == equality.merge_equal(["x+x", "2x"], ENOUGH_S)


@needs_math_verify
def test_closing_ends_the_child() -> None:
    """No process is left behind; closing twice is fine."""
    equality = SymbolicEquality()
    equality.merge_equal(["x+x", "2x"], ENOUGH_S)
    process = equality._child._process  # type: ignore[union-attr]
    equality.close()
    equality.close()

    assert process.poll() is not None


def test_without_the_extra_a_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started, nothing is merged, and the note names the command."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    equality = SymbolicEquality()

    assert MISSING_NOTE == equality.note
    assert {"x+x": "x+x", "2x": "2x"} == equality.merge_equal(["x+x", "2x"], ENOUGH_S)
    assert equality._child is None


@needs_math_verify
def test_the_child_answers_line_by_line() -> None:
    """The process's side: up, then one verdict a pair."""
    from edgereason.answers.symbolic import serve

    answers = io.StringIO()
    serve(['["x+x", "2x"]\n', '["x", "y"]\n'], answers)

    assert "up\ntrue\nfalse\n" == answers.getvalue()


def test_the_working_folder_is_no_place_to_import_from(tmp_path) -> None:
    """The child takes no module from the folder that one works in (Python 3.11 and later)."""
    if sys.version_info < (3, 11):
        pytest.skip("PYTHONSAFEPATH came with Python 3.11")
    (tmp_path / "sympy.py").write_text("import pathlib; pathlib.Path('taken').touch()")
    code = "from edgereason.answers import SymbolicEquality as S\nwith S() as s: s.merge_equal(['x+x', '2x'], 60)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment, check=True)

    assert not (tmp_path / "taken").exists()

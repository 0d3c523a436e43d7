"""Ctrl-C, closed pipes and full disks: the command ends at once, quietly, and keeps what it has."""

from __future__ import annotations

import json
import os
import pty
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]
VOTE = ("--profile", "hard", "--strategy", "majority")  # sixteen rows, whatever a further one is worth
LONG = ("ask", "(84 - 37) * 23 - 15 * 9 + (96 - 28) * 17 = ?", *VOTE)
SOON_S = 3.0  # from the signal to the end; generous, for a machine that is busy with other things


def interrupt_at(
    start: Start, word: str, *arguments: str, signal_number: int = signal.SIGINT
) -> tuple[int, bytes, str, float]:
    """Signal once the live view shows `word`: exit code, standard output, the view's end, seconds from then on."""
    terminal, end = pty.openpty()
    process = start(*arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    try:
        read_until(terminal, word)
        process.send_signal(signal_number)
        before = time.perf_counter()
        seen = drain(terminal)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output, seen, time.perf_counter() - before
    finally:
        os.close(terminal)
        process.kill()
        process.communicate()


def read_until(terminal: int, word: str, limit_s: float = 30.0) -> str:
    """What the terminal shows until `word` is among it."""
    text, ends = "", time.perf_counter() + limit_s
    while word not in text:
        ready, _, _ = select.select([terminal], [], [], max(0.0, ends - time.perf_counter()))
        assert ready, f"{word!r} did not appear in {text!r}"
        text += os.read(terminal, 65536).decode(errors="replace")
    return text


def drain(terminal: int, limit_s: float = 30.0) -> str:
    """Everything the terminal still shows until its process has gone."""
    text, ends = "", time.perf_counter() + limit_s
    while select.select([terminal], [], [], max(0.0, ends - time.perf_counter()))[0]:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # EIO: the other end is closed
            return text
        if not more:
            return text
        text += more.decode(errors="replace")
    raise AssertionError(f"the process did not end; its terminal showed {text!r}")


@pytest.mark.parametrize("phase", ["loading", ", thinking"])
def test_ctrl_c_ends_at_once(start: Start, phase: str) -> None:
    """Exit 130 soon after the signal, while the model is loading and while it is thinking."""
    code, _, _, seconds = interrupt_at(start, phase, *LONG)

    assert 130 == code
    assert seconds < SOON_S


def test_ctrl_c_while_thinking_prints_the_best_so_far(start: Start) -> None:
    """The answer in hand goes to standard output."""
    code, output, _, _ = interrupt_at(start, ", thinking", *LONG)

    assert 130 == code
    assert output.strip()


def test_termination_gives_the_terminal_back(start: Start) -> None:
    """SIGTERM ends with 143 and shows the cursor again."""
    code, _, seen, seconds = interrupt_at(start, ", thinking", *LONG, signal_number=signal.SIGTERM)

    assert 143 == code
    assert "\x1b[?25h" in seen
    assert seconds < SOON_S


def test_a_chat_on_a_terminal_outlives_an_interrupted_answer(start: Start) -> None:
    """Ctrl-C ends the answer, not the conversation; at the prompt it leaves with 130."""
    terminal, end = pty.openpty()
    process = start("chat", *VOTE, stdin=end, stdout=end, stderr=end)
    os.close(end)
    try:
        read_until(terminal, "> ")
        os.write(terminal, LONG[1].encode() + b"\n")
        read_until(terminal, ", thinking")
        process.send_signal(signal.SIGINT)
        read_until(terminal, "> ")
        os.write(terminal, b"/help\n")
        read_until(terminal, "this list")
        time.sleep(0.5)  # until it waits at the prompt
        process.send_signal(signal.SIGINT)
        drain(terminal)
        code = process.wait(timeout=30)
    finally:
        os.close(terminal)
        process.kill()
        process.wait()

    assert 130 == code


@pytest.mark.parametrize("delay_s", [0.2, 0.4, 0.6, 0.8, 1.0, 1.3])
def test_ctrl_c_at_any_moment_is_quiet(start: Start, delay_s: float) -> None:
    """Imports, load, prefill of a long prompt, decode: 130 (or done already), soon, and no traceback."""
    question = "Compute " + "3 + 4 - 2 + " * 60 + "1."
    process = start("ask", question, "--profile", "hard", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    before = time.perf_counter()
    _, errors = process.communicate(timeout=30)

    assert process.returncode in (0, 130), errors
    assert time.perf_counter() - before < SOON_S
    assert b"Traceback" not in errors


def test_ctrl_c_in_an_evaluation_loses_nothing(start: Start, edgereason: Run, tmp_path: Path) -> None:
    """What was answered is in the file, is reported, and is not asked again."""
    records = tmp_path / "records.jsonl"
    process = start(
        "eval", "chain", "-n", "40", "--profile", "easy", "--out", str(records), "--json",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not (records.exists() and records.read_bytes().count(b"\n") > 3):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    kept = records.read_bytes().splitlines()

    assert 130 == process.returncode, errors
    report = json.loads(output)
    assert (True, len(kept) - 1) == (report["interrupted"], report["n"])

    done = edgereason("eval", "chain", "-n", "40", "--profile", "easy", "--out", str(records), "--json")
    assert (0, 40) == (done.returncode, json.loads(done.stdout)["n"])
    assert kept == records.read_bytes().splitlines()[: len(kept)]


def with_closed_output(start: Start, *arguments: str) -> tuple[int, bytes]:
    """Exit code and standard error where nobody reads standard output."""
    reader, writer = os.pipe()
    os.close(reader)
    process = start(*arguments, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


def test_a_closed_pipe_is_quiet(start: Start) -> None:
    """As under `| head -c 0`: no traceback, 141."""
    assert (141, b"") == with_closed_output(start, "ask", "17 + 25 = ?", "-q")


def test_a_closed_pipe_under_help_is_quiet(start: Start) -> None:
    """Also where the output is click's."""
    assert (141, b"") == with_closed_output(start, "--help")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_for_the_output_is_said(start: Start) -> None:
    """An answer that could not be written is a failure."""
    with open("/dev/full", "wb") as full:
        process = start("ask", "17 + 25 = ?", "-q", stdout=full, stderr=subprocess.PIPE)
        _, errors = process.communicate(timeout=30)

    assert 1 == process.returncode
    assert b"No space left" in errors
    assert b"Traceback" not in errors


def no_files() -> None:
    """In the child: every write to a regular file fails, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_full_disk_for_the_cache_costs_only_a_note(edgereason: Run, tmp_path: Path) -> None:
    """The answer comes; that times could not be kept is said; nothing half-written is left."""
    done = edgereason("ask", "17 + 25 = ?", env={"XDG_CACHE_HOME": str(tmp_path)}, preexec_fn=no_files)

    assert 0 == done.returncode, done.stderr
    assert done.stdout.strip()
    assert "could not be kept" in done.stderr
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_cache_folder_that_is_a_file_costs_only_a_note(edgereason: Run, tmp_path: Path) -> None:
    """Neither is a place where no folder can be made a reason not to answer."""
    (tmp_path / "cache").write_text("not a folder")
    done = edgereason("ask", "17 + 25 = ?", env={"XDG_CACHE_HOME": str(tmp_path / "cache")})

    assert 0 == done.returncode, done.stderr
    assert "could not be kept" in done.stderr


def test_processes_at_the_cache_at_once_all_answer(start: Start, tmp_path: Path) -> None:
    """They leave one whole file and no rubbish."""
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    running = [
        start("ask", "17 + 25 = ?", "-q", env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=60) for process in running]

    assert [0, 0, 0] == [process.returncode for process in running], outputs
    assert all(answer.strip() and not errors for answer, errors in outputs)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert 1 == len(files)
    assert json.loads(files[0].read_text())


def test_a_damaged_cache_is_measured_again(edgereason: Run, tmp_path: Path) -> None:
    """A kept timing that cannot be read is replaced, not believed."""
    environment = {"XDG_CACHE_HOME": str(tmp_path)}
    edgereason("ask", "17 + 25 = ?", env=environment)
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    kept.write_bytes(kept.read_bytes()[:40])

    assert 0 == edgereason("ask", "17 + 25 = ?", env=environment).returncode
    assert json.loads(kept.read_text())

"""`edgereason profile check` as a shell sees it: a table, one JSON object, a file to go on with, and Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from edgereason.records import read_records

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]
FEW = ("profile", "check", "--shortest", "300ms", "--longest", "1s")


def test_few_asks_are_counted_and_say_that_they_are_few(edgereason: Run, tmp_path: Path) -> None:
    """Lateness beside sharpness, in a table; `--strict` does not take them for a proof; the file goes on."""
    out = tmp_path / "asks.jsonl"
    done = edgereason(*FEW, "--n", "4", "--out", str(out))
    more = edgereason(*FEW, "--n", "6", "--out", str(out), "--json", "-q", "--strict")
    found, kept = json.loads(more.stdout), list(read_records(out, "ask"))

    assert 0 == done.returncode, done.stderr
    assert all(word in done.stdout for word in ("limited", "late", "closed", "in hand", "right", "promised:"))
    assert (1, "") == (more.returncode, more.stderr)
    assert (6, 6) == (found["lines"][0]["n"], len(kept))
    assert found["verdict"] != "kept"
    assert all(0.3 <= ask["deadline_s"] <= 1.0 for ask in kept)


def test_half_of_the_time_is_beside_the_load(edgereason: Run, tmp_path: Path) -> None:
    """The second block of fifty."""
    out = tmp_path / "asks.jsonl"
    done = edgereason(
        "profile", "check", "--shortest", "20ms", "--longest", "60ms", "--n", "54", "--load", "--out", str(out)
    )
    assert 0 == done.returncode, done.stderr
    assert "under load" in done.stdout
    assert [False] * 50 + [True] * 4 == [ask["loaded"] for ask in read_records(out, "ask")]


def test_ctrl_c_reports_what_is_done(start: Start, tmp_path: Path) -> None:
    """Exit 130, the table of what was asked, and every ask in the file."""
    out = tmp_path / "asks.jsonl"
    command = [*FEW, "--n", "500", "--out", str(out), "--json"]
    process = start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        ends = time.perf_counter() + 60
        while not out.exists() or out.read_bytes().count(b"\n") < 3:
            assert time.perf_counter() < ends
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, said = process.communicate(timeout=30)
    finally:
        process.kill()
    found = json.loads(output)

    assert (130, b"") == (process.returncode, said)
    assert found["interrupted"]
    assert found["lines"][0]["n"] == len(list(read_records(out, "ask"))) >= 2


def test_options_of_measuring_are_refused_in_front_of_the_verb(edgereason: Run) -> None:
    """An option in front of the verb would be lost, and is refused; so are deadlines that are none."""
    misplaced = edgereason("profile", "--threads", "1", "check", "--n", "1")
    swapped = edgereason("profile", "check", "--shortest", "2s", "--longest", "1s")
    assert (2, True) == (misplaced.returncode, "--threads belongs behind 'check'" in misplaced.stderr)
    assert (2, True) == (swapped.returncode, "2.0 to 1.0 s" in swapped.stderr)


def test_the_configuration_file_reaches_the_verb(edgereason: Run, tmp_path: Path) -> None:
    """What is set for `profile` is set for its verb, and so is what the environment says."""
    config = tmp_path / "config.toml"
    config.write_text('[profile]\nmodel = "from-the-file"\n')
    by_file = edgereason("--config", str(config), "profile", "check", "--n", "1")
    by_variable = edgereason("profile", "check", "--n", "1", env={"EDGEREASON_PROFILE_MODEL": "from-outside"})
    assert "'from-the-file'" in by_file.stderr
    assert "'from-outside'" in by_variable.stderr

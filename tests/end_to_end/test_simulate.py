"""`edgereason simulate` on records of the bundled model: numbers with names, the same again, stalls of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgereason.records import read_records

pytest.importorskip("onnxruntime")

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]
ORIN = "agx-orin-64gb-r1-distill-qwen-1.5b-bf16"


@pytest.fixture(scope="module")
def records(edgereason: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few questions recorded by the command."""
    path = tmp_path_factory.mktemp("simulate") / "r.jsonl"
    sizes = ("-n", "12", "--samples", "4", "--waits", "1", "--think-tokens", "64")
    found = edgereason("calibrate", "chain", "story", *sizes, "--out", str(path))
    assert 0 == found.returncode, found.stderr
    return path


def test_a_table_a_deadline_with_both_names(edgereason: Run, records: Path) -> None:
    """What was simulated is on standard output, whose times and whose answers on standard error."""
    found = edgereason("simulate", "--device", ORIN, "--records", str(records), "--deadlines", "400ms,3s")

    assert 0 == found.returncode, found.stderr
    assert ["deadline", "400", "3"] == [line.split()[0] for line in found.stdout.splitlines()]
    assert "DeepSeek-R1-Distill-Qwen-1.5B on NVIDIA Jetson AGX Orin" in found.stderr
    assert "24 questions of abacus" in found.stderr


def test_numbers_come_again_and_every_request_is_kept(edgereason: Run, records: Path, tmp_path: Path) -> None:
    """One seed, one object, but for the date and the command; another seed draws others."""
    options = ("simulate", "--device", ORIN, "--records", str(records), "--deadlines", "2s", "-n", "40", "--json", "-q")
    stalls = ("--stalls", "shared-cpu-bursts")
    first, again, other, calm = (
        json.loads(edgereason(*options, *more).stdout)["deadlines"]
        for more in (stalls, (*stalls, "-o", str(tmp_path / "o.jsonl")), (*stalls, "--seed", "1"), ())
    )

    assert first == again
    assert other != first != calm
    assert 40 == first[0]["n"] == len(list(read_records(tmp_path / "o.jsonl", "request")))
    assert first[0]["right"]["count"] == sum(r["correct"] for r in read_records(tmp_path / "o.jsonl", "request"))


def test_stalls_are_recorded_and_used(edgereason: Run, records: Path, tmp_path: Path) -> None:
    """By the same command; an existing file is not touched."""
    log = str(tmp_path / "s.jsonl")
    made = edgereason("simulate", "--record-stalls", log, "--for", "2s", "--note", "a test")
    assert 0 == made.returncode, made.stderr
    assert "beats kept" in made.stderr
    used = edgereason("simulate", "--device", ORIN, "--records", str(records), "--stalls", log, "-q")
    assert 0 == used.returncode, used.stderr
    assert 1 == edgereason("simulate", "--record-stalls", log, "--for", "1s").returncode


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ((), 2, "--device and --records"),
        (("--device", "orin", "--records", "RECORDS"), 2, "No device profile 'orin'"),
        (("--device", ORIN, "--records", "nothing.jsonl"), 1, "nothing.jsonl"),
        (("--device", ORIN, "--records", "RECORDS", "--deadlines", "1s,x"), 2, "'x' is no duration"),
        (("--device", ORIN, "--records", "RECORDS", "--profile", "nromal"), 2, "normal"),
        (("--device", ORIN, "--records", "RECORDS", "--stalls", "none"), 2, "No log of stalls 'none'"),
    ],
)
def test_what_is_wrong_is_said(
    edgereason: Run, records: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    """With the value, and without a number."""
    found = edgereason("simulate", *(str(records) if each == "RECORDS" else each for each in options))

    assert (code, "") == (found.returncode, found.stdout)
    assert message in found.stderr


def test_an_interrupt_reports_what_is_done(start: Start, records: Path, tmp_path: Path) -> None:
    """Exit code 130, with the requests so far."""
    out = tmp_path / "o.jsonl"
    options = ("--device", ORIN, "--records", str(records), "--deadlines", "1s", "-n", "10000000", "--json", "-q")
    process = start("simulate", *options, "-o", str(out), stdout=subprocess.PIPE)
    end = time.monotonic() + 50
    while time.monotonic() < end and not (out.exists() and out.stat().st_size > 1e5):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)

    assert 130 == process.returncode
    found = json.loads(said)
    assert found["interrupted"]
    assert found["deadlines"][0]["n"] in (kept := len(list(read_records(out, "request"))), kept - 1)
    assert 0 < kept < 10_000_000

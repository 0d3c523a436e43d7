"""`edgereason profile` as a shell sees it: a picture, a file, one JSON object, and Ctrl-C that loses nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgereason.profiling.journal import read_journal
from edgereason.profiling.profile import read_profile

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]
SOON_S = 5.0  # from the signal to the end; generous, for a machine that is busy with other things


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    """A cache folder of its own, so that no other test plans with what is measured here."""
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def journal_with(path: Path, entries: int, limit_s: float = 60.0) -> None:
    """Wait until that many visits are in the journal."""
    ends = time.perf_counter() + limit_s
    while not path.exists() or path.read_bytes().count(b"\n") < entries + 1:
        assert time.perf_counter() < ends, f"{path} did not grow"
        time.sleep(0.02)


@pytest.mark.parametrize("engine", ["onnx", "llama-cpp"])
def test_a_profile_is_shown_and_kept(edgereason: Run, cache: dict[str, str], tmp_path: Path, engine: str) -> None:
    """The picture on standard output, what was chosen and where it lies on standard error, and a picture file."""
    pytest.importorskip({"onnx": "onnxruntime", "llama-cpp": "llama_cpp"}[engine])
    picture = tmp_path / "p.svg"
    done = edgereason("profile", "--engine", engine, "--time-limit", "6s", "--svg", str(picture), env=cache)
    (path,) = (tmp_path / "cache" / "edgereason" / "devices").glob("*.json")
    made = read_profile(path)

    assert 0 == done.returncode, done.stderr
    assert "tokens/s" in done.stdout
    assert str(path) in done.stderr
    assert (engine, "measured") == (made.bound_to.engine, made.origin)
    assert made.settings["threads"] == made.bound_to.threads
    assert picture.read_text().startswith("<svg")


def test_json_is_the_profile(edgereason: Run, cache: dict[str, str], tmp_path: Path) -> None:
    """One object on standard output; a second run goes on with the same file, and what is given is not tried."""
    out = tmp_path / "own.json"
    command = [
        "profile",
        "--threads",
        "1",
        "--no-spin",
        "--arena",
        "--time-limit",
        "2s",
        "--save",
        str(out),
        "--json",
        "-q",
    ]
    first = edgereason(*command, env=cache)
    second = edgereason(*command, env=cache)
    counts = [json.loads(done.stdout)["header"]["n"] for done in (first, second)]

    assert "" == first.stderr
    assert counts[0] < counts[1] == len(list(read_journal(tmp_path / "own.jsonl")))
    assert {} == json.loads(first.stdout)["settings"]
    assert {"own.json", "own.jsonl"} == {path.name for path in tmp_path.iterdir() if path.is_file()}


@pytest.mark.parametrize("visits", [1, 30])
def test_ctrl_c_ends_at_once_and_loses_nothing(
    start: Start, edgereason: Run, cache: dict[str, str], tmp_path: Path, visits: int
) -> None:
    """While settings are tried and later on: exit 130 soon, every visit whole, and the next run goes on from there."""
    out, journal = tmp_path / "own.json", tmp_path / "own.jsonl"
    command = ["profile", "--save", str(out), "--json", "-q"]
    process = start(*command, "--time-limit", "10m", env=cache, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        journal_with(journal, visits)
        process.send_signal(signal.SIGINT)
        before = time.perf_counter()
        output, said = process.communicate(timeout=30)
    finally:
        process.kill()
    kept = list(read_journal(journal))

    assert (130, b"") == (process.returncode, said)
    assert time.perf_counter() - before < SOON_S
    assert len(kept) >= visits
    assert not output or json.loads(output)["is_complete"] is False

    edgereason(*command, "--time-limit", "1s", env=cache)
    assert kept == list(read_journal(journal))[: len(kept)]


def test_a_kill_loses_nothing_either(start: Start, edgereason: Run, cache: dict[str, str], tmp_path: Path) -> None:
    """No chance to write anything: what was visited is in the journal all the same."""
    out, journal = tmp_path / "own.json", tmp_path / "own.jsonl"
    process = start("profile", "--save", str(out), env=cache, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    journal_with(journal, 5)
    process.kill()
    process.communicate()
    kept = list(read_journal(journal))
    done = edgereason("profile", "--save", str(out), "--time-limit", "1s", env=cache)

    assert len(kept) >= 5
    assert done.returncode == 0, done.stderr
    assert kept == list(read_journal(journal))[: len(kept)]


def test_a_file_that_is_no_journal_is_left_alone(edgereason: Run, cache: dict[str, str], tmp_path: Path) -> None:
    """Exit 1, and it is as it was."""
    (tmp_path / "own.jsonl").write_text("my notes\n")
    done = edgereason("profile", "--save", str(tmp_path / "own.json"), "--time-limit", "1s", env=cache)

    assert (1, "my notes\n") == (done.returncode, (tmp_path / "own.jsonl").read_text())
    assert "damaged or not a record" in done.stderr


def test_a_published_profile_is_shown_and_refused(edgereason: Run, cache: dict[str, str]) -> None:
    """By its name, with its sources; for a request it is an error that says what differs."""
    name = "agx-orin-64gb-r1-distill-llama-8b-bf16"
    shown = edgereason("profile", "--show", name, env=cache)
    printed = json.loads(edgereason("profile", "--show", name, "--json", "-q", env=cache).stdout)
    path = Path(str(next(iter(edgereason_profiles()))))
    refused = edgereason("ask", "1 + 1 = ?", "--device-profile", str(path), env=cache)
    unknown = edgereason("profile", "--show", "agx-orin-64gb-r1-distill-8b", env=cache)

    assert "source: EdgeReasoning" in shown.stderr
    assert "noise is assumed" in shown.stderr
    assert "tokens/s" in shown.stdout
    assert "published" == printed["origin"]
    assert (1, True) == (refused.returncode, "was made for another model" in refused.stderr)
    assert (2, True) == (unknown.returncode, "Did you mean 'agx-orin" in unknown.stderr)


def edgereason_profiles() -> list[Path]:
    """The files that ship."""
    from edgereason.loading import shipped_device_profiles

    return list(shipped_device_profiles().values())

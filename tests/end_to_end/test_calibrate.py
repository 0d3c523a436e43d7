"""`edgereason calibrate` on the bundled model: records, goes on, and says what thinking buys."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgereason.records import read_header, read_records, rollout_of

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]
SMALL = ("-n", "12", "--samples", "4", "--waits", "1", "--think-tokens", "64")


@pytest.fixture(scope="module")
def recorded(edgereason: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Records of two families and their profile."""
    folder = tmp_path_factory.mktemp("calibrate")
    found = edgereason(
        "calibrate",
        "chain",
        "story",
        *SMALL,
        "--out",
        str(folder / "r.jsonl"),
        "--accuracy",
        str(folder / "p.json"),
        "--json",
    )
    assert 0 == found.returncode, found.stderr
    return folder, json.loads(found.stdout)


def test_samples_have_early_answers_where_they_were_still_thinking(recorded: tuple[Path, dict[str, Any]]) -> None:
    """Cuts rise, and all of them lie within the thought; every arm is there."""
    folder, _ = recorded
    records = list(read_records(folder / "r.jsonl", "question"))
    assert 24 == len(records)
    for record in records:
        assert ["direct", *["plain"] * 4, "wait"] == [sample["arm"] for sample in record["samples"]]
        for sample in record["samples"]:
            rollout = rollout_of(sample)
            places = [cut["think_tokens"] for cut in sample["cuts"]]
            assert places == sorted(set(places))
            assert not places or places[-1] <= rollout.reasoning_tokens


def test_a_wait_is_its_sample_made_to_go_on(recorded: tuple[Path, dict[str, Any]]) -> None:
    """Same seed, same tokens up to where the plain one wanted to close."""
    folder, _ = recorded
    for record in read_records(folder / "r.jsonl", "question"):
        plain, waiting = (next(s for s in record["samples"] if s["arm"] == arm) for arm in ("plain", "wait"))
        if plain["finish"] == "eos":
            place = waiting["forced"].index(True, 2)
            assert plain["seed"] == waiting["seed"]
            assert plain["tokens"][:place] == waiting["tokens"][:place]


def test_the_profile_carries_its_provenance(recorded: tuple[Path, dict[str, Any]]) -> None:
    """Header of the records, curves of their size, and the same on disk as printed."""
    folder, profile = recorded
    header = read_header(folder / "r.jsonl")
    assert header["model"] == profile["provenance"]["model"]
    assert 24 == profile["all"]["n"]
    assert [*header["settings"]["cuts"], 64] == profile["all"]["think_tokens"]
    assert profile == json.loads((folder / "p.json").read_text())


def test_a_killed_recording_goes_on_to_the_same_records(
    edgereason: Run, start: Start, recorded: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Whatever the moment: what is there stays, the rest is the same as in one go, times aside."""
    folder, _ = recorded
    out = tmp_path / "r.jsonl"
    stopped_at(5, out, start("calibrate", "chain", "story", *SMALL, "--out", str(out)), signal.SIGKILL)
    begun = out.read_bytes()
    found = edgereason("calibrate", "chain", "story", *SMALL, "--out", str(out))

    assert 0 == found.returncode, found.stderr
    assert out.read_bytes().startswith(begun[: begun.rindex(b"\n") + 1])
    assert timeless(out) == timeless(folder / "r.jsonl")


def test_an_interrupt_keeps_what_is_done(start: Start, tmp_path: Path) -> None:
    """Ctrl-C ends with 130; every line is whole."""
    out = tmp_path / "r.jsonl"
    code = stopped_at(4, out, start("calibrate", "chain", "-n", "500", "--out", str(out)), signal.SIGINT)
    assert 130 == code
    assert len(list(read_records(out, "question"))) >= 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chian"], "chain"),
        (["chain", "chain"], "Name each task once"),
        (["chain", "-n", "3"], "Record at least 20"),
        (["chain", "--samples", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_recorded_is_said(edgereason: Run, arguments: list[str], message: str, tmp_path: Path) -> None:
    """Before or after, with what to do."""
    found = edgereason("calibrate", *arguments, "--think-tokens", "16", "--out", str(tmp_path / "r.jsonl"))
    assert found.returncode in (1, 2)
    assert message in found.stderr


def test_other_settings_need_another_file(
    edgereason: Run, recorded: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Records made otherwise are not mixed, and stay as they are."""
    folder, _ = recorded
    shutil.copy(folder / "r.jsonl", tmp_path / "r.jsonl")
    found = edgereason("calibrate", "chain", "story", "-n", "12", "--samples", "8", "--out", str(tmp_path / "r.jsonl"))
    assert (1, True) == (found.returncode, "samples is 4 there and 8 here" in found.stderr)
    assert (tmp_path / "r.jsonl").read_bytes() == (folder / "r.jsonl").read_bytes()


def test_a_plan_goes_by_the_profile_that_was_recorded(
    edgereason: Run, recorded: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """With the profile in the caller's folder, the plan of a question with a deadline says what it expects.

    Its confidence goes by what was calibrated together with the shipped probe where there is one.
    """
    folder, _ = recorded
    shutil.copy(folder / "p.json", tmp_path / "mine.json")
    found = edgereason("ask", "12 + 7 - 3 = ?", "--deadline", "2s", "--profiles", str(tmp_path), "--json")
    said = json.loads(found.stdout)
    assert "right and" in said["plan"]["reason"]
    assert re.fullmatch(
        r"calibrated on \d+ questions, by votes, token confidences and the probe", said["confidence_source"]
    )
    assert 0 < said["confidence"] < 1


def stopped_at(lines: int, out: Path, process: subprocess.Popen[bytes], number: int) -> int:
    """Signal the command once its file has so many lines; its exit code."""
    ends = time.perf_counter() + 60
    try:
        while not out.exists() or out.read_bytes().count(b"\n") < lines:
            assert process.poll() is None
            assert time.perf_counter() < ends
            time.sleep(0.01)
        process.send_signal(number)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    return process.returncode


def timeless(path: Path) -> list[dict[str, Any]]:
    """The records without what a clock said."""
    records = list(read_records(path, "question"))
    for record in records:
        for sample in record["samples"]:
            del sample["finished_s"]
    return records

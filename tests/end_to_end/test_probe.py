"""`edgereason probe` on the bundled model: collected, fitted, judged on others, used by `ask`, on both engines."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="the extra [fit] is not installed")

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]
TASKS = ("chain", "extremes", "counting")
SMALL = ("--samples", "4", "--waits", "0", "--think-tokens", "64", "-q")
LIMIT_S = 280.0


def finished(process: subprocess.Popen[bytes]) -> bytes:
    """Standard output of a command that may take its time."""
    printed, _ = process.communicate(timeout=LIMIT_S)
    assert 0 == process.returncode
    return printed  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def records(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records to fit on and others."""
    made = tmp_path_factory.mktemp("probe")
    for name, split, n in (("fitted", "tune", "44"), ("others", "test", "40")):
        arguments = ("-n", n, "--split", split, *SMALL, "--out", str(made / f"{name}.jsonl"))
        finished(start("probe", "collect", *TASKS, *arguments, stdout=subprocess.PIPE))
    return made


@pytest.fixture(scope="module")
def folder(start: Start, records: Path) -> Path:
    """The records, and a probe of the former in `profiles/mine`."""
    arguments = (str(records / "fitted.jsonl"), "-o", str(records / "profiles" / "mine"), "--force", "--json")
    printed = finished(start("probe", "train", *arguments, stdout=subprocess.PIPE))
    assert 132 == json.loads(printed)["questions"]
    return records


def rewritten(records: Path, out: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Path:
    """A copy of the records to fit on, each question changed, with checksums that fit."""
    from edgereason.records import _encode, read_header, read_records

    source = records / "fitted.jsonl"
    strip = [{k: v for k, v in record.items() if k != "crc"} for record in (read_header(source), *read_records(source))]
    out.write_bytes(b"".join(_encode(change(record) if record["kind"] == "question" else record) for record in strip))
    return out


def all_right(record: dict[str, Any]) -> dict[str, Any]:
    """As of a model that is always right."""
    samples = [
        {**s, "correct": True, "cuts": [{**cut, "correct": True} for cut in s["cuts"]]} for s in record["samples"]
    ]
    return {**record, "samples": samples}


# ---------------------------------------------------------------- what needs records alone


def test_budgets_are_found_and_a_probe_is_fitted_for_them(edgereason: Run, records: Path, tmp_path: Path) -> None:
    """Grid, profiles, labels: the files are profiles that `ask` takes, with the table beside them, again and again."""
    out = tmp_path / "budgets"
    for _ in range(2):  # what a search wrote, another may replace
        found = edgereason("probe", "tune", str(records / "fitted.jsonl"), "-o", str(out), "--json")
        assert 0 == found.returncode, found.stderr
    table = json.loads(found.stdout)
    assert {"easy.toml", "normal.toml", "hard.toml", "search"} == {path.name for path in out.iterdir()}
    assert table == json.loads((out / "search" / "table.json").read_text())
    assert "abacus" in (out / "search" / "table.md").read_text()
    assert ["fitted.jsonl"] == table["provenance"]["settings"]["records"]
    least = table["best_single"]["right"] - 0.005
    assert table["found"]["right"] >= least - 1e-6
    assert table["found"]["tokens"] <= table["cheapest_single"]["tokens"]

    hard = table["profiles"]["hard"]
    asked = json.loads(edgereason("ask", "1 + 1 = ?", "--profiles", str(out), "--profile", "hard", "--json").stdout)
    assert hard["rows"] == sum(group["count"] for group in asked["plan"]["rows"])

    (out / "mine.txt").write_text("keep me")
    refused = edgereason("probe", "tune", str(records / "fitted.jsonl"), "-o", str(out))
    assert (1, True) == (refused.returncode, "holds other things (mine.txt)" in refused.stderr)
    assert (out / "mine.txt").exists()


def small_files() -> None:
    """In the child: no file may grow beyond a kilobyte, as on a disk that is almost full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


def test_a_full_disk_leaves_no_budgets_and_keeps_the_old(edgereason: Run, records: Path, tmp_path: Path) -> None:
    """Nothing, or what was there, and nothing half-written beside it."""
    out = tmp_path / "budgets"
    arguments = ("probe", "tune", str(records / "fitted.jsonl"), "-o", str(out))
    found = edgereason(*arguments, preexec_fn=small_files)
    assert (1, True) == (found.returncode, "Cannot write" in found.stderr), found.stderr
    assert [] == list(tmp_path.iterdir())
    assert 0 == edgereason(*arguments).returncode
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert 1 == edgereason(*arguments, preexec_fn=small_files).returncode
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_full_disk_ends_a_collection_whole(edgereason: Run, tmp_path: Path) -> None:
    """What was recorded stays, and the same command goes on once there is room."""
    out = tmp_path / "r.jsonl"
    arguments = ("probe", "collect", "chain", "-n", "20", *SMALL, "--out", str(out))

    def room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    found = edgereason(*arguments, preexec_fn=room)
    assert (1, True) == (found.returncode, "Free some space" in found.stderr), found.stderr
    lines = out.read_bytes().splitlines(keepends=True)
    assert 1 < len(lines) < 21
    assert all(line.endswith(b"}\n") for line in lines)
    assert 0 == edgereason(*arguments).returncode
    assert lines == out.read_bytes().splitlines(keepends=True)[: len(lines)]


def test_a_killed_collection_goes_on(start: Start, edgereason: Run, tmp_path: Path) -> None:
    """SIGKILL in the middle: no question is lost or asked twice, and none differs from an undisturbed recording."""
    arguments = ("probe", "collect", "chain", "-n", "30", *SMALL, "--out")
    out, whole = tmp_path / "killed.jsonl", tmp_path / "whole.jsonl"
    process = start(*arguments, str(out))
    limit = time.monotonic() + 60
    while (not out.exists() or out.read_bytes().count(b"\n") < 4) and time.monotonic() < limit:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    kept = out.read_bytes().splitlines(keepends=True)[:4]
    for path in (out, whole):
        assert 0 == edgereason(*arguments, str(path)).returncode
    answers = [[(r["question_id"], [s["tokens"] for s in r["samples"]]) for r in map(json.loads, lines[1:])]
               for lines in (path.read_bytes().splitlines() for path in (out, whole))]  # fmt: skip
    assert answers[0] == answers[1]
    assert kept == out.read_bytes().splitlines(keepends=True)[:4]


@pytest.mark.parametrize("verb", ["train", "tune"])
def test_one_class_is_refused(edgereason: Run, records: Path, tmp_path: Path, verb: str) -> None:
    """There is nothing to tell apart."""
    path = rewritten(records, tmp_path / "r.jsonl", all_right)
    found = edgereason("probe", verb, str(path), "-o", str(tmp_path / "out"))
    assert (1, True, True) == (found.returncode, "all right" in found.stderr, "hint:" in found.stderr), found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["train", "tune"])
@pytest.mark.parametrize(("label", "value"), [("correct", "yes"), ("correct", None), ("cuts", 7), ("arm", ["plain"])])
def test_labels_that_are_none_are_named(
    edgereason: Run, records: Path, tmp_path: Path, verb: str, label: str, value: object
) -> None:
    """The question and the label, though the checksum fits."""

    def spoilt(record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "samples": [{**sample, label: value} for sample in record["samples"]]}

    path = rewritten(records, tmp_path / "r.jsonl", spoilt)
    found = edgereason("probe", verb, str(path), "-o", str(tmp_path / "out"))
    said = label in found.stderr and "chain:tune-0:0" in found.stderr
    assert (1, True) == (found.returncode, said), found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("lines", "message"), [("", "holds no questions"), ('{"question": "?"}\n', "line 1"), ("7\n", "line 1")]
)
def test_a_task_without_labels_is_refused(edgereason: Run, tmp_path: Path, lines: str, message: str) -> None:
    """Before anything is recorded."""
    (tmp_path / "mine.jsonl").write_text(lines)
    found = edgereason("probe", "collect", str(tmp_path / "mine.jsonl"), "-o", str(tmp_path / "r.jsonl"))
    assert (1, True) == (found.returncode, message in found.stderr), found.stderr
    assert not (tmp_path / "r.jsonl").exists()


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"{}\n", "not a record"), (None, "at least 120")])
def test_budgets_need_enough_records(
    edgereason: Run, records: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    """Empty, foreign, or short of the least number."""
    lines = (records / "fitted.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "r.jsonl").write_bytes(b"".join(lines[:60]) if content is None else content)
    found = edgereason("probe", "tune", str(tmp_path / "r.jsonl"), "-o", str(tmp_path / "p"))
    assert (1, True) == (found.returncode, message in found.stderr), found.stderr
    assert not (tmp_path / "p").exists()


# ---------------------------------------------------------------- what needs a probe


def test_a_probe_is_found_and_used(edgereason: Run, folder: Path) -> None:
    """Its curve is in the result, it is the source of the difficulty, and nothing is noted against it."""
    profiles = str(folder / "profiles")
    found = json.loads(edgereason("ask", "Compute 8 + 5.", "--profiles", profiles, "--json").stdout)
    difficulty = found["difficulty"]
    assert "probe 'mine'" in difficulty["source"]
    assert 0 == difficulty["think_tokens"][0]
    assert 64 == difficulty["think_tokens"][-1]
    assert len(difficulty["right"]) == len(difficulty["finished"]) == len(difficulty["think_tokens"])
    assert found["plan"]["profile"] == max(difficulty["probabilities"], key=difficulty["probabilities"].get)
    assert not [note for note in found["notes"] if "probe" in note]


def test_a_probe_of_one_file_serves_the_other(edgereason: Run, folder: Path) -> None:
    """The other engine's file has the same states, as near as its weights are rounded."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    options = ("--engine", "llama-cpp", "--profiles", str(folder / "profiles"), "--json")
    found = json.loads(edgereason("ask", "Compute 8 + 5.", *options).stdout)
    assert "probe 'mine'" in found["difficulty"]["source"]


def test_show_prints_the_card(edgereason: Run, folder: Path) -> None:
    """As text and as JSON, the same that lies in the folder."""
    probe = folder / "profiles" / "mine"
    assert (probe / "card.md").read_text() == edgereason("probe", "show", str(probe)).stdout
    card = json.loads(edgereason("probe", "show", str(probe), "--json").stdout)
    assert {"templates": 5, "families": 3} == card["folds"]
    assert card["provenance"]["model"]["name"] == "abacus"
    assert {"votes and tokens", "and the probe"} == card["confidence"]["reliability"].keys()
    assert (probe / "card.svg").read_text().startswith("<svg")


def test_eval_judges_on_other_questions_alone(edgereason: Run, folder: Path) -> None:
    """Those that were fitted on are refused by name."""
    probe = str(folder / "profiles" / "mine")
    picture = folder / "reliability.svg"
    found = edgereason("probe", "eval", probe, str(folder / "others.jsonl"), "--json", "--svg", str(picture))
    assert 0 == found.returncode, found.stderr
    judged = json.loads(found.stdout)
    assert (120, 1.0) == (judged["questions"], judged["states_agree"])
    assert {"chain", "counting", "extremes"} == judged["auroc"]["long"]["families"].keys()
    direct = judged["confidence"]["reliability"]["votes and tokens"]["answers without thought"]
    assert (120, True) == (direct["situations"], direct["brier"] < direct["brier_of_level"])
    assert picture.read_text().startswith("<svg")
    assert "AUROC within families" in edgereason("probe", "eval", probe, str(folder / "others.jsonl")).stdout

    refused = edgereason("probe", "eval", probe, str(folder / "fitted.jsonl"))
    assert (1, True) == (refused.returncode, "132 of 132 questions were fitted on" in refused.stderr)


def test_a_damaged_probe_is_refused(edgereason: Run, folder: Path, tmp_path: Path) -> None:
    """By every command that would use it, with what to do."""
    shutil.copytree(folder / "profiles", tmp_path / "profiles")
    path = tmp_path / "profiles" / "mine" / "probe.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    for arguments in (
        ("ask", "1 + 1 = ?", "--profiles", str(tmp_path / "profiles")),
        ("probe", "show", str(tmp_path / "profiles" / "mine")),
    ):
        found = edgereason(*arguments)
        assert (1, True, True) == (found.returncode, "damaged" in found.stderr, "hint:" in found.stderr)


def test_a_damaged_probe_does_not_stand_in_the_way_of_a_new_one(edgereason: Run, folder: Path, tmp_path: Path) -> None:
    """Who is told to fit the probe again can do so: records are made, and a probe fitted, beside the damaged one."""
    shutil.copytree(folder / "profiles", tmp_path / "profiles")
    path = tmp_path / "profiles" / "mine" / "probe.json"
    path.write_text(path.read_text().replace("edgereason.probe/", "edgereason.probe/0"))
    options = ("--profiles", str(tmp_path / "profiles"), "-q")
    made = edgereason(
        "probe", "collect", "chain", "-n", "20", "--samples", "2", "-o", str(tmp_path / "a.jsonl"), *options
    )
    judged = edgereason("probe", "eval", str(folder / "profiles" / "mine"), str(folder / "others.jsonl"), *options)

    assert 1 == edgereason("ask", "1 + 1 = ?", *options[:2]).returncode
    assert ("", 0, 0) == (made.stderr, made.returncode, judged.returncode)


def test_other_states_leave_the_prior_and_a_note(edgereason: Run, folder: Path, tmp_path: Path) -> None:
    """A probe of the lineage whose states are others', as after more training."""
    from dataclasses import replace

    from edgereason.probing.artifact import read_card, read_probe, write_probe

    probe = read_probe(folder / "profiles" / "mine")
    source = {**probe.provenance, "model": {**probe.provenance["model"], "file": "another"}}
    turned = replace(probe, provenance=source, arrays={**probe.arrays, "states": -probe.arrays["states"]})
    write_probe(turned, *read_card(folder / "profiles" / "mine"), tmp_path / "mine")
    found = json.loads(edgereason("ask", "1 + 1 = ?", "--profiles", str(tmp_path), "--json").stdout)
    assert "confidence of the direct answer" in found["difficulty"]["source"]
    assert any("is not used" in note and "other weights" in note for note in found["notes"])


def test_a_killed_fit_leaves_nothing(start: Start, folder: Path, tmp_path: Path) -> None:
    """Neither a folder nor part of one."""
    out = tmp_path / "probes" / "mine"
    process = start("probe", "train", str(folder / "fitted.jsonl"), "-o", str(out), "--force")
    time.sleep(3)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert not out.exists()
    assert [] == list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b'{"kind": "header"}\n', "damaged or not a record"), (None, "too few for a probe")],
)
def test_what_cannot_be_fitted_on_is_said(
    edgereason: Run, folder: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    """Empty, foreign, or short of the least number."""
    records = tmp_path / "r.jsonl"
    lines = (folder / "fitted.jsonl").read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[:60]) if content is None else content)
    found = edgereason("probe", "train", str(records), "-o", str(tmp_path / "p"))
    assert (1, True) == (found.returncode, message in found.stderr), found.stderr
    assert not (tmp_path / "p").exists()


def test_the_same_records_twice_are_refused(edgereason: Run, folder: Path, tmp_path: Path) -> None:
    """A question counts once."""
    records = str(folder / "fitted.jsonl")
    found = edgereason("probe", "train", records, records, "-o", str(tmp_path / "p"))
    assert (1, True) == (found.returncode, "is in another file too" in found.stderr)

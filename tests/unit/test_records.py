"""Laws of the record format."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import resource
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgereason import records as records_module
from edgereason.errors import RecordError
from edgereason.records import (
    Cut,
    Provenance,
    RecordWriter,
    provenance,
    question_record,
    read_header,
    read_records,
    request_record,
    rollout_of,
    sample_record,
)
from edgereason.testing import FakeClock
from edgereason.trace import Trace
from edgereason.types import ModelInfo, Result, Rollout, Usage

HEADER = Provenance(
    command="edgereason eval chain",
    date="2026-01-02T03:04:05+00:00",
    device="test machine, cpu",
    engine="fake",
    engine_version="1",
    model=ModelInfo(name="m", lineage="l", file="f"),
    seed=0,
    n=3,
    settings={"task": "chain", "deadline_s": 0.5},
)

ROLLOUT = Rollout(
    row=1,
    seed=7,
    tokens=(5, 6, 7),
    logprobs=(-0.1, -2.25, -1e-9),
    entropies=(0.5, 0.25, 0.0),
    forced=(False, True, False),
    finish="forced",
    reasoning="2 + 2 =",
    text="\\boxed{4} ≤ 5",
    answer="4",
    canonical="4",
    confidence=0.97,
    reasoning_tokens=2,
)

RESULT = Result(
    answer="4",
    text="\\boxed{4}",
    reasoning="2 + 2 =",
    confidence=0.9,
    deadline_s=0.5,
    elapsed_s=0.125,
    deadline_met=True,
    load_s=0.1,
    finish="complete",
    difficulty=None,
    plan=None,
    usage=Usage(prompt_tokens=3, reasoning_tokens=2, completion_tokens=3),
    rollouts=(ROLLOUT,),
    model=HEADER.model,
    engine="fake",
    seed=0,
    notes=("a note",),
)


def write(path: Path, *records: dict[str, Any], header: Provenance = HEADER) -> None:
    """Append records to a file."""
    with RecordWriter(path, header) as writer:
        for record in records:
            writer.append(record)


def numbered(count: int) -> list[dict[str, Any]]:
    """Different small records."""
    return [{"kind": "request", "question_id": f"q{i}", "text": 'a "quote", ×' + "x" * i} for i in range(count)]


# ---------------------------------------------------------------- question and request records


def test_a_sample_survives_its_record(tmp_path: Path) -> None:
    """A rollout written and read is the same value; values of tokens to four decimals."""
    cut = Cut(think_tokens=1, answer="3", canonical="3", correct=False, logprob=-0.5)
    plain = dataclasses.replace(ROLLOUT, logprobs=(-0.1, -2.25, -0.5))
    precise = dataclasses.replace(ROLLOUT, logprobs=(-0.10000001, -2.25004, -0.49996))
    sample = sample_record(precise, arm="plain", correct=True, cuts=[cut])
    write(
        tmp_path / "r.jsonl", question_record(question_id="chain/1", question="1 + 1?", samples=[sample], band="easy")
    )
    (found,) = read_records(tmp_path / "r.jsonl", "question")

    (read,) = found["samples"]
    assert rollout_of(read) == plain
    assert read["cuts"] == [
        {"think_tokens": 1, "answer": "3", "canonical": "3", "correct": False, "logprob": -0.5},
    ]
    assert ("chain/1", "1 + 1?", "easy") == (found["question_id"], found["question"], found["band"])
    assert ("plain", True) == (read["arm"], read["correct"])


def test_request_record_holds_rollouts_trace_and_labels(tmp_path: Path) -> None:
    """A request's record gives back its rollouts and its trace, and keeps the caller's labels."""
    trace = Trace(FakeClock())
    trace.add("note", "hello")
    result = dataclasses.replace(RESULT, trace=trace)
    record = request_record(result, question_id="q", question="2 + 2?", canonical="4", correct=True, family="sums")
    write(tmp_path / "r.jsonl", record)
    (found,) = read_records(tmp_path / "r.jsonl")

    assert rollout_of(found["rollouts"][0]) == ROLLOUT
    assert found["trace"] == trace.to_record()
    assert (found["family"], found["answer"], found["correct"], found["notes"]) == ("sums", "4", True, ["a note"])


def test_labels_cannot_replace_what_was_measured() -> None:
    """A label that has the name of a field of the record loses."""
    record = request_record(RESULT, question_id="q", question="?", canonical=None, elapsed_s=0.0)

    assert record["elapsed_s"] == 0.125


@pytest.mark.parametrize("change", [{"tokens": [1]}, {"forced": None}])
def test_damaged_rollout_fields_are_refused(change: dict[str, Any]) -> None:
    """A missing field, or per-token fields of different lengths, is an error and not a wrong rollout."""
    record = sample_record(ROLLOUT, arm="plain", correct=True)
    record.update(change)
    if record["forced"] is None:
        del record["forced"]

    with pytest.raises(RecordError):
        rollout_of(record)


def test_numbers_that_json_lacks_become_null(tmp_path: Path) -> None:
    """NaN and infinities are written as null, so that every JSON reader reads the file."""
    write(tmp_path / "r.jsonl", {"kind": "request", "x": math.nan, "y": [math.inf, np.float32(0.5)]})

    assert list(read_records(tmp_path / "r.jsonl")) == [{"kind": "request", "x": None, "y": [None, 0.5]}]


# ---------------------------------------------------------------- files


def test_lines_are_json_with_a_crc_over_the_rest(tmp_path: Path) -> None:
    """Anybody can check a line: its `crc` is the CRC-32 of the canonical JSON without it."""
    write(tmp_path / "r.jsonl", *numbered(2))

    for line in (tmp_path / "r.jsonl").read_bytes().splitlines():
        record = json.loads(line)
        crc = record.pop("crc")
        body = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
        assert f"{zlib.crc32(body):08x}" == crc


def test_header_comes_first_and_is_read_back(tmp_path: Path) -> None:
    """A new file begins with its provenance."""
    write(tmp_path / "r.jsonl")

    assert read_header(tmp_path / "r.jsonl") == HEADER.to_record()
    assert read_header(tmp_path / "r.jsonl")["model"] == {"name": "m", "lineage": "l", "file": "f"}


def test_provenance_says_when_and_by_which_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Command and date are filled in, without the folder the program lies in."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/edgereason", "eval", "a b"])
    made = provenance(device="d", engine="e", engine_version="1", model=HEADER.model, seed=None, n=None)

    assert made.command == "edgereason eval 'a b'"
    assert made.date.endswith("+00:00")


def test_kinds_are_told_apart(tmp_path: Path) -> None:
    """Reading one kind leaves the others out."""
    rollout = {"kind": "question", "x": 1}
    request = {"kind": "request", "x": 2}
    write(tmp_path / "r.jsonl", rollout, request)

    assert list(read_records(tmp_path / "r.jsonl", "question")) == [rollout]
    assert list(read_records(tmp_path / "r.jsonl")) == [rollout, request]


def test_writer_resumes_after_the_last_record(tmp_path: Path) -> None:
    """A second run appends to the first; another command, day and n are no hindrance."""
    first, second, third = numbered(3)
    write(tmp_path / "r.jsonl", first, second)
    with RecordWriter(tmp_path / "r.jsonl", dataclasses.replace(HEADER, command="c", date="d", n=9)) as writer:
        assert writer.count == 2
        writer.append(third)
        assert writer.count == 3

    assert list(read_records(tmp_path / "r.jsonl")) == [first, second, third]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"device": "other"}, "device"),
        ({"seed": 1}, "seed is 0 there and 1 here"),
        ({"engine_version": "2"}, "engine_version"),
        ({"model": ModelInfo(name="m", lineage="l", file="g")}, "model"),
        ({"settings": {"task": "chain", "deadline_s": 0.25}}, "deadline_s is 0.5 there and 0.25 here"),
        ({"settings": {"task": "chain"}}, "deadline_s is 0.5 there and None here"),
    ],
)
def test_file_of_another_setting_is_refused_untouched(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """Records made otherwise are never mixed; the error names what differs."""
    write(tmp_path / "r.jsonl", *numbered(1))
    before = (tmp_path / "r.jsonl").read_bytes()

    with pytest.raises(RecordError, match=said):
        RecordWriter(tmp_path / "r.jsonl", dataclasses.replace(HEADER, **change))
    assert before == (tmp_path / "r.jsonl").read_bytes()


def test_file_of_another_schema_is_refused(tmp_path: Path) -> None:
    """Neither reader nor writer touches a schema it does not know."""
    write(tmp_path / "r.jsonl", header=dataclasses.replace(HEADER, schema_version=999))

    with pytest.raises(RecordError, match="schema version 999"):
        list(read_records(tmp_path / "r.jsonl"))
    with pytest.raises(RecordError, match="schema version 999"):
        RecordWriter(tmp_path / "r.jsonl", HEADER)


@pytest.mark.parametrize("content", [b"important notes", b"\x00\x01\x02", b'{"a": 1}\n', b"text\n"])
def test_file_that_is_something_else_is_never_overwritten(tmp_path: Path, content: bytes) -> None:
    """A file that holds no records stays as it is, with or without a line end."""
    (tmp_path / "r.jsonl").write_bytes(content)

    with pytest.raises(RecordError):
        RecordWriter(tmp_path / "r.jsonl", HEADER)
    assert content == (tmp_path / "r.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["", "missing/r.jsonl"])
def test_folder_and_missing_folder_are_refused(tmp_path: Path, name: str) -> None:
    """A path that cannot be a file is a record error with a hint, for reader and writer."""
    for attempt in (lambda: RecordWriter(tmp_path / name, HEADER), lambda: list(read_records(tmp_path / name))):
        with pytest.raises(RecordError) as caught:
            attempt()
        assert caught.value.hint


def test_endless_device_is_refused() -> None:
    """A device file is not read to its end."""
    with pytest.raises(RecordError, match="not a regular file"):
        RecordWriter(Path("/dev/zero"), HEADER)


@pytest.mark.parametrize("record", [{}, {"kind": "song"}, {"kind": "request", "crc": "0"}])
def test_what_is_no_record_is_not_written(tmp_path: Path, record: dict[str, Any]) -> None:
    """Kind is known and the checksum is the writer's own."""
    with RecordWriter(tmp_path / "r.jsonl", HEADER) as writer, pytest.raises(RecordError):
        writer.append(record)
    assert list(read_records(tmp_path / "r.jsonl")) == []


def test_empty_file_has_no_header(tmp_path: Path) -> None:
    """An empty file is an error to read and a fresh one to write."""
    (tmp_path / "r.jsonl").touch()

    with pytest.raises(RecordError, match="empty"):
        list(read_records(tmp_path / "r.jsonl"))
    write(tmp_path / "r.jsonl", *numbered(1))
    assert list(read_records(tmp_path / "r.jsonl")) == numbered(1)


# ---------------------------------------------------------------- damage


@contextlib.contextmanager
def recorded(count: int) -> Iterator[tuple[Path, bytes]]:
    """A file of `count` records, and its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.jsonl"
        write(path, *numbered(count))
        yield path, path.read_bytes()


@settings(max_examples=200)
@given(st.data())
def test_every_whole_record_before_a_truncation_is_recovered(data: st.DataObject) -> None:
    """Cut at any byte: the reader gives all records whose lines are whole, and the writer goes on after them."""
    with recorded(4) as (path, content):
        size = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:size])
        whole = max(content[:size].count(b"\n") - 1, 0)

        if content[:size].count(b"\n"):
            assert list(read_records(path)) == numbered(whole)
        with RecordWriter(path, HEADER) as writer:
            assert writer.count == whole
            assert path.read_bytes().endswith(b"\n")
            writer.append({"kind": "question"})
        assert list(read_records(path)) == [*numbered(whole), {"kind": "question"}]


@settings(max_examples=300)
@given(st.data())
def test_any_changed_byte_before_the_last_line_end_is_detected(data: st.DataObject) -> None:
    """One other byte anywhere: reader and writer refuse the file, naming a line, and leave it as it is."""
    with recorded(3) as (path, content):
        place = data.draw(st.integers(0, len(content) - 2))
        other = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
        damaged = content[:place] + bytes([other]) + content[place + 1 :]
        path.write_bytes(damaged)

        with pytest.raises(RecordError, match=r"line \d"):
            list(read_records(path))
        with pytest.raises(RecordError, match=r"line \d"):
            RecordWriter(path, HEADER)
        assert damaged == path.read_bytes()


def test_damage_is_named_by_its_line_after_the_good_records(tmp_path: Path) -> None:
    """The third line is called line 3, and what comes before it is given first."""
    write(tmp_path / "r.jsonl", *numbered(3))
    lines = (tmp_path / "r.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"q1", b"q7")
    (tmp_path / "r.jsonl").write_bytes(b"".join(lines))
    reading = read_records(tmp_path / "r.jsonl")

    assert next(reading) == numbered(1)[0]
    with pytest.raises(RecordError, match="line 3"):
        next(reading)


@pytest.mark.parametrize(
    "body", [b"[1]", b"{}", b'{"a":1}', b'{"kind":"song"}', b'{"a":' * 100_000 + b"1" + b"}" * 100_000]
)
def test_checksum_that_fits_nonsense_is_still_refused(tmp_path: Path, body: bytes) -> None:
    """A line made to pass the checksum, but no record, is damage and no crash."""
    write(tmp_path / "r.jsonl")
    sealed = body[:-1] + b"}"
    line = sealed[:-1] + b',"crc":"%08x"}\n' % zlib.crc32(sealed)
    with (tmp_path / "r.jsonl").open("ab") as file:
        file.write(line)

    with pytest.raises(RecordError, match="line 2"):
        list(read_records(tmp_path / "r.jsonl"))


# ---------------------------------------------------------------- the world outside


def test_full_disk_leaves_whole_records_only(tmp_path: Path) -> None:
    """When the system takes only half a record, the file is cut back to the last whole one, and goes on later."""
    path = tmp_path / "r.jsonl"
    write(path, *numbered(1))
    whole = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with RecordWriter(path, HEADER) as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, hard))
        try:
            with pytest.raises(RecordError, match="Cannot write") as caught:
                writer.append({"kind": "request", "text": "x" * 500})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert "space" in caught.value.hint
        assert whole == path.read_bytes()
        writer.append(numbered(2)[1])

    assert list(read_records(path)) == numbered(2)


def test_second_writer_is_told_that_the_file_is_taken(tmp_path: Path) -> None:
    """Two writers never interleave, in one process or in two; the file is free again after `close`."""
    path = tmp_path / "r.jsonl"
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from edgereason.records import *; from edgereason.errors import RecordError\n"
        "from edgereason.types import ModelInfo\n"
        "h = provenance(device='', engine='', engine_version='', model=ModelInfo(name='', lineage='', file=''),"
        " seed=0, n=0)\n"
        "try: RecordWriter(Path(sys.argv[1]), h)\n"
        "except RecordError as error: print(error)\n"
    )
    root = str(Path(records_module.__file__).parent.parent)
    with RecordWriter(path, HEADER):
        with pytest.raises(RecordError, match="another process"):
            RecordWriter(path, HEADER)
        said = subprocess.run(
            [sys.executable, "-c", script, str(path), root], capture_output=True, text=True, check=True
        ).stdout

    assert "being written by another process" in said
    write(path, *numbered(1))
    assert list(read_records(path)) == numbered(1)


def test_refused_file_is_not_left_locked(tmp_path: Path) -> None:
    """A writer that raised while opening keeps no lock."""
    write(tmp_path / "r.jsonl")
    with pytest.raises(RecordError):
        RecordWriter(tmp_path / "r.jsonl", dataclasses.replace(HEADER, seed=5))

    write(tmp_path / "r.jsonl", *numbered(1))
    assert list(read_records(tmp_path / "r.jsonl")) == numbered(1)


def test_records_survive_a_kill_of_their_writer(tmp_path: Path) -> None:
    """A record is in the file when `append` returns: a killed process loses none."""
    path = tmp_path / "r.jsonl"
    script = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from edgereason.records import *; from edgereason.types import ModelInfo\n"
        "h = provenance(device='', engine='', engine_version='', model=ModelInfo(name='', lineage='', file=''),"
        " seed=0, n=0)\n"
        "w = RecordWriter(Path(sys.argv[1]), h)\n"
        "[w.append({'kind': 'request', 'i': i}) for i in range(5)]\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = str(Path(records_module.__file__).parent.parent)
    subprocess.run([sys.executable, "-c", script, str(path), root], check=False)

    assert [record["i"] for record in read_records(path)] == [0, 1, 2, 3, 4]

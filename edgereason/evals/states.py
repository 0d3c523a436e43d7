"""The evidence of recorded questions: their prompts are run again up to where thinking would begin, nothing more.

In: record files to labelled evidence, on either engine. Not in: recording, labels, fitting (recording, probing).
Invariant: nothing is generated; direct answers are those of the records.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgereason.errors import RecordError
from edgereason.loading import Parts
from edgereason.probing.features import evidence_of
from edgereason.protocols import Record
from edgereason.records import read_header, read_records, rollout_of
from edgereason.types import Evidence, Message

OnState = Callable[[int, int], None]  # questions done, questions in all
LABELS: dict[str, tuple[type, ...]] = {
    "arm": (str,),
    "canonical": (str, type(None)),
    "confidence": (int, float, type(None)),
    "correct": (bool,),
    "cuts": (list,),
    "finish": (str,),
    "forced": (list,),
    "reasoning_tokens": (int,),
}  # of a sample: what is made of it
CUT_LABELS: dict[str, tuple[type, ...]] = {
    "canonical": (str, type(None)),
    "correct": (bool,),
    "logprob": (int, float, type(None)),
    "think_tokens": (int,),
}
SAME = ("cuts", "think_tokens", "temperature")  # settings that files must share to be read as one


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Question records that belong together: the first file's header, and each question once."""

    header: Record
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A recorded question, the ids of its prompt, and the evidence of it."""

    record: Record
    tokens: tuple[int, ...]
    evidence: Evidence


def read_questions(paths: Sequence[Path]) -> Recorded:
    """The questions in these files that have samples.

    Raises:
        RecordError: a file is damaged, they were recorded differently or of different models, share a question, or a
            label is none (naming it).
    """
    headers = [read_header(path) for path in paths]
    for path, header in zip(paths, headers, strict=True):
        if "cuts" not in header["settings"]:
            raise RecordError(f"{str(path)!r} holds no recorded questions.", hint="`edgereason calibrate` writes them.")
        _check_same(path, header, headers[0])
    found: dict[str, Record] = {}
    for path in paths:
        for record in read_records(path, "question"):
            if record["question_id"] in found:
                raise RecordError(f"{str(path)!r}: question {record['question_id']!r} is in another file too.")
            _check_labels(path, record)
            found[record["question_id"]] = record
    return Recorded(header=headers[0], records=tuple(record for record in found.values() if record["samples"]))


def points_of(recorded: Recorded) -> tuple[int, ...]:
    """The cuts of the records, and the cap."""
    settings = recorded.header["settings"]
    return (*settings["cuts"], settings["think_tokens"])


def look_again(recorded: Recorded, parts: Parts, on_state: OnState | None = None) -> list[Seen]:
    """Each question with its evidence, in the order of the records; those without a direct answer are left out.

    Raises:
        RecordError: the records are of another lineage, or of another chat template.
        EngineError: the model failed.
    """
    theirs = recorded.header["model"]["lineage"]
    if theirs != parts.model.lineage:
        raise RecordError(
            f"The records are of a model of lineage {theirs!r}; {parts.model.name!r} is of {parts.model.lineage!r}.",
            hint="Name the model that was recorded with -m, or record this one.",
        )
    found = []
    for index, record in enumerate(recorded.records):
        direct = next((sample for sample in record["samples"] if sample["arm"] == "direct"), None)
        if direct is not None:
            found.append(_seen(record, direct, parts))
        if on_state is not None:
            on_state(index + 1, len(recorded.records))
    return found


def _seen(record: Record, direct: Record, parts: Parts) -> Seen:
    """One question with its evidence."""
    message = Message(role="user", content=record["question"])
    tokens = parts.tokenizer.prompt([message], choices=tuple(record["choices"])).tokens
    if len(tokens) != record["prompt_tokens"]:
        raise RecordError(
            f"The prompt of {record['question_id']!r} has {len(tokens)} tokens here and had {record['prompt_tokens']}.",
            hint="Give the chat template that was recorded with.",
        )
    with contextlib.closing(parts.engine.prefill(tokens)) as prefix:
        evidence = evidence_of(prefix.hidden, len(tokens), rollout_of(direct))
    return Seen(record=record, tokens=tokens, evidence=evidence)


def _check_labels(path: Path, record: Record) -> None:
    """RecordError naming the first label of a question's samples that is missing or of another kind."""
    for sample in record["samples"]:
        wrong = _wrong(sample, LABELS) or next(
            (found for cut in sample["cuts"] if (found := _wrong(cut, CUT_LABELS))), ""
        )
        if wrong:
            raise RecordError(
                f"{str(path)!r}: question {record['question_id']!r} has a sample with {wrong}.",
                hint="Record it again; docs/records.md has the fields.",
            )


def _wrong(values: object, kinds: dict[str, tuple[type, ...]]) -> str:
    """The first field that is not what it should be, in words; nothing where all are."""
    if not isinstance(values, dict):
        return f"{values!r} for fields"
    bad = [name for name, kind in kinds.items() if name not in values or not isinstance(values[name], kind)]
    return f"{bad[0]} = {values.get(bad[0])!r}" if bad else ""


def _check_same(path: Path, header: Record, first: Record) -> None:
    """RecordError unless the file was recorded as the first one was."""
    for name in SAME:
        here, there = header["settings"].get(name), first["settings"].get(name)
        if here != there:
            raise RecordError(f"{str(path)!r} was recorded with {name} {here!r}, the first file with {there!r}.")
    if header["model"]["lineage"] != first["model"]["lineage"]:
        raise RecordError(f"{str(path)!r} was recorded of another model than the first file.")

"""The one file format of everything recorded: questions, requests, timings.

In: `Provenance` (the header no number travels without), the makers of question and request records, `RecordWriter` and
`read_records`. Not in: what the records mean (evals, profiling, probing), what happens in a request (trace).
The fields of every record are listed in docs/records.md.
Invariant: a whole line that was written is read back exactly, or reading says which line is damaged.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shlex
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from edgereason.errors import RecordError
from edgereason.protocols import Record
from edgereason.trace import plain
from edgereason.types import ModelInfo, Result, Rollout

try:
    import fcntl
except ImportError:  # not a POSIX system: two writers are then not told apart
    fcntl = None  # type: ignore[assignment]

SCHEMA_VERSION = 1
KINDS = ("header", "question", "request", "ask", "timing", "beats")
_CRC_OPENER = b',"crc":"'
_HEADER_BEGIN = b'{"command":'
_FREE_TO_DIFFER = ("command", "date", "n")  # a file may be continued on another day, by another command, for more


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where numbers come from: the header of every record file, profile, card, benchmark and report.

    device: the machine in words, with what the engine ran on; seed and n: None where there is none.
    settings: whatever else decides what is in the file (task, deadline, profile, ...); plain JSON values.
    """

    command: str
    date: str  # UTC, ISO 8601
    device: str
    engine: str
    engine_version: str
    model: ModelInfo
    seed: int | None
    n: int | None
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def to_record(self) -> Record:
        """The header as plain JSON values."""
        return {"kind": "header", **plain(self)}


def provenance(
    *,
    device: str,
    engine: str,
    engine_version: str,
    model: ModelInfo,
    seed: int | None,
    n: int | None,
    settings: Mapping[str, object] | None = None,
    command: str | None = None,
    date: str | None = None,
) -> Provenance:
    """A header for now and for the command that this process was started with, unless told otherwise."""
    return Provenance(
        command=_this_command() if command is None else command,
        date=datetime.now(timezone.utc).isoformat(timespec="seconds") if date is None else date,
        device=device,
        engine=engine,
        engine_version=engine_version,
        model=model,
        seed=seed,
        n=n,
        settings=dict(settings or {}),
    )


def _this_command() -> str:
    """How this process was started, without the folder of the program; empty where Python is embedded."""
    program, *arguments = getattr(sys, "argv", None) or [""]
    return shlex.join([Path(program).name, *arguments])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What a rollout answered when it was closed after `think_tokens` tokens of thought."""

    think_tokens: int
    answer: str | None
    canonical: str | None
    correct: bool
    logprob: float  # mean over the answer's sampled tokens


def sample_record(rollout: Rollout, *, arm: str, correct: bool, cuts: Iterable[Cut] = ()) -> Record:
    """A labelled rollout of a question record; `arm` names what was done to its text: "plain", "direct", "wait".

    Log-probabilities and entropies of tokens are kept to four decimals, which is what float32 is good for.
    """
    return {
        **plain(rollout),
        "logprobs": [round(value, 4) for value in rollout.logprobs],
        "entropies": [round(value, 4) for value in rollout.entropies],
        "arm": arm,
        "correct": correct,
        "cuts": [plain(cut) for cut in cuts],
    }


def question_record(*, question_id: str, question: str, samples: Iterable[Record], **labels: object) -> Record:
    """A question with every rollout that was recorded of it, and any `labels`; one record, so it is whole or absent."""
    return {
        **{name: plain(value) for name, value in labels.items()},
        "kind": "question",
        "question_id": question_id,
        "question": question,
        "samples": list(samples),
    }


def request_record(
    result: Result,
    *,
    question_id: str,
    question: str,
    canonical: str | None,
    correct: bool | None = None,
    **labels: object,
) -> Record:
    """A request as it was answered: the whole result with its rollouts and its trace, and any `labels`."""
    trace = result.trace
    return {
        **{name: plain(value) for name, value in labels.items()},
        "kind": "request",
        "question_id": question_id,
        "question": question,
        "canonical": canonical,
        "correct": correct,
        **plain(dataclasses.replace(result, trace=None)),
        "trace": None if trace is None else trace.to_record(),
    }


def rollout_of(record: Mapping[str, Any]) -> Rollout:
    """The rollout that an entry of a question record's `samples`, or of a request record's `rollouts`, holds.

    Raises:
        RecordError: a field is missing, or per-token fields differ in length.
    """
    try:
        values = {field.name: record[field.name] for field in dataclasses.fields(Rollout)}
    except KeyError as missing:
        raise RecordError(f"A recorded rollout lacks {missing}.", hint="See docs/records.md for its fields.") from None
    lengths = {name: len(values[name]) for name in ("tokens", "logprobs", "entropies", "forced")}
    if len(set(lengths.values())) != 1:
        raise RecordError(f"Per-token fields of a rollout differ in length: {lengths}.", hint="Record it again.")
    restored: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Rollout(**restored)


# ---------------------------------------------------------------- files of records


class RecordWriter:
    """Appends records to a file that one process owns; every record is whole in the file when `append` returns.

    A new file gets the header. An old one is validated, a torn last line (left by a kill) is cut off, and its header
    must agree with `header` in everything but command, date and n.

    Raises:
        RecordError: the file cannot be opened or written, another process writes it, it is damaged, or it holds
            something else.
    """

    def __init__(self, path: Path, header: Provenance) -> None:
        self.path = path
        self._file = _open_locked(path)
        try:
            self._end, self.count = self._resume(header.to_record())
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def append(self, record: Record) -> None:
        """Write one record.

        Raises:
            RecordError: it could not be written whole (the file then ends with the record before it), or it is none.
        """
        self._write(_encode(record))
        self.count += 1

    def close(self) -> None:
        """Close the file and let others write it; closing twice is fine."""
        self._file.close()

    def _resume(self, header: Record) -> tuple[int, int]:
        """Where the whole records end and how many there are, the header not counted; writes a missing header."""
        self._end = count = 0
        for number, line in _open_lines(self.path):
            record = _decode(line, self.path, number)
            if number == 1:
                _check_continues(record, header, self.path)
            count = number - 1
            self._end += len(line)
        if self._end == 0:
            _check_torn_header(self.path)
        self._truncate()
        if self._end == 0:
            self._write(_encode(header))
        return self._end, count

    def _write(self, line: bytes) -> None:
        """Put a line at the end, or nothing."""
        try:
            self._file.seek(self._end)
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
        except OSError as error:
            self._truncate()
            raise RecordError(
                f"Cannot write to {str(self.path)!r}: {error.strerror or error}.",
                hint="Free some space; the records before are whole, and the same command goes on from there.",
            ) from error
        except BaseException:  # Ctrl-C between two parts of a line
            self._truncate()
            raise
        self._end += len(line)

    def _truncate(self) -> None:
        """Cut the file to its whole records; where even that fails, the reader ignores the torn line."""
        with contextlib.suppress(OSError):
            self._file.truncate(self._end)


def new_file(path: Path) -> Path:
    """The path, for what is not continued.

    Raises:
        RecordError: there is something already.
    """
    if path.exists() and (not path.is_file() or path.stat().st_size):
        raise RecordError(f"{str(path)!r} exists.", hint="Name a new file.")
    return path


def read_header(path: Path) -> Record:
    """The first line's record.

    Raises:
        RecordError: there is no readable file, or it does not begin with a header of a known schema.
    """
    for number, line in _open_lines(path):
        return _checked_header(_decode(line, path, number), path)
    raise RecordError(f"{str(path)!r} is empty: no header.", hint="Record it again.")


def read_records(path: Path, kind: str | None = None) -> Iterator[Record]:
    """The records after the header, oldest first, those of `kind` only if given; a torn last line is not one.

    Raises:
        RecordError: as `read_header`, or a line is damaged (naming it); raised when the iteration gets there.
    """
    read_header(path)
    for number, line in _open_lines(path):
        record = _decode(line, path, number)
        if number > 1 and kind in (None, record["kind"]):
            yield record


def _encode(record: Record) -> bytes:
    """The record's line: canonical JSON (sorted, compact, ASCII) with the checksum of just that as its last field."""
    if record.get("kind") not in KINDS or "crc" in record:
        raise RecordError(f"Not a record: kind {record.get('kind')!r}.", hint=f"Kinds are {', '.join(KINDS)}.")
    body = json.dumps(plain(record), sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    return body[:-1] + _CRC_OPENER + b'%08x"}\n' % zlib.crc32(body)


def _decode(line: bytes, path: Path, number: int) -> Record:
    """The record of a whole line, without its checksum; RecordError naming the line where it does not fit."""
    body, opener, tail = line.rpartition(_CRC_OPENER)
    body += b"}"
    try:
        if opener and tail == b'%08x"}\n' % zlib.crc32(body):
            record: Record = json.loads(body)  # it ends with a brace: an object, if it is JSON
            if record.get("kind") in KINDS:
                return record
    except (ValueError, RecursionError):
        pass  # a checksum that fits by design of somebody else: said below
    raise RecordError(
        f"{str(path)!r}, line {number}: damaged or not a record (its checksum does not fit).",
        hint="Restore the file from a copy, or delete that line and what depends on it.",
    )


def _checked_header(record: Record, path: Path) -> Record:
    """The record if it is a header that this version reads."""
    if record["kind"] != "header" or not isinstance(record.get("settings"), dict):
        raise RecordError(f"{str(path)!r} does not begin with a header.", hint="Record it again.")
    if record.get("schema_version") != SCHEMA_VERSION:
        raise RecordError(
            f"{str(path)!r} has schema version {record.get('schema_version')!r}, not {SCHEMA_VERSION}.",
            hint="Read it with the version of EdgeReason that wrote it, or record it again.",
        )
    return record


def _check_torn_header(path: Path) -> None:
    """Refuse to overwrite a file without a whole line, unless it is empty or the beginning of a header."""
    with path.open("rb") as file:
        begin = file.read(len(_HEADER_BEGIN))
    if not _HEADER_BEGIN.startswith(begin):
        raise RecordError(f"{str(path)!r} is not a file of records.", hint="Name another file.")


def _check_continues(there: Record, header: Record, path: Path) -> None:
    """Refuse to mix records whose headers differ in what matters."""
    _checked_header(there, path)
    old, new = (_flat(values) for values in (there, header))
    names = sorted((set(old) | set(new)) - set(_FREE_TO_DIFFER))
    differing = [name for name in names if old.get(name) != new.get(name)]
    if differing:
        said = "; ".join(f"{name} is {old.get(name)!r} there and {new.get(name)!r} here" for name in differing)
        raise RecordError(
            f"{str(path)!r} holds records made otherwise: {said}.",
            hint="Use the same settings to go on with it, or another file.",
        )


def _flat(header: Record) -> Record:
    """The header with each of its settings under a name of its own, so that the one that differs can be named."""
    return {name: value for name, value in header.items() if name != "settings"} | {
        f"settings.{name}": value for name, value in header["settings"].items()
    }


def _open_locked(path: Path) -> BinaryIO:
    """The file, created if missing, open for reading and writing and locked against other writers."""
    try:
        path.touch()
        file = path.open("r+b", buffering=0)
    except OSError as error:
        raise _unreadable(path, error) from error
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise RecordError(
                f"{str(path)!r} is being written by another process.", hint="Wait for it, or use another file."
            ) from error
        except OSError:
            pass  # a file system without locks
    return file


def _open_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that end with a newline, numbered from 1; a last one that does not was torn by a kill."""
    try:
        _check_regular(path)
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield number, line
    except OSError as error:
        raise _unreadable(path, error) from error


def _check_regular(path: Path) -> None:
    """Refuse folders, and devices and pipes, which might never end."""
    if path.exists() and not path.is_file():
        raise RecordError(f"{str(path)!r} is not a regular file.", hint="Name a file.")


def _unreadable(path: Path, error: OSError) -> RecordError:
    """The error for a file that the system will not give us."""
    return RecordError(
        f"Cannot open {str(path)!r}: {error.strerror or error}.", hint="Check that its folder exists and is yours."
    )

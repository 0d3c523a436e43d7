"""Every intended exception, one tree; each carries a hint that says what to do next.

EdgeReasonError
├── UsageError             the caller's value is wrong (exit code 2): names the value and the legal range
│   ├── QuestionError      empty, blank, too long or undecodable question
│   ├── DeadlineError      a deadline or duration that is no positive, finite length of time
│   └── ConfigError        unknown option, key or profile value
├── ExtraMissingError      a library of an extra is not installed: the hint is the command that installs it
│   └── EngineMissingError no inference engine is
├── ModelError             the model cannot be used
│   ├── ModelNotFoundError no such file, folder or bundled name
│   ├── ModelFileError     damaged, truncated or not a decoder
│   ├── DownloadError      it could not be fetched, or what came is not what was promised
│   └── TokenizerError     tokenizer missing, damaged or of another model
├── ContextLengthError     prompt longer than the model's context
├── RecordError            a record, profile or probe file that fails its checks
├── EngineError            the backend failed while running
│   └── ClosedError        a handle was used after it was closed
├── Aborted                a native call was stopped on request (control flow, not a fault)
├── DeadlineExceededError  no answer existed at the deadline and the caller asked for an error
└── CancelledError         the request was cancelled before any answer existed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EdgeReasonError(Exception):
    """Base of everything this package raises on purpose; `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(EdgeReasonError, ValueError):
    """The caller's value is wrong."""


class QuestionError(UsageError):
    """The question is empty, blank, too long or not text."""


class DeadlineError(UsageError):
    """The deadline or duration is not a positive, finite length of time."""


class ConfigError(UsageError):
    """An option, configuration key or profile value is unknown or out of range."""


class ExtraMissingError(EdgeReasonError):
    """A library that an extra brings is not installed."""


class EngineMissingError(ExtraMissingError):
    """No inference engine is installed."""


class ModelError(EdgeReasonError):
    """The model cannot be used."""


class ModelNotFoundError(ModelError):
    """No such file, folder or bundled name."""


class ModelFileError(ModelError):
    """The model file is damaged, truncated or no decoder."""


class DownloadError(ModelError):
    """The model could not be fetched, or what came is not what was promised."""


class TokenizerError(ModelError):
    """The tokenizer is missing, damaged or belongs to another model."""


class ContextLengthError(EdgeReasonError):
    """The prompt does not fit the model's context."""


class RecordError(EdgeReasonError):
    """A record, profile or probe file failed its checks."""


class EngineError(EdgeReasonError):
    """The backend failed while running."""


class ClosedError(EngineError):
    """A handle was used after it was closed."""


class Aborted(EdgeReasonError):  # noqa: N818 - control flow, named for what happened
    """A native call was stopped because `should_abort` said so; its handle is closed."""


class DeadlineExceededError(EdgeReasonError):
    """No answer existed at the deadline and the caller asked for an error."""


class CancelledError(EdgeReasonError):
    """The request was cancelled before any answer existed."""


def did_you_mean(value: str, choices: Iterable[str]) -> str:
    """The hint for an unknown name: the nearest choice, if any, and all of them."""
    known = sorted(choices)
    near = difflib.get_close_matches(value, known, n=1, cutoff=0.5)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    return f"{guess}Choose from: {', '.join(known)}."

"""Exit codes, and which error means which. A script can rely on every number here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgereason import errors

if TYPE_CHECKING:
    from edgereason.types import Result

ANSWERED = 0  # late or not; `--strict` makes a late one NO_ANSWER_IN_TIME
FAILED = 1
USAGE = 2
ABSTAINED = 3  # there was an answer, but less sure than --min-confidence asks for
NO_ANSWER_IN_TIME = 124  # as GNU timeout
INTERRUPTED = 130  # 128 + SIGINT
PIPE_CLOSED = 141  # 128 + SIGPIPE
TERMINATED = 143  # 128 + SIGTERM


def of_error(error: errors.EdgeReasonError) -> int:
    """The exit code of one of the package's own errors."""
    if isinstance(error, errors.UsageError):
        return USAGE
    if isinstance(error, errors.DeadlineExceededError):
        return NO_ANSWER_IN_TIME
    if isinstance(error, errors.CancelledError):
        return INTERRUPTED
    return FAILED


def of_result(result: Result, *, strict: bool = False, interrupted: bool = False) -> int:
    """The exit code of a request that ran."""
    if interrupted:
        return INTERRUPTED
    if result.finish == "abstained":
        return ABSTAINED
    if result.answer is None:
        return NO_ANSWER_IN_TIME if result.finish == "deadline" else FAILED
    return NO_ANSWER_IN_TIME if strict and result.deadline_met is False else ANSWERED

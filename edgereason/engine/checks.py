"""What every engine refuses, in the same words: token ids, room in the context, the number of rows, seeds.

Not here: anything a backend finds out by running. Invariant: a refused call has changed nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from edgereason.errors import ClosedError, ContextLengthError, EngineError, UsageError
from edgereason.types import EngineInfo, RowId


def check_tokens(tokens: Sequence[int], vocab_size: int) -> tuple[int, ...]:
    """The ids as a tuple of plain integers; UsageError names one outside the vocabulary."""
    ids = tuple(map(int, tokens))
    if ids and not (min(ids) >= 0 and max(ids) < vocab_size):
        wrong = next(token for token in ids if not 0 <= token < vocab_size)
        raise UsageError(
            f"token id {wrong!r} is not in the vocabulary, 0 to {vocab_size - 1}",
            hint="The tokenizer probably belongs to another model.",
        )
    return ids


def check_prompt(tokens: Sequence[int], base: Sequence[int], info: EngineInfo) -> tuple[int, ...]:
    """The prompt's ids; UsageError where there are none, or they do not go on from `base` by at least one."""
    ids = check_tokens(tokens, info.vocab_size)
    if not ids:
        raise UsageError("a prompt of no tokens cannot be prefilled", hint="Give at least one token.")
    if ids[: len(base)] != tuple(base) or len(ids) == len(base):
        raise UsageError(
            f"the prompt of {len(ids)} tokens does not go on from the {len(base)} tokens of its base",
            hint="The base's tokens must begin the prompt's, which must be longer.",
        )
    check_room(len(ids), info)
    return ids


def check_room(length: int, info: EngineInfo) -> None:
    """ContextLengthError where a row of this length would not fit."""
    if length > info.context:
        raise ContextLengthError(
            f"{length} tokens do not fit the model's context of {info.context}",
            hint="Shorten the question, or allow fewer tokens.",
        )


def check_commit(
    tokens: Mapping[RowId, Sequence[int]], lengths: Mapping[RowId, int], info: EngineInfo
) -> dict[RowId, tuple[int, ...]]:
    """The rows that get tokens, with their ids; `lengths` are the live rows' lengths before."""
    check_known(tokens, lengths)
    named = {row: check_tokens(ids, info.vocab_size) for row, ids in tokens.items() if len(ids)}
    for row, ids in named.items():
        check_room(lengths[row] + len(ids), info)
    return named


def check_known(rows: Collection[RowId], live: Collection[RowId]) -> None:
    """EngineError where a row is not live."""
    for row in rows:
        if row not in live:
            raise EngineError(f"row {row!r} is not live in this batch", hint=f"Live rows: {sorted(live)}.")


def check_more_rows(live: int, more: int, info: EngineInfo) -> None:
    """EngineError where the batch would hold more rows than the engine can."""
    if live + more > info.max_rows:
        raise EngineError(
            f"{live} live rows and {more} more exceed this engine's {info.max_rows}", hint="Drop rows with keep()."
        )


def check_open(closed: bool, what: str) -> None:
    """ClosedError where the handle was closed."""
    if closed:
        raise ClosedError(f"the {what} is closed")

"""What happens to a token that was just sampled: small pure functions from a row's state to a move.

No policy holds a model, a clock or text. Budget forcing follows s1 (Muennighoff et al. 2025, arXiv 2501.19393): a
thought that reaches its limit is closed by forced tokens, one that wants to close early is sent on by "Wait". Here
several thought blocks share one limit, and the answer's opener is forced too: every cut leaves an answer to parse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgereason.decoding.row import Phase, Row
from edgereason.types import Finish, Markers


@dataclass(frozen=True, slots=True)
class Accept:
    """Keep the sampled token and put `forced` after it; `then` is the phase that this leads to, if another."""

    then: Phase | None = None
    forced: tuple[int, ...] = ()
    is_extension: bool = False


@dataclass(frozen=True, slots=True)
class Force:
    """Put these tokens in the sampled token's place: first those that belong to the thought, then the answer's."""

    thought: tuple[int, ...]
    answer: tuple[int, ...]
    then: Phase
    closed_by: Finish | None = None
    is_extension: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """The row is done; the sampled token is dropped."""

    reason: Finish


Move = Accept | Force | Finished
Decode = Callable[[Sequence[int]], str]
Ids = tuple[int, ...]
ACCEPT = Accept()


def without_overlap(tail: Sequence[int], forced: tuple[int, ...]) -> tuple[int, ...]:
    """`forced` without the beginning that `tail` already ends with, so that "\\n" is not written twice."""
    for size in range(min(len(tail), len(forced)), 0, -1):
        if tuple(tail[-size:]) == forced[:size]:
            return forced[size:]
    return forced


def completes(tail: Sequence[int], token: int, marker: tuple[int, ...], text: str, decode: Decode) -> bool:
    """Whether `token` finishes a marker at the end of `tail`.

    The marker is a token sequence; or a text, where letters around it may share tokens with it (">" with a line break
    after it), so that only what the tokens say can be looked at.
    """
    if text:
        if text[-1] not in decode([token]):
            return False
        before = tail[-len(text) :]  # a token is at least a character, or a byte of one
        return decode([*before, token]).count(text) > decode(before).count(text)
    if not marker or token != marker[-1]:
        return False
    before = tail[len(tail) - len(marker) + 1 :] if len(marker) > 1 else ()
    return tuple(before) == marker[:-1]


def closing(row: Row, markers: Markers, reason: Finish) -> Force:
    """End the thought now and open the answer, or leave its beginning to the row where its limits say so."""
    close = without_overlap(row.tokens[-8:], markers.close_thought)
    is_opened = row.limits.opens_answer or reason == "deadline"
    return Force(close, markers.answer_opener if is_opened else (), "answering", closed_by=reason)


def think_move(row: Row, token: int, markers: Markers, decode: Decode, mid_character: Callable[[], bool]) -> Move:
    """The move of a thinking row; `mid_character()` tells whether its text ends inside a UTF-8 character."""
    if completes(row.tokens, token, markers.thought_close, markers.close_text, decode):
        return close_move(row, markers)
    if token in markers.end_of_turn:
        return closing(row, markers, "eos") if markers.thought_close else Finished("eos")
    if row.think_used >= row.limits.think:
        # at most three further tokens complete a character of at most four bytes
        if row.think_used < row.limits.think + 3 and mid_character():
            return ACCEPT
        return closing(row, markers, row.limits.cut)
    return ACCEPT


def close_move(row: Row, markers: Markers) -> Move:
    """The move of a row that wants to close: go on to the answer, or think on while extensions are left.

    A closer of one token is replaced; one of several stands already, since nothing ever rewinds, and what is forced
    after it opens the thought again.
    """
    can_extend = row.extensions_used < row.limits.extensions and row.think_used < row.limits.think
    if not (can_extend and markers.extension):
        return Accept("answering", markers.answer_header)
    if len(markers.thought_close) == 1 and not markers.close_text:
        return Force(without_overlap(row.tokens[-8:], markers.extension), (), "thinking", is_extension=True)
    return Accept("thinking", markers.extension, is_extension=True)


def answer_move(row: Row, token: int, markers: Markers, decode: Decode) -> Move:
    """The move of an answering row, before the answer's text is looked at."""
    if token in markers.end_of_turn:
        return Finished(row.closed_by)
    if not row.is_direct and completes(row.tokens, token, markers.thought_open, markers.open_text, decode):
        if row.think_used < row.limits.think:
            return Accept("thinking")
        return Force((), without_overlap(row.tokens[-8:], markers.answer_opener), "answering", closed_by="forced")
    return ACCEPT


def option_tokens(said: Sequence[int], token: int, ranked: Sequence[int], options: Sequence[Ids]) -> Ids:
    """What goes on with one of the options, given what an answer has `said` of it so far; empty when it is said.

    The sampled token where some option goes on with it, else the most probable candidate that one does; the rest of
    the option with it, once only one is left. So an answer that was opened by force names an option, always.
    """
    left = [option for option in options if option[: len(said)] == tuple(said)]
    following = {option[len(said)]: option for option in left if len(option) > len(said)}
    if not following:
        return ()
    chosen = next((each for each in (token, *ranked) if each in following), next(iter(following)))
    agreeing = [option for option in left if option[len(said) : len(said) + 1] == (chosen,)]
    return agreeing[0][len(said) :] if len(agreeing) == 1 else (chosen,)


def box_is_closed(text: str) -> bool:
    r"""Whether `text` holds a `\boxed{` whose brace is closed again."""
    start = text.find("\\boxed{")
    if start < 0:
        return False
    depth = 0
    for character in text[start + len("\\boxed") :]:
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return True
    return False


def answer_is_over(row: Row, markers: Markers, text: Callable[[], str]) -> bool:
    """Whether an answering row needs no further token: its cap is reached, its closing tag is written, or a forced
    answer has closed its brace.
    """
    if row.answer_used >= row.limits.answer or (markers.answer_end and markers.answer_end in text()):
        return True
    return (row.limits.stop_at_box or row.closed_by != "eos") and box_is_closed(text())

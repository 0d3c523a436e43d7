"""Where thoughts begin and end: one table of styles, marker sequences from it, and replies cut into thought and answer.

Which style a model has is read off what its template writes where the assistant speaks, with thinking on and off; a
template that writes no known tag there has no thoughts, and its answers are plain. Pure, given an encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgereason.prompting.template import Piece
from edgereason.types import Markers

Ids = tuple[int, ...]
Encode = Callable[[str], Ids]  # the model's own control text to ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoughtStyle:
    """How a family of models writes thoughts."""

    name: str
    open: str  # what begins a thought in sampled text
    close: str  # what ends it
    opening: str  # forced to begin one
    closing: str  # forced to end one, up to where the answer begins
    empty: str  # forced to answer without one
    extension: str  # forced where a row wanted to close


THINK_TAGS = ThoughtStyle(
    name="think tags",
    open="<think>",
    close="</think>",
    opening="<think>\n",
    closing="\n</think>\n\n",
    empty="<think>\n\n</think>\n\n",
    extension="\nWait",
)
STYLES: tuple[ThoughtStyle, ...] = (THINK_TAGS,)
ANSWER_OPENER = "\\boxed{"
PLAIN_CLOSING = "\n\n"  # where an answer without thoughts is cut, before the answer opener


@dataclass(frozen=True, slots=True)
class Rendering:
    """One prompt as the template writes it with the switch one way: as text and as ids."""

    pieces: tuple[Piece, ...]
    ids: Ids

    @property
    def head(self) -> tuple[Piece, ...]:
        """Everything up to the end of the last text from outside."""
        return self.pieces[: self._head_length]

    @property
    def tail(self) -> str:
        """What the template writes after it, where the assistant speaks."""
        return "".join(piece.text for piece in self.pieces[self._head_length :])

    @property
    def _head_length(self) -> int:
        return max((index + 1 for index, piece in enumerate(self.pieces) if piece.is_user), default=0)


def style_of(on: Rendering, off: Rendering) -> ThoughtStyle | None:
    """Return the style whose tags the template writes where the assistant speaks; None: this model has no thoughts."""
    for style in STYLES:
        if any(tag in rendering.tail for rendering in (on, off) for tag in (style.open, style.close)):
            return style
    return None


def split_prompt(on: Rendering, off: Rendering, encode: Encode, end_of_turn: frozenset[int]) -> tuple[Ids, Markers]:
    """Return what is prefilled, which nothing that a profile chooses can change, and the marker sequences.

    The prefix ends where the two renderings part, and before a thought that the template opens itself, so that every
    row says in its own tokens whether it thinks. Where they part before the question (a switch in the system text),
    the rendering with thinking on is used for both: the prefix is shared by all rows.
    """
    style = style_of(on, off)
    if style is None:
        markers = Markers(
            close_thought=encode(PLAIN_CLOSING), answer_opener=encode(ANSWER_OPENER), end_of_turn=end_of_turn
        )
        return off.ids, markers
    thought_open, thought_close = encode(style.open), encode(style.close)
    has_one_head = on.head == off.head
    end = common_length(on.ids, off.ids) if has_one_head else len(on.ids)
    if style.open in on.tail:
        end = min(end, last_start(on.ids, thought_open))
    opening = on.ids[end:]
    direct = off.ids[end:] if has_one_head else ()
    markers = Markers(
        open_thought=opening if find(opening, thought_open) is not None else opening + encode(style.opening),
        direct=direct if find(direct, thought_close) is not None else encode(style.empty),
        thought_open=thought_open,
        thought_close=thought_close,
        close_thought=encode(style.closing),
        answer_opener=encode(ANSWER_OPENER),
        extension=encode(style.extension),
        end_of_turn=end_of_turn,
    )
    return on.ids[:end], markers


def split_reasoning(tokens: Sequence[int], markers: Markers) -> tuple[Ids, Ids]:
    """Return (ids of all thoughts, ids of everything outside them), markers in neither.

    `tokens` are all that follow the prompt, forced ones included. Several thoughts are put together; a thought that
    never closes takes the rest; a second close is dropped. The reply begins inside a thought where its first marker is
    a close, or where it has none and the template opened the thought (`open_thought` is empty).
    """
    if not markers.thought_close:
        return (), tuple(tokens)
    parts = _cut(tokens, markers)
    first = next((inside for _, inside in parts if inside is not None), None)
    is_inside = first is False or (first is None and not markers.open_thought)
    thought: list[int] = []
    answer: list[int] = []
    for ids, opens in parts:
        (thought if is_inside else answer).extend(ids)
        is_inside = is_inside if opens is None else opens
    return tuple(thought), tuple(answer)


def without_thoughts(text: str, style: ThoughtStyle) -> str:
    """Return a past reply as templates keep it: what follows the last thought; nothing of one that never closed."""
    return text.rpartition(style.close)[2].partition(style.open)[0].strip()


# ---------------------------------------------------------------- sequences


def _cut(tokens: Sequence[int], markers: Markers) -> list[tuple[Ids, bool | None]]:
    """The stretches between markers, each with whether the marker after it opens a thought (None: the end)."""
    parts: list[tuple[Ids, bool | None]] = []
    ids = tuple(tokens)
    start = position = 0
    while position < len(ids):
        for marker, opens in ((markers.thought_open, True), (markers.thought_close, False)):
            if marker and ids[position : position + len(marker)] == marker:
                parts.append((ids[start:position], opens))
                start = position = position + len(marker)
                break
        else:
            position += 1
    return [*parts, (ids[start:], None)]


def common_length(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many ids the two share from the start."""
    pairs = zip(left, right, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right)))


def find(ids: Ids, part: Ids) -> int | None:
    """Return where `part` first begins in `ids`, or None."""
    return next((start for start in range(len(ids) - len(part) + 1) if ids[start : start + len(part)] == part), None)


def last_start(ids: Ids, part: Ids) -> int:
    """Return where `part` last begins in `ids`; their length where it does not."""
    starts = range(len(ids) - len(part), -1, -1)
    return next((start for start in starts if ids[start : start + len(part)] == part), len(ids))

"""Where thoughts begin and end: one table of styles, and the marker sequences of a prompt from it.

Which style a model has is read off what its template writes when asked a question; a template that shows none has no
thoughts, its answers are plain, and a note says so. Pure, given an encoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgereason.prompting.template import Piece
from edgereason.types import Markers

Ids = tuple[int, ...]
Encode = Callable[[str], Ids]  # the model's own control text, which goes on from other text, to ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoughtStyle:
    """How a family of models writes thoughts. Nothing here depends on a tokenizer."""

    name: str
    open: str  # what begins a thought in sampled text
    close: str  # what ends it
    opening: str  # forced to begin one
    closing: str  # forced to end one, up to where the answer begins
    empty: str  # forced to answer without one
    extension: str = "\nWait"  # forced where a row wanted to close
    header: str = ""  # forced after a thought that closed by itself, where an answer has a header of its own
    answer_tags: tuple[str, ...] = ()  # what stands around an answer and is none of it; the last ends it
    signs: tuple[str, ...] = ()  # what else a template of this style has in its source; all of it


THINK_TAGS = ThoughtStyle(
    name="think tags",  # Qwen, QwQ, R1, SmolLM3, Nemotron and most others
    open="<think>",
    close="</think>",
    opening="<think>\n",
    closing="\n</think>\n\n",
    empty="<think>\n\n</think>\n\n",
)
# Tried in this order: those with signs of their own before those that are known by their tags alone.
STYLES: tuple[ThoughtStyle, ...] = (
    ThoughtStyle(
        name="channels",  # gpt-oss: thought and answer are messages, each with a header
        open="<|channel|>analysis<|message|>",
        close="<|end|>",
        opening="<|channel|>analysis<|message|>",
        closing="<|end|><|start|>assistant<|channel|>final<|message|>",
        empty="<|channel|>final<|message|>",
        header="<|start|>assistant<|channel|>final<|message|>",
        signs=("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ),
    ThoughtStyle(
        name="thought and response",  # Granite 3.3: all four tags are plain text
        open="<think>",
        close="</think>",
        opening="<think>",
        closing="</think><response>",
        empty="<think></think><response>",
        answer_tags=("<response>", "</response>"),
        signs=("<think>", "<response>"),
    ),
    THINK_TAGS,
    ThoughtStyle(
        name="think brackets",  # Ministral and Magistral; the system text shows them with nothing around
        open="[THINK]",
        close="[/THINK]",
        opening="[THINK]",
        closing="[/THINK]",
        empty="[THINK][/THINK]",
    ),
)
ANSWER_OPENER = "\\boxed{"
PLAIN_CLOSING = "\n\n"  # where an answer without thoughts is cut, before the answer opener
PLAIN_NOTE = (
    "This model's chat template shows no thoughts, so answers are plain; if the model thinks, name its tags "
    "with think_open and think_close (--think-open, --think-close)."
)
_LIKELY = re.compile(
    r"(?P<open>[<\[])(?P<slash>/?)(?P<name>[\w:.-]*(?:think|thought|reason)[\w:.-]*)[>\]]", re.IGNORECASE
)


def tags_style(open: str, close: str, name: str) -> ThoughtStyle:
    """Return the style of thoughts between these two texts, set apart by line breaks."""
    return ThoughtStyle(
        name=name,
        open=open,
        close=close,
        opening=f"{open}\n",
        closing=f"\n{close}\n\n",
        empty=f"{open}\n\n{close}\n\n",
    )


@dataclass(frozen=True, slots=True)
class Rendering:
    """One prompt as the template writes it with the switch one way."""

    pieces: tuple[Piece, ...]

    @property
    def head(self) -> tuple[Piece, ...]:
        """Everything up to the end of the last text from outside."""
        return self.pieces[: self._head_length]

    @property
    def tail(self) -> str:
        """What the template writes after it, where the assistant speaks."""
        return "".join(piece.text for piece in self.pieces[self._head_length :])

    @property
    def own_text(self) -> str:
        """All that is the template's own."""
        return "\0".join(piece.text for piece in self.pieces if not piece.is_user)

    @property
    def _head_length(self) -> int:
        return max((index + 1 for index, piece in enumerate(self.pieces) if piece.is_user), default=0)


def style_of(on: Rendering, off: Rendering, source: str) -> tuple[ThoughtStyle | None, str]:
    """Return the style that a template shows, and what a caller should be told about it.

    A tag counts where the assistant speaks, or as one of a pair in text that the template writes (a system text that
    tells the model how to think). That it stands in the template's source is not enough: many only strip it from past
    replies.
    """
    for style in STYLES:
        if all(sign in source for sign in style.signs) and (style.header or _shows(style.open, style.close, on, off)):
            return style, ""
    for match in _LIKELY.finditer(on.own_text + "\0" + off.own_text):
        brackets = "<>" if match["open"] == "<" else "[]"
        tag, end = (f"{brackets[0]}{slash}{match['name']}{brackets[1]}" for slash in ("", "/"))
        if _shows(tag, end, on, off):
            return tags_style(tag, end, "detected tags"), (
                f"Thoughts are taken to stand between {tag!r} and {end!r}, as this chat template suggests."
            )
    return None, PLAIN_NOTE


def _shows(open: str, close: str, on: Rendering, off: Rendering) -> bool:
    """Whether the template writes these tags as markers."""
    in_tail = any(tag in rendering.tail for rendering in (on, off) for tag in (open, close))
    return in_tail or any(open in rendering.own_text and close in rendering.own_text for rendering in (on, off))


def split_prompt(on: Rendering, off: Rendering, style: ThoughtStyle | None) -> tuple[tuple[Piece, ...], str, str]:
    """Return (what is prefilled, what opens a thought after it, what answers without one).

    What is prefilled ends where the two renderings part, and before a thought that the template opens itself: nothing
    that a profile chooses can change it, and every row says in its own tokens whether it thinks. Where they part before
    the question (a switch in the system text), the rendering with thinking on is used for both.
    """
    if style is None:
        return off.pieces, "", ""
    has_one_head = on.head == off.head
    end = _common_length(on.tail, off.tail) if has_one_head else len(on.tail)
    if style.open in on.tail:
        end = min(end, on.tail.rindex(style.open))
    opening = on.tail[end:]
    direct = off.tail[end:] if has_one_head else ""
    prefix = on.pieces if end == len(on.tail) else (*on.head, Piece(on.tail[:end]))
    return (
        prefix,
        opening if style.open in opening else opening + style.opening,
        direct if style.close in direct else style.empty,
    )


def _common_length(left: str, right: str) -> int:
    """How many characters the two share from the start."""
    pairs = zip(left, right, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right)))


def markers_of(
    style: ThoughtStyle | None,
    opening: str,
    direct: str,
    *,
    encode: Encode,
    is_control: Callable[[Ids], bool],
    end_of_turn: frozenset[int],
) -> Markers:
    """Return the marker sequences of one prompt. `is_control`: whether ids begin and end with added tokens."""
    opener = encode(ANSWER_OPENER)
    if style is None:
        return Markers(close_thought=encode(PLAIN_CLOSING), answer_opener=opener, end_of_turn=end_of_turn)
    thought_open, thought_close = encode(style.open), encode(style.close)
    by_text = not (is_control(thought_open) and is_control(thought_close))
    is_replaced = len(thought_close) == 1 and not by_text  # an early close that is one token can still be replaced
    extension = style.extension if is_replaced else "\n" + style.opening + style.extension.strip()
    return Markers(
        open_thought=encode(opening),
        direct=encode(direct),
        thought_open=thought_open,
        thought_close=thought_close,
        close_thought=encode(style.closing),
        answer_header=encode(style.header),
        answer_opener=opener,
        extension=encode(extension),
        open_text=style.open if by_text else "",
        close_text=style.close if by_text else "",
        answer_end=style.answer_tags[-1] if style.answer_tags else "",
        answer_tags=style.answer_tags,
        end_of_turn=end_of_turn | frozenset(thought_close if style.header else ()),
    )


def without_thoughts(text: str, styles: Sequence[ThoughtStyle]) -> str:
    """Return a past reply as templates keep it: what follows the last thought; nothing of one that never closed."""
    for style in styles:
        text = text.rpartition(style.close)[2].partition(style.open)[0]
        for tag in style.answer_tags:
            text = text.replace(tag, "")
    return text.strip()

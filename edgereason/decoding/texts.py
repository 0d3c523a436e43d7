"""What a finished row says: its thought and its answer as text, markers in neither.

Markers that are control tokens leave no text anyway. What is left to take out are the words of markers that have some
("analysis" in a channel's header), and tags that are plain text. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from edgereason.decoding.row import Row
from edgereason.types import Markers

Decode = Callable[[Sequence[int]], str]
Ids = tuple[int, ...]


def answer_text(row: Row, markers: Markers, decode: Decode) -> str:
    """The answer as written; the whole text where there are no thoughts."""
    is_plain = not markers.thought_close and row.answer_start == 0
    text = decode(row.tokens if is_plain else row.answer_tokens)
    if markers.close_text:  # the token that ended the tag may have begun the answer
        text = decode(row.tokens).rpartition(markers.close_text)[2]
    return _without_tags(text, (markers.open_text, *markers.answer_tags))


def thought_text(row: Row, markers: Markers, decode: Decode) -> str:
    """The text of a row's thoughts, all blocks of it; none where there are no thoughts."""
    if not markers.thought_close and row.answer_start == 0:
        return ""
    if markers.close_text:
        return _without_tags(_inside(decode(row.tokens), markers.open_text, markers.close_text), markers.answer_tags)
    thought = [token for token, inside in zip(row.tokens, row.in_thought, strict=True) if inside]
    forced = (markers.open_thought, markers.direct, markers.close_thought, markers.answer_header)
    return decode(without(thought, tuple(filter(None, (*forced, markers.thought_open))))).strip()


def _inside(text: str, opened: str, closed: str) -> str:
    """All that stands between these tags, the last of which may be missing."""
    pieces = re.split(f"({re.escape(opened)}|{re.escape(closed)})", text)
    return "".join(piece for tag, piece in zip(pieces[1::2], pieces[2::2], strict=True) if tag == opened)


def _without_tags(text: str, tags: Sequence[str]) -> str:
    """The text with these taken out, and no whitespace around it."""
    for tag in filter(None, tags):
        text = text.replace(tag, "")
    return text.strip()


def without(tokens: Sequence[int], sequences: Sequence[Ids]) -> list[int]:
    """The tokens that are in none of these sequences."""
    kept: list[int] = []
    place, ids = 0, tuple(tokens)
    while place < len(ids):
        found = next((part for part in sequences if ids[place : place + len(part)] == part), None)
        place += len(found) if found else 1
        kept += () if found else ids[place - 1 : place]
    return kept

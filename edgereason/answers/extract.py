"""Finds the answer in a reply, as written. An ordered list of rules; the first that finds something decides.

Text comes without its thought, forced answer opener (`\\boxed{`) included. Within a rule the last occurrence counts: it
is what the reply ended on. Nothing here compares or normalizes (see canonical.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable

MAX_ANSWER_CHARS = 400
MAX_BOXES = 100  # looked at, from the end
Rule = Callable[[str], "str | None"]

_BRACE = re.compile(r"\\(?:boxed|fbox)\s*\{|\\[\s\S]|[{}]")
_EMPTY_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{\s*\}?")
_BARE_BOX = re.compile(r"\\(?:boxed|fbox)\s+([^\s{}$\\]+)")
_STATED = re.compile(r"\banswer(?:\*\*)?(?:\s+is\b|\s*[:=])[\s:*]*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|\Z)")
_BARE_VALUE = re.compile(r"[\d .,:;/%$€£+\-−()\[\]{}°]{1,200}")
_LETTER = re.compile(r"(?<!\w)\(([A-J])\)")
_LONE_LETTER = re.compile(r"([A-J])[).:]?", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.])[-−]?[$€£]?"
    r"(?:\d{1,2}:\d{2}(?::\d{2})?(?!\d)|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:/\d+)?|\.\d+)%?"
)


def extract(text: str) -> str | None:
    """Return the answer as written, or None where the text says nothing (an empty box says nothing)."""
    outside = _EMPTY_BOX.sub("", text)
    for rule in RULES:
        answer = rule(text if rule in (boxed, unclosed_box) else outside)
        if answer and answer.strip():
            return answer.strip()[:MAX_ANSWER_CHARS]
    return None


def boxed(text: str) -> str | None:
    """The content of the last closed `\\boxed{...}`, braces inside it balanced."""
    contents = [content for content in _boxes(text)[0] if content.strip()]
    if contents:
        return contents[-1]
    bare = _BARE_BOX.findall(text)
    return bare[-1] if bare else None


def unclosed_box(text: str) -> str | None:
    """What a box holds that was cut off, up to the end of its line."""
    content = _boxes(text)[1] or ""
    return content.strip().split("\n")[0].rstrip(" $\\") or None


def stated(text: str) -> str | None:
    """What follows the last "answer is" or "answer:", to the end of its sentence."""
    starts = [match.end() for match in _STATED.finditer(text)]
    for start in reversed(starts):
        rest = text[start:]
        end = _SENTENCE_END.search(rest)
        if said := rest[: end.start() if end else None].strip(" *"):
            return said
    return None


def after_hashes(text: str) -> str | None:
    """GSM8K's form: the last line is `#### answer`. (A heading has text below it.)"""
    line = text.rstrip().rpartition("\n")[2]
    return line.removeprefix("####") if line.startswith("####") else None


def bare_value(text: str) -> str | None:
    """The whole text, where it is nothing but numbers and their signs: a fraction, a time, a list, a pair."""
    is_bare = _BARE_VALUE.fullmatch(text.strip()) is not None and re.search(r"\d", text) is not None
    return text if is_bare else None


def choice_letter(text: str) -> str | None:
    """The last letter in parentheses, or the letter that is the whole text."""
    letters = _LETTER.findall(text)
    lone = _LONE_LETTER.fullmatch(text.strip())
    return letters[-1] if letters else lone[1] if lone else None


def last_number(text: str) -> str | None:
    """The last number: thousands, decimals, fractions, percent and times included."""
    numbers = _NUMBER.findall(text)
    return numbers[-1] if numbers else None


def free_text(text: str) -> str | None:
    """The last line that says something."""
    lines = [line.strip(" *#>`") for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), None)


RULES: tuple[Rule, ...] = (
    boxed,
    unclosed_box,
    stated,
    after_hashes,
    bare_value,
    choice_letter,
    last_number,
    free_text,
)


def _boxes(text: str) -> tuple[list[str], str | None]:
    """(contents of the closed boxes in the order in which they open, content of the last unclosed one).

    An escaped brace is no brace. One pass, however many boxes there are.
    """
    opened: list[int | None] = []  # where the content of a box begins; None for any other brace
    closed: list[tuple[int, int]] = []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(None)
        elif brace[0] == "}":
            start = opened.pop() if opened else None
            if start is not None:
                closed.append((start, brace.start()))
        elif brace[0].endswith("{") and len(brace[0]) > 2:
            opened.append(brace.end())
    unclosed = [start for start in opened if start is not None]
    contents = [text[start:end] for start, end in sorted(closed)[-MAX_BOXES:]]
    return contents, text[unclosed[-1] :] if unclosed else None

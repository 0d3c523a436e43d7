"""What a caller may ask, and how options are put to the model. Pure: text in, text out.

Whitespace around a message is dropped (several templates trim it, and a final line break of standard input is never
meant), so what the model sees does not depend on which template it has.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import replace

from edgereason.errors import QuestionError
from edgereason.types import Message

MAX_TEXT_BYTES = 512 * 1024  # of all messages together; some 130,000 tokens of English
ROLES = ("system", "user", "assistant")
MAX_CHOICES = len(string.ascii_uppercase)


def checked(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages without the whitespace around them.

    Raises:
        QuestionError: none, an unknown role, no question at the end, or text that is blank, too long or not text.
    """
    if not messages:
        raise QuestionError("There is no question.", hint="Give the question as text.")
    for message in messages:
        _check_role(message.role)
        _check_text(message)
    if messages[-1].role != "user":
        raise QuestionError(
            f"The last message is of role {messages[-1].role!r}; it must be of role 'user'.",
            hint="End the conversation with the question.",
        )
    _check_length(sum(len(message.content.encode("utf-8")) for message in messages))
    return tuple(replace(message, content=message.content.strip()) for message in messages)


def with_choices(question: str, choices: Sequence[str]) -> str:
    """Return the question with its options below it, one lettered line each.

    Raises:
        QuestionError: fewer than 2 or more than 26 options, a blank one, one of several lines, or two the same.
    """
    if not choices:
        return question
    _check_choices(choices)
    lines = [f"{letter}) {choice.strip()}" for letter, choice in zip(string.ascii_uppercase, choices, strict=False)]
    return "\n".join([question, "Options:", *lines, "Answer with one of the options."])


def _check_role(role: str) -> None:
    """Raise QuestionError for a role that no template knows."""
    if role not in ROLES:
        raise QuestionError(f"Role {role!r} is unknown.", hint=f"Choose from: {', '.join(ROLES)}.")


def _check_text(message: Message) -> None:
    """Raise QuestionError for content that is blank or no text."""
    name = "question" if message.role == "user" else f"{message.role} message"
    content = message.content
    if not isinstance(content, str):
        raise QuestionError(f"The {name} is {type(content).__name__}, not text.", hint="Give a str.")
    if not content.strip():
        raise QuestionError(f"The {name} is {'blank' if content else 'empty'}.", hint="Give some text.")
    if "\0" in content:
        raise QuestionError(
            f"The {name} holds a NUL character at position {content.index(chr(0))}.", hint="Is it a binary file?"
        )
    try:
        content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise QuestionError(
            f"The {name} is not valid Unicode: {content[error.start]!r} at position {error.start} is half a character.",
            hint="Was it decoded from bytes that are not UTF-8?",
        ) from None


def _check_length(num_bytes: int) -> None:
    """Raise QuestionError for more text than any model here could read."""
    if num_bytes > MAX_TEXT_BYTES:
        raise QuestionError(
            f"The question is {num_bytes:,} bytes long; at most {MAX_TEXT_BYTES:,} bytes are read.",
            hint="Ask about a part of it.",
        )


def _check_choices(choices: Sequence[str]) -> None:
    """Raise QuestionError for options that could not be told apart, or by a letter."""
    if not 2 <= len(choices) <= MAX_CHOICES:
        raise QuestionError(f"There are {len(choices)} choices; give 2 to {MAX_CHOICES} of them, or none.")
    for choice in choices:
        _check_text(Message(role="user", content=choice))
        if len(choice.strip().splitlines()) > 1:
            raise QuestionError(f"The choice {choice!r} has several lines.", hint="Give one line each.")
    if len({choice.strip() for choice in choices}) < len(choices):
        raise QuestionError(f"The choices {list(choices)!r} are not all different.")
    _check_length(sum(len(choice.encode("utf-8")) for choice in choices))

"""Which of the given options a text means. The option is returned as given; no option, or several, is None."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence

from edgereason.answers.canonical import canonical

_LETTERED = re.compile(r"(?:(?:option|choice)\s+)?(?:\(([A-Za-z])\)|([A-Za-z])(?:[).:]|$))(?:\s.*)?", re.DOTALL | re.I)


def match_choice(answer: str, choices: Sequence[str]) -> str | None:
    """Return the option that the answer is: as written, by its form, by its letter, or the only one it contains.

    Options of the same form ("50" and "50%") can be chosen only as written.
    """
    answer = answer.strip()
    if (choice := _same_text(answer, choices)) is not None:
        return choice
    form = canonical(answer)
    if alike := [choice for choice in choices if form and canonical(choice) == form]:
        return alike[0] if len(alike) == 1 else None
    letter = _by_letter(answer, choices)
    return letter if letter is not None else _contained(answer, choices)


def _same_text(answer: str, choices: Sequence[str]) -> str | None:
    """The option that is written so, but for case."""
    return _only(choices, lambda choice: choice.strip().casefold() == answer.casefold())


def _by_letter(answer: str, choices: Sequence[str]) -> str | None:
    """The option of a letter: B, (B), B) blue, option B."""
    match = _LETTERED.fullmatch(answer)
    place = string.ascii_lowercase.index((match[1] or match[2]).lower()) if match else len(choices)
    return choices[place] if place < len(choices) else None


def _contained(answer: str, choices: Sequence[str]) -> str | None:
    """The only option whose words stand in the answer; one that is part of another such one does not count."""
    text = answer.casefold()
    found = [choice for choice in choices if _has_words(text, choice.strip().casefold())]
    return _only(
        found,
        lambda choice: (
            not any(
                other != choice and _has_words(other.strip().casefold(), choice.strip().casefold()) for other in found
            )
        ),
    )


def _has_words(text: str, part: str) -> bool:
    """Whether `part` stands in the text as whole words."""
    return bool(part) and re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


def _only(choices: Sequence[str], fits: Callable[[str], bool]) -> str | None:
    """The option that fits, if it is the only one."""
    fitting = [choice for choice in choices if fits(choice)]
    return fitting[0] if len(fitting) == 1 else None

"""Replies to answers: what was answered, in the one form that is compared, and what the votes come to.

In: reading an answer out of text, its canonical form, given options, majority vote, symbolic equality for slack time.
Not in: tokens, thoughts (text comes without them), calibration. math-verify is imported in a child process only.
Invariant: `canonical` is computed once per finished row, and is idempotent; stopping and voting share one law.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgereason.answers.canonical import canonical
from edgereason.answers.choices import match_choice
from edgereason.answers.equivalence import SymbolicEquality
from edgereason.answers.extract import extract
from edgereason.answers.select import MajorityVote

__all__ = ["MajorityVote", "SymbolicEquality", "canonical", "extract", "match_choice", "read_answer"]


def read_answer(text: str, choices: Sequence[str] = ()) -> tuple[str | None, str | None]:
    """Return (answer as written, what is compared) from the text after the thought; (None, None) where there is none.

    With `choices` the answer is one of them, as given, or none: text that names no option, or several, has no vote.
    """
    answer = extract(text)
    if not choices:
        form = canonical(answer) if answer else ""
        return (answer, form) if form else (None, None)
    candidates = [candidate for candidate in (answer, text) if candidate]
    choice = next((choice for candidate in candidates if (choice := match_choice(candidate, choices))), None)
    return choice, choice

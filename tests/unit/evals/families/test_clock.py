"""Laws of the clock problems: a reader of times that counts minutes since midnight finds the same answers."""

from __future__ import annotations

import re

import pytest

from edgereason.evals.families import LEVELS, draw

COUNT = 150
WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
NUMBER = rf"(\d+|{'|'.join(WORDS)})"
TIME = re.compile(
    rf"\bnoon\b|\bmidnight\b|\b\d+:\d\d ?(?:am|pm)?|(?:quarter past|half past|quarter to) {NUMBER}\b|\b{NUMBER} o'clock"
)
FIXED = {
    "two and a half hours": 150,
    "an hour and a half": 90,
    "three quarters of an hour": 45,
    "a quarter of an hour": 15,
    "half an hour": 30,
    "an hour": 60,
}
SPAN = re.compile(
    rf"(?:(?P<laps>{NUMBER}) (?:times|(?:lessons|rounds|games) of) )?(?:(?P<fixed>{'|'.join(FIXED)})|"
    rf"(?P<h>{NUMBER}) (?:hours?|h)\b(?:(?: and)? (?P<m>{NUMBER}) (?:minutes?|min)\b)?|"
    rf"(?P<only>{NUMBER}) (?:minutes?|min)\b)"
)


def drafts(level):
    """The first items of a level."""
    return [draw("clock", index, level=level) for index in range(COUNT)]


def number_of(text):
    """Digits or a word as a number; nothing is 0."""
    return 0 if not text else WORDS.index(text) if text in WORDS else int(text)


def minutes_of(text):
    """A time as minutes since midnight."""
    if text in ("noon", "midnight"):
        return 720 if text == "noon" else 0
    digits = re.match(r"(\d+):(\d\d) ?(am|pm)?", text)
    if digits:
        hours, minutes, half = int(digits[1]), int(digits[2]), digits[3]
        return (hours % 12 + 12 * (half == "pm") if half else hours) * 60 + minutes
    hour = number_of(re.search(rf"\b{NUMBER}\b", text)[1]) * 60
    return hour + (15 if "quarter past" in text else 30 if "half past" in text else -15 if "quarter to" in text else 0)


def spans_of(text):
    """All durations of a text, in minutes, with the text around each one's sentence."""
    for match in SPAN.finditer(text):
        minutes = FIXED.get(match["fixed"]) or number_of(match["h"]) * 60 + number_of(match["m"] or match["only"])
        sentence = re.split(r"[.?] ", text[: match.start()])[-1] + re.split(r"[.?]", text[match.end() :])[0]
        yield minutes * (number_of(match["laps"]) or 1), sentence


def judged(problem):
    """The answer, counted from the text alone."""
    text = problem.question.lower()
    times = [minutes_of(match[0]) for match in TIME.finditer(text)]
    spans = list(spans_of(text))
    total = sum(minutes for minutes, _ in spans)
    if problem.template in ("between", "breaks") or (problem.template == "contrast" and len(times) == 2):
        value = (times[1] - times[0]) % 1440 - total
    elif problem.template == "together":
        value = total
    elif problem.template == "turned":
        value = times[0] + sum(
            -minutes if re.search("back|earlier|subtract", around) else minutes for minutes, around in spans
        )
    else:
        value = times[0] + total * (-1 if problem.template in ("start", "back_legs") else 1)
    ask = re.split(r"[.:] ", text)[-1] if problem.template in ("together", "breaks") else text
    if problem.template in ("between", "breaks", "together") and not re.search("h:mm|hours:minutes", text):
        return str(value // 60) if "hours" in ask else str(value)
    if problem.template == "to_12":
        value %= 720
    return f"{value % 1440 // 60}:{value % 60:02d}"


def value_of(line):
    """The minutes that a line means, on the clock."""
    text = re.sub(r"(\d+):(\d+)", lambda match: str(int(match[1]) * 60 + int(match[2])), line)
    return eval(text) % 1440


@pytest.mark.parametrize("level", LEVELS)
def test_counting_minutes_gives_the_answer(level):
    """The times and durations of the question, counted in minutes, give the answer."""
    for problem in drafts(level):
        assert judged(problem) == problem.answer, problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_every_line_means_the_same_time(level):
    """Lines differ by whole days at most; an answer in whole hours is h:00 without its zeros."""
    for problem in drafts(level):
        lines = list(problem.steps)
        if lines[-2] == f"{lines[-1]}:00":
            lines.pop()
        assert 1 == len({value_of(line) for line in lines}), problem.steps


@pytest.mark.parametrize("level", LEVELS)
def test_a_time_at_the_end_is_on_the_clock(level):
    """The answer has minutes below 60 and hours below 24, or is a plain number."""
    for problem in drafts(level):
        hours, _, minutes = problem.answer.partition(":")
        assert hours == str(int(hours))
        if minutes:
            assert int(hours) < 24
            assert re.fullmatch(r"[0-5]\d", minutes)


def test_contrasts_need_a_carry_or_not():
    """The same digits have no carry at level 2 and one at level 3."""
    for level, lines in ((2, 2), (3, 3)):
        found = [problem for problem in drafts(level) if problem.template == "contrast"]
        assert found
        assert {lines} == {len(problem.steps) - (problem.steps[-2].startswith("24:")) for problem in found}

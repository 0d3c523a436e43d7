"""Laws of the problems about the ends of a list: the words of a question, read again, give its answer."""

from __future__ import annotations

import re

import pytest

from edgereason.evals.families import LEVELS, draw

COUNT = 150
RUN = re.compile(r"\d+(?:(?:, and |, | and |; | |,)\d+)+")
UP = r"largest|biggest|greatest|highest|maximum"
DOWN = r"smallest|lowest|least|minimum"


def drafts(level):
    """The first items of a level."""
    return [draw("extremes", index, level=level) for index in range(COUNT)]


def list_of(question):
    """The longest run of numbers in a question."""
    return [int(number) for number in re.findall(r"\d+", max(RUN.findall(question), key=len))]


def judged(question):
    """The answer by the words of the question, with sorting alone."""
    text, ranked = question.lower(), sorted(list_of(question))
    has_up, has_down = re.search(rf"\b({UP})\b", text), re.search(rf"\b({DOWN})\b", text)
    limit = re.search(r"number (above|greater than|over|larger than|below|less than|under|smaller than) (\d+)", text)
    if re.search(r"\bsum\b|\badd|together|plus", text):
        return ranked[-1] + ranked[0]
    if "range" in text or (has_up and has_down):
        return ranked[-1] - ranked[0]
    if limit:
        is_above, bound = limit[1] in ("above", "greater than", "over", "larger than"), int(limit[2])
        ranked = [number for number in ranked if (number > bound if is_above else number < bound)]
    kind = re.search(r"\b(even|odd) number", text)
    if kind:
        ranked = [number for number in ranked if str(number)[-1] in ("02468" if kind[1] == "even" else "13579")]
    place = 1 if re.search(rf"second ({UP}|{DOWN})", text) else 0
    return ranked[-1 - place] if has_up else ranked[place]


@pytest.mark.parametrize("level", LEVELS)
def test_the_words_of_a_question_give_its_answer(level):
    """A reader who sorts the list agrees with the answer."""
    for problem in drafts(level):
        assert judged(problem.question) == int(problem.answer), problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_marks_hold_the_list_in_its_order(level):
    """The entries in front of the colons are the list of the question."""
    for problem in drafts(level):
        numbers = list_of(problem.question)
        for line in problem.steps:
            if ":" in line:
                assert numbers == [int(mark.split(":")[0]) for mark in line.split(",")], problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_a_mark_follows_from_the_mark_before_and_its_number(level):
    """What is kept after a number is that number or what was kept before it, and never gets worse."""
    for problem in drafts(level):
        for line in problem.steps:
            if ":" not in line:
                continue
            kept: list[str] = []
            for mark in line.split(","):
                number, best = mark.split(":")
                new = best.split("/")
                assert set(new) <= {number, "-", *kept}, line
                kept = new


@pytest.mark.parametrize("level", LEVELS)
def test_the_last_marks_lead_to_the_answer(level):
    """The line behind the marks is read off the last mark of each line of marks."""
    for problem in drafts(level):
        lines = [line for line in problem.steps if ":" in line]
        ends = [line.split(":")[-1] for line in lines]
        follows = problem.steps[len(lines)]
        if len(lines) == 2:
            assert follows in ("-".join(ends), "+".join(ends))
        else:
            assert follows == ends[0].split("/")[-1]


def test_contrast_turned_has_the_same_digits_in_another_place():
    """The numbers share their last two digits at level 5 and their first two at level 7."""
    for level, part in ((5, slice(2, 4)), (7, slice(0, 2))):
        lists = [list_of(problem.question) for problem in drafts(level) if problem.template == "contrast_turned"]
        assert lists
        assert all(len({str(number)[part] for number in numbers}) == 1 for numbers in lists)


def test_contrast_ordered_is_in_order_at_the_lower_level_alone():
    """Level 3 has sorted lists, level 5 shuffled ones."""
    for level, is_sorted in ((3, True), (5, False)):
        lists = [list_of(problem.question) for problem in drafts(level) if problem.template == "contrast_ordered"]
        assert lists
        assert all(is_sorted == (numbers in (sorted(numbers), sorted(numbers)[::-1])) for numbers in lists)

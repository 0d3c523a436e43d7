"""Laws of the sorting problems: the words of a question, read again, give its answer, and lines move one number."""

from __future__ import annotations

import re
import statistics
from itertools import pairwise

import pytest

from edgereason.evals.families import LEVELS, draw

COUNT = 120
RUN = re.compile(r"\d+(?:(?:, and |, | and |; | |,)\d+)+")


def drafts(level):
    """The first items of a level."""
    return [draw("sorting", index, level=level) for index in range(COUNT)]


def numbers_of(text):
    """The numbers of a text in their order."""
    return [int(number) for number in re.findall(r"\d+", text)]


def list_of(question):
    """The longest run of numbers in a question."""
    return numbers_of(max(RUN.findall(question), key=len))


def asks_for_down(question):
    """Whether the words ask for the largest number first."""
    text = question.lower()
    down = (
        r"descending|decreasing|largest to smallest|greatest to least|high to low|largest first|highest to the lowest"
    )
    return bool(re.search(down, text))


@pytest.mark.parametrize("level", LEVELS)
def test_the_words_of_a_question_give_its_answer(level):
    """A selection sort, or the median of the library, agrees with the answer."""
    for problem in drafts(level):
        numbers = list_of(problem.question)
        if problem.template == "middle":
            assert statistics.median(numbers) == int(problem.answer), problem.question
            continue
        expected, rest = [], list(numbers)
        while rest:
            expected.append(max(rest) if asks_for_down(problem.question) else min(rest))
            rest.remove(expected[-1])
        assert ",".join(map(str, expected)) == problem.answer, problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_the_first_line_is_the_list_with_its_first_number_in_place(level):
    """Nothing but the bar is new in the first line."""
    for problem in drafts(level):
        numbers = list_of(problem.question)
        assert f"{numbers[0]}|{','.join(map(str, numbers[1:]))}" == problem.steps[0]


@pytest.mark.parametrize("level", LEVELS)
def test_a_line_puts_one_number_in_its_place(level):
    """Without the number it has moved, a line is the line before it, and what is in place is in order."""
    for problem in drafts(level):
        lines = [line for line in problem.steps if "|" in line]
        lines.append(problem.steps[len(lines)])
        for before, after in pairwise(lines):
            done, rest = (numbers_of(part) for part in before.split("|"))
            parts = [numbers_of(part) for part in after.split("|")]
            moved = list(parts[0])
            moved.remove(rest[0])
            assert done == moved
            assert rest[1:] == (parts[1] if len(parts) == 2 else [])
            assert sorted(parts[0], reverse=asks_for_down(problem.question)) == parts[0]


@pytest.mark.parametrize("level", LEVELS)
def test_the_middle_is_found_by_dropping_both_ends(level):
    """Behind the sorted list, each line is the line before it without its ends."""
    for problem in drafts(level):
        if problem.template == "middle":
            lines = [numbers_of(line) for line in problem.steps if "|" not in line]
            assert [line[1:-1] for line in lines[:-1]] == lines[1:]


def test_contrast_has_the_same_lengths_and_other_numbers_of_moves():
    """Nearly sorted lists need one move, reversed ones the most, shuffled ones between."""
    for template, levels in (("contrast_few", (4, 5, 6)), ("contrast_many", (6, 7, 8))):
        near, turned, shuffled = (
            [problem.params for problem in drafts(level) if problem.template == template] for level in levels
        )
        assert {1} == {params["moves"] for params in near}
        assert all(params["length"] * (params["length"] - 1) // 2 == params["moves"] for params in turned)
        assert all(1 < params["moves"] < params["length"] * (params["length"] - 1) // 2 for params in shuffled)
        assert {p["length"] for p in near} == {p["length"] for p in turned} == {p["length"] for p in shuffled}


def test_thoughts_stay_short():
    """No thought has more than 300 characters."""
    assert max(len("\n".join(problem.steps)) for level in LEVELS for problem in drafts(level)) <= 300

"""Laws of the counting problems: the words of a question, read again, give its answer, and marks count one by one."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from edgereason.evals.families import LEVELS, draw

COUNT = 150
ENTRY = (
    r"(?:\d+|[a-zA-Z]|red|blue|green|black|cat|dog|bird|fish|apple|pear|plum|fig|yes|no|maybe|sun|rain|snow|wind"
    r"|left|right|up|down|heads|tails|win|loss|draw)"
)
RUN = re.compile(rf"\b{ENTRY}(?:(?:, and |, | and |; | |,){ENTRY}\b)+")
COMPARISONS = {
    r"(?<!not )(?:greater|more|larger|bigger) than (\d+)|(?:above|over) (\d+)": lambda n, limit: n > limit,
    r"(?<!not )(?:less|smaller|lower) than (\d+)|(?:below|under) (\d+)": lambda n, limit: n < limit,
    r"at least (\d+)|(\d+) or more|not less than (\d+)": lambda n, limit: n >= limit,
    r"at most (\d+)|(\d+) or less|not more than (\d+)": lambda n, limit: n <= limit,
}


def drafts(level):
    """The first items of a level."""
    return [draw("counting", index, level=level) for index in range(COUNT)]


def split_of(problem):
    """The entries of the list, and the text around it."""
    run = max(RUN.finditer(problem.question), key=lambda found: len(re.findall(ENTRY, found[0])))
    entries = [entry for entry in re.split(r"[,; ]+", run[0]) if entry != "and"]
    return entries, problem.question[: run.start()] + "|" + problem.question[run.end() :]


def wanted_of(text):
    """The number, letter or word whose occurrences are counted."""
    found = re.search(
        rf"(?:how often does|how many times does|how often is|count how often|count|equal to|you see|you find|times)"
        rf" (?:the (?:letter|word) )?({ENTRY})\b(?! times)", text, re.IGNORECASE,
    )  # fmt: skip
    return found[1]


def worths(problem, entries):
    """What each entry adds where it fits: itself where a sum is asked for."""
    return [int(entry) if problem.template == "total" else 1 for entry in entries]


def fitting(problem):
    """For each entry whether it is counted, by the words of the question."""
    entries, text = split_of(problem)
    if problem.template == "all":
        return [True] * len(entries)
    tests = []
    for pattern, test in COMPARISONS.items():
        for found in re.finditer(pattern, text, re.IGNORECASE):
            limit = int(next(group for group in found.groups() if group))
            tests.append(lambda entry, limit=limit, test=test: test(int(entry), limit))
    for word, digits in (("even", "02468"), ("odd", "13579")):
        if re.search(rf"\b{word}\b", text, re.IGNORECASE):
            tests.append(lambda entry, digits=digits: entry[-1] in digits)
    if not tests:
        wanted = wanted_of(text)
        tests.append(lambda entry: entry == wanted)
    return [all(test(entry) for test in tests) for entry in entries]


@pytest.mark.parametrize("level", LEVELS)
def test_the_words_of_a_question_give_its_answer(level):
    """A reader of the conditions counts as many entries as the answer says, or adds them up to it."""
    for problem in drafts(level):
        worth = worths(problem, split_of(problem)[0])
        found = sum(each for each, fits in zip(worth, fitting(problem), strict=True) if fits)
        assert str(found) == problem.answer, problem.question
        asks_for_sum = re.search(r"\b(?:add|sum|total|together)\b", split_of(problem)[1], re.IGNORECASE)
        assert bool(asks_for_sum) == (problem.template == "total")


@pytest.mark.parametrize("level", LEVELS)
def test_marks_hold_the_list_in_its_order_and_count_one_by_one(level):
    """The entry of each mark is the list's; it counts, or adds up, where every condition fits."""
    for problem in drafts(level):
        conditions, line, _ = problem.steps
        marks = [re.fullmatch(r"(\w+):([yn]*)(\d+)", mark).groups() for mark in line.split(",")]
        assert split_of(problem)[0] == [entry for entry, _, _ in marks]
        counts = [0, *(int(count) for _, _, count in marks)]
        worth = worths(problem, split_of(problem)[0])
        assert fitting(problem) == [b - a == each for each, (a, b) in zip(worth, pairwise(counts), strict=True)]
        assert fitting(problem) == ["n" not in fits for _, fits, _ in marks]
        assert all(b - a in (0, each) for each, (a, b) in zip(worth, pairwise(counts), strict=True))
        assert {len(fits) for _, fits, _ in marks} == {0 if conditions == "all" else 1 + conditions.count(",")}


@pytest.mark.parametrize("level", LEVELS)
def test_the_first_line_holds_the_conditions_of_the_question(level):
    """Each sign of the first line, read by itself, fits the entries that the marks say it fits."""
    read = {"<": int.__lt__, ">": int.__gt__, "<=": int.__le__, ">=": int.__ge__}
    for problem in drafts(level):
        signs = [] if problem.steps[0] == "all" else problem.steps[0].split(",")
        for mark in problem.steps[1].split(","):
            entry, fits, _ = re.fullmatch(r"(\w+):([yn]*)(\d+)", mark).groups()
            for sign, fit in zip(signs, fits, strict=True):
                comparison, value = re.fullmatch(r"([<>=]*)(\w+)", sign).groups()
                if comparison in read:
                    expected = read[comparison](int(entry), int(value))
                elif comparison:
                    expected = entry == value
                else:
                    expected = entry[-1] in {"even": "02468", "odd": "13579"}[value]
                assert expected == (fit == "y"), problem.question


def test_two_conditions_ask_for_more_than_either():
    """Problems with two conditions have two in their words, from level 6 on."""
    templates = {level: {problem.template for problem in drafts(level)} for level in LEVELS}
    assert not any({"both", "between"} & templates[level] for level in range(1, 6))
    assert all({"both", "between"} <= templates[level] for level in range(6, 9))


def test_contrast_limit_asks_two_things_of_one_kind_of_list():
    """The number asked about is in the list; it is searched for at level 4 and compared with at level 6."""
    for level, is_search in ((4, True), (6, False)):
        found = [problem for problem in drafts(level) if problem.template == "contrast_limit"]
        assert found
        for problem in found:
            entries, text = split_of(problem)
            assert str(problem.params["limit"]) in entries
            assert is_search == (not any(re.search(pattern, text, re.IGNORECASE) for pattern in COMPARISONS))


def test_thoughts_and_questions_stay_short():
    """No thought has more than 300 characters, no question more than 400."""
    problems = [problem for level in LEVELS for problem in drafts(level)]
    assert max(len("\n".join(problem.steps)) for problem in problems) <= 300
    assert max(len(problem.question) for problem in problems) <= 400

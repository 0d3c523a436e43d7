"""Laws of the sequence problems: one rule fits, and its thought follows from line to line."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import pytest

from edgereason.evals.families import LEVELS, draw

COUNT = 120
RUN = re.compile(r"\d+(?:(?:, |; | )\d+)+")
RUN_ON = ("alternating", "turns", "times_turns")


def drafts(level):
    """The first items of a level."""
    return [draw("series", index, level=level) for index in range(COUNT)]


def terms_of(question):
    """The longest run of numbers in a question."""
    return [int(number) for number in re.findall(r"\d+", max(RUN.findall(question), key=len))]


def constant(values):
    """The one value of a list of at least two, or nothing."""
    return values[0] if len(values) >= 2 and len(set(values)) == 1 else None


def gaps(values):
    """What each value adds to the one before."""
    return [b - a for a, b in pairwise(values)]


def quotients(values):
    """What each value multiplies the one before by; nothing where one of them is 0."""
    return [Fraction(b, a) for a, b in pairwise(values)] if all(values[:-1]) else []


def by_differences(terms):
    """Constant differences, of the first order with 3 terms, the second with 4, the third with 6."""
    first = gaps(terms)
    second = gaps(first)
    third = gaps(second)
    if constant(first) is not None:
        yield terms[-1] + first[0]
    if constant(second) is not None:
        yield terms[-1] + first[-1] + second[0]
    if constant(third) is not None and len(third) > 2:
        yield terms[-1] + first[-1] + second[-1] + third[0]


def by_factors(terms):
    """Constant factors of the terms, or of their differences."""
    if constant(quotients(terms)) is not None:
        yield terms[-1] * quotients(terms)[0]
    if constant(quotients(gaps(terms))) is not None:
        yield terms[-1] + gaps(terms)[-1] * quotients(gaps(terms))[0]


def by_turns(terms):
    """Two or three differences that were twice in turn, or a whole factor and a difference."""
    first, ratios = gaps(terms), quotients(terms)
    for cycle in (2, 3):
        if len(first) >= 2 * cycle and first[:-cycle] == first[cycle:]:
            yield terms[-1] + first[-cycle]
    for start in (0, 1):
        factor, step = constant(ratios[start::2]), constant(first[1 - start :: 2])
        if factor is not None and step is not None and factor.denominator == 1:
            yield terms[-1] * factor if len(first) % 2 == start else terms[-1] + step


def by_neighbours(terms):
    """The sum of two terms, seen three times."""
    if len(terms) >= 5 and all(a + b == c for a, b, c in zip(terms, terms[1:], terms[2:], strict=False)):
        yield terms[-1] + terms[-2]


def by_halves(terms):
    """Two sequences with constant differences of their own; the next term belongs to the one that has waited longer."""
    inner = [set(by_differences(terms[start::2])) for start in (0, 1)] if len(terms) >= 6 else [set()]
    if all(inner):
        yield from inner[len(terms) % 2]


def readings(terms):
    """Every next term that a rule with enough evidence gives."""
    rules = (by_differences, by_factors, by_turns, by_neighbours, by_halves)
    return {int(term) for rule in rules for term in rule(terms)}


@pytest.mark.parametrize("level", LEVELS)
def test_one_rule_fits_a_sequence_and_gives_the_answer(level):
    """An independent reader of sequences finds the answer and no other."""
    for problem in drafts(level):
        terms = terms_of(problem.question)
        if problem.template == "plus_two":
            step = terms[1] - terms[0]
            assert [terms[-1] + step, terms[-1] + 2 * step] == [int(part) for part in problem.answer.split(",")]
        else:
            assert {int(problem.answer)} == readings(terms), problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_the_first_line_is_read_off_neighbouring_terms(level):
    """The marks of the first line lead from each term to the next."""
    for problem in drafts(level):
        terms, line = terms_of(problem.question), problem.steps[0]
        if problem.template == "interleaved":
            parts = [part.split(",") for part in line.split("|")]
            parts[len(terms) % 2].remove("?")
            assert [terms[0::2], terms[1::2]] == [[int(term) for term in part] for part in parts]
            continue
        for term, after, mark in zip(terms, terms[1:], line.split(","), strict=False):
            assert after == eval(f"{term}{mark}".replace("/", "//")), problem.steps
        runs_on = problem.template in RUN_ON or (problem.template == "contrast" and level == 5)
        assert len(terms) - 1 + runs_on == len(line.split(","))


@pytest.mark.parametrize("level", LEVELS)
def test_every_sum_line_has_the_value_of_the_next_term(level):
    """Lines that start with a term and an operator are worth the answer, or one of the two answers."""
    for problem in drafts(level):
        values = {int(part) for part in problem.answer.split(",")}
        sums = [line for line in problem.steps if re.fullmatch(r"\d+[-+*/(].*", line)]
        assert sums
        for line in sums:
            assert eval(line.replace("/", "//")) in values, problem.steps


def test_second_lines_are_the_differences_of_the_first():
    """Growing differences have their own differences or factors in the next line."""
    for level in LEVELS:
        for problem in drafts(level):
            if problem.template in ("growing", "shrinking", "growing_twice", "times_plus"):
                lines = [line.split(",") for line in problem.steps if re.match(r"[-+*]\d", line)]
                for above, below in pairwise(lines):
                    for before, after, mark in zip(above[:-1], above[1:], below, strict=True):
                        assert int(after) == eval(f"{before}{mark}")


def test_contrast_shuffles_the_terms_of_a_constant_step():
    """Sorted, the terms of either contrast problem have one step; they stand in order at level 3 alone."""
    for level, is_sorted in ((3, True), (5, False)):
        found = [terms_of(problem.question) for problem in drafts(level) if problem.template == "contrast"]
        assert found
        for terms in found:
            ranked = sorted(terms)
            assert 1 == len({b - a for a, b in pairwise(ranked)})
            assert is_sorted == (ranked == terms)

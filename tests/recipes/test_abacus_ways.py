"""Other ways to work a problem: the same answer, lines that follow from each other, and really others."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

import pytest

from edgereason.evals.families import FAMILIES, LEVELS, Problem, draw
from edgereason.evals.families.arithmetic import parsed, text_of
from recipes.abacus.ways import another_way, commuted

COUNT = 25  # problems of a level
LEAST_CHANGED = {"series": 0.1}  # share of hard problems that come out otherwise; most lines of a series have one way


def problems(family: str) -> list[Problem]:
    """A few problems of every level."""
    return [draw(family, k, split="train", seed=7, level=level) for level in LEVELS for k in range(COUNT)]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_way_ends_with_the_answer(family: str) -> None:
    """Whatever is drawn; the same draws give the same lines, and hard problems often come out otherwise."""
    hard = changed = 0
    for problem in problems(family):
        lines = another_way(problem, Random(problem.id))
        assert problem.answer == lines[-1]
        assert lines == another_way(problem, Random(problem.id))
        assert not re.search(r"[\n{}\\]", "".join(lines))
        hard += problem.level > 5
        changed += problem.level > 5 and lines != problem.steps
    assert changed / hard > LEAST_CHANGED.get(family, 0.4)


@pytest.mark.parametrize("family", ["chain", "story", "units"])
def test_every_line_of_an_expression_has_its_value(family: str) -> None:
    """As in the plain way, from the expression down to the number alone."""
    for problem in problems(family):
        if problem.template in ("compare", "larger"):
            continue
        lines = another_way(problem, Random(problem.id))
        assert {int(problem.answer)} == {eval(line.replace("/", "//")) for line in lines}
        assert sorted(re.findall(r"\d+", lines[0])) == sorted(re.findall(r"\d+", problem.steps[0]))


def test_what_stands_beside_an_expression_stays() -> None:
    """A comparison keeps its other side in every line."""
    compared = [problem for problem in problems("units") if problem.template == "compare"]
    for problem in compared:
        rival = re.search(r"[<>]\d+$", problem.steps[0])
        assert rival
        assert all(line.endswith(rival[0]) for line in another_way(problem, Random(problem.id))[:-1])
    assert compared


@pytest.mark.parametrize("text", ["8-(3+1)-2", "60/(2*3)+4*(5-2)", "5+2*3-(4+1)", "(9-4)*2-6/3", "7-2+3", "7"])
def test_exchanged_operands_change_no_value(text: str) -> None:
    """Of sums and products alone; brackets stand where they are needed."""
    found = {text_of(commuted(parsed(text), Random(seed))) for seed in range(60)}
    assert {eval(text)} == {eval(other) for other in found}
    assert text in found
    assert len(found) > 1 or text == "7"


def marks(line: str) -> list[list[str]]:
    """The entries of a line of marks, each with what is noted of it."""
    return [mark.split(":") for mark in line.split(",")]


def test_lists_are_gone_through_from_either_end() -> None:
    """Entry by entry as they stand in the question, or the other way round; every number is kept."""
    seen = set()
    for family, place in (("extremes", 0), ("counting", 1), ("sorting", 0)):
        for problem in problems(family):
            line, plain = another_way(problem, Random(problem.id))[place], problem.steps[place]
            if ":" not in plain and "|" not in plain:
                continue
            split = marks if ":" in plain else lambda text: [[entry] for entry in re.split(r"[,|]", text)]
            entries, stood = ([entry for entry, *_ in split(text)] for text in (line, plain))
            assert entries in (stood, stood[::-1])
            seen.add((family, entries == stood))
    assert 6 == len(seen)


def test_marks_from_the_end_follow_the_same_rule() -> None:
    """The best so far is one of the numbers so far, changes only to the newest, and ends as the answer."""
    for problem in problems("extremes"):
        if problem.template in ("second", "range", "ends_sum"):
            continue
        line = another_way(problem, Random(problem.id))[0]
        best = [noted for _, noted in marks(line)]
        numbers = [entry for entry, _ in marks(line)]
        assert problem.answer == best[-1]
        assert all(now in ("-", *numbers[: k + 1]) for k, now in enumerate(best))
        assert all(now == before or now == numbers[k + 1] for k, (before, now) in enumerate(pairwise(best)))


def test_a_chain_of_people_grows_by_one_at_either_end() -> None:
    """Each line is the one before with somebody in front or behind."""
    for problem in problems("logic"):
        chains = [line.split(" > ") for line in another_way(problem, Random(problem.id)) if " > " in line]
        for before, after in pairwise(chains):
            assert before in (after[1:], after[:-1])


def test_steps_of_a_procedure_come_to_the_same() -> None:
    """Sums by parts are right, and places count from one."""
    for problem in problems("procedure"):
        for line in another_way(problem, Random(problem.id))[:-1]:
            head, _, listed = line.partition(": ")
            if listed and ("." in listed):
                assert [str(k) for k in range(1, listed.count(".") + 1)] == re.findall(r"(\d+)\.", listed)
            elif "=" in head:
                *sums, last = re.split(r"(?<=[\d])=", head.split(":", 1)[1])
                values = [int(re.match(r"\d+", part)[0]) for part in [*sums[1:], last]]  # type: ignore[index]
                assert values == [eval(part.replace("/", "//")) for part in sums]

"""Laws of the orderings: the closure of the sentences gives every answer."""

from __future__ import annotations

import re
from itertools import pairwise, permutations

import pytest

from edgereason.evals.families import LEVELS, draw

COUNT = 200
PAIRS = (
    "taller shorter tallest shortest, older younger oldest youngest, faster slower fastest slowest, "
    "heavier lighter heaviest lightest, richer poorer richest poorest, stronger weaker strongest weakest, "
    "bigger smaller biggest smallest, louder quieter loudest quietest, happier sadder happiest saddest, "
    "earlier later earliest latest, warmer colder warmest coldest, nearer farther nearest farthest"
)
PROPERTY = {}  # word: (index of the property, whether it means more)
for _index, _words in enumerate(PAIRS.split(", ")):
    for _place, _word in enumerate(_words.split()):
        PROPERTY[_word] = (_index, _place % 2 == 0)
WORD = "|".join(PROPERTY)
ORDINALS = {"second": 1, "third": 2, "fourth": 3}


def drafts(level):
    """The first items of a level."""
    return [draw("logic", index, level=level) for index in range(COUNT)]


def facts_of(sentence):
    """The comparisons of a sentence: who, word, than whom."""
    compound = re.fullmatch(rf"(\w+) is ({WORD}) than (\w+),? but (.+)", sentence)
    if compound:
        yield compound[1], compound[2], compound[3]
        other = re.fullmatch(rf"(?:(\w+) is )?({WORD}) than (\w+)", compound[4])
        yield other[1] or compound[1], other[2], other[3]
        return
    match = re.fullmatch(rf"Compared with (\w+), (\w+) is ({WORD})", sentence)
    if match:
        yield match[2], match[3], match[1]
        return
    match = re.fullmatch(
        rf"(?:We know that )?(\w+) is (?:much |a bit )?({WORD}) (?:than|when compared with) (\w+)", sentence
    )
    if match:
        yield match[1], match[2], match[3]


def read(problem):
    """What is known about the asked property, as pairs (more, less) with all that follows; and the question."""
    *sentences, ask = re.split(r"(?<=[.?:]) ", problem.question)
    if ask == "yes or no?" or (
        sentences and re.match(r"Compare \w+ with|Of all|Ranked|In the row|Yes or no", sentences[-1])
    ):
        ask = f"{sentences.pop()} {ask}"
    asked = next((PROPERTY[word] for word in re.findall(r"\w+", ask) if word in PROPERTY), None)
    known = set()
    for sentence in sentences:
        for one, word, other in facts_of(sentence.rstrip(".")):
            index, is_more = PROPERTY[word]
            if asked is None or index == asked[0]:
                known.add((one, other) if is_more else (other, one))
    closure = set(known)
    while True:
        new = {(a, d) for a, b in closure for c, d in closure if b == c} - closure
        if not new:
            return known, closure, ask
        closure |= new


def ranking(closure):
    """The people from most to least; the closure must compare all of them."""
    people = {name for pair in closure for name in pair}
    assert all((a, b) in closure or (b, a) in closure for a, b in permutations(people, 2))
    return sorted(people, key=lambda name: sum((other, name) in closure for other in people))


def judged(problem):
    """The answer from the closure."""
    _, closure, ask = read(problem)
    words = [word for word in re.findall(r"\w+", ask) if word in PROPERTY]
    people = {name for pair in closure for name in pair}
    named = [word for word in re.findall(r"\w+", ask) if word in people]
    if problem.template in ("is", "branch", "lookup"):
        one, other = named[:2]
        assert ((one, other) in closure) != ((other, one) in closure)
        return "yes" if ((one, other) in closure) == PROPERTY[words[0]][1] else "no"
    ranked = ranking(closure)
    if problem.template == "between":
        one, other = sorted(ranked.index(name) for name in named[:2])
        return str(other - one - 1)
    ranked = ranked if PROPERTY[words[0]][1] else ranked[::-1]
    if "order" in problem.template:
        return ", ".join(ranked)
    if problem.template == "above":
        return str(ranked.index(named[0]))
    if problem.template == "next":
        return ranked[ranked.index(named[0]) - 1]
    place = next((ORDINALS[word] for word in re.findall(r"\w+", ask) if word in ORDINALS), 0)
    return ranked[place]


@pytest.mark.parametrize("level", LEVELS)
def test_the_sentences_fix_the_answer(level):
    """All that follows from the sentences determines what is asked, and it is the answer."""
    for problem in drafts(level):
        assert judged(problem) == problem.answer, problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_every_line_adds_one_person_by_one_sentence(level):
    """The chain starts with two people and grows at one end; neighbours are those of a sentence."""
    for problem in drafts(level):
        known, _, _ = read(problem)
        chains = [line.split(" > ") for line in problem.steps if ">" in line]
        assert 2 == len(chains[0])
        for before, after in pairwise(chains):
            assert before in (after[1:], after[:-1])
        assert set(pairwise(chains[-1])) <= known
        if problem.template not in ("branch", "lookup"):
            assert {name for pair in known for name in pair} == set(chains[-1])


@pytest.mark.parametrize("level", LEVELS)
def test_the_chain_starts_with_the_first_sentence_and_goes_down_first(level):
    """Full chains are appended to before they are put before."""
    for problem in drafts(level):
        if problem.template not in ("branch", "lookup"):
            chains = [line.split(" > ") for line in problem.steps if ">" in line]
            goes_up = [after[1:] == before for before, after in pairwise(chains)]
            assert goes_up == sorted(goes_up)


def test_those_who_are_counted_are_written_out():
    """The line before a count has as many names."""
    for problem in drafts(7):
        if problem.template in ("above", "between"):
            assert problem.answer == str(len(problem.steps[-2].split(", ")))


def test_contrasts_are_in_order_or_shuffled():
    """The first chain starts at the top at levels 3 and 4, and the sentences are out of order at 6 and 7."""
    for level, in_order in ((3, True), (4, True), (6, False), (7, False)):
        found = [problem for problem in drafts(level) if problem.template.startswith("contrast")]
        assert found
        for problem in found:
            ranked = ranking(read(problem)[1])
            order = [ranked.index(name) for name in re.findall(r"(\w+) is \w+ than", problem.question)]
            assert in_order == (order == sorted(order))

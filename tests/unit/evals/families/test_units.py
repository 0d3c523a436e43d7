"""Laws of the conversions: a reader that turns everything into one base unit finds the same answers."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from edgereason.evals.families import LEVELS, draw, units_phrases
from edgereason.evals.families.story.telling import NUMBER_WORDS

COUNT = 200
BASES = {  # in mm, g, ml, s, months, cents, teaspoons, cups, inches, ounces, pieces
    "kilometer kilometers km kilometre kilometres": 1_000_000, "meter meters m metre metres": 1000,
    "decimeter decimeters dm decimetre decimetres": 100, "centimeter centimeters cm centimetre centimetres": 10,
    "millimeter millimeters mm millimetre millimetres": 1, "ton tons t tonne tonnes": 1_000_000,
    "kilogram kilograms kg kilo kilos": 1000, "gram grams g": 1, "liter liters l litre litres": 1000,
    "centiliter centiliters cl centilitre centilitres": 10, "milliliter milliliters ml millilitre millilitres": 1,
    "week weeks wk": 604_800, "day days d": 86_400, "hour hours h": 3600, "minute minutes min": 60,
    "second seconds s": 1,
    "century centuries": 1200, "decade decades": 120, "year years yr": 12, "month months": 1, "dollar dollars": 100,
    "euro euros": 100, "quid": 100, "cent cents c": 1, "penny pence p": 1, "dime dimes": 10, "nickel nickels": 5,
    "quarter quarters": 25, "yard yards yd": 36, "foot feet ft": 12, "inch inches in": 1, "stone stones st": 224,
    "pound pounds lb": 16, "ounce ounces oz": 1, "gallon gallons gal": 16, "quart quarts qt": 4, "pint pints pt": 2,
    "cup cups": 1, "tablespoon tablespoons tbsp": 3, "teaspoon teaspoons tsp": 1, "dozen": 12, "egg eggs": 1,
    "pair pairs": 2, "sock socks": 1,
}  # fmt: skip
BASE_OF = {name: base for names, base in BASES.items() for name in names.split()}
PAIR = re.compile(rf"\b(\d+|{'|'.join(NUMBER_WORDS)}) ?({'|'.join(sorted(BASE_OF, key=len, reverse=True))})\b")
PHRASES = {
    "more": units_phrases.MORE, "less": units_phrases.LESS, "gap": units_phrases.GAP, "times": units_phrases.TIMES,
    "shared": units_phrases.SHARED, "larger": units_phrases.LARGER, "left_over": units_phrases.LEFT_OVER,
    "compare": units_phrases.COMPARE[">"] + units_phrases.COMPARE["<"],
}  # fmt: skip


def drafts(level):
    """The first items of a level."""
    return [draw("units", index, level=level) for index in range(COUNT)]


def pairs_of(text):
    """The quantities of a text, in base units, one for each number."""
    found = []
    for number, unit in PAIR.findall(text):
        found.append((NUMBER_WORDS.index(number) if number in NUMBER_WORDS else int(number)) * BASE_OF[unit])
    return found


def slots_of(template, question):
    """The slots of the phrase that the question ends in."""
    for phrase in PHRASES.get(template, units_phrases.UP):
        seen = set()

        def group(match, seen=seen):
            name = match[1]
            if name in seen:
                return f"(?P={name})"
            seen.add(name)
            return f"(?P<{name}>{r'[0-9]+' if name == 'k' else r'[a-z]+' if name in 'num' else '[^.?]+?'})"

        pattern = re.sub(r"\\\{(\w)\\\}", group, re.escape(phrase.lower()))
        match = re.search(rf"(?:^|[.] ){pattern}$", question.lower())
        told = match and all(pairs_of(match[name]) for name in seen & set("qlsw"))
        if told and ("m" not in seen or match["m"] in units_phrases.LONGER.values()):
            yield match.groupdict(), phrase


def judged(problem, slots, phrase):
    """The answer, worked out in base units."""
    q, rest = sum(pairs_of(slots.get("q") or "")), sum(pairs_of(slots.get("l") or ""))
    if problem.template == "compare":
        return "yes" if (q < rest if "less" in phrase else q > rest) else "no"
    unit = BASE_OF[slots["u"]]
    values = {
        "more": rest, "less": q - rest, "gap": q - rest, "larger": max(q, rest), "times": q * int(slots.get("k") or 1),
        "shared": Fraction(q, int(slots.get("k") or 1)),
        "left_over": sum(pairs_of(slots.get("s") or "")) - sum(pairs_of(slots.get("w") or "")),
    }  # fmt: skip
    return str(Fraction(values.get(problem.template, q)) / unit)


@pytest.mark.parametrize("level", LEVELS)
def test_base_units_give_the_answer(level):
    """Everything in the question turned into one base unit gives the answer."""
    for problem in drafts(level):
        answers = {judged(problem, slots, phrase) for slots, phrase in slots_of(problem.template, problem.question)}
        assert {problem.answer} == answers, problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_every_line_has_the_value_of_the_line_before(level):
    """Python agrees with every line, comparisons side by side."""
    for problem in drafts(level):
        lines = problem.steps[:-1] if problem.template in ("compare", "larger") else problem.steps
        values = {tuple(eval(part.replace("/", "//")) for part in re.split("[<>,]", line)) for line in lines}
        assert 1 == len(values), problem.steps
        if problem.template == "larger":
            assert problem.answer == str(max(values.pop()))


@pytest.mark.parametrize("level", LEVELS)
def test_the_first_line_has_the_numbers_of_the_question(level):
    """Each number of the first line stands in the question or is a factor between units."""
    factors = {2, 3, 4, 5, 7, 10, 12, 14, 16, 24, 25, 60, 100, 1000}
    for problem in drafts(level):
        words = re.findall(r"[a-z]+|\d+", problem.question.lower())
        told = {NUMBER_WORDS.index(word) if word in NUMBER_WORDS else word for word in words}
        told = {int(number) for number in told if str(number).isdigit()}
        assert {int(number) for number in re.findall(r"\d+", problem.steps[0])} <= told | factors


def test_contrasts_swap_the_numbers_of_a_quantity():
    """The factor meets the small number at level 3 and the large one at level 5."""
    for level, small_first in ((3, True), (5, False)):
        found = [problem for problem in drafts(level) if problem.template == "contrast"]
        assert found
        for problem in found:
            first, _, second = map(int, re.fullmatch(r"(\d+)\*(\d+)\+(\d+)", problem.steps[0]).groups())
            assert small_first == (first < second)

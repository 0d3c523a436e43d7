"""Laws of the word problems, judged from their texts."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

import pytest

from edgereason.evals.families import story
from edgereason.evals.families.problem import LEVELS, Draft
from edgereason.evals.families.story import frames, frames_money, frames_parts, frames_rates, lexicon, telling
from edgereason.evals.families.story.telling import NUMBER_WORDS, Teller, made_up

COUNT = 150
WORDS = {word: value for value, word in enumerate(NUMBER_WORDS)} | {"dozen": 12}
MEANT = {
    "half": 2, "twice": 2, "double": 2, "doubles": 2, "doubled": 2, "pairs": 2, "perimeter": 2, "around": 2, "edge": 2,
    "fence": 2, "wall": 2, "rope": 2, "triple": 3, "third": 3, "quarter": 4, "fourth": 4, "square": 4, "week": 7,
}  # fmt: skip
NUMBER = r"(?:\d+|(?:a )?dozen|" + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True)) + r")\b"


def drafts(*templates: str, count: int = COUNT, levels: range = LEVELS) -> list[Draft]:
    """Drafts of all levels; given templates, only theirs without sentences that do not matter."""
    found = [story.draw(Random(f"law:{level}:{k}"), level) for level in levels for k in range(count)]
    return [d for d in found if not templates or (d.template in templates and not d.params["asides"])]


def numbers_of(text: str) -> list[int]:
    """The numbers that a text says as digits or words, in order."""
    found = re.findall(r"(?<![\w-])" + NUMBER, text.lower())
    return [int(word) if word.isdigit() else WORDS[word.removeprefix("a ")] for word in found]


def clauses_of(text: str) -> list[str]:
    """The clauses of a text that is told in plain sentences or joined ones."""
    text = re.sub(r"\b(Mrs?)\. ", r"\1 ", text)
    return [
        part for part in re.split(r"\. |, and |, but |, then | and |, (?=how|what|find|work|tell|so|\{)", text) if part
    ]


@pytest.mark.parametrize("level", LEVELS)
def test_steps_keep_the_value(level):
    """Every line of a thought has the value of the line before it, by Python's own arithmetic."""
    for draft in drafts(levels=range(level, level + 1)):
        for before, after in pairwise(draft.steps):
            assert eval(before) == eval(after)
        assert int(draft.answer) == eval(draft.steps[0])


@pytest.mark.parametrize("level", LEVELS)
def test_every_number_of_the_expression_is_told(level):
    """The first line holds no number that the question does not say."""
    for draft in drafts(levels=range(level, level + 1)):
        text = draft.question.lower()
        said = set(numbers_of(text)) | {value for word, value in MEANT.items() if re.search(rf"\b{word}\b", text)}
        assert {int(number) for number in re.findall(r"\d+", draft.steps[0])} - said == set()


def test_one_operation_has_the_operator_of_its_words():
    """A text that says "older than" the asked one adds, "each" and "how many in all" multiplies, "left" takes away."""
    signs = {"arrivals": "+", "departures": "-", "went_unknown": "-", "two_people": "+", "share": "/", "rows": "*",
             "pages": "-", "stood_at_first": "+", "boxes": "/", "price_need": "-", "unit_price": "/", "spend": "-",
             "earn": "+"}  # fmt: skip
    for draft in drafts(*signs, count=600, levels=range(1, 4)):
        (operator,) = re.findall(r"[-+*/]", draft.steps[0])
        assert signs[draft.template] == operator


def test_a_crowd_is_what_came_less_what_went():
    """Numbers with "more", "other" or "new" after them came, the others but the first went."""
    found = drafts("crowd", count=400)
    assert len(found) > 40
    for draft in found:
        told = re.findall(rf"(?<![\w-])({NUMBER})( more| other| new)?", draft.question.lower())
        total, *changes = [(numbers_of(number)[0], bool(more)) for number, more in told]
        assert int(draft.answer) == total[0] + sum(number if more else -number for number, more in changes)


def test_an_unknown_start_is_told_backwards():
    """From the last number on, what was lost is put back and what was gained is taken off."""
    found = drafts("unknown_start", count=400)
    assert len(found) > 40
    for draft in found:
        clauses = [clause for clause in clauses_of(draft.question.lower()) if numbers_of(clause)]
        *changes, last = clauses
        expected = numbers_of(last)[0]
        for clause in changes:
            gained = re.search(rf"{NUMBER} (more|new)", clause)
            expected += -numbers_of(clause)[0] if gained else numbers_of(clause)[0]
        assert expected == int(draft.answer)


def test_parts_make_the_whole():
    """The part asked for and all parts told, groups counted as products, are the whole."""
    found = drafts("parts", count=400)
    assert len(found) > 40
    for draft in found:
        text = draft.question.lower()
        groups = re.findall(rf"(?<![\w-])({NUMBER}) \w+ (?:of|with) ({NUMBER})", text)
        products = [(numbers_of(n)[0], numbers_of(k)[0]) for n, k in groups]
        whole, *told = numbers_of(text)
        singles = sum(told) - sum(n + k for n, k in products)
        assert whole == int(draft.answer) + singles + sum(n * k for n, k in products)


@pytest.mark.parametrize("template", ["more_than", "fewer_than", "older", "younger"])
def test_comparisons_follow_from_who_has_more(template):
    """Whoever is said to have more has more, whether the asked one is the sentence's subject or not."""
    judged = 0
    for draft in drafts(template, count=2500, levels=range(1, 4)):
        clauses = [re.sub("^[Ii]f ", "", c) for c in clauses_of(draft.question) if numbers_of(c)]
        if len(clauses) != 2 or " if " in draft.question or "Mr" in draft.question:
            continue
        judged += 1
        known, related = sorted(clauses, key=lambda c: bool(re.search("more|fewer|less|older|younger", c)))
        before = draft.question.partition(related)[0].lower()
        compared = re.search(r"than ((?:an? |the )?[\w-]+)", related)
        other = re.sub("^an? |^the ", "", compared[1].lower()) if compared else ""
        is_known = (
            other in ("", "that", "him", "her", "me", "us", "you", "them", "they", "she", "he") or other in before
        )
        is_known = is_known or draft.question.find(known) > draft.question.find(related) >= 0
        rises = bool(re.search("more|older", related)) == is_known
        n, m = numbers_of(known)[0], numbers_of(related)[0]
        assert int(draft.answer) == (n + m if rises else n - m), draft.question
    assert judged > 5


def test_contrast_asks_a_long_text_for_something_small():
    """A contrast of the lowest levels has one operation, though its text tells more numbers than that needs."""
    found = [d for d in drafts(levels=range(1, 3), count=400) if d.template == "contrast"]
    assert len(found) > 50
    assert {1} == {d.params["operations"] for d in found}
    assert sum(len(numbers_of(d.question)) > 2 for d in found) > len(found) // 2


def test_levels_grow_in_work():
    """Lines of thought grow from level to level, and level 1 and 2 hold one operation."""
    lines = [sum(len(d.steps) for d in drafts(levels=range(level, level + 1))) for level in LEVELS]
    assert sorted(lines[1:]) == lines[1:]
    assert {1} == {d.params["operations"] for d in drafts(levels=range(1, 3))}


def test_no_template_has_eight_fixed_words_in_a_row(monkeypatch):
    """Between two slots of a template there are never more than seven fixed words, whatever its alternatives."""
    seen: set[str] = set()
    chosen = Teller.chosen
    monkeypatch.setattr(Teller, "chosen", lambda self, text: seen.add(text) or chosen(self, text))
    drafts(count=1500)
    assert len(seen) > 2000
    teller = Teller(Random(0))
    for template in seen:
        for _ in range(10):
            fixed = re.sub(r"\{\w*[:.?~](@?)([\w ]*)[^{}]*\}", r"# \2 ", chosen(teller, template))
            runs = re.sub(r"\{[^{}]*\}", "#", fixed).split("#")
            assert max(len(run.split()) for run in runs) < 8, template


def test_words_are_many_and_bend():
    """The lists are as long as they should be, without doubles, and bend as English does."""
    assert len(set(lexicon.GIRLS + lexicon.BOYS)) >= 150
    assert len(set().union(*lexicon.NOUNS.values())) >= 300
    assert len(set(lexicon.CONTAINERS) | set(lexicon.PLACES) | set(lexicon.SPOTS)) >= 90
    assert len({*lexicon.GAINS, *lexicon.MAKES, *lexicon.GROWS, *sum(lexicon.COMES.values(), ())}) >= 80
    assert len({*lexicon.LOSSES, *lexicon.EATS, *lexicon.SPOILS, *sum(lexicon.GOES.values(), ())}) >= 100
    assert len(lexicon.WORK) >= 40
    bent = ("bags of flour", "bottle caps", "tomatoes", "loaves of bread", "fish", "cherries", "toys")
    assert bent == tuple(
        map(lexicon.plural, ("bag of flour", "bottle cap", "tomato", "loaf of bread", "fish", "cherry", "toy"))
    )
    assert ("picked up", "carries", "was given", "will buy") == (
        lexicon.conjugated("pick up", "past", "it"), lexicon.conjugated("carry", "present", "it"),
        lexicon.conjugated("be given", "past", "I"), lexicon.conjugated("buy", "future", "they"),
    )  # fmt: skip


def test_a_share_of_the_words_is_made_up():
    """About one noun in eight means nothing, and made-up words are words of small letters."""
    rng = Random(0)
    known = set().union(*lexicon.NOUNS.values())
    nouns = [telling.draw_noun(rng, "thing", plain=True) for _ in range(4000)]
    assert 0.09 < sum(noun not in known for noun in nouns) / len(nouns) < 0.15
    assert all(re.fullmatch("[a-z]{3,}", made_up(rng)) for _ in range(200))


def test_frames_ask_in_many_ways():
    """Every frame has eight ways to ask or more, and no two frames share a name."""
    every = [*frames.CHANGES, *frames.COMPARISONS, *frames.MEASURES, *frames_parts.PARTS, *frames_parts.GROUPS,
             *frames_rates.RATES, *frames_rates.FIXED, *frames_money.MONEY, *frames_money.AGES]  # fmt: skip
    assert [] == [frame.name for frame in every if len(frame.asks) < 8]
    assert [] == [frame.name for frame in every if frame.operator not in "+-*/"]


def test_texts_are_clean():
    """No template signs, doubled blanks or line breaks reach a question; a question seldom comes twice."""
    found = drafts(count=400)
    for draft in found:
        assert not re.search(r"[{}\[\]|\\@#\n]|  | [,.?]|\b[Aa] [aeio]", draft.question.replace("a one", "")), (
            draft.question
        )
        assert draft.question == draft.question.strip()
    assert len({draft.question for draft in found}) > 0.99 * len(found)

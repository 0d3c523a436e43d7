"""Orderings of people: who is tallest, second oldest, between whom; whether one is faster than another.

In: the people, the sentences that compare two neighbours, the chain. Not in: ties, negations, anything undetermined.
Invariant: the sentences fix what is asked; a line has one person more than the line before it, first downwards from
the first sentence until nobody is below, then upwards until nobody is above; > points from "taller" to "shorter".
Length and difficulty part on purpose: `lookup` asks for one of many sentences, asides and sentences about another
property make a question long, and `contrast` tells the same sentences in order or shuffled.

    chain     Bob > Carl -> Bob > Carl > Dan -> Ann > Bob > Carl > Dan -> Ann   who is tallest
    above     ... Ann > Bob > Carl -> Ann, Bob -> 2                             how many are taller than Carl
    branch    Carl > Dan -> Bob > Carl > Dan -> yes                           is Bob taller than Dan: up from Dan to Bob
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

from edgereason.evals.families.problem import Bands, Draft
from edgereason.evals.families.story import lexicon

Fact = tuple[str, str]  # the one who is more, the one who is less
Property = tuple[str, str, str, str]  # more, less, most, least
Ending = tuple[str, list[str]]  # question, the lines after the chain
Ender = Callable[[Random, list[str], Property, int], Ending]
Task = tuple[str, list[str], dict[str, int | str]]  # question, steps, params

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
TEMPLATES = {
    1: ("end", "end", "is"),
    2: ("end", "end", "is", "lookup"),
    3: ("end", "end", "is", "lookup", "contrast_end", "rank"),
    4: ("end", "is", "rank", "above", "order", "next", "branch", "contrast_order"),
    5: ("end", "is", "rank", "above", "order", "next", "branch"),
    6: ("end", "is", "rank", "above", "order", "next", "branch", "contrast_end", "between"),
    7: ("end", "is", "rank", "above", "order", "next", "branch", "between", "contrast_order"),
    8: ("end", "is", "rank", "above", "order", "next", "branch", "between"),
}
PEOPLE = {1: (2, 2), 2: (3, 3), 3: (3, 3), 4: (4, 4), 5: (5, 5), 6: (5, 6), 7: (6, 7), 8: (7, 8)}
CONTRAST_PEOPLE = {3: 5, 6: 5, 4: 6, 7: 6}  # told in order at levels 3 and 4, shuffled at 6 and 7
PATHS = {
    2: (1, 1),
    3: (1, 1),
    4: (2, 3),
    5: (3, 3),
    6: (4, 4),
    7: (5, 5),
    8: (6, 6),
}  # sentences between the two asked about
SIDES = {2: (3, 5), 3: (5, 7), 4: (2, 3), 5: (2, 3), 6: (2, 3), 7: (2, 3), 8: (2, 3)}  # sentences beside them
REVERSED = {1: 0.4, 2: 0.0, 3: 0.3}  # share of sentences that say less instead of more; a half beyond
PSEUDO_SHARE = 0.1
NAMES = tuple(sorted({name for name in lexicon.GIRLS + lexicon.BOYS if 3 <= len(name) <= 5}))
PROPERTIES: tuple[Property, ...] = (
    ("taller", "shorter", "tallest", "shortest"), ("older", "younger", "oldest", "youngest"),
    ("faster", "slower", "fastest", "slowest"), ("heavier", "lighter", "heaviest", "lightest"),
    ("richer", "poorer", "richest", "poorest"), ("stronger", "weaker", "strongest", "weakest"),
    ("bigger", "smaller", "biggest", "smallest"), ("louder", "quieter", "loudest", "quietest"),
    ("happier", "sadder", "happiest", "saddest"), ("earlier", "later", "earliest", "latest"),
    ("warmer", "colder", "warmest", "coldest"), ("nearer", "farther", "nearest", "farthest"),
)  # fmt: skip
SENTENCES = (
    "{a} is {c} than {b}.", "{a} is {c} than {b}.", "{a} is {c} than {b}.", "{a} is much {c} than {b}.",
    "{a} is a bit {c} than {b}.", "Compared with {b}, {a} is {c}.", "We know that {a} is {c} than {b}.",
    "{a} is {c} when compared with {b}.",
)  # fmt: skip
ASIDES = (
    "{a} likes tea.", "{a} has a red hat.", "{a} plays chess.", "{a} lives by the lake.", "{a} has a dog.",
    "{a} sings well.", "It is raining.", "{a} reads a lot.", "{a} and {b} are friends.", "{a} met {b} at school.",
    "{a} has {n} books.", "The sky is blue.",
)  # fmt: skip
END_ASKS = (
    "Who is the {s}?", "Who is {s}?", "Which one is the {s}?", "Name the {s} one.", "Of all of them, who is the {s}?",
    "Who is the {s} of them all?", "Find the {s} person.", "So who is the {s}?", "The {s} is:", "Who of them is {s}?",
)  # fmt: skip
IS_ASKS = (
    "Is {a} {c} than {b}?", "So is {a} {c} than {b}?", "Is it true that {a} is {c} than {b}?",
    "Would you say {a} is {c} than {b}?", "Yes or no: is {a} {c} than {b}?", "Can we say that {a} is {c} than {b}?",
    "{a} is {c} than {b}: yes or no?", "Does it follow that {a} is {c} than {b}?",
    "Compare {a} with {b}. Is {a} {c}?",
)  # fmt: skip
RANK_ASKS = (
    "Who is the {o} {s}?", "Who is {o} {s}?", "Which one is the {o} {s}?", "Name the {o} {s} one.",
    "Of all of them, who is the {o} {s}?", "Find the {o} {s} person.", "So who is the {o} {s}?", "The {o} {s} is:",
)  # fmt: skip
ABOVE_ASKS = (
    "How many are {c} than {b}?", "How many people are {c} than {b}?", "How many of them are {c} than {b}?",
    "Count those who are {c} than {b}.", "How many others are {c} than {b}?", "So how many are {c} than {b}?",
    "What is the number of people {c} than {b}?", "How many can be called {c} than {b}?",
)  # fmt: skip
BETWEEN_ASKS = (
    "Ranked from {m} to {l}, how many are between {a} and {b}?", "From {m} to {l}, how many come between {a} and {b}?",
    "In the row from {m} to {l}, how many are between {a} and {b}?",
    "In the order from {m} to {l}, how many stand between {a} and {b}?",
    "Count those between {a} and {b} in the order from {m} to {l}.",
    "How many are between {a} and {b}, sorted from {m} to {l}?",
    "How many people rank between {a} and {b} from {m} to {l}?",
    "If all stand in a row from {m} to {l}, how many are between {a} and {b}?",
)  # fmt: skip
ORDER_ASKS = (
    "List them from {m} to {l}.", "Order them from {m} to {l}.", "Put them in order, {m} first.",
    "Who comes in which order, from {m} to {l}?", "Rank them from {m} to {l}.", "Write all names from {m} to {l}.",
    "What is the order from {m} to {l}?", "Sort the people from {m} to {l}.",
)  # fmt: skip
NEXT_ASKS = (
    "Who is just {c} than {b}?", "Who is the next one {c} than {b}?",
    "Who is closest to {b} among those {c} than {b}?", "Of those {c} than {b}, who is closest to {b}?",
    "Name the one just {c} than {b}.", "Which one is directly {c} than {b}?", "Which person is one place {c} than {b}?",
    "So who is just {c} than {b}?",
)  # fmt: skip
ORDINALS = ("", "second", "third", "fourth")


def draw(rng: Random, level: int) -> Draft:
    """Return one problem about an ordering."""
    template = rng.choice(TEMPLATES[level])
    question, steps, params = MAKERS[template](rng, level)
    params = {**params, "lines": len(steps)}
    return Draft(template=template, question=question, steps=tuple(steps), answer=steps[-1], params=params)


def chain_lines(facts: list[Fact]) -> list[str]:
    """Return the chain as it grows from the first fact, down to its end and then up."""
    below, above = dict(facts), {less: more for more, less in facts}
    chain = list(facts[0])
    lines = [" > ".join(chain)]
    while chain[-1] in below:
        chain.append(below[chain[-1]])
        lines.append(" > ".join(chain))
    while chain[0] in above:
        chain.insert(0, above[chain[0]])
        lines.append(" > ".join(chain))
    return lines


def draw_people(rng: Random, count: int) -> list[str]:
    """Return different names, a few of them made up."""
    people: list[str] = []
    while len(people) < count:
        name = lexicon.made_up(rng, 1).capitalize() if rng.random() < PSEUDO_SHARE else rng.choice(NAMES)
        if name not in people:
            people.append(name)
    return people


def _sentence(rng: Random, fact: Fact, chosen: Property, reversed_share: float) -> str:
    """Return a fact as a sentence that says more, or less."""
    more, less = fact
    is_reversed = rng.random() < reversed_share
    text = rng.choice(SENTENCES)
    return text.format(a=less, b=more, c=chosen[1]) if is_reversed else text.format(a=more, b=less, c=chosen[0])


def _told(rng: Random, facts: list[Fact], chosen: Property, level: int) -> tuple[list[str], list[Fact]]:
    """Return sentences for facts, in their order, and the facts as told; some sentences hold two facts."""
    sentences: list[str] = []
    order: list[Fact] = []
    share = REVERSED.get(level, 0.5)
    left = list(facts)
    while left:
        fact = left.pop(0)
        partner = next((other for other in left if other[1] == fact[0]), None)
        if partner and level > 2 and rng.random() < 0.12:
            left.remove(partner)
            text = rng.choice(
                ("{a} is {c} than {b} but {d} than {e}.", "{a} is {c} than {b}, but {e} is {c} than {a}.")
            )
            sentences.append(text.format(a=fact[0], b=fact[1], e=partner[0], c=chosen[0], d=chosen[1]))
            order += [fact, partner]
        else:
            sentences.append(_sentence(rng, fact, chosen, share))
            order.append(fact)
    return sentences, order


def _with_asides(
    rng: Random, sentences: list[str], people: list[str], chosen: Property, level: int
) -> tuple[list[str], int]:
    """Return the sentences with others between them, about something else or about another property."""
    count = rng.choice((1, 1, 2, 4, 6, 8)) if rng.random() < (0.35 if level < 3 else 0.2) else 0
    told = list(sentences)
    for aside in rng.sample(ASIDES, count):
        one, other = rng.sample(people, 2)
        told.insert(rng.randint(0, len(told)), aside.format(a=one, b=other, n=rng.randint(2, 30)))
    others = rng.randint(1, 2) if level > 4 and rng.random() < 0.3 else 0
    for another in rng.sample([entry for entry in PROPERTIES if entry != chosen], others):
        one, other = rng.sample(people, 2)
        told.insert(rng.randint(0, len(told)), _sentence(rng, (one, other), another, 0.5))
    return told, count + others


def _shuffled(rng: Random, ranked: list[str], level: int) -> list[Fact]:
    """Return the facts on neighbours; in order at level 2, shuffled at others."""
    facts = list(pairwise(ranked))
    if level != 2:
        rng.shuffle(facts)
    return facts


def _chained(
    rng: Random, level: int, ending: Ender, count: int = 0, in_order: bool | None = None
) -> Task:  # fmt: skip
    """Return a task on a full chain that ends with what is asked."""
    ranked = draw_people(rng, count or rng.randint(*PEOPLE[level]))
    chosen = rng.choice(PROPERTIES)
    if in_order is None:
        facts = _shuffled(rng, ranked, level)
        sentences, facts = _told(rng, facts, chosen, level)
    else:
        facts = list(pairwise(ranked))
        while not in_order and facts == sorted(facts, key=lambda fact: ranked.index(fact[0])):
            rng.shuffle(facts)
        sentences = [f"{more} is {chosen[0]} than {less}." for more, less in facts]
    told, asides = _with_asides(rng, sentences, ranked, chosen, level)
    question, lines = ending(rng, ranked, chosen, level)
    params: dict[str, int | str] = {"people": len(ranked), "facts": len(facts), "asides": asides}
    return " ".join([*told, question]), [*chain_lines(facts), *lines], params


def _turned(rng: Random, ranked: list[str], chosen: Property) -> tuple[list[str], Property]:
    """Return the ranking and its words, from the other end in half of the cases."""
    if rng.random() < 0.5:
        return ranked, chosen
    return ranked[::-1], (chosen[1], chosen[0], chosen[3], chosen[2])


def _end_asked(rng: Random, ranked: list[str], chosen: Property, level: int) -> Ending:
    ranked, words = _turned(rng, ranked, chosen)
    return rng.choice(END_ASKS).format(s=words[2]), [ranked[0]]


def _is_asked(rng: Random, ranked: list[str], chosen: Property, level: int) -> Ending:
    one, other = rng.sample(range(len(ranked)), 2)
    _, words = _turned(rng, ranked, chosen)
    is_so = (one < other) == (words == chosen)
    return rng.choice(IS_ASKS).format(a=ranked[one], b=ranked[other], c=words[0]), ["yes" if is_so else "no"]


def _rank_asked(rng: Random, ranked: list[str], chosen: Property, level: int) -> Ending:
    ranked, words = _turned(rng, ranked, chosen)
    place = rng.randint(1, min(len(ranked) - 2, 1 if level < 5 else 3))
    return rng.choice(RANK_ASKS).format(o=ORDINALS[place], s=words[2]), [ranked[place]]


def _above_asked(rng: Random, ranked: list[str], chosen: Property, level: int) -> Ending:
    """How many are more, or less; they are written out before they are counted, from the first in the chain on."""
    turned, words = _turned(rng, ranked, chosen)
    place = rng.randint(1, len(ranked) - 1)
    counted = [name for name in ranked if name in turned[:place]]
    return rng.choice(ABOVE_ASKS).format(c=words[0], b=turned[place]), [", ".join(counted), str(place)]


def _between_asked(rng: Random, ranked: list[str], chosen: Property, level: int) -> Ending:
    first, last = sorted(rng.sample(range(len(ranked)), 2))
    if last - first < 2:
        first, last = 0, len(ranked) - 1
    one, other = rng.sample((ranked[first], ranked[last]), 2)
    question = rng.choice(BETWEEN_ASKS).format(a=one, b=other, m=chosen[2], l=chosen[3])
    return question, [", ".join(ranked[first + 1 : last]), str(last - first - 1)]


def _order_asked(rng: Random, ranked: list[str], chosen: Property, level: int) -> Ending:
    ranked, words = _turned(rng, ranked, chosen)
    return rng.choice(ORDER_ASKS).format(m=words[2], l=words[3]), [", ".join(ranked)]


def _next_asked(rng: Random, ranked: list[str], chosen: Property, level: int) -> Ending:
    ranked, words = _turned(rng, ranked, chosen)
    place = rng.randint(1, len(ranked) - 1)
    return rng.choice(NEXT_ASKS).format(c=words[0], b=ranked[place]), [ranked[place - 1]]


def _branch(rng: Random, level: int) -> Task:
    """Whether one is above another, where each has one that is directly more, and several that are less."""
    path, sides = rng.randint(*PATHS[level]), rng.randint(*SIDES[level])
    people = draw_people(rng, path + 1 + sides)
    chosen = rng.choice(PROPERTIES)
    facts = [(people[k], people[k + 1]) for k in range(path)]
    top = people[0]
    for extra in people[path + 1 :]:
        if rng.random() < 0.25:
            facts.append((extra, top))
            top = extra
        else:
            facts.append((rng.choice(people[: people.index(extra)]), extra))
    rng.shuffle(facts)
    sentences = [_sentence(rng, fact, chosen, REVERSED.get(level, 0.5)) for fact in facts]
    told, asides = _with_asides(rng, sentences, people, chosen, min(level, 4))
    _, words = _turned(rng, people, chosen)
    is_upper_first = rng.random() < 0.5
    one, other = (people[0], people[path]) if is_upper_first else (people[path], people[0])
    answer = "yes" if is_upper_first == (words == chosen) else "no"
    question = rng.choice(IS_ASKS).format(a=one, b=other, c=words[0])
    lines = [" > ".join(people[k : path + 1]) for k in range(path - 1, -1, -1)]
    params: dict[str, int | str] = {"people": len(people), "facts": len(facts), "asides": asides, "path": path}
    return " ".join([*told, question]), [*lines, answer], params


def _contrast_end(rng: Random, level: int) -> Task:
    """The same sentences in order, or shuffled."""
    return _chained(rng, level, _end_asked, CONTRAST_PEOPLE[level], level < 5)


def _contrast_order(rng: Random, level: int) -> Task:
    """The same sentences in order, or shuffled, and the whole order is asked."""
    return _chained(rng, level, _order_asked, CONTRAST_PEOPLE[level], level < 5)


def _maker(ending: Ender) -> Callable[[Random, int], Task]:
    """Return the maker of tasks on a full chain with an ending."""
    return lambda rng, level: _chained(rng, level, ending)


MAKERS: dict[str, Callable[[Random, int], Task]] = {
    "end": _maker(_end_asked),
    "is": _maker(_is_asked),
    "rank": _maker(_rank_asked),
    "above": _maker(_above_asked),
    "between": _maker(_between_asked),
    "order": _maker(_order_asked),
    "next": _maker(_next_asked),
    "branch": _branch,
    "lookup": _branch,
    "contrast_end": _contrast_end,
    "contrast_order": _contrast_order,
}

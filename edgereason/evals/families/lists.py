"""How lists are drawn, worded and written in thoughts; shared by extremes, sorting, counting and series.

In: numbers for lists, separators, sentences around a list, sentences about something else. Not in: what is asked of a
list and how it is worked.
Invariant: the list of a question is its longest run of entries with nothing but separators between them; no sentence
around it adds an entry, and its entries stand in the thought letter by letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from edgereason.evals.families.problem import Draft

Item = int | str
Size = tuple[int, int, tuple[int, ...], float]  # least and most entries, digits to choose from, share of close numbers

LEADS = (
    "Here are some {noun}: {l}.",
    "Look at the {noun} {l}.",
    "The list is {l}.",
    "Given are the {noun} {l}.",
    "{who} wrote down the {noun} {l}.",
    "We have the {noun} {l}.",
    "The cards show {l}.",
    "On the board you can see {l}.",
    "These are the {noun}: {l}.",
    "List: {l}.",
    "{l}.",
    "Take the {noun} {l}.",
)
ASIDES = (
    "This is question {n}.",
    "Page {n} has the list.",
    "{who} is {n} years old.",
    "The room has {n} chairs.",
    "It was {n} degrees outside.",
    "{who} took bus {n} to school.",
    "The exam ends after {n} minutes.",
    "There are {n} children in the class.",
    "The shelf holds {n} books about something else.",
    "{who} lives at number {n}.",
    "Take your time.",
    "{who} found the list on the kitchen table.",
    "The paper was a little wet.",
    "Nobody knows who wrote the list.",
    "{who} likes puzzles a lot.",
    "It is raining again today.",
    "The teacher smiled and wrote it on the board.",
    "{who} asked a friend for help.",
    "You may use a pencil.",
    "The clock on the wall has stopped.",
)
NAMES = tuple("Ann Ben Mia Tom Zoe Leo Sara Omar Lily Max Nora Ivan Ruth Paul Yuki Carla".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A list, the ways to ask about it and the thought; an ask may say with {l} where the list stands."""

    asks: Sequence[str]
    items: Sequence[Item]
    steps: Sequence[str]
    noun: str = "numbers"
    params: Mapping[str, int | str] = field(default_factory=dict)


def drawn(
    rng: Random,
    level: int,
    templates: Mapping[int, Sequence[str]],
    makers: Mapping[str, Callable[[Random, int], Task]],
) -> Draft:
    """Return one problem of a level from a family's tables."""
    template = rng.choice(templates[level])
    return drafted(rng, level, template, makers[template](rng, level))


def drafted(rng: Random, level: int, template: str, task: Task) -> Draft:
    """Return the problem that a task makes, with sentences about something else now and then."""
    asides = aside_count(rng, level)
    question = asked(rng, task, asides)
    params = {"length": len(task.items), "lines": len(task.steps), "asides": asides, **task.params}
    return Draft(
        template=template, question=question, steps=tuple(task.steps), answer=task.steps[-1], params=params,
    )  # fmt: skip


def aside_count(rng: Random, level: int) -> int:
    """Return how many sentences about something else stand in a question: often many in easy ones."""
    if rng.random() < (0.25 if level <= 3 else 0.1):
        return rng.randint(2, 4) if level <= 3 else rng.randint(1, 2)
    return 0


def asked(rng: Random, task: Task, asides: int) -> str:
    """Return the question: the list in front of the ask, behind it or in it."""
    ask, text = rng.choice(task.asks), listed(rng, task.items)
    around = told(rng, asides)
    if "{l}" in ask:
        sentences = [*around, ask.format(l=text)]
    elif rng.random() < 0.4:
        sentences = [
            *around,
            ask.rstrip("?.") + ": " + text + rng.choice(("", "", ".", "?" if ask[-1] == "?" else ".")),
        ]
    else:
        lead = rng.choice(LEADS).format(l=text, noun=task.noun, who=rng.choice(NAMES))
        sentences = [lead, *around, ask] if rng.random() < 0.5 else [*around, lead, ask]
    question = " ".join(sentences)
    has_capitals = any(str(item) != str(item).lower() for item in task.items)
    return question if has_capitals else cased(rng, question)


def told(rng: Random, count: int) -> list[str]:
    """Return sentences about something else."""
    return [aside.format(n=rng.randint(2, 99), who=rng.choice(NAMES)) for aside in rng.sample(ASIDES, count)]


def cased(rng: Random, text: str) -> str:
    """Return the text, sometimes in small letters or with a small first letter."""
    style = rng.random()
    if style < 0.05:
        return text.lower()
    return text[0].lower() + text[1:] if style < 0.08 else text


def listed(rng: Random, items: Sequence[Item]) -> str:
    """Return a list as people write it."""
    entries = [str(item) for item in items]
    style = rng.random()
    if style < 0.08:
        return "; ".join(entries)
    if style < 0.16:
        return " ".join(entries)
    if style < 0.20 and max(map(len, entries)) < 3:  # "330,315" would read as one number
        return ",".join(entries)
    if style < 0.32:
        return ", ".join(entries[:-1]) + rng.choice((" and ", ", and ")) + entries[-1]
    return ", ".join(entries)


def joined(items: Iterable[Item]) -> str:
    """Return a list as thoughts and answers write it."""
    return ",".join(map(str, items))


def sized_numbers(rng: Random, size: Size) -> list[int]:
    """Return numbers of a drawn count and length, close together or wide apart."""
    least, most, lengths, close_share = size
    count, digits = rng.randint(least, most), rng.choice(lengths)
    return close_numbers(rng, count, digits) if rng.random() < close_share else wide_numbers(rng, count, digits)


def wide_numbers(rng: Random, count: int, digits: int) -> list[int]:
    """Return different numbers of at most so many digits, mostly of exactly so many; single digits may repeat."""
    if digits == 1:
        return rng.choices(range(1, 10), k=count)
    least = 1 if digits == 2 or rng.random() < 0.1 else 10 ** (digits - 1)
    if digits > 2 and rng.random() < 0.15:
        return distinct(rng, count, lambda: rng.randint(1, 10 ** rng.randint(1, digits) - 1))
    return rng.sample(range(least, 10**digits), count)


def close_numbers(rng: Random, count: int, digits: int) -> list[int]:
    """Return different numbers of so many digits that mostly share all but the last two."""
    width = max(20, 2 * count)
    start = rng.randint(10 ** (digits - 1), 10**digits - width)
    return rng.sample(range(start, start + width), count)


def distinct(rng: Random, count: int, make: Callable[[], int]) -> list[int]:
    """Return different numbers from a maker that has many to give."""
    found: dict[int, None] = {}
    while len(found) < count:
        found[make()] = None
    return list(found)

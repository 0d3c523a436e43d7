"""Counting in lists, and adding up what fits: a limit, even or odd, equal to something, two conditions, letters, words.

In: which lists and conditions a level draws, how they are asked for, the thought. Not in: wording of lists (lists.py).
Invariant: the conditions come first; a mark holds an entry, whether each condition fits it, and the count up to it, so
no mark needs more than the mark before it, an entry and the conditions.

    above 40    45,12,78 -> >40 -> 45:y1,12:n1,78:y2 -> 2
    letter b    a,b,b -> =b -> a:n0,b:y1,b:y2 -> 2
    odd, < 30   45,12,7 -> odd,<30 -> 45:yn0,12:ny0,7:yy1 -> 1
    all         45,12 -> all -> 45:1,12:2 -> 2
    sum > 40    45,12,78 -> >40 -> 45:y45,12:n45,78:y123 -> 123        the sum so far in place of the count

Length and difficulty part: long lists of letters, or of numbers of which all are counted, are easy.
Contrast: `ordered` lists are sorted at level 3 and shuffled at level 5; in `limit` the same list is searched for a
number at level 4 and compared with it at level 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from edgereason.evals.families.lists import Item, Size, Task, close_numbers, drawn, joined, sized_numbers, wide_numbers
from edgereason.evals.families.problem import Bands, Draft

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
TEMPLATES = {
    1: ("limit", "limit", "parity", "letter", "all"),
    2: ("limit", "limit", "parity", "letter", "word", "all"),
    3: ("limit", "limit", "parity", "equal", "letter", "word", "all", "contrast_ordered"),
    4: ("limit", "limit", "parity", "equal", "letter", "word", "all", "contrast_limit"),
    5: ("limit", "limit", "parity", "equal", "letter", "word", "contrast_ordered"),
    6: ("limit", "limit", "parity", "equal", "letter", "both", "between", "contrast_limit", "total"),
    7: ("limit", "limit", "parity", "letter", "both", "between", "total", "total"),
    8: ("limit", "parity", "both", "between", "total", "total", "total", "total"),
}
SIZES: dict[int, Size] = {
    1: (3, 4, (2,), 0.0), 2: (4, 5, (2,), 0.0), 3: (6, 7, (2, 3), 0.2), 4: (8, 10, (2, 3), 0.3),
    5: (10, 12, (2, 3), 0.4), 6: (12, 14, (2, 3), 0.5), 7: (14, 17, (2, 3), 0.6), 8: (17, 22, (3,), 0.8),
}  # fmt: skip
BOTH_SIZES: dict[int, Size] = {6: (6, 8, (2,), 0.2), 7: (9, 12, (2, 3), 0.4), 8: (12, 17, (2, 3), 0.6)}
TOTAL_SIZES: dict[int, Size] = {6: (5, 7, (2,), 0.2), 7: (8, 10, (2,), 0.3), 8: (10, 13, (2, 3, 3), 0.4)}
SYMBOL_COUNTS = {1: (3, 4), 2: (4, 6), 3: (6, 9), 4: (9, 13), 5: (13, 17), 6: (18, 22), 7: (22, 26)}

ABOVE = ("greater than {n}", "more than {n}", "above {n}", "larger than {n}", "bigger than {n}", "over {n}")
BELOW = ("less than {n}", "smaller than {n}", "below {n}", "lower than {n}", "under {n}")
AT_LEAST = ("at least {n}", "{n} or more", "not less than {n}")
AT_MOST = ("at most {n}", "{n} or less", "not more than {n}")
WORDS = (
    ("red", "blue", "green", "black"),
    ("cat", "dog", "bird", "fish"),
    ("apple", "pear", "plum", "fig"),
    ("yes", "no", "maybe"),
    ("sun", "rain", "snow", "wind"),
    ("left", "right", "up", "down"),
    ("heads", "tails"),
    ("win", "loss", "draw"),
)
ASKS = (
    "How many numbers are {c}?",
    "How many of these are {c}?",
    "How many of the numbers {{l}} are {c}?",
    "Count the numbers that are {c}.",
    "In the list {{l}}, how many numbers are {c}?",
    "Find how many numbers are {c}.",
    "Tell me how many of these numbers are {c}.",
    "What is the count of numbers that are {c}?",
    "How many of {{l}} are {c}?",
    "How many numbers in {{l}} are {c}?",
)
TOTAL_ASKS = (
    "What is the sum of the numbers that are {c}?",
    "Add up the numbers that are {c}.",
    "Add the numbers of {{l}} that are {c}.",
    "In {{l}}, what do the numbers that are {c} add up to?",
    "Find the sum of all numbers that are {c}.",
    "What is the total of those that are {c}?",
    "How much are the numbers that are {c} together?",
    "Of {{l}}, add those that are {c}.",
)
OCCUR_ASKS = (
    "How often does {c} occur?",
    "How many times does {c} appear?",
    "How many times does {c} appear in {{l}}?",
    "How often is {c} in the list {{l}}?",
    "Count how often {c} occurs.",
    "Count {c} in the list.",
    "How many entries are equal to {c}?",
    "In {{l}}, how many times do you see {c}?",
    "How often do you find {c}?",
    "Find out how many times {c} is in {{l}}.",
)
ALL_ASKS = (
    "How many numbers are there?",
    "How many numbers are in the list?",
    "How many numbers do you see?",
    "Count the numbers.",
    "Count the numbers in {l}.",
    "How many numbers are in {l}?",
    "How long is the list {l}?",
    "How many entries does the list have?",
    "Tell me how many numbers there are.",
)


@dataclass(frozen=True, slots=True)
class Condition:
    """What is counted, in words, as the thought writes it, and as a test."""

    text: str
    sign: str
    fits: Callable[[Item], bool]


def draw(rng: Random, level: int) -> Draft:
    """Return one counting problem."""
    return drawn(rng, level, TEMPLATES, MAKERS)


def count_steps(
    items: Sequence[Item], conditions: Sequence[Condition], worth: Callable[[Item], int] = lambda item: 1
) -> tuple[str, str, str]:
    """Return the conditions, each entry with what fits it and what those that fit are worth so far, and that."""
    marks, count = [], 0
    for item in items:
        fits = [condition.fits(item) for condition in conditions]
        count += worth(item) if all(fits) else 0
        marks.append(f"{item}:{''.join('ny'[fit] for fit in fits)}{count}")
    return joined([condition.sign for condition in conditions]) or "all", joined(marks), str(count)


def _counted(
    numbers: list[int], conditions: Sequence[Condition], text: str, asks: Sequence[str] = ASKS, **params: int | str
) -> Task:
    """Ask how many numbers are as the text and the conditions say."""
    steps = count_steps(numbers, conditions)
    return Task(
        asks=[ask.format(c=text) for ask in asks], items=numbers, steps=steps,
        params={"digits": len(str(max(numbers))), "count": int(steps[-1]), **params},
    )  # fmt: skip


def _compared(numbers: list[int], condition: Condition, limit: int) -> Task:
    """Ask how many numbers are on one side of a limit."""
    return _counted(numbers, [condition], condition.text, limit=limit, gap=_gap(numbers, limit))


def above_or_below(rng: Random, limit: int, has_equal: bool) -> Condition:
    """Return a comparison with the limit, with or without the limit itself."""
    is_above = rng.random() < 0.5
    if has_equal:
        text = rng.choice(AT_LEAST if is_above else AT_MOST).format(n=limit)
        return above(text, limit - 1, f">={limit}") if is_above else below(text, limit + 1, f"<={limit}")
    text = rng.choice(ABOVE if is_above else BELOW).format(n=limit)
    return above(text, limit, f">{limit}") if is_above else below(text, limit, f"<{limit}")


def above(text: str, limit: int, sign: str) -> Condition:
    """Return the condition that an entry is above a limit."""
    return Condition(text, sign, lambda item: int(item) > limit)


def below(text: str, limit: int, sign: str) -> Condition:
    """Return the condition that an entry is below a limit."""
    return Condition(text, sign, lambda item: int(item) < limit)


def parity(rng: Random) -> Condition:
    """Return even or odd."""
    word, rest = rng.choice((("even", 0), ("odd", 1)))
    return Condition(word, word, lambda item: int(item) % 2 == rest)


def equal_to(wanted: Item) -> Condition:
    """Return the condition that an entry is the one that is searched for."""
    return Condition(str(wanted), f"={wanted}", lambda item: item == wanted)


def _gap(numbers: list[int], limit: int) -> int:
    """Return how far the limit is from the nearest other number."""
    return min(abs(number - limit) for number in numbers if number != limit)


def _limit(rng: Random, level: int) -> Task:
    """Compare with a limit: a round one in easy problems, often one of the numbers in hard ones."""
    numbers = sized_numbers(rng, SIZES[level])
    if level <= 2 and rng.random() < 0.6:
        limit = rng.randint(2, 8) * 10
    elif level > 2 and rng.random() < 0.1 * level:
        limit = rng.choice(sorted(numbers)[1:-1]) + rng.choice((-1, 0, 0, 1))
    else:
        limit = rng.randint(min(numbers), max(numbers))
    condition = above_or_below(rng, limit, level > 2 and rng.random() < 0.3)
    return _compared(numbers, condition, limit)


def _parity(rng: Random, level: int) -> Task:
    condition = parity(rng)
    return _counted(sized_numbers(rng, SIZES[level]), [condition], condition.text)


def _equal(rng: Random, level: int) -> Task:
    """Search for one number among few different ones that look like it."""
    count = rng.randint(*SIZES[level][:2])
    pool = close_numbers(rng, max(3, count // 3), rng.choice((2, 2, 3)))
    return _occurring(rng.choices(pool, k=count), rng.choice(pool))


def _occurring(numbers: list[int], wanted: int) -> Task:
    return _counted(numbers, [equal_to(wanted)], str(wanted), OCCUR_ASKS, limit=wanted)


def _symbols(rng: Random, level: int, pool: Sequence[str], noun: str) -> Task:
    """Search for one letter or word."""
    items = rng.choices(pool, k=rng.randint(*SYMBOL_COUNTS[level]))
    wanted = rng.choice(pool)
    text = f"the {noun} {wanted}" if rng.random() < 0.4 else wanted
    steps = count_steps(items, [equal_to(wanted)])
    return Task(
        asks=[ask.format(c=text) for ask in OCCUR_ASKS], items=items, steps=steps, noun=noun + "s",
        params={"kinds": len(pool), "count": int(steps[-1])},
    )  # fmt: skip


def _letter(rng: Random, level: int) -> Task:
    alphabet = "bcdefghjkmnpqrstvwxyz"
    letters = rng.sample(alphabet.upper() if rng.random() < 0.3 else alphabet, rng.randint(2, 5))
    return _symbols(rng, level, letters, "letter")


def _word(rng: Random, level: int) -> Task:
    return _symbols(rng, level, rng.choice(WORDS), "word")


def _all(rng: Random, level: int) -> Task:
    """Count all entries."""
    most = rng.randint(*SYMBOL_COUNTS[level])
    numbers = wide_numbers(rng, most, rng.choice((1, 2)))
    return Task(
        asks=ALL_ASKS, items=numbers, steps=count_steps(numbers, []),
        params={"digits": len(str(max(numbers))), "count": most},
    )  # fmt: skip


def _both(rng: Random, level: int) -> Task:
    """Even or odd, and above or below a limit."""
    numbers = sized_numbers(rng, BOTH_SIZES[level])
    limit = rng.choice(sorted(numbers)[1:-1])
    first, second = rng.sample([parity(rng), above_or_below(rng, limit, False)], 2)
    text = f"{first.text} and {second.text}"
    return _counted(numbers, [first, second], text, limit=limit, gap=_gap(numbers, limit))


def _between(rng: Random, level: int) -> Task:
    """Above one limit and below another."""
    numbers = sized_numbers(rng, BOTH_SIZES[level])
    ranked = sorted(numbers)
    half = len(ranked) // 2
    low, high = rng.choice(ranked[: half - 1]), rng.choice(ranked[half:])
    lower = above(rng.choice(ABOVE).format(n=low), low, f">{low}")
    upper = below(rng.choice(BELOW).format(n=high), high, f"<{high}")
    first, second = (upper, lower) if rng.random() < 1 / 3 else (lower, upper)
    text = f"{first.text} {rng.choice(('and', 'but'))} {second.text}"
    return _counted(numbers, [first, second], text, limit=low, gap=_gap(numbers, low))


def _total(rng: Random, level: int) -> Task:
    """The sum of the numbers on one side of a limit, or of the even or odd ones; at least two are."""
    while True:
        numbers = sized_numbers(rng, TOTAL_SIZES[level])
        limit = rng.choice(sorted(numbers)[1:-1])
        condition = parity(rng) if rng.random() < 0.4 else above_or_below(rng, limit, rng.random() < 0.3)
        if sum(map(condition.fits, numbers)) > 1:
            break
    steps = count_steps(numbers, [condition], int)
    return Task(
        asks=[ask.format(c=condition.text) for ask in TOTAL_ASKS], items=numbers, steps=steps,
        params={"digits": len(str(max(numbers))), "sum": int(steps[-1])},
    )  # fmt: skip


def _contrast_ordered(rng: Random, level: int) -> Task:
    """The same kind of list, in order at level 3 and shuffled at level 5."""
    numbers = wide_numbers(rng, rng.randint(8, 11), 2)
    if level == 3:
        numbers.sort(reverse=rng.random() < 0.3)
    limit = rng.randint(min(numbers), max(numbers))
    return _compared(numbers, above_or_below(rng, limit, False), limit)


def _contrast_limit(rng: Random, level: int) -> Task:
    """A number and others close to it: how many are equal to it at level 4, above or below it at level 6."""
    pool = close_numbers(rng, 6, rng.choice((2, 3)))
    numbers = [*pool, *rng.choices(pool, k=rng.randint(4, 7))]
    rng.shuffle(numbers)
    limit = rng.choice(sorted(pool)[1:-1])
    return _occurring(numbers, limit) if level == 4 else _compared(numbers, above_or_below(rng, limit, False), limit)


MAKERS: dict[str, Callable[[Random, int], Task]] = {
    "limit": _limit,
    "parity": _parity,
    "equal": _equal,
    "letter": _letter,
    "word": _word,
    "all": _all,
    "both": _both,
    "between": _between,
    "total": _total,
    "contrast_ordered": _contrast_ordered,
    "contrast_limit": _contrast_limit,
}
